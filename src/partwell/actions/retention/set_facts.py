# SPDX-License-Identifier: AGPL-3.0-or-later
"""A backup set as it is described, checked, and shown; the verbs are in ``record_set``."""

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from partwell.actions.base import Deed
from partwell.actions.keys import CREDENTIALS, OpenUnit, unit_for
from partwell.actions.retention.basis import basis_of
from partwell.connectors import folder_root
from partwell.connectors.errors import PathTrick
from partwell.connectors.secret import Secret
from partwell.records.estate.models import Item
from partwell.records.people.models import Msp
from partwell.records.retention.models import BackupSet
from partwell.records.vault.models import SealedValue
from partwell.rules import places
from partwell.rules.actor import Actor
from partwell.rules.keeping import Place, keeping
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ItemKind

CONTENTS, PAYERS = ("", "backup", "archive", "both"), ("", "msp", "client")
STORAGE, SEALED = "storage", "vault.SealedValue"
NONE_KEPT = "No backups are kept for this client"
MOST_SECRET = 4096


@dataclass(frozen=True, slots=True)
class Replica:
    """A further copy: what, where, at which sub-processor; ``expires_days``: after the original's deletion, None: unknown."""

    what: str
    where: str = ""
    sub_processor: str = ""
    expires_days: int | None = None

    def as_data(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "what": self.what.strip()[:200],
            "where": self.where.strip()[:300],
            "sub_processor": self.sub_processor.strip()[:200],
            "expires_days": self.expires_days,
        }


@dataclass(frozen=True, slots=True)
class SetFacts:
    """A set as it is described. ``location``: in words; ``whereabouts``: by place, see ``rules.places.FIELDS``.

    ``vendor_window_days``: the vendor keeps data so long after cancellation (R13); ``cancel_on``: the day the subscription
    ends, if known. ``locked_until``: Object Lock or immutability. ``longer_until``: a later day agreed for this set, with
    ``longer_reason``. ``key_item_id``: the credential that opens it. Days are of the MSP's zone.
    """

    name: str
    location: str
    place: Place = Place.UNKNOWN
    whereabouts: Mapping[str, object] = field(default_factory=dict)
    contents: str = ""
    copies: int | None = None
    replicas: Sequence[Replica] = ()
    vendor: str = ""
    vendor_window_days: int | None = None
    cancel_on: date | None = None
    locked_until: date | None = None
    payer: str = ""
    longer_until: date | None = None
    longer_reason: str = ""
    key_item_id: UUID | None = None
    note: str = ""


def resolved(facts: SetFacts) -> SetFacts:
    """The facts with the folder that a path leads to through links; asks the file system, so not within a deed."""
    path = str(facts.whereabouts.get("path") or "")
    if facts.place is not Place.FOLDER or not path.startswith("/"):
        return facts
    return replace(facts, whereabouts={**facts.whereabouts, "resolved": os.path.realpath(path)})


def own_folder(facts: SetFacts) -> Refusal | None:
    """What no deletion would ever empty is not promised either: Partwell's own folders, the system's, a whole disk.

    Asks the file system, so not within a deed; ``facts`` are ``resolved``.
    """
    path = str(facts.whereabouts.get("resolved") or "")
    if facts.place is not Place.FOLDER or not path:
        return None
    try:
        folder_root.check(path, own_folders())
    except PathTrick as error:
        return refuse("invalid_input", where="The path", problem=str(error).rstrip("."))
    return None


def own_folders() -> list[str]:
    """The folders of this installation, which are nobody's backup set."""
    kept = (settings.PARTWELL_HOME, settings.PARTWELL_KEYS, settings.PARTWELL_LOG)
    return [str(one) for one in kept if one]


def check(deed: Deed, facts: SetFacts, row: BackupSet | None) -> places.Spelled | Refusal:
    client = deed.client
    name = facts.name.strip()
    if not name:
        return refuse("required", where="The name of the backup set")
    if not facts.location.strip():
        return refuse("required", where="Where the backup set lies")
    others = BackupSet.objects.filter(removed_at=None)
    if row is not None:
        others = others.exclude(pk=row.pk)
    if others.filter(client=client, name__iexact=name).exists():
        return refuse("duplicate", what="A backup set")
    if facts.contents not in CONTENTS or facts.payer not in PAYERS:
        return refuse("invalid_input", where="Contents or payer", problem="it is none of the offered")
    numbers = [facts.copies, facts.vendor_window_days, *(one.expires_days for one in facts.replicas)]
    if any(one is not None and not 0 <= one <= 32767 for one in numbers):
        return refuse(
            "invalid_input", where="A number of copies or days", problem="it lies between 0 and 32767"
        )
    if len(facts.replicas) > 50 or not all(one.what.strip() for one in facts.replicas):
        return refuse("invalid_input", where="A further copy", problem="each says what it is; at most 50")
    if facts.longer_until is not None and not facts.longer_reason.strip():
        return refuse("longer_without_reason")
    if facts.key_item_id is not None:
        item = Item.objects.present().filter(pk=facts.key_item_id, client=client).first()
        if item is None or item.kind != ItemKind.CREDENTIAL:
            return refuse("not_found")
    spelled = places.spell(facts.place, facts.whereabouts, name)
    if isinstance(spelled, Refusal):
        return spelled
    return _longer_ok(deed, facts, row) or _apart(others, spelled, deed, name) or spelled


def _longer_ok(deed: Deed, facts: SetFacts, row: BackupSet | None) -> Refusal | None:
    """A day of its own only lengthens: earlier is the client's word alone."""
    if facts.longer_until is None or (row is not None and row.longer_until == facts.longer_until):
        return None
    client = deed.client
    assert client is not None  # checked by the caller
    basis = basis_of(client)
    probe = row or BackupSet(client=client, recorded_at=deed.now, location=facts.location)
    found = basis.facts(probe)
    if found is None:
        return None
    until = keeping(replace(found, longer_until=None, choice=None)).until
    return (
        refuse("shorter_than_rule", day=facts.longer_until, until=until)
        if facts.longer_until < until
        else None
    )


def _apart(others: Any, spelled: places.Spelled, deed: Deed, name: str) -> Refusal | None:
    if not spelled.key:
        return None
    # Two clients are recorded at the same moment under two locks; places are compared under one.
    Msp.objects.select_for_update().values_list("pk", flat=True).first()
    near = others.filter(gone_at=None).filter(
        Q(place_key__in=places.within(spelled.key)) | Q(place_key__startswith=spelled.key)
    )
    for one in near.select_related("client").order_by("recorded_at")[:20]:
        if places.overlap(one.place_key, spelled.key):
            # The client reads its refusals too: whose the other set is, is not for it to know.
            ours = deed.client is not None and one.client_id == deed.client.id
            return refuse("place_overlaps", subject=name, other=one.name if ours else "of another client")
    return None


def values_of(facts: SetFacts, spelled: places.Spelled) -> dict[str, Any]:
    return {
        "name": facts.name.strip()[:200],
        "location": facts.location.strip()[:300],
        "vendor": facts.vendor.strip()[:160],
        "vendor_window_days": facts.vendor_window_days,
        "note": facts.note.strip()[:300],
        "place": facts.place.value,
        "contents": facts.contents,
        "whereabouts": dict(spelled.whereabouts),
        "place_key": spelled.key,
        "copies": facts.copies,
        "replicas": [one.as_data() for one in facts.replicas],
        "payer": facts.payer,
        "locked_until": facts.locked_until,
        "cancel_on": facts.cancel_on,
        "longer_until": facts.longer_until,
        "longer_reason": facts.longer_reason.strip()[:300] if facts.longer_until else "",
        "key_item_id": facts.key_item_id,
    }


def where_of(whereabouts: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in whereabouts.items() if key not in places.ACCESS}


def shown(row: BackupSet) -> dict[str, Any]:
    """What the ledger and the client see of a set: never how the storage is reached."""
    facts: dict[str, Any] = {
        "location": row.location,
        "vendor": row.vendor,
        "vendor_window_days": row.vendor_window_days,
        "place": Place(row.place).label if row.place else "",
        "contents": row.contents,
        "copies": row.copies,
        "replicas": row.replicas,
        "payer": row.payer,
        "locked_until": row.locked_until.isoformat() if row.locked_until else "",
        "cancel_on": row.cancel_on.isoformat() if row.cancel_on else "",
        "name": row.name,
        "note": row.note,
        "where": {key: value for key, value in where_of(row.whereabouts).items() if key != "resolved"},
    }
    kept = ("location", "vendor", "vendor_window_days")
    return {key: value for key, value in facts.items() if key in kept or value not in ("", None, [], {})}


def recorded(row: BackupSet) -> dict[str, Any]:
    """What a client is shown when a set is promised."""
    facts = shown(row)
    plain = {name: facts.pop(name) for name in ("location", "vendor", "vendor_window_days")}
    facts.pop("name", None)
    return {**plain, "details": facts} if facts else plain


def unit_of(actor: Actor, client_id: UUID, secret: Secret | None) -> OpenUnit | Refusal | None:
    if secret is None:
        return None
    if not 0 < len(secret.reveal().encode()) <= MOST_SECRET:
        return refuse("required", where="The secret of the storage")
    return unit_for(actor, client_id, CREDENTIALS)


def seal(deed: Deed, row: BackupSet, secret: Secret | None, unit: OpenUnit | None) -> None:
    if secret is None or unit is None:
        return
    sealed = unit.seal(SEALED, row.id, STORAGE, secret.reveal().encode())
    old = SealedValue.objects.filter(subject_id=row.id, field=STORAGE).first()
    if old is None:
        deed.add(
            SealedValue(
                client_id=row.client_id, unit_id=unit.id, subject_id=row.id, field=STORAGE, ciphertext=sealed
            )
        )
    else:
        deed.save(old, ciphertext=sealed, unit_id=unit.id, purged_at=None)


def has_secret(set_id: UUID) -> bool:
    """Whether a secret of the storage lies in the vault; itself it is never shown."""
    return SealedValue.objects.filter(subject_id=set_id, field=STORAGE, ciphertext__isnull=False).exists()
