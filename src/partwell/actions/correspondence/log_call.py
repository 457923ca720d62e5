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
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Call
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse, show


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
        row = deed.add(
            Call(
                client=client,
                offboarding=open_offboarding(client.id),
                recipient=recipient,
                kind=notes.kind,
                with_whom=notes.with_whom.strip()[:300],
                happened_at=notes.happened_at,
                minutes=notes.minutes,
                summary=notes.summary.strip(),
                promised=notes.promised.strip()[:300],
                promised_by=notes.promised_by.strip()[:160],
                promised_for=notes.promised_for,
                internal_note=notes.internal_note.strip(),
                logged_by_name=actor.name,
                logged_at=deed.now,
            )
        )
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


def _mail(deed: Deed, row: Call, persons: list[RecipientPerson], said: str, dedupe: str) -> None:
    promise = [f"{row.promised_by or 'We'}: {row.promised}"] if row.promised else []
    if promise and row.promised_for:
        promise = [f"{promise[0]} (by {show(row.promised_for)})"]
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
            values={
                "at": row.happened_at,
                "participants": [row.with_whom, deed.actor.name],
                "said": [said],
                "logged_by": deed.actor.name,
                "duration": f"{row.minutes} minutes" if row.minutes else None,
                "next_steps": promise,
                "portal_url": link("/client/messages/"),
            },
        ),
    )
    if isinstance(found, Refusal) and persons:
        raise NotInTheLoop(found)


def correct_call(*, actor: Actor, call_id: UUID, correction: str) -> Call | Refusal:
    """Add a correction to a logged call; what was written stays, and the client has the correction by mail."""
    peek = Call.objects.filter(pk=call_id).first()
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "call.log")) is not None:
        return refusal
    text = correction.strip()
    if not text:
        return refuse("required", where="The correction")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = Call.objects.get(pk=call_id)
        whole = f"{row.correction}\n\n{text}".strip()
        deed.save(row, correction=whole)
        _mail(deed, row, [], f"Correction: {text}", f"call:{row.id.hex}:{row.row_version}")
        deed.record(
            "call.corrected",
            subjects=[row.id],
            public={"others": row.with_whom},
            to_client={"correction": text},
        )
        return row
