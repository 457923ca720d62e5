# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of the project as they would be committed."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Only for a tree without git (an unpacked archive): what set-up and running leave behind.
_MADE = {
    ".venv", ".git", "home", "keys", ".demo", ".demo-keys", "build", "dist", "__pycache__",
    ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache",
}  # fmt: skip


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked, or would be: new ones count before they are added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.decode().split("\0") if name]
        return tuple(ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file())
    found = (path for path in ROOT.rglob("*") if not _MADE & set(path.relative_to(ROOT).parts))
    return tuple(sorted(path for path in found if path.is_file() and ".cache" not in path.as_posix()))


def name(path: Path) -> str:
    """The path as people write it, from the project's root."""
    return path.relative_to(ROOT).as_posix()


@cache
def text(path: Path) -> str | None:
    """The file's text; None where it is not UTF-8 or holds a NUL (fonts, pictures, archives)."""
    data = path.read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None
