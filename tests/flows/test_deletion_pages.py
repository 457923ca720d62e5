# SPDX-License-Identifier: AGPL-3.0-or-later
"""A deletion on its pages: approved by another, started by name, emptied by hand, partial, judged; and what the departure knows of it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.set_facts import Replica
from partwell.records.retention.deletions import steps_of
from partwell.records.retention.models import Deletion
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, done
from tests.flows.deletion_cast import approved, begin, due_set, fill, folder_facts, listed, people, work
from tests.flows.test_deletion_by_hand import cloud
from tests.flows.test_retention_pages import page, picture, sent


@pytest.fixture
def c(db_world: object) -> Cast:
    """The people; nobody leaves yet."""
    return people()


# --- deletions ------------------------------------------------------------------------------------------------


def test_a_folder_from_its_proposal_to_its_validation_on_pages(c: Cast, tmp_path: Path) -> None:
    fill(tmp_path / "share", 12)
    row = due_set(c, folder_facts(tmp_path / "share", copies=1))
    dan, jonah, priya = browser_of(c.dan), browser_of(c.jonah), browser_of(c.priya)
    to = sent(dan, f"/sets/{row.id}/propose/", {"words": "Its six months are over."})
    here = to
    assert "Nobody approves their own" in page(dan, here) and f"{here}approve/" not in page(dan, here)
    assert "second" in sent(dan, f"{here}approve/", status=409).lower()
    assert "One of the two people" in page(priya, here), (
        "two technicians are not enough, and she is told before she clicks"
    )
    sent(jonah, f"{here}approve/")
    shown = page(dan, here)
    assert "data-poll" in shown and "What lies there is listed" in shown
    assert "pw-job" in page(dan, f"{here}part/")
    work()
    shown = page(dan, here)
    assert "Delete it for good" in shown and "14 things" in shown
    listed_ = page(dan, f"{here}things/")
    assert "disk-3.vhdx" in listed_ and "Goes" in listed_
    digest = Deletion.objects.get().listed_digest
    assert digest in shown
    assert "not what was shown" in sent(
        dan, f"{here}start/", {"shown": "0" * 64, "typed_name": row.name}, 409
    )
    assert "was not typed" in sent(dan, f"{here}start/", {"shown": digest, "typed_name": "Nightly"}, 422)
    sent(dan, f"{here}start/", {"shown": digest, "typed_name": row.name})
    assert "It is being deleted" in page(dan, here)
    work()
    shown = page(dan, here)
    assert "does not judge it" in shown and not any((tmp_path / "share").iterdir())
    assert "second" in sent(dan, f"{here}validate/", {"accept": "yes"}, 409).lower()
    assert "Look at the outcome" in page(priya, here)
    assert "What is wrong with the outcome" in sent(
        priya, f"{here}validate/", {"accept": "no", "words": ""}, 422
    )
    sent(priya, f"{here}validate/", {"accept": "yes", "words": "I listed it myself."})
    assert "The certificate can be issued" in page(jonah, here) and "Issue it now" not in page(dan, here)
    assert "The list is in the vault" in page(dan, f"{here}things/")
    for what in ("listing", "outcome", "verification"):
        answer = dan.get(f"{here}file/{what}/")
        assert answer.status_code == 200 and "attachment" in answer["Content-Disposition"]
    page(dan, f"{here}file/secrets/", 404)
    to = sent(jonah, f"/deletions/{Deletion.objects.get().id}/certify/")
    assert "Open the certificate" in page(dan, here) and to in page(dan, here)
    assert "Deleted" in page(dan, f"/sets/{row.id}/") and browser_of(c.mara).get(here).status_code in (
        302,
        404,
    )


def test_what_could_not_be_deleted_is_partial_and_named_by_an_owner(c: Cast, tmp_path: Path) -> None:
    fill(tmp_path / "share", 3)
    stage = listed(c, due_set(c, folder_facts(tmp_path / "share")))
    begin(stage)
    rows = list(stage.now().lines.order_by("position"))
    Deletion.objects.get(pk=stage.id).lines.filter(position__lte=2).update(
        state="failed", words="It is in use."
    )
    Deletion.objects.get(pk=stage.id).lines.filter(position__gt=2).update(state="deleted")
    with Deed(c.dan) as deed:
        deed.lock(stage.now().client_id)
        deed.save(stage.now(), state="partial", failed_count=2, deleted_count=len(rows) - 2)
        deed.record("deletion.partial", subjects=[stage.id], public={"set": "x", "left": 2}, to_client={"deleted": 1, "failed": 2})  # fmt: skip
    here, dan, jonah = f"/deletions/{stage.id}/", browser_of(c.dan), browser_of(c.jonah)
    shown = page(dan, here)
    assert "2 things are still there." in shown and "Try again" in shown and "Name what stays" not in shown
    assert "Name what stays" in page(jonah, here) and dan.get(f"{here}except/").status_code == 409
    listed_ = page(jonah, f"{here}except/")
    assert listed_.count('name="line"') == 2 and "It is in use." in listed_
    assert "It is not said why" in sent(jonah, f"{here}except/", {"line": [rows[0].id]}, 422)
    assert "What is to stay" in sent(jonah, f"{here}except/", {"reason": "A lock until 2031."}, 422)
    sent(jonah, f"{here}except/", {"line": [rows[0].id], "reason": "A lock until 2031."})
    assert stage.now().state == "partial" and stage.now().failed_count == 1, "never rounded up"
    sent(jonah, f"{here}except/", {"line": [rows[1].id], "reason": "A lock until 2031."})
    assert stage.now().state == "executed" and "What stays, by name" in page(dan, here)


def test_a_vendors_cloud_is_emptied_step_by_step(c: Cast) -> None:
    stage = approved(c, due_set(c, cloud(replicas=(Replica("Second region", "Frankfurt", "Deep Storage Ltd", 0),), vendor_window_days=0)))  # fmt: skip
    here, dan, priya = f"/deletions/{stage.id}/", browser_of(c.dan), browser_of(c.priya)
    steps = {one.key.partition(":")[0]: f"{here}steps/{one.id}/" for one in steps_of(stage.id)}
    shown = page(dan, here)
    assert "Begin to empty it" in shown and "When somebody has begun the deletion." in shown
    assert "This step waits" in page(dan, steps["delete"])
    assert "worked at before it is started" in sent(
        dan, steps["delete"], {"words": "x", "proof": picture()}, 409
    )
    sent(dan, f"{here}start/", {"typed_name": "Cloud backups"})
    assert "This field is required" in sent(dan, steps["sign_in"], {"words": "Signed in."}, 422)
    for key in ("sign_in", "delete", "replica", "recycle_bin"):
        to = sent(dan, steps[key], {"words": f"{key} done", "proof": picture()})
        assert to.endswith("#steps")
    assert "console.png" in page(dan, here) and dan.get(f"{steps['delete']}proof/?show").status_code == 200
    sent(dan, f"{steps['recycle_bin']}undo/", {"words": "It was another tenant."})
    assert "When the steps before it are done." in page(dan, here)
    sent(dan, steps["recycle_bin"], {"words": "Now", "proof": picture()})
    sent(dan, f"{here}left/", {"left": "2", "words": "Two mailboxes are locked."})
    shown = page(dan, here)
    assert "2 things are still there. Two mailboxes are locked." in shown and stage.now().state == "partial"
    sent(dan, f"{here}start/", {"typed_name": "Cloud backups"})
    sent(dan, steps["subscription"], {"words": "It goes on for others."})
    assert "Sign in again and look" in page(dan, here)
    sent(priya, steps["check"], {"words": "Nothing is listed.", "proof": picture()})
    assert "Before that one step wants a word" in page(browser_of(c.ines), here)
    sent(dan, steps["vendor_confirmation"], {"words": "Their letter.", "proof": picture()})
    assert dan.get(steps["check"]).status_code == 302, "what is done is not asked again"
    ines = browser_of(c.ines)
    assert "Each step and its proof" in page(ines, f"{here}validate/")
    sent(ines, f"{here}validate/", {"accept": "yes", "words": "I looked at every picture."})
    assert stage.now().state == "validated" and stage.now().vendor_confirmed


def test_stopping_and_calling_off(c: Cast) -> None:
    stage = approved(c, due_set(c, cloud()))
    here, dan, ines = f"/deletions/{stage.id}/", browser_of(c.dan), browser_of(c.ines)
    sent(dan, f"{here}stop/", {"words": "The client called."})
    assert "The client called." in page(dan, here) and "Call it off" not in page(dan, here)
    sent(ines, f"{here}cancel/", {"words": "They want another month."})
    assert "It was called off" in page(dan, here)
    assert "cancelled" in sent(ines, f"{here}cancel/", {"words": "Again"}, 409)
    page(dan, "/deletions/nonsense/", 404)


# --- the departure --------------------------------------------------------------------------------------------


def test_the_board_and_the_departure_know_what_is_kept(c: Cast) -> None:
    row = due_set(c, cloud())
    ines = browser_of(c.ines)
    offboarding = c.northwick.offboardings.get()  # type: ignore[attr-defined]
    here = f"/offboardings/{offboarding.id}/"
    assert "A backup set was to be deleted on" in page(ines, "/departures/") and "is still there" in page(
        ines, here
    )
    assert "Mara Ellery says what happens to the backups." in page(ines, here)
    done(place_hold(actor=c.ines, client_id=c.northwick.id, wish=HoldWish("Dispute", "Words.", "Counsel", timezone.localdate() + timedelta(days=9), set_ids=[row.id])))  # fmt: skip
    shown = page(ines, here)
    assert "A hold stands: Dispute." in shown and "is still there" not in shown
    assert "pw-axis__keep--held" in page(ines, "/departures/")
