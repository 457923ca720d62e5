# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the statement; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import statement

_C = "clients/<str:client_id>/statement/"

urlpatterns: list[Any] = [
    path(_C, statement.statement, name="statement"),
    path(f"{_C}csv/", statement.statement_file, name="statement_file"),
    path(f"{_C}make/", statement.statement_make, name="statement_make"),
    path(f"{_C}<str:statement_id>/letter/", statement.statement_letter, name="statement_letter"),
    path("offboardings/<str:offboarding_id>/settle/", statement.settle, name="settle"),
]
