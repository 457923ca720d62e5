# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about consent; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import authorisations, consent, recipients

_C = "clients/<str:client_id>/consent/"
_A = "authorisations/<str:authorisation_id>/"

urlpatterns: list[Any] = [
    path(_C, recipients.consent, name="client_consents"),
    path(f"{_C}firms/", recipients.firm_add, name="firm_add"),
    path(f"{_C}firms/<str:recipient_id>/people/", recipients.person_add, name="firm_person_add"),
    path(f"{_C}people/<str:person_id>/left/", recipients.person_gone, name="firm_person_left"),
    path(f"{_C}firms/<str:recipient_id>/authorise/", consent.prepare, name="authorisation_new"),
    path(f"{_C}firms/<str:recipient_id>/paper/", consent.paper, name="authorisation_paper"),
    path("clients/<str:client_id>/authorisations/", authorisations.of_client, name="authorisations"),
    path(
        "offboardings/<str:offboarding_id>/authorisations/",
        authorisations.of_offboarding,
        name="offboarding_authorisations",
    ),
    path(_A, consent.authorisation, name="authorisation"),
    path(f"{_A}draft/", consent.draft, name="authorisation_draft"),
    path(f"{_A}discard/", consent.discard, name="authorisation_discard"),
    path(f"{_A}call/", consent.call_back, name="authorisation_call"),
    path(f"{_A}withdrawal/", consent.withdrawal, name="authorisation_withdrawal"),
    path(f"{_A}file/<str:what>/", consent.document, name="authorisation_document"),
]
