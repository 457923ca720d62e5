# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about evidence; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

urlpatterns: list[Any] = []
