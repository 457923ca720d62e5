# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1's gate: may this item leave, now, to them? Asked before the click, at the click and at transmission.

The order of reasons is fixed; the first of *Refuse* is the one shown:

1. what can never leave: internal record, MSP's property, vendor's property, title not passed;
2. a lawful pause (R11); a debt is no reason, whatever it is;
3. the recipient and the client's state: unknown recipient, inactive client, new provider of no departure;
4. consent: none, unsigned, declined, replaced, withdrawn, not begun, ended, person not named, terms;
5. "read never yields a credential";
6. no working address of the client (R2);
7. the way: credentials never by mail (R16);
8. what is not on record yet for this kind (R3);
9. the client was asked and said no;
10. to the client: unknown owner. To others these *ask the client*: unknown owner, excluded, narrowed,
    out of scope, sensitive.

An approval turns AskClient into Send if it is bound to this item, digest, recipient and version of the
authorisation; it never turns Refuse.

To the client goes whatever is the client's, always and without an authorisation. An item of unknown
owner is refused to the client too, with "settle the owner": it may be another client's or a vendor's,
and nobody could take it back.
"""

from dataclasses import dataclass
from datetime import datetime

from partwell.rules.consent import AuthorisationFacts, ItemFacts, is_excluded, is_named, standing
from partwell.rules.handover import ReleaseWay, way_allowed
from partwell.rules.pauses import Pause, paused
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import (
    Access,
    ClientState,
    ItemKind,
    Owner,
    Party,
    RecipientKind,
    Sensitivity,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """The client's answer to one request; it speaks only for what it was bound to."""

    item_id: str
    digest: str
    recipient_id: str
    authorisation_id: str
    authorisation_version: int
    approved: bool = True


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """Everything the gate looks at. ``digest``: of the document as it would leave now.

    ``authorisation``: the recipient's newest signed one, or None; not asked for when ``party`` is the client.
    ``queued_version``: the authorisation's version when it was queued, None before that.
    ``debt``: whether the client owes money; it is a fact so that tests show that it changes nothing (R11).
    ``missing``: what ``handover.missing_for_handover`` returned for this item.
    """

    now: datetime
    client_name: str
    client_state: ClientState
    item: ItemFacts
    party: Party
    recipient_id: str
    recipient_name: str
    person_id: str
    person_name: str
    digest: str
    way: ReleaseWay = ReleaseWay.PORTAL
    encrypted: bool = False
    recipient_known: bool = True
    recipient_kind: RecipientKind = RecipientKind.NEW_PROVIDER
    authorisation: AuthorisationFacts | None = None
    client_address_works: bool = True
    pauses: tuple[Pause, ...] = ()
    missing: tuple[Refusal, ...] = ()
    approval: ApprovalFacts | None = None
    queued_version: int | None = None
    debt: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict. ``refusal``: the reason shown, only when refused. ``reasons``: all, in order.

    For AskClient ``reasons`` says what the client is asked about; for Send it is empty.
    """

    verdict: Verdict
    refusal: Refusal | None
    reasons: tuple[Refusal, ...]


def _nature(facts: ReleaseFacts) -> list[Refusal]:
    item, found = facts.item, []
    if item.internal:
        found.append(refuse("msp_internal", item=item.title))
    if item.owner is Owner.MSP:
        found.append(refuse("msp_property", item=item.title))
    elif item.owner is Owner.VENDOR:
        found.append(refuse("vendor_property", item=item.title))
    elif not item.title_passed:
        found.append(refuse("title_not_passed", item=item.title))
    return found


def _consent(facts: ReleaseFacts) -> list[Refusal]:
    consent = facts.authorisation
    if consent is not None and consent.recipient_id != facts.recipient_id:
        consent = None  # somebody else's authorisation is none
    refusal = standing(consent, facts.now, facts.recipient_name)
    if refusal is not None:
        return [refusal]
    assert consent is not None  # standing() refuses None
    found = []
    if facts.person_id not in consent.person_ids:
        found.append(refuse("person_not_named", person=facts.person_name, recipient=facts.recipient_name))
    if not consent.terms_accepted:
        found.append(refuse("terms_not_accepted", recipient=facts.recipient_name))
    if consent.access is Access.READ and facts.item.kind is ItemKind.CREDENTIAL:
        found.append(
            refuse("read_never_yields_credential", recipient=facts.recipient_name, item=facts.item.title)
        )
    return found


def _recipient(facts: ReleaseFacts) -> list[Refusal]:
    if not facts.recipient_known:
        return [refuse("recipient_unknown")]
    if facts.party is Party.CLIENT:
        return []
    if facts.client_state is ClientState.INACTIVE:
        return [refuse("client_inactive", client=facts.client_name)]
    # A contractor needs no offboarding (R1); a new provider is one only of a departing client.
    if facts.client_state is not ClientState.DEPARTING and facts.recipient_kind is RecipientKind.NEW_PROVIDER:
        return [refuse("not_departing", client=facts.client_name)]
    return []


def _ask(facts: ReleaseFacts) -> list[Refusal]:
    """The reasons to ask the client; only called where an authorisation stands."""
    item, consent, found = facts.item, facts.authorisation, []
    assert consent is not None
    if item.owner is Owner.UNKNOWN:
        found.append(refuse("unknown_owner", item=item.title))
    excluded = is_excluded(consent, item)
    if excluded:
        found.append(refuse("excluded", item=item.title, recipient=facts.recipient_name))
    if excluded or not is_named(consent, item):
        if facts.queued_version is not None and facts.queued_version != consent.version:
            found.append(refuse("narrowed", item=item.title))
        if not excluded:
            found.append(refuse("out_of_scope", item=item.title, recipient=facts.recipient_name))
    if item.sensitivity is Sensitivity.SENSITIVE:
        found.append(refuse("sensitive", item=item.title))
    return found


def _unbound(facts: ReleaseFacts, approval: ApprovalFacts) -> Refusal | None:
    """Why the client's answer does not speak for this release, or None when it does."""
    consent = facts.authorisation
    assert consent is not None
    bound_to = (
        approval.item_id,
        approval.recipient_id,
        approval.authorisation_id,
        approval.authorisation_version,
    )
    if bound_to != (facts.item.id, facts.recipient_id, consent.id, consent.version):
        return refuse("approval_not_bound", item=facts.item.title)
    if approval.digest != facts.digest or not facts.digest:
        return refuse("document_changed", item=facts.item.title)
    return None


def decide(facts: ReleaseFacts) -> Decision:
    """The verdict on one item to one recipient at ``facts.now`` (aware), by the order at the top."""
    to_client = facts.party is Party.CLIENT
    reasons = _nature(facts)
    pause = paused(facts.pauses)
    if pause is not None:
        reasons.append(pause)
    reasons.extend(_recipient(facts))
    if not to_client:
        reasons.extend(_consent(facts))
    # To the client a portal or a hand needs no mail; nothing of theirs is kept back for want of one (R11).
    if not facts.client_address_works and (not to_client or facts.way is ReleaseWay.MAIL):
        reasons.append(refuse("no_working_client_address"))
    way = way_allowed(facts.item.title, facts.item.kind, facts.way, facts.encrypted)
    if way is not None:
        reasons.append(way)
    reasons.extend(facts.missing)
    if to_client and facts.item.owner is Owner.UNKNOWN:
        reasons.append(refuse("unknown_owner", item=facts.item.title))
    if reasons:
        return Decision(Verdict.REFUSE, reasons[0], tuple(reasons))
    if to_client:
        return Decision(Verdict.SEND, None, ())

    asks = _ask(facts)
    if facts.approval is not None:
        unbound = _unbound(facts, facts.approval)
        if unbound is None and not facts.approval.approved:
            no = refuse("client_declined", item=facts.item.title)
            return Decision(Verdict.REFUSE, no, (no, *asks))
        if unbound is None:
            return Decision(Verdict.SEND, None, ())
        if asks:
            asks.append(unbound)
    if asks:
        return Decision(Verdict.ASK_CLIENT, None, tuple(asks))
    return Decision(Verdict.SEND, None, ())
