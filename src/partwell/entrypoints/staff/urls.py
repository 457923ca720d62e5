# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address of the staff door. Names are ``staff:…``; the other ``*_urls`` modules hold their nouns' pages."""

from typing import Any

from partwell.entrypoints.staff import consent_urls, estate_urls, evidence_urls, release_urls, settings_urls

app_name = "staff"
urlpatterns: list[Any] = [
    *estate_urls.urlpatterns,
    *release_urls.urlpatterns,
    *consent_urls.urlpatterns,
    *evidence_urls.urlpatterns,
    *settings_urls.urlpatterns,
]
