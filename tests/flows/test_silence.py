# SPDX-License-Identifier: AGPL-3.0-or-later
"""Silence (R17) as pages and the record tell it: the window is fixed at release, and workers that were down catch up once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone

from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
from partwell.actions.people.configure import configure_msp
from partwell.actions.releases.end_windows import end_windows
from partwell.actions.releases.open_line import open_line
from partwell.actions.releases.windows import closes_at
from partwell.entrypoints.theme.formats import when_words
from partwell.records.evidence.models import Entry
from partwell.records.releases.models import Release, ReleaseLine
from partwell.workers import calendar
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.post_office import delivered

pytestmark = pytest.mark.usefixtures("db_world")


def words(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


def later(days: int) -> Any:
    return patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(days=days))


def last_of(release: Release) -> Any:
    with timezone.override("Europe/Berlin"):
        return timezone.localtime(release.window_ends_at - timedelta(seconds=1)).date()


def deemed(made: Cast, yes: bool) -> None:
    terms = AgreementTerms(signed_on=timezone.localdate(), included_hours=Decimal(4), hourly_rate=Decimal(140),
                           block_hours=Decimal(2), currency="EUR", deemed_acceptance=yes)  # fmt: skip
    done(record_agreement(actor=made.ines, client_id=made.northwick.id, terms=terms))


def test_a_months_silence_is_recorded_once_and_shown_with_its_day() -> None:
    c = cast(signed=True, deemed=True)
    provider = c.release("diagram", "switch", key="p").release
    client = c.release("diagram", "runbook", key="c", target=c.to_client()).release
    delivered(c)
    line = ReleaseLine.objects.get(release=client, item=c.items["diagram"])
    done(open_line(actor=c.mara, line_id=line.id, agent="test"))
    last = last_of(provider)
    with later(45):  # the workers were down for a month
        assert calendar.run_due()["receipt windows"] == 4
        before = Entry.objects.count()
        assert calendar.run_due()["receipt windows"] == 0
        assert Entry.objects.count() == before
        said = when_words(last)
        dan, mara, theo = (browser_of(one) for one in (c.dan, c.mara, c.theo))
        for browser, path in (
            (dan, f"/releases/{provider.id}/"),
            (mara, f"/client/releases/{provider.id}/"),
            (theo, "/provider/"),
        ):
            seen = words(browser, path)
            assert f"No objection by {said}".replace("\u00a0", " ") in seen, path
            assert "Deemed accepted" not in seen, path
        for browser, path in (
            (dan, f"/releases/{client.id}/"),
            (mara, f"/client/releases/{client.id}/"),
            (mara, "/client/releases/"),
        ):
            seen = words(browser, path)
            assert f"Deemed accepted: no objection by {said}" in seen, path
            assert f"No objection by {said}" in seen, path  # the runbook was never opened
        timeline = words(mara, "/client/evidence/")
        assert f"by {last.day} {last:%B %Y}" in timeline
    ended = Entry.objects.filter(type="receipt.window_ended").count()
    assert (ended, Entry.objects.filter(type="receipt.deemed_accepted").count()) == (2, 1)


def test_an_opening_after_the_window_is_no_acceptance_although_the_workers_come_later() -> None:
    c = cast(deemed=True)
    c.release("diagram", target=c.to_client())
    with later(20):
        done(open_line(actor=c.mara, line_id=ReleaseLine.objects.get().id, agent="test"))
    with later(45):
        assert end_windows() == 1
    assert ReleaseLine.objects.get().window_outcome == "no_objection"


@pytest.mark.parametrize(
    ("then", "now", "outcome"), [(True, False, "deemed_accepted"), (False, True, "no_objection")]
)
def test_the_agreement_of_that_day_counts_and_not_todays(then: bool, now: bool, outcome: str) -> None:
    c = cast(deemed=then)
    c.release("diagram", target=c.to_client())
    done(open_line(actor=c.mara, line_id=ReleaseLine.objects.get().id, agent="test"))
    with later(30):
        deemed(c, now)
    with later(45):
        assert end_windows() == 1
    assert ReleaseLine.objects.get().window_outcome == outcome


def test_neither_another_policy_nor_another_zone_moves_a_window() -> None:
    c = cast(signed=True)
    release = c.release("diagram").release
    line = ReleaseLine.objects.select_related("release").get(item=c.items["diagram"])
    fixed = release.window_ends_at
    assert closes_at(line) == fixed
    done(configure_msp(actor=c.jonah, changes={"objection_days": 3, "time_zone": "America/Los_Angeles"}))
    line = ReleaseLine.objects.select_related("release").get(pk=line.id)
    assert closes_at(line) == fixed
    with patch("django.utils.timezone.now", return_value=fixed - timedelta(seconds=1)):
        assert end_windows() == 0
    with patch("django.utils.timezone.now", return_value=fixed):
        assert end_windows() == 1
