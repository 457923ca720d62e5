# SPDX-License-Identifier: AGPL-3.0-or-later
"""R3 and R16: what must be on record before an item is handed over, each kind in its own way.

| kind | on record before release |
|---|---|
| hardware | serial number, condition |
| licence | key (or "has none"), the vendor's confirmation of the transfer |
| data | location, manifest, confirmation that they are in place |
| credential | account (a named one of the client's, for administrator access), privilege; tried today with proof, or a reason why not and a second person, or, where not critical, labelled untested |
| document | the file |
| other | a location or a file |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ItemKind

WAY_WORDS: Mapping[str, str] = {
    "download": "through the portal",
    "reveal": "shown once in the portal",
    "on_site": "in person",
    "transfer": "by transfer",
    "bundle": "in an encrypted bundle",
    "encrypted_bundle": "in an encrypted bundle",
    "mail": "by mail",
    "in_place": "in place",
    "role": "as a role of a named account",
}
"""How a line left → the words for it on every page, in mails and inventories."""


class ReleaseWay(StrEnum):
    """How an item leaves."""

    MAIL = "mail"
    PORTAL = "portal"
    BUNDLE = "bundle"
    IN_PERSON = "in_person"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """R16, never the secret. ``critical``: administrator, backup key, MFA recovery, emergency account."""

    account: str = ""
    privilege: str = ""
    critical: bool = True
    admin_access: bool = False
    clients_account: bool = False
    tried_at: datetime | None = None
    proof: bool = False
    untestable_reason: str = ""
    tried_by_id: str = ""
    second_person_id: str = ""
    second_person_name: str = ""
    labelled_untested: bool = False


@dataclass(frozen=True, slots=True)
class HandoverFacts:
    """What is recorded of one item; ``now`` aware, ``zone`` the MSP's (what "today" means, R16)."""

    title: str
    kind: ItemKind
    now: datetime
    zone: str = "UTC"
    serial: str = ""
    condition: str = ""
    licence_key: bool = False
    has_no_key: bool = False
    transfer_confirmed: bool = False
    location: str = ""
    manifest: bool = False
    in_place_confirmed: bool = False
    file: bool = False
    credential: CredentialFacts | None = None


CRITICAL_WORDS = (
    "admin",
    "root",
    "domain",
    "owner",
    "enable",
    "backup",
    "encryption",
    "recovery",
    "break-glass",
    "breakglass",
    "break glass",
    "emergency",
    "mfa",
    "registrar",
    "dns",
    "firewall",
    "hypervisor",
    "bitlocker",
    "filevault",
)


def looks_critical(*words: str) -> bool:
    """Whether a credential's title, system or privilege names one of R16's critical kinds.

    Forgetting these is the classic failure, so a doubtful word counts as critical.
    """
    text = " ".join(words).casefold()
    return any(word in text for word in CRITICAL_WORDS)


def _credential(facts: HandoverFacts) -> list[Refusal]:
    item, found = facts.title, facts.credential or CredentialFacts()
    missing: list[Refusal] = []
    if not found.account.strip():
        missing.append(refuse("account_missing", item=item))
    if not found.privilege.strip():
        missing.append(refuse("privilege_missing", item=item))
    if found.admin_access and not found.clients_account:
        missing.append(refuse("account_not_clients", item=item))
    tried_today = found.tried_at is not None and (
        found.tried_at <= facts.now and day_in(found.tried_at, facts.zone) == day_in(facts.now, facts.zone)
    )
    if tried_today:
        if not found.proof:
            missing.append(refuse("credential_proof_missing", item=item))
    elif found.critical:
        # A label is not enough for a critical one: a reason and a second person, or try it today.
        if not found.untestable_reason.strip():
            missing.append(refuse("credential_untested", item=item))
        elif not found.second_person_id or found.second_person_id == found.tried_by_id:
            missing.append(
                refuse(
                    "second_person_needed",
                    person=found.second_person_name or "One person alone",
                    what=f"exception for “{item}”",
                )
            )
    elif not found.labelled_untested:
        missing.append(refuse("untested_label_missing", item=item))
    return missing


def missing_for_handover(facts: HandoverFacts) -> tuple[Refusal, ...]:
    """Everything that is not yet on record, in the order of the table above; empty when ready."""
    item = facts.title
    missing: list[Refusal] = []
    match facts.kind:
        case ItemKind.HARDWARE:
            if not facts.serial.strip():
                missing.append(refuse("serial_missing", item=item))
            if not facts.condition.strip():
                missing.append(refuse("condition_missing", item=item))
        case ItemKind.LICENCE:
            if not (facts.licence_key or facts.has_no_key):
                missing.append(refuse("licence_key_missing", item=item))
            if not facts.transfer_confirmed:
                missing.append(refuse("transfer_unconfirmed", item=item))
        case ItemKind.DATA:
            if not facts.location.strip():
                missing.append(refuse("location_missing", item=item))
            if not facts.manifest:
                missing.append(refuse("manifest_missing", item=item))
            if not facts.in_place_confirmed:
                missing.append(refuse("in_place_unconfirmed", item=item))
        case ItemKind.CREDENTIAL:
            missing.extend(_credential(facts))
        case ItemKind.DOCUMENT:
            if not facts.file:
                missing.append(refuse("document_missing", item=item))
        case ItemKind.OTHER:
            if not (facts.file or facts.location.strip()):
                missing.append(refuse("location_missing", item=item))
    return tuple(missing)


def way_allowed(item: str, kind: ItemKind, way: ReleaseWay, encrypted: bool) -> Refusal | None:
    """R16: a credential is revealed once in the portal or lies in an encrypted bundle, never in a mail.

    ``encrypted`` is about the bundle; an encrypted attachment of a mail is still a mail.
    """
    if kind is not ItemKind.CREDENTIAL or way is ReleaseWay.PORTAL:
        return None
    if way is ReleaseWay.MAIL:
        return refuse("credential_never_by_mail", item=item)
    if way is ReleaseWay.BUNDLE and encrypted:
        return None
    return refuse("credential_needs_encryption", item=item)
