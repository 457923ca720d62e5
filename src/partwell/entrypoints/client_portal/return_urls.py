# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of copies of backups and of coming back; included by client_portal/urls.py under ``client``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import copies, returning

_K, _Q = "copies/<str:copy_id>/", "return/<str:quote_id>/"

urlpatterns: list[Any] = [
    path("copies/", copies.copies, name="copies"),
    path("copies/ask/", copies.ask, name="copy_ask"),
    path(_K, copies.copy, name="copy"),
    path(f"{_K}answer/", copies.answer, name="copy_answer"),
    path(f"{_K}difference/", copies.difference, name="copy_difference"),
    path(f"{_K}arrived/", copies.arrived, name="copy_arrived"),
    path(f"{_K}file/<str:what>/", copies.file, name="copy_file"),
    path(_Q, returning.quote, name="return_quote"),
    path(f"{_Q}answer/", returning.answer, name="return_answer"),
    path(f"{_Q}letter/", returning.letter, name="return_letter"),
]
