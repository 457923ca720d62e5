# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real files of other people: read from beside the project, never part of it."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "inputs"


def inputs(path: str) -> Path:
    """The file or folder ``path`` below ../shared/inputs; skips the test, with the reason, where absent."""
    found = FOLDER / path
    if not found.exists():
        pytest.skip(f"real input ../shared/inputs/{path} is not here")
    return found


def inputs_matching(pattern: str) -> list[Path]:
    """All real inputs that match a glob, sorted; empty where the folder is absent (parametrised tests then skip)."""
    return sorted(FOLDER.glob(pattern)) if FOLDER.is_dir() else []
