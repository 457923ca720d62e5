# SPDX-License-Identifier: AGPL-3.0-or-later
"""The requirement files pin everything they name, with hashes; every lint that is ignored says why."""

import re
import tomllib

import pytest

from tests.support import tree

REQUIREMENTS = tree.ROOT / "requirements"
PINNED = re.compile(r"^[a-z0-9._-]+(\[[a-z0-9_,-]+\])?==[^\s;]+( ; .+)?$")
HASH = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


def _canonical(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", requirement.strip(), maxsplit=1)[0]).lower()


def _pins(name: str) -> dict[str, list[str]]:
    """Requirement line -> its hashes."""
    text = (REQUIREMENTS / f"{name}.txt").read_text().replace("\\\n", " ")
    pins = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            requirement, *hashes = line.split(" --hash=")
            pins[requirement.strip()] = [f"--hash={one.strip()}" for one in hashes]
    return pins


@pytest.mark.parametrize("name", ["base", "dev", "bootstrap"])
def test_every_pin_is_exact_and_hashed(name: str) -> None:
    pins = _pins(name)
    assert pins
    assert [line for line in pins if not PINNED.match(line)] == []
    assert [line for line, hashes in pins.items() if not hashes or not all(map(HASH.match, hashes))] == []


@pytest.mark.parametrize("name", ["base", "dev", "bootstrap"])
def test_every_wanted_name_is_pinned(name: str) -> None:
    wanted = (REQUIREMENTS / f"{name}.in").read_text().splitlines()
    names = {_canonical(line) for line in wanted if line.strip() and not line.startswith(("#", "-r"))}
    assert names <= {_canonical(line) for line in _pins(name)}, "run make lock"


def test_testing_uses_the_versions_that_run() -> None:
    base, dev = set(_pins("base")), set(_pins("dev"))
    assert base <= dev, "run make lock: dev.txt pins other versions than base.txt"


def test_every_ignored_lint_states_its_reason() -> None:
    text = (tree.ROOT / "pyproject.toml").read_text()
    ruff = tomllib.loads(text)["tool"]["ruff"]["lint"]
    ignored = [*ruff["ignore"], *(code for codes in ruff["per-file-ignores"].values() for code in codes)]
    lines = [line.strip() for line in text.splitlines()]
    bare = [code for code in ignored if not any(re.match(rf'"{code}",\s+# \S.+', line) for line in lines)]
    assert bare == []
    assert len([line for line in lines if re.match(r'"[A-Z]+[0-9]*",\s*$', line)]) == 0


def test_every_silenced_line_states_its_reason() -> None:
    silent = re.compile(r"#\s*noqa(?P<codes>:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*)?(?P<reason>.*)$")
    bare = []
    for path in tree.files():
        text = tree.text(path)
        if path.suffix != ".py" or not text or "migrations" in path.parts:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            match = silent.search(line)
            if (
                match
                and "silent = re" not in line
                and not (match["codes"] and len(match["reason"].strip(" -:—(")) > 3)
            ):
                bare.append(f"{tree.name(path)}:{number} {line.strip()[-60:]}")
    assert not bare, "write the code and the reason after noqa"
