# SPDX-License-Identifier: AGPL-3.0-or-later
"""The example of the main job runs to its end on real files, as a person would start it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.inputs import inputs
from tests.support.programs import ground

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def house() -> Iterator[Path]:
    with ground("main-job") as folder:
        yield folder


@pytest.mark.slow
def test_the_main_job_goes_through_on_real_input(house: Path) -> None:
    folder = inputs("README.md").parent
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PARTWELL_", "DJANGO_"))
    }
    ran = subprocess.run(
        [sys.executable, "examples/main_job.py", "--inputs", str(folder), "--out", str(house / "out")],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert "Traceback" not in ran.stderr
    figures = json.loads((house / "out" / "figures.json").read_text())
    assert figures["files"] >= 25 and figures["items"] >= 50
    assert figures["entries in the ledger"] > 200 and figures["checkpoints accepted by sealed"] >= 10
    assert figures["secrets found outside the vault"] == 0
    bundles = figures["bundles"]
    assert set(bundles) == {
        "client.zip",
        "client-secrets.zip.age",
        "provider-secrets.zip.age",
        "provider.zip",
    }
    assert all(one["entries"] > 50 and one["items"] > 20 for one in bundles.values())
    assert figures["bits flipped and named"] >= 7 and figures["lines confirmed from the bundle"] == 8
    # Nothing that was decrypted stays behind.
    assert sorted(path.name for path in (house / "out").iterdir() if "opened" in path.name) == []
    assert {path.name for path in (house / "out" / "bundles").iterdir()} == set(bundles)


def test_without_real_files_it_says_so(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "examples/main_job.py", "--inputs", str(tmp_path / "nowhere")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode != 0 and "give their folder with --inputs" in ran.stderr
