# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calls and meetings: logged in under a minute, the summary goes to the client (R2)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.parties import may_write_to
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.actions.facts import open_offboarding
from partwell.actions.releases.standing import standing_of
from partwell.documents.texts import phrase
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.correspondence.models import Call, Meeting
from partwell.rules import meetings, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

LONGEST = 20_000


@dataclass(frozen=True)
class CallNotes:
    """What was said. ``happened_at`` aware; ``minutes`` whole. ``to_provider``: the recipient has the summary too."""

    with_whom: str
    summary: str
    happened_at: datetime
    minutes: int = 0
    kind: str = "call"
    recipient_id: UUID | None = None
    to_provider: bool = False
    promised: str = ""
    promised_by: str = ""
    promised_for: date | None = None
    internal_note: str = ""
    meeting_id: UUID | None = None  # the planned meeting that this is what was said at


def _problem(notes: CallNotes, now: datetime) -> Refusal | None:
    if not notes.with_whom.strip():
        return refuse("required", where="Who took part")
    if not notes.summary.strip():
        return refuse("required", where="What was said")
    if notes.kind not in ("call", "meeting") or not 0 <= notes.minutes <= 24 * 60:
        return refuse(
            "invalid_input", where="The call", problem="choose call or meeting, and minutes of one day"
        )
    if notes.happened_at > now:
        return refuse("invalid_input", where="When", problem="it lies in the future")
    return None


def log_call(*, actor: Actor, client_id: UUID, notes: CallNotes) -> Call | Refusal:
    """Log a call; its summary is mailed to the client, and to the recipient only if asked for and consent stands.

    ``internal_note`` goes nowhere (R4).
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "call.log")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (problem := _problem(notes, deed.now)) is not None:
            return problem
        recipient = None
        persons: list[RecipientPerson] = []
        if notes.recipient_id is not None:
            recipient = Recipient.objects.filter(pk=notes.recipient_id, client=client).first()
            if recipient is None:
                return refuse("not_found")
            if notes.to_provider:
                found = may_write_to(recipient.id, deed.now)
                if isinstance(found, Refusal):
                    return deed.refuse(found, subject=recipient.id, verb="call.log")
                persons = found
        meeting = None
        if notes.meeting_id is not None:
            meeting = Meeting.objects.filter(pk=notes.meeting_id, client=client).first()
            if meeting is None:
                return refuse("not_found")
            if (over := meetings.still_planned(meeting.state, meeting.title)) is not None:
                return over
        promised = notes.promised.strip()[:300]
        row = deed.add(
            Call(
                client=client,
                offboarding=open_offboarding(client.id),
                recipient=recipient,
                kind="meeting" if meeting is not None else notes.kind,
                with_whom=notes.with_whom.strip()[:300],
                happened_at=notes.happened_at,
                minutes=notes.minutes,
                summary=notes.summary.strip(),
                promised=promised,
                promised_by=notes.promised_by.strip()[:160] if promised else "",
                promised_for=notes.promised_for if promised else None,
                internal_note=notes.internal_note.strip(),
                logged_by_name=actor.name,
                logged_at=deed.now,
            )
        )
        if meeting is not None:
            deed.save(meeting, state=meetings.HELD, call=row)
        _mail(deed, row, persons, row.summary, f"call:{row.id.hex}")
        deed.record(
            "call.logged",
            recipient=recipient.id if recipient and persons else None,
            subjects=[row.id],
            public={"others": row.with_whom},
            to_client={
                "summary": row.summary,
                "began": row.happened_at.isoformat(),
                "minutes": row.minutes,
                "meeting": row.kind == "meeting",
            },
        )
        return row


def _mail(
    deed: Deed, row: Call, persons: list[RecipientPerson], said: str, dedupe: str, *, house: bool = False
) -> None:
    who = row.promised_by or phrase("We")
    promise = [phrase("{who}: {what}", who=who, what=row.promised)] if row.promised else []
    if promise and row.promised_for:
        promise = [phrase("{promise} (by {day})", promise=promise[0], day=row.promised_for)]
    authorisation = (
        standing_of(row.recipient_id, None, deed.now).authorisation if row.recipient_id and persons else None
    )
    found = post(
        deed,
        Post(
            kind="call_summary",
            dedupe=dedupe,
            persons=persons,
            authorisation=authorisation,
            contact=Contact.objects.filter(pk=deed.actor.id).first() if deed.actor.kind == "client" else None,
            house=house,
            values={
                "at": row.happened_at,
                "participants": list(dict.fromkeys([row.with_whom, row.logged_by_name])),
                "said": [said],
                "logged_by": row.logged_by_name,
                "duration": phrase("{count} minutes", count=row.minutes) if row.minutes else None,
                "next_steps": promise,
                "portal_url": link(f"/client/calls/{row.id}/"),
            },
        ),
    )
    if isinstance(found, Refusal) and persons:
        raise NotInTheLoop(found)


def correct_call(*, actor: Actor, call_id: UUID, correction: str) -> Call | Refusal:
    """Add a correction to a logged call; what was written stays, and the client has the correction by mail.

    The client's signatory says so too (``call.correct``): their words stand under their name, and the office has a copy.
    """
    peek = Call.objects.filter(pk=call_id).first()
    theirs = actor.kind == "client" and peek is not None and peek.client_id == actor.client_id
    if peek is None or not (actor.is_staff or theirs):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "call.correct" if theirs else "call.log")) is not None:
        return refusal
    text = correction.strip()
    if not text:
        return refuse("required", where="The correction")
    if len(text) > LONGEST:
        return refuse("invalid_input", where="The correction", problem=f"it is longer than {LONGEST} signs")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = Call.objects.get(pk=call_id)
        added = f"{actor.name}, {client.name}: {text}" if theirs else text
        if theirs and added in row.correction.split("\n\n"):
            return row  # the same words again: a double click
        if len(row.correction) > 10 * LONGEST:
            return refuse("invalid_input", where="The correction", problem="this call has too many of them")
        whole = f"{row.correction}\n\n{added}".strip()
        deed.save(row, correction=whole)
        _mail(deed, row, [], f"Correction: {added}", f"call:{row.id.hex}:{row.row_version}", house=theirs)
        deed.record(
            "call.corrected",
            subjects=[row.id],
            public={"others": row.with_whom},
            to_client={"correction": text},
        )
        return row


def settle_promise(*, actor: Actor, call_id: UUID, kept: bool = True) -> Call | Refusal:
    """Tick a call's promise off, or put it back (``kept`` False). Doing either twice changes nothing."""
    peek = Call.objects.filter(pk=call_id).first()
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "promise.settle")) is not None:
        return refusal
    if not peek.promised:
        return refuse("invalid_input", where="The promise", problem="nothing was promised in this call")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = Call.objects.get(pk=call_id)
        if (row.promise_kept_at is not None) == kept:
            return row
        deed.save(
            row,
            promise_kept_at=deed.now if kept else None,
            promise_kept_by_name=actor.name if kept else "",
        )
        deed.record(
            "call.promise_kept" if kept else "call.promise_reopened",
            subjects=[row.id],
            public={"others": row.with_whom},
            to_client={"promised": row.promised},
        )
        return row
