# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reminds the signatory of an authorisation that waits for their signature, and nobody else, on the days that the settings name (R1)."""

from datetime import datetime
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.may_leave import REMINDER as KIND
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.waiting import open_with
from partwell.actions.facts import loop_contacts, zone
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
    waiting = Authorisation.objects.filter(state=AuthorisationState.PROPOSED, signed_at=None)
    ids = list(waiting.order_by("proposed_at", "id").values_list("id", "client_id"))
    house = zone()
    return sum(
        _remind(actor, row, client, days, house, now) for row, client in ids if _due(row, days, house, now)
    )


def facts_of(row: Authorisation, now: datetime) -> reminders.Waits:
    """What the rule asks. ``row`` with its signatory, client and offboarding."""
    sent = Envelope.objects.filter(authorisation=row, kind=KIND).values_list("dedupe_key", flat=True)
    return reminders.Waits(
        proposed_at=row.proposed_at,
        ends_on=row.ends_on,
        proposed=row.state == AuthorisationState.PROPOSED,
        signed=row.signed_at is not None,
        portal=row.channel == Channel.PORTAL,
        reached=row.signatory in loop_contacts(row.client_id),
        served=row.client.state != ClientState.INACTIVE
        and (row.offboarding is None or row.offboarding.state == "open"),
        open_now=open_with(row.client_id, now),
        sent=frozenset(int(key.rpartition(":")[2]) for key in sent if ":to:" not in key),
    )


def _row(authorisation_id: UUID) -> Authorisation:
    rows = Authorisation.objects.select_related("recipient", "signatory", "client", "offboarding")
    return rows.get(pk=authorisation_id)


def _due(authorisation_id: UUID, days: tuple[int, ...], house: str, now: datetime) -> bool:
    row = _row(authorisation_id)
    return reminders.due_step(facts_of(row, now), days, now, house) is not None


def _remind(
    actor: Actor, authorisation_id: UUID, client_id: UUID, days: tuple[int, ...], house: str, now: datetime
) -> bool:
    with Deed(actor, now=now) as deed:
        deed.lock(client_id)
        row = _row(authorisation_id)
        step = reminders.due_step(facts_of(row, now), days, now, house)
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
