# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about release; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import (
    calls,
    letters,
    meetings,
    messages,
    recordings,
    release_page,
    releases,
    search_said,
)

_C, _R, _L = (
    "clients/<str:client_id>/",
    "releases/<str:release_id>/",
    "releases/<str:release_id>/lines/<str:line_id>/",
)

urlpatterns: list[Any] = [
    path(f"{_C}releases/", releases.client_releases, name="client_releases"),
    path(f"{_C}release/", releases.choose, name="release_choose"),
    path(f"{_C}release/check/", releases.check, name="release_check"),
    path(f"{_C}release/send/", releases.send, name="release_send"),
    path(_R, release_page.release_page, name="release"),
    path(f"{_R}stop/", release_page.release_stop, name="release_stop"),
    path(f"{_L}answer/", release_page.line_answer, name="line_answer"),
    path(f"{_L}reveal/", release_page.line_reveal, name="line_reveal"),
    path("messages/", messages.messages_home, name="messages"),
    path(f"{_C}messages/", messages.client_messages, name="client_messages"),
    path("search/said/", search_said.search_said, name="search_said"),
    path(f"{_C}messages/search/", search_said.client_search, name="client_search"),
    path(f"{_C}messages/write/", messages.write, name="message_write"),
    path(f"{_C}messages/preview/<str:what>/", letters.preview, name="message_preview"),
    path("messages/<str:message_id>/", messages.message_page, name="message"),
    path("messages/<str:message_id>/send-now/", messages.send_now, name="message_send_now"),
    path("messages/<str:message_id>/stop/", messages.stop_message, name="message_stop"),
    path(f"{_C}mails/", messages.client_mails, name="client_mails"),
    path("mails/<str:envelope_id>/", messages.mail, name="mail"),
    path("mails/<str:envelope_id>/html/", messages.mail_html, name="mail_html"),
    path("mails/<str:envelope_id>/settle/", messages.mail_settle, name="mail_settle"),
    path(f"{_C}calls/log/", calls.log, name="call_log"),
    path("calls/<str:call_id>/", calls.call_page, name="call"),
    path("calls/<str:call_id>/correct/", calls.correct, name="call_correct"),
    path("calls/<str:call_id>/promise/", calls.promise, name="call_promise"),
    path(f"{_C}meetings/", meetings.meetings, name="client_meetings"),
    path(f"{_C}meetings/plan/", meetings.plan, name="meeting_plan"),
    path("meetings/<str:meeting_id>/", meetings.meeting, name="meeting"),
    path("meetings/<str:meeting_id>/change/", meetings.change, name="meeting_change"),
    path("meetings/<str:meeting_id>/cancel/", meetings.cancel, name="meeting_cancel"),
    path("meetings/<str:meeting_id>/recording/", recordings.ask_meeting, name="meeting_recording"),
    path(f"{_C}recordings/", recordings.recordings, name="client_recordings"),
    path(f"{_C}recordings/ask/", recordings.ask, name="recording_ask"),
    path("recordings/<str:ask_id>/", recordings.recording, name="recording"),
    path("recordings/<str:ask_id>/answer/", recordings.answer, name="recording_answer"),
    path("recordings/voices/<str:voice_id>/", recordings.word, name="recording_word"),
    path("recordings/files/<str:recording_id>/", recordings.recording_file, name="recording_file"),
    path("calls/<str:call_id>/recording/", recordings.add, name="recording_add"),
]
