# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about mail that came in; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import mail_in

_M = "mail-in/<str:mail_id>/"

urlpatterns: list[Any] = [
    path("mail-in/", mail_in.mail_waiting, name="mail_waiting"),
    path("mail-in/bring/", mail_in.mail_bring, name="mail_bring"),
    path("mail-in/drop/", mail_in.mail_drop_many, name="mail_drop_many"),
    path(_M, mail_in.mail_page, name="mail_in"),
    path(f"{_M}assign/", mail_in.mail_assign, name="mail_in_assign"),
    path(f"{_M}accept/", mail_in.mail_accept, name="mail_in_accept"),
    path(f"{_M}forwarded/", mail_in.mail_forwarded, name="mail_in_forwarded"),
    path(f"{_M}drop/", mail_in.mail_drop, name="mail_in_drop"),
    path(f"{_M}report/", mail_in.mail_report, name="mail_in_report"),
    path(f"{_M}file/", mail_in.mail_file, name="mail_in_file"),
    path(f"{_M}raw/", mail_in.mail_raw, name="mail_in_raw"),
    path(f"{_M}html/", mail_in.mail_html, name="mail_in_html"),
    path(f"{_M}parts/<str:part_id>/", mail_in.mail_part, name="mail_in_part"),
]
