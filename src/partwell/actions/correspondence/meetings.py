# SPDX-License-Identifier: AGPL-3.0-or-later
"""Meetings are planned, changed and cancelled by invitations (RFC 5546), the client on every one (R2).

To a new provider only while consent stands: at the click, and again when the mail leaves. The calendar file is stored
and pinned by digest in the envelope, as every document is.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from partwell.actions.base import Deed
from partwell.actions.correspondence.parties import may_write_to
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.actions.facts import loop_contacts, open_offboarding, zone
from partwell.actions.files import store
from partwell.actions.releases.standing import standing_of
from partwell.documents import calendar_text
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.correspondence.models import Meeting
from partwell.records.people.models import StaffMember
from partwell.records.people.queries import the_msp
from partwell.records.vault.models import StoredFile
from partwell.rules import lifecycle, meetings, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

VERB = "meeting.plan"


@dataclass(frozen=True)
class Invited:
    """Who is to come. Without a contact it is the client's first one with a working address; ``staff`` empty: who plans it."""

    contact_ids: Sequence[UUID] = ()
    recipient_id: UUID | None = None
    person_ids: Sequence[UUID] = ()  # empty: everybody whom the authorisation names
    staff_ids: Sequence[UUID] = ()


@dataclass(frozen=True)
class _Guests:
    contacts: list[Contact]
    persons: list[RecipientPerson]
    staff: list[StaffMember]
    recipient: Recipient | None = None
    rows: list[dict[str, str]] = field(default_factory=list)


def _row(role: str, name: str, address: str, person: UUID) -> dict[str, str]:
    return {"role": role, "name": name, "address": address, "id": person.hex}


def _guests(client: Client, invited: Invited, actor: Actor, now: datetime) -> _Guests | Refusal:
    """Everybody, the client first; or why they cannot be invited."""
    reachable = loop_contacts(client.id)
    contacts = [one for one in reachable if one.id in set(invited.contact_ids)] or reachable[:1]
    if not contacts:
        return refuse("no_working_client_address")
    if not set(invited.contact_ids) <= {one.id for one in reachable}:
        return refuse("not_found")
    persons: list[RecipientPerson] = []
    recipient = None
    if invited.recipient_id is not None:
        recipient = Recipient.objects.filter(pk=invited.recipient_id, client=client).first()
        if recipient is None:
            return refuse("not_found")
        found = may_write_to(recipient.id, now)
        if isinstance(found, Refusal):
            return found
        wanted = set(invited.person_ids)
        persons = [one for one in found if not wanted or one.id in wanted]
        if not persons or not wanted <= {one.id for one in found}:
            return refuse("person_not_named", person="A person chosen here", recipient=recipient.firm)
    staff_ids = list(invited.staff_ids) or [actor.id]
    staff = list(
        StaffMember.objects.select_related("user").filter(pk__in=staff_ids, left_at=None).order_by("name")
    )
    if len(staff) != len(set(staff_ids)):
        return refuse("not_found")
    rows = [
        *(_row("client", one.name, one.email, one.id) for one in contacts),
        *(_row("provider", one.name, one.email, one.id) for one in persons),
        *(_row("staff", one.name, one.user.email, one.id) for one in staff),
    ]
    return _Guests(contacts, persons, staff, recipient, rows)


def _calendar(row: Meeting, actor: Actor, method: str, stamp: datetime) -> StoredFile:
    """The calendar file of a meeting as it is about to stand, stored; the deed adds its row."""
    msp = the_msp()
    assert msp is not None  # an actor exists, so the MSP does
    one = calendar_text.Happening(
        uid=row.uid,
        stamp=stamp,
        starts=row.starts_at,
        ends=row.ends_at,
        summary=row.title,
        sequence=row.sequence,
        description=row.agenda,
        location=row.place,
        url=link(f"/client/meetings/{row.id}/"),
        cancelled=method == calendar_text.CANCEL,
        organizer=(msp.name, msp.email),
        attendees=tuple((guest["name"], guest["address"]) for guest in row.attendees),
    )
    return store(
        actor,
        calendar_text.invitation(one, method),
        client_id=row.client_id,
        name="cancelled.ics" if method == calendar_text.CANCEL else "invitation.ics",
        media_type=f"text/calendar; method={method}",
    )


def _mail(deed: Deed, row: Meeting, guests: _Guests, file: StoredFile, kind: str, **more: str) -> None:
    """One envelope with the client, the new provider's people and ours; one more for each further contact."""
    authorisation = None
    if guests.recipient is not None and guests.persons:
        authorisation = standing_of(guests.recipient.id, None, deed.now).authorisation
    firms = {"client": deed.client.legal_name if deed.client else "", "staff": "", "provider": ""}
    if guests.recipient is not None:
        firms["provider"] = guests.recipient.firm
    values: dict[str, Any] = {
        "meeting": row.title,
        "begins": row.starts_at,
        "ends": row.ends_at,
        "place": row.place or None,
        "agenda": row.agenda or None,
        "attendees": [{"title": one["name"], "note": firms[one["role"]]} for one in row.attendees],
        "called_by": deed.actor.name,
        "portal_url": link(f"/client/meetings/{row.id}/"),
        **more,
    }
    for number, contact in enumerate(guests.contacts):
        found = post(
            deed,
            Post(
                kind=kind,
                dedupe=f"meeting:{row.id.hex}:{row.sequence}:{row.state}:{contact.id.hex}",
                values=values,
                contact=contact,
                persons=guests.persons if number == 0 else (),
                authorisation=authorisation if number == 0 else None,
                documents=[file],
                staff=[(one.name, one.user.email) for one in guests.staff] if number == 0 else (),
            ),
        )
        if isinstance(found, Refusal):
            raise NotInTheLoop(found)


def _record(deed: Deed, event: str, row: Meeting, guests: _Guests, **public: str) -> None:
    deed.record(
        event,
        recipient=guests.recipient.id if guests.recipient and guests.persons else None,
        subjects=[row.id],
        public={"meeting": row.title, "others": [one["name"] for one in row.attendees if one["role"] != "staff"], **public},
        to_client={"begins": row.starts_at.isoformat(), "place": row.place, "sequence": row.sequence},
    )  # fmt: skip


def _may(actor: Actor, client: Client | None) -> Refusal | None:
    if not actor.is_staff or client is None:
        return refuse("not_found")
    return roles.may(actor.role, VERB) or lifecycle.may_work_on(client.state, client.name, VERB)


def plan_meeting(
    *, actor: Actor, client_id: UUID, what: meetings.Appointment, invited: Invited, idempotency: str = ""
) -> Meeting | Refusal:
    """Plan a meeting and send the invitations (METHOD:REQUEST); the client is always on them (R2).

    A new provider's people only while the authorisation stands and names them (R1). The same ``idempotency`` twice is
    one meeting. NotInTheLoop where the client cannot be addressed: nothing is kept then.
    """
    client = Client.objects.filter(pk=client_id).first()
    if (refusal := _may(actor, client)) is not None or client is None:
        return refusal or refuse("not_found")
    row_id = uuid4()
    uid = f"{row_id.hex}@{_domain()}"
    if idempotency:
        uid = f"{client_id.hex[:12]}-{_short(idempotency)}@{_domain()}"
        if (earlier := Meeting.objects.filter(uid=uid).first()) is not None:
            return earlier
    with Deed(actor) as deed:
        deed.lock(client_id)
        if (wrong := meetings.problem(what, deed.now)) is not None:
            return wrong
        guests = _guests(client, invited, actor, deed.now)
        if isinstance(guests, Refusal):
            return deed.refuse(guests, subject=invited.recipient_id or client_id, verb=VERB)
        moment = deed.now
    row = Meeting(
        id=row_id, client=client, offboarding=open_offboarding(client.id), recipient=guests.recipient, uid=uid, title=what.title.strip(),
        agenda=what.agenda.strip(), place=what.place.strip(), starts_at=what.starts_at, ends_at=what.ends_at, zone=zone(),
        attendees=guests.rows, called_by_name=actor.name, called_at=moment,
    )  # fmt: skip
    file = _calendar(row, actor, calendar_text.REQUEST, moment)
    with Deed(actor) as deed:
        deed.lock(client_id)
        again = _guests(client, invited, actor, deed.now)
        if isinstance(again, Refusal) or again.rows != guests.rows:
            return again if isinstance(again, Refusal) else refuse("version_conflict")
        if (earlier := Meeting.objects.filter(uid=uid).first()) is not None:
            return earlier  # the other click was quicker; its file is swept with other strays
        deed.add(file)
        deed.add(row)
        _mail(deed, row, again, file, "meeting_invitation")
        _record(deed, "meeting.planned", row, again)
    return row


def _domain() -> str:
    msp = the_msp()
    return msp.email.rpartition("@")[2] if msp else "partwell.invalid"


def _short(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:24]


def _still(row: Meeting, client: Client, actor: Actor, now: datetime) -> _Guests | Refusal:
    """Who was invited, as far as they can still be written to. A refusal where the new provider no longer may be."""
    ids = {role: [UUID(hex=one["id"]) for one in row.attendees if one["role"] == role] for role in ("client", "provider", "staff")}  # fmt: skip
    reachable = loop_contacts(client.id)
    contacts = [one for one in reachable if one.id in set(ids["client"])] or reachable[:1]
    if not contacts:
        return refuse("no_working_client_address")
    staff = list(StaffMember.objects.select_related("user").filter(pk__in=ids["staff"], left_at=None).order_by("name"))  # fmt: skip
    persons: list[RecipientPerson] = []
    if ids["provider"] and row.recipient_id is not None:
        found = may_write_to(row.recipient_id, now)
        if isinstance(found, Refusal):
            return found
        persons = [one for one in found if one.id in set(ids["provider"])]
    return _Guests(contacts, persons, staff, row.recipient, row.attendees)


def change_meeting(*, actor: Actor, meeting_id: UUID, what: meetings.Appointment) -> Meeting | Refusal:
    """Move or rename a planned meeting: the same invitation with a higher sequence, to everybody who has it.

    Who comes does not change; where the new provider's authorisation no longer stands, the refusal says so: cancel it then.
    """
    row = Meeting.objects.select_related("client", "recipient").filter(pk=meeting_id).first()
    refusal = _may(actor, row.client if row else None)
    if refusal is not None or row is None:
        return refusal or refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        wrong = meetings.still_planned(row.state, row.title) or meetings.problem(what, deed.now)
        if wrong is not None:
            return wrong
        guests = _still(row, row.client, actor, deed.now)
        if isinstance(guests, Refusal):
            return deed.refuse(guests, subject=row.id, verb=VERB)
        moment = deed.now
    changes: dict[str, Any] = {
        "title": what.title.strip(), "agenda": what.agenda.strip(), "place": what.place.strip(),
        "starts_at": what.starts_at, "ends_at": what.ends_at,
    }  # fmt: skip
    if all(getattr(row, name) == value for name, value in changes.items()):
        return row
    before, version = row.starts_at, row.row_version
    for name, value in changes.items():
        setattr(row, name, value)
    row.sequence += 1
    file = _calendar(row, actor, calendar_text.REQUEST, moment)
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        guests = _still(row, row.client, actor, deed.now)
        if isinstance(guests, Refusal):
            return deed.refuse(guests, subject=row.id, verb=VERB)
        row.row_version = version
        deed.add(file)
        deed.save(row)
        _mail(deed, row, guests, file, "meeting_changed")
        _record(deed, "meeting.changed", row, guests, before=before.date().isoformat())
    return row


def cancel_meeting(*, actor: Actor, meeting_id: UUID, reason: str) -> Meeting | Refusal:
    """Cancel a planned meeting (METHOD:CANCEL). Where consent has ended since, the client and our own people alone are told."""
    row = Meeting.objects.select_related("client", "recipient").filter(pk=meeting_id).first()
    refusal = _may(actor, row.client if row else None)
    if refusal is not None or row is None:
        return refusal or refuse("not_found")
    words = " ".join(reason.split())[:300]
    if not words:
        return refuse("required", where="The reason")
    if (wrong := meetings.still_planned(row.state, row.title)) is not None:
        return wrong
    with Deed(actor) as deed:
        moment = deed.now
    row.sequence, row.state = row.sequence + 1, meetings.CANCELLED
    file = _calendar(row, actor, calendar_text.CANCEL, moment)
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        found = _still(row, row.client, actor, deed.now)
        if isinstance(found, Refusal):
            alone = [one for one in row.attendees if one["role"] != "provider"]
            keep = Meeting(client=row.client, attendees=alone)
            without = _still(keep, row.client, actor, deed.now)
            if isinstance(without, Refusal):
                return deed.refuse(without, subject=row.id, verb=VERB)
            found = without
        row.cancelled_at = deed.now
        deed.add(file)
        deed.save(row)
        _mail(deed, row, found, file, "meeting_cancelled", reason=words)
        _record(deed, "meeting.cancelled", row, found, why=words)
    return row
