# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address of the staff door. Names are ``staff:…``; the ``*_urls`` modules hold their nouns' pages."""

from typing import Any

from partwell.entrypoints.staff import (
    billing_urls,
    certificate_urls,
    client_urls,
    consent_urls,
    erasure_urls,
    estate_urls,
    evidence_urls,
    hours_urls,
    mail_in_urls,
    offboarding_urls,
    release_urls,
    retention_urls,
    return_urls,
    settings_urls,
    statement_urls,
)

app_name = "staff"
urlpatterns: list[Any] = [
    *offboarding_urls.urlpatterns,
    *client_urls.urlpatterns,
    *estate_urls.urlpatterns,
    *mail_in_urls.urlpatterns,
    *release_urls.urlpatterns,
    *retention_urls.urlpatterns,
    *return_urls.urlpatterns,
    *certificate_urls.urlpatterns,
    *consent_urls.urlpatterns,
    *erasure_urls.urlpatterns,
    *evidence_urls.urlpatterns,
    *hours_urls.urlpatterns,
    *billing_urls.urlpatterns,
    *settings_urls.urlpatterns,
    *statement_urls.urlpatterns,
]
