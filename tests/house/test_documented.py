# SPDX-License-Identifier: AGPL-3.0-or-later
"""An undocumented setting, command or finding fails here."""

import re

import pytest
import typer

from partwell.entrypoints.cli.main import app
from partwell.environment import SETTINGS
from tests.support.worlds import ROOT


def test_every_setting_is_documented_and_no_other() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    named = re.findall(r"^\| `([A-Z_]+)` \| (.*) \|$", page, re.MULTILINE)
    assert dict(named) == {name: text.replace("|", "\\|") for name, text in SETTINGS.items()}


def test_every_setting_that_is_read_is_a_setting() -> None:
    read = set()
    for path in (ROOT / "src/partwell").rglob("*.py"):
        read |= set(re.findall(r"[\"'](PARTWELL_[A-Z_]+)[\"']", path.read_text()))
    inside = {"PARTWELL_GRANT_TO", "PARTWELL_TEST_FAST_HASH"}  # between processes of ours; tests only
    assert read - inside <= set(SETTINGS), read - inside - set(SETTINGS)


def commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []

    def walk(command: object, names: tuple[str, ...]) -> None:
        below = getattr(command, "commands", None)
        if below is None:
            found.append(names)
            return
        for name, one in below.items():
            walk(one, (*names, name))

    walk(typer.main.get_command(app), ())
    return found


@pytest.mark.parametrize("names", commands(), ids=" ".join)
def test_every_command_is_documented(names: tuple[str, ...]) -> None:
    assert f"`partwell {' '.join(names)}" in (ROOT / "docs/cli.md").read_text()


def test_every_finding_of_the_ledgers_check_is_documented() -> None:
    page = (ROOT / "docs/cli.md").read_text()
    for short in re.findall(r"`([a-z]+)-[a-z]+`((?:, `-[a-z]+`)+)", page):
        page += " ".join(f"`{short[0]}{rest}`" for rest in re.findall(r"`(-[a-z]+)`", short[1]))
    codes = set()
    for path in (ROOT / "src/partwell/actions/evidence").glob("check*.py"):
        codes |= set(re.findall(r"report\.add\(\s*\"([a-z-]+)\"", path.read_text()))
    assert len(codes) > 20
    assert not [code for code in sorted(codes) if f"`{code}`" not in page]
