# SPDX-License-Identifier: AGPL-3.0-or-later
"""A whole departure through the API, with the cast; what only a person can do (sign, accept terms, object) they do."""

import io
import json
import logging
import zipfile
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.utils import timezone
from PIL import Image

from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
from partwell.actions.authorisations.sign import sign_authorisation
from partwell.actions.estate.run_import import run_now
from partwell.actions.evidence.check import check_ledger
from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.people.enter import person_actor
from partwell.actions.releases.receive import confirm_receipt, object_to_receipt
from partwell.actions.releases.run_bundle import run_now as build_now
from partwell.records.authorisations.models import Recipient
from partwell.records.jobs.models import Job
from partwell.records.people.models import IdempotencyKey
from partwell.rules.actor import Actor
from sealed.proof import parse_proof
from tests.api.caller import Caller, caller, problem
from tests.flows.cast import _staff, done

PASSWORD = "correct horse battery"  # of a made-up router
MAIL = (
    b"From: Mara Ellery <mara@northwick.example>\r\nTo: desk@harbourline.example\r\nSubject: We are leaving\r\n"
    b"Date: Mon, 02 Mar 2026 09:00:00 +0000\r\nMessage-ID: <1@northwick.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    b"We will move to Alder Row IT.\r\n"
)
TERMS = {"signed_on": "2024-01-01", "included_hours": "4", "hourly_rate": "140.00", "block_hours": "2", "currency": "EUR",
         "ownership": {"hardware": "client", "diagrams": "client"}}  # fmt: skip


class Watched(Caller):
    """Keeps every answer, so that the story can be searched for what must not be in it."""

    seen: list[bytes] = []

    def call(self, *args: Any, **more: Any) -> HttpResponse:
        """As before."""
        response = super().call(*args, **more)
        self.seen.append(b"".join(response) if response.streaming else response.content)  # type: ignore[arg-type]
        return response


def _watched(owner: Actor, who: Actor) -> Watched:
    made = caller(owner, who)
    return Watched(made.token, made.token_id)


def _contact(contact_id: str, kind: str = "client") -> Actor:
    found = person_actor(kind, UUID(contact_id), strength="link", address="192.0.2.7")
    assert found is not None
    return found


def _file(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def _picture() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    return _file("screen.png", out.getvalue())


def _made(response: HttpResponse) -> Any:
    assert 200 <= response.status_code < 300, response.content[:2000]
    return response.json()  # type: ignore[attr-defined]


@pytest.mark.both_databases
def test_a_client_parts_through_the_api(db_world: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    staff = _staff()
    ines, dan, priya, kerstin, jonah = (
        _watched(staff["jonah"], staff[name]) for name in ("ines", "dan", "priya", "kerstin", "jonah")
    )

    # The client, its people and its agreement.
    client = ines.made(
        "/clients",
        {
            "name": "Northwick Traders",
            "legal_name": "Northwick Traders Ltd",
            "domains": ["northwick.example"],
        },
    )
    at = f"/clients/{client['id']}"
    assert ines.patch(at, {"registration": "HRB 4711"}).status_code == 200
    mara = ines.made(f"{at}/contacts", {"name": "Mara Ellery", "email": "mara@northwick.example", "role": "signatory", "title": "Director",
                                        "second_email": "mara@post.example", "phone": "+44 20 5550 123"})  # fmt: skip
    _made(
        ines.form(
            f"/contacts/{mara['id']}/authority",
            {
                "kind": "Register extract",
                "valid_until": "2030-01-01",
                "file": _file("extract.pdf", b"%PDF-1.4 extract"),
            },
        )
    )
    assert ines.ok("GET", f"/contacts/{mara['id']}")["proofs"][0]["kind"] == "Register extract"
    ines.made(f"{at}/agreements", TERMS)
    signed = _made(
        ines.form(
            f"{at}/agreements/signed",
            {
                "terms": json.dumps({**TERMS, "hourly_rate": "150"}),
                "document": _file("agreement.pdf", b"%PDF-1.4 terms"),
            },
        )
    )
    assert (signed["version"], signed["hourly_rate"], bool(signed["document_id"])) == (2, "150.00", True)
    ines.made(f"{at}/sites", {"name": "Head office"})
    ines.made(
        f"{at}/backup-sets",
        {"name": "Nightly", "location": "Vault 3", "vendor": "Keepwell", "vendor_window_days": 30},
    )
    assert {one["key"]: one["present"] for one in ines.ok("GET", f"{at}/readiness")["facts"]}[
        "agreement"
    ] is True

    # The estate: by hand, and from a file.
    diagram = dan.made(
        f"{at}/items",
        {"title": "Network diagram", "category": "diagrams", "kind": "document", "owner": "client"},
    )
    _made(
        dan.form(
            f"{at}/items/{diagram['id']}/document", {"file": _file("net.txt", b"What the net looks like.")}
        )
    )
    assert dan.get(f"{at}/items/{diagram['id']}/document").status_code == 200
    router = dan.made(
        f"{at}/items",
        {
            "title": "Branch printer login",
            "category": "admin_access",
            "kind": "credential",
            "owner": "client",
            "critical": False,
        },
    )
    stored = dan.made(f"{at}/items/{router['id']}/secrets", {"field": "password", "value": PASSWORD})
    assert stored["secret_fields"] == ["password"]
    assert (
        dan.patch(
            f"{at}/items/{router['id']}/handover", {"account": "admin", "privilege": "administrator"}
        ).status_code
        == 200
    )
    assert problem(dan.patch(f"{at}/items/{router['id']}/handover", {"serial": "1"}), 422, "invalid_input")
    picture = _made(dan.form(f"{at}/pictures", {"subject_kind": "item", "subject_id": router["id"], "picture": _picture(),
                                               "redactions": json.dumps({"rectangles": [{"x": 1, "y": 1, "width": 5, "height": 5}]})}))  # fmt: skip
    assert (
        dan.made(f"{at}/items/{router['id']}/trials", {"outcome": "worked", "proof_id": picture["id"]})[
            "outcome"
        ]
        == "worked"
    )
    problem(dan.get(f"{at}/items/{router['id']}/document"), 404, "not_found")
    csv = b"Asset Tag,Name,Serial,Category,Status\n1,Core switch,SW-1,Network,Deployed\n2,Door camera,CAM-2,Camera,Deployed\n"
    batch = _made(dan.form(f"{at}/imports", {"files": _file("assets.csv", csv), "source": "csv"}))
    run_now(Job.objects.get(kind="import.stage"))
    staged = dan.ok("GET", f"{at}/imports/{batch['id']}")
    assert (staged["state"], staged["item_count"]) == ("staged", 2), staged
    assert [
        one["title"] for one in dan.ok("GET", f"{at}/imports/{batch['id']}/lines?outcome=item")["items"]
    ] == ["Core switch", "Door camera"]
    run_now(Job.objects.get(pk=dan.made(f"{at}/imports/{batch['id']}/confirm", {"owner": "unknown"})["id"]))
    unknown = {"rule": {"owner": "unknown"}, "set": {"owner": "client"}}
    shown = dan.ok("POST", f"{at}/items/classify/preview", unknown)
    assert shown["changing"] == 2
    problem(dan.post(f"{at}/items/classify", {**unknown, "expected": 7}), 409, "preview_stale")
    assert dan.made(f"{at}/items/classify", {**unknown, "expected": 2}) == {"count": 2}
    assert len(dan.ok("GET", f"{at}/items?owner=client")["items"]) == 4

    # Notice as mail, plan, dates.
    notice = {"noticed_at": timezone.now().isoformat(), "channel": "mail", "reason": "new_provider", "destination": "new_msp",
              "end_of_service": (timezone.localdate() + timedelta(days=60)).isoformat(), "pain_points": ["Nobody answered."]}  # fmt: skip
    assert (
        _made(ines.form("/notices/read", {"mail": _file("notice.eml", MAIL)}))["sender"]
        == "Mara Ellery <mara@northwick.example>"
    )
    left = _made(
        ines.form(
            f"{at}/offboardings/from-mail", {"notice": json.dumps(notice), "mail": _file("notice.eml", MAIL)}
        )
    )
    off = f"/offboardings/{left['id']}"
    assert left["pain_points"] == ["Nobody answered."]
    problem(ines.post(f"{at}/offboardings", notice), 409, "already_departing")
    ines.made(f"{off}/acknowledge")
    ines.made(f"{off}/plan")
    steps = ines.ok("GET", f"{off}/steps")["items"]
    assert len(steps) > 5
    own = ines.made(f"{off}/steps", {"title": "Hand over the door key", "due": left["end_of_service"]})
    assert dan.made(f"/steps/{own['id']}/finish", {"words": "Done at noon."})["done_by_name"] == "Dan Frey"
    later = (timezone.localdate() + timedelta(days=90)).isoformat()
    change = {"end_of_service": later, "reason": "The new line is late."}
    assert ines.ok("POST", f"{off}/date-changes/preview", change)["items"]
    assert ines.made(f"{off}/date-changes", change)["state"] == "proposed"

    # Consent: prepared here, signed by Mara herself, carried by Priya's call.
    alder = ines.made(f"{at}/recipients", {"firm": "Alder Row IT", "kind": "new_provider"})
    theo = ines.made(
        f"/recipients/{alder['id']}/persons", {"name": "Theo Brandt", "email": "theo@alderrow.example"}
    )
    wanted = {"to_person_id": theo["id"], "item_ids": [diagram["id"], router["id"]]}
    verdicts = dan.ok("POST", f"{at}/releases/preview", wanted)["items"]
    assert {one["verdict"] for one in verdicts} == {"refuse"}
    assert {one["reasons"][0]["code"] for one in verdicts} == {"no_authorisation"}
    refused = dan.made(f"{at}/releases", wanted)
    assert refused["release_id"] is None and len(refused["refused"]) == 2
    today = timezone.localdate()
    scope = {"starts_on": (today - timedelta(days=1)).isoformat(), "ends_on": (today + timedelta(days=90)).isoformat(),
             "presets": ["systems", "documentation"], "person_ids": [theo["id"]]}  # fmt: skip
    paper = ines.made(
        f"/recipients/{alder['id']}/authorisations", {"signatory_id": mara["id"], "scope": scope}
    )
    assert paper["state"] == "proposed"
    assert {one["title"] for one in ines.ok("GET", f"/authorisations/{paper['id']}/items")["items"]} >= {
        "Network diagram"
    }
    done(
        sign_authorisation(
            actor=_contact(mara["id"]),
            authorisation_id=UUID(paper["id"]),
            shown_digest=paper["text_digest"],
            intent=True,
            electronic_form=True,
        )
    )
    assert ines.ok("GET", f"/authorisations/{paper['id']}")["state"] == "proposed"
    assert priya.made(f"/authorisations/{paper['id']}/call-back", {"confirmed": True})["state"] == "granted"
    person = _contact(theo["id"], "provider")
    done(accept_terms(actor=person, shown_digest=terms_for(Recipient.objects.get(pk=alder["id"]))[1]))

    # Release through the same gate; Theo confirms one and objects to the other.
    out = dan.made(f"{at}/releases", wanted)
    assert {one["title"] for one in out["sent"]} | {one["title"] for one in out["asked"]} == {
        "Network diagram",
        "Branch printer login",
    }, out
    lines = dan.ok("GET", f"/releases/{out['release_id']}/lines")["items"]
    sent = [one for one in lines if one["state"] == "sent"]
    done(confirm_receipt(actor=person, line_ids=[UUID(sent[0]["id"])]))
    done(object_to_receipt(actor=person, reasons={UUID(sent[-1]["id"]): "It is the old one."}))
    assert dan.ok("GET", f"/releases/{out['release_id']}")["objected"] == 1
    assert dan.made(f"/release-lines/{sent[-1]['id']}/answer", {"words": "The new one follows."})[
        "objection_answer"
    ]
    dan.made(
        f"{at}/messages",
        {"subject": "Monday", "text": "We meet at nine.", "audience": "all", "recipient_id": alder["id"]},
    )
    dan.made(f"{at}/messages", {"subject": "Careful", "text": "They owe us.", "audience": "internal"})
    call = dan.made(
        f"{at}/calls",
        {
            "with_whom": "Mara Ellery",
            "summary": "Keys on Friday.",
            "happened_at": timezone.now().isoformat(),
            "internal_note": "Hush.",
        },
    )
    assert "internal_note" not in call
    mails = dan.ok("GET", f"{at}/envelopes?limit=200")["items"]
    assert all(one["recipients"][0]["role"] == "client" for one in mails) and {
        one["state"] for one in mails
    } == {"queued"}
    problem(
        ines.post(f"/envelopes/{mails[0]['id']}/settle", {"outcome": "arrived", "ground": "They said so."}),
        409,
        "envelope_not_queued",
    )

    # The bundle.
    make_checkpoint()
    bundle = dan.made(f"{at}/bundles", {"to": "client"})
    build_now(UUID(bundle["id"]), lambda *_: None)
    bundle = dan.ok("GET", f"/bundles/{bundle['id']}")
    assert bundle["state"] == "done", bundle
    whole = b"".join(
        dan.browser.get(
            f"/api/v1/bundles/{bundle['id']}/file", headers={"Authorization": f"Bearer {dan.token}"}
        )
    )
    part = dan.browser.get(
        f"/api/v1/bundles/{bundle['id']}/file",
        headers={"Authorization": f"Bearer {dan.token}", "Range": "bytes=10-19"},
    )
    assert (part.status_code, b"".join(part)) == (206, whole[10:20])
    assert zipfile.ZipFile(io.BytesIO(whole)).testzip() is None
    assert dan.ok("GET", f"{at}/bundles")["items"][0]["result"]["sha256"] == bundle["result"]["sha256"]

    # Acceptance is asked for; closing is refused with every reason.
    assert dan.made(f"{off}/acceptances", {})["state"] == "requested"
    assert ines.ok("GET", f"{off}/blockers")["items"]
    problem(ines.post(f"{off}/close"), 409, "cannot_close")

    # The evidence of all this, with proofs; an auditor reads it and writes nothing.
    make_checkpoint()
    entries = kerstin.ok("GET", f"{at}/entries?limit=200")["items"]
    assert any("Dan Frey" in one["sentence"] for one in entries)
    entry = kerstin.ok("GET", f"/entries/{entries[0]['id']}")
    assert entry["proof"]
    parse_proof(kerstin.get(f"/entries/{entries[0]['id']}/proof").content)
    assert kerstin.ok("GET", "/checkpoint")["note"].startswith(kerstin.ok("GET", "/vkey")["origin"])
    problem(kerstin.post(f"{at}/messages", {"subject": "x", "text": "y"}), 409, "not_your_role")

    # Withdrawal recorded by staff acts at once; another client sees nothing of it.
    assert (
        ines.made(f"/authorisations/{paper['id']}/withdrawal", {"words": "By phone."})["state"] == "withdrawn"
    )
    assert {one["verdict"] for one in dan.ok("POST", f"{at}/releases/preview", wanted)["items"]} == {"refuse"}
    other = ines.made("/clients", {"name": "Quayside Dental"})
    for path in (
        "items",
        "contacts",
        "releases",
        "messages",
        "calls",
        "envelopes",
        "bundles",
        "authorisations",
        "recipients",
        "imports",
        "offboardings",
        "jobs",
    ):
        assert jonah.ok("GET", f"/clients/{other['id']}/{path}")["items"] == [], path
    problem(dan.get(f"/clients/{other['id']}/items/{diagram['id']}"), 404, "not_found")
    problem(
        dan.post(f"/clients/{other['id']}/releases", {**wanted, "to_person_id": theo["id"]}), 404, "not_found"
    )

    # The notice is withdrawn in the end: no fee.
    assert ines.ok("GET", f"{off}/withdrawal")["fee"] == "0"
    assert ines.made(f"{off}/withdraw", {"words": "We stay."})["state"] == "withdrawn"

    assert [one for one in check_ledger().findings if one.severity != "warning"] == []
    everything = (
        b"".join(Watched.seen)
        + "".join(IdempotencyKey.objects.values_list("body", flat=True)).encode()
        + caplog.text.encode()
    )
    assert PASSWORD.encode() not in everything
    assert not any(one.token.encode() in everything for one in (ines, dan, priya, kerstin, jonah))
    assert b"Hush." not in b"".join(Watched.seen)
