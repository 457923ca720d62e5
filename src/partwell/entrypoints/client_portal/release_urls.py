# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the client portal's pages about release; included by client_portal/urls.py under the namespace ``client``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.client_portal import (
    approvals,
    conversations,
    finding,
    messages,
    received,
    recordings,
    releases,
)

urlpatterns: list[Any] = [
    path("releases/", releases.releases, name="releases"),
    path("releases/<str:release_id>/", releases.release, name="release"),
    path("approvals/<str:request_id>/", approvals.approval, name="approval"),
    path("answer/", received.answer, name="answer"),
    path("lines/<str:line_id>/file/", received.line_file, name="line_file"),
    path("lines/<str:line_id>/reveal/", received.reveal_ask, name="reveal_ask"),
    path("reveals/<str:reveal_id>/", received.reveal, name="reveal"),
    path("messages/", messages.conversation, name="messages"),
    path("meetings/", conversations.meetings, name="meetings"),
    path("meetings/<str:meeting_id>/", conversations.meeting, name="meeting"),
    path("calls/<str:call_id>/", conversations.call, name="call"),
    path("calls/<str:call_id>/correct/", conversations.correct, name="call_correct"),
    path("recordings/", recordings.recordings, name="recordings"),
    path("recordings/<str:ask_id>/", recordings.recording, name="recording"),
    path("recordings/<str:ask_id>/answer/", recordings.answer, name="recording_answer"),
    path("recordings/files/<str:recording_id>/", recordings.recording_file, name="recording_file"),
    path("messages/search/", finding.search, name="messages_search"),
    path("mails/", messages.mails, name="mails"),
    path("mails/<str:envelope_id>/", messages.mail, name="mail"),
]
