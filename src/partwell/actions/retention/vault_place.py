# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set in our own vault as a place: what still exists under its key unit. It goes by destroying the unit (PROOF.md, "Secrets")."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet

from partwell.actions.keys import blob_store, key_store
from partwell.connectors.places import Answer, Locks, Outcomes, PlaceFacts, Thing
from partwell.records.retention.models import BackupSet
from partwell.records.vault.models import KeyUnit, SealedValue, StoredFile

PAGE = 500
Units = list[KeyUnit]  # a class with a method `list` cannot say list[…] behind it


def purpose_of(backup_set: BackupSet) -> str:
    """The purpose of the set's key unit."""
    return f"backup:{backup_set.id.hex}"


class VaultPlace:
    """See connectors' ``Place``. Things are the unit's keys, and files and sealed values that are still stored."""

    def __init__(self, backup_set: BackupSet) -> None:
        self._set = backup_set

    def units(self) -> Units:
        """The key units of the set, destroyed ones too."""
        rows = KeyUnit.objects.filter(client_id=self._set.client_id, purpose=purpose_of(self._set))
        return list(rows.order_by("created_at", "id"))

    def facts(self) -> PlaceFacts:
        """The vault is where the program is; what is kept is how many keys there are."""
        units = self.units()
        text = f"{len(units)} key units, {sum(unit.destroyed_at is not None for unit in units)} of them destroyed"
        said = Answer(datetime.now(UTC), "units", text)
        return PlaceFacts(True, "n/a", False, "", (), (), (said,), identity=f"vault {purpose_of(self._set)}")

    def list(self, after: str = "") -> Iterator[Thing]:
        """Files first, then sealed values, then keys; only what still exists."""
        store, keys = blob_store(), key_store()
        units = self.units()
        for file in _paged(StoredFile.objects.filter(unit__in=units)):
            if store.exists(file.blob_id):
                thing = Thing(f"files/{file.id.hex} {file.name}", file.sha256[:40], "object", file.size, file.stored_at, "", True)  # fmt: skip
                if self.marker_of(thing) > after:
                    yield thing
        for value in _paged(SealedValue.objects.filter(unit__in=units).exclude(ciphertext=None)):
            thing = Thing(f"values/{value.id.hex}", "", "object", 0, value.unit.created_at, "", True)
            if self.marker_of(thing) > after:
                yield thing
        for unit in units:
            if keys.exists(unit.kek_id):
                thing = Thing(f"zkeys/{unit.id.hex}", "", "object", 0, unit.created_at, "", True)
                if self.marker_of(thing) > after:
                    yield thing

    def marker_of(self, thing: Thing) -> str:
        """Its kind and id: files, values and keys sort in the order in which they are listed."""
        return thing.key.partition(" ")[0]

    def locks(self, things: Sequence[Thing]) -> Locks:
        """None: only a hold keeps what lies in the vault, and that is asked elsewhere."""
        del things
        return Locks()

    def delete(self, things: Sequence[Thing]) -> Outcomes:
        """Never one by one: a file without its key is what deletion means here, so the unit goes whole."""
        raise NotImplementedError("A set in the vault is deleted by destroying its key unit.")

    def describe(self) -> str:
        """The vault."""
        return "our vault"

    def overlaps(self, other: object) -> bool:
        """A unit belongs to one set."""
        return isinstance(other, VaultPlace) and other._set.id == self._set.id


def _paged(rows: "QuerySet[Any]") -> Iterator[Any]:
    """All rows by id, a page at a time."""
    last = None
    while page := list(
        (rows.filter(pk__gt=last) if last else rows).select_related("unit").order_by("pk")[:PAGE]
    ):
        yield from page
        last = page[-1].pk
