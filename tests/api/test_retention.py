# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets, holds and deletions through the API: what staff do, by two people, without one secret in an answer (R6, R15)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from partwell.actions.retention.set_facts import has_secret
from partwell.records.retention.models import BackupSet, Deletion
from partwell.rules.keeping import Choice
from tests.api.caller import Caller, caller, problem
from tests.flows.cast import Cast, cast, done
from tests.flows.deletion_cast import due_set, fill, folder_facts, people, work
from tests.flows.keeping_cast import archive, choose, kept
from tests.flows.test_deletion_by_hand import PICTURE, cloud
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases
SECRET = "the storage's secret that leaves by no answer"
BUCKET = {
    "name": "Server images", "location": "Tarn, region north", "place": "bucket", "copies": 2,
    "whereabouts": {"endpoint": "https://s3.tarn.example", "region": "north", "bucket": "harbourline", "prefix": "northwick/images", "access_key": "AKNORTH"},
    "replicas": [{"what": "Second copy", "where": "Oslo", "sub_processor": "Deep Storage Ltd", "expires_days": 14}],
}  # fmt: skip


def test_a_set_is_recorded_changed_returned_and_removed(db_world: World) -> None:
    c = cast(items=False)
    ines, dan, kerstin = (caller(c.jonah, who) for who in (c.ines, c.dan, c.kerstin))
    at = f"/clients/{c.northwick.id}/sets"
    assert problem(dan.post(at, {**BUCKET, "whereabouts": {}}), 422, "place_incomplete")["next_step"]
    made = dan.made(at, BUCKET)
    assert made["keep_until"] and made["keep_basis"] and made["has_access"] is False and made["choice"] == ""
    assert (
        made["replicas"][0]["sub_processor"] == "Deep Storage Ltd" and "access_key" not in made["whereabouts"]
    )
    problem(dan.post(at, {**BUCKET, "name": "Other"}), 409, "place_overlaps")
    one = f"/sets/{made['id']}"
    assert dan.made(f"{one}/access", {"secret": SECRET})["has_access"] is True
    row = BackupSet.objects.get(pk=made["id"])
    assert has_secret(row.id) and row.whereabouts["access_key"] == "AKNORTH"
    said = dan.ok("PATCH", one, {"note": "Looked at in May"})
    assert said["note"] == "Looked at in May" and said["copies"] == 2 and said["has_access"] is True
    assert said["whereabouts"] == made["whereabouts"] and said["replicas"] == made["replicas"]
    row.refresh_from_db()
    assert row.whereabouts["access_key"] == "AKNORTH"
    longer = {"longer_until": (row.keep_until + timedelta(days=30)).isoformat()}
    problem(dan.patch(one, longer), 422, "longer_without_reason")
    assert (
        dan.ok("PATCH", one, {**longer, "longer_reason": "Agreed with Mara"})["keep_until"]
        == longer["longer_until"]
    )
    assert ines.made(f"{one}/return", {"words": "Fetched by Mara"})["returned_words"] == "Fetched by Mara"
    problem(ines.post(f"{one}/remove", {"reason": "A mistake"}), 409, "set_promised")
    jonah = caller(c.jonah, c.jonah)
    assert jonah.made(f"{one}/remove", {"reason": "A mistake", "never_existed": True})["id"] == made["id"]
    problem(ines.get(one), 404, "not_found")
    problem(kerstin.post(at, BUCKET), 409, "not_your_role")
    for answer in (kerstin.get(at), ines.get("/retention?show=all")):
        assert SECRET.encode() not in answer.content and b"AKNORTH" not in answer.content


def test_only_copies_and_what_the_client_decided(db_world: World) -> None:
    c = cast()
    dan = caller(c.jonah, c.dan)
    row = kept(c)
    at = f"/sets/{row.id}/only-copies"
    copy = dan.made(at, {"item": str(c.items["runbook"].id)})
    assert dan.ok("GET", f"/sets/{row.id}")["only_copies_left"] == [copy["title"]]
    problem(dan.post(at, {"item": str(c.items["runbook"].id)}), 409, "duplicate")
    problem(dan.post(f"/only-copies/{copy['id']}/handed-over", {"words": " "}), 422, "required")
    assert dan.made(f"/only-copies/{copy['id']}/handed-over", {"words": "By release 1"})["handed_over_at"]
    problem(dan.post(f"/only-copies/{copy['id']}/remove", {"reason": "x"}), 409, "already_decided")
    other = dan.made(at, {"item": str(c.items["diagram"].id)})
    dan.made(f"/only-copies/{other['id']}/remove", {"reason": "It is on the file server"})
    assert len(dan.ok("GET", at)["items"]) == 1
    done(choose(c.mara, c.northwick.id, Choice.DELETE_NOW, words="All of it"))
    said = dan.ok("GET", f"/clients/{c.northwick.id}/choices")["items"]
    assert (
        said[0]["choice"] == "delete_now"
        and "cannot be brought back" in said[0]["text"]
        and "address" not in said[0]
    )
    assert dan.ok("GET", f"/sets/{row.id}")["choice"] == "delete_now"
    assert dan.ok("GET", f"/clients/{c.northwick.id}/retention-notices")["items"] == []


def test_a_hold_is_placed_by_one_and_lifted_by_two(db_world: World) -> None:
    c = cast(items=False)
    jonah, ines, dan = (caller(c.jonah, who) for who in (c.jonah, c.ines, c.dan))
    row = kept(c)
    day = (timezone.now() + timedelta(days=90)).date().isoformat()
    body = {"title": "Claim", "description": "The outage", "asked_by": "Counsel", "review_on": day, "sets": [str(row.id)],
            "internal_note": "Our insurer pays"}  # fmt: skip
    at = f"/clients/{c.northwick.id}/holds"
    problem(ines.post(at, {**body, "whole_client": True}), 422, "hold_incomplete")
    problem(dan.post(at, body), 409, "not_your_role")
    hold = ines.made(at, body)
    assert hold["set_ids"] == [str(row.id)] and "insurer" not in str(hold) and "internal_note" not in hold
    assert ines.ok("GET", f"/sets/{row.id}")["held"] == ["Claim"]
    assert [one["id"] for one in ines.ok("GET", "/retention?show=held")["items"]] == [str(row.id)]
    assert ines.ok("GET", "/retention/counts")["held"] == 1
    one = f"/holds/{hold['id']}"
    problem(jonah.post(f"{one}/lift"), 409, "lift_not_asked")
    assert ines.made(f"{one}/review", {"review_on": day, "words": "Still open"})["review_on"] == day
    ines.made(f"{one}/ask-lift", {"reason": "Settled"})
    problem(ines.post(f"{one}/lift"), 409, "second_person_needed")
    assert jonah.made(f"{one}/decline-lift", {"reason": "Not yet"})["lift_asked_at"] is None
    ines.made(f"{one}/ask-lift", {"reason": "Really settled"})
    assert jonah.made(f"{one}/lift")["lifted_by_name"] == "Jonah Reyes"
    assert len(ines.ok("GET", at)["items"]) == 1
    assert b"insurer" not in ines.get(at).content + ines.get(one).content


def _state(who: Caller, at: str) -> str:
    return str(who.ok("GET", at)["state"])


def test_a_deletion_from_proposal_to_certificate(db_world: World, tmp_path: Path) -> None:
    c = people()
    jonah, dan, priya = (caller(c.jonah, who) for who in (c.jonah, c.dan, c.priya))
    fill(tmp_path)
    row = due_set(c, folder_facts(tmp_path))
    assert [one["id"] for one in dan.ok("GET", "/retention?show=late")["items"]] == [str(row.id)]
    made = dan.made(f"/sets/{row.id}/deletions", {"reason": "Kept six months"})
    at = f"/deletions/{made['id']}"
    problem(dan.post(f"/sets/{row.id}/deletions", {"reason": "Again"}), 409, "deletion_open")
    problem(dan.post(f"{at}/approve"), 409, "second_person_needed")
    dan.made(f"{at}/stop", {"reason": "A question"})
    assert dan.made(f"{at}/resume")["state"] == "proposed"
    jonah.made(f"{at}/approve")
    work()
    seen = dan.ok("GET", at)
    assert seen["state"] == "listed" and seen["listed_count"] >= 5 and seen["progress"]["state"] == "done"
    things = dan.ok("GET", f"{at}/things?limit=2")
    assert len(things["items"]) == 2 and things["next"]
    rest = dan.ok("GET", f"{at}/things?limit=200&cursor={things['next']}")["items"]
    assert len(rest) == seen["listed_count"] - 2 and {one["verdict"] for one in rest} <= {"goes", "newer"}
    dan.made(f"{at}/list")
    work()
    seen = dan.ok("GET", at)
    body = {"shown_digest": seen["listed_digest"], "typed_name": seen["set_name"], "newer_agreed": True}
    problem(dan.post(f"{at}/start", {**body, "typed_name": "x"}), 422, "name_not_typed")
    problem(dan.post(f"{at}/start", {**body, "shown_digest": "0" * 64}), 409, "list_changed")
    assert dan.made(f"{at}/start", body)["state"] == "running"
    problem(jonah.post(f"{at}/cancel", {"reason": "x"}), 409, "deletion_state")
    work()
    assert _state(dan, at) == "verified"
    problem(dan.post(f"{at}/verify"), 409, "deletion_state")
    problem(dan.post(f"{at}/validate", {}), 409, "second_person_needed")
    assert jonah.made(f"{at}/reject", {"words": "Look once more"})["state"] == "partial"
    dan.made(f"{at}/start", {**body, "shown_digest": dan.ok("GET", at)["listed_digest"]})
    work()
    assert priya.made(f"{at}/validate", {"words": "I read both lists"})["effective_on"]
    for what in ("listing", "outcome", "verification"):
        assert dan.get(f"{at}/files/{what}").status_code == 200
    problem(dan.get(f"{at}/files/lines"), 404, "not_found")
    assert jonah.made(f"{at}/certificate")["label"] == "CD-1"
    assert (
        _state(dan, at) == "certified"
        and dan.ok("GET", f"/clients/{c.northwick.id}/deletions")["items"][0]["id"] == made["id"]
    )
    assert dan.ok("GET", f"/sets/{row.id}")["gone_at"]


def test_emptied_by_hand_with_proof_taken_back_and_left_partial(db_world: World) -> None:
    c = people()
    jonah, dan = caller(c.jonah, c.jonah), caller(c.jonah, c.dan)
    row = due_set(c, cloud())
    made = dan.made(f"/sets/{row.id}/deletions", {"reason": "Kept six months"})
    at = f"/deletions/{made['id']}"
    jonah.made(f"{at}/approve")
    problem(dan.post(f"{at}/list"), 409, "deletion_by_hand")
    steps = {one["key"]: one for one in dan.ok("GET", f"{at}/steps")["items"]}

    def tick(key: str, proof: bytes | None = PICTURE, words: str = "done") -> Any:
        fields: dict[str, Any] = {"words": words}
        if proof is not None:
            fields["proof"] = SimpleUploadedFile("console.png", proof, "image/png")
        return dan.form(f"{at}/steps/{steps[key]['id']}/done", fields)

    problem(tick("delete"), 409, "deletion_state")
    dan.made(f"{at}/start", {"typed_name": "Cloud backups"})
    problem(tick("delete", None), 422, "proof_missing")
    answer = tick("delete")
    assert answer.status_code == 200
    done_now = next(one for one in answer.json()["items"] if one["key"] == "delete")
    assert done_now["done_by_name"] == "Dan Frey" and len(done_now["proof_sha256"]) == 64
    proof = dan.get(f"{at}/steps/{steps['delete']['id']}/proof")
    assert proof.status_code == 200
    problem(dan.get(f"{at}/steps/{steps['check']['id']}/proof"), 404, "not_found")
    undone = dan.made(f"{at}/steps/{steps['delete']['id']}/undo", {"reason": "The wrong tenant"})
    assert all(one["done_at"] is None for one in undone["items"] if one["key"] == "delete")
    assert dan.made(f"{at}/left", {"left": 2, "words": "Two locked restore points"})["state"] == "partial"
    problem(dan.post(f"{at}/except", {"reason": "x", "things": ["Lock 1"]}), 409, "not_your_role")
    said = jonah.made(
        f"{at}/except", {"reason": "Locked until 2031", "things": ["Restore point 1", "Restore point 2"]}
    )
    assert said["excepted_count"] == 2 and said["exceptions"][0]["key"] == "Restore point 1"
    assert Deletion.objects.get().except_reason == "Locked until 2031"


def test_alarms_and_pages_of_the_overview(db_world: World) -> None:
    c = cast(items=False)
    ines = caller(c.jonah, c.ines)
    row = kept(c, archive(cancel_on=timezone.now().date() + timedelta(days=1)))
    alarms = ines.ok("GET", "/retention?show=alarms")["items"]
    assert [one["id"] for one in alarms] == [str(row.id)] and alarms[0]["alarm"]["cancel_from"]
    for number in range(4):
        kept(c, archive(name=f"Archive {number}"))
    seen, cursor = [], ""
    while True:
        page = ines.ok("GET", f"/retention?show=all&limit=2{cursor}")
        seen += [one["id"] for one in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 5
    problem(ines.get(f"/retention?show=late{cursor}"), 422, "invalid_input")
    assert ines.get("/retention?show=nonsense").status_code == 422
    reader = caller(c.jonah, c.ines, ["clients:read"])
    problem(reader.get("/retention"), 409, "token_scope")


def test_strangers_and_what_is_not_there(db_world: World) -> None:
    c: Cast = cast(items=False)
    dan = caller(c.jonah, c.dan)
    nowhere = c.northwick.id  # an id, but of no set, hold or deletion
    for path in (f"/sets/{nowhere}", f"/holds/{nowhere}", f"/deletions/{nowhere}", f"/deletions/{nowhere}/steps", f"/sets/{nowhere}/only-copies",
                 f"/deletions/{nowhere}/things", "/sets/nonsense"):  # fmt: skip
        problem(dan.get(path), 404, "not_found")
    for path in (f"/sets/{nowhere}/return", f"/deletions/{nowhere}/reject"):
        problem(dan.post(path, {"words": "x"}), 404, "not_found")
