# SPDX-License-Identifier: AGPL-3.0-or-later
"""The made pages are current, and what the registries hold happens: raised, recorded, sent."""

import ast
import re
from functools import cache

import pytest
from scripts import reference

from partwell.documents.mail_kinds import KINDS
from partwell.rules.events import EVENTS
from partwell.rules.refusals import REFUSALS
from tests.support.worlds import ROOT

SOURCE = ROOT / "src/partwell"
REGISTRIES = ("rules/refusal_kinds/", "rules/events/", "documents/mail_kinds")


@cache
def trees() -> tuple[tuple[str, ast.Module], ...]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if not name.startswith(REGISTRIES):
            found.append((name, ast.parse(path.read_text())))
    return tuple(found)


@cache
def words() -> tuple[frozenset[str], tuple[str, ...]]:
    """Every text constant outside the registries, and the beginnings of those that are put together."""
    plain: set[str] = set()
    begun: set[str] = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                plain.add(node.value)
            if isinstance(node, ast.JoinedStr) and node.values and isinstance(node.values[0], ast.Constant):
                begun.add(str(node.values[0].value))
    return frozenset(plain), tuple(one for one in begun if re.fullmatch(r"[a-z_]+[._]", one))


def used(code: str) -> bool:
    plain, begun = words()
    return code in plain or code.startswith(begun)


@pytest.mark.parametrize("page", sorted(reference.PAGES))
def test_a_made_page_is_what_the_code_says(page: str) -> None:
    written = (ROOT / page).read_text() if (ROOT / page).exists() else ""
    assert written == reference.PAGES[page](), (
        f"{page}: run .venv/bin/python scripts/reference.py and commit it"
    )


def test_every_refusal_is_raised_somewhere() -> None:
    unused = [code for code in REFUSALS if not used(code)]
    assert unused == [], "raise them where they belong, or take them out of rules/refusal_kinds"


def test_every_event_is_recorded_somewhere() -> None:
    recorded: set[str] = set()
    begun: list[str] = []
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "record":
                # The type may be chosen by an expression: every text in it that is an event counts.
                first = node.args[0] if node.args else None
                for part in ast.walk(first) if first is not None else ():
                    if (
                        isinstance(part, ast.Constant)
                        and isinstance(part.value, str)
                        and part.value in EVENTS
                    ):
                        recorded.add(part.value)
                    if isinstance(part, ast.JoinedStr) and isinstance(part.values[0], ast.Constant):
                        begun.append(str(part.values[0].value))
    silent = [
        name
        for name in EVENTS
        if name not in recorded and not name.startswith(tuple(begun)) and name not in reference.COMING_EVENTS
    ]
    # Passed through a variable: the name must at least stand outside the registry.
    assert [name for name in silent if name not in words()[0]] == []
    late = sorted(recorded & set(reference.COMING_EVENTS))
    assert late == [], "recorded now: take them out of COMING_EVENTS in scripts/reference.py"


def test_every_mail_is_sent_somewhere() -> None:
    assert [kind for kind in KINDS if kind not in words()[0] and kind not in reference.COMING_MAILS] == []


def test_the_words_put_together_are_few() -> None:
    """A code made from parts escapes a reader's search, so each such place is known here."""
    found = {
        start
        for start in words()[1]
        if any(code.startswith(start) for code in (*REFUSALS, *EVENTS)) and start not in ("", "_")
    } - {"set_", "owner_", "copy_", "own_"}  # names of form fields
    assert found <= {"paused_", "envelope.", "term.", "request."}, found


def test_every_reference_page_is_named_where_a_reader_looks() -> None:
    rules = (ROOT / "docs/rules.md").read_text()
    for page in reference.PAGES:
        assert page.rpartition("/")[2] in rules, page


@pytest.mark.parametrize("number", range(1, 18))
def test_every_rule_says_what_is_in_force(number: int) -> None:
    page = (ROOT / "docs/rules.md").read_text()
    part = re.search(rf"^## R{number}\b.*?(?=^## |\Z)", page, re.M | re.S)
    assert part, f"R{number} has no part of its own"
    assert "**In force" in part[0] or "**Not yet" in part[0]


def test_every_function_that_the_rules_page_names_exists() -> None:
    page = (ROOT / "docs/rules.md").read_text()
    names = re.findall(r"`([a-z_]+)\.([a-z_]+)`", page)
    assert len(names) > 30
    for module, name in names:
        if (SOURCE / f"rules/{module}.py").exists():
            assert re.search(
                rf"^(?:def|class) {name}\b|^{name}\b", (SOURCE / f"rules/{module}.py").read_text(), re.M
            )
        else:
            assert f"{module}.{name}" in EVENTS, f"{module}.{name}"


def test_every_code_that_the_rules_page_names_exists() -> None:
    page = (ROOT / "docs/rules.md").read_text()
    for code in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", page):
        assert code in REFUSALS, code
