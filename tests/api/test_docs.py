# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/api.md names every operation with its scope, every scope and every code of its own; nothing that is not there."""

import re
from pathlib import Path

from partwell.entrypoints.api import problems
from partwell.entrypoints.api.app import openapi
from partwell.rules.scopes import SCOPES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()


def test_every_operation_stands_in_the_page_and_no_other() -> None:
    written = dict(
        re.findall(
            r"^\| `((?:GET|POST|PATCH|PUT|DELETE) [^`]+)` \| .* \| (?:`([a-z:]+)`|—) \|$", PAGE, re.MULTILINE
        )
    )
    real = {
        f"{method.upper()} {path.removeprefix('/api/v1')}": one["x-scope"]
        for path, methods in openapi()["paths"].items()
        for method, one in methods.items()
    }
    assert written == real


def test_scopes_and_own_codes_are_named() -> None:
    for scope, words in SCOPES.items():
        assert f"| `{scope}` | {words} |" in PAGE
    for code in problems.OWN:
        assert f"`{code}`" in PAGE
