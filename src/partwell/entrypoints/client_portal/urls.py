# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address of the client's door. Names are ``client:…``; the other ``*_urls`` modules hold their nouns' pages."""

from typing import Any

from partwell.entrypoints.client_portal import evidence_urls, release_urls, sign_in_urls

app_name = "client"
urlpatterns: list[Any] = [
    *sign_in_urls.urlpatterns,
    *release_urls.urlpatterns,
    *evidence_urls.urlpatterns,
]
