# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digests once a day or week, and calendar addresses: only what their person may see, and ended when they are (R2, R4)."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from icalendar import Calendar

from partwell.actions.clients.change_contact import change_contact
from partwell.actions.correspondence.digests import choose_digest, send_digests, unsubscribe_url
from partwell.actions.correspondence.feeds import end_feed, feed_text, make_feed
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.meetings import Invited, plan_meeting
from partwell.actions.correspondence.outgoing import message_of
from partwell.actions.correspondence.write_message import INTERNAL, Draft, write_message
from partwell.actions.people import account_mail
from partwell.actions.people.staff import staff_leaves
from partwell.hush import hush
from partwell.records.correspondence.models import CalendarFeed, DigestChoice, Envelope
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.jobs.models import Job
from partwell.records.people.models import AccountMail
from partwell.rules.digest import Rhythm, due, slot
from partwell.rules.meetings import Appointment
from partwell.rules.refusals import Refusal
from partwell.workers import jobs
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def mails() -> list[Envelope]:
    return list(Envelope.objects.filter(kind="digest").order_by("queued_at"))


def morning(days: int = 1) -> datetime:
    """Noon (UTC) in so many days: seven o'clock has passed in Berlin."""
    return (timezone.now() + timedelta(days=days)).replace(hour=12, minute=0)


def run_jobs() -> None:
    """What was queued for that morning, now."""
    Job.objects.filter(kind="mail.digest").update(due_at=timezone.now())
    while jobs.run_one():
        pass


def said(c: Cast, words: str) -> None:
    notes = CallNotes("Mara Ellery", words, timezone.now(), internal_note="Was cross")
    done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))


@pytest.mark.parametrize(
    ("rhythm", "now", "zone", "day"),
    [
        (Rhythm.DAILY, MONDAY, "UTC", "2026-11-23"),
        (Rhythm.DAILY, MONDAY.replace(hour=6, minute=59), "UTC", "2026-11-22"),
        (Rhythm.DAILY, MONDAY.replace(hour=6), "Europe/Berlin", "2026-11-23"),
        (Rhythm.DAILY, MONDAY.replace(hour=11), "America/New_York", "2026-11-22"),
        (Rhythm.WEEKLY, MONDAY, "UTC", "2026-11-23"),
        (Rhythm.WEEKLY, MONDAY.replace(hour=6), "UTC", "2026-11-16"),
        (Rhythm.WEEKLY, MONDAY + timedelta(days=6), "UTC", "2026-11-23"),
    ],
)
def test_seven_o_clock_of_the_reader(rhythm: Rhythm, now: datetime, zone: str, day: str) -> None:
    assert slot(rhythm, now, zone).isoformat() == day
    long_ago = now - timedelta(days=60)
    assert due(rhythm, now, zone, long_ago, None) == slot(rhythm, now, zone)
    assert due(rhythm, now, zone, long_ago, slot(rhythm, now, zone)) is None
    assert due(rhythm, now, zone, now, None) is None, "the first one comes after the choice"
    assert due(Rhythm.OFF, now, zone, long_ago, None) is None


@pytest.mark.both_databases
def test_a_digest_once_a_day_of_what_its_reader_may_see_and_none_when_empty() -> None:
    c = cast()
    done(choose_digest(actor=c.mara, rhythm="daily"))
    done(choose_digest(actor=c.leo, rhythm="daily"))
    assert send_digests(now=timezone.now()) == 0, "chosen just now"
    said(c, "We spoke about the keys")
    done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft("Careful", "Counsel called", INTERNAL)
        )
    )
    assert send_digests(now=morning()) == 1
    (mail,) = mails()
    assert mail.client_id == c.northwick.id and mail.client_contact_id == c.mara.id
    assert "Dan Frey logged a call with Mara Ellery" in mail.text
    assert "Counsel" not in mail.text and "internal" not in mail.text and "cross" not in mail.text
    assert send_digests(now=morning()) == 0, "never twice"
    assert send_digests(now=morning(2)) == 0, "nothing when empty, and its own mail is no news"
    said(c, "Once more")
    said(c, "And again")
    assert send_digests(now=morning(9)) == 1, "a week without workers: one"
    assert send_digests(now=morning(9)) == 0 and len(mails()) == 2


@pytest.mark.both_databases
def test_one_click_turns_it_off_and_reading_the_page_does_not() -> None:
    c = cast()
    row = done(choose_digest(actor=c.mara, rhythm="daily", zone_name="Europe/London"))
    said(c, "Keys")
    assert send_digests(now=morning()) == 1
    (mail,) = mails()
    raw = message_from_bytes(message_of(mail))
    url = unsubscribe_url(row.id)
    assert (
        raw["List-Unsubscribe"] == f"<{url}>" and raw["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    )
    assert url in mail.text and message_of(mail) == message_of(mail)
    stranger, path = Browser(enforce_csrf_checks=True), "/" + url.split("/", 3)[3]
    page = stranger.get(path)
    assert page.status_code == 200 and "no-store" in page["Cache-Control"]
    assert DigestChoice.objects.get().rhythm == "daily"
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert stranger.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert DigestChoice.objects.get().rhythm == "off"
    said(c, "More")
    assert send_digests(now=morning(3)) == 0
    assert stranger.post("/digest/AAAAAAAAAAAAAAAAAAAAAAAA/").status_code == 404
    other = Envelope.objects.filter(kind="call_summary").latest("queued_at")
    assert "List-Unsubscribe" not in message_from_bytes(message_of(other))
    word = path.strip("/").split("/")[-1]
    assert word not in hush(path) and word not in "".join(
        str(bytes(one.content)) for one in Disclosure.objects.all()
    )


@pytest.mark.both_databases
def test_staff_read_theirs_apart_from_evidence_and_not_after_they_left() -> None:
    c = cast()
    done(choose_digest(actor=c.dan, rhythm="daily"))
    done(choose_digest(actor=c.ines, rhythm="weekly"))
    said(c, "Keys")
    done(write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("For you", "Hello")))
    assert send_digests(now=morning()) >= 1
    run_jobs()
    mine = [one for one in AccountMail.objects.filter(state="queued") if one.to == "dan@harbourline.example"]
    (mail,) = mine
    body = account_mail.body_of(mail)
    assert "Northwick Traders: Ines Duarte wrote" in body["text"] and "logged a call" not in body["text"]
    assert dict(body["headers"])["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert not mails()
    done(staff_leaves(actor=c.jonah, staff_id=c.dan.id))
    assert send_digests(now=morning(5)) <= 1
    run_jobs()
    assert AccountMail.objects.filter(to="dan@harbourline.example").count() == 1


@pytest.mark.both_databases
def test_a_bouncing_address_waits_and_nobody_else_reads_that_digest() -> None:
    c = cast()
    done(choose_digest(actor=c.tom, rhythm="daily"))
    done(change_contact(actor=c.ines, contact_id=c.tom.id, title="Chair"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("partwell.actions.correspondence.digests.loop_contacts", lambda client_id: [])
        assert send_digests(now=morning()) == 0
    assert send_digests(now=morning()) == 1
    assert [one["name"] for one in mails()[0].recipients] == ["Tom Okafor"]
    assert isinstance(choose_digest(actor=c.theo, rhythm="daily"), Refusal)
    for bad in ({"rhythm": "hourly"}, {"rhythm": "daily", "zone_name": "Moon/Base"}):
        assert isinstance(choose_digest(actor=c.mara, **bad), Refusal)


def planned(c: Cast) -> Any:
    begins = timezone.now() + timedelta(days=2)
    what = Appointment("Cut-over", begins, begins + timedelta(hours=1), "Room 4")
    return done(plan_meeting(actor=c.ines, client_id=c.northwick.id, what=what, invited=Invited()))


@pytest.mark.both_databases
def test_a_calendar_address_shows_its_persons_dates_and_dies_with_its_person() -> None:
    c = cast(signed=True)
    c.release("diagram")
    planned(c)
    raws = {name: done(make_feed(actor=getattr(c, name)))[1] for name in ("mara", "leo", "dan", "kerstin")}
    stranger = Browser()
    found = {}
    for name, raw in raws.items():
        answer = stranger.get(f"/calendar/{raw}.ics")
        assert answer.status_code == 200 and answer["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer["Cache-Control"] == "private, no-store, max-age=0"
        calendar = Calendar.from_ical(answer.content)
        assert not calendar.errors
        found[name] = sorted(str(one["SUMMARY"]) for one in calendar.walk("VEVENT"))
    assert found["mara"] == [
        "Cut-over", "End of service", "Last day of the authorisation for Alder Row IT", "Objections to release 1 end",
    ]  # fmt: skip
    assert found["leo"] == []
    assert (
        "Northwick Traders: Cut-over" in found["dan"]
        and "Last day of Kerstin Vogel’s access as auditor" not in found["dan"]
    )
    assert "Last day of Kerstin Vogel’s access as auditor" in found["kerstin"]
    assert not CalendarFeed.objects.filter(token_hash__in=raws.values()).exists(), (
        "a hash is kept, no address"
    )
    assert raws["mara"] not in json.dumps([str(bytes(one.leaf)) for one in Entry.objects.all()])
    done(staff_leaves(actor=c.jonah, staff_id=c.dan.id))
    assert stranger.get(f"/calendar/{raws['dan']}.ics").status_code == 404
    mine = CalendarFeed.objects.get(contact_id=c.mara.id)
    other = end_feed(actor=c.leo, feed_id=mine.id)
    assert isinstance(other, Refusal) and other.code == "not_found"
    done(end_feed(actor=c.mara, feed_id=mine.id))
    done(end_feed(actor=c.mara, feed_id=mine.id))
    assert stranger.get(f"/calendar/{raws['mara']}.ics").status_code == 404
    assert stranger.get("/calendar/x.ics").status_code == 404
    assert feed_text(raws["mara"], timezone.now()) is None


@pytest.mark.both_databases
def test_the_pages_choose_make_show_once_and_end() -> None:
    c = cast()
    for actor, here in ((c.mara, "/client/digest/"), (c.dan, "/me/")):
        browser = browser_of(actor)
        assert "Digest and calendar" in browser.get(here).content.decode()
        assert browser.post(here, {"rhythm": "weekly", "zone": "Asia/Tokyo"}).status_code == 302
        assert browser.post(here, {"rhythm": "hourly", "zone": ""}).status_code == 422
        shown = browser.post(f"{here}calendar/").content.decode()
        assert "shown this once" in shown and ".ics" in shown
        assert ".ics" not in browser.get(here).content.decode()
        row = CalendarFeed.objects.latest("made_at")
        assert browser.post(f"{here}calendar/{row.id}/end/").status_code == 302
        assert CalendarFeed.objects.get(pk=row.id).revoked_at is not None
    assert sorted(DigestChoice.objects.values_list("rhythm", "zone")) == [("weekly", "Asia/Tokyo")] * 2
    for _ in range(5):
        done(make_feed(actor=c.tom))
    assert isinstance(make_feed(actor=c.tom), Refusal)
    assert isinstance(make_feed(actor=c.theo), Refusal)
