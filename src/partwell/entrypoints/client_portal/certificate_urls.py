# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of certificates of destruction and of destroyed media; included by client_portal/urls.py under ``client``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import certificates

_C, _D = "certificates/<str:certificate_id>/", "destructions/<str:destruction_id>/"

urlpatterns: list[Any] = [
    path("certificates/", certificates.certificates, name="certificates"),
    path(_C, certificates.certificate, name="certificate"),
    path(f"{_C}letter/", certificates.certificate_letter, name="certificate_letter"),
    path(_D, certificates.destruction, name="destruction"),
    path(f"{_D}validate/", certificates.destruction_validate, name="destruction_validate"),
    path(f"{_D}report/", certificates.destruction_report, name="destruction_report"),
]
