# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a backup set to the place that can be listed and emptied. The storage's secret is opened here, in the worker only."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from partwell.actions.jobs import lease
from partwell.actions.keys import open_unit
from partwell.actions.retention.set_facts import own_folders
from partwell.actions.retention.vault_place import VaultPlace
from partwell.connectors.errors import (
    KeyStoreError,
    PlaceError,
    PlaceMissing,
    PlaceThrottled,
    PlaceUnreachable,
    SealError,
)
from partwell.connectors.folder import FolderPlace
from partwell.connectors.places import Place as ConnectorPlace
from partwell.connectors.places import PlaceFacts
from partwell.connectors.s3 import S3Place
from partwell.connectors.secret import Secret
from partwell.records.retention.models import BackupSet
from partwell.records.vault.models import SealedValue
from partwell.rules import places
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal, Refused, refuse

SECRET_FIELD = "storage"  # noqa: S105  the name of a field
AGAIN = timedelta(seconds=30)


def incomplete(backup_set: BackupSet) -> Refusal | None:
    """What is missing before the program could empty the place; None for one that people empty."""
    place = Place(backup_set.place)
    if place.by_hand:
        return None
    spelled = places.spell(place, backup_set.whereabouts, backup_set.name)
    if isinstance(spelled, Refusal):
        return spelled
    if place is Place.BUCKET:
        missing = [
            words
            for words, there in (
                ("the access key", spelled.whereabouts.get("access_key")),
                ("the secret", _sealed(backup_set) is not None),
            )
            if not there
        ]
        if missing:
            return refuse("place_incomplete", subject=backup_set.name, missing=" and ".join(missing))
    return None


def _sealed(backup_set: BackupSet) -> SealedValue | None:
    rows = SealedValue.objects.select_related("unit").filter(subject_id=backup_set.id, field=SECRET_FIELD)
    return rows.exclude(ciphertext=None).first()


def open_place(backup_set: BackupSet, *, expect: str = "") -> ConnectorPlace:
    """The place, ready to be asked. ``expect``: the identity that the dry run found there.

    Raises ``Refused`` where it is not said completely or the secret cannot be opened, ``PlaceError`` for what may not be
    a place. A bucket without a prefix is one only where it was said that the whole bucket is this set.
    """
    if (missing := incomplete(backup_set)) is not None:
        raise Refused(missing)
    place, said = Place(backup_set.place), backup_set.whereabouts
    if place is Place.VAULT:
        return VaultPlace(backup_set)
    if place is Place.FOLDER:
        return FolderPlace(
            Path(str(said.get("resolved") or said["path"])),
            forbidden=own_folders(),
            expect=expect,
        )
    if place is not Place.BUCKET:
        raise Refused(
            refuse("place_incomplete", subject=backup_set.name, missing="a place that can be emptied")
        )
    row = _sealed(backup_set)
    assert row is not None  # incomplete() has looked
    try:
        plain = open_unit(row.unit).open(
            "vault.SealedValue", row.subject_id, row.field, bytes(row.ciphertext or b"")
        )
    except (KeyStoreError, SealError):
        raise Refused(
            refuse("storage_refused", subject=backup_set.name, why="its secret can no longer be opened")
        ) from None
    return S3Place(
        endpoint=str(said["endpoint"]),
        region=str(said.get("region") or ""),
        bucket=str(said["bucket"]),
        prefix=str(said.get("prefix") or ""),
        access_key=str(said["access_key"]),
        secret=Secret(plain.decode("utf-8", "replace")),
        path_style=bool(said.get("path_style", True)),
        whole_bucket=said.get("whole_bucket") is True and not said.get("prefix"),
    )


@contextmanager
def storage(subject: str) -> Iterator[None]:
    """Turn what a place cannot do into what a job says: later for what may pass by itself, else ``storage_refused``."""
    try:
        yield
    except PlaceMissing as error:
        raise Refused(refused_by(subject, error)) from error
    except (PlaceThrottled, PlaceUnreachable) as error:
        raise lease.Later(str(refused_by(subject, error)), AGAIN) from error
    except PlaceError as error:
        raise Refused(refused_by(subject, error)) from error


def refused_by(subject: str, error: PlaceError) -> Refusal:
    """The refusal with the storage's own reason; the connectors' sentences hold no secret."""
    return refuse("storage_refused", subject=subject, why=str(error).rstrip(". "))


def facts_of(place: ConnectorPlace, subject: str, *, expect: str = "") -> PlaceFacts:
    """What the place says of itself. Raises as ``storage`` does where it does not answer, and where something else than

    ``expect`` lies there now: a share that is not mounted looks empty, and empty is what a deletion wants to see.
    """
    with storage(subject):
        found = place.facts()
        if not found.reachable:
            if isinstance(place, FolderPlace):
                next(place.list(), None)  # says by its error whether waiting would help
            raise PlaceUnreachable(found.raw[-1].text if found.raw else "It gave no answer.")
        if expect and found.identity != expect:
            raise PlaceMissing("Another storage or folder answers there now than when it was listed")
    return found


class Neighbours:
    """Other sets that lie, in whole or part, where this one lies: what is theirs is never this one's to delete.

    Recording a set refuses such an overlap; here it is looked at once more, by the places' one spelling.
    """

    def __init__(self, backup_set: BackupSet) -> None:
        self._mine = self._key(backup_set)
        self._inside: list[str] = []
        self._all = False
        place = Place(backup_set.place)
        if not self._mine or place not in (Place.BUCKET, Place.FOLDER):
            return
        rows = BackupSet.objects.filter(place=place, gone_at=None, removed_at=None).exclude(pk=backup_set.pk)
        for row in rows.only("place", "whereabouts", "name").iterator(chunk_size=500):
            key = self._key(row)
            if not key:
                continue
            if self._mine.startswith(key):
                self._all = True
            elif key.startswith(self._mine):
                self._inside.append(key)

    @staticmethod
    def _key(row: BackupSet) -> str:
        spelled = places.spell(Place(row.place), row.whereabouts, row.name)
        return "" if isinstance(spelled, Refusal) else spelled.key

    def theirs(self, key: str, *, below: str = "") -> bool:
        """Whether a thing lies in another set. ``key``: as the place lists it; ``below``: the part of it that the place itself is."""
        if self._all:
            return True
        if not self._inside:
            return False
        mine = key.removeprefix(below).casefold()
        whole = f"{self._mine}{mine}"
        return any(whole.startswith(one) or f"{whole}/" == one for one in self._inside)
