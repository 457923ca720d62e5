# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses under /problems/: what the ``type`` of a problem points to."""

from django.urls import path

from partwell.entrypoints.api import views

urlpatterns = [path("<str:code>", views.problem_page, name="api-problem")]
