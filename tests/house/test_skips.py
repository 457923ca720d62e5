# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gate against skips: in CI a skipped test fails, and the nightly ones are deselected, never skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import tests.conftest as ground
from tests.support import skips

ROOT = Path(__file__).resolve().parents[2]
PLAIN = "import pytest\ndef test_it():\n    pytest.skip('no such program')\n"
CASES = {
    "in its body": PLAIN,
    "by a mark": "import pytest\n"
    "@pytest.mark.skipif(True, reason='not on this system')\ndef test_it(): pass\n",
    "in a fixture": "import pytest\n"
    "@pytest.fixture\ndef it(): pytest.skip('no server')\ndef test_it(it): pass\n",
    "as a module": "import pytest\npytest.importorskip('no_such_module_anywhere')\ndef test_it(): pass\n",
}


def outcome(folder: Path, text: str, ci: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_one.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.skips", "-p", "no:cacheprovider",
               "--rootdir", str(folder), "test_one.py"]  # fmt: skip
    # No other plugin is asked about; loading them took most of each run.
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("how", CASES)
def test_a_skip_fails_in_ci(how: str, tmp_path: Path) -> None:
    done = outcome(tmp_path, CASES[how], "true")
    assert done.returncode in (1, 2), done.stdout
    assert "in CI a skip is a failure" in done.stdout
    assert outcome(tmp_path, CASES[how], "").returncode in (0, 5)  # elsewhere it stays a skip


def test_absent_real_input_may_be_skipped(tmp_path: Path) -> None:
    text = "import pytest\ndef test_it():\n    pytest.skip('real input ../shared/inputs/x is not here')\ndef test_two(): pass\n"
    done = outcome(tmp_path, text, "true")
    assert done.returncode == 0 and "1 passed, 1 skipped" in done.stdout, done.stdout
    xfail = "import pytest\n" + "@pytest.mark.xfail(strict=True)\ndef test_it(): assert False\n"
    assert outcome(tmp_path, xfail, "true").returncode == 0


def test_what_may_be_absent() -> None:
    assert skips.allowed("Skipped: real input ../shared/inputs/kdbx is not here", have_inputs=True)
    assert skips.allowed("the public vectors are not here (PARTWELL_INPUTS)", have_inputs=False)
    assert not skips.allowed("the public vectors are not here (PARTWELL_INPUTS)", have_inputs=True)
    assert not skips.allowed("got empty parameter set for (path)", have_inputs=True)
    assert not skips.allowed("openssl is not installed", have_inputs=False)


def test_the_suite_lives_under_it() -> None:
    assert ground.pytest_runtest_makereport is skips.pytest_runtest_makereport
    assert ground.pytest_make_collect_report is skips.pytest_make_collect_report
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "tests/api/test_fuzz.py"]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "1 deselected" in done.stdout and "at_length" not in done.stdout, done.stdout
    assert "CI=true" in (ROOT / ".ci" / "run").read_text()
