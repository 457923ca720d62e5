# SPDX-License-Identifier: AGPL-3.0-or-later
"""R8: a notice is withdrawn before closing. Authorisations end, what is queued stops, dates clear; no fee."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Q

from partwell.actions.authorisations.end import withdraw
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post, title_of
from partwell.actions.correspondence.reply_addresses import revoke_departure
from partwell.actions.offboardings.common import find
from partwell.actions.offboardings.move_dates import settle
from partwell.actions.retention.choices import void_choices
from partwell.actions.retention.keep_dates import redate
from partwell.documents.texts import phrase
from partwell.records.authorisations.models import Authorisation
from partwell.records.offboardings.models import Acceptance, DateChange, Offboarding
from partwell.records.people.queries import the_msp
from partwell.records.releases.models import ReleaseLine
from partwell.rules import dates, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, ClientState, ItemKind, OffboardingState


def to_rotate(offboarding: Offboarding) -> list[ReleaseLine]:
    """Credentials of this departure that a new provider may have seen and that were not rotated since.

    A line that was stopped counts too if it had been opened or revealed: stopping its mail unseens nothing.
    """
    left = Q(state="sent") | Q(opened_at__isnull=False) | Q(reveals__claimed_at__isnull=False)
    lines = (
        ReleaseLine.objects.select_related("item", "release__recipient")
        .filter(release__offboarding=offboarding, release__party="provider", kind=ItemKind.CREDENTIAL)
        .filter(left, rotated_at=None)
        .order_by("title")
    )
    return list({line.item_id: line for line in lines}.values())


def _facts(row: Offboarding, consents: list[Authorisation]) -> dates.WithdrawalFacts:
    queued = row.client.envelopes.filter(to_provider=True, state__in=["queued", "claimed"])
    return dates.WithdrawalFacts(
        state=OffboardingState(row.state),
        authorisation_ids=tuple(one.id.hex for one in consents),
        queued_envelope_ids=tuple(one.hex for one in queued.values_list("id", flat=True)),
        released_credentials=tuple((line.item_id.hex, line.title) for line in to_rotate(row)),
    )


def _consents(row: Offboarding) -> list[Authorisation]:
    """Every consent of this departure that is alive; a contractor's, apart from it, is not touched."""
    alive = (AuthorisationState.GRANTED, AuthorisationState.PROPOSED)
    rows = Authorisation.objects.select_related("recipient", "client", "signatory", "offboarding")
    of_it = Q(offboarding=row) | Q(client=row.client, recipient__kind="new_provider")
    return list(rows.filter(of_it, state__in=alive))


def consequences(offboarding_id: UUID) -> dates.WithdrawalConsequences | Refusal:
    """What withdrawing the notice would bring with it, to be shown before it is done."""
    row = find(offboarding_id)
    return refuse("not_found") if row is None else dates.withdraw_notice(_facts(row, _consents(row)))


def withdraw_notice(*, actor: Actor, offboarding_id: UUID, words: str = "") -> Offboarding | Refusal:
    """The client stays. By its signatory in the portal, or by staff to whom it said so otherwise."""
    peek = find(offboarding_id)
    foreign = actor.kind == "client" and peek is not None and peek.client_id != actor.client_id
    if peek is None or foreign or actor.kind not in ("staff", "client"):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "offboarding.withdraw_notice")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = Offboarding.objects.select_related("client").get(pk=offboarding_id)
        consents = _consents(row)
        facts = _facts(row, consents)
        may = dates.withdraw_notice(facts)
        if isinstance(may, Refusal):
            return deed.refuse(may, subject=row.id, verb="offboarding.withdraw_notice")
        stopped: list[str] = []
        leaving: list[str] = []
        for consent in consents:
            gone, going = withdraw(deed, consent, "The notice was withdrawn.")
            stopped += [title_of(one) for one in gone]
            leaving += [title_of(one) for one in going]
        # Asked again: what was stopped just now, unseen, need not be rotated.
        left = tuple((line.item_id.hex, line.title) for line in to_rotate(row))
        found = dates.withdraw_notice(replace(facts, released_credentials=left))
        assert not isinstance(found, Refusal)  # the state is the same
        for change in DateChange.objects.filter(offboarding=row, state="proposed"):
            settle(deed, change, "lapsed")
        for acceptance in Acceptance.objects.filter(offboarding=row, state="requested"):
            deed.save(acceptance, state="replaced")
        state = lifecycle.offboarding_after(OffboardingState(row.state), "withdraw")
        after = lifecycle.client_after(ClientState(client.state), "withdraw")
        assert not isinstance(state, Refusal) and not isinstance(after, Refusal)  # asked by the rule above
        deed.save(
            row,
            state=state,
            withdrawn_at=deed.now,
            withdrawn_reason=words.strip(),
            acceptance_due=None,
        )
        deed.save(client, state=after)
        revoke_departure(deed, row)
        _tell(deed, row, found, stopped, leaving)
        content: dict[str, Any] = {
            "authorisations_ended": [one.recipient.firm for one in consents],
            "messages_stopped": stopped,
            "to_rotate": [{"item": item, "title": title} for item, title in found.rotate],
        }
        if words.strip():
            content["words"] = words.strip()
        deed.record("notice.withdrawn", subjects=[row.id], to_client=content)
        deed.record("client.became", subjects=[row.id], public={"state": client.state})
        void_choices(deed)
        redate(deed)
        return row


def _tell(
    deed: Deed, row: Offboarding, found: dates.WithdrawalConsequences, stopped: list[str], leaving: list[str]
) -> None:
    """The client's own receipt of what ended, and of what had already begun to leave."""
    msp = the_msp()
    lines = [phrase(one) for one in found.for_client]
    if stopped:
        lines.append(phrase("Stopped before they left: {what}.", what="; ".join(stopped)))
    if leaving:
        lines.append(phrase("Already leaving, and not to be called back: {what}.", what="; ".join(leaving)))
    post(
        deed,
        Post(
            kind="message",
            dedupe=f"offboarding:{row.id.hex}:withdrawn",
            second=True,
            values={
                "topic": phrase("Your notice is withdrawn; you stay with us"),
                "sender": deed.actor.name,
                "sender_firm": msp.name if msp and deed.actor.is_staff else row.client.name,
                "body": lines,
                "portal_url": link("/client/"),
            },
        ),
    )
