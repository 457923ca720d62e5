# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell demo`` as somebody starts it in an empty folder: one working link a party, mail on a page, and no second sample.

``partwell sample`` into an empty home: test_database_roles.py.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.flows.test_cli import wait_for
from tests.support.ports import free_port
from tests.support.programs import ground

# Who is told a link, and where it leads.
PARTIES = {"(owner)": "/", "(account manager)": "/", "(technician)": "/", "signatory": "/client/", "new provider": "/provider/", "(auditor)": "/"}  # fmt: skip


def surroundings(folder: Path, **more: str) -> dict[str, str]:
    """Nobody's settings but these."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PARTWELL_", "DJANGO_", "PORT"))
    }
    return {
        **kept,
        "PARTWELL_HOME": str(folder / "home"),
        "PARTWELL_KEYS": str(folder / "keys"),
        "PARTWELL_TEST_FAST_HASH": "1",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "partwell.entrypoints.cli.main", *words]


class Visitor:
    """A browser with cookies and no more."""

    def __init__(self) -> None:
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, url: str, data: bytes | None = None) -> tuple[int, str, str]:
        request = urllib.request.Request(url, data, {"Referer": url})  # noqa: S310 - of the demonstration on loopback
        with self.opener.open(request, timeout=30) as answer:
            return answer.status, answer.url, answer.read().decode()

    def through(self, link: str) -> tuple[int, str, str]:
        """Look at a sign-in link (which uses nothing up), then press its button."""
        _, _, page = self.open(link)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token is not None, page[:500]
        return self.open(link, f"csrfmiddlewaretoken={token[1]}".encode())


@pytest.fixture
def empty() -> Iterator[Path]:
    with ground("demo") as folder:
        yield folder


@pytest.mark.slow
def test_the_demo_prints_one_link_a_party_and_each_opens_its_door(empty: Path) -> None:
    port = str(free_port())
    environment = surroundings(empty, PORT=port, PARTWELL_MAIL_PORT=str(free_port()))
    demo = subprocess.Popen(command("demo"), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=empty)  # fmt: skip
    said: list[str] = []
    reading = threading.Thread(target=lambda: said.extend(iter(demo.stdout.readline, "")))  # type: ignore[union-attr]
    reading.start()
    try:
        assert wait_for(lambda: "/post-office/" in "".join(said) or demo.poll() is not None, 150)
        text = "".join(said)
        links: dict[str, str] = dict(re.findall(r"^  (\S.*):\n    (http://\S+/in/\S+)$", text, re.MULTILINE))
        for party, door in PARTIES.items():
            named = [label for label in links if party in label.lower()]
            assert len(named) == 1, (party, text)
            visitor = Visitor()
            status, at, page = visitor.through(links[named[0]])
            base = f"http://127.0.0.1:{port}"
            where = at.removeprefix(base).removeprefix("http://localhost:" + port)
            assert status == 200 and (where.startswith(door) if door != "/" else where == "/departures/"), at
            assert "Northwick" in page, named
        assert len(links) == len(PARTIES), links
        status, _, inbox = Visitor().open(f"http://127.0.0.1:{port}/post-office/")
        assert status == 200 and "northwick" in inbox.lower(), "what was sent can be read on a page"
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(40)
        reading.join(10)
    assert demo.returncode == 0, "".join(said)[-2000:]
    again = subprocess.run(
        command("sample", "--json"), env=environment, capture_output=True, text=True, check=False
    )
    assert again.returncode == 1 and json.loads(again.stdout)["problem"].endswith(".")
    words = subprocess.run(command("sample"), env=environment, capture_output=True, text=True, check=False)
    assert words.returncode == 1 and not words.stdout and words.stderr.strip().endswith(".")
