# SPDX-License-Identifier: AGPL-3.0-or-later
"""Key units at work: which data key seals what, and the stores behind it.

A unit is made on first use, in a deed of its own; its key-encryption key lies in the key store only.
Data keys are not cached across requests (PROOF.md, "Secrets").
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet

from partwell.actions.base import Deed
from partwell.connectors.blobstore import LocalBlobStore
from partwell.connectors.envelope import aad, new_data_key, open_value, seal_value
from partwell.connectors.keystore import FolderKeyStore
from partwell.records import statements
from partwell.records.evidence.models import LogState
from partwell.records.vault.models import KeyUnit
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refused, refuse

log = logging.getLogger("partwell.keys")

INSTALLATION, RECORD, CREDENTIALS = "installation", "record", "credentials"


def key_store() -> FolderKeyStore:
    """The key store of PARTWELL_KEYS; refuses a folder inside PARTWELL_HOME."""
    return FolderKeyStore(Path(settings.PARTWELL_KEYS), Path(settings.PARTWELL_HOME))


def blob_store() -> LocalBlobStore:
    """The encrypted files of this installation."""
    return LocalBlobStore(Path(settings.PARTWELL_HOME) / "vault")


@dataclass(frozen=True)
class OpenUnit:
    """A unit whose data key is in memory for the moment."""

    id: UUID
    client_id: UUID | None
    version: int
    key: bytes = field(repr=False)

    def place(self, model: str, row: UUID | str, name: str) -> bytes:
        """Associated data for one value's place."""
        return aad(
            self.client_id.hex if self.client_id else "installation", model, str(row), name, self.version
        )

    def seal(self, model: str, row: UUID | str, name: str, plain: bytes) -> bytes:
        """Encrypt one value for its place."""
        return seal_value(self.key, plain, self.place(model, row, name))

    def open(self, model: str, row: UUID | str, name: str, sealed: bytes) -> bytes:
        """Decrypt one value of that place; connectors' SealBroken if anything differs."""
        return open_value(self.key, bytes(sealed), self.place(model, row, name))


def _wrap_place(unit_id: UUID, client_id: UUID | None, purpose: str) -> bytes:
    return aad(client_id.hex if client_id else "installation", "vault.KeyUnit", unit_id, purpose, 1)


def open_unit(unit: KeyUnit) -> OpenUnit:
    """Unwrap a unit's data key. Raises Refused (``file_destroyed``) after its destruction, connectors' KeyMissing where it is lost."""
    if unit.destroyed_at is not None:
        raise Refused(refuse("file_destroyed", day=unit.destroyed_at.date()))
    key = key_store().unwrap(
        unit.kek_id, bytes(unit.wrapped_key), _wrap_place(unit.id, unit.client_id, unit.purpose)
    )
    return OpenUnit(unit.id, unit.client_id, unit.key_version, key)


def unit_for(actor: Actor, client_id: UUID | None, purpose: str = RECORD) -> OpenUnit:
    """The open unit of a client and purpose, made on first use. Call it before a deed, never inside one."""
    found = statements.find(KeyUnit, client_id=client_id, purpose=purpose, destroyed_at=None)
    return open_unit(min(found, key=lambda unit: unit.id) if found else _make(actor, client_id, purpose))


def _living(client_id: UUID | None, purpose: str) -> "QuerySet[KeyUnit]":
    units = KeyUnit.objects.filter(purpose=purpose, destroyed_at=None)
    return units.filter(client=None) if client_id is None else units.filter(client_id=client_id)


def _make(actor: Actor, client_id: UUID | None, purpose: str) -> KeyUnit:
    store, data_key = key_store(), new_data_key()
    kek = store.begin()
    try:
        with Deed(actor) as deed:
            unit = KeyUnit(client_id=client_id, purpose=purpose, kek_id=kek, created_at=deed.now)
            unit.wrapped_key = store.wrap(kek, data_key, _wrap_place(unit.id, client_id, purpose))
            deed.add(unit)
            owner = deed.lock(client_id).name if client_id else "the service provider"
            deed.record(
                "key.made",
                client=client_id,
                subjects=[unit.id],
                public={"client": owner, "purpose": purpose},
                internal={"key_id": kek},
            )
    except IntegrityError:
        # Somebody made it at the same moment: theirs stands, our key goes.
        store.destroy(kek)
        return _living(client_id, purpose).get()
    store.keep(kek)
    return unit


def settle_unused(*, older_than: timedelta) -> int:
    """What a process that died while it made a key unit left in the key store: a key that a row names is kept, any other goes.

    Nothing was ever sealed under a key that was not kept (:class:`KeyStore`). One called ``.key`` is never touched here,
    whatever the database says: it may be what a newer backup of the database needs. Gives how many files went.
    """
    store, seconds = key_store(), older_than.total_seconds()
    begun, removed = store.unused(seconds), store.clean_temporary(seconds)
    named = known_keys() if begun else frozenset()
    for key_id in begun:
        if key_id in named:
            store.keep(key_id)
        else:
            removed += store.destroy(key_id)
    if removed:
        log.info("%d keys that were begun and never used were removed from PARTWELL_KEYS.", removed)
    return removed


def known_keys() -> frozenset[str]:
    """Every key that a row of this database names: those of key units, destroyed ones too, and the log's own."""
    sealed = LogState.objects.values_list("sealed_key", flat=True)
    logs = (bytes(one).partition(b":")[0].decode() for one in sealed if one)
    return frozenset((*KeyUnit.objects.values_list("kek_id", flat=True), *logs))


def stray_keys() -> list[str]:
    """Keys of the store that no row of this database names; to be told, not to be removed."""
    named = known_keys()
    return [one for one in key_store().key_ids() if one not in named]
