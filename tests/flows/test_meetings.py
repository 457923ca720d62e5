# SPDX-License-Identifier: AGPL-3.0-or-later
"""Meetings by invitation with the client on them, promises that are ticked off, summaries that the client corrects (R1, R2)."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone
from icalendar import Calendar

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.log_call import CallNotes, correct_call, log_call, settle_promise
from partwell.actions.correspondence.meetings import Invited, cancel_meeting, change_meeting, plan_meeting
from partwell.actions.correspondence.outgoing import message_of
from partwell.actions.files import read_file
from partwell.records.correspondence.models import Call, Envelope, Meeting
from partwell.records.correspondence.queries import meeting_seen, meetings_page, promises_due
from partwell.records.evidence.models import Entry
from partwell.records.vault.queries import stored_file
from partwell.rules.meetings import Appointment
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases


def what(**changes: Any) -> Appointment:
    """Two days from now for an hour."""
    begins = timezone.now().replace(microsecond=0) + timedelta(days=2)
    usual = Appointment(
        "Handover, part 1", begins, begins + timedelta(hours=1), "Room 4", "Firewall; DNS,\nand keys"
    )
    return replace(usual, **changes)


def planned(c: Cast, **more: Any) -> Meeting:
    return done(plan_meeting(actor=c.ines, client_id=c.northwick.id, what=what(), invited=Invited(**more)))


def mails(kind: str) -> list[Envelope]:
    return list(Envelope.objects.filter(kind=kind).order_by("queued_at"))


def calendar_of(mail: Envelope) -> Any:
    """The event in a mail's calendar file, read by a library that did not write it."""
    file = stored_file(UUID(hex=mail.documents[0]["file"]))
    found = Calendar.from_ical(read_file(file))
    assert not found.errors
    return found


def test_the_client_is_on_every_invitation_and_a_new_provider_only_by_consent() -> None:
    c = cast()
    refused = plan_meeting(
        actor=c.ines, client_id=c.northwick.id, what=what(), invited=Invited(recipient_id=c.recipient.id)
    )
    assert isinstance(refused, Refusal) and refused.rule == "R1"
    assert not Meeting.objects.exists() and not mails("meeting_invitation")
    assert Entry.objects.filter(type="refusal.recorded").exists()
    row = planned(c)
    assert [one["role"] for one in row.attendees] == ["client", "staff"]
    (mail,) = mails("meeting_invitation")
    assert [one["role"] for one in mail.recipients] == ["client", "msp"]
    assert mail.recipients[1]["address"] == "ines@harbourline.example"


def test_an_invitation_says_what_calendars_need_and_nothing_can_break_out_of_a_line() -> None:
    c = cast(signed=True)
    row = done(
        plan_meeting(
            actor=c.ines,
            client_id=c.northwick.id,
            what=what(title="Handover; now, or \\never"),
            invited=Invited(recipient_id=c.recipient.id, person_ids=[c.theo.id], staff_ids=[c.dan.id, c.ines.id]),
        )
    )  # fmt: skip
    (mail,) = mails("meeting_invitation")
    assert [one["role"] for one in mail.recipients] == ["client", "provider", "msp", "msp"]
    found = calendar_of(mail)
    assert str(found["METHOD"]) == "REQUEST" and str(found["VERSION"]) == "2.0"
    (event,) = found.walk("VEVENT")
    assert str(event["SUMMARY"]) == "Handover; now, or \\never"
    assert str(event["DESCRIPTION"]) == "Firewall; DNS,\nand keys"
    assert event.decoded("DTSTART") == row.starts_at and event.decoded("DTEND") == row.ends_at
    assert str(event["UID"]) == row.uid and int(event["SEQUENCE"]) == 0
    assert str(event["ORGANIZER"]) == "mailto:desk@harbourline.example"
    assert [str(one) for one in event["ATTENDEE"]] == [
        "mailto:mara@northwick.example", "mailto:theo@alderrow.example",
        "mailto:dan@harbourline.example", "mailto:ines@harbourline.example",
    ]  # fmt: skip
    part = next(one for one in message_from_bytes(message_of(mail)).walk() if one.get_content_type() == "text/calendar")  # fmt: skip
    assert part.get_param("method") == "REQUEST" and part.get_filename() == "invitation.ics"
    for bad in (
        what(title="a\r\nATTENDEE:mailto:x@evil.example"),
        what(place="b\nBEGIN:VALARM"),
        what(agenda="\x00"),
    ):
        again = plan_meeting(actor=c.ines, client_id=c.northwick.id, what=bad, invited=Invited())
        assert isinstance(again, Refusal) and again.code == "header_injection"


def test_changing_counts_up_and_cancelling_takes_it_out() -> None:
    c = cast(signed=True)
    row = planned(c, recipient_id=c.recipient.id)
    later = replace(what(), starts_at=row.starts_at + timedelta(days=1), ends_at=row.ends_at + timedelta(days=1))  # fmt: skip
    row = done(change_meeting(actor=c.dan, meeting_id=row.id, what=later))
    same = done(change_meeting(actor=c.dan, meeting_id=row.id, what=later))
    assert same.sequence == 1 and len(mails("meeting_changed")) == 1, "nothing changed, nothing is sent"
    (event,) = calendar_of(mails("meeting_changed")[0]).walk("VEVENT")
    assert int(event["SEQUENCE"]) == 1 and event.decoded("DTSTART") == later.starts_at
    row = done(cancel_meeting(actor=c.ines, meeting_id=row.id, reason="Theo is ill"))
    (mail,) = mails("meeting_cancelled")
    found = calendar_of(mail)
    (event,) = found.walk("VEVENT")
    assert str(found["METHOD"]) == "CANCEL" and str(event["STATUS"]) == "CANCELLED"
    assert int(event["SEQUENCE"]) == 2 and "Theo is ill" in mail.text
    for again in (
        change_meeting(actor=c.ines, meeting_id=row.id, what=what()),
        cancel_meeting(actor=c.ines, meeting_id=row.id, reason="Again"),
    ):
        assert isinstance(again, Refusal) and again.code == "meeting_not_planned"


def test_when_consent_ends_the_invitation_stops_and_the_cancellation_goes_without_them() -> None:
    c = cast(signed=True)
    row = planned(c, recipient_id=c.recipient.id)
    assert c.authorisation is not None
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    (mail,) = mails("meeting_invitation")
    if mail.state == "queued":
        assert isinstance(deliver.claim(mail.id), Refusal)
    assert Envelope.objects.get(pk=mail.id).state == "stopped"
    moved = change_meeting(actor=c.ines, meeting_id=row.id, what=what(title="Other"))
    assert isinstance(moved, Refusal) and moved.rule == "R1"
    done(cancel_meeting(actor=c.ines, meeting_id=row.id, reason="Consent was withdrawn"))
    (told,) = mails("meeting_cancelled")
    assert not told.to_provider and [one["role"] for one in told.recipients] == ["client", "msp"]
    assert Entry.objects.get(type="meeting.cancelled").recipient_ref is None


def test_a_double_click_is_one_meeting_and_quayside_sees_nothing() -> None:
    c = cast()
    at, invited = what(), Invited()
    first, second = (
        done(plan_meeting(actor=c.ines, client_id=c.northwick.id, what=at, invited=invited, idempotency="k"))
        for _ in range(2)
    )
    assert first.id == second.id and len(mails("meeting_invitation")) == 1
    assert meeting_seen(c.leo, first.id) is None and meeting_seen(c.theo, first.id) is None
    assert meeting_seen(c.mara, first.id) is not None
    assert meetings_page(c.leo, c.northwick.id, 1).paginator.count == 0
    foreign = plan_meeting(
        actor=c.ines, client_id=c.quayside.id, what=at, invited=Invited(contact_ids=[c.mara.id])
    )
    assert isinstance(foreign, Refusal) and foreign.code == "not_found"
    for actor in (c.mara, c.theo, c.kerstin):
        no = plan_meeting(actor=actor, client_id=c.northwick.id, what=at, invited=invited)
        assert isinstance(no, Refusal)
    for url in (f"/client/meetings/{first.id}/", "/client/meetings/"):
        assert browser_of(c.mara).get(url).status_code == 200
    assert browser_of(c.leo).get(f"/client/meetings/{first.id}/").status_code == 404


def test_what_was_said_is_logged_from_the_meeting_and_closes_it() -> None:
    c = cast()
    row = planned(c)
    notes = CallNotes("Mara Ellery", "We agreed on Friday", timezone.now(), 45, meeting_id=row.id)
    call = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    row.refresh_from_db()
    assert (row.state, row.call_id, call.kind) == ("held", call.id, "meeting")
    again = log_call(actor=c.dan, client_id=c.northwick.id, notes=notes)
    assert isinstance(again, Refusal) and again.code == "meeting_not_planned"
    other = log_call(actor=c.dan, client_id=c.quayside.id, notes=notes)
    assert isinstance(other, Refusal) and other.code == "not_found"
    page = browser_of(c.ines).get(f"/meetings/{row.id}/").content.decode()
    assert "What was said" in page and "Cancel the meeting" not in page


def test_promises_show_when_they_are_due_and_are_ticked_off() -> None:
    c = cast()
    today = timezone.localdate()
    notes = CallNotes("Mara Ellery", "Keys", timezone.now(), promised="The door keys", promised_by="Dan Frey",
                      promised_for=today)  # fmt: skip
    call = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    late = replace(notes, promised_for=today + timedelta(days=30))
    done(log_call(actor=c.dan, client_id=c.northwick.id, notes=late))
    assert [one.id for one in promises_due(c.northwick.id, today)] == [call.id]
    departure = c.northwick.offboardings.get()
    ines = browser_of(c.ines)
    assert "Dan Frey promised: The door keys." in ines.get(f"/offboardings/{departure.id}/").content.decode()
    assert ines.post(f"/calls/{call.id}/promise/", {"do": "kept"}).status_code == 302
    assert not promises_due(c.northwick.id, today)
    row = Call.objects.get(pk=call.id)
    assert row.promise_kept_by_name == "Ines Duarte"
    done(settle_promise(actor=c.ines, call_id=call.id))
    assert Entry.objects.filter(type="call.promise_kept").count() == 1, "twice changes nothing"
    assert browser_of(c.jonah).post(f"/calls/{call.id}/promise/", {"do": "reopen"}).status_code == 302
    assert promises_due(c.northwick.id, today)


def test_the_client_corrects_a_summary_and_both_versions_stay() -> None:
    c = cast()
    notes = CallNotes("Mara Ellery", "We delete on Monday", timezone.now(), internal_note="Was cross")
    call = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    mara = browser_of(c.mara)
    page = mara.get(f"/client/calls/{call.id}/").content.decode()
    assert "We delete on Monday" in page and "Was cross" not in page
    assert mara.post(f"/client/calls/{call.id}/correct/", {"correction": "I said: not before Friday."}).status_code == 302  # fmt: skip
    call.refresh_from_db()
    assert call.summary == "We delete on Monday"
    assert call.correction == "Mara Ellery, Northwick Traders: I said: not before Friday."
    mail = mails("call_summary")[-1]
    assert [one["role"] for one in mail.recipients] == ["client", "msp"]
    assert mail.client_contact_id == c.mara.id and "not before Friday" in mail.text
    done(correct_call(actor=c.mara, call_id=call.id, correction="I said: not before Friday."))
    assert len(mails("call_summary")) == 2, "a double click says nothing twice"
    assert browser_of(c.leo).get(f"/client/calls/{call.id}/").status_code == 404
    for actor in (c.leo, c.theo):
        no = correct_call(actor=actor, call_id=call.id, correction="x")
        assert isinstance(no, Refusal) and no.code == "not_found"
    observer = correct_call(actor=c.tom, call_id=call.id, correction="x")
    assert isinstance(observer, Refusal) and observer.code == "not_your_role"


def test_pages_plan_change_and_cancel() -> None:
    c = cast(signed=True)
    ines = browser_of(c.ines)
    url = f"/clients/{c.northwick.id}/meetings/plan/"
    form = ines.get(url).content.decode()
    assert "Theo Brandt, Alder Row IT" in form and "Mara Ellery" in form
    begins = timezone.localtime() + timedelta(days=3)
    given = {"title": "Cut-over", "starts_at": f"{begins:%Y-%m-%dT%H:%M}", "minutes": "45", "place": "Room", "agenda": "",
             "persons": [str(c.theo.id)], "staff": [str(c.ines.id)], "key": "abc"}  # fmt: skip
    answer = ines.post(url, given)
    row = Meeting.objects.get()
    assert answer.status_code == 302 and answer["Location"] == f"/meetings/{row.id}/"
    assert [one["name"] for one in row.attendees] == ["Mara Ellery", "Theo Brandt", "Ines Duarte"]
    assert "Cut-over" in ines.get(f"/clients/{c.northwick.id}/meetings/").content.decode()
    assert ines.post(f"/meetings/{row.id}/change/", {**given, "title": "Cut-over night"}).status_code == 302
    assert ines.post(f"/meetings/{row.id}/cancel/", {"reason": ""}).status_code == 422
    assert ines.post(f"/meetings/{row.id}/cancel/", {"reason": "Snow"}).status_code == 302
    row.refresh_from_db()
    assert (row.title, row.state, row.sequence) == ("Cut-over night", "cancelled", 2)
    assert "cancelled" in ines.get(f"/meetings/{row.id}/").content.decode()
    assert browser_of(c.kerstin).get(url).status_code == 409
