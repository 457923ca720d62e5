# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parses strangers' files in a child process with bounds on memory, time and size.

``read_guarded`` is what callers use for every kind. The child gets its request on
standard input and answers one JSON line per item on a pipe; secrets travel nowhere
else. It may open no connection and start no program; where the system allows it, it
also loses its network. Whatever happens to it becomes an ImportRefused. The child is
a fresh Python; for mail, which comes by the thousand, one that fork_server.py forked.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol

from partwell.importers import fork_server
from partwell.importers.base import ImportRefused, Options, Read
from partwell.importers.wire import from_wire, options_from_wire, options_to_wire, to_wire

IN_PROCESS = frozenset({"csv", "snipeit"})
"""Kinds whose reader is bounded by itself: csv_rows holds one row and trusts no structure."""

FORKED = frozenset({"inbound", "mail"})
"""Kinds that are read so often that starting Python for each would cost more than reading."""

_SRC = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from partwell.importers.sandbox import child_main; child_main()"
_CRASHED = ImportRefused(
    "parser_died",
    "Reading this file broke the program that reads such files.",
    "",
    "The file is damaged, or made to do harm. Export it again, or hand it over as a document.",
)


def read_guarded(kind: str, path: Path, options: Options) -> Iterator[Read]:
    """The items of ``path`` read as ``kind``, as they come.

    Raises ImportRefused: unknown kind, not understood, too large, too slow, out of
    memory, crashed. Closing the iterator early ends the child.
    """
    from partwell.importers.detect import importer

    module = importer(kind)
    if not path.exists():
        raise ImportRefused("missing", "There is no such file.", path.name, "Choose it again.")
    if path.is_file() and path.stat().st_size > options.limits.file_size:
        raise ImportRefused(
            "too_large", f"This file is larger than {options.limits.file_size} bytes.", path.name, "Split it."
        )
    if kind in IN_PROCESS:
        yield from module.read(path, options=options)
        return
    yield from _run(kind, path, options)


class Child(Protocol):
    """A process that reads one file, however it was begun."""

    def ask(self, request: bytes) -> None:
        """Give it its request, one line."""

    def line(self, seconds: float, longest: int) -> bytes | None:
        """Its next line (cut after ``longest`` + 1 bytes), None at its end; TimeoutError after ``seconds``."""

    def ended(self) -> int | None:
        """Wait for its end, at most ten seconds: its exit code, negative for a signal; None where nobody knows."""

    def end(self) -> None:
        """Kill it if it still runs."""


class _Fresh:
    """A Python of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", _START, _SRC],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=_neutral_folder(),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")},
        )  # fmt: skip
        self._lines: queue.Queue[bytes | None] = queue.Queue(maxsize=64)
        self._pumped = False

    def ask(self, request: bytes) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(request)
            self._process.stdin.close()

    def line(self, seconds: float, longest: int) -> bytes | None:
        if not self._pumped:
            self._pumped = True
            threading.Thread(
                target=_pump, args=(self._process.stdout, self._lines, longest), daemon=True
            ).start()
        try:
            return self._lines.get(timeout=seconds)
        except queue.Empty:
            raise TimeoutError from None

    def ended(self) -> int | None:
        try:
            return self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _run(kind: str, path: Path, options: Options) -> Iterator[Read]:
    request = json.dumps({"kind": kind, "path": str(path.resolve()), "options": options_to_wire(options)})
    child: Child = (fork_server.child() if kind in FORKED else None) or _Fresh()
    try:
        child.ask(request.encode() + b"\n")
        del request
        yield from _answers(child, path, options)
    finally:
        child.end()


def _answers(child: Child, path: Path, options: Options) -> Iterator[Read]:
    limits = options.limits
    allowed = (path.resolve(), options.spool.resolve() if options.spool else None)
    waited = 0.0
    count = 0
    while True:
        left = min(limits.idle_seconds, limits.wall_seconds - waited)
        before = time.monotonic()
        try:
            line = child.line(max(left, 0.01), limits.wire_line)
        except TimeoutError:
            raise ImportRefused(
                "too_slow",
                "Reading this file took too long and was stopped.",
                path.name,
                "Split it, or ask whoever runs Partwell for a higher limit.",
            ) from None
        waited += time.monotonic() - before
        if line is None:
            raise _why(child.ended(), path)
        if len(line) > limits.wire_line or not line.endswith(b"\n"):
            if len(line) > limits.wire_line:
                raise ImportRefused(
                    "item_too_large", "One item of this file is too large.", path.name, "Split the file."
                )
            raise _why(child.ended(), path)
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise _why(None, path) from None
        if "end" in answer:
            return
        if "refused" in answer:
            raise ImportRefused(*(str(part) for part in answer["refused"]))
        count += 1
        if count > limits.items:
            raise ImportRefused(
                "too_many_items", f"This file holds more than {limits.items} things.", path.name, "Split it."
            )
        yield from_wire(answer, allowed=allowed)


def _pump(stream: IO[bytes], lines: "queue.Queue[bytes | None]", longest: int) -> None:
    """Reads the pipe so that waiting can time out on every system; ends with the pipe."""
    try:
        while line := stream.readline(longest + 1):
            lines.put(line)
    except (OSError, ValueError):
        pass
    lines.put(None)


def _why(returncode: int | None, path: Path) -> ImportRefused:
    if returncode in (-9, -24):  # SIGKILL by the kernel's memory killer or the hard limit, SIGXCPU
        return ImportRefused(
            "too_costly",
            "Reading this file needed more memory or time than is allowed.",
            path.name,
            "Split it, or export it again with less in it.",
        )
    return ImportRefused(_CRASHED.code, _CRASHED.sentence, path.name, _CRASHED.remedy)


def _neutral_folder() -> str:
    return Path(os.sep).resolve().as_posix()


# ── In the child ────────────────────────────────────────────────────────────────────────


def child_main() -> None:
    """Reads one request from standard input, answers on the pipe, ends the process."""
    out = os.fdopen(os.dup(1), "wb", buffering=1 << 16)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # whatever a library prints must not become an answer
    os.dup2(nowhere, 2)
    code = 0
    try:
        request = json.loads(sys.stdin.buffer.readline())
        options = options_from_wire(request["options"])
        for answer in _answer(request["kind"], Path(request["path"]), options):
            raw = json.dumps(answer, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
            if len(raw) > options.limits.wire_line:
                raw = b'{"refused":["item_too_large","One item of this file is too large.","","Split the file."]}\n'
            out.write(raw)
        out.write(b'{"end":1}\n')
        out.flush()
    except BrokenPipeError:
        code = 1
    except BaseException:  # noqa: BLE001  # the parent says it in a sentence; details could hold secrets
        code = 3
    finally:
        with contextlib.suppress(OSError):
            out.flush()
        os._exit(code)


def _answer(kind: str, path: Path, options: Options) -> Iterator[dict[str, Any]]:
    from partwell.importers.detect import importer

    try:
        module = importer(kind)
        _confine(options)
        for item in module.read(path, options=options):
            yield to_wire(item)
    except ImportRefused as refused:
        yield {"refused": [refused.code, refused.sentence, refused.where, refused.remedy]}
    except (MemoryError, RecursionError):
        yield {
            "refused": [
                "too_costly",
                "Reading this file needed more memory than is allowed.",
                path.name,
                "Split it, or export it again with less in it.",
            ]
        }
    except Exception as error:  # noqa: BLE001  # the class alone: a message may quote the file
        yield {
            "refused": [
                "unreadable",
                f"This file is damaged or not what it says ({type(error).__name__}).",
                path.name,
                "Export it again, or choose another kind.",
            ]
        }


def _confine(options: Options) -> None:
    """Bounds and bans, as far as the system has them; set before a stranger's byte is read."""
    limits = options.limits
    try:
        import resource
    except ImportError:  # Windows: the parent's clock is the bound
        pass
    else:
        for what, value in (
            (resource.RLIMIT_AS, limits.memory),
            (resource.RLIMIT_CPU, limits.cpu_seconds),
            (resource.RLIMIT_FSIZE, limits.written_file),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, 128),
        ):
            hard = resource.getrlimit(what)[1]
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(what, (bound, bound))
    without_network()
    sys.addaudithook(_forbid)


_alone = False


def without_network() -> None:
    """On Linux: no new rights, no other process reads this one's memory, and no network where the system allows it."""
    global _alone  # a fork has what its server gave up
    if _alone or sys.platform != "linux":
        return
    with contextlib.suppress(Exception):
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
        libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: no other process reads the secrets
        libc.unshare(0x40000000)  # CLONE_NEWNET, where allowed
        _alone = True


_FORBIDDEN = ("socket.connect", "socket.bind", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.fork",
              "os.posix_spawn", "os.spawn")  # fmt: skip


def _forbid(event: str, arguments: object) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"An importer may not do this: {event}.")
