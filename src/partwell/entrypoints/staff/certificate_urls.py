# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of certificates of destruction and of destroyed media; namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import certificates, destructions

_C, _D = "clients/<str:client_id>/", "destructions/<str:destruction_id>/"

urlpatterns: list[Any] = [
    path(f"{_C}certificates/", certificates.certificates, name="certificates"),
    path(f"{_C}destructions/add/", destructions.destruction_add, name="destruction_add"),
    path("certificates/<str:certificate_id>/", certificates.certificate, name="certificate"),
    path(
        "certificates/<str:certificate_id>/letter/",
        certificates.certificate_letter,
        name="certificate_letter",
    ),
    path("deletions/<str:deletion_id>/certify/", certificates.deletion_certify, name="deletion_certify"),
    path(_D, destructions.destruction, name="destruction"),
    path(f"{_D}validate/", destructions.destruction_validate, name="destruction_validate"),
    path(f"{_D}report/", destructions.destruction_report, name="destruction_report"),
]
