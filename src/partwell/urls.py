# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address of Partwell. Each view says which door it stands behind; an unlisted one fails a test."""

from django.urls import path

urlpatterns: list = []
_ = path
