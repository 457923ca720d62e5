# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets, holds and deletions on the pages of staff: recorded, held, proposed in bulk, started by name, emptied by hand."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partwell.actions.retention import look
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.records.retention.models import BackupSet, Deletion, Hold, OnlyCopy
from partwell.rules.keeping import Choice
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.deletion_cast import approved, due_set, folder_facts, people
from tests.flows.keeping_cast import KEY, archive, choose, images, kept
from tests.flows.test_deletion_by_hand import cloud


@pytest.fixture
def c(db_world: Any) -> Cast:
    """The people; nobody leaves yet."""
    return people()


def page(browser: Browser, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return str(answer.content.decode())


def sent(browser: Browser, path: str, data: dict[str, Any] | None = None, status: int = 302) -> str:
    answer = browser.post(path, data or {})
    assert answer.status_code == status, (path, answer.status_code, answer.content[:2000])
    return str(answer.headers["Location"]) if status == 302 else str(answer.content.decode())


def picture() -> SimpleUploadedFile:
    return SimpleUploadedFile("console.png", b"\x89PNG what the console showed", content_type="image/png")


def bucket(**more: Any) -> dict[str, Any]:
    return {
        "name": "Server images", "contents": "backup", "location": "Tarn, region north", "copies": "2", "payer": "msp", "note": "", "endpoint": "https://s3.tarn.example",
        "region": "north", "bucket": "harbourline", "prefix": "northwick/images", "access_key": "AKNORTH", "secret": KEY, "path_style": "on", "vendor": "Tarn",
        "vendor_window_days": "30", "copy_0_what": "Second region", "copy_0_where": "Oslo", "copy_0_expires_days": "14", **more,
    }  # fmt: skip


# --- sets -----------------------------------------------------------------------------------------------------


def test_a_bucket_is_recorded_and_its_secret_never_shown_again(db_world: Any) -> None:
    c = cast(signed=True)
    dan = browser_of(c.dan)
    here = f"/clients/{c.northwick.id}/data/"
    assert "No backup set is on record" in page(dan, here) and "Add a set" not in page(
        browser_of(c.kerstin), here
    )
    add = f"/clients/{c.northwick.id}/sets/add/"
    assert "Where does the set lie?" in page(dan, add) and "Tenant or account" in page(
        dan, f"{add}?place=vendor"
    )
    form = page(dan, f"{add}?place=bucket")
    assert "Address of the storage" in form and "Tenant or account" not in form
    page(dan, f"{add}?place=moon", 404)
    answer = sent(dan, f"{add}?place=bucket", bucket(prefix=""), 422)
    assert "give one, or say that the whole bucket is this set" in answer and KEY not in answer
    answer = sent(dan, f"{add}?place=bucket", bucket(copy_1_where="Bergen"), 422)
    assert "Say what this copy is." in answer
    to = sent(dan, f"{add}?place=bucket", bucket())
    row = BackupSet.objects.get(name="Server images")
    assert to == f"/sets/{row.id}/" and row.place == "bucket" and row.replicas[0]["expires_days"] == 14
    shown = page(dan, to)
    assert (
        "its secret lies sealed in the vault" in shown and "northwick/images/" in shown and KEY not in shown
    )
    change = f"/sets/{row.id}/change/"
    form = page(dan, change)
    assert KEY not in form and "never shown again" in form and 'value="AKNORTH"' in form
    sent(dan, change, bucket(secret="", note="Now with a note", locked_until="2027-05-01"))
    row.refresh_from_db()
    assert row.note == "Now with a note" and row.vendor_window_days == 30
    assert "its secret lies sealed in the vault" in page(dan, to), "an empty field keeps the secret"
    answer = sent(dan, f"{add}?place=bucket", bucket(name="Other", prefix="northwick"), 422)
    assert "would overlap with the set “Server images”" in answer
    sent(dan, f"{change}?place=vendor", {**bucket(), "console": "Coldshelf", "tenant": "n-1"})
    row.refresh_from_db()
    assert row.place == "vendor" and row.whereabouts == {"console": "Coldshelf", "tenant": "n-1"}
    for path in (to, change):
        assert browser_of(c.mara).get(path).status_code in (302, 404)
    page(dan, "/sets/00000000-0000-4000-8000-000000000000/", 404)
    page(browser_of(c.kerstin), to)
    assert browser_of(c.kerstin).get(change).status_code == 409


def test_the_clients_page_says_what_is_kept_and_what_argues_with_it(db_world: Any) -> None:
    c = cast(signed=True)
    kept(c, images())
    kept(c, archive())
    ines, path = browser_of(c.ines), f"/clients/{c.northwick.id}/data/"
    shown = page(ines, path)
    assert "Waits for the client" in shown and "Vendor’s window" in shown and "Do not cancel before" in shown
    assert "60 days before" in shown and "How long the record stays" in shown
    assert "How long the record stays" not in page(browser_of(c.dan), path), "not theirs to read"
    done(choose(c.mara, c.northwick.id, Choice.SHIP))
    shown = page(ines, path)
    assert (
        "Return it on a drive, then delete" in shown
        and "Signed by Mara Ellery" in shown
        and "To be returned" in shown
    )
    offboarding = c.northwick.offboardings.get()  # type: ignore[attr-defined]
    tab = page(ines, f"/offboardings/{offboarding.id}/data/")
    assert 'aria-current="page">Data and retention' in tab and "Server images" in tab
    row = BackupSet.objects.get(name="Mail archive")
    sent(ines, f"/sets/{row.id}/return/", {"words": "Mara opened the drive on Monday."})
    assert "Mara opened the drive on Monday." in page(ines, f"/sets/{row.id}/")


def test_an_only_copy_is_named_and_settled(db_world: Any) -> None:
    c = cast(signed=True)
    row = kept(c, archive())
    dan, here = browser_of(c.dan), f"/sets/{row.id}/"
    add = f"{here}only-copies/add/"
    shown = page(dan, add)
    assert "Network diagram" in shown and "Monitoring scripts" not in shown, (
        "what is ours is no only copy of the client’s"
    )
    assert "No item fits" in page(dan, f"{add}?q=zzz")
    sent(dan, add, {"q": ""}, 422)
    sent(dan, add, {"item_id": str(c.items["diagram"].id)})
    sent(dan, add, {"item_id": str(c.items["router"].id)})
    first, second = OnlyCopy.objects.order_by("named_at")
    assert "Stops the deletion" in page(dan, here)
    sent(dan, f"/only-copies/{first.id}/handed-over/", {"words": "On the drive of Monday."})
    sent(dan, f"/only-copies/{second.id}/other-copy/", {"words": "In the safe of the client."})
    shown = page(dan, here)
    assert "On the drive of Monday." in shown and shown.count("It was handed over") == 0
    page(dan, f"/only-copies/{second.id}/handed-over/", 404)


def test_a_set_recorded_by_mistake_leaves_by_an_owners_word(c: Cast) -> None:
    row = due_set(c, cloud())
    ines, jonah, path = browser_of(c.ines), browser_of(c.jonah), f"/sets/{row.id}/remove/"
    assert "there never was such a set" not in page(ines, path)
    assert "leaves the list by its deletion and certificate" in sent(ines, path, {"words": "Typo"}, 409)
    to = sent(jonah, path, {"words": "It was the set of another client.", "never_existed": "on"})
    assert to == f"/clients/{c.northwick.id}/data/"
    page(jonah, f"/sets/{row.id}/", 404)


# --- holds ----------------------------------------------------------------------------------------------------


def test_a_hold_from_its_place_to_its_lifting_by_two(c: Cast) -> None:
    row = due_set(c, cloud())
    stage = approved(c, row)
    ines, jonah, dan = browser_of(c.ines), browser_of(c.jonah), browser_of(c.dan)
    place = f"/clients/{c.northwick.id}/holds/place/"
    assert dan.get(place).status_code == 409
    given = {"title": "Tax inquiry", "asked_by": "Counsel", "description": "Keep the ledgers.", "scope": "sets", "internal_note": "Ask her first.",
             "review_on": (timezone.localdate() + timedelta(days=30)).isoformat()}  # fmt: skip
    assert "Tick at least one set" in sent(ines, place, given, 422)
    assert "The day of review lies in the future" in sent(ines, place, {**given, "scope": "whole", "review_on": "2020-01-01"}, 422).replace("the day of review", "The day of review")  # fmt: skip
    to = sent(ines, place, {**given, "sets": [str(row.id)]})
    hold = Hold.objects.get()
    assert stage.now().state == "stopped"
    assert "Cloud backups" in page(ines, to) and "Ask her first." in page(ines, to)
    stopped = page(dan, f"/deletions/{stage.id}/")
    assert (
        "What stands against it" in stopped
        and "See the hold" in stopped
        and "Take it up again" not in stopped
    )
    assert "A legal hold covers" in sent(dan, f"/deletions/{stage.id}/resume/", status=409)
    ask = f"/holds/{hold.id}/ask-lift/"
    sent(ines, ask, {"words": "The inquiry is over."})
    mine = page(ines, to)
    assert "You asked, so another person decides" in mine and f"/holds/{hold.id}/lift/" not in mine
    assert "second" in sent(ines, f"/holds/{hold.id}/lift/", status=409).lower()
    sent(jonah, f"/holds/{hold.id}/keep/", {"words": "Counsel has not said so in writing."})
    sent(ines, ask, {"words": "Counsel wrote today."})
    assert "Lift the hold" in page(jonah, to)
    sent(jonah, f"/holds/{hold.id}/lift/")
    assert "Lifted" in page(ines, to) and "Take it up again" in page(dan, f"/deletions/{stage.id}/")
    sent(dan, f"/deletions/{stage.id}/resume/")
    assert stage.now().state == "approved"
    assert "already" in sent(
        jonah, f"/holds/{hold.id}/review/", {"words": "x", "review_on": given["review_on"]}, 409
    )


# --- the overview ---------------------------------------------------------------------------------------------


def test_the_overview_sorts_filters_and_pages_on_the_server(c: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        due_set(c, cloud(name=f"Cloud {number}"))
    due_set(c, cloud(name="Dentist's cloud", copies=None), client=c.quayside)
    due_set(c, folder_facts(Path("/srv/somewhere/of/a/test"), "Share", copies=1), client=c.quayside)
    done(place_hold(actor=c.ines, client_id=c.quayside.id, wish=HoldWish("Dispute", "Words.", "Counsel", timezone.localdate() + timedelta(days=9), whole_client=True)))  # fmt: skip
    dan = browser_of(c.dan)
    shown = page(dan, "/retention/")
    assert "7 sets are promised to go." in shown and "5 are late." in shown and "Holds keep 2." in shown
    assert shown.count('name="set"') == 7 and 'name="set"' not in page(browser_of(c.kerstin), "/retention/")
    assert page(dan, "/retention/?show=held").count("pw-who") == 2
    assert page(dan, "/retention/?show=late&q=cloud+3").count("pw-who") == 1
    assert page(dan, "/retention/?place=folder").count("pw-who") == 1
    assert "None of them" in page(dan, "/retention/?q=zzz") and "Nothing argues" in page(
        dan, "/retention/?show=conflict"
    )
    assert page(dan, "/retention/?show=proof").count("pw-who") == 6, (
        "no copies were counted, or a copy’s end is not known"
    )
    monkeypatch.setattr("partwell.entrypoints.staff.retention.A_PAGE", 3)
    for sort in ("", "client", "-client", "set", "-until"):
        names: list[str] = []
        after: str | None = ""
        while after is not None:
            answer = dan.get("/retention/", {"sort": sort, **({"after": after} if after else {})})
            rows = [row for group in answer.context["groups"] for row in group["rows"]]
            names += [row["row"].name for row in rows]
            after = answer.context["after"]
        assert len(names) == len(set(names)) == 7, (sort, names)
        if sort == "set":
            assert names == sorted(names)
    for nonsense in ("x", '["a"]', '["2026-01-01","no"]', "[" * 5000):
        assert dan.get("/retention/", {"after": nonsense}).status_code == 200
    assert len(look.every(timezone.now(), None, 3, look.Wish("client")).rows) == 3


def test_the_overview_asks_as_often_for_many_sets_as_for_few(c: Cast) -> None:
    due_set(c, cloud(name="One"))
    dan = browser_of(c.dan)

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            page(dan, path)
        return len(seen)

    addresses = ("/retention/", "/retention/?show=held", "/departures/", f"/clients/{c.northwick.id}/data/")
    for path in addresses:
        asked(path)
    few = [asked(path) for path in addresses]
    for number in range(6):
        due_set(c, cloud(name=f"More {number}"))
        due_set(c, cloud(name=f"Theirs {number}"), client=c.quayside)
    many = [asked(path) for path in addresses]
    assert all(one <= before + 1 for one, before in zip(many, few, strict=True)), (few, many)
    assert max(many) <= 75, many


def test_proposals_in_bulk_show_first_what_is_refused_and_why(c: Cast) -> None:
    ready = [due_set(c, cloud(name=f"Cloud {number}")) for number in range(2)]
    held = due_set(c, cloud(name="Held one"))
    done(place_hold(actor=c.ines, client_id=c.northwick.id, wish=HoldWish("Dispute", "Words.", "Counsel", timezone.localdate() + timedelta(days=9), set_ids=[held.id])))  # fmt: skip
    dan, path = browser_of(c.dan), "/retention/propose/"
    ids = [str(one.id) for one in (*ready, held)]
    shown = sent(dan, path, {"set": ids}, 200)
    assert "2 would be proposed, 1 would be refused" in shown and "A legal hold covers “Held one”" in shown
    assert not Deletion.objects.exists(), "seeing is not proposing"
    assert "Say why, in a sentence." in sent(dan, path, {"set": ids, "go": "1"}, 422)
    to = sent(dan, path, {"set": ids, "go": "1", "reason": "Kept six months."})
    assert to == "/retention/?show=deletions"
    shown = page(dan, to)
    assert "2 deletions are proposed" in shown and "A legal hold covers “Held one”" in shown
    assert Deletion.objects.count() == 2
    assert "under way already" in sent(dan, path, {"set": ids[:1]}, 200)
    assert sent(dan, path, {"set": ["nonsense"]}) == "/retention/?show=late"
    assert browser_of(c.kerstin).post(path, {"set": ids}).status_code == 409
