# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a consent means, before and after it is signed: for pages. Decides by the rules and writes nothing."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions.authorisations.end import already_left
from partwell.actions.authorisations.propose import Scope, scope_values
from partwell.actions.authorisations.sign import reference_of
from partwell.actions.authorisations.text import proof_on_file
from partwell.actions.correspondence.stop_queued import LEAVING, WAITING
from partwell.actions.facts import authorisation_facts, item_facts, zone
from partwell.actions.people import passkeys
from partwell.records.authorisations.models import Authorisation, Recipient
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Item
from partwell.records.releases.models import ApprovalRequest, ReleaseLine
from partwell.rules import consent
from partwell.rules.refusals import Refusal
from partwell.rules.terms import AuthorisationState

LEFT_OUT_WORDS = {
    "msp_internal": "Internal or privileged; it never leaves",
    "msp_property": "Ours; it is withdrawn, not handed over",
    "vendor_property": "A vendor's; it is transferred or returned",
    "unknown_owner": "Nobody has settled who owns it",
    "excluded": "Excluded by the client",
    "out_of_scope": "Not named by this scope",
    "read_never_yields_credential": "Read access never yields a credential",
}
_ORDER = list(LEFT_OUT_WORDS)


@dataclass(frozen=True)
class Resolved:
    """What a scope comes to now: items that are in, and the others by the reason that keeps them out."""

    inside: list[Item]
    outside: list[tuple[str, list[Item]]] = field(default_factory=list)

    @property
    def sensitive(self) -> int:
        """How many of those inside are asked of the client each time all the same."""
        return sum(item.sensitivity == "sensitive" for item in self.inside)


def items_of(client_id: UUID) -> list[Item]:
    """The client's estate in the order people read it."""
    return list(Item.objects.present().filter(client_id=client_id).order_by("category", "title", "id"))


def resolve(row: Authorisation, *, internal: bool = False, items: Sequence[Item] | None = None) -> Resolved:
    """What a consent, saved or not, comes to now. ``internal``: also name internal items, for staff alone (R4)."""
    shown = items_of(row.client_id) if items is None else items
    found = consent.resolve_scope(
        authorisation_facts(row, zone(), terms=True), [item_facts(one) for one in shown]
    )
    inside = set(found.item_ids)
    groups: dict[str, list[Item]] = {}
    for item in shown:
        code = found.left_out.get(item.id.hex)
        if code is not None and (internal or code != "msp_internal"):
            groups.setdefault(code, []).append(item)
    outside = [(LEFT_OUT_WORDS.get(code, code), groups[code]) for code in sorted(groups, key=_ORDER.index)]
    return Resolved([item for item in shown if item.id.hex in inside], outside)


@dataclass(frozen=True)
class Preview:
    """A scope before it is proposed: what it comes to, and what will stand in the way of signing or using it."""

    row: Authorisation
    resolved: Resolved
    problem: Refusal | None
    warnings: list[str]


def preview(recipient: Recipient, signatory: Contact | None, scope: Scope) -> Preview:
    """Look at a scope before anybody is asked. Writes nothing."""
    row = Authorisation(client_id=recipient.client_id, recipient=recipient, version=0, **scope_values(scope))
    problem = consent.may_propose(authorisation_facts(row, zone(), terms=True))
    return Preview(row, resolve(row, internal=True), problem, signing_warnings(signatory))


def signing_warnings(signatory: Contact | None) -> list[str]:
    """What the signatory lacks today for a signature to stand (R1)."""
    if signatory is None:
        return ["There is no signatory on file; add one with proof of authority."]
    out = []
    if proof_on_file(signatory) is None:
        out.append(f"There is no proof on file that {signatory.name} may sign; record it before they do.")
    if not signatory.second_email:
        out.append(
            f"{signatory.name} has no second address for the receipt; record one outside the domain that migrates."
        )
    if not signatory.phone and not passkeys.passkeys_of(signatory.id):
        out.append(f"{signatory.name} has neither a passkey nor a number on file for a call-back.")
    return out


@dataclass(frozen=True)
class Text:
    """The words exactly as they were fixed, in the parts a page needs."""

    title: str
    lead: list[str]
    facts: list[tuple[str, list[str]]]
    clauses_head: str
    clauses: list[str]
    items_head: str
    items_why: list[str]
    items: list[tuple[str, str]]


def text_of(row: Authorisation) -> Text:
    """``row.text`` taken apart; the same words as the letter, never made anew."""
    lines = [json.loads(line) for line in row.text.splitlines()][1:]
    title = next((text for kind, _, text, *_ in lines if kind == "title"), "")
    heads = [text for kind, _, text, *_ in lines if kind == "heading"]
    seen = 0
    lead: list[str] = []
    why: list[str] = []
    for kind, _, text, *_ in lines:
        seen += kind == "heading"
        if kind == "sentence":
            (why if seen else lead).append(text)
    return Text(
        title, lead, [(label, rest) for kind, label, _, *rest in lines if kind == "fact"],
        heads[0] if heads else "", [text for kind, _, text, *_ in lines if kind == "clause"],
        heads[1] if len(heads) > 1 else "", why,
        [(label, " ".join(rest)) for kind, label, _, *rest in lines if kind == "item"],
    )  # fmt: skip


@dataclass(frozen=True)
class Ways:
    """How this signatory can sign this text: with a passkey that counts, or why none does; whether we can call."""

    passkey: bool
    weak: Refusal | None
    has_passkey: bool
    call: bool
    number_end: str = ""


def ways_to_sign(contact: Contact, reference: Any, preparer_id: UUID | None) -> Ways:
    """The second factors at hand (R1). ``reference``: the notice's or proposal's moment."""
    rows = passkeys.passkeys_of(contact.id)
    weak: Refusal | None = None
    usable = False
    for row in rows:
        why = passkeys.usable_for_signing(row, reference, preparer_id)
        usable, weak = usable or why is None, weak or why
    call = bool(contact.phone and contact.phone_on_file_at and contact.phone_on_file_at < reference)
    digits = "".join(one for one in contact.phone if one.isdigit())
    return Ways(usable, None if usable else weak, bool(rows), call, digits[-3:])


def ways_for(row: Authorisation, contact: Contact) -> Ways:
    """The ways to sign one authorisation."""
    return ways_to_sign(contact, reference_of(row), row.prepared_by_id)


@dataclass(frozen=True)
class Consequences:
    """What a withdrawal does: messages stopped, requests that lapse, what is just leaving, what they have already."""

    queued: list[Envelope]
    asked: int
    leaving: list[Envelope]
    left: list[ReleaseLine]

    @property
    def to_rotate(self) -> list[ReleaseLine]:
        """Credentials that they have and nobody confirmed as rotated."""
        return [line for line in self.left if line.kind == "credential" and line.rotated_at is None]


def consequences(row: Authorisation) -> Consequences:
    """What withdrawing this consent now would stop, and what it cannot call back."""
    mails = Envelope.objects.filter(client_id=row.client_id, recipient_id=row.recipient_id, to_provider=True)
    asked = ApprovalRequest.objects.filter(release__recipient_id=row.recipient_id, state="open").count()
    return Consequences(
        list(mails.filter(state__in=WAITING).order_by("queued_at")), asked,
        list(mails.filter(state__in=LEAVING).order_by("queued_at")), already_left(row.recipient_id),
    )  # fmt: skip


def state_words(row: Authorisation, zone_name: str = "") -> tuple[str, str]:
    """Tone and words of a consent as it stands now. ``zone_name``: the MSP's, looked up when not given."""
    if row.state == AuthorisationState.GRANTED:
        why = consent.standing(
            authorisation_facts(row, zone_name or zone(), terms=True), timezone.now(), row.recipient.firm
        )
        if why is None:
            return "done", "In force"
        return {"ended": ("held", "Ended"), "not_yet_started": ("waiting", "Signed, not begun")}.get(
            why.code, ("refusing", why.sentence)
        )
    if row.state == AuthorisationState.PROPOSED:
        if row.channel != "portal":
            return "waiting", "On paper, waits for our call"
        return "waiting", "Signed, waits for our call" if row.signed_at else f"Waits for {row.signatory.name}"
    if row.proposed_at is None and row.state != AuthorisationState.DRAFT:
        return "held", "Draft, discarded" if row.state == "withdrawn" else "Draft, replaced by a newer one"
    return {
        "draft": ("open", "Draft"), "declined": ("refusing", "Declined"), "withdrawn": ("refusing", "Withdrawn"),
        "replaced": ("held", "Replaced by a newer one"),
    }.get(row.state, ("open", row.state))  # fmt: skip
