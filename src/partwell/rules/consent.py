# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1: what the client's signatory said yes to, whether it stands now, and what makes a signature.

What the presets mean (they are dynamic: items added later that match are in):

- *systems*: purchased hardware, purchased software, onsite data, administrator access;
- *documentation*: process documentation, network diagrams, audit reports, training material;
- *endpoints*: hardware that a person works at (``ItemFacts.endpoint``); firewalls, switches and
  servers are systems but not endpoints, so that "endpoints" never hands out the network.

A credential counts as administrator access whatever category it was filed under: so no
documentation or hardware category ever drags a password along, and excluding administrator
access excludes every password.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import (
    Access,
    AuthorisationState,
    Category,
    ContactRole,
    ItemKind,
    Owner,
    ScopePreset,
    SecondFactor,
    Sensitivity,
)

PRESET_CATEGORIES: Mapping[ScopePreset, frozenset[Category]] = {
    ScopePreset.SYSTEMS: frozenset(
        {Category.HARDWARE, Category.SOFTWARE, Category.ONSITE_DATA, Category.ADMIN_ACCESS}
    ),
    ScopePreset.DOCUMENTATION: frozenset(
        {Category.PROCESS_DOCS, Category.DIAGRAMS, Category.AUDIT_REPORTS, Category.TRAINING}
    ),
    ScopePreset.ENDPOINTS: frozenset({Category.HARDWARE}),
}

_ENDPOINT_WORDS = frozenset(
    [
        "desktop",
        "laptop",
        "notebook",
        "ultrabook",
        "workstation",
        "computer",
        "pc",
        "mac",
        "macbook",
        "imac",
        "tablet",
        "ipad",
        "phone",
        "smartphone",
        "iphone",
        "mobile",
        "handheld",
        "chromebook",
        "convertible",
        "tower",
    ]
)


# What many work with and nobody works at: "Mac mini server", "Switch of the phones".
_NO_ENDPOINT = frozenset(["server", "firewall", "switch", "router", "gateway", "nas", "ups", "printer"])
_WORD = re.compile(r"[^\W_]+")


def looks_like_endpoint(device: str) -> bool:
    """Whether an inventory's words for a device ("Laptop", "Mini Tower", "Thin clients") name an endpoint."""
    found = {form for word in _WORD.findall(device.casefold()) for form in (word, word.removesuffix("s"))}
    if not _NO_ENDPOINT.isdisjoint(found):
        return False
    return not _ENDPOINT_WORDS.isdisjoint(found) or {"thin", "client"} <= found


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """One item of the estate, as far as R1 and R3 ask. ``internal``: an internal or privileged record."""

    id: str
    title: str
    kind: ItemKind
    category: Category
    owner: Owner
    sensitivity: Sensitivity = Sensitivity.NORMAL
    endpoint: bool = False
    internal: bool = False
    title_passed: bool = True

    @property
    def reach(self) -> Category:
        """The category through which the item can be reached: a credential is administrator access."""
        return Category.ADMIN_ACCESS if self.kind is ItemKind.CREDENTIAL else self.category


@dataclass(frozen=True, slots=True)
class AuthorisationFacts:
    """A written consent as it stands. Dates are days in ``zone`` (the MSP's), both inclusive."""

    id: str
    state: AuthorisationState
    version: int
    recipient_id: str
    recipient_name: str
    person_ids: frozenset[str]
    starts_on: date
    ends_on: date
    zone: str = "UTC"
    presets: frozenset[ScopePreset] = frozenset()
    categories: frozenset[Category] = frozenset()
    item_ids: frozenset[str] = frozenset()
    excluded_item_ids: frozenset[str] = frozenset()
    excluded_categories: frozenset[Category] = frozenset()
    access: Access = Access.FULL
    withdrawn_at: datetime | None = None
    second_factor: SecondFactor | None = None
    terms_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """What an authorisation resolves to now: item ids that are in, and why each other is not."""

    item_ids: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)


def day_in(now: datetime, zone: str) -> date:
    """The calendar day of ``now`` in ``zone``. ValueError for a naive time: no zone, no verdict."""
    if now.tzinfo is None:
        raise ValueError("A time without a zone was given; pass an aware datetime.")
    return now.astimezone(ZoneInfo(zone)).date()


def is_excluded(authorisation: AuthorisationFacts, item: ItemFacts) -> bool:
    """Whether the client expressly excluded the item; exclusions win over everything."""
    return item.id in authorisation.excluded_item_ids or not authorisation.excluded_categories.isdisjoint(
        {item.category, item.reach}
    )


def is_named(authorisation: AuthorisationFacts, item: ItemFacts) -> bool:
    """Whether a preset, a category or the item's own id reaches it, exclusions and owner aside."""
    if item.id in authorisation.item_ids or item.reach in authorisation.categories:
        return True
    endpoint = item.endpoint and item.kind is ItemKind.HARDWARE
    for preset in authorisation.presets:
        if item.reach in PRESET_CATEGORIES[preset] and (endpoint or preset is not ScopePreset.ENDPOINTS):
            return True
    return False


def why_outside(authorisation: AuthorisationFacts, item: ItemFacts) -> str | None:
    """The code that keeps ``item`` out of the scope, or None when it is in (R1, *Scope*)."""
    if item.internal:
        return "msp_internal"
    if item.owner is Owner.MSP:
        return "msp_property"
    if item.owner is Owner.VENDOR:
        return "vendor_property"
    if item.owner is Owner.UNKNOWN:
        return "unknown_owner"
    if is_excluded(authorisation, item):
        return "excluded"
    if not is_named(authorisation, item):
        return "out_of_scope"
    if authorisation.access is Access.READ and item.kind is ItemKind.CREDENTIAL:
        return "read_never_yields_credential"
    return None


def resolve_scope(authorisation: AuthorisationFacts, items: Iterable[ItemFacts]) -> Scope:
    """The items that the authorisation means now, in the order given, and why the others are out.

    This is what the signatory reads before signing: what is not in here is not sent unasked.
    """
    inside: list[str] = []
    left_out: dict[str, str] = {}
    for item in items:
        code = why_outside(authorisation, item)
        if code is None:
            inside.append(item.id)
        else:
            left_out[item.id] = code
    return Scope(tuple(inside), left_out)


def standing(authorisation: AuthorisationFacts | None, now: datetime, recipient: str = "") -> Refusal | None:
    """None when the authorisation stands at ``now`` (aware), else the refusal. Fails closed.

    ``recipient`` is the name used when there is no authorisation at all.
    """
    if authorisation is None:
        return refuse("no_authorisation", recipient=recipient or "this recipient")
    name = authorisation.recipient_name
    # A withdrawal stamped on the row counts even if the state had not followed.
    if authorisation.withdrawn_at is not None or authorisation.state is AuthorisationState.WITHDRAWN:
        at = authorisation.withdrawn_at
        return refuse(
            "withdrawn", recipient=name, withdrawn=day_in(at, authorisation.zone) if at else "record"
        )
    match authorisation.state:
        case AuthorisationState.DECLINED:
            return refuse("declined", recipient=name)
        case AuthorisationState.REPLACED:
            return refuse("replaced", recipient=name)
        case AuthorisationState.GRANTED:
            pass
        case _:
            return refuse("not_signed", recipient=name)
    if authorisation.second_factor is None:
        return refuse("second_factor_missing")
    today = day_in(now, authorisation.zone)
    if today < authorisation.starts_on:
        return refuse("not_yet_started", recipient=name, start=authorisation.starts_on)
    if today > authorisation.ends_on:
        return refuse("ended", recipient=name, end=authorisation.ends_on)
    return None


def may_acknowledge(*, switched_on: bool, sent_before: bool) -> bool:
    """Whether an unauthorised new provider's question is acknowledged by fixed words: off by default, at most once a sender."""
    return switched_on and not sent_before


def may_propose(authorisation: AuthorisationFacts) -> Refusal | None:
    """Whether a draft is complete enough to be put before the signatory."""
    if not (authorisation.presets or authorisation.categories or authorisation.item_ids):
        return refuse("scope_empty")
    if not authorisation.person_ids:
        return refuse("persons_empty", recipient=authorisation.recipient_name)
    if authorisation.ends_on < authorisation.starts_on:
        return refuse("dates_reversed", start=authorisation.starts_on, end=authorisation.ends_on)
    return None


def _preset_within(preset: ScopePreset, old: AuthorisationFacts) -> bool:
    return (
        preset in old.presets
        or PRESET_CATEGORIES[preset] <= old.categories
        or (preset is ScopePreset.ENDPOINTS and ScopePreset.SYSTEMS in old.presets)
    )


def _categories_within(old: AuthorisationFacts) -> frozenset[Category]:
    whole = (PRESET_CATEGORIES[p] for p in old.presets if p is not ScopePreset.ENDPOINTS)
    return old.categories.union(*whole)


def narrowing_only(
    old: AuthorisationFacts, new: AuthorisationFacts, items: Iterable[ItemFacts] = ()
) -> Refusal | None:
    """None when ``new`` is nowhere wider than ``old``; else ``would_widen`` that names what widens.

    A preset may become one of its categories, and single items may stand for a preset they are in
    now (``items`` are then needed to see that). Persons, days, access and exclusions only shrink.
    """
    wider: list[str] = []
    if new.recipient_id != old.recipient_id:
        wider.append("another recipient")
    if not new.person_ids <= old.person_ids:
        wider.append("more persons")
    if not all(_preset_within(preset, old) for preset in new.presets):
        wider.append("a further preset")
    if not new.categories <= _categories_within(old):
        wider.append("a further category")
    if not new.item_ids <= old.item_ids | set(resolve_scope(old, items).item_ids):
        wider.append("further items")
    if not (
        old.excluded_item_ids <= new.excluded_item_ids and old.excluded_categories <= new.excluded_categories
    ):
        wider.append("an exclusion lifted")
    if old.access is Access.READ and new.access is Access.FULL:
        wider.append("full access instead of read")
    if new.starts_on < old.starts_on or new.ends_on > old.ends_on:
        wider.append("more days")
    return refuse("would_widen", what=", ".join(wider)) if wider else None


@dataclass(frozen=True, slots=True)
class CallBack:
    """A logged call to the signatory. ``number_since``: when the number came on file (aware)."""

    by_staff_id: str
    by_name: str
    to_contact_id: str
    number_since: datetime | None
    confirmed: bool


@dataclass(frozen=True, slots=True)
class SigningFacts:
    """What is known at the moment of signing.

    ``reference``: the notice's time, or for a contractor without an offboarding the time of the
    proposal: the called number must have been on file before it. ``passkey_contact_id``: whose
    passkey was just verified. ``shown_digest``: digest of the text that was on screen.
    """

    state: AuthorisationState
    signer_id: str
    signer_name: str
    signer_role: ContactRole | None
    authority_proved: bool
    intent: bool
    electronic_form: bool
    shown_digest: str
    document_digest: str
    second_address: bool
    preparer_staff_id: str
    reference: datetime
    passkey_contact_id: str | None = None
    call_back: CallBack | None = None
    on_paper: bool = False
    scan: bool = False
    # Whom the text names as signing ("" in facts that ask about nobody in particular).
    named_id: str = ""
    named_name: str = ""


def check_call_back(facts: SigningFacts) -> Refusal | None:
    """Whether the call-back carries a signature: second employee, old number, right person, confirmed."""
    call = facts.call_back
    if call is None:
        return refuse("callback_missing")
    if call.by_staff_id == facts.preparer_staff_id:
        return refuse("callback_by_preparer", person=call.by_name)
    if call.to_contact_id != facts.signer_id:
        return refuse("second_factor_weak", person=facts.signer_name)
    if call.number_since is None or call.number_since >= facts.reference:
        return refuse("callback_number_not_on_file", reference=facts.reference)
    if not call.confirmed:
        return refuse("callback_not_confirmed")
    return None


def may_sign(facts: SigningFacts) -> Refusal | None:
    """None when this signature makes the authorisation stand (R1, *Signing*).

    Order: state, signatory, the one the text names, proof of authority, intent, text shown, second address, second factor.
    On paper: the scan stands for intent and text, and only the call-back is a second factor.
    """
    if facts.state is not AuthorisationState.PROPOSED:
        return refuse("not_proposed", state=facts.state)
    if facts.signer_role is not ContactRole.SIGNATORY:
        return refuse("not_a_signatory", person=facts.signer_name)
    if facts.named_id and facts.named_id != facts.signer_id:
        return refuse("other_signatory", signatory=facts.named_name, person=facts.signer_name)
    if not facts.authority_proved:
        return refuse("authority_missing", person=facts.signer_name)
    if facts.on_paper:
        if not facts.scan:
            return refuse("scan_missing")
    elif not (facts.intent and facts.electronic_form):
        return refuse("intent_missing")
    elif not facts.document_digest or facts.shown_digest != facts.document_digest:
        return refuse("shown_other_text")
    if not facts.second_address:
        return refuse("second_address_missing")
    if facts.on_paper:
        return check_call_back(facts)
    if facts.passkey_contact_id == facts.signer_id:
        return None
    if facts.call_back is not None:
        return check_call_back(facts)
    if facts.passkey_contact_id is not None:
        return refuse("second_factor_weak", person=facts.signer_name)
    return refuse("second_factor_missing")


def second_factor(facts: SigningFacts) -> SecondFactor | None:
    """Which second factor carried the signature, or None when it may not be signed."""
    if may_sign(facts) is not None:
        return None
    if not facts.on_paper and facts.passkey_contact_id == facts.signer_id:
        return SecondFactor.PASSKEY
    return SecondFactor.CALL_BACK
