# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the new provider's pages about sign-in; included by provider_portal/urls.py under ``provider``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.provider_portal import sign_in

urlpatterns: list[Any] = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
]
