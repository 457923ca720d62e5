# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about evidence; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import bundles, evidence

urlpatterns: list[Any] = [
    path("evidence/", evidence.evidence, name="evidence"),
    path("evidence/check/", evidence.check, name="evidence_check"),
    path("evidence/log/<str:what>/", evidence.log_file, name="log_file"),
    path("evidence/of/<str:subject_id>/", evidence.subject, name="evidence_of"),
    path("evidence/<str:index>/", evidence.entry, name="entry"),
    path("evidence/<str:index>/<str:what>/", evidence.entry_file, name="entry_file"),
    path("proof/<str:uid>/", evidence.proof, name="proof"),
    path("clients/<str:client_id>/evidence/", evidence.client_evidence, name="client_evidence"),
    path("clients/<str:client_id>/bundles/", bundles.bundles, name="bundles"),
    path("clients/<str:client_id>/bundles/ask/", bundles.ask, name="bundle_ask"),
    path("bundles/<str:job_id>/", bundles.bundle, name="bundle"),
    path("bundles/<str:job_id>/part/", bundles.bundle_part, name="bundle_part"),
    path("bundles/<str:job_id>/file/", bundles.bundle_file, name="bundle_file"),
]
