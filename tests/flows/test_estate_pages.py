# SPDX-License-Identifier: AGPL-3.0-or-later
"""The estate's pages: what they show, to whom, and with how many queries."""

import io
import time
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext, override_settings
from django.urls import include, path
from PIL import Image

from partwell.actions.base import Deed
from partwell.actions.files import read_file
from partwell.records.estate.models import Import, Item, Trial
from partwell.records.people.models import StaffMember
from partwell.records.vault.models import Picture, SealedValue
from partwell.rules.actor import Actor
from tests.flows.estate_cast import Cast, cast, confirmed, staged
from tests.support.worlds import World

urlpatterns = [
    path("", include("partwell.entrypoints.door.urls")),
    path("", include("partwell.entrypoints.theme.urls")),
    path("", include("partwell.entrypoints.staff.urls")),
]
ONLY_STAFF = override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])


def browser(actor: Actor) -> Browser:
    """Signed in with password and second factor."""
    user = StaffMember.objects.get(pk=actor.id).user
    client = Browser()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": time.time()},
        {"method": "mfa", "at": time.time(), "type": "totp"},
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def items(who: Cast, count: int, **more: Any) -> list[Item]:
    """Items straight into the estate, in one deed."""
    with Deed(who.dan) as deed:
        deed.lock(who.northwick.id)
        rows = [
            Item(
                client=who.northwick,
                title=f"Thing {n:05}",
                category="hardware",
                kind="hardware",
                added_at=deed.now,
                **more,
            )
            for n in range(count)
        ]
        deed.add_many(Item, rows)
        deed.record("item.classified", subjects=[row.id for row in rows[:300]], public={"count": count})
    return rows


@ONLY_STAFF
def test_the_same_number_of_queries_at_50_500_and_5000_items(db_world: World) -> None:
    who = cast()
    page = browser(who.dan)
    counts, seconds = [], []
    for more in (50, 450, 4500):
        items(who, more)
        page.get(f"/clients/{who.northwick.id}/estate/")
        with CaptureQueriesContext(
            connection,
        ) as seen:
            begun = time.perf_counter()
            answer = page.get(f"/clients/{who.northwick.id}/estate/?sort=-title")
            seconds.append(time.perf_counter() - begun)
        assert answer.status_code == 200
        counts.append(len(seen))
    print("queries", counts, "seconds", [round(one, 3) for one in seconds])
    assert len(set(counts)) == 1, counts
    assert counts[0] <= 22


@ONLY_STAFF
def test_every_page_answers_and_strangers_get_nothing(db_world: World) -> None:
    who = cast()
    batch = confirmed(
        who.dan,
        staged(
            who.dan,
            who.northwick,
            ("assets.csv", b"Name,Serial,Category\nfw-1,SN1,Firewall\npc-1,SN2,Laptop\n"),
        ),
    )
    item = Item.objects.present().get(title="fw-1")
    c, other = who.northwick.id, who.quayside.id
    paths = [
        "/estate/",
        f"/clients/{c}/estate/",
        f"/clients/{c}/estate/?category=hardware&owner=client&q=fw&sort=owner",
        f"/clients/{c}/estate/add/",
        f"/clients/{c}/estate/classify/",
        f"/clients/{c}/items/{item.id}/",
        f"/clients/{c}/items/{item.id}/change/",
        "/import/",
        f"/clients/{c}/import/",
        f"/clients/{c}/import/{batch.id}/",
        f"/clients/{c}/import/{batch.id}/job/",
        f"/clients/{c}/import/{batch.id}/?show=left_out",
    ]
    page = browser(who.dan)
    for one in paths:
        assert page.get(one).status_code == 200, one
        assert Browser().get(one).status_code == 302, one
    for wrong in (
        f"/clients/{other}/items/{item.id}/",
        f"/clients/{other}/import/{batch.id}/",
        f"/clients/{uuid4()}/estate/",
        "/clients/nonsense/estate/",
        f"/clients/{c}/items/{item.id}/files/{uuid4()}/",
        f"/clients/{c}/items/{item.id}/preview.png",
        f"/clients/{c}/estate/?batch=nonsense",
    ):
        assert page.get(wrong).status_code == 404, wrong
    auditor = browser(who.kerstin)
    assert auditor.get(f"/clients/{c}/items/{item.id}/").status_code == 200
    assert auditor.get(f"/clients/{c}/import/").status_code == 409
    assert auditor.post(f"/clients/{c}/items/{item.id}/remove/", {"reason": "x"}).status_code == 409


def png(size: tuple[int, int] = (60, 40)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


@ONLY_STAFF
def test_a_credential_is_sealed_tried_with_a_redacted_picture_and_seen_on_record(db_world: World) -> None:
    who = cast()
    page, c = browser(who.dan), who.northwick.id
    made = page.post(
        f"/clients/{c}/estate/add/",
        {
            "title": "Domain admin",
            "category": "admin_access",
            "kind": "credential",
            "owner": "client",
            "custodian": "msp",
            "sensitivity": "sensitive",
            "details": "Username: administrator",
        },
    )
    assert made.status_code == 302
    item = Item.objects.get()
    assert item.critical, "its title says so"
    base = f"/clients/{c}/items/{item.id}/"
    assert page.post(f"{base}secret/", {"field": "password", "value": "hunter2-Zq"}).status_code == 302
    assert b"hunter2-Zq" not in bytes(SealedValue.objects.get().ciphertext)
    assert b"hunter2-Zq" not in page.get(base).content
    assert page.post(f"{base}see/", {"field": "password", "purpose": ""}).status_code == 422
    shown = page.post(f"{base}see/", {"field": "password", "purpose": "handover"})
    assert b"hunter2-Zq" in shown.content and "no-store" in shown.headers["Cache-Control"]
    assert page.post(f"{base}try/", {"outcome": "worked"}).status_code == 409, "no proof"
    upload = io.BytesIO(png())
    upload.name = "proof.png"
    assert (
        page.post(
            f"{base}try/",
            {"outcome": "worked", "picture": upload, "picture_redactions": '[{"x":0,"y":0,"w":30,"h":40}]'},
        ).status_code
        == 302
    )
    trial, picture = Trial.objects.get(), Picture.objects.get()
    assert trial.proof_id == picture.id and picture.redactions == 1
    pixels = Image.open(io.BytesIO(read_file(picture.file))).convert("RGB")
    assert pixels.getpixel((5, 5)) == (0, 0, 0) and pixels.getpixel((55, 5)) == (200, 30, 30)
    assert page.get(f"/clients/{c}/pictures/{picture.id}/").status_code == 200
    assert page.get(f"/clients/{who.quayside.id}/pictures/{picture.id}/").status_code == 404
    assert b"looked at the credential" in page.get(base).content
    assert browser(who.ines).post(f"{base}see/", {"field": "password", "purpose": "x"}).status_code == 409


@ONLY_STAFF
@pytest.mark.parametrize("redactions", ["nonsense", '[{"x":1}]', '[{"x":900,"y":900,"w":5,"h":5}]', "[]"])
def test_a_picture_whose_redaction_fails_is_never_stored_bare(db_world: World, redactions: str) -> None:
    who = cast()
    item = items(who, 1)[0]
    upload = io.BytesIO(png())
    upload.name = "p.png"
    answer = browser(who.dan).post(
        f"/clients/{who.northwick.id}/pictures/add/item/{item.id}/",
        {"picture": upload, "picture_redactions": redactions},
    )
    assert answer.status_code in (409, 422)
    assert not Picture.objects.exists()


@ONLY_STAFF
def test_a_rule_in_bulk_shows_its_number_first_and_keeps_to_it(db_world: World) -> None:
    who = cast()
    items(who, 30)
    page, url = browser(who.dan), f"/clients/{who.northwick.id}/estate/classify/"
    rule = {"if_owner": "unknown", "if_words": "thing 0000", "set_owner": "client", "do": "preview"}
    assert b"10 of 10 items would change" in page.post(url, rule).content
    assert not Item.objects.filter(owner="client").exists()
    assert page.post(url, {**rule, "do": "apply", "expected": "9"}).status_code == 409
    assert page.post(url, {**rule, "do": "apply", "expected": "10"}).status_code == 302
    assert Item.objects.filter(owner="client", version=2).count() == 10


@ONLY_STAFF
def test_the_wizard_reads_changes_the_mapping_and_remembers_it(db_world: World) -> None:
    from partwell.actions.estate.run_import import run_now
    from partwell.actions.estate.start_import import work_of

    who = cast()
    page, c = browser(who.dan), who.northwick.id
    table = "Nr;Was;Wo\n1;Firewall;Keller\n2;Switch;Büro\n".encode("cp1252")
    upload = io.BytesIO(table)
    upload.name = "liste.csv"
    answer = page.post(f"/clients/{c}/import/", {"uploads": upload})
    assert answer.status_code == 302
    batch = Import.objects.get()
    assert b"data-poll" in page.get(answer.headers["Location"]).content
    run_now(work_of(batch)[0])
    preview = page.get(answer.headers["Location"])
    assert b"Nothing is written until you confirm" in preview.content
    batch.refresh_from_db()
    fields = {
        "map-0-0": "external_id",
        "map-0-1": "title",
        "map-0-2": "location",
        "kind-0": "csv",
        "encoding-0": "cp1252",
        "delimiter-0": ";",
        "names": "",
    }
    assert page.post(f"{answer.headers['Location']}again/", fields).status_code == 302
    run_now(max(work_of(batch), key=lambda job: job.created_at))
    batch.refresh_from_db()
    assert batch.state == "staged", batch.problem
    assert (
        page.post(
            f"{answer.headers['Location']}confirm/", {"owner": "client", "custodian": "msp"}
        ).status_code
        == 302
    )
    run_now(max(work_of(batch), key=lambda job: job.created_at))
    assert set(Item.objects.present().values_list("title", "owner")) == {
        ("Firewall", "client"),
        ("Switch", "client"),
    }
    assert Item.objects.get(title="Switch").handover["location"] == "Büro"
    again = staged(who.dan, who.northwick, ("next.csv", table + "3;Router;Dach\n".encode("cp1252")))
    assert any(one["code"] == "remembered" for one in again.understood["sentences"])
    assert again.duplicate_count == 2 and again.item_count == 1
    undone = page.post(f"{answer.headers['Location']}undo/", {})
    assert undone.status_code == 302
    assert not Item.objects.present().exists()
