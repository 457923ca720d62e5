# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address of the client's door. Names are ``client:…``; the other ``*_urls`` modules hold their nouns' pages."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import (
    acceptance,
    authorise,
    certificate_urls,
    dates,
    downloads,
    ending,
    erasures,
    evidence_urls,
    home,
    hours,
    mail_in_urls,
    papers,
    release_urls,
    requests,
    retention_urls,
    return_urls,
    sign_in_urls,
    statement_urls,
)

_A = "authorisations/<str:authorisation_id>/"
_L = "acceptance/<str:acceptance_id>/"

app_name = "client"
urlpatterns: list[Any] = [
    path("", home.home, name="home"),
    path("authorisations/", authorise.authorisations, name="authorisations"),
    path(_A, authorise.authorisation, name="authorisation"),
    path(f"{_A}sign/", authorise.sign, name="authorisation_sign"),
    path(f"{_A}passkey/options/", authorise.passkey_options, name="authorisation_passkey_options"),
    path(f"{_A}passkey/", authorise.passkey_sign, name="authorisation_passkey"),
    path(f"{_A}decline/", ending.decline, name="authorisation_decline"),
    path(f"{_A}narrow/", ending.narrow, name="authorisation_narrow"),
    path(f"{_A}withdraw/", ending.withdraw, name="authorisation_withdraw"),
    path(f"{_A}file/<str:what>/", authorise.document, name="authorisation_document"),
    path("dates/", dates.dates, name="dates"),
    path("dates/ask/", dates.propose, name="date_propose"),
    path("dates/<str:change_id>/", dates.decide, name="date_decide"),
    path("notice/withdraw/", dates.withdraw, name="withdraw_notice"),
    path("notice/<str:offboarding_id>/letter/", downloads.notice_letter, name="notice_letter"),
    path(_L, acceptance.acceptance, name="acceptance"),
    path(f"{_L}sign/", acceptance.sign, name="acceptance_sign"),
    path(f"{_L}passkey/options/", acceptance.passkey_options, name="acceptance_passkey_options"),
    path(f"{_L}passkey/", acceptance.passkey_sign, name="acceptance_passkey"),
    path(f"{_L}letter/", acceptance.letter, name="acceptance_letter"),
    path("hours/", hours.hours, name="hours"),
    path("requests/", requests.requests, name="requests"),
    path("requests/ask/", requests.ask, name="request_ask"),
    path("requests/<str:request_id>/", requests.one, name="request"),
    path("requests/<str:request_id>/answer/", requests.answer, name="request_answer"),
    path("letters/", downloads.letters, name="letters"),
    path("papers/", papers.papers, name="papers"),
    path("papers/<str:paper_id>/", papers.paper, name="paper"),
    path("papers/<str:paper_id>/letter/", papers.paper_letter, name="paper_letter"),
    path("letters/agreement/", downloads.agreement_file, name="agreement_file"),
    path("erasures/", erasures.erasures, name="erasures"),
    path("erasures/<str:erasure_id>/", erasures.erasure, name="erasure"),
    path("erasures/<str:erasure_id>/approve/", erasures.erasure_approve, name="erasure_approve"),
    path("erasures/<str:erasure_id>/decline/", erasures.erasure_decline, name="erasure_decline"),
    *sign_in_urls.urlpatterns,
    *mail_in_urls.urlpatterns,
    *release_urls.urlpatterns,
    *return_urls.urlpatterns,
    *retention_urls.urlpatterns,
    *certificate_urls.urlpatterns,
    *evidence_urls.urlpatterns,
    *statement_urls.urlpatterns,
]
