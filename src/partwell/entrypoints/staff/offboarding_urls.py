# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses of the staff pages about departures; included by staff/urls.py under the namespace ``staff``."""

from typing import Any

from django.urls import path

from partwell.entrypoints.staff import closing, dates, departures, notice, offboarding, plan

_O, _S = "offboardings/<str:offboarding_id>/", "offboardings/<str:offboarding_id>/steps/<str:step_id>/"

urlpatterns: list[Any] = [
    path("", departures.home, name="home"),
    path("departures/", departures.departures, name="departures"),
    path("departures/notice/", notice.notice_new, name="notice_new"),
    path(_O, offboarding.offboarding, name="offboarding"),
    path(f"{_O}acknowledge/", offboarding.acknowledge, name="acknowledge"),
    path(f"{_O}plan/", plan.plan, name="plan"),
    path(f"{_O}plan/propose/", offboarding.plan_propose, name="plan_propose"),
    path(f"{_O}plan/add/", plan.step_add, name="step_add"),
    path(f"{_S}change/", plan.step_change, name="step_change"),
    path(f"{_S}finish/", plan.step_finish, name="step_finish"),
    path(f"{_S}reopen/", plan.step_reopen, name="step_reopen"),
    path(f"{_S}remove/", plan.step_remove, name="step_remove"),
    path(f"{_O}estate/", offboarding.estate, name="offboarding_estate"),
    path(f"{_O}correspondence/", offboarding.said, name="offboarding_said"),
    path(f"{_O}dates/", dates.dates, name="dates"),
    path(f"{_O}dates/move/", dates.date_propose, name="date_propose"),
    path(f"{_O}notice/withdraw/", dates.notice_withdraw, name="notice_withdraw"),
    path(f"{_O}evidence/", offboarding.evidence, name="offboarding_evidence"),
    path(f"{_O}closing/", closing.closing, name="closing"),
    path(f"{_O}acceptance/prepare/", closing.acceptance_prepare, name="acceptance_prepare"),
    path(f"{_O}acceptance/call/", closing.acceptance_call, name="acceptance_call"),
    path(f"{_O}close/", closing.close, name="close"),
]
