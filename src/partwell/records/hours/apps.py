# SPDX-License-Identifier: AGPL-3.0-or-later
from django.apps import AppConfig


class Config(AppConfig):
    name = "partwell.records.hours"
    label = "hours"
