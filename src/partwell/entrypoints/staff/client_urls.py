# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about clients; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import addresses, client_work, clients, notice

_C, _P = "clients/<str:client_id>/", "clients/<str:client_id>/contacts/<str:contact_id>/"

urlpatterns: list[Any] = [
    path("clients/", clients.clients, name="clients"),
    path("clients/add/", client_work.client_add, name="client_add"),
    path(_C, clients.client, name="client"),
    path(f"{_C}change/", client_work.client_change, name="client_change"),
    path(f"{_C}sites/add/", client_work.site_add, name="site_add"),
    path(f"{_C}contacts/add/", client_work.contact_add, name="contact_add"),
    path(f"{_P}change/", client_work.contact_change, name="contact_change"),
    path(f"{_P}works/", addresses.works, name="address_works"),
    path(f"{_P}left/", client_work.contact_leave, name="contact_leave"),
    path(f"{_P}authority/", client_work.authority, name="authority"),
    path(f"{_C}agreement/", client_work.agreement, name="agreement"),
    path(f"{_C}backups/add/", client_work.backup_add, name="backup_add"),
    path(f"{_C}pause/", client_work.pause, name="pause"),
    path(f"{_C}pauses/<str:pause_id>/lift/", client_work.pause_lift, name="pause_lift"),
    path(f"{_C}notice/", notice.notice, name="notice"),
    path(f"{_C}files/<str:file_id>/", clients.client_file, name="client_file"),
]
