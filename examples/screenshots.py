#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of the sample's pages for the documentation: each party signed in by its demo link, light and dark, wide and narrow.

``python examples/screenshots.py [--to docs/main-job/pictures] [--only NAME]`` loads the sample into a temporary home,
serves it on loopback and photographs the pages of ``PAGES`` with the Chromium on PATH (or playwright's own). A page that
does not answer with 200, or whose console complains, ends it with code 1.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WIDE, NARROW = (1440, 900), (390, 844)
BOTH = ((WIDE, "light"), (NARROW, "light"))
ALL = ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark"))

# (picture, party as in the demo's links, path, which widths and colours). {client}, {offboarding}, {item}, {release}: the sample's.
PAGES: tuple[tuple[str, str, str, tuple[tuple[tuple[int, int], str], ...]], ...] = (
    ("departures", "account manager", "/departures/", ALL),
    ("offboarding", "account manager", "/offboardings/{offboarding}/", ALL),
    ("client", "account manager", "/clients/{client}/", BOTH),
    ("estate", "technician", "/clients/{client}/estate/", BOTH),
    ("item", "technician", "/clients/{client}/items/{item}/", BOTH),
    ("import", "technician", "/import/", BOTH),
    ("evidence", "auditor", "/evidence/", BOTH),
    ("client-home", "client's signatory", "/client/", ALL),
    ("provider-home", "new provider's technician", "/provider/", ALL),
)


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sample(home: Path, port: int) -> dict[str, Any]:
    """Load the sample into a fresh home, in this process; gives what ``partwell sample --json`` gives, and more ids."""
    for name in [name for name in os.environ if name.startswith("PARTWELL_")]:
        del os.environ[name]
    os.environ |= {
        "PARTWELL_HOME": str(home / "home"),
        "PARTWELL_KEYS": str(home / "keys"),
        "PARTWELL_LOG": str(home / "log"),
        "PARTWELL_DEMO": "1",
        "PORT": str(port),
        "DJANGO_SETTINGS_MODULE": "partwell.settings",
    }
    sys.path.insert(0, str(ROOT / "src"))
    import django

    django.setup()
    from django.core.management import call_command

    from partwell.records.guard import permit

    with permit("schema"):
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
    from partwell.records.clients.models import Client
    from partwell.sample.load import load_sample

    told = load_sample(
        lambda words, done, total: print(f"\r{done:>3}/{total} {words:<60}", end="", flush=True)
    ).as_json()
    print()
    client = Client.objects.get(pk=told["client"]["id"])
    item = client.items.filter(kind="credential", trials__outcome="worked").order_by("title").first()
    release = client.releases.filter(party="provider").order_by("number").first()
    assert item is not None and release is not None
    told["ids"] = {
        "client": client.id,
        "offboarding": told["offboarding"],
        "item": item.id,
        "release": release.id,
    }
    return told


@contextlib.contextmanager
def served(port: int) -> Iterator[str]:
    """The web server on loopback, until the block ends."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "partwell.wsgi:application",
    ]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    try:
        for _ in range(100):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/", timeout=2).close()  # noqa: S310 - loopback
                break
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def small(png: bytes, target: Path) -> int:
    """Write a PNG with at most 128 colours, which such pages hardly miss; gives its bytes."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(target, "PNG", optimize=True)
    return target.stat().st_size


def photograph(told: dict[str, Any], address: str, to: Path, only: str) -> list[str]:
    """Every page of ``PAGES``; gives what went wrong, in sentences."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    total = 0
    with sync_playwright() as play:
        program = next(
            (
                found
                for name in ("chromium", "chromium-browser", "google-chrome")
                if (found := shutil.which(name))
            ),
            None,
        )
        browser = play.chromium.launch(executable_path=program)
        for party in dict.fromkeys(page[1] for page in PAGES):
            link = next(link for name, link in told["links"].items() if f"({party})" in name)
            context = browser.new_context(locale="en-GB", timezone_id="Europe/London")
            page = context.new_page()
            page.on(
                "console",
                lambda said, party=party: (
                    wrong.append(f"{party}: {said.text}") if said.type == "error" else None
                ),
            )
            page.goto(link)
            if page.url == link:  # a link consumes nothing by GET: a button does
                page.locator("main form button[type=submit], form button").first.click()
            for name, whose, path, shots in PAGES:
                if whose != party or (only and only != name):
                    continue
                answer = page.goto(address + path.format(**told["ids"]))
                if answer is None or answer.status != 200:
                    wrong.append(f"{name}: {path} answers {answer.status if answer else 'nothing'}.")
                    continue
                for (width, height), scheme in shots:
                    page.set_viewport_size({"width": width, "height": height})
                    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                    page.wait_for_timeout(150)
                    target = to / f"{name}-{width}-{scheme}.png"
                    total += (size := small(page.screenshot(), target))
                    print(f"{target.name:<44}{size / 1000:>8.1f} kB")
            context.close()
        browser.close()
    print(f"{'in all':<44}{total / 1000:>8.1f} kB")
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pictures of the sample's pages.")
    parser.add_argument(
        "--to", type=Path, default=ROOT / "docs" / "main-job" / "pictures", help="folder of the pictures"
    )
    parser.add_argument("--only", default="", help="one page by its name")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="partwell-pictures-") as folder:
        port = free_port()
        found = sample(Path(folder), port)
        with served(port) as address:
            problems = photograph(found, address, args.to, args.only)
    print(json.dumps(problems, indent=1) if problems else "Every page answered; no console complained.")
    sys.exit(1 if problems else 0)
