# SPDX-License-Identifier: AGPL-3.0-or-later
"""PostgreSQL asks more of whoever erases: what is said without the owner's address, and a dump restored by other means."""

from typing import Any

import pytest

from partwell.actions.erasure.scrub import scrub, scrub_rows
from partwell.actions.evidence.tombstones import TombstonesWait, apply_tombstones, waiting
from partwell.records.evidence.models import Disclosure, Entry
from tests.flows.backup_cast import partwell
from tests.flows.test_backup_deleted import MARKER, destroyed, planted
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases
TABLE = "retention_deletionline"


def test_without_the_owners_address_the_rest_is_said_in_sentences(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PARTWELL_DATABASE_OWNER", raising=False)
    for way in (scrub, scrub_rows):
        said = way([TABLE])
        if db_world.kind == "sqlite":
            assert said == []
        else:
            assert "PARTWELL_DATABASE_OWNER is not set" in said[0] and TABLE in said[0]
            assert "write-ahead log" in said[-1]


def test_an_owners_address_that_does_not_work_is_said_without_its_password(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARTWELL_DATABASE_OWNER", "postgresql://nobody:hunter2@127.0.0.1:1/nowhere")
    said = " ".join(scrub([TABLE]))
    assert "hunter2" not in said
    if db_world.kind == "postgresql":
        assert "could not be used" in said and TABLE in said


def test_a_dump_restored_by_other_means_is_not_served_before_it_is_erased_again(db_world: World) -> None:
    """pg_restore of an old dump, and the log store as it was: contents that were erased stand in the database again."""
    made, stored, index = planted()
    destroyed(made, stored, index)
    assert waiting() and MARKER.encode() in _said(index)
    if db_world.kind == "sqlite":
        assert apply_tombstones().disclosures == 1
    else:
        with pytest.raises(TombstonesWait, match="partwell ledger reapply"):
            apply_tombstones()
        refused = partwell(db_world, "ledger", "reapply", check=2)
        assert "ledger reapply" in str(refused)
        served = _served(db_world)
        assert served.returncode != 0 and "partwell ledger reapply" in served.stderr, served.stderr[-2000:]
        assert MARKER.encode() in _said(index)
        again = partwell(db_world, "ledger", "reapply", environ={"PARTWELL_DATABASE": db_world.owner_url})
        assert again["disclosures"] == 1
    assert MARKER.encode() not in _said(index)
    assert apply_tombstones().total == 0 and Entry.objects.filter(index=index).exists()


def _said(index: int) -> bytes:
    uid = Entry.objects.get(index=index).uid
    return b"".join(
        bytes(one) for one in Disclosure.objects.filter(entry_uid=uid).values_list("content", flat=True)
    )


def _served(world: World) -> Any:
    """Any server that imports the WSGI callable."""
    import subprocess
    import sys

    return subprocess.run(
        [sys.executable, "-c", "import partwell.wsgi"],
        env=world.environment(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
