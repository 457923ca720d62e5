# SPDX-License-Identifier: AGPL-3.0-or-later
"""The plan: proposed once, edited by people, finished in R14's order."""

from datetime import timedelta

import pytest
from django.urls import reverse

from partwell.actions.offboardings.plan_steps import (
    add_step,
    change_step,
    finish_step,
    remove_step,
    reopen_step,
)
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.records.evidence.models import Entry
from partwell.records.offboardings.models import Offboarding, PlanStep
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
