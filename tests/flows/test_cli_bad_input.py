# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands under bad input, missing rights, a full disk, a reader that leaves and Ctrl-C: a sentence, the right code, no traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from partwell.entrypoints.cli import ending
from partwell.entrypoints.cli.main import app
from partwell.records.estate.models import Import, Item
from partwell.records.jobs.models import Job
from tests.flows.estate_cast import cast
from tests.flows.test_cli import inside, partwell, said
from tests.support.worlds import World

COMMAND = [sys.executable, "-m", "partwell.entrypoints.cli.main"]
NORTHWICK = ("--client", "Northwick Traders")


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """One good table and several that are not."""
    (tmp_path / "ok.csv").write_text("Name,Serial\nA printer,SN-1\n")
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "nothing").mkdir()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def refused(done: "subprocess.CompletedProcess[str]", code: int, words: str) -> None:
    """Exit code, one sentence that holds ``words``, no traceback and nothing half said."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    assert words in done.stdout + done.stderr, (done.stdout, done.stderr)


def test_an_import_of_what_cannot_be_imported(db_world: World, files: Path) -> None:
    cast()
    for number, (code, words, arguments) in enumerate(
        (
            (2, "no such file", (*NORTHWICK, files / "none.csv")),
            (1, "holds no rows", (*NORTHWICK, files / "empty.csv")),
            (1, "holds no rows", (*NORTHWICK, files / "empty.csv", "--dry-run")),
            (1, "nothing in here", (*NORTHWICK, files / "nothing")),
            (2, "neither a file nor a folder", (*NORTHWICK, files / "pipe")),
            (2, "no client called", ("--client", "Nobody", files / "ok.csv")),
            (2, "no client called", ("--client", "", files / "ok.csv")),
            (2, "There is no kind", (*NORTHWICK, files / "ok.csv", "--source", "moon")),
            (2, "There is no owner", (*NORTHWICK, files / "ok.csv", "--owner", "moon")),
            (2, "no staff member", (*NORTHWICK, files / "ok.csv", "--as", "nobody@x.example")),
            (
                2,
                "password file cannot be read",
                (*NORTHWICK, files / "ok.csv", "--password-file", files / "none"),
            ),
        )
    ):
        ask = partwell if number < 2 else inside  # one of each exit code as a program of its own
        done = ask(db_world, "import", *map(str, arguments), "--json")
        refused(done, code, words)
        assert json.loads(done.stdout)["ok"] is False
    assert not Item.objects.present().exists()
    assert not Import.objects.filter(state__in=("reading", "staged", "refused")).exists()


def test_what_in_a_folder_cannot_be_taken_is_said(db_world: World, files: Path) -> None:
    cast()
    folder = files / "docs"
    folder.mkdir()
    (folder / "plan.pdf").write_bytes(b"%PDF-1.4 a plan")
    (folder / "link.pdf").symlink_to(files / "ok.csv")
    done = said(inside(db_world, "import", *NORTHWICK, str(folder), "--json"))
    assert done["items"] == 1 and done["left_out"] == 1
    assert done["lines"][0] == {
        "line": "link.pdf",
        "sentence": "“link.pdf” is left out: it is no ordinary file.",
    }
    assert not list((db_world.home / "tmp").iterdir())  # the plain ZIP of it is gone


def test_an_installation_that_cannot_be_used(db_world: World, tmp_path: Path) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/x"
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(b"this is no database at all, whatever its name says" * 40)
    for words, more in (
        ("connection", {"PARTWELL_DATABASE": nowhere}),
        ("must begin with sqlite", {"PARTWELL_DATABASE": "mysql://x"}),
        ("file is not a database", {"PARTWELL_DATABASE": f"sqlite:///{damaged}"}),
        ("/proc/nothing", {"PARTWELL_HOME": "/proc/nothing"}),
        ("setup-db", {"PARTWELL_DATABASE": f"sqlite:///{tmp_path / 'empty.sqlite3'}"}),
    ):
        done = partwell(db_world, "ledger", "check", "--json", **more)
        refused(done, 2, words)
        assert json.loads(done.stdout)["ok"] is False, done.stdout


def test_a_vault_that_takes_nothing(db_world: World, files: Path) -> None:
    """The folder of encrypted files is gone and a file stands in its place: as a disk that takes nothing more."""
    cast()
    vault = db_world.home / "vault"
    if vault.exists():
        vault.rename(db_world.home / "away")
    vault.write_bytes(b"")
    refused(inside(db_world, "import", *NORTHWICK, str(files / "ok.csv"), "--json"), 2, "vault")
    assert not Item.objects.present().exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_device_and_a_reader_that_leaves(db_world: World) -> None:
    cast()
    for arguments in (["ledger", "checkpoint"], ["ledger", "check", "--json"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([*COMMAND, *arguments], env=db_world.environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
        assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([*COMMAND, *arguments], env=db_world.environment(), stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # fmt: skip
        os.close(writing)
        assert (done.returncode, done.stderr) == (ending.READER_GONE, ""), (arguments, done.stderr)


@pytest.mark.slow
def test_ctrl_c_during_an_import_leaves_nothing_that_blocks_the_next(db_world: World, files: Path) -> None:
    who = cast()
    big = files / "big.csv"
    big.write_text("Name,Serial\n" + "".join(f"pc {n},SN{n}\n" for n in range(60_000)))
    # A shell starts what runs in its background with Ctrl-C ignored, and children inherit that.
    running = subprocess.Popen([*COMMAND, "import", *NORTHWICK, str(big), "--json"], env=db_world.environment(),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))  # fmt: skip
    until = time.monotonic() + 60
    while not Job.objects.filter(kind="import.stage", state="running", done__gt=0).exists():
        assert time.monotonic() < until and running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1 and "Traceback" not in out + err, err
    assert json.loads(out)["problem"].startswith("Stopped; nothing was imported")
    assert set(Import.objects.values_list("state", flat=True)) == {"discarded"}
    assert said(inside(db_world, "import", *NORTHWICK, str(files / "ok.csv"), "--json"))["items"] == 1
    assert Item.objects.present().filter(client=who.northwick).count() == 1


def test_every_command_has_help_and_usage_errors_are_2() -> None:
    runner = CliRunner()
    for arguments in (["sample"], ["import"], ["bundle"], ["run"], ["demo"], ["setup-db"], ["ledger"],
                      ["ledger", "check"], ["ledger", "checkpoint"], ["ledger", "proof"], ["ledger", "vkey"]):  # fmt: skip
        done = runner.invoke(app, [*arguments, "--help"])
        assert done.exit_code == 0 and "Usage" in done.output, done.output
        done = runner.invoke(app, [*arguments, "--no-such-option"])
        assert done.exit_code == 2 and "No such option" in done.output, done.output
    assert runner.invoke(app, ["nothing"]).exit_code == 2
    assert runner.invoke(app, ["ledger", "proof", "abc"]).exit_code == 2


def test_sentences_of_unforeseen_errors() -> None:
    from django.db import OperationalError

    assert "make room on the disk" in ending.sentence_of(OperationalError("database or disk is full"))
    assert "unforeseen" in ending.sentence_of(KeyError("pw-secret")) and "pw-secret" not in ending.sentence_of(KeyError("pw-secret"))  # fmt: skip
    assert ending.sentence_of(PermissionError(13, "Permission denied", "/x/y")).startswith(
        "/x/y: Permission denied"
    )
    assert "DETAIL" not in ending.sentence_of(OperationalError("wrong\nDETAIL: Key (name)=(secret)"))
