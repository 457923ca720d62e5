# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line as people and scripts use it: exit codes, quiet JSON, sentences; and a server that starts and stops."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import typer
from django.conf import settings

from partwell.actions.evidence.log_store import copy_new
from partwell.entrypoints.cli import serve
from partwell.entrypoints.cli.main import app
from partwell.records.evidence.models import LogState
from sealed.verify import verify
from tests.flows.cast import cast
from tests.support.ports import free_port
from tests.support.worlds import World


def partwell(world: World, *arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **world.environment(),
        "PARTWELL_LOG": str(settings.PARTWELL_LOG),
        **more,
    }
    return subprocess.run([sys.executable, "-m", "partwell.entrypoints.cli.main", *arguments], env=environment, capture_output=True, text=True,
                          check=False, timeout=60, cwd=world.home.parent)  # fmt: skip


def inside(world: World, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """The same in this process, where the question is what a command answers and not the process around it."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    given = ["partwell", *arguments]
    with mock.patch.object(sys, "argv", given), redirect_stdout(out), redirect_stderr(err):
        try:
            app(list(arguments))
        except SystemExit as ended:
            assert ended.code is None or isinstance(ended.code, int)
            code = ended.code or 0
    return subprocess.CompletedProcess(given, code, out.getvalue(), err.getvalue())


def said(done: "subprocess.CompletedProcess[str]", code: int = 0) -> dict[str, Any]:
    assert done.returncode == code, (done.stdout, done.stderr)
    value: dict[str, Any] = json.loads(done.stdout)
    return value


@pytest.mark.both_databases
def test_the_ledgers_commands(db_world: World, tmp_path: Path) -> None:
    cast(signed=True)
    copy_new()
    key = LogState.objects.get().vkey
    assert inside(db_world, "ledger", "vkey").stdout.strip() == key
    report = said(partwell(db_world, "ledger", "check", "--files", "--json"))
    assert report["ok"] and report["first"] is None and report["facts"]["entries"] > 20
    note = partwell(db_world, "ledger", "checkpoint").stdout
    kept = tmp_path / "kept.note"
    kept.write_text(note)
    assert verify(kept, key).ok
    assert said(inside(db_world, "ledger", "check", "--checkpoint", str(kept), "--json"))["facts"][
        "given_checkpoints"
    ] == ["kept.note"]
    proof = tmp_path / "3.tlog-proof"
    proof.write_text(inside(db_world, "ledger", "proof", "3").stdout)
    assert verify(proof, key).ok
    assert said(inside(db_world, "ledger", "proof", "99999", "--json"), 2)["ok"] is False
    with db_world.behind() as outside:
        outside.cursor().execute(
            "UPDATE clients_client SET legal_name = 'Other' WHERE name = 'Northwick Traders'"
        )
    report = said(partwell(db_world, "ledger", "check", "--json"), 1)
    assert report["first"]["code"] == "row-changed" and report["first"]["where"].startswith("clients_client ")
    assert "do NOT hold" in inside(db_world, "ledger", "check").stdout
    assert inside(db_world, "ledger", "check", "--checkpoint", "nowhere").returncode == 2


@pytest.mark.usefixtures("db_world")
def test_a_bundle_from_the_command_line(db_world: World, tmp_path: Path) -> None:
    c = cast(signed=True)
    c.release("diagram", "switch")
    client, provider = tmp_path / "client.zip", tmp_path / "provider.zip"
    made = said(
        partwell(
            db_world,
            "bundle",
            "--client",
            "northwick traders",
            "--to",
            "client",
            "--output",
            str(client),
            "--json",
        )
    )
    assert made["ok"] and made["size"] == client.stat().st_size
    assert (
        inside(
            db_world, "bundle", "--client", "Northwick Traders", "--to", "provider", "--output", str(provider)
        ).returncode
        == 0
    )
    for path in (client, provider):
        assert verify(path, LogState.objects.get().vkey).ok
    wrong = (("--client", "Nobody", "--to", "client"), ("--client", "Northwick Traders", "--to", "moon"),
             ("--client", "Northwick Traders", "--to", "client", "--age", "age1wrong"), ("--client", "Quayside Dental", "--to", "provider"))  # fmt: skip
    for arguments in wrong:
        assert inside(db_world, "bundle", *arguments, "--output", str(tmp_path / "never.zip")).returncode == 2
    assert (
        inside(
            db_world, "bundle", "--client", "Northwick Traders", "--to", "client", "--output", str(client)
        ).returncode
        == 2
    )
    refused = partwell(
        db_world,
        "bundle",
        "--client",
        "Northwick Traders",
        "--to",
        "client",
        "--credentials",
        "--output",
        str(tmp_path / "never.zip"),
    )
    assert refused.returncode == 1 and "must be encrypted" in refused.stderr
    assert not (tmp_path / "never.zip").exists()


def test_help_comes_without_django() -> None:
    code = (
        "import sys; from partwell.entrypoints.cli.main import app\n"
        "for command in ('run', 'bundle', 'import'):\n"
        "    try: app([command, '--help'])\n"
        "    except SystemExit as ended: assert not ended.code\n"
        "assert 'django' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Usage") == 3


@pytest.mark.slow
def test_run_serves_restarts_a_dead_worker_and_stops(db_world: World) -> None:
    ports = {"PORT": str(free_port()), "PARTWELL_MAIL_PORT": str(free_port())}
    environment = {**db_world.environment(), **ports}
    server = subprocess.Popen([sys.executable, "-m", "partwell.entrypoints.cli.main", "run"], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, cwd=db_world.home.parent)  # fmt: skip
    try:
        assert wait_for(lambda: answers(ports["PORT"]))
        taken = partwell(db_world, "run", **ports)
        assert taken.returncode == 2 and "is in use" in taken.stderr
        worker = wait_for(lambda: worker_of(server.pid))
        assert isinstance(worker, int)
        os.kill(worker, signal.SIGKILL)
        assert wait_for(lambda: worker_of(server.pid) not in (None, worker))
        again = worker_of(server.pid)
    finally:
        server.send_signal(signal.SIGTERM)
        out, _ = server.communicate(timeout=40)
    assert server.returncode == 0, out
    assert "Partwell answers at" in out and "it is started again" in out
    assert again is not None and not Path(f"/proc/{again}").exists()


def wait_for(look: Any, seconds: float = 40) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.2)
    return None


def answers(port: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/evidence/check/", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def worker_of(parent: int) -> int | None:
    if not Path("/proc").is_dir():
        pytest.skip("needs /proc")
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            above = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if above == parent and b"partwell.workers" in words:
            return int(path.name)
    return None


def test_the_post_office_gives_way_unless_its_port_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        monkeypatch.setenv("PARTWELL_MAIL_PORT", "")
        serve._post_office(port)
        assert int(os.environ["PARTWELL_MAIL_PORT"]) not in (0, port)
        monkeypatch.setenv("PARTWELL_MAIL_PORT", str(port))
        with pytest.raises(typer.Exit) as ended:
            serve._post_office(port)
        assert ended.value.exit_code == 2


def test_run_refuses_what_must_not_be_served(db_world: World) -> None:
    cast()
    copy_new()
    ports = {"PORT": str(free_port()), "PARTWELL_MAIL_PORT": str(free_port())}
    kept = partwell(db_world, "run", **ports, PARTWELL_KEYS=str(db_world.home / "keys"))
    assert kept.returncode == 2 and "keys" in kept.stderr.lower()
    with db_world.behind() as outside:
        outside.cursor().execute("DROP TRIGGER pw_evidence_entry_delete")
    gone = inside(db_world, "run")
    assert gone.returncode == 1 and "pw_evidence_entry_delete" in gone.stderr
    assert inside(db_world, "setup-db").returncode == 0
    with db_world.behind() as outside:
        cursor = outside.cursor()
        for trigger in ("evidence_entry_delete",):
            cursor.execute(f"DROP TRIGGER pw_{trigger}")
        cursor.execute('DELETE FROM evidence_entry WHERE "index" > 10')
    assert inside(db_world, "setup-db").returncode == 0  # whoever cuts the tail puts the trigger back
    cut = inside(db_world, "run")
    assert cut.returncode == 1 and "below the newest known checkpoint" in cut.stderr
