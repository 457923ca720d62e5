# SPDX-License-Identifier: AGPL-3.0-or-later
"""The measurements run and give ratios; no time is asserted, since a busy machine would fail it."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.support import programs
from tests.support.worlds import ROOT

# Lines of each subject: databases, cases and peers.
BUNDLE = 6 if shutil.which("zip") else 4  # without zip there is no comparison with bagit and zip
LINES = {
    "import": 3,
    "evidence": 2,
    "bundle": BUNDLE,
    "job": 2,
    "verify": 4,
    "page": 4,
    "hours": 3,
    "deletion": 3,
    "retention": 1,
    "backup": 4,
    "vault": 2,
    "search": 1,
    "mail": 7 if os.geteuid() == 0 and programs.find("dovecot") else 5,
}


def measured(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--small", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.slow
def test_a_small_run_of_each_prints_ratios() -> None:
    found = json.loads(measured("--json"))
    rows = found["rows"]
    assert {name: sum(row["subject"] == name for row in rows) for name in LINES} == LINES
    assert len(rows) == sum(LINES.values())
    assert all(row["ratio"] > 0 and row["ours_s"] > 0 and row["peer_s"] > 0 for row in rows)
    assert found["small"] and found["machine"]["cores"]
    pages = [row["note"] for row in rows if row["subject"] == "page"]
    for note in pages:
        with_items, with_none = (part.strip().split()[0] for part in note.split(","))
        assert with_items == with_none, f"the number of queries hangs on the number of items: {note}"


def test_the_table_says_that_a_small_run_says_nothing() -> None:
    out = measured("verify")
    assert out.startswith("A small run")
    assert out.count("| verify: ") == 4
    assert "| **" in out


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "speed"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert (
        "import, evidence, bundle, job, verify, page, hours, deletion, backup, vault, retention, search, mail"
        in done.stderr
    )
