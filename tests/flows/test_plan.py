# SPDX-License-Identifier: AGPL-3.0-or-later
"""The plan: proposed once, edited by people, finished in R14's order."""

import io
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from partwell.actions.offboardings.plan_steps import (
    add_step,
    change_step,
    finish_step,
    move_step,
    remove_step,
    reopen_step,
)
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.offboardings.models import Offboarding, PlanStep
from partwell.records.vault.models import Picture
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    made = cast(items=False)
    done(propose_plan(actor=made.ines, offboarding_id=Offboarding.objects.get(client=made.northwick).id))
    return made


def step(key: str) -> PlanStep:
    return PlanStep.objects.get(key=key, removed_at=None)


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def test_a_plan_is_proposed_once_with_owners_and_days(story: Cast) -> None:
    row = Offboarding.objects.get(client=story.northwick)
    assert step("acknowledge").owner_id == story.ines.id and step("approve_plan").owner_id == story.jonah.id
    assert step("inventory").owner_id is None, "two technicians: nobody is chosen for them"
    assert step("accept").on_client and step("own_access").due == row.end_of_service
    assert step("name_owner").done_at is not None, "the notice has done it"
    assert step("authorisation").phase == "consent"
    assert code(propose_plan(actor=story.ines, offboarding_id=row.id)) == "duplicate"
    assert code(propose_plan(actor=story.dan, offboarding_id=row.id)) == "not_your_role"


def test_steps_are_finished_in_their_order(story: Cast) -> None:
    assert code(finish_step(actor=story.dan, step_id=step("client_admin").id)) == "plan_step_blocked"
    done(finish_step(actor=story.dan, step_id=step("inventory").id, words="All in"))
    done(finish_step(actor=story.dan, step_id=step("client_admin").id))
    assert code(finish_step(actor=story.dan, step_id=step("client_admin").id)) == "plan_step_done"
    assert code(reopen_step(actor=story.dan, step_id=step("client_admin").id, reason="")) == "required"
    done(reopen_step(actor=story.dan, step_id=step("client_admin").id, reason="The account was locked"))
    assert step("client_admin").done_at is None


def test_only_an_owner_approves_the_plan_and_only_the_client_accepts(story: Cast) -> None:
    done(finish_step(actor=story.dan, step_id=step("inventory").id))
    assert code(finish_step(actor=story.ines, step_id=step("approve_plan").id)) == "not_your_role"
    done(finish_step(actor=story.jonah, step_id=step("approve_plan").id))
    assert Entry.objects.filter(type="plan.approved").count() == 1
    for key in step("accept").after:
        PlanStep.objects.get(key=key)
    assert code(finish_step(actor=story.jonah, step_id=step("accept").id)) == "plan_step_blocked"


def test_people_change_add_and_take_out(story: Cast) -> None:
    row = Offboarding.objects.get(client=story.northwick)
    own = done(
        add_step(
            actor=story.ines,
            offboarding_id=row.id,
            title="Collect the keys",
            due=row.end_of_service,
            owner_id=story.dan.id,
            after=["inventory"],
        )
    )
    done(
        change_step(
            actor=story.ines,
            step_id=own.id,
            due=row.end_of_service - timedelta(days=2),
            owner_id=None,
            note="Two sets",
        )
    )
    own.refresh_from_db()
    assert (own.owner_id, own.note, own.due) == (None, "Two sets", row.end_of_service - timedelta(days=2))
    circle = change_step(actor=story.ines, step_id=step("inventory").id, after=[own.key])
    assert code(circle) == "invalid_input"
    assert code(change_step(actor=story.dan, step_id=own.id, note="x")) == "not_your_role"
    assert code(remove_step(actor=story.ines, step_id=step("inventory").id, reason=" ")) == "required"
    done(remove_step(actor=story.ines, step_id=step("inventory").id, reason="Done last year"))
    own.refresh_from_db()
    assert own.after == [] and PlanStep.objects.get(key="inventory").removed_at is not None


def test_the_pages_of_the_plan(story: Cast) -> None:
    row, browser = Offboarding.objects.get(client=story.northwick), browser_of(story.ines)
    page = browser.get(reverse("staff:plan", args=[row.id])).content.decode()
    assert "Freeze risky changes" in page and "waits for: Bring the estate up to date" in page
    answer = browser.post(reverse("staff:step_finish", args=[row.id, step("freeze").id]))
    assert answer.status_code == 302 and step("freeze").done_at is not None
    refused = browser.post(reverse("staff:step_finish", args=[row.id, step("client_admin").id]))
    assert refused.status_code == 409 and "waits for" in refused.content.decode()
    assert browser.get(reverse("staff:step_change", args=[row.id, row.id])).status_code == 404


def png() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "navy").save(out, "PNG")
    return SimpleUploadedFile("screen.png", out.getvalue(), "image/png")


def test_a_step_is_done_with_words_and_a_picture(story: Cast) -> None:
    row, browser = Offboarding.objects.get(client=story.northwick), browser_of(story.dan)
    freeze = step("freeze")
    url = reverse("staff:step_finish", args=[row.id, freeze.id])
    assert "Mark it done" in browser.get(url).content.decode()
    bare = browser.post(url, {"here": "1", "words": "Change board told", "picture": png()})
    assert bare.status_code == 422 and "Change board told" in bare.content.decode(), (
        "somebody looks at it first"
    )
    assert not Picture.objects.exists() and step("freeze").done_at is None
    given = {
        "here": "1",
        "words": "Change board told",
        "picture": png(),
        "caption": "The board",
        "nothing_to_redact": "1",
    }
    assert browser.post(url, given).status_code == 302
    picture = Picture.objects.select_related("file").get(subject_id=freeze.id)
    entry = Entry.objects.get(type="plan.step_done")
    told = json.loads(bytes(Disclosure.objects.get(entry_uid=entry.uid, label="client").content))
    assert told["words"] == "Change board told" and told["proof"] == [picture.file.sha256]
    page = browser.get(reverse("staff:plan", args=[row.id])).content.decode()
    assert (
        reverse("staff:picture_file", args=[story.northwick.id, picture.id]) in page and "The board" in page
    )
    waits = reverse("staff:step_finish", args=[row.id, step("client_admin").id])
    early = browser.post(waits, {"here": "1", "words": "I tried"})
    assert (
        early.status_code == 422
        and "I tried" in early.content.decode()
        and "waits for" in early.content.decode()
    )


def test_steps_of_one_day_change_places_but_never_before_what_they_wait_for(story: Cast) -> None:
    row, browser = Offboarding.objects.get(client=story.northwick), browser_of(story.ines)
    day = row.end_of_service - timedelta(days=1)
    made = [
        done(add_step(actor=story.ines, offboarding_id=row.id, title=title, due=day))
        for title in ("One", "Two")
    ]
    third = done(
        add_step(
            actor=story.ines,
            offboarding_id=row.id,
            title="Three",
            due=day,
            after=[made[1].key],
        )
    )
    url = reverse("staff:step_change", args=[row.id, made[1].id])
    given = {"title": "Two", "due": day.isoformat(), "owner_id": "", "note": ""}
    assert browser.post(url, {**given, "place": "earlier"}).status_code == 302
    page = browser.get(reverse("staff:plan", args=[row.id])).content.decode()
    assert page.index(">Two<") < page.index(">One<") < page.index(">Three<")
    done(move_step(actor=story.ines, step_id=third.id, earlier=True))
    assert code(move_step(actor=story.ines, step_id=third.id, earlier=True)) == "plan_step_blocked"
    third_url = reverse("staff:step_change", args=[row.id, third.id])
    refused = browser.post(
        third_url, {**given, "title": "Three", "note": "Kept", "after": made[1].key, "place": "earlier"}
    )
    assert refused.status_code == 422 and list(refused.context["form"].errors) == ["place"]
    assert code(move_step(actor=story.dan, step_id=third.id, earlier=True)) == "not_your_role"
    assert code(move_step(actor=story.ines, step_id=made[0].id, earlier=False)) == "invalid_input"


def test_what_was_taken_out_stays_readable_with_its_reason(story: Cast) -> None:
    row, browser = Offboarding.objects.get(client=story.northwick), browser_of(story.ines)
    url = reverse("staff:step_remove", args=[row.id, step("hardware").id])
    blank = browser.post(url, {"reason": "   "})
    assert blank.status_code == 422 and "reason" in blank.context["form"].errors
    assert browser.post(url, {"reason": "They bought none"}).status_code == 302
    page = browser.get(reverse("staff:plan", args=[row.id])).content.decode()
    assert "1 step was taken out" in page and "They bought none" in page


def test_a_circle_of_steps_is_said_at_its_field(story: Cast) -> None:
    row, browser = Offboarding.objects.get(client=story.northwick), browser_of(story.ines)
    inventory = step("inventory")
    url = reverse("staff:step_change", args=[row.id, inventory.id])
    given = {
        "title": "Other words",
        "due": inventory.due.isoformat(),
        "owner_id": "",
        "note": "",
        "after": "documents",
    }
    answer = browser.post(url, given)
    assert answer.status_code == 422 and list(answer.context["form"].errors) == ["after"]
    assert "Other words" in answer.content.decode() and step("inventory").title != "Other words"
