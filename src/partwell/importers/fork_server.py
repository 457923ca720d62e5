# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process that has read nothing of anybody and forks one for each mail: as guarded as a fresh Python, without its start.

Mail comes by the thousand, and starting Python took three quarters of the processor time of a small one. Each mail still
has a process of its own, with its own limits, which ends with it; the request goes to that process directly, so that
nothing of it ever lies in the one that forks. Linux only (pidfd); elsewhere, and whenever it does not answer, the
caller starts a fresh Python. What is lost: all of one server's children share where the memory lies.
"""

import contextlib
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

IDLE = 120.0  # seconds without a mail after which the server ends itself
START_WAIT = 15.0  # seconds for the server to begin, or to fork
_SRC = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from partwell.importers.fork_server import serve; serve()"
)
_STARTED, _STATUS = b"s", struct.Struct("=i")


class Forked:
    """One child, as sandbox.py handles it. ``ended``: its exit code, negative for a signal, None where nobody knows."""

    def __init__(self, data: socket.socket, watch: socket.socket) -> None:
        self._data, self._watch = data, watch
        self._held = bytearray()

    def ask(self, request: bytes) -> None:
        """Give it its request, one line."""
        with contextlib.suppress(OSError):
            self._data.settimeout(START_WAIT)
            self._data.sendall(request)

    def line(self, seconds: float, longest: int) -> bytes | None:
        """Its next line (cut after ``longest`` + 1 bytes), None at its end; TimeoutError after ``seconds``."""
        until, looked = time.monotonic() + seconds, 0
        while True:
            cut = self._held.find(b"\n", looked)
            if cut >= 0 or len(self._held) > longest:
                end = cut + 1 if 0 <= cut <= longest else longest + 1
                line = bytes(self._held[:end])
                del self._held[:end]
                return line
            looked = len(self._held)
            self._data.settimeout(max(until - time.monotonic(), 0.001))
            try:
                more = self._data.recv(1 << 16)
            except TimeoutError:
                raise
            except OSError:
                more = b""
            if not more:
                rest = bytes(self._held)
                self._held.clear()
                return rest or None
            self._held += more

    def ended(self) -> int | None:
        """Wait for its end, at most ten seconds."""
        with contextlib.suppress(OSError, struct.error):
            self._watch.settimeout(10)
            return int(_STATUS.unpack(self._watch.recv(16))[0])
        return None

    def end(self) -> None:
        """Whatever it does, it ends: the server kills it when this side is closed."""
        self._data.close()
        self._watch.close()


class _Server:
    """This process's server, begun when the first mail comes and again after it ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.way: socket.socket | None = None

    def child(self) -> Forked | None:
        """A child that waits for its request; None where there can be none."""
        for _ in range(2):  # it may have ended itself just now
            way = self._way()
            if way is None:
                return None
            data, theirs = socket.socketpair()
            watch, watched = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                socket.send_fds(way, [b"c"], [theirs.fileno(), watched.fileno()])
                theirs.close()
                watched.close()
                watch.settimeout(START_WAIT)
                if watch.recv(16) == _STARTED:
                    return Forked(data, watch)
            except OSError:
                pass
            finally:
                theirs.close()
                watched.close()
            data.close()
            watch.close()
            self.end(way)
        return None

    def _way(self) -> socket.socket | None:
        with self.lock:
            if self.way is None:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                try:
                    self.process = subprocess.Popen(
                        [sys.executable, "-I", "-B", "-c", _START, _SRC], stdin=theirs.fileno(), stdout=subprocess.DEVNULL,
                        stderr=subprocess.DEVNULL, cwd=os.sep, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                    )  # fmt: skip
                except OSError:
                    ours.close()
                    return None
                finally:
                    theirs.close()
                self.way = ours
            return self.way

    def end(self, way: socket.socket | None = None) -> None:
        """End the server, if ``way`` is still the one to it (or whichever it is), and wait until it has gone."""
        with self.lock:
            if self.way is None or (way is not None and way is not self.way):
                return
            self.way.close()
            self.way = None
            if self.process is not None:
                try:
                    self.process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait(timeout=10)
                self.process = None

    def forget(self) -> None:
        """In a fork of this process: the server is the parent's."""
        if self.way is not None:
            self.way.close()
        self.__init__()  # type: ignore[misc]


_server = _Server()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_server.forget)


def child() -> Forked | None:
    """A guarded child for one mail, from any thread; None where the system has no such way, or it fails."""
    return _server.child() if hasattr(os, "pidfd_open") and sys.platform == "linux" else None


def end() -> None:
    """End this process's server; the next mail begins another. For measuring, and for tests."""
    _server.end()


# ── In the server ───────────────────────────────────────────────────────────────────────


_prctl: Callable[..., int] | None = None


def serve() -> NoReturn:
    """Fork a child for each pair of sockets that comes by standard input, until that closes; reads nothing else, ever."""
    global _prctl  # looked up once, not in each child
    import ctypes
    import gc

    from partwell.importers import sandbox

    sandbox.without_network()
    _prctl = ctypes.CDLL(None).prctl
    _warm()
    way = socket.socket(fileno=os.dup(0))
    gc.collect()
    gc.freeze()
    chosen = selectors.DefaultSelector()
    chosen.register(way, selectors.EVENT_READ)
    running: dict[int, tuple[int, socket.socket]] = {}  # pidfd → its process and who waits for it
    of: dict[socket.socket, int] = {}
    while True:
        events = chosen.select(None if running else IDLE)
        if not events:
            os._exit(0)
        for key, _ in events:
            if key.fileobj is way:
                _fork(way, chosen, running, of)
            elif isinstance(key.fileobj, socket.socket):  # nobody waits any more
                if (pidfd := of.get(key.fileobj)) is not None:  # else it ended just before
                    chosen.unregister(key.fileobj)
                    with contextlib.suppress(OSError):
                        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            else:
                pidfd = key.fd
                pid, watched = running.pop(pidfd)
                status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                with contextlib.suppress(OSError):
                    watched.send(_STATUS.pack(status))
                with contextlib.suppress(KeyError):
                    chosen.unregister(watched)
                chosen.unregister(pidfd)
                del of[watched]
                watched.close()
                os.close(pidfd)


_OWN = (
    "From: =?utf-8?q?J=C3=BC?= <a@b.example>\r\nTo: c@d.example\r\nSubject: s\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <x@b.example>\r\n"
    "Received: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=cp1252\r\n\r\n"
    "<p>x</p>\r\n--b\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--b--\r\n"
)


def _warm() -> None:
    """Read one mail of our own, so that no child imports or compiles anything again: twice as fast."""
    import json
    import resource  # noqa: F401  the same
    import tempfile

    from partwell.importers import inbound_mail, mailfile  # noqa: F401  the same
    from partwell.importers.base import Options
    from partwell.importers.detect import importer
    from partwell.importers.wire import options_from_wire, options_to_wire, to_wire

    for name in (
        "iso8859_15",
        "raw_unicode_escape",
        "iso2022_jp",
        "shift_jis",
        "gb18030",
        "euc_kr",
        "koi8_r",
    ):
        b"".decode(name)
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(prefix="partwell-") as folder:
        path = Path(folder) / "own.eml"
        path.write_text(_OWN)
        options = options_from_wire(json.loads(json.dumps(options_to_wire(Options(spool=Path(folder))))))
        for one in importer("inbound").read(path, options=options):
            json.dumps(to_wire(one))


def _fork(
    way: socket.socket,
    chosen: selectors.BaseSelector,
    running: dict[int, tuple[int, socket.socket]],
    of: dict[socket.socket, int],
) -> None:
    try:
        message, fds, _, _ = socket.recv_fds(way, 16, 2)
    except OSError:
        message, fds = b"", []
    if not message:  # whoever began us has gone, and nobody will read an answer
        for pidfd in running:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        for pid, _ in running.values():
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
        os._exit(0)
    if len(fds) != 2:
        for fd in fds:
            os.close(fd)
        return
    data, watched = fds[0], socket.socket(fileno=fds[1])
    server = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        os.close(data)
        watched.close()
        return
    if pid == 0:
        _become(data, server)
    os.close(data)
    pidfd = os.pidfd_open(pid)
    running[pidfd], of[watched] = (pid, watched), pidfd
    chosen.register(pidfd, selectors.EVENT_READ)
    chosen.register(watched, selectors.EVENT_READ)
    with contextlib.suppress(OSError):
        watched.send(_STARTED)


def _become(data: int, server: int) -> NoReturn:
    """In the child of ``server``: the one socket as standard input and output, nothing else open; ends the process."""
    try:
        os.dup2(data, 0)
        os.dup2(data, 1)
        os.closerange(3, 1 << 20)
        assert _prctl is not None  # serve() found it
        _prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG: never without its server
        if os.getppid() != server:  # it died before we asked
            os._exit(3)
        from partwell.importers.sandbox import child_main

        child_main()
    finally:
        os._exit(3)
