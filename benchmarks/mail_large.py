# SPDX-License-Identifier: AGPL-3.0-or-later
"""One mail of the largest size that the roads take, in a process of its own so that its memory is nobody else's.

Compared with reading the same file in pieces, hashing it and writing a copy: what any taking in does at the least.
"""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from benchmarks.measure import Options, Row, folder, rounds, row
from tests.support.worlds import ROOT, World

OURS = "reply@parting.example"
SIZE, SMALL = 149 << 20, 2 << 20
_TAKE = """
import resource, sys, time
from pathlib import Path
import django
django.setup()
from partwell.actions.correspondence.receive import take_in
from partwell.connectors.dns import TableResolver
from partwell.importers import fork_server
def most():  # getrusage would count what whoever started this process had
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
rest = most()
began = time.perf_counter()
take_in(Path(sys.argv[1]), road="lmtp", envelope_from="who@knows.example", envelope_to=[sys.argv[2]], resolver=TableResolver({}))
fork_server.end()  # its children count once it has gone
spent = time.perf_counter() - began
print(spent, (most() - rest) // 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
_COPY = """
import hashlib, sys, time
began = time.perf_counter()
digest = hashlib.sha256()
with open(sys.argv[1], "rb") as source, open(sys.argv[2], "wb") as copy:
    while piece := source.read(1 << 20):
        digest.update(piece)
        copy.write(piece)
print(time.perf_counter() - began)
"""


def large(world: World, to: str, options: Options, kind: str) -> Row:
    """Seconds by the clock of one mail with one attachment, and in the note the memory it took above rest."""
    size = SMALL if options.small else SIZE
    said: list[str] = []
    with folder(options) as place:

        def taken(_turn: int) -> float:
            spent, above, child = _asked(_TAKE, world, str(_written(place, to, size)), to).split()
            said.append(f"{above} MB above rest, {child} MB in the process that reads")
            return float(spent)

        def copied(_turn: int) -> float:
            return float(_asked(_COPY, world, str(_written(place, to, size)), str(place / "copy")))

        times = rounds(
            {"mail taken in": taken, "hash and copy": copied}, 1 if options.small else options.rounds
        )
    return row(times, "mail taken in", "hash and copy", subject="mail", case=f"one of {size >> 20} MB, {kind}", amount=1, unit="mails",
               note=said[-1])  # fmt: skip


def _written(place: Path, to: str, size: int) -> Path:
    """A mail that nobody has yet, with an attachment of nearly ``size`` bytes."""
    path = place / "large.eml"
    head = (
        f"From: Stranger <who@knows.example>\r\nTo: {to}\r\nSubject: {uuid4().hex}\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n"
        f"Message-ID: <{uuid4().hex}@knows.example>\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream; name=large.bin\r\n"
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    lines = (b"QUJD" * 19 + b"\r\n") * 10_000
    with path.open("wb") as out:
        out.write(head.encode())
        while out.tell() + len(lines) < size:
            out.write(lines)
        out.write(lines[: (size - out.tell()) // 78 * 78])
    return path


def _asked(program: str, world: World, *arguments: str) -> str:
    environment = {
        **os.environ,
        **world.environment(),
        "PARTWELL_MAIL_ADDRESS": OURS,
        "PYTHONPATH": str(ROOT / "src"),
    }
    found = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout
