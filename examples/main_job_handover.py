# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job's middle: records and trials, releases to both, what the client is asked, receipts and objections."""

import base64
import hashlib
import http.server
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from house import done, expect, refused

if TYPE_CHECKING:
    from main_job import World

BY_BUNDLE = 8  # credentials that reach the new provider in an encrypted bundle; the others by one-time reveal
WHY_NOT = "The system behind this public sample file does not exist here."


def own(world: "World", **more: Any) -> list[Any]:
    """The client's own present items, with these fields."""
    from partwell.records.estate.models import Item

    rows = Item.objects.present().filter(client=world.client, owner="client", internal=False, **more)
    return list(rows.select_related("document").order_by("category", "title", "id"))


def records(world: "World") -> None:
    """What R3 asks of each kind, R16 of each credential: three tried for real, the others with a reason and a second person."""
    from partwell.actions.estate.record_handover import record_handover
    from partwell.actions.estate.try_credential import label_untested, second_credential, try_credential

    world.log.step("6. Handover records and trials of credentials")
    client = world.client.id
    for item in own(world, kind="hardware"):
        known = (
            item.handover.get("serial")
            or f"none on the device; asset tag {item.details.get('asset_tag') or item.external_id or item.title}"
        )
        done(
            record_handover(
                actor=world.dan,
                client_id=client,
                item_id=item.id,
                serial=known,
                condition="in use, no visible damage",
                title="passed",
            )
        )
    for item in own(world, kind="licence"):
        keyless = "key" not in item.secret_fields
        done(record_handover(actor=world.dan, client_id=client, item_id=item.id, has_no_key=keyless, transfer_confirmed=True,
                             confirmation="Vendor's confirmation by mail"))  # fmt: skip
    for item in own(world, kind="data"):
        place = item.handover.get("location") or str(item.details.get("Location") or "the server")
        done(record_handover(actor=world.dan, client_id=client, item_id=item.id, location=place, manifest="list of databases with row counts",
                             in_place_confirmed=True))  # fmt: skip
    for item in own(world, kind="other"):
        done(
            record_handover(
                actor=world.dan,
                client_id=client,
                item_id=item.id,
                location=item.handover.get("location") or "head office",
            )
        )
    credentials = own(world, kind="credential")
    for item in credentials:
        done(record_handover(actor=world.priya, client_id=client, item_id=item.id, privilege="administrator" if item.critical else "user",
                             account=str(item.details.get("username") or item.handover.get("account") or "no user name")))  # fmt: skip
    tried = [
        item for item in credentials if "password" in item.secret_fields and item.details.get("username")
    ][:3]
    expect(len(tried) == 3, "There are not three logins to try.")
    for item in tried:
        _try_for_real(world, item)
    rest = [item for item in credentials if item not in tried]
    for item in (one for one in rest if one.critical):
        done(
            try_credential(
                actor=world.priya,
                client_id=client,
                item_id=item.id,
                outcome="cannot_be_tried",
                reason=WHY_NOT,
            )
        )
        refused(
            second_credential(actor=world.priya, client_id=client, item_id=item.id), "second_person_needed"
        )
        done(second_credential(actor=world.dan, client_id=client, item_id=item.id))
    plain = [one.id for one in rest if not one.critical]
    if plain:
        done(label_untested(actor=world.priya, client_id=client, item_ids=plain))
    world.log.fact(
        "Hardware, licences, data, others recorded",
        sum(len(own(world, kind=one)) for one in ("hardware", "licence", "data", "other")),
    )
    world.log.fact("Credentials tried with proof", len(tried), "credentials tried")
    world.log.fact(
        "Not to be tried, with a second person",
        sum(one.critical for one in rest),
        "credentials with a second person",
    )
    world.log.fact("Labelled untested", len(plain), "credentials untested")


def _try_for_real(world: "World", item: Any) -> None:
    """Sign in at a local web server that knows this login; photograph the answer, black out what is secret, record the try."""
    from partwell.actions.estate.secrets import see_secret
    from partwell.actions.estate.take_picture import take_picture
    from partwell.actions.estate.try_credential import try_credential
    from partwell.importers.images import Rectangle

    client, user = world.client.id, str(item.details["username"])
    secret = done(
        see_secret(
            actor=world.priya,
            client_id=client,
            item_id=item.id,
            field="password",
            purpose="trying it before handing it over",
        )
    )
    good = "Basic " + base64.b64encode(f"{user}:{secret.reveal()}".encode()).decode()

    class Router(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            passed = self.headers.get("Authorization") == good
            self.send_response(200 if passed else 401)
            self.end_headers()
            self.wfile.write(b"Signed in." if passed else b"No.")

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Router)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, headers={"Authorization": good}), timeout=5
        ) as answer:
            status, words = answer.status, answer.read().decode()
        try:
            urllib.request.urlopen(address, timeout=5)
        except urllib.error.HTTPError as error:
            expect(error.code == 401, "The stand-in lets anybody in.")
        else:
            expect(False, "The stand-in lets anybody in.")
    finally:
        server.shutdown()
        server.server_close()
    expect(status == 200, f"The login of “{item.title}” does not work.")
    refused(
        try_credential(actor=world.priya, client_id=client, item_id=item.id, outcome="worked"),
        "credential_proof_missing",
    )
    picture = _picture(
        item.title, [f"GET {address}", f"HTTP {status}: {words}", "Authorization: Basic " + "#" * 24]
    )
    refused(
        take_picture(
            actor=world.priya, client_id=client, subject_kind="item", subject_id=item.id, data=picture
        ),
        "redaction_needed",
    )
    proof = done(take_picture(actor=world.priya, client_id=client, subject_kind="item", subject_id=item.id, data=picture,
                              rectangles=[Rectangle(8, 92, 500, 24)], caption="The sign-in worked"))  # fmt: skip
    done(
        try_credential(
            actor=world.priya, client_id=client, item_id=item.id, outcome="worked", proof_id=proof.id
        )
    )


def _picture(title: str, lines: list[str]) -> bytes:
    from partwell.sample.made import screen

    return screen(title, lines)


def release(world: "World") -> None:
    """Everything to the client; what the authorisation covers to the new provider; one announcement a set, the client on each."""
    from partwell.actions.releases.gate import Target
    from partwell.actions.releases.release_items import release_items
    from partwell.records.correspondence.models import Envelope
    from partwell.rules.handover import ReleaseWay
    from partwell.rules.terms import Party

    world.log.step("7. Releases to the client and to the new provider")
    contact = world.client.contacts.get(pk=world.mara.id)
    person = world.recipient.persons.get(pk=world.theo.id)
    mail = world.client.items.get(owner="msp")
    ours = release_items(
        actor=world.dan,
        client_id=world.client.id,
        target=Target(Party.CLIENT, contact=contact),
        item_ids=[mail.id],
        idempotency="ours",
    )
    world.log.fact("The service provider's own", refused(ours, "msp_property"))
    logins = own(world, kind="credential")
    sets = (
        ("to the client", Target(Party.CLIENT, contact=contact), own(world)),
        (
            "to Alder Row IT",
            Target(Party.PROVIDER, person=person),
            [*own(world, kind="document"), *logins[:-BY_BUNDLE]],
        ),
        ("to Alder Row IT, by bundle", Target(Party.PROVIDER, person=person), logins[-BY_BUNDLE:]),
    )
    for what, target, chosen in sets:
        found = done(
            release_items(
                actor=world.dan,
                client_id=world.client.id,
                target=target,
                item_ids=[one.id for one in chosen],
                idempotency=what,
                way=ReleaseWay.BUNDLE if what.endswith("bundle") else ReleaseWay.PORTAL,
            )
        )
        again = done(
            release_items(
                actor=world.dan,
                client_id=world.client.id,
                target=target,
                item_ids=[one.id for one in chosen],
                idempotency=what,
                way=ReleaseWay.BUNDLE if what.endswith("bundle") else ReleaseWay.PORTAL,
            )
        )
        expect(again.release.id == found.release.id, "A double click made a second release.")
        for item, why in found.refused:
            expect(False, f"“{item.title}” was refused: {why.sentence}")
        world.log.fact(
            f"Released {what}: sent, asked",
            f"{len(found.sent)}, {len(found.asked)}",
        )
        world.log.figures[f"released {what}"] = len(found.sent)
        world.log.figures[f"asked before going {what}"] = len(found.asked)
    world.deliver()
    waiting = Envelope.objects.exclude(state__in=("accepted", "stopped"))
    expect(not waiting.exists(), f"Mails did not leave: {list(waiting.values_list('state', 'answer'))}")


def ask(world: "World") -> None:
    """What was out of scope or sensitive waits in one request; the signatory says yes to one part and no to another."""
    from partwell.actions.releases.approve import approve_release
    from partwell.records.releases.models import ApprovalRequest

    world.log.step("8. What the client is asked")
    for request in ApprovalRequest.objects.filter(release__client=world.client, state="open"):
        lines = list(request.release.lines.filter(state="asked").order_by("title", "id"))
        half = [line.id for line in lines[: max(1, len(lines) // 2)]]
        answered = done(
            approve_release(
                actor=world.mara, request_id=request.id, yes=half, words="The rest is not needed."
            )
        )
        refused(approve_release(actor=world.mara, request_id=request.id, yes=[]), "already_decided")
        world.log.fact(
            "Asked, approved, declined",
            f"{len(lines)}, {len(half)}, {len(lines) - len(half)} ({answered.state})",
        )
        for key, count in (("approved", len(half)), ("declined", len(lines) - len(half))):
            key = f"lines {key} by the client"
            world.log.figures[key] = world.log.figures.get(key, 0) + count
    world.deliver()


def receive(world: "World") -> None:
    """The new provider opens, reveals, confirms and objects; digests and secrets are compared with the original files."""
    from partwell.actions.files import chunks
    from partwell.actions.releases.open_line import open_line
    from partwell.actions.releases.receive import (
        answer_objection,
        confirm_receipt,
        confirm_rotation,
        object_to_receipt,
    )
    from partwell.actions.releases.reveal import claim_reveal, make_reveal
    from partwell.records.releases.models import ReleaseLine

    world.log.step("9. Receipts, objections, one-time reveals")
    lines = list(
        ReleaseLine.objects.filter(release__client=world.client, release__party="provider", state="sent")
        .exclude(method="bundle")  # answered when the bundle has been opened
        .order_by("title", "id")
    )
    originals = {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in world.inputs.rglob("*") if path.is_file()
    }
    opened = same = 0
    for line in (one for one in lines if one.document_id):
        stored = done(open_line(actor=world.theo, line_id=line.id, agent="main_job.py"))
        digest = hashlib.sha256()
        for piece in chunks(stored):
            digest.update(piece)
        expect(
            digest.hexdigest() == stored.sha256 == line.digest, f"“{line.title}” is not what was released."
        )
        opened += 1
        same += stored.sha256 in originals
    world.log.fact("Documents opened; byte for byte one of the inputs", f"{opened}; {same}")
    credentials = [one for one in lines if one.kind == "credential" and one.method == "reveal"]
    key = world.keys["theo@alderrow.example"]
    shown = 0
    for line in credentials[:10]:
        page = done(make_reveal(actor=world.theo, line_id=line.id, session_key=key))
        found = done(claim_reveal(actor=world.theo, reveal_id=page.id, session_key=key))
        refused(claim_reveal(actor=world.theo, reveal_id=page.id, session_key=key), "reveal_used")
        shown += bool(found.values)
    world.log.fact("Credentials shown, once each", shown, "credentials revealed")
    wrong, rest = lines[0], lines[1:]
    done(confirm_receipt(actor=world.theo, line_ids=[one.id for one in rest], words="Complete."))
    done(
        object_to_receipt(
            actor=world.theo, reasons={wrong.id: "This is an older version than the one we were told of."}
        )
    )
    done(
        answer_objection(
            actor=world.dan,
            line_id=wrong.id,
            words="It is the newest there is; the change of May was never drawn.",
        )
    )
    done(
        confirm_rotation(
            actor=world.theo, line_ids=[one.id for one in credentials[:10]], words="All changed today."
        )
    )
    world.log.fact(
        "Confirmed, objected and answered, rotated",
        f"{len(rest)}, 1, {len(credentials[:10])}",
    )
    world.log.figures |= {
        "lines confirmed": len(rest),
        "objections answered": 1,
        "rotations confirmed": len(credentials[:10]),
    }
    mine = ReleaseLine.objects.filter(release__client=world.client, release__party="client", state="sent")
    done(confirm_receipt(actor=world.mara, line_ids=list(mine.values_list("id", flat=True))))
    world.log.fact("Confirmed by the client", mine.count())
    world.deliver()
