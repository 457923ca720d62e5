# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Django app of the look (label ``theme``); it has no models."""

from django.apps import AppConfig


class ThemeConfig(AppConfig):
    """Templates, static files and the ``pw`` template tags."""

    name = "partwell.entrypoints.theme"
    label = "theme"
    verbose_name = "Theme"
