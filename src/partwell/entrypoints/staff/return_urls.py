# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of copies that a vendor ships, of clients who come back, and of the price list; namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import copies, prices, returning, returning_difference

_C, _K = "clients/<str:client_id>/", "copies/<str:copy_id>/"

urlpatterns: list[Any] = [
    path(f"{_C}copies/", copies.copies, name="copies"),
    path(f"{_C}copies/ask/", copies.copy_ask, name="copy_ask"),
    path(_K, copies.copy, name="copy"),
    path(f"{_K}not-shipped/", copies.copy_not_shipped, name="copy_not_shipped"),
    path(f"{_K}quote/", copies.copy_quote, name="copy_quote"),
    path(f"{_K}order/", copies.copy_order, name="copy_order"),
    path(f"{_K}invoice/", copies.copy_invoice, name="copy_invoice"),
    path(f"{_K}ship/", copies.copy_ship, name="copy_ship"),
    path(f"{_K}key/", copies.copy_key, name="copy_key"),
    path(f"{_K}file/<str:what>/", copies.copy_file, name="copy_file"),
    path(f"{_C}return/", returning.returning, name="returning"),
    path(f"{_C}return/welcome/", returning.return_welcome, name="return_welcome"),
    path(f"{_C}return/quote/", returning.return_quote, name="return_quote"),
    path(f"{_C}return/stop/", returning.return_stop, name="return_stop"),
    path(f"{_C}return/difference/", returning_difference.difference, name="difference"),
    path(f"{_C}return/<str:quote_id>/letter/", returning.return_letter, name="return_letter"),
    path("onboarding/<str:step_id>/", returning.onboarding_step, name="onboarding_step"),
    path("settings/prices/", prices.prices, name="prices"),
]
