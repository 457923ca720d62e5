# SPDX-License-Identifier: AGPL-3.0-or-later
"""Imports of files made to do harm are refused with a sentence, and other clients leave no trace."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from partwell.importers.base import Secret
from partwell.records.estate.models import Import, ImportLine, Item
from partwell.records.evidence.models import Disclosure
from partwell.records.jobs.models import Job
from partwell.records.vault.models import SealedValue, StoredFile
from tests.flows.estate_cast import cast, confirmed, staged
from tests.importers.test_platforms import HUDU, ITGLUE, OTHERS
from tests.inputs import inputs
from tests.support.worlds import World


def packed(files: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def written_anywhere(world: World) -> bytes:
    """Every byte of the database and of the home that is not encrypted."""
    with world.behind() as connection:
        if world.kind == "sqlite":
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return b"".join(
        path.read_bytes() for path in world.home.rglob("*") if path.is_file() and "vault" not in path.parts
    )


@pytest.mark.parametrize(("name", "files"), [("itglue.zip", ITGLUE), ("hudu.zip", HUDU)])
def test_one_client_is_taken_from_an_account_export_and_no_other_leaves_a_trace(
    db_world: World, name: str, files: dict[str, Any]
) -> None:
    who = cast()
    batch = staged(who.dan, who.northwick, (name, packed(files)), options={"client_names": ["Acme"]})
    assert batch.state == "staged", batch.problem
    batch = confirmed(who.dan, batch)
    assert batch.item_count > 0 and SealedValue.objects.exists()
    everything = written_anywhere(db_world)
    for other in OTHERS:
        assert other.encode() not in everything, other
    for secret in (b"s3cr3t-acme", b"ACMEOTP234", b"fw-pass"):
        assert secret not in everything
    assert batch.file_id is None, "the export with all clients in it is not kept"
    assert not any(facts["blob"] for facts in batch.options["files"])
    kept = {row.blob_id for row in StoredFile.objects.all()}
    blobs = {path.name for path in (db_world.home / "vault").rglob("*") if path.is_file()}
    assert len(blobs) == len(kept), "nothing but the items' own files is left in the vault"


def bomb() -> bytes:
    return packed({"a.txt": b"\0" * (60 << 20)})


HOSTILE: list[tuple[str, bytes, str]] = [
    ("bomb.zip", bomb(), ""),
    (
        "entities.xml",
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><nmaprun><host>&b;</host></nmaprun>',
        "nmap",
    ),
    ("deep.json", b"[" * 100_000, "glpi"),
    ("deep2.json", b'{"a":' * 50_000, "bitwarden"),
    ("not.kdbx", b"\x03\xd9\xa2\x9a\x67\xfb\x4b\xb5" + b"\xff" * 400, "keepass"),
    ("cut.xlsx", packed({"xl/workbook.xml": "<x/>"}), "xlsx"),
    ("empty.csv", b"", "csv"),
    ("headless.csv", b"https://a.example,me@a.example,hunter2\n", "csv"),
    ("quotes.csv", b'Name,Serial\n"never closed,1\n' + b"a,b\n" * 5000, "csv"),
]


@pytest.mark.parametrize(("name", "data", "kind"), HOSTILE, ids=[one[0] for one in HOSTILE])
def test_a_hostile_file_is_refused_with_a_sentence_or_left_out_by_line(
    db_world: World, name: str, data: bytes, kind: str
) -> None:
    who = cast()
    batch = staged(who.dan, who.northwick, (name, data), source=kind)
    if name == "quotes.csv":  # one row costs itself; the rows around it are as good as ever
        left = ImportLine.objects.get(batch=batch, outcome="left_out")
        assert (batch.state, batch.item_count) == ("staged", 1) and left.sentence.endswith(".")
    else:
        assert batch.state == "refused" and batch.item_count == 0
        assert batch.problem.endswith(".") and len(batch.problem) > 20
    assert not Item.objects.exists()
    assert not list((db_world.home / "tmp").glob("import-*")), "nothing plain is left behind"


def test_paths_that_climb_never_become_paths(db_world: World, tmp_path: Path) -> None:
    who = cast()
    before = set(db_world.home.parent.rglob("*"))
    batch = staged(
        who.dan,
        who.northwick,
        (
            "docs.zip",
            packed(
                {
                    "../../../escaped.txt": "out",
                    "/etc/absolute.txt": "out",
                    "fine/plan.txt": "a network diagram",
                }
            ),
        ),
    )
    after = set(db_world.home.parent.rglob("*")) - before
    assert not [path for path in after if "escaped" in path.name or "absolute" in path.name]
    assert batch.item_count <= 3


def test_a_formula_stays_text(db_world: World) -> None:
    who = cast()
    batch = confirmed(
        who.dan,
        staged(who.dan, who.northwick, ("a.csv", b"Name,Serial,Notes\nfw,SN1,\"=cmd|'/c calc'!A1\"\n")),
    )
    assert batch.item_count == 1
    assert "=cmd|" in str(Item.objects.get().details)
    assert ImportLine.objects.filter(batch=batch, outcome="note").exists()


def test_a_store_that_exhausts_or_resists_is_refused_and_its_password_is_nowhere(db_world: World) -> None:
    who = cast()
    batch = staged(
        who.dan,
        who.northwick,
        inputs("credentials/keepassxc/NewDatabase.kdbx"),
        password=Secret("wrong-password-Xy7"),
    )
    assert batch.state == "refused" and "password" in batch.problem.lower()
    assert all("unlock" not in job.payload for job in Job.objects.all())
    assert b"wrong-password-Xy7" not in written_anywhere(db_world)


@pytest.mark.both_databases
def test_nul_and_half_a_surrogate_pair_break_no_database(db_world: World) -> None:
    who = cast()
    table = "Name,Serial,Notes\nfw\x00one,SN1,a\x00b\npc \U0001f600 two,SN2,ok\n".encode()
    batch = confirmed(who.dan, staged(who.dan, who.northwick, ("a.csv", table), source="csv"))
    assert batch.item_count == 2
    assert Import.objects.count() == 1 and Disclosure.objects.exists()
