# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the client's statement; included by client_portal/urls.py under the namespace ``client``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import statement

urlpatterns: list[Any] = [
    path("statement/", statement.statement, name="statement"),
    path("statement/csv/", statement.statement_file, name="statement_file"),
    path("statement/vendor/<str:file_id>/", statement.statement_vendor, name="statement_vendor"),
    path("statement/<str:statement_id>/letter/", statement.statement_letter, name="statement_letter"),
]
