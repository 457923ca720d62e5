# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about estate; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import estate, imports, item, item_work, pictures

_C, _I, _B = (
    "clients/<str:client_id>/",
    "clients/<str:client_id>/items/<str:item_id>/",
    "clients/<str:client_id>/import/<str:import_id>/",
)

urlpatterns: list[Any] = [
    path("estate/", estate.estate_home, name="estate"),
    path(f"{_C}estate/", estate.client_estate, name="client_estate"),
    path(f"{_C}estate/add/", estate.item_add, name="item_add"),
    path(f"{_C}estate/classify/", estate.classify, name="classify"),
    path(_I, item.item_page, name="item"),
    path(f"{_I}change/", item_work.item_change, name="item_change"),
    path(f"{_I}handover/", item_work.item_handover, name="item_handover"),
    path(f"{_I}remove/", item_work.item_remove, name="item_remove"),
    path(f"{_I}secret/", item_work.item_secret, name="item_secret"),
    path(f"{_I}see/", item_work.item_see, name="item_see"),
    path(f"{_I}try/", item_work.item_try, name="item_try"),
    path(f"{_I}second/", item_work.item_second, name="item_second"),
    path(f"{_I}purge/", item_work.item_purge, name="item_purge"),
    path(f"{_I}document/", item_work.item_document, name="item_document"),
    path(f"{_I}files/<str:file_id>/", item.item_file, name="item_file"),
    path(f"{_I}preview.png", item.item_preview, name="item_preview"),
    path(f"{_I}diagram.svg", item.item_diagram, name="item_diagram"),
    path(f"{_C}pictures/add/<str:kind>/<str:subject_id>/", pictures.picture_add, name="picture_add"),
    path(f"{_C}pictures/<str:picture_id>/", pictures.picture_file, name="picture_file"),
    path("import/", imports.import_home, name="import"),
    path(f"{_C}import/", imports.client_import, name="client_import"),
    path(_B, imports.import_preview, name="import_preview"),
    path(f"{_B}again/", imports.import_again, name="import_again"),
    path(f"{_B}confirm/", imports.import_confirm, name="import_confirm"),
    path(f"{_B}discard/", imports.import_discard, name="import_discard"),
    path(f"{_B}undo/", imports.import_undo, name="import_undo"),
    path(f"{_B}job/", imports.import_job, name="import_job"),
]
