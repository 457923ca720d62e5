# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1's gate for a set: gathers facts of many items in a fixed number of queries and asks ``rules.release``.

Used for the preview, at the click, at the client's approval and at transmission, so that all four ask the same.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F

from partwell.actions.facts import (
    authorisation_facts,
    handover_facts,
    item_facts,
    loop_contacts,
    newest_authorisation,
    newest_trials,
    pauses,
    terms_accepted,
    zone,
)
from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.estate.models import Item
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules import handover
from partwell.rules.handover import ReleaseWay
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.release import ApprovalFacts, Decision, ReleaseFacts, decide
from partwell.rules.terms import ClientState, ItemKind, Party, RecipientKind, Verdict
from sealed import canonical


@dataclass(frozen=True)
class Target:
    """Where a set goes: the client's contact, or a person of a recipient firm."""

    party: Party
    contact: Contact | None = None
    person: RecipientPerson | None = None

    @property
    def recipient(self) -> Recipient | None:
        """The recipient firm, for the new provider or contractor."""
        return self.person.recipient if self.person else None

    @property
    def name(self) -> str:
        """How sentences call the target."""
        return (
            self.person.recipient.firm
            if self.person
            else (self.contact.name if self.contact else "the client")
        )


def receiver_gone(target: Target) -> Refusal | None:
    """Why nothing may be released to this person any more: they left since the page was read. Ask under the lock."""
    if target.person is not None:
        if RecipientPerson.objects.filter(pk=target.person.id, left_at=None).exists():
            return None
        return refuse("person_not_named", person=target.person.name, recipient=target.person.recipient.firm)
    if target.party is Party.CLIENT and target.contact is not None:
        there = Contact.objects.filter(pk=target.contact.id, left_at=None).exists()
        return None if there else refuse("recipient_unknown")
    return None


@dataclass(frozen=True)
class Judged:
    """One item with its verdict and the digest of what would leave."""

    item: Item
    decision: Decision
    digest: str


def item_digest(item: Item) -> str:
    """SHA-256 of the document, or of the item's canonical description where it has none.

    An approval and an envelope are bound to this: a changed item asks again. Secrets are not in it.
    """
    if item.document is not None:
        return str(item.document.sha256)
    described = {
        "title": item.title,
        "category": item.category,
        "kind": item.kind,
        "details": item.details,
        "handover": item.handover,
        "secrets": sorted(item.secret_fields),
        "version": item.version,
    }
    return hashlib.sha256(canonical.dumps(described)).hexdigest()


def way_of(item: Item, asked: ReleaseWay) -> ReleaseWay:
    """How an item leaves unless asked otherwise: hardware in person, licences by transfer, all else through the portal.

    ``BUNDLE`` is about credentials only (R16): everything else that is released lies in any bundle as it is.
    """
    if asked not in (ReleaseWay.PORTAL, ReleaseWay.BUNDLE):
        return asked
    kind = ItemKind(item.kind)
    if kind is ItemKind.CREDENTIAL:
        return asked
    return {ItemKind.HARDWARE: ReleaseWay.IN_PERSON, ItemKind.LICENCE: ReleaseWay.TRANSFER}.get(
        kind, ReleaseWay.PORTAL
    )


def judge(
    client: Client,
    target: Target,
    items: Sequence[Item],
    *,
    now: datetime,
    way: ReleaseWay = ReleaseWay.PORTAL,
    encrypted: bool = True,
    approvals: dict[UUID, ApprovalFacts] | None = None,
    queued_version: int | None = None,
    released: Mapping[UUID, ReleaseLine] | None = None,
) -> tuple[list[Judged], Authorisation | None]:
    """The verdict on each item, and the authorisation it was judged by (None for the client).

    ``released``: the lines of items that were released before, when they are judged again: what left is the
    document as it was then, and R16's "tried on the day of release" means that day, not today.
    ``encrypted``: the way ``BUNDLE`` ends in an encrypted one; secrets never enter another (``bundle_scope.gather``).
    """
    zone_name = zone()
    consent_row = newest_authorisation(target.person.recipient_id) if target.person else None
    accepted = terms_accepted([target.person.id]) if target.person else False
    consent = authorisation_facts(consent_row, zone_name, terms=accepted) if consent_row else None
    reachable = bool(loop_contacts(client.id))
    in_force = pauses(client.id)
    trials = newest_trials(item.id for item in items if item.kind == ItemKind.CREDENTIAL)
    out = []
    for item in items:
        line = (released or {}).get(item.id)
        digest = line.digest if line else item_digest(item)
        missing = handover.missing_for_handover(handover_facts(item, trials.get(item.id), now, zone_name))
        if missing and line is not None:
            missing = handover.missing_for_handover(
                handover_facts(item, trials.get(item.id), line.sent_at or now, zone_name)
            )
        person = target.person
        facts = ReleaseFacts(
            now=now,
            client_name=client.name,
            client_state=ClientState(client.state),
            item=item_facts(item),
            party=target.party,
            recipient_id=person.recipient_id.hex if person else "",
            recipient_name=target.name,
            person_id=person.id.hex if person else "",
            person_name=person.name if person else target.name,
            digest=digest,
            way=way_of(item, way),
            encrypted=encrypted,
            recipient_known=(person is not None and person.recipient.client_id == client.id)
            if target.party is Party.PROVIDER
            else (target.contact is not None and target.contact.client_id == client.id),
            recipient_kind=RecipientKind(person.recipient.kind) if person else RecipientKind.NEW_PROVIDER,
            authorisation=consent,
            client_address_works=reachable,
            pauses=in_force,
            missing=missing,
            approval=(approvals or {}).get(item.id),
            queued_version=queued_version,
        )
        out.append(Judged(item, decide(facts), digest))
    return out, consent_row


def approvals_of(
    lines: Iterable[ReleaseLine], authorisation_id: UUID | None, version: int, *, approved: bool
) -> dict[UUID, ApprovalFacts]:
    """The client's yes (or no) as facts bound to what was asked."""
    return {
        line.item_id: ApprovalFacts(
            item_id=line.item_id.hex,
            digest=line.digest,
            recipient_id=line.release.recipient_id.hex,
            authorisation_id=authorisation_id.hex if authorisation_id else "",
            authorisation_version=version,
            approved=approved,
        )
        for line in lines
        if line.release.recipient_id is not None
    }


def standing_approvals(client_id: UUID, recipient_id: UUID) -> dict[UUID, ApprovalFacts]:
    """Approvals the client gave earlier for this recipient, newest last, so that a second set need not ask again."""
    out: dict[UUID, ApprovalFacts] = {}
    lines = (
        ReleaseLine.objects.filter(
            release__client_id=client_id,
            release__recipient_id=recipient_id,
            state="sent",
            # A line sent unasked beside those that were asked for left earlier: it is not among the approved.
            release__approval__decided_at=F("sent_at"),
        )
        .select_related("release__approval")
        .order_by("release__approval__decided_at")
    )
    for line in lines:
        request = line.release.approval
        out.update(
            approvals_of([line], line.release.authorisation_id, request.authorisation_version, approved=True)
        )
    return out


def judge_again(
    client: Client, release: Release, lines: Sequence[ReleaseLine], now: datetime
) -> list[Refusal | None]:
    """What the gate says now of lines that were released: None where it still says *Send*, else the first reason.

    Asked at transmission, at every download and at every reveal (R1: checked when the thing actually leaves).
    Lines need ``item__document`` loaded.
    """
    approvals = standing_approvals(client.id, release.recipient_id) if release.recipient_id else {}
    target = Target(Party(release.party), release.contact, release.person)
    judged, _ = judge(
        client,
        target,
        [line.item for line in lines],
        now=now,
        approvals=approvals,
        queued_version=release.authorisation.version if release.authorisation else None,
        released={line.item_id: line for line in lines},
    )
    return [
        None if one.decision.verdict is Verdict.SEND else (one.decision.refusal or one.decision.reasons[0])
        for one in judged
    ]
