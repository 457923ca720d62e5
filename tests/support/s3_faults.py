# SPDX-License-Identifier: AGPL-3.0-or-later
"""A proxy in front of an S3 server that answers wrongly at chosen requests: throttling, expiry, broken connections.

It passes the Host header on as it came, so the signature made for the proxy's address holds at the server behind it.
"""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Kind = Literal["answer", "hang_up", "hang_up_after", "instead"]


@dataclass
class Fault:
    """What goes wrong: at requests for which ``when(method, path)`` holds, after ``skip`` of them, ``times`` times.

    ``answer``: the storage's error ``code`` with ``status``, nothing is passed on. ``hang_up``: no answer, nothing passed
    on. ``hang_up_after``: passed on and done, but the answer is lost. ``instead``: passed on, ``body`` takes the answer's place.
    """

    when: Callable[[str, str], bool]
    kind: Kind = "answer"
    status: int = 503
    code: str = "SlowDown"
    skip: int = 0
    times: int = 10**9
    body: Callable[[bytes], bytes] = field(default=lambda body: body)
    met: int = 0
    done: int = 0

    def due(self, method: str, path: str) -> bool:
        """Whether it happens at this request; counts."""
        if not self.when(method, path):
            return False
        self.met += 1
        if self.met <= self.skip or self.done >= self.times:
            return False
        self.done += 1
        return True


@dataclass
class Faults:
    """The proxy: its address, what is planned, and what was asked (method, path) in order."""

    endpoint: str
    plan: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)


def deleting(method: str, path: str) -> bool:
    """DeleteObjects."""
    return method == "POST" and "delete" in urlsplit(path).query.split("&")


def listing(method: str, path: str) -> bool:
    """ListObjectVersions."""
    return method == "GET" and "versions" in urlsplit(path).query.split("&")


def anything(method: str, path: str) -> bool:
    """Every request."""
    return True


@contextmanager
def faults_before(upstream: str, *plan: Fault) -> Iterator[Faults]:
    """A running proxy before ``upstream`` (an http address)."""
    behind = urlsplit(upstream).netloc
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                state.asked.append((self.command, self.path))
                fault = next((one for one in state.plan if one.due(self.command, self.path)), None)
            if fault is not None and fault.kind == "hang_up":
                self.close_connection = True
                return
            if fault is not None and fault.kind == "answer":
                words = f"<Error><Code>{fault.code}</Code><Message>Planned.</Message></Error>".encode()
                self.answer(fault.status, [("Content-Type", "application/xml")], words)
                return
            connection = http.client.HTTPConnection(behind, timeout=60)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            reply = connection.getresponse()
            content = reply.read()
            connection.close()
            if fault is not None and fault.kind == "hang_up_after":
                self.close_connection = True
                return
            if fault is not None:
                content = fault.body(content)
            kept = ("transfer-encoding", "content-length", "connection")
            self.answer(
                reply.status, [(n, v) for n, v in reply.getheaders() if n.lower() not in kept], content
            )

        def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_one

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = Faults(f"http://127.0.0.1:{server.server_port}", list(plan))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
