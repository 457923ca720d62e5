# SPDX-License-Identifier: AGPL-3.0-or-later
"""Programs that tests start: those that no Python package brings, and the ground on which our own stand."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import worlds

# What a person installs to get it (Debian and Ubuntu; see docs/install.md for others).
PACKAGES = {
    "chromium": "chromium",
    "initdb": "postgresql",
    "pdftotext": "poppler-utils",
    "openssl": "openssl",
    "dovecot": "dovecot-imapd",
    "postfix": "postfix",
}
# Other names of the same program, tried in order.
NAMES = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
}
# Folders that distributions leave off PATH.
FOLDERS = {
    "initdb": (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql*/bin",
        "/usr/local/opt/postgresql*/bin",
    ),
    # Where daemons lie, which a user's PATH often leaves off.
    "dovecot": ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"),
    "postfix": ("/usr/sbin", "/usr/local/sbin"),
    "chromium": (
        "/Applications/Chromium.app/Contents/MacOS",
        "/Applications/Google Chrome.app/Contents/MacOS",
    ),
}


def find(program: str) -> Path | None:
    """Where ``program`` lies, newest version first; None where it is not installed."""
    for name in NAMES.get(program, (program,)):
        found = shutil.which(name)
        if found:
            return Path(found).resolve() if program == "initdb" else Path(found)
    for pattern in FOLDERS.get(program, ()):
        folders = sorted(Path("/").glob(pattern.lstrip("/")), key=_version, reverse=True)
        for folder in folders:
            for name in (program, "Chromium", "Google Chrome"):
                if (folder / name).is_file():
                    return folder / name
    return None


def need(program: str) -> Path:
    """Where ``program`` lies. Without it the test is skipped by name; with CI=true that is a failure."""
    found = find(program)
    if found is None:
        sentence = (
            f"{program} is not installed; on Debian or Ubuntu: apt install {PACKAGES.get(program, program)}"
        )
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)
    return found


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in "".join(c if c.isdigit() else " " for c in str(folder)).split())


@contextmanager
def ground(name: str) -> Iterator[Path]:
    """A folder for homes that a test or its children make, where other tests' worlds lie (``worlds.scratch``): on a
    busy disk the syncs of a home cost more than the work. Gone afterwards, and with a killed run."""
    folder = Path(tempfile.mkdtemp(prefix=f"partwell-test-{os.getpid()}-{name}-", dir=worlds.scratch()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
