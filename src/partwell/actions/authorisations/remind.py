# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reminds the signatory of an authorisation that waits for their signature, and nobody else, on the days that the settings name (R1)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from partwell.actions.base import Deed
from partwell.actions.correspondence.may_leave import REMINDER as KIND
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.waiting import open_with_each
from partwell.actions.facts import loop_contacts_of, zone
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Envelope
from partwell.records.people.queries import the_msp
from partwell.rules import reminders
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal
from partwell.rules.terms import AuthorisationState, Channel, ClientState


def remind_signatories(*, now: datetime, actor: Actor = SYSTEM) -> int:
    """The calendar's: each step of each authorisation that waits, once; gives how many mails. The same again sends nothing."""
    msp = the_msp()
    days = reminders.days_of(msp.signature_reminders) if msp else ()
    if not any(days):
        return 0
    house = zone()
    waiting = _rows().filter(state=AuthorisationState.PROPOSED, signed_at=None)
    rows = list(waiting.order_by("proposed_at", "id"))
    facts = facts_of(rows, now)
    due = [row for row in rows if reminders.due_step(facts[row.id], days, now, house) is not None]
    return sum(_remind(actor, row.id, row.client_id, days, house, now) for row in due)


def facts_of(rows: Sequence[Authorisation], now: datetime) -> dict[UUID, reminders.Waits]:
    """What the rule asks, by authorisation: ten queries for any number. ``rows`` with their signatory, client and offboarding."""
    clients = {row.client_id for row in rows}
    reached, open_now = loop_contacts_of(clients), open_with_each(clients, now)
    sent: dict[UUID, set[int]] = {row.id: set() for row in rows}
    left = Envelope.objects.filter(authorisation__in=sent, kind=KIND)
    for row_id, key in left.values_list("authorisation_id", "dedupe_key"):
        if row_id is not None and ":to:" not in key:
            sent[row_id].add(int(key.rpartition(":")[2]))
    return {
        row.id: reminders.Waits(
            proposed_at=row.proposed_at,
            ends_on=row.ends_on,
            proposed=row.state == AuthorisationState.PROPOSED,
            signed=row.signed_at is not None,
            portal=row.channel == Channel.PORTAL,
            reached=row.signatory in reached[row.client_id],
            served=row.client.state != ClientState.INACTIVE
            and (row.offboarding is None or row.offboarding.state == "open"),
            open_now=open_now[row.client_id],
            sent=frozenset(sent[row.id]),
        )
        for row in rows
    }


def _rows() -> "QuerySet[Authorisation]":
    return Authorisation.objects.select_related("recipient", "signatory", "client", "offboarding")


def _remind(
    actor: Actor, authorisation_id: UUID, client_id: UUID, days: tuple[int, ...], house: str, now: datetime
) -> bool:
    with Deed(actor, now=now) as deed:
        deed.lock(client_id)
        row = _rows().get(pk=authorisation_id)
        step = reminders.due_step(facts_of([row], now)[row.id], days, now, house)
        if step is None or row.proposed_at is None:
            return False
        since = day_in(row.proposed_at, house)
        mail = post(
            deed,
            Post(
                kind=KIND,
                dedupe=f"authorisation:{row.id.hex}:reminder:{step}",
                contact=row.signatory,
                authorisation=row,
                values={
                    "recipient_firm": row.recipient.firm,
                    "since": since,
                    "until": row.ends_on,
                    "portal_url": link(f"/client/authorisations/{row.id.hex}/"),
                },
            ),
        )
        if isinstance(mail, Refusal):
            return False
        deed.record(
            "authorisation.reminded",
            subjects=[row.id, row.recipient_id],
            public={"recipient": row.recipient.firm, "contact": row.signatory.name},
            to_client={"digest": mail.digest, "step": step, "since": since.isoformat()},
        )
        return True
