# SPDX-License-Identifier: AGPL-3.0-or-later
"""R8: dates move when the client agrees, service beyond the end needs a term, and a notice can be withdrawn."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from partwell.actions.offboardings.move_dates import decide_date, decide_term, propose_date, propose_term
from partwell.actions.offboardings.plan_steps import change_step
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.actions.offboardings.withdraw_notice import consequences, withdraw_notice
from partwell.actions.releases.reveal import claim_reveal, make_reveal
from partwell.records.authorisations.models import Authorisation
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.offboardings.models import DateChange, Offboarding, PlanStep, TransitionTerm
from partwell.records.releases.models import ReleaseLine
from partwell.rules.dates import TransitionTerm as Term
from partwell.rules.dates import keep_until
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    made = cast(signed=True)
    done(propose_plan(actor=made.ines, offboarding_id=departure(made).id))
    return made


def departure(story: Cast) -> Offboarding:
    return Offboarding.objects.get(client=story.northwick)


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def term(ends: date) -> Term:
    return Term("Monitoring and patching", Decimal("450"), "EUR", ends)


def test_nothing_moves_until_the_signatory_agrees(story: Cast) -> None:
    row = departure(story)
    later = row.end_of_service + timedelta(days=31)
    edited = PlanStep.objects.get(key="freeze")
    done(change_step(actor=story.ines, step_id=edited.id, due=row.end_of_service - timedelta(days=1)))
    asked = done(
        propose_date(actor=story.ines, offboarding_id=row.id, effective_on=later, reason="They start later")
    )
    assert departure(story).end_of_service == row.end_of_service
    moves = {one["key"]: (one["before"], one["after"]) for one in asked.effects}
    assert moves["keep_until"] == (keep_until(row.end_of_service).isoformat(), keep_until(later).isoformat())
    assert {
        "effective",
        "service_ends",
        "access_ends",
        "objections_until",
        "retest_30",
        "retest_90",
        "step:own_access",
    } <= moves.keys()
    assert "step:freeze" not in moves, "what people set themselves stays"
    assert code(decide_date(actor=story.tom, change_id=asked.id, agree=True)) == "not_your_role"
    assert code(decide_date(actor=story.leo, change_id=asked.id, agree=True)) == "not_found"
    done(decide_date(actor=story.mara, change_id=asked.id, agree=True))
    moved = departure(story)
    assert (moved.end_of_service, moved.keep_until) == (later, keep_until(later))
    assert PlanStep.objects.get(key="own_access").due == later
    assert code(decide_date(actor=story.mara, change_id=asked.id, agree=False)) == "already_decided"
    assert Envelope.objects.filter(kind="date_change", client=story.northwick).count() == 2


def test_a_proposal_from_dates_that_moved_since_is_stale(story: Cast) -> None:
    end = departure(story).end_of_service
    first = done(
        propose_date(
            actor=story.ines, offboarding_id=departure(story).id, effective_on=end + timedelta(days=10)
        )
    )
    second = done(
        propose_date(
            actor=story.mara, offboarding_id=departure(story).id, effective_on=end + timedelta(days=20)
        )
    )
    done(decide_date(actor=story.mara, change_id=second.id, agree=True))
    assert code(decide_date(actor=story.mara, change_id=first.id, agree=True)) == "date_proposal_stale"
    done(decide_date(actor=story.mara, change_id=first.id, agree=False, words="Once is enough"))
    assert departure(story).end_of_service == end + timedelta(days=20)


def test_any_party_may_ask_and_strangers_find_nothing(story: Cast) -> None:
    row = departure(story)
    done(
        propose_date(
            actor=story.theo, offboarding_id=row.id, effective_on=row.end_of_service + timedelta(days=7)
        )
    )
    assert (
        code(
            propose_date(
                actor=story.leo, offboarding_id=row.id, effective_on=row.end_of_service + timedelta(days=7)
            )
        )
        == "not_found"
    )
    assert (
        code(
            propose_date(
                actor=story.tom, offboarding_id=row.id, effective_on=row.end_of_service + timedelta(days=7)
            )
        )
        == "not_your_role"
    )
    assert (
        code(propose_date(actor=story.ines, offboarding_id=row.id, effective_on=row.end_of_service))
        == "date_unchanged"
    )
    assert (
        code(propose_date(actor=story.ines, offboarding_id=row.id, effective_on=date(2020, 1, 1)))
        == "date_before_notice"
    )


def test_service_beyond_the_end_needs_a_term(story: Cast) -> None:
    row = departure(story)
    until = row.end_of_service + timedelta(days=60)
    assert (
        code(propose_term(actor=story.ines, offboarding_id=row.id, term=Term(" ", Decimal(1), "EUR", until)))
        == "transition_scope_missing"
    )
    assert (
        code(propose_term(actor=story.ines, offboarding_id=row.id, term=term(row.end_of_service)))
        == "transition_end_invalid"
    )
    done(propose_term(actor=story.ines, offboarding_id=row.id, term=term(until)))
    done(decide_term(actor=story.mara, term_id=TransitionTerm.objects.get().id, agree=True))
    after = departure(story)
    assert after.end_of_service == row.end_of_service and after.keep_until == keep_until(until)
    assert TransitionTerm.objects.get().state == "agreed"


def test_a_withdrawn_notice_ends_consent_stops_the_queue_and_lists_what_to_rotate(story: Cast) -> None:
    row = departure(story)
    story.release("router", "diagram")
    opened = ReleaseLine.objects.get(item=story.items["router"])
    reveal = done(make_reveal(actor=story.theo, line_id=opened.id, session_key="theo"))
    done(claim_reveal(actor=story.theo, reveal_id=reveal.id, session_key="theo"))
    done(
        propose_date(
            actor=story.ines, offboarding_id=row.id, effective_on=row.end_of_service + timedelta(days=5)
        )
    )
    shown = consequences(row.id)
    assert not isinstance(shown, Refusal)
    assert [title for _, title in shown.rotate] == ["Edge router login"] and shown.fee == 0
    assert code(withdraw_notice(actor=story.leo, offboarding_id=row.id)) == "not_found"
    assert code(withdraw_notice(actor=story.dan, offboarding_id=row.id)) == "not_your_role"
    done(withdraw_notice(actor=story.mara, offboarding_id=row.id, words="We stay"))
    assert departure(story).state == "withdrawn"
    assert Client.objects.get(pk=story.northwick.id).state == "active"
    assert Authorisation.objects.get(recipient=story.recipient).state == "withdrawn"
    assert DateChange.objects.get().state == "lapsed"
    assert not Envelope.objects.filter(to_provider=True, state__in=["queued", "claimed"]).exists()
    assert code(withdraw_notice(actor=story.mara, offboarding_id=row.id)) == "offboarding_withdrawn"
    page = browser_of(story.ines).get(reverse("staff:dates", args=[row.id])).content.decode()
    assert "Rotate these credentials" in page and "Edge router login" in page


def test_what_nobody_saw_need_not_be_rotated(story: Cast) -> None:
    row = departure(story)
    story.release("router")
    done(withdraw_notice(actor=story.mara, offboarding_id=row.id))
    assert ReleaseLine.objects.get(item=story.items["router"]).state == "stopped"
    page = browser_of(story.ines).get(reverse("staff:dates", args=[row.id])).content.decode()
    assert "Rotate these credentials" not in page


def test_staff_see_every_move_before_the_client_is_asked(story: Cast) -> None:
    row, browser = departure(story), browser_of(story.ines)
    url = reverse("staff:date_propose", args=[row.id])
    later = row.end_of_service + timedelta(days=31)
    shown = browser.post(url, {"effective_on": later.isoformat(), "currency": "EUR"}).content.decode()
    assert "Backups and archives kept until" in shown and not DateChange.objects.exists()
    half = browser.post(url, {"effective_on": later.isoformat(), "scope": "Monitoring", "currency": "EUR"})
    assert half.status_code == 422
    assert (
        browser.post(url, {"effective_on": later.isoformat(), "currency": "EUR", "send": "1"}).status_code
        == 302
    )
    assert DateChange.objects.get().new_end == later
