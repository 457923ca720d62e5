# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about what stays and what goes; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import erasures

_E = "erasures/<str:erasure_id>/"

urlpatterns: list[Any] = [
    path("erasures/", erasures.erasures, name="erasures"),
    path(_E, erasures.erasure, name="erasure"),
    path(f"{_E}approve/", erasures.erasure_approve, name="erasure_approve"),
    path(f"{_E}decline/", erasures.erasure_decline, name="erasure_decline"),
    path(f"{_E}go-on/", erasures.erasure_go_on, name="erasure_go_on"),
    path("clients/<str:client_id>/record/", erasures.record, name="record"),
    path("clients/<str:client_id>/record/end/", erasures.record_end, name="record_end"),
    path("clients/<str:client_id>/record/longer/", erasures.record_longer, name="record_longer"),
    path("clients/<str:client_id>/record/erase/", erasures.erase, name="record_erase"),
]
