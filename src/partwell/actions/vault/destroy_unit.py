# SPDX-License-Identifier: AGPL-3.0-or-later
"""Destroys a key unit: its key in the key store, then the files and sealed values that only it could open (R6, PROOF.md).

Three steps, each recorded, each resumed after a crash: asked for (``destroying_at``); gone from the store, recorded only
after the store says so (``destroyed_at``); files and values removed (``emptied_at``). A hold placed in between wins over
whatever is not done yet.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings

from partwell.actions.base import Deed
from partwell.actions.erasure.holds import held as hold_covers
from partwell.actions.evidence.tombstones import KEY_UNIT, queue_tombstone, write_pending
from partwell.actions.facts import zone
from partwell.actions.keys import blob_store, key_store
from partwell.records.vault.models import KeyUnit, SealedValue, StoredFile
from partwell.rules import roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse

CHUNK = 1000


@dataclass(frozen=True)
class Destroyed:
    """A unit whose key is gone. ``effective_on``: from this day on no backup of the key store holds it either."""

    unit_id: UUID
    effective_on: date
    files: int
    values: int


def backup_days() -> int:
    """For how many days the key store's own backups keep a key that was removed (PARTWELL_KEY_BACKUP_DAYS)."""
    return int(getattr(settings, "PARTWELL_KEY_BACKUP_DAYS", 0))


def units_of(client_id: UUID, purpose: str | None = None) -> list[KeyUnit]:
    """The client's key units that still hold anything: keys, files or values."""
    rows = KeyUnit.objects.filter(client_id=client_id, emptied_at=None)
    return list(rows.filter(purpose=purpose) if purpose else rows)


def destroy_unit(
    *, actor: Actor, unit_id: UUID, held: bool, basis: str = "", called: str = ""
) -> Destroyed | Refusal:
    """Destroy one client's key unit, whole; repeating it goes on where it stopped. Never call it inside a deed.

    ``held``: what the caller found out about holds; it is asked again under the client's lock. ``basis``: why, in
    words for the record. ``called``: the name to write instead of the client's (a record that ends names nobody).
    Refuses with ``erasure_held``; ``not_found`` for the installation's own unit. The two people of R15 are the caller's.
    """
    if refusal := roles.may(actor.role, "key.destroy"):
        return refusal
    unit = KeyUnit.objects.filter(pk=unit_id, client__isnull=False).first()
    if unit is None or unit.client_id is None:
        return refuse("not_found")
    if unit.destroyed_at is None:
        if refused := _begin(actor, unit.id, unit.client_id, held, basis, called):
            return refused
        key_store().destroy(unit.kek_id)
        if key_store().exists(unit.kek_id):
            raise RuntimeError("The key store still holds the key that it was told to remove.")
        _say_destroyed(actor, unit.id, unit.client_id, called)
    return _empty(actor, unit.id, called)


def _name(deed: Deed, client_id: UUID, called: str) -> dict[str, str]:
    client = deed.lock(client_id)
    return {"client": called or client.name}


def _begin(
    actor: Actor, unit_id: UUID, client_id: UUID, held: bool, basis: str, called: str
) -> Refusal | None:
    with Deed(actor) as deed:
        name = _name(deed, client_id, called)
        unit = KeyUnit.objects.get(pk=unit_id)
        if held or hold_covers(client_id, _set_of(unit)):
            assert deed.client is not None
            return deed.refuse(
                refuse("erasure_held", client=deed.client.name), subject=unit.id, verb="key.destroy"
            )
        if unit.destroying_at is None:
            deed.save(unit, destroying_at=deed.now)
            deed.record(
                "key.destruction_begun",
                client=client_id,
                subjects=[unit.id],
                public={**name, "purpose": unit.purpose},
                to_client={"basis": basis[:300]},
                internal={"key_id": unit.kek_id},
            )
    return None


def _set_of(unit: KeyUnit) -> UUID | None:
    """The backup set that a unit of purpose ``backup:<set>`` is for."""
    kind, _, text = unit.purpose.partition(":")
    try:
        return UUID(text) if kind == "backup" else None
    except ValueError:
        return None


def _say_destroyed(actor: Actor, unit_id: UUID, client_id: UUID, called: str) -> None:
    with Deed(actor) as deed:
        name = _name(deed, client_id, called)
        unit = KeyUnit.objects.get(pk=unit_id)
        if unit.destroyed_at is not None:
            return
        expire = day_in(deed.now, zone()) + timedelta(days=backup_days())
        deed.save(unit, destroyed_at=deed.now, copies_expire_on=expire)
        queue_tombstone(deed, KEY_UNIT, unit=unit.id.hex, key=unit.kek_id)
        deed.record(
            "key.destroyed",
            client=client_id,
            subjects=[unit.id],
            public={**name, "purpose": unit.purpose},
            to_client={"copies_expire": expire.isoformat()},
            internal={"key_id": unit.kek_id, "store": "the key folder (PARTWELL_KEYS)"},
        )
    write_pending()


def _empty(actor: Actor, unit_id: UUID, called: str) -> Destroyed:
    """Remove blobs and ciphertexts; harmless to repeat. Rows stay: they say what there was."""
    store = blob_store()
    files = StoredFile.objects.filter(unit_id=unit_id)
    number = 0
    for blob in files.values_list("blob_id", flat=True).iterator(chunk_size=CHUNK):
        store.delete(blob)
        number += 1
    while _empty_values(actor, unit_id, called):
        pass
    values = SealedValue.objects.filter(unit_id=unit_id).count()
    unit = KeyUnit.objects.get(pk=unit_id)
    assert unit.client_id is not None and unit.copies_expire_on is not None
    if unit.emptied_at is None:
        with Deed(actor) as deed:
            name = _name(deed, unit.client_id, called)
            deed.save(unit, emptied_at=deed.now)
            deed.record(
                "key.emptied",
                client=unit.client_id,
                subjects=[unit.id],
                public={**name, "purpose": unit.purpose},
                to_client={"files": number, "values": values},
            )
    return Destroyed(unit.id, unit.copies_expire_on, number, values)


def _empty_values(actor: Actor, unit_id: UUID, called: str) -> bool:
    """Empty the next sealed values of a destroyed unit in one deed; False when none is left."""
    with Deed(actor) as deed:
        unit = KeyUnit.objects.get(pk=unit_id)
        assert unit.client_id is not None
        name = _name(deed, unit.client_id, called)
        rows = list(SealedValue.objects.filter(unit_id=unit_id).exclude(ciphertext=None)[:CHUNK])
        for row in rows:
            row.ciphertext, row.purged_at = None, row.purged_at or deed.now
        if rows:
            deed.save_many(SealedValue, rows, ["ciphertext", "purged_at"])
            deed.record(
                "key.values_emptied",
                client=unit.client_id,
                subjects=[unit.id],
                public={**name, "purpose": unit.purpose, "count": len(rows)},
            )
    return bool(rows)


def resume_destroyed() -> int:
    """Go on with units whose destruction a crash broke off; how many were finished. What a hold stopped stays as it is."""
    done = 0
    for unit in KeyUnit.objects.exclude(destroying_at=None).filter(emptied_at=None, client__isnull=False):
        assert unit.client_id is not None
        held = hold_covers(unit.client_id, _set_of(unit)) and unit.destroyed_at is None
        if held and key_store().exists(unit.kek_id):
            continue
        if held:  # the key went before the hold came, and only its entry is missing
            _say_destroyed(SYSTEM, unit.id, unit.client_id, "")
        done += isinstance(destroy_unit(actor=SYSTEM, unit_id=unit.id, held=False), Destroyed)
    return done
