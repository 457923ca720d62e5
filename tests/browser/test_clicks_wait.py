# SPDX-License-Identifier: AGPL-3.0-or-later
"""A click returns when its page is whole, however slowly it comes: what stories ask next, they ask of all of it."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

pytestmark = pytest.mark.browser
HEAD = b"<!doctype html><title>Slow</title><main><a href='/more'>Go on</a>" + b" " * 2000


class Slowly(BaseHTTPRequestHandler):
    """Half a page at once; the other half, where there is one, four tenths of a second later."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(HEAD)
        self.wfile.flush()
        if self.path == "/more":
            time.sleep(0.4)
            self.wfile.write(b"<p>The rest</p>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def slowly() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slowly)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join(10)


def test_a_click_returns_when_its_page_is_whole(chromium: Any, slowly: str) -> None:
    page = chromium.new_page()
    page.goto(slowly)
    page.get_by_role("link", name="Go on").click()
    assert page.get_by_text("The rest").is_visible()
    page.close()
