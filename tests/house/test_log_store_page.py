# SPDX-License-Identifier: AGPL-3.0-or-later
"""docs/formats/log-store.md: its example is what the writer writes, its reader's lines are run.

To write the example anew after a deliberate change: ``python -m tests.house.test_log_store_page``.
"""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealed import note
from tests.sealed.fakelog import make_files, make_log
from tests.support.worlds import ROOT

PAGE = ROOT / "docs/formats/log-store.md"
MARK = re.compile(r"<!-- example: (log-store-[a-z]+) -->\n(?:```text\n(.*?)\n```\n)?", re.DOTALL)


def examples() -> dict[str, str]:
    from partwell.actions.evidence.log_store import RULE, line_of

    log = make_log(make_files())
    return {
        "log-store-line": line_of(1, log.entries[1].leaf).decode().removesuffix("\n"),
        "log-store-notes": (log.checkpoint().decode() + RULE + "\n").removesuffix("\n"),
    }


def store(folder: Path) -> None:
    from partwell.actions.evidence.log_store import RULE, line_of

    log = make_log(make_files())
    (folder / "entries.jsonl").write_bytes(b"".join(line_of(one.index, one.leaf) for one in log.entries))
    (folder / "checkpoints.txt").write_text(log.checkpoint().decode() + RULE + "\n")


def test_the_example_is_what_the_writer_writes() -> None:
    assert dict(MARK.findall(PAGE.read_text())) == examples()


def test_readers_take_it_and_leave_a_half_line(tmp_path: Path, settings: Any) -> None:
    from partwell.actions.evidence import log_store
    from partwell.actions.evidence.check_store import newest_size, read_store

    store(tmp_path)
    settings.PARTWELL_LOG = str(tmp_path)
    with (tmp_path / "entries.jsonl").open("ab") as out:
        out.write(b'{"index": 5, "le')
    leaves = [one.leaf for one in make_log(make_files()).entries]
    assert log_store.stored_entries() == list(enumerate(leaves))
    assert log_store.stored_count() == 5
    assert newest_size(read_store()) == 5
    found = log_store.stored_checkpoints()
    assert note.verify_checkpoint(found[0].encode(), [str(make_log(make_files()).signer.vkey)]).size == 5


def test_the_pages_own_check_gives_the_checkpoints_root(tmp_path: Path) -> None:
    store(tmp_path)
    script = re.findall(r"```sh\n(python - .*?)```", PAGE.read_text(), re.DOTALL)[0]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True,
                          env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "src")})  # fmt: skip
    size, root = done.stdout.split()
    lines = (tmp_path / "checkpoints.txt").read_text().split("\n")
    assert [size, root] == lines[1:3]
    assert len(base64.b64decode(root)) == 32


@pytest.mark.parametrize("page", sorted((ROOT / "docs/formats").glob("*.md")), ids=lambda path: path.stem)
def test_every_format_names_the_code_that_writes_it(page: Path) -> None:
    for name in re.findall(r"`(src/[a-z_/]+\.py)`", page.read_text().split("\n\n")[1]):
        assert (ROOT / name).exists(), name


def write() -> None:
    computed = examples()
    PAGE.write_text(
        MARK.sub(lambda m: f"<!-- example: {m[1]} -->\n```text\n{computed[m[1]]}\n```\n", PAGE.read_text())
    )


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "partwell.settings")
    django.setup()
    write()
