# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the client's pages about mail that came in; included by client_portal/urls.py."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import held, mail_in

_M = "mail-in/<str:mail_id>/"
_Q = "questions/<str:message_id>/"

urlpatterns: list[Any] = [
    path(_Q, held.question_page, name="question"),
    path(f"{_Q}authorise/", held.question_authorise, name="question_authorise"),
    path(f"{_Q}not-ours/", held.question_disown, name="question_disown"),
    path(_M, mail_in.mail_page, name="mail_in"),
    path(f"{_M}authorise/", mail_in.mail_authorise, name="mail_in_authorise"),
    path(f"{_M}not-ours/", mail_in.mail_disown, name="mail_in_disown"),
    path(f"{_M}file/", mail_in.mail_file, name="mail_in_file"),
    path(f"{_M}raw/", mail_in.mail_raw, name="mail_in_raw"),
    path(f"{_M}html/", mail_in.mail_html, name="mail_in_html"),
    path(f"{_M}parts/<str:part_id>/", mail_in.mail_part, name="mail_in_part"),
]
