# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digests on days of 23 and 25 hours, for each role, with public words only; a calendar address asked too often (R2, R4)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client as Browser
from django.utils import timezone

from partwell.actions.correspondence.digests import choose_digest, send_digests
from partwell.actions.correspondence.feeds import feed_text, feeds_of, make_feed
from partwell.actions.correspondence.write_message import INTERNAL, PRIVILEGED, Draft, write_message
from partwell.actions.people import account_mail
from partwell.entrypoints.door import throttle
from partwell.records.correspondence.models import DigestChoice, Envelope
from partwell.records.people.models import AccountMail
from partwell.rules.digest import HOUR, Rhythm, due, slot
from partwell.rules.refusals import Refusal
from tests.flows.cast import cast, done
from tests.flows.test_digests import mails, morning, run_jobs, said

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "zone",
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham", "UTC"],
)
@pytest.mark.parametrize(
    "first", [date(2026, 10, 20), date(2027, 3, 10), date(2027, 3, 24), date(2027, 4, 1)]
)
def test_one_digest_a_day_at_seven_on_days_of_23_and_25_hours_too(zone: str, first: date) -> None:
    now = datetime.combine(first, HOUR, ZoneInfo(zone)).astimezone(UTC) - timedelta(hours=12)
    end, last, sent = now + timedelta(days=14), None, []
    while now < end:
        day = due(Rhythm.DAILY, now, zone, LONG_AGO, last)
        if day is not None:
            sent.append((day, now.astimezone(ZoneInfo(zone))))
            last = day
        now += timedelta(minutes=15)
    assert [day for day, _ in sent] == [sent[0][0] + timedelta(days=n) for n in range(len(sent))]
    assert len(sent) == 15
    for day, at in sent[1:]:
        assert at.date() == day and (at.hour, at.minute) == (7, 0), at
        assert slot(Rhythm.WEEKLY, at, zone).weekday() == 0


@pytest.mark.both_databases
def test_who_may_choose_one_and_what_each_of_them_reads() -> None:
    c = cast(signed=True)
    readers = (c.jonah, c.ines, c.dan, c.kerstin, c.mara, c.tom, c.leo)
    for actor in readers:
        done(choose_digest(actor=actor, rhythm="daily"))
        done(make_feed(actor=actor))
        assert len(feeds_of(actor)) == 1
    for actor in (c.theo, c.sunniva):
        assert isinstance(choose_digest(actor=actor, rhythm="daily"), Refusal)
        assert isinstance(make_feed(actor=actor), Refusal) and feeds_of(actor) == []
    said(c, "The alarm code is under the mat")
    for audience in (INTERNAL, PRIVILEGED):
        done(
            write_message(
                actor=c.ines, client_id=c.northwick.id, draft=Draft("Counsel", "Counsel called", audience)
            )
        )
    assert send_digests(now=morning()) == 5, (
        "not to Leo, of whose house nothing happened, and not to Dan, who did it himself"
    )
    run_jobs()
    theirs = {one.recipients[0]["name"]: one.text for one in mails()}
    ours = {
        one.to.split("@")[0]: account_mail.body_of(one)["text"]
        for one in AccountMail.objects.filter(to__endswith="harbourline.example")
    }
    assert set(theirs) == {"Mara Ellery", "Tom Okafor"} and {"jonah", "ines", "kerstin"} <= set(ours)
    for text in (*theirs.values(), *ours.values()):
        assert "logged a call with Mara Ellery" in text or "wrote" in text or "Dan" in text
        assert "alarm code" not in text and "Counsel" not in text and "Was cross" not in text, (
            "sentences, no contents"
        )
    for text in theirs.values():
        assert "Quayside" not in text and "internal" not in text
        own = "Authorisations, releases and notices of deletion always come as mails of their own."
        assert own in " ".join(text.split())


@pytest.mark.both_databases
def test_turning_it_off_stops_no_release_and_no_notice() -> None:
    c = cast(signed=True)
    done(choose_digest(actor=c.mara, rhythm="off"))
    before = Envelope.objects.filter(kind="release").count()
    c.release("diagram")
    assert (
        Envelope.objects.exclude(kind="digest")
        .filter(client_contact=c.mara.id, release__isnull=False)
        .count()
        > before
    )
    assert send_digests(now=morning(8)) == 0 and DigestChoice.objects.get().rhythm == "off"


@pytest.mark.both_databases
def test_a_calendar_address_asked_too_often_is_throttled_and_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    c = cast()
    monkeypatch.setitem(throttle.RATES, "calendar", "300/10m/ip,3/10m/key")
    first, second = (done(make_feed(actor=actor))[1] for actor in (c.mara, c.leo))
    stranger = Browser()
    assert [stranger.get(f"/calendar/{first}.ics").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert stranger.get(f"/calendar/{second}.ics").status_code == 200
    monkeypatch.setitem(throttle.RATES, "calendar", "4/10m/ip,60/10m/key")
    guesses = [
        Browser(REMOTE_ADDR="203.0.113.9").get(f"/calendar/{'x' * 40}{n}.ics").status_code for n in range(6)
    ]
    assert guesses == [404, 404, 404, 404, 429, 429], "nobody guesses for long"
    assert feed_text(first, timezone.now()) is not None
