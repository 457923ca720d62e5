# SPDX-License-Identifier: AGPL-3.0-or-later
"""R11 in the imports: what decides whether something leaves knows nothing of money, debts or hours."""

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from partwell.rules.release import ReleaseFacts
from tests.support.worlds import ROOT

SRC = ROOT / "src"
MONEY = ("partwell.rules.money", "partwell.rules.charges", "partwell.rules.hours", "partwell.rules.law", "partwell.records.billing",
         "partwell.records.hours", "partwell.actions.billing", "partwell.actions.hours")  # fmt: skip
RULES = ("release", "consent", "handover", "loop", "silence", "pauses", "release_windows")
ACTIONS = ("facts.py", "keys.py", "files.py", "releases/*.py", "authorisations/*.py", "estate/*.py", "correspondence/*.py",
           "clients/set_pause.py", "clients/lift_pause.py")  # fmt: skip
# Why a file among them may know of money all the same.
KNOW = {
    "waiting.py": "half an hour before a message of staff leaves while a bill is overdue; releases and what the client owns never wait",
    "letter_preview.py": "shows a letter with a client's hours or fee before it is in force; sends nothing",
    "letters.py": "fills the hours left into a letter's words; decides nothing",
}


def files() -> list[Path]:
    found = [SRC / f"partwell/rules/{name}.py" for name in RULES]
    found = [one for one in found if one.exists()]
    for pattern in ACTIONS:
        found += sorted((SRC / "partwell/actions").glob(pattern))
    return [
        one
        for one in found
        if one.name != "__init__.py" and not (one.parent.name == "correspondence" and one.name in KNOW)
    ]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)


def of_money(name: str) -> bool:
    return any(name == one or name.startswith((f"{one}.", f"{one}_")) for one in MONEY)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(SRC / "partwell")))
def test_what_lets_things_leave_imports_nothing_of_money(path: Path) -> None:
    assert not [name for name in imported(path) if of_money(name)]


def test_the_check_would_find_it() -> None:
    assert len(files()) > 40
    assert of_money("partwell.rules.money.bill") and of_money("partwell.rules.law_profiles")
    assert not of_money("partwell.rules.release")


def test_a_debt_is_a_fact_that_nobody_fills_in_and_nobody_reads() -> None:
    """``ReleaseFacts.debt`` is there for the truth tables alone: they show that it changes no verdict."""
    words = (
        "debt",
        "paid",
        "pay",
        "invoice",
        "bill",
        "money",
        "owed",
        "amount",
        "hours",
        "budget",
        "balance",
    )
    assert [
        one.name for one in fields(ReleaseFacts) if any(word in one.name.split("_") for word in words)
    ] == ["debt"]
    for path in (SRC / "partwell").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            filled = isinstance(node, ast.Call) and any(word.arg == "debt" for word in node.keywords)
            read = isinstance(node, ast.Attribute) and node.attr == "debt"
            assert not filled and not read, path
