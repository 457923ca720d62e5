# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first pages of a PDF as one PNG, drawn in a child process: browsers show no PDF inside a sandboxed frame.

Understood: PDFs that are not encrypted, up to ``MOST_PAGES`` pages. Not drawn: forms' live fields, attachments,
scripts (nothing of the PDF runs). Where it fails the file is offered for download, and the page says so.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from partwell.importers.base import ImportRefused, Options
from partwell.importers.limits import MIB, Limits

MAX_SIZE = 25 * MIB
MOST_PAGES = 4
_REFUSED = ImportRefused(
    "preview_failed", "This PDF cannot be shown here.", remedy="Download it and open it."
)
_START = "import sys; sys.path.insert(0, sys.argv[1]); from partwell.importers.pdf_preview import child_main; child_main()"


def guarded_preview(data: bytes) -> bytes:
    """A PNG of the first pages under each other. ImportRefused where it is too large, encrypted, broken or too costly."""
    if len(data) > MAX_SIZE or b"/Encrypt" in data:
        raise _REFUSED
    with tempfile.TemporaryDirectory(prefix="pw-preview-") as folder:
        (Path(folder) / "doc.pdf").write_bytes(data)
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-B", "-c", _START, str(Path(__file__).resolve().parents[2]), folder],
                capture_output=True,
                timeout=20,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                cwd=Path(os.sep),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise _REFUSED from None
    if done.returncode or not done.stdout.startswith(b"\x89PNG"):
        raise _REFUSED
    return done.stdout


def child_main() -> None:
    """The child: as many of the first pages as the PDF has, drawn by the typesetter that makes our letters."""
    import typst

    from partwell.importers.sandbox import _confine

    folder = Path(sys.argv[2])
    source = folder / "page.typ"
    _confine(Options(limits=Limits(cpu_seconds=15, memory=2048 * MIB)))
    for pages in range(MOST_PAGES, 0, -1):
        images = "\n".join(f'#image("doc.pdf", page: {page}, width: 100%)' for page in range(1, pages + 1))
        source.write_text(f"#set page(width: 640pt, height: auto, margin: 0pt)\n{images}\n", encoding="utf-8")
        try:
            made = typst.compile(str(source), root=str(folder), format="png", ppi=90.0)
        except Exception:  # noqa: BLE001, S112  # fewer pages, or none: the parent says it in a sentence
            continue
        sys.stdout.buffer.write(made if isinstance(made, bytes) else made[0])
        sys.stdout.buffer.flush()
        os._exit(0)
    os._exit(1)
