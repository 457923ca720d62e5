# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of time, timers, leave and requests; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import hours, requests, time_import, time_work, timers

_H, _T, _R = "clients/<str:client_id>/hours/", "timers/<str:timer_id>/", "requests/<str:request_id>/"

urlpatterns: list[Any] = [
    path(_H, hours.client_hours, name="hours"),
    path(f"{_H}add/", time_work.time_add, name="time_add"),
    path(f"{_H}timer/", timers.timer_start, name="timer_start"),
    path(f"{_H}leave/", time_work.leave, name="leave"),
    path(f"{_H}leave/end/", time_work.leave_end, name="leave_end"),
    path(f"{_H}import/", time_import.time_import, name="time_import"),
    path(f"{_H}<str:entry_id>/back/", time_work.time_back, name="time_back"),
    path("timers/", timers.timers, name="timers"),
    path(f"{_T}stop/", timers.timer_stop, name="timer_stop"),
    path(f"{_T}away/", timers.timer_away, name="timer_away"),
    path("requests/", requests.all_requests, name="requests"),
    path("clients/<str:client_id>/requests/", requests.client_requests, name="client_requests"),
    path("clients/<str:client_id>/requests/ask/", requests.request_ask, name="request_ask"),
    path(_R, requests.request_page, name="request"),
    path(f"{_R}estimate/", requests.request_estimate, name="request_estimate"),
    path(f"{_R}finish/", requests.request_finish, name="request_finish"),
    path(f"{_R}cancel/", requests.request_cancel, name="request_cancel"),
]
