# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address of the new provider's door. Names are ``provider:…``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.provider_portal import (
    dates,
    evidence_urls,
    finding,
    home,
    lines,
    messages,
    recordings,
    requests,
    sign_in_urls,
    terms,
)

app_name = "provider"
urlpatterns: list[Any] = [
    path("", home.home, name="home"),
    path("terms/", terms.terms, name="terms"),
    path("answer/", lines.answer, name="answer"),
    path("lines/<str:line_id>/file/", lines.line_file, name="line_file"),
    path("lines/<str:line_id>/reveal/", lines.reveal_ask, name="reveal_ask"),
    path("reveals/<str:reveal_id>/", lines.reveal, name="reveal"),
    path("ask/", messages.ask, name="ask"),
    path("requests/", requests.requests, name="requests"),
    path("dates/", dates.dates, name="dates"),
    path("messages/", messages.conversation, name="messages"),
    path("messages/search/", finding.search, name="messages_search"),
    path("recordings/", recordings.recordings, name="recordings"),
    path("recordings/<str:ask_id>/answer/", recordings.answer, name="recording_answer"),
    *evidence_urls.urlpatterns,
    *sign_in_urls.urlpatterns,
]
