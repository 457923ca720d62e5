# SPDX-License-Identifier: AGPL-3.0-or-later
"""A progress bar where somebody watches, nothing of it where nobody does or a script asked for JSON."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.flows.cast import cast
from tests.support.worlds import World

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs a terminal of POSIX")
BARS = ("━", "[###")


def watched(world: World, *arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, and what a terminal on standard error was sent."""
    environment = {**world.environment(), "PARTWELL_LOG": str(settings.PARTWELL_LOG), "TERM": "xterm"}
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "partwell.entrypoints.cli.main", *arguments]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=theirs, text=True
    ) as child:
        os.close(theirs)
        seen = b""
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:  # Linux says so when the other side closed
            pass
        out = child.communicate(timeout=60)[0]
    os.close(ours)
    return child.returncode, out, seen.decode(errors="replace")


def test_long_commands_show_their_progress_to_people_and_none_of_it_to_scripts(
    db_world: World, tmp_path: Path
) -> None:
    cast(signed=True)
    rows = tmp_path / "assets.csv"
    rows.write_text("Name,Serial\n" + "".join(f"pc-{n},SN{n}\n" for n in range(1500)))
    client = ("--client", "Northwick Traders")
    long: list[tuple[str, ...]] = [
        ("ledger", "check", "--files"),
        ("bundle", *client, "--to", "client", "--output", str(tmp_path / "one.zip")),
        ("import", str(rows), *client),
    ]
    for arguments in long:
        code, out, seen = watched(db_world, *arguments)
        assert code == 0, (arguments, out, seen)
        assert any(bar in seen for bar in BARS), (arguments, seen)
        assert not any(bar in out for bar in BARS), arguments
    quiet = [
        long[0],
        ("bundle", *client, "--to", "client", "--output", str(tmp_path / "two.zip")),
        (*long[2], "--dry-run"),
    ]
    for arguments in quiet:
        code, out, seen = watched(db_world, *arguments, "--json")
        assert code in (0, 1) and json.loads(out), (arguments, out, seen)
        assert seen == "", (arguments, seen)
