# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of the sample's pages for the documentation: each party signed in by its demo link, light and dark, wide and narrow.

``python examples/screenshots.py [--to DIR] [--all] [--only NAME]`` loads the sample into a temporary home, builds the
client's bundle, serves both on loopback and photographs the pages of ``PAGES`` with the Chromium on PATH (or
playwright's own): those of ``CHOSEN`` into docs/pictures, with ``--all`` every one. A page that does not answer with
200, that is wider than its window, or whose console complains, ends it with code 1, and so does one that shows a
sign-in link or a secret of the sample.
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
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WIDE, NARROW = 1440, 390
SHOTS = ((WIDE, "light"), (WIDE, "dark"), (NARROW, "light"), (NARROW, "dark"))
HEIGHTS = {WIDE: 900, NARROW: 844}


def verdicts(page: Any, told: dict[str, Any]) -> None:
    """Choose the new provider and a set of which some may go, some are asked for and some stay; see the verdicts."""
    page.locator("label:has(input[name=to])", has_text="Theo Brandt").first.locator("input").check()
    for item in told["set"]:
        page.locator(f"input[name=item][value='{item}']").check()
    page.get_by_role("button", name="See the verdicts").click()
    page.wait_for_load_state()


def signed_proof(page: Any, told: dict[str, Any]) -> None:
    """Open the proof of the entry that says the signatory signed."""
    page.goto(f"{page.url.rstrip('/')}/{told['signed']}/")


# (picture, party as in the links, path, what to do first). {client}, {offboarding} …: ids of the sample.
Page = tuple[str, str, str, Callable[[Any, dict[str, Any]], None] | None]
PAGES: tuple[Page, ...] = (
    ("departures", "account manager", "/departures/", None),
    ("offboarding", "account manager", "/offboardings/{offboarding}/", None),
    ("client", "account manager", "/clients/{client}/", None),
    ("timeline", "account manager", "/offboardings/{offboarding}/evidence/", None),
    ("proof", "client's signatory", "/client/evidence/", signed_proof),
    ("estate", "technician", "/clients/{client}/estate/", None),
    ("item", "technician", "/clients/{client}/items/{item}/", None),
    ("import", "technician", "/import/", None),
    ("verdicts", "technician", "/clients/{client}/release/", verdicts),
    ("release", "technician", "/releases/{release}/", None),
    ("evidence", "auditor", "/evidence/", None),
    ("client-home", "client's signatory", "/client/", None),
    ("client-bundles", "client's signatory", "/client/bundles/", None),
    ("signing", "client's signatory", "/client/authorisations/{asked}/", None),
    ("provider-home", "new provider's technician", "/provider/", None),
    ("bundle", "", "index.html", None),
    ("bundle-timeline", "", "timeline.html", None),
)
CHOSEN = ("departures-1440-light", "offboarding-1440-light", "verdicts-1440-light", "client-home-390-light", "signing-1440-light",
          "provider-home-390-dark", "bundle-1440-light", "timeline-1440-light", "proof-1440-dark")  # fmt: skip


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def sample(home: Path, port: int) -> dict[str, Any]:
    """Load the sample into a fresh home, in this process; gives what ``partwell sample --json`` gives, more ids, and the bundle."""
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
    from partwell.records.evidence.models import Entry
    from partwell.records.releases.models import Release
    from partwell.sample.load import load_sample

    told = load_sample(
        lambda words, done, total: print(f"\r{done:>3}/{total} {words:<60}", end="", flush=True)
    ).as_json()
    print()
    client = Client.objects.get(pk=told["client"]["id"])
    item = client.items.filter(kind="credential", trials__outcome="worked").order_by("title").first()
    release = Release.objects.filter(client=client, party="provider").order_by("number").first()
    asked = unsigned(client)
    assert item is not None and release is not None
    told["ids"] = {"client": client.id, "offboarding": told["offboarding"], "item": item.id, "release": release.id, "asked": asked.id}  # fmt: skip
    told["bundle"] = bundle(home, client.id)
    told["signed"] = (
        Entry.objects.filter(type="authorisation.awaits_call_back")
        .order_by("index")
        .values_list("index", flat=True)
        .first()
    )
    told["set"] = mixed_set(client, release)
    told["secrets"] = secrets_of_sample()
    return told


def bundle(home: Path, client_id: Any) -> Path:
    """The client's bundle, unpacked."""
    from partwell.actions.estate.look import staff_named
    from partwell.actions.evidence.log import make_checkpoint
    from partwell.actions.files import read_file
    from partwell.actions.people.set_up import actor_of
    from partwell.actions.releases.download_bundle import download_bundle
    from partwell.actions.releases.request_bundle import request_bundle
    from partwell.actions.releases.run_bundle import run_now
    from partwell.rules.refusals import Refusal
    from partwell.rules.terms import Party

    staff = staff_named("")
    assert staff is not None
    actor = actor_of(staff)
    job = request_bundle(actor=actor, client_id=client_id, to=Party.CLIENT)
    assert not isinstance(job, Refusal), job
    run_now(job.id, lambda *_: None)
    file = download_bundle(actor=actor, job_id=job.id)
    assert not isinstance(file, Refusal), file
    make_checkpoint()
    with zipfile.ZipFile(io.BytesIO(read_file(file))) as archive:
        archive.extractall(home / "bundle")
    return next((home / "bundle").iterdir())


def unsigned(client: Any) -> Any:
    """An authorisation that waits for its signature: a contractor needs the documentation (R1), beside the new provider."""
    from datetime import timedelta

    from django.utils import timezone

    from partwell.actions.authorisations.propose import Scope, propose_authorisation
    from partwell.actions.authorisations.recipients import add_person, add_recipient
    from partwell.actions.estate.look import staff_named
    from partwell.actions.people.set_up import actor_of
    from partwell.rules.refusals import Refusal
    from partwell.rules.terms import RecipientKind, ScopePreset

    staff = staff_named("ines@harbourline.example")
    assert staff is not None
    actor = actor_of(staff)
    firm = add_recipient(
        actor=actor, client_id=client.id, firm="Kestrel Cabling", kind=RecipientKind.CONTRACTOR
    )
    assert not isinstance(firm, Refusal), firm
    person = add_person(actor=actor, recipient_id=firm.id, name="Runa Holt", email="runa@kestrel.example")
    assert not isinstance(person, Refusal), person
    today = timezone.localdate()
    scope = Scope(
        starts_on=today,
        ends_on=today + timedelta(days=30),
        presets=(ScopePreset.DOCUMENTATION,),
        person_ids=(person.id,),
    )
    signer = client.contacts.get(name="Mara Ellery")
    row = propose_authorisation(actor=actor, recipient_id=firm.id, signatory_id=signer.id, scope=scope)
    assert not isinstance(row, Refusal), row
    return row


def mixed_set(client: Any, release: Any) -> list[str]:
    """A few items of each verdict, for the one who received ``release``."""
    from partwell.actions.releases.gate import Target
    from partwell.actions.releases.release_items import preview
    from partwell.rules.terms import Party

    items = list(client.items.filter(internal=False).select_related("document").order_by("category", "title"))
    shown = preview(client, Target(Party.PROVIDER, person=release.person), items)
    found: dict[str, list[str]] = {}
    for one in shown:
        found.setdefault(str(one.decision.verdict), []).append(str(one.item.id))
    return [item for items in found.values() for item in items[:: max(1, len(items) // 2)][:2]]


def secrets_of_sample() -> list[str]:
    """Every password of the sample, so that no page shows one unseen."""
    from partwell.actions.keys import open_unit
    from partwell.records.vault.models import SealedValue

    rows = SealedValue.objects.select_related("unit").filter(field="password").exclude(ciphertext=None)
    values = {
        open_unit(one.unit)
        .open("vault.SealedValue", one.subject_id, one.field, bytes(one.ciphertext or b""))
        .decode("utf-8", "replace")
        for one in rows
    }
    return sorted(value for value in values if len(value) >= 8)


@contextlib.contextmanager
def served(port: int) -> Iterator[str]:
    """The web server on loopback, until the block ends."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
               "partwell.wsgi:application"]  # fmt: skip
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://localhost:{port}"
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/", timeout=5).close()  # noqa: S310 - loopback
                break
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(10)


def small(png: bytes, target: Path) -> int:
    """Write a PNG with at most 256 colours, which such pages hardly miss; gives its bytes."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, kmeans=4, dither=Image.Dither.NONE)
    picture.save(target, "PNG", optimize=True)
    return target.stat().st_size


def doubts(page: Any, told: dict[str, Any]) -> list[str]:
    """What this page must not be: wider than its window, or showing what is secret."""
    found = []
    if (wide := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
        found.append(f"is {wide} pixels wider than its window of {page.viewport_size['width']}")
    text = page.locator("body").inner_text()
    if "/in/" in text:
        found.append("shows a sign-in link")
    if any(secret in text for secret in told["secrets"]):
        found.append("shows a password")
    return found


def photograph(told: dict[str, Any], address: str, to: Path, only: str, everything: bool) -> list[str]:
    """The pages of ``PAGES``; gives what went wrong, in sentences."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    with sync_playwright() as play:
        names = ("chromium", "chromium-browser", "google-chrome")
        program = next((found for name in names if (found := shutil.which(name))), None)
        browser = play.chromium.launch(
            executable_path=program, args=["--no-sandbox"] if not os.getuid() else []
        )
        for party in dict.fromkeys(page[1] for page in PAGES):
            context = browser.new_context(locale="en-GB", timezone_id="Europe/London")
            page = context.new_page()
            said: list[str] = []
            page.on("console", lambda one, said=said: said.append(one.text) if one.type == "error" else None)
            if party:
                link = next(link for name, link in told["links"].items() if f"({party})" in name)
                page.goto(link)
                if page.url == link:  # a link consumes nothing by GET: a button does
                    page.locator("main form button[type=submit], form button").first.click()
            for name, whose, path, first in PAGES:
                if whose != party or (only and only != name):
                    continue
                page.set_viewport_size({"width": WIDE, "height": HEIGHTS[WIDE]})
                where = address + path.format(**told["ids"]) if party else (told["bundle"] / path).as_uri()
                answer = page.goto(where)
                if party and (answer is None or answer.status != 200):
                    wrong.append(f"{name}: {path} answers {answer.status if answer else 'nothing'}.")
                    continue
                if first is not None:
                    first(page, told)
                for width, scheme in SHOTS:
                    picture = f"{name}-{width}-{scheme}"
                    if not everything and picture not in CHOSEN:
                        continue
                    page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
                    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                    page.wait_for_timeout(200)
                    wrong += [f"{picture}: it {doubt}." for doubt in doubts(page, told)]
                    size = small(page.screenshot(), to / f"{picture}.png")
                    print(f"{picture:<44}{size / 1000:>8.1f} kB")
            wrong += [f"{party or 'bundle'}: {one}" for one in said]
            context.close()
        browser.close()
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pictures of the sample's pages.")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "pictures", help="folder of the pictures")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every page in both widths and both schemes, not the chosen ones alone",
    )
    parser.add_argument("--only", default="", help="one page by its name")
    args = parser.parse_args()
    args.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="partwell-pictures-") as folder:
        port = free_port()
        found = sample(Path(folder), port)
        with served(port) as address:
            problems = photograph(found, address, args.to, args.only, args.all)
    print(
        json.dumps(problems, indent=1, ensure_ascii=False)
        if problems
        else "Every page answered; no console complained."
    )
    sys.exit(1 if problems else 0)
