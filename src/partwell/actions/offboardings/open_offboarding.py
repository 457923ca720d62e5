# SPDX-License-Identifier: AGPL-3.0-or-later
"""A departure begins: the notice as it came, typed in or as a mail kept byte for byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.clients.add_client import manager_of
from partwell.actions.clients.add_contact import NewContact, contact_problem, new_contact
from partwell.actions.facts import zone
from partwell.actions.offboardings.common import policy
from partwell.actions.retention.basis import basis_of
from partwell.actions.retention.choices import ask_choice, would_ask
from partwell.actions.retention.keep_dates import redate
from partwell.documents.texts import phrase
from partwell.records.clients.models import Client, Contact
from partwell.records.offboardings.models import Offboarding, PainPoint
from partwell.records.vault.models import StoredFile
from partwell.rules import dates, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Channel, ClientState, Destination, Reason


@dataclass(frozen=True)
class Notice:
    """What the client said. ``noticed_at``: when it reached the MSP (aware); ``end_of_service``: the effective day.

    ``file``: the notice itself, stored byte for byte; ``outside``: a new contact outside the domain that
    migrates (R2), or ``outside_contact_id`` for one on file. ``pain_points``: up to five, in the client's words (R9).
    """

    noticed_at: datetime
    channel: Channel
    reason: Reason
    destination: Destination
    end_of_service: date
    text: str = ""
    clause: str = ""
    renewal_note: str = ""
    notice_from_id: UUID | None = None
    owner_id: UUID | None = None
    outside_contact_id: UUID | None = None
    outside: NewContact | None = None
    pain_points: Sequence[str] = ()
    file: bytes | None = None
    file_name: str = ""
    file_type: str = "message/rfc822"
    file_from: str = ""


def _problem(client: Client, notice: Notice, points: list[str], now: datetime) -> Refusal | None:
    if (refusal := lifecycle.may_open(ClientState(client.state), client.name, has_open=False)) is not None:
        return refusal
    on = day_in(notice.noticed_at, zone())
    if notice.end_of_service < on:
        return refuse("date_before_notice", what="The end of service", day=notice.end_of_service, notice=on)
    if notice.noticed_at > now:
        return refuse("invalid_input", where="The moment of the notice", problem="it lies in the future")
    if len(points) > 5:
        return refuse("too_many_pain_points", count=len(points))
    wanted = {one for one in (notice.notice_from_id, notice.outside_contact_id) if one}
    if Contact.objects.filter(client=client, left_at=None, pk__in=wanted).count() != len(wanted):
        return refuse("not_found")
    if notice.outside is not None:
        return contact_problem(client, notice.outside.name, notice.outside.email, notice.outside.second_email)
    return None


def open_offboarding(*, actor: Actor, client_id: UUID, notice: Notice) -> Offboarding | Refusal:
    """Open the offboarding; the client is departing from now on. Refused if one is open or the client is not active."""
    if (refusal := roles.may(actor.role, "offboarding.open")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    owner = manager_of(notice.owner_id or actor.id)
    if owner is None:
        return refuse("not_found")
    stored = None
    if notice.file is not None:
        stored = files.store(
            actor,
            notice.file,
            client_id=client_id,
            name=notice.file_name or "notice.eml",
            media_type=notice.file_type,
        )
    points = [one.strip() for one in notice.pain_points if one.strip()]
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (problem := _problem(client, notice, points, deed.now)) is not None:
            return deed.refuse(problem, subject=client.id, verb="offboarding.open")
        if stored is not None:
            _keep(deed, stored, notice.file_from)
        outside = (
            new_contact(deed, client, notice.outside)
            if notice.outside
            else Contact.objects.filter(pk=notice.outside_contact_id or UUID(int=0)).first()
        )
        if outside is not None and not outside.outside_domain:
            # They were named as such: the person who opens the departure knows which domain will move.
            deed.save(outside, outside_domain=True)
        months, _ = policy(client_id)
        row = deed.add(
            Offboarding(
                client=client,
                reason=notice.reason,
                destination=notice.destination,
                channel=notice.channel,
                noticed_at=notice.noticed_at,
                received_by_id=actor.id,
                notice_from_id=notice.notice_from_id,
                notice_text=notice.text.strip(),
                notice_file=stored,
                clause=notice.clause.strip()[:120],
                renewal_note=notice.renewal_note.strip(),
                end_of_service=notice.end_of_service,
                keep_until=dates.keep_until(notice.end_of_service, months),
                owner=owner,
                outside_contact=outside,
                opened_at=deed.now,
            )
        )
        for position, words in enumerate(points, start=1):
            deed.add(PainPoint(offboarding=row, position=position, words=words))
        after = lifecycle.client_after(ClientState(client.state), "open")
        assert not isinstance(after, Refusal)  # may_open has said that the client is active
        deed.save(client, state=after)
        content: dict[str, Any] = {
            "notice_on": day_in(notice.noticed_at, zone()).isoformat(),
            "channel": row.channel,
            "reason": row.reason,
            "destination": row.destination,
            "pain_points": points,
        }
        if stored is not None:
            content["digest"] = stored.sha256
        if outside is not None:
            content["outside_contact"] = outside.name
        deed.record(
            "offboarding.opened",
            subjects=[row.id],
            public={"effective": row.end_of_service.isoformat()},
            to_client=content,
        )
        deed.record("client.became", subjects=[row.id], public={"state": client.state})
        asks = would_ask(basis_of(client)) is not None
        redate(
            deed,
            tell=None
            if asks
            else phrase("Your notice has given your backups a day until which they are kept."),
        )
        if asks:
            ask_choice(deed)
        return row


def _keep(deed: Deed, stored: StoredFile, sender: str) -> None:
    """The notice's own bytes, with their digest in the ledger."""
    deed.add(stored)
    content = {"digest": stored.sha256, "file": stored.id.hex}
    if sender:
        content["from_address"] = sender[:320]
    deed.record("notice.stored", subjects=[stored.id], to_client=content)
