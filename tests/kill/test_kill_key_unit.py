# SPDX-License-Identifier: AGPL-3.0-or-later
"""kill -9 while a key unit is made, before and after each statement and file: no key is left that seals nothing, none is lost."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings

from partwell.actions.evidence.check import check_ledger
from partwell.actions.keys import _make, key_store, settle_unused, stray_keys, unit_for
from partwell.connectors import disk, keystore
from partwell.records.vault.models import KeyUnit
from tests.kill import stage

AT_ONCE = timedelta(0)


def dying(holder: Any, name: str, *, after: bool) -> Callable[[], Any]:
    """A function of a module or class that ends its process before or after it is called."""
    real = getattr(holder, name)

    def dies(*given: Any, **named: Any) -> Any:
        if after:
            real(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    return lambda: mock.patch.object(holder, name, dies)


# What is left of a unit that was being made, and whether a row names it.
POINTS: dict[str, tuple[Any, str, bool, int, bool]] = {
    "half of the key file is written": (disk.Path, "replace", False, 1, False),
    "the key is there, no row": (keystore.FolderKeyStore, "wrap", False, 1, False),
    "the row is not committed": (keystore.FolderKeyStore, "wrap", True, 1, False),
    "the row is committed, the key is not kept": (keystore.FolderKeyStore, "keep", False, 1, True),
    "the key is kept": (keystore.FolderKeyStore, "keep", True, 0, True),
}


@pytest.mark.usefixtures("db_world")
def test_what_a_killed_maker_leaves_is_found_and_goes_and_what_seals_stays() -> None:
    departure = stage.prepare()
    store, folder = key_store(), Path(settings.PARTWELL_KEYS)
    whole = {one.name: one.read_bytes() for one in folder.iterdir()}
    for number, (point, (holder, name, after, begun, named)) in enumerate(POINTS.items()):
        purpose = f"test:{number}"
        patched = dying(holder, name, after=after)

        def work(purpose: str = purpose, patched: Callable[[], Any] = patched) -> None:
            with patched():
                unit_for(departure.actor, departure.client, purpose)

        killed, _ = stage.run_killed(work, 0)
        assert killed, point
        rows = KeyUnit.objects.filter(purpose=purpose)
        left = [one for one in folder.iterdir() if one.name not in whole]
        assert rows.exists() is named and len(left) == 1, point
        assert not left[0].name.endswith(".key") or not begun, (point, left)
        assert settle_unused(older_than=timedelta(hours=24)) == 0 and left[0].exists(), "a day passes first"
        assert settle_unused(older_than=AT_ONCE) == (0 if named else 1), point
        assert not named or store.exists(rows.get().kek_id)
        unit = unit_for(departure.actor, departure.client, purpose)
        assert unit.open("a", "b", "c", unit.seal("a", "b", "c", b"said")) == b"said"
        now = {one.name for one in folder.iterdir()}
        assert now == whole.keys() | {f"{rows.get().kek_id}.key"}, point
        whole |= {one: (folder / one).read_bytes() for one in now - whole.keys()}
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == whole, "no other key was touched"
    assert stray_keys() == [] and not [one for one in check_ledger().findings if "key" in one.code]


@pytest.mark.usefixtures("db_world")
def test_a_first_use_keeps_a_key_and_a_stray_one_is_told_and_never_removed() -> None:
    departure = stage.prepare()
    store, folder = key_store(), Path(settings.PARTWELL_KEYS)
    lost = store.create()  # as of a newer database than this one
    with mock.patch.object(keystore.FolderKeyStore, "keep", lambda *_: None):
        _make(departure.actor, departure.client, "test")
    kek = KeyUnit.objects.get(purpose="test").kek_id
    assert (folder / f"{kek}.new").exists()
    assert settle_unused(older_than=timedelta(hours=1)) == 0
    unit_for(departure.actor, departure.client, "test")
    assert (folder / f"{kek}.key").exists() and not (folder / f"{kek}.new").exists()
    assert settle_unused(older_than=AT_ONCE) == 0 and stray_keys() == [lost] and store.exists(lost)
    found = [one for one in check_ledger().findings if one.code == "key-stray"]
    assert len(found) == 1 and lost in str(found[0]) and check_ledger().ok
