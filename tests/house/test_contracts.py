# SPDX-License-Identifier: AGPL-3.0-or-later
"""The contracts of .importlinter and tests/house/reach.py hold, and would notice if they did not.

A deliberate violation of each is planted in a copy of the source, at the top of a file and hidden
inside a function; the check must name it.
"""

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.house import reach

ROOT = Path(__file__).resolve().parents[2]

# contract name -> (file that does not exist yet, what it imports)
PLANTS = {
    "Imports point down only": ("partwell/rules/planted.py", "partwell.actions"),
    "Records know each other by foreign-key string only": (
        "partwell/records/estate/planted.py",
        "partwell.records.clients.models",
    ),
    "Doors know nothing of each other": (
        "partwell/entrypoints/provider_portal/planted.py",
        "partwell.entrypoints.staff",
    ),
    "Importers, documents and connectors know plain values only": (
        "partwell/importers/planted.py",
        "partwell.records.estate",
    ),
    "Only the relay transmits mail": ("partwell/actions/planted_mail.py", "partwell.connectors.smtp"),
    "Only the base of the actions appends evidence": (
        "partwell/actions/planted.py",
        "partwell.actions.ledger_tail",
    ),
    "Entry points and workers never import models": (
        "partwell/entrypoints/staff/planted.py",
        "partwell.records.clients.models",
    ),
    "Rules know no Django": ("partwell/rules/planted_django.py", "django.utils.timezone"),
}
REACHES = {
    "rules touch nothing outside": ("partwell/rules/planted.py", "import time"),
    "a rule gets its time as an argument": ("partwell/rules/planted.py", "datetime.now()"),
    "a rule touches nothing": ("partwell/rules/planted.py", "open('x')"),
    "importers know no Django": ("partwell/importers/planted.py", "from django.utils import timezone"),
    "know no request and no rows": ("partwell/documents/planted.py", "from django.http import HttpRequest"),
    "connectors know no request": ("partwell/connectors/planted.py", "from django import db"),
    "only connectors.smtp speaks SMTP": ("partwell/workers/planted.py", "from django.core import mail"),
    "nothing is sent through it": ("partwell/entrypoints/mailbox/planted.py", "import anymail.message"),
    "doors reach no rows": ("partwell/entrypoints/api/planted.py", "from django.db import models"),
    "workers reach no rows": ("partwell/workers/planted.py", "import sqlite3"),
    "doors and workers import what they use": (
        "partwell/entrypoints/staff/planted.py",
        "apps.get_model('clients', 'Client')",
    ),
    "sealed stands on the standard library alone": ("sealed/planted.py", "import cryptography"),
}


def _copy(to: Path) -> Path:
    skip = shutil.ignore_patterns("__pycache__", "static", "fonts", "*.html", "*.typ")
    shutil.copytree(ROOT / "src", to / "src", ignore=skip)
    shutil.copy(ROOT / ".importlinter", to / ".importlinter")
    return to


def _lint(root: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()", "--no-cache"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root / "src"), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def _contracts() -> set[str]:
    config = ConfigParser()
    config.read(ROOT / ".importlinter")
    return {config[section]["name"] for section in config.sections() if ":contract:" in section}


def test_every_contract_has_a_planted_violation() -> None:
    assert set(PLANTS) == _contracts()


def test_the_source_keeps_every_contract(tmp_path: Path) -> None:
    output = _lint(_copy(tmp_path))
    for name in PLANTS:
        assert f"{name} KEPT" in output, output


@pytest.mark.parametrize("hidden", [False, True], ids=["at-the-top", "inside-a-function"])
def test_a_planted_import_breaks_its_contract(tmp_path: Path, hidden: bool) -> None:
    root = _copy(tmp_path)
    for path, module in PLANTS.values():
        line = f"import {module}"
        text = f"def innocent() -> None:\n    if False:\n        {line}\n" if hidden else f"{line}\n"
        (root / "src" / path).write_text(text)
    output = _lint(root)
    for name, (path, _) in PLANTS.items():
        planted = path.removesuffix(".py").replace("/", ".")
        assert f"{name} BROKEN" in output, output
        assert planted in output.split("Broken contracts")[1], f"{planted} is not named:\n{output}"


def test_no_floor_reaches_too_far() -> None:
    assert reach.findings(ROOT / "src") == []


@pytest.mark.parametrize("hidden", [False, True], ids=["at-the-top", "inside-a-function"])
@pytest.mark.parametrize("claim", list(REACHES))
def test_reaching_too_far_is_found(tmp_path: Path, claim: str, hidden: bool) -> None:
    path, line = REACHES[claim]
    file = tmp_path / path
    file.parent.mkdir(parents=True)
    file.write_text(f"def innocent():\n    {line}\n" if hidden else line + "\n")
    claim = claim.replace("connectors know no request", "connectors know no request and no rows")
    found = reach.findings(tmp_path)
    assert found and all(path in sentence for sentence in found)
    assert any(claim in sentence for sentence in found), found


def test_jobs_name_actions_only() -> None:
    from partwell.workers import jobs

    assert [target for target in jobs.KINDS.values() if not target.startswith("partwell.actions.")] == []
