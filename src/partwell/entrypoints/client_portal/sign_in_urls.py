# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the client portal's pages about sign-in; included by client_portal/urls.py under the namespace ``client``."""

from typing import Any

urlpatterns: list[Any] = []
