# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the mailbox's door. Mailgun sends the raw mail only to an address that ends in "mime"."""

from django.urls import path

from partwell.entrypoints.mailbox import webhook

urlpatterns = [path("<str:road_id>/", webhook.take), path("<str:road_id>/mime", webhook.take)]
