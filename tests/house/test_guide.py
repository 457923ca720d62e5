# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guide speaks the product's own words: what it prints in bold stands on a page or a button; links lead somewhere."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.worlds import ROOT

GUIDE = sorted((ROOT / "docs/guide").glob("*.md"))
PAGES = sorted(
    {
        *ROOT.glob("*.md"),
        *(path for path in (ROOT / "docs").rglob("*.md") if "main-job" not in path.parts),
    }
)
ROLES = {"owner", "account-manager", "technician", "auditor", "client", "new-provider", "arbiter"}


@cache
def shown() -> str:
    """All that doors and rules can show, with white space made one."""
    text = ""
    for folder in ("entrypoints", "rules", "documents", "actions"):
        for path in sorted((ROOT / "src/partwell" / folder).rglob("*")):
            if path.suffix in (".html", ".py", ".js") and "migrations" not in path.parts:
                text += path.read_text() + "\n"
    return " ".join(text.split()).casefold()


@pytest.mark.parametrize("page", GUIDE, ids=lambda path: path.stem)
def test_what_the_guide_prints_in_bold_is_on_a_page(page: Path) -> None:
    words = [" ".join(one.split()) for one in re.findall(r"\*\*(.+?)\*\*", page.read_text(), re.S)]
    emphasis = {"not"}
    missing = [one for one in words if one not in emphasis and one.casefold() not in shown()]
    assert missing == []


def test_every_role_has_its_page() -> None:
    assert {page.stem for page in GUIDE} - {"README"} == ROLES


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    """A path in backticks that begins at the root of the project; patterns and made-up ones have <, * or {."""
    for name in re.findall(r"`((?:src|tests|docs|scripts|examples|benchmarks)/[^`\s]*)`", page.read_text()):
        if not re.search(r"[<>*{}…]", name):
            assert (ROOT / name.rstrip("/")).exists(), f"{page.name}: {name}"
