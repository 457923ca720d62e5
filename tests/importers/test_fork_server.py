# SPDX-License-Identifier: AGPL-3.0-or-later
"""The process that forks one child a mail: many at once, children that stay, and a server that dies."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from partwell.importers import fork_server, sandbox
from partwell.importers.base import ImportedItem, ImportRefused, Options, Understood

MAIL = b"From: Theo <theo@alderrow.example>\r\nTo: x@y.example\r\nSubject: number %d\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\nHello.\r\n"


@pytest.fixture(autouse=True)
def _own() -> Iterator[None]:
    fork_server.end()
    yield
    fork_server.end()


def read(folder: Path, number: int) -> str:
    """One mail read; its facts."""
    spool = folder / str(number)
    spool.mkdir()
    path = spool / "m.eml"
    path.write_bytes(MAIL % number)
    first, part = sandbox.read_guarded("inbound", path, Options(spool=spool))
    assert isinstance(first, Understood) and isinstance(part, ImportedItem)
    assert (
        part.file is not None and part.file.path is not None and part.file.path.read_bytes() == b"Hello.\r\n"
    )
    return first.facts["json"]


def children() -> list[str]:
    """Processes of the server."""
    process = fork_server._server.process
    assert process is not None
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def opened(pid: int) -> int:
    """How many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def gone(seconds: float = 5.0) -> bool:
    """Whether the server has no child left, soon."""
    until = time.monotonic() + seconds
    while children() and time.monotonic() < until:
        time.sleep(0.01)
    return not children()


def test_many_at_once_each_get_their_own_answer(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: read(tmp_path, number), range(60)))
    assert all(f"number {number}" in facts for number, facts in enumerate(told))
    assert fork_server._server.process is not None and gone()
    files = opened(fork_server._server.process.pid)
    ours = opened(os.getpid())
    read(tmp_path, 60)
    assert gone() and opened(fork_server._server.process.pid) == files < 20
    assert opened(os.getpid()) == ours


def test_a_reader_who_leaves_ends_its_child(tmp_path: Path) -> None:
    child = fork_server.child()
    assert child is not None and children()
    child.end()
    assert gone()


def test_a_server_that_died_is_begun_again(tmp_path: Path) -> None:
    read(tmp_path, 1)
    process = fork_server._server.process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    assert "number 2" in read(tmp_path, 2)
    assert fork_server._server.process not in (None, process)


def test_a_server_that_dies_while_a_mail_is_read_takes_the_child_with_it(tmp_path: Path) -> None:
    child = fork_server.child()
    assert child is not None and fork_server._server.process is not None
    pid = int(children()[0])
    fork_server._server.process.kill()
    path = tmp_path / "m.eml"
    path.write_bytes(MAIL)
    with pytest.raises(ImportRefused) as refused:
        list(sandbox._answers(child, path, Options(spool=tmp_path)))
    child.end()
    assert refused.value.code == "parser_died"
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2]


def test_where_nothing_can_fork_a_fresh_python_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork_server, "_START", "raise SystemExit(1)")
    assert "number 3" in read(tmp_path, 3)
    monkeypatch.delattr(os, "pidfd_open")
    assert "number 4" in read(tmp_path, 4)


def test_a_fork_of_the_program_has_a_server_of_its_own(tmp_path: Path) -> None:
    read(tmp_path, 5)
    ours = fork_server._server.process
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if "number 6" in read(tmp_path, 6) and fork_server._server.process is not ours else 2
            fork_server.end()
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert "number 7" in read(tmp_path, 7) and fork_server._server.process is ours
