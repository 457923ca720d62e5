# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets and archives as people record, correct, return and remove them (R6, R13, R16).

A set names exactly where it lies, so that a deletion takes what is the client's and nothing else. The secret of a
bucket lies sealed in the vault and is never shown again; entering another one replaces it.
"""

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Q

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.keys import CREDENTIALS, OpenUnit, unit_for
from partwell.actions.retention.basis import basis_of
from partwell.actions.retention.choices import ask_choice, would_ask
from partwell.actions.retention.keep_dates import PORTAL, redate
from partwell.connectors.secret import Secret
from partwell.records.clients.models import Client
from partwell.records.estate.models import Item
from partwell.records.people.models import Msp
from partwell.records.people.queries import the_msp
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, Deletion
from partwell.records.vault.models import SealedValue
from partwell.rules import lifecycle, places, roles
from partwell.rules.actor import Actor
from partwell.rules.deletion import OVER, DeletionState
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


def record_set(
    *, actor: Actor, client_id: UUID, facts: SetFacts, secret: Secret | None = None
) -> BackupSet | Refusal:
    """Record one set: from now on it is promised. A client who is leaving is asked what shall happen to it, or told its day.

    ``secret``: of the bucket's access key. Refused: places not said completely or overlapping with any client's set.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.record")) is not None:
        return refusal
    facts = resolved(facts)
    unit = _unit(actor, client_id, secret)
    if isinstance(unit, Refusal):
        return unit
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "set.record")) is not None:
            return deed.refuse(gone, subject=client.id, verb="set.record")
        return write_set(deed, facts, secret, unit, verb="set.record")


def write_set(
    deed: Deed, facts: SetFacts, secret: Secret | None = None, unit: OpenUnit | None = None, *, verb: str
) -> BackupSet | Refusal:
    """Within a deed that holds the client: check and write a new set with its evidence, date and question."""
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before a set is written.")
    found = _check(deed, facts, None)
    if isinstance(found, Refusal):
        return found if found.code == "not_found" else deed.refuse(found, subject=client.id, verb=verb)
    for empty in BackupSet.objects.filter(client=client, removed_at=None, location=queries.NOWHERE):
        deed.save(empty, removed_at=deed.now)
    row = BackupSet(client=client, recorded_at=deed.now)
    for name, value in _values(facts, found).items():
        setattr(row, name, value)
    deed.add(row)
    _seal(deed, row, secret, unit)
    deed.record("backup_set.recorded", subjects=[row.id], public={"set": row.name}, to_client=recorded(row))
    if row.longer_until is not None:
        _longer(deed, row)
    # A first set of a departing client is asked about in a mail that names its day too; later ones have their own.
    asks = would_ask(basis_of(client)) is not None
    redate(deed, tell="" if asks else f"“{row.name}” was put on the list of what we keep of yours.")
    if asks:
        ask_choice(deed)
    return BackupSet.objects.get(pk=row.pk)


def change_set(
    *, actor: Actor, set_id: UUID, facts: SetFacts, secret: Secret | None = None
) -> BackupSet | Refusal:
    """Correct a set; the whole description is given. ``secret`` None keeps the one in the vault.

    Once its deletion has begun only the access to the storage may change; before, a dry run is to be made again.
    """
    peek = queries.set_of(set_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.record")) is not None:
        return refusal
    facts = resolved(facts)
    unit = _unit(actor, peek.client_id, secret)
    if isinstance(unit, Refusal):
        return unit
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = queries.set_of(set_id)
        if row is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "set.record")
        if problem is None and row.gone_at is not None:
            problem = refuse("set_gone", subject=row.name, day=row.gone_at.date())
        found = problem or _check(deed, facts, row)
        if isinstance(found, Refusal):
            return (
                found if found.code == "not_found" else deed.refuse(found, subject=row.id, verb="set.record")
            )
        values = _values(facts, found)
        open_ = Deletion.objects.filter(backup_set=row).exclude(state__in=[one.value for one in OVER]).first()
        elsewhere = values["place"] != row.place or _where(values["whereabouts"]) != _where(row.whereabouts)
        if elsewhere and row.id in queries.has_begun([row.id]):
            return deed.refuse(refuse("deletion_open", subject=row.name), subject=row.id, verb="set.record")
        before, old_longer = shown(row), row.longer_until
        deed.save(row, **values)
        if secret is not None:
            _seal(deed, row, secret, unit)
        after = shown(row)
        differs = sorted(name for name in after.keys() | before.keys() if after.get(name) != before.get(name))
        if elsewhere and open_ is not None and open_.state == DeletionState.LISTED:
            deed.save(
                open_, listed_digest=""
            )  # what was listed lies elsewhere: nothing starts before a new dry run
        deed.record(
            "backup_set.changed",
            subjects=[row.id],
            public={"set": row.name},
            to_client={
                "before": {name: before.get(name) for name in differs},
                "after": {name: after.get(name) for name in differs},
            },
        )
        if secret is not None or elsewhere:
            account = str(row.whereabouts.get("access_key", ""))
            deed.record("backup_set.access_set", subjects=[row.id], public={"set": row.name},
                        internal={"place": row.place, **({"account": account} if account else {})})  # fmt: skip
        if row.longer_until is not None and row.longer_until != old_longer:
            _longer(deed, row)
        redate(deed, tell=f"What is on record of “{row.name}” was corrected.")
        return BackupSet.objects.get(pk=row.pk)


def remove_set(
    *, actor: Actor, set_id: UUID, reason: str, never_existed: bool = False
) -> BackupSet | Refusal:
    """Take a set off the list. What was promised to a client leaves it by its deletion and certificate only.

    ``never_existed``: it was recorded by mistake; an owner says so, and the client is told. Nothing under hold, with a
    deletion under way, or with an unsettled only copy is ever taken off.
    """
    peek = queries.set_of(set_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.remove")) is not None:
        return refusal
    if not reason.strip():
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = queries.set_of(set_id)
        if row is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "set.remove") or _may_remove(
            actor, row, never_existed
        )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="set.remove")
        if row.keep_until is not None and row.gone_at is None:
            _tell_removed(deed, row, reason.strip())
        deed.save(row, removed_at=deed.now, look_on=None)
        for value in SealedValue.objects.filter(subject_id=row.id, field=STORAGE).exclude(ciphertext=None):
            deed.save(value, ciphertext=None, purged_at=deed.now)
        deed.record("backup_set.removed", subjects=[row.id], public={"set": row.name},
                    to_client={"reason": reason.strip()[:2000]})  # fmt: skip
        return row


def _may_remove(actor: Actor, row: BackupSet, never_existed: bool) -> Refusal | None:
    if queries.held(row.client_id, row.id):
        return refuse("on_hold", item=row.name)
    if Deletion.objects.filter(backup_set=row).exclude(state__in=[one.value for one in OVER]).exists():
        return refuse("deletion_open", subject=row.name)
    if left := queries.only_copies_left(row.id):
        return refuse("only_copy", item=", ".join(left[:5]))
    if row.keep_until is None or row.gone_at is not None:
        return None
    return None if never_existed and actor.role == roles.OWNER else refuse("set_promised", subject=row.name)


def record_return(*, actor: Actor, set_id: UUID, words: str) -> BackupSet | Refusal:
    """Record that the set's data reached the client (a drive arrived, a download was fetched); ``words`` say how."""
    peek = queries.set_of(set_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "set.return")) is not None:
        return refusal
    if not words.strip():
        return refuse("required", where="How it was returned")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = queries.set_of(set_id)
        if row is None:
            return refuse("not_found")
        problem = lifecycle.may_work_on(client.state, client.name, "set.return")
        if problem is None and row.gone_at is not None:
            problem = refuse("set_gone", subject=row.name, day=row.gone_at.date())
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="set.return")
        mark_returned(deed, row, words)
        return row


def mark_returned(deed: Deed, row: BackupSet, words: str) -> None:
    """Within a deed: the set's data reached the client."""
    deed.save(row, returned_at=deed.now, returned_words=words.strip()[:300])
    deed.record("backup_set.returned", subjects=[row.id], public={"set": row.name},
                to_client={"words": row.returned_words})  # fmt: skip


# --- parts --------------------------------------------------------------------------------------------------


def resolved(facts: SetFacts) -> SetFacts:
    """The facts with the folder that a path leads to through links; asks the file system, so not within a deed."""
    path = str(facts.whereabouts.get("path") or "")
    if facts.place is not Place.FOLDER or not path.startswith("/"):
        return facts
    return replace(facts, whereabouts={**facts.whereabouts, "resolved": os.path.realpath(path)})


def _check(deed: Deed, facts: SetFacts, row: BackupSet | None) -> places.Spelled | Refusal:
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


def _values(facts: SetFacts, spelled: places.Spelled) -> dict[str, Any]:
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


def _where(whereabouts: Mapping[str, object]) -> dict[str, object]:
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
        "where": {key: value for key, value in _where(row.whereabouts).items() if key != "resolved"},
    }
    kept = ("location", "vendor", "vendor_window_days")
    return {key: value for key, value in facts.items() if key in kept or value not in ("", None, [], {})}


def recorded(row: BackupSet) -> dict[str, Any]:
    """What a client is shown when a set is promised."""
    facts = shown(row)
    plain = {name: facts.pop(name) for name in ("location", "vendor", "vendor_window_days")}
    facts.pop("name", None)
    return {**plain, "details": facts} if facts else plain


def _unit(actor: Actor, client_id: UUID, secret: Secret | None) -> OpenUnit | Refusal | None:
    if secret is None:
        return None
    if not 0 < len(secret.reveal().encode()) <= MOST_SECRET:
        return refuse("required", where="The secret of the storage")
    return unit_for(actor, client_id, CREDENTIALS)


def _seal(deed: Deed, row: BackupSet, secret: Secret | None, unit: OpenUnit | None) -> None:
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


def _longer(deed: Deed, row: BackupSet) -> None:
    assert row.longer_until is not None  # asked by the caller
    deed.record(
        "backup_set.kept_longer",
        subjects=[row.id],
        public={"set": row.name, "until": row.longer_until.isoformat()},
        to_client={"reason": row.longer_reason},
    )


def _tell_removed(deed: Deed, row: BackupSet, reason: str) -> None:
    msp = the_msp()
    body = (
        f"We had told you that we keep “{row.name}” ({row.location}). It was recorded by mistake and is taken off the list: "
        f"{reason}\n\nIf you remember it otherwise, tell us."
    )
    values = {
        "topic": f"“{row.name}” is not among your backups",
        "sender": deed.actor.name,
        "sender_firm": msp.name if msp else "",
        "body": body,
        "portal_url": link(PORTAL),
    }
    post(deed, Post("message", f"set:{row.id.hex}:removed", values, second=True, house=True))
