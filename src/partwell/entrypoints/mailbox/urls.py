# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the mailbox's door."""

from django.urls import path

from partwell.entrypoints.mailbox import webhook

urlpatterns = [path("<str:road_id>/", webhook.take)]
