# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of signing in to the new provider's portal; included by provider_portal/urls.py under the namespace ``provider``."""

from typing import Any

urlpatterns: list[Any] = []
