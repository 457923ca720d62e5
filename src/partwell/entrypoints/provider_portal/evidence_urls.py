# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the provider portal's pages about evidence; included by provider_portal/urls.py under the namespace ``provider``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.provider_portal import bundles, evidence

urlpatterns: list[Any] = [
    path("evidence/", evidence.evidence, name="evidence"),
    path("evidence/check/", evidence.check, name="evidence_check"),
    path("evidence/log/<str:what>/", evidence.log_file, name="log_file"),
    path("evidence/<str:index>/", evidence.entry, name="entry"),
    path("evidence/<str:index>/<str:what>/", evidence.entry_file, name="entry_file"),
    path("proof/<str:uid>/", evidence.proof, name="proof"),
    path("bundles/", bundles.bundles, name="bundles"),
    path("bundles/ask/", bundles.ask, name="bundle_ask"),
    path("bundles/<str:job_id>/", bundles.bundle, name="bundle"),
    path("bundles/<str:job_id>/part/", bundles.bundle_part, name="bundle_part"),
    path("bundles/<str:job_id>/file/", bundles.bundle_file, name="bundle_file"),
]
