# SPDX-License-Identifier: AGPL-3.0-or-later
"""No invitation without the client, whatever is tried; zones, long words and answers by mail (R1, R2)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from icalendar import Calendar

from partwell.actions.clients.contact_left import contact_left
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.meetings import Invited, cancel_meeting, change_meeting, plan_meeting
from partwell.actions.files import read_file
from partwell.documents import calendar_text
from partwell.records.correspondence.models import Envelope, Meeting, Message
from partwell.records.guard import permit
from partwell.records.vault.queries import stored_file
from partwell.rules.meetings import Appointment
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.mail_cast import address, dns, mail, mail_comes_in, signed, take

pytestmark = pytest.mark.both_databases


def ahead(**more: Any) -> Appointment:
    begins = timezone.now().replace(microsecond=0) + timedelta(days=2)
    return Appointment(
        **{"title": "Handover", "starts_at": begins, "ends_at": begins + timedelta(hours=1), **more}
    )


def invitations() -> list[Envelope]:
    return list(Envelope.objects.filter(kind__startswith="meeting_").order_by("queued_at"))


def events(row: Envelope) -> Any:
    found = Calendar.from_ical(read_file(stored_file(UUID(hex=row.documents[0]["file"]))))
    assert not found.errors
    (event,) = found.walk("VEVENT")
    return event


def plan(c: Cast, what: Appointment | None = None, **invited: Any) -> Meeting | Refusal:
    return plan_meeting(
        actor=c.ines, client_id=c.northwick.id, what=what or ahead(), invited=Invited(**invited)
    )


def test_where_no_address_of_the_client_works_nobody_is_invited_changed_or_told(monkeypatch: Any) -> None:
    c = cast(signed=True)
    row = done(plan(c, recipient_id=c.recipient.id))
    before = len(invitations())
    for module in ("meetings", "post"):
        monkeypatch.setattr(f"partwell.actions.correspondence.{module}.loop_contacts", lambda client: [])
    tried = [
        plan(c, recipient_id=c.recipient.id, person_ids=[c.theo.id]),
        plan(c, contact_ids=[c.mara.id], recipient_id=c.recipient.id),
        change_meeting(actor=c.ines, meeting_id=row.id, what=ahead(title="Other")),
        cancel_meeting(actor=c.ines, meeting_id=row.id, reason="Snow"),
    ]
    assert {one.code for one in tried if isinstance(one, Refusal)} == {"no_working_client_address"}
    assert all(isinstance(one, Refusal) for one in tried)
    assert len(invitations()) == before and Meeting.objects.count() == 1


def test_a_provider_alone_or_the_client_left_out_ends_with_the_client_on_it() -> None:
    c = cast(signed=True)
    row = done(plan(c, recipient_id=c.recipient.id, person_ids=[c.theo.id], contact_ids=[]))
    assert row.attendees[0]["role"] == "client"
    (mail_,) = invitations()
    assert [one["role"] for one in mail_.recipients] == ["client", "provider", "msp"]
    assert "mailto:mara@northwick.example" in [str(one) for one in events(mail_)["ATTENDEE"]]
    done(contact_left(actor=c.ines, contact_id=c.tom.id))
    gone = plan(c, contact_ids=[c.tom.id], recipient_id=c.recipient.id)
    assert isinstance(gone, Refusal), "who left is invited no more"
    for foreign in ({"contact_ids": [c.leo.id]}, {"person_ids": [c.leo.id], "recipient_id": c.recipient.id}, {"staff_ids": [c.theo.id]},
                    {"recipient_id": uuid4()}):  # fmt: skip
        assert isinstance(plan(c, **foreign), Refusal), foreign


def test_the_database_itself_takes_no_invitation_without_a_contact_of_that_client() -> None:
    c = cast(signed=True)
    done(plan(c, recipient_id=c.recipient.id))
    (row,) = invitations()
    for contact in (c.leo.id, uuid4()):
        copy = Envelope.objects.get(pk=row.pk)
        copy.pk, copy.client_contact_id = uuid4(), contact
        copy.dedupe_key, copy.internet_message_id = uuid4().hex, f"<{uuid4().hex}@harbourline.example>"
        with pytest.raises(DatabaseError), permit("deed"), transaction.atomic():
            copy.save(force_insert=True)
            connection.check_constraints()
    with pytest.raises(DatabaseError), permit("deed"), transaction.atomic():
        Envelope.objects.filter(pk=row.pk).update(recipients=row.recipients[1:])


def test_an_update_of_a_meeting_keeps_its_uid_counts_up_and_reaches_everybody_again() -> None:
    c = cast(signed=True)
    row = done(plan(c, recipient_id=c.recipient.id, contact_ids=[c.mara.id, c.tom.id]))
    for number in range(1, 4):
        row = done(change_meeting(actor=c.ines, meeting_id=row.id, what=ahead(title=f"Handover {number}")))
    done(cancel_meeting(actor=c.ines, meeting_id=row.id, reason="Snow"))
    sent = [(one, events(one)) for one in invitations()]
    assert len(sent) == 10, "five times two contacts"
    assert {str(event["UID"]) for _, event in sent} == {row.uid}
    assert sorted({int(event["SEQUENCE"]) for _, event in sent}) == [0, 1, 2, 3, 4]
    for _, event in sent:
        assert [str(one) for one in event["ATTENDEE"]][:2] == [
            "mailto:mara@northwick.example",
            "mailto:tom@northwick.example",
        ]
    assert {str(event["STATUS"]) for one, event in sent if one.kind == "meeting_cancelled"} == {"CANCELLED"}
    assert all(one.client_contact_id in (c.mara.id, c.tom.id) for one, _ in sent)


@pytest.mark.parametrize(
    ("wall", "zone", "utc"),
    [
        ("2026-10-25T02:30", "Europe/Berlin", "20261025T003000Z"),  # comes twice: the earlier
        ("2026-10-25T03:30", "Europe/Berlin", "20261025T023000Z"),
        ("2027-03-28T03:30", "Europe/Berlin", "20270328T013000Z"),
        ("2027-03-14T03:30", "America/New_York", "20270314T073000Z"),
        ("2027-01-01T00:15", "Asia/Kathmandu", "20261231T183000Z"),
        ("2027-01-01T00:15", "Pacific/Kiritimati", "20261231T101500Z"),
    ],
)
def test_moments_of_every_zone_stand_in_a_calendar_as_one_moment(wall: str, zone: str, utc: str) -> None:
    starts = datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone))
    one = calendar_text.Happening(
        uid="a@b.example", stamp=datetime(2026, 1, 1, tzinfo=UTC), starts=starts, ends=starts + timedelta(hours=1), summary="ü" * 200,
        organizer=("H", "desk@h.example"), attendees=(('Mara "M" Ellery; Ä', "mara@n.example"),),
    )  # fmt: skip
    raw = calendar_text.invitation(one, calendar_text.REQUEST)
    assert f"DTSTART:{utc}\r\n".encode() in raw and all(len(line) <= 75 for line in raw.split(b"\r\n"))
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    assert event.decoded("DTSTART") == starts.astimezone(UTC) and str(event["SUMMARY"]) == "ü" * 200
    assert str(event["ATTENDEE"].params["CN"]) == "Mara 'M' Ellery; Ä"


def test_an_answer_by_mail_to_a_summary_stands_beside_the_call() -> None:
    with mail_comes_in():
        c = cast()
        call = done(
            log_call(
                actor=c.dan,
                client_id=c.northwick.id,
                notes=CallNotes("Mara Ellery", "We delete on Monday", timezone.now()),
            )
        )
        summary = Envelope.objects.get(dedupe_key=f"call:{call.id.hex}")
        to = address()
        assert summary.reply_to == to
        raw = mail(
            "mara@northwick.example",
            to,
            "Re: Summary",
            "No: not before Friday.",
            In_Reply_To=summary.internet_message_id,
        )
        row = take(signed(raw, "northwick.example"), to=to, resolver=dns("northwick.example"))
        assert row.state == "filed" and row.message is not None
        assert Message.objects.get(pk=row.message_id).author_name == "Mara Ellery"
        for actor, url in ((c.mara, f"/client/calls/{call.id}/"), (c.dan, f"/calls/{call.id}/")):
            page = browser_of(actor).get(url).content.decode()
            assert "Answered by mail" in page and "not before Friday" in page
        other = done(
            log_call(
                actor=c.dan, client_id=c.northwick.id, notes=CallNotes("Mara Ellery", "Else", timezone.now())
            )
        )
        assert "Answered by mail" not in browser_of(c.dan).get(f"/calls/{other.id}/").content.decode()
