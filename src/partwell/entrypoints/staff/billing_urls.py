# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of papers, payments, series, exports and law profiles; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import billing, billing_house, billing_new, billing_work, law

_C, _P, _S = "clients/<str:client_id>/", "papers/<str:paper_id>/", "papers/series/<str:kind>/"

urlpatterns: list[Any] = [
    path("papers/", billing.papers, name="papers"),
    path("papers/series/", billing_house.series, name="series"),
    path(_S, billing_house.series_numbers, name="series_numbers"),
    path(f"{_S}set/", billing_house.series_set, name="series_set"),
    path("papers/export/", billing_house.export, name="billing_export"),
    path("papers/export/file/", billing_house.export_file, name="billing_export_file"),
    path(f"{_C}papers/", billing.client_papers, name="client_papers"),
    path(f"{_C}papers/new/", billing_new.paper_new, name="paper_new"),
    path(_P, billing.paper, name="paper"),
    path(f"{_P}letter/", billing.paper_letter, name="paper_letter"),
    path(f"{_P}number/", billing_work.paper_number, name="paper_number"),
    path(f"{_P}payment/", billing_work.payment_add, name="payment_add"),
    path(f"{_P}payments/<str:payment_id>/proof/", billing.payment_proof, name="payment_proof"),
    path(f"{_P}refund/", billing_work.refund_add, name="refund_add"),
    path(f"{_P}unused/", billing_work.paper_unused, name="paper_unused"),
    path(f"{_P}cancel/", billing_work.paper_cancel, name="paper_cancel"),
    path(f"{_C}law/", law.client_law, name="client_law"),
    path(f"{_C}law/set/", law.profile_set, name="profile_set"),
    path(f"{_C}law/<str:profile_id>/remove/", law.profile_remove, name="profile_remove"),
]
