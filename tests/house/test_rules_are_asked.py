# SPDX-License-Identifier: AGPL-3.0-or-later
"""A rule that nobody asks decides nothing: every public function of rules/ is used outside its own module, or says why not."""

import ast
import re
from pathlib import Path

from tests.support.worlds import ROOT

SOURCE = ROOT / "src" / "partwell"

# Public functions that no other module calls, each with its reason.
ALONE = {
    "consent.why_outside": "one item of resolve_scope, which is asked; its table is tested by itself",
    "consent.check_call_back": "a part of may_sign, which is asked",
    "dates.check_term": "a part of propose_change and agree_change, which are asked",
    "dates.moves_between": "a part of propose_change, which is asked",
    "digest.slot": "a part of due, which is asked",
    "inbound.look_alike": "a part of warnings, which decide says",
    "inbound.skeleton": "a part of look_alike, tested by itself",
    "loop.header_problem": "a part of recipients_ok, which is asked",
    "money.effective_rate": "a part of the statement's sums; the paper shows the sum",
    "retention.may_delete": "nothing is deleted by Partwell yet; deletion asks it when it comes",
    "returning.names_the_systems": "a part of the exception's judgement, which is asked",
}


def _functions(path: Path) -> list[str]:
    return [
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    ]


def unasked() -> list[str]:
    """``module.function`` of every public function of rules/ that no other module of the program names."""
    texts = {path: path.read_text() for path in SOURCE.rglob("*.py")}
    found = []
    for path in sorted((SOURCE / "rules").rglob("*.py")):
        for name in _functions(path):
            word = re.compile(rf"\b{name}\b")
            module = re.compile(
                rf"\b{path.stem}\b" if path.stem != "__init__" else rf"\b{path.parent.name}\b"
            )
            if not any(
                word.search(text) and module.search(text) for other, text in texts.items() if other != path
            ):
                found.append(f"{path.stem}.{name}")
    return found


def test_every_rule_is_asked_or_says_why_not() -> None:
    silent = set(unasked())
    assert sorted(silent - ALONE.keys()) == [], "let an action ask it, or remove it"
    assert sorted(ALONE.keys() - silent) == [], "it is asked now: take it off the list"
