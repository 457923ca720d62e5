# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client goes through the list and signs it; what stops closing says on whom it is; then the client is inactive."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.shipped_copies import VendorQuote, answer_quote, ask_for_copy, record_quote
from partwell.actions.estate.classify_items import ItemFilter, classify_items
from partwell.actions.files import read_file
from partwell.actions.offboardings.close_offboarding import close_offboarding, still_stops
from partwell.actions.offboardings.plan_steps import remove_step
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.actions.offboardings.sign_acceptance import Answers, confirm_acceptance_by_call, sign_acceptance
from partwell.actions.people.enter import make_link, session_of, use_link
from partwell.records.authorisations.models import Authorisation
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Item
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.offboardings.models import Acceptance, AcceptanceLine, Offboarding, PlanStep
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from partwell.workers.jobs import run_one
from tests.api.caller import caller, problem
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(signed=True)


def departure(story: Cast) -> Offboarding:
    return Offboarding.objects.get(client=story.northwick)


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def prepare(story: Cast) -> Acceptance:
    return done(prepare_acceptance(actor=story.dan, offboarding_id=departure(story).id))


def sign(story: Cast, row: Acceptance, answers: Answers, **changes: Any) -> Acceptance | Refusal:
    given: dict[str, Any] = {"actor": story.mara, "acceptance_id": row.id, "answers": answers, "shown_digest": row.list_digest, "intent": True,
                             "electronic_form": True, **changes}  # fmt: skip
    return sign_acceptance(**given)


def signed(story: Cast, row: Acceptance, answers: Answers) -> Acceptance:
    """Mara signs, Priya calls her back."""
    done(sign(story, row, answers))
    return done(confirm_acceptance_by_call(actor=story.priya, acceptance_id=row.id, confirmed=True))


def letters() -> None:
    while run_one():
        pass


def deliver() -> None:
    """What the relay would do: every waiting mail is accepted."""
    with Deed(SYSTEM) as deed:
        for row in Envelope.objects.filter(state__in=["queued", "claimed"]):
            deed.save(row, state="accepted", settled_at=deed.now)
            deed.record(
                "envelope.accepted",
                client=row.client_id,
                public={"client": row.client.name, "recipients": ["somebody"]},
            )


def test_the_list_holds_what_is_theirs_with_its_standing(story: Cast) -> None:
    story.release("diagram")
    row = prepare(story)
    lines = {
        line.item.title: line.standing
        for line in AcceptanceLine.objects.select_related("item").filter(acceptance=row)
    }
    assert lines == {"Network diagram": "released", "Month-end runbook": "still_here", "Edge router login": "still_here",
                     "Core switch": "still_here", "Old camera plan": "still_here"}  # fmt: skip
    assert prepare(story).id == row.id, "the same list twice is one list"
    assert Envelope.objects.filter(kind="acceptance_request").count() == 1
    assert (
        code(prepare_acceptance(actor=story.kerstin, offboarding_id=departure(story).id)) == "not_your_role"
    )


def test_only_the_signatory_signs_and_as_r1_asks(story: Cast) -> None:
    row = prepare(story)
    everything = Answers(rest="accepted")
    assert code(sign(story, row, everything, actor=story.leo)) == "not_found"
    assert code(sign(story, row, everything, actor=story.tom)) == "not_your_role"
    assert code(sign(story, row, everything, intent=False)) == "intent_missing"
    assert code(sign(story, row, everything, shown_digest="0" * 64)) == "shown_other_text"
    assert code(sign(story, row, Answers())) == "acceptance_incomplete"
    assert code(sign(story, row, Answers(rest="rejected"))) == "objection_needs_words"
    assert code(sign(story, row, Answers(rest="perhaps"))) == "invalid_input"
    assert (
        code(sign(story, row, everything, passkey={"passkey": story.mara.id.hex, "verified": True}))
        == "not_found"
    ), "no key of hers"
    assert signed(story, row, everything).state == "accepted"
    assert code(sign(story, row, everything)) == "acceptance_signed"


def test_a_list_that_changed_since_is_prepared_anew(story: Cast) -> None:
    row = prepare(story)
    story.release("diagram")
    assert code(sign(story, row, Answers(rest="accepted"))) == "acceptance_list_changed"
    new = prepare(story)
    row.refresh_from_db()
    assert (row.state, new.version) == ("replaced", 2)
    assert code(sign(story, row, Answers(rest="accepted"))) == "acceptance_list_changed"


def test_exceptions_and_waivers_stand_in_the_letter(story: Cast) -> None:
    row = prepare(story)
    lines = {
        line.item.title: line.id
        for line in AcceptanceLine.objects.select_related("item").filter(acceptance=row)
    }
    given = {
        lines["Core switch"]: ("rejected", "One fan is broken"),
        lines["Old camera plan"]: ("waived", ""),
    }
    row = signed(story, row, Answers(lines=given, rest="accepted"))
    assert row.state == "exceptions"
    letters()
    row.refresh_from_db()
    assert row.document is not None and read_file(row.document).startswith(b"%PDF")
    copy = Envelope.objects.get(kind="acceptance_signed")
    assert {one["role"] for one in copy.recipients} == {"client", "second"}


def test_an_objection_to_the_whole_needs_words_and_does_not_close(story: Cast) -> None:
    row = prepare(story)
    assert code(sign(story, row, Answers(objects=True))) == "objection_needs_words"
    assert signed(story, row, Answers(objects=True, words="Half of it is missing")).state == "objected"
    stops = still_stops(departure(story).id)
    assert not isinstance(stops, Refusal) and "acceptance" in [one.code for one in stops]


def test_without_a_passkey_a_second_employee_calls_back(story: Cast) -> None:
    row = prepare(story)
    waits = done(sign(story, row, Answers(rest="accepted")))
    assert waits.state == "requested" and waits.signature_event["awaits_call_back"]
    assert (
        code(confirm_acceptance_by_call(actor=story.dan, acceptance_id=row.id, confirmed=True))
        == "callback_by_preparer"
    )
    assert (
        code(confirm_acceptance_by_call(actor=story.priya, acceptance_id=row.id, confirmed=False))
        == "callback_not_confirmed"
    )
    assert (
        done(confirm_acceptance_by_call(actor=story.priya, acceptance_id=row.id, confirmed=True)).state
        == "accepted"
    )


def test_what_stops_closing_says_on_whom(story: Cast) -> None:
    done(propose_plan(actor=story.ines, offboarding_id=departure(story).id))
    stops = still_stops(departure(story).id)
    assert not isinstance(stops, Refusal)
    found = {one.code: (one.sentence, one.on_whom.value) for one in stops}
    assert found["unreleased"] == ("4 items of the client are not handed over.", "technician")
    assert found["unknown_owner"] == ("1 item has no settled owner.", "account manager")
    assert found["acceptance"][1] == "client signatory"
    assert {"steps", "moving_envelopes"} <= found.keys()
    refused = close_offboarding(actor=story.ines, offboarding_id=departure(story).id)
    assert code(refused) == "cannot_close" and "not handed over" in str(refused)
    assert code(close_offboarding(actor=story.dan, offboarding_id=departure(story).id)) == "not_your_role"
    page = browser_of(story.ines).get(reverse("staff:closing", args=[departure(story).id])).content.decode()
    assert "4 items of the client are not handed over." in page and "Mara Ellery" in page


def _settled(story: Cast) -> Offboarding:
    """Everything waived or accepted, the plan taken out, the mails gone."""
    row = departure(story)
    done(propose_plan(actor=story.ines, offboarding_id=row.id))
    done(
        classify_items(
            actor=story.dan,
            client_id=story.northwick.id,
            rule=ItemFilter(owner="unknown"),
            sets={"owner": "client"},
        )
    )
    for step in PlanStep.objects.filter(offboarding=row, done_at=None, blocks_closing=True).exclude(
        key="accept"
    ):
        done(remove_step(actor=story.ines, step_id=step.id, reason="Not needed in this story"))
    signed(story, prepare(story), Answers(rest="waived"))
    letters()
    deliver()
    return row


def test_closing_leaves_a_record_and_nothing_operational(story: Cast) -> None:
    entered = use_link(make_link("client", story.tom.id), address="192.0.2.9", agent="test")
    assert not isinstance(entered, Refusal)
    row = _settled(story)
    assert PlanStep.objects.get(offboarding=row, key="accept").done_at is not None, (
        "the signature finished the client's step"
    )
    assert still_stops(row.id) == []
    browser = browser_of(story.ines)
    url = reverse("staff:close", args=[row.id])
    browser.post(url, {"typed_name": "northwick"})
    assert departure(story).state == "open", "the name typed must be the client's"
    assert browser.post(url, {"typed_name": "Northwick Traders"}).status_code == 302
    letters()
    assert (
        departure(story).state == "closed" and Client.objects.get(pk=story.northwick.id).state == "inactive"
    )
    assert Authorisation.objects.get(recipient=story.recipient).state == "withdrawn"
    assert session_of(entered[1], "client") is not None, "the record is theirs to read"
    closing = Envelope.objects.get(kind="closing")
    assert closing.documents and {one["role"] for one in closing.recipients} == {"client", "second"}
    assert Entry.objects.filter(type="offboarding.closed", client_ref=story.northwick.id).count() == 1
    page = browser.get(reverse("staff:client", args=[story.northwick.id])).content.decode()
    assert "We parted on" in page and "Record a notice" not in page and "Pause releases" not in page
    for name in (
        "offboarding",
        "plan",
        "dates",
        "closing",
        "offboarding_estate",
        "offboarding_said",
        "offboarding_evidence",
    ):
        assert browser.get(reverse(f"staff:{name}", args=[row.id])).status_code == 200
    assert code(close_offboarding(actor=story.ines, offboarding_id=row.id)) == "cannot_close"
    assert code(prepare_acceptance(actor=story.dan, offboarding_id=row.id)) == "offboarding_closed"


def test_copies_under_way_are_asked_about_at_closing_and_go_on_after_it(story: Cast) -> None:
    """R7: a drive that is still on its way stops nobody, but whoever closes says so, and it is on record."""
    row = _settled(story)
    wish = {"client_id": story.northwick.id, "ship_to": "1 Quay Street", "asked_by_id": story.mara.id}
    copy = done(ask_for_copy(actor=story.ines, what="Nightly cloud set", **wish))
    other = done(ask_for_copy(actor=story.ines, what="Mail archive", **wish))
    done(answer_quote(actor=story.mara, copy_id=other.id, approve=False))  # no longer wanted
    stops = still_stops(row.id)
    assert not isinstance(stops, Refusal)
    assert [(one.code, one.sentence) for one in stops] == [
        ("copies", "1 copy of backups is under way: Nightly cloud set.")
    ]
    refused = close_offboarding(actor=story.ines, offboarding_id=row.id)
    assert code(refused) == "cannot_close" and "Nightly cloud set" in str(refused)
    browser = browser_of(story.ines)
    page = browser.get(reverse("staff:closing", args=[row.id])).content.decode()
    assert (
        "One thing to say before closing" in page
        and reverse("staff:copies", args=[story.northwick.id]) in page
    )
    assert "goes on after closing" in page and 'name="also"' in page
    url = reverse("staff:close", args=[row.id])
    assert browser.post(url, {"typed_name": "Northwick Traders"}).status_code == 409
    ines = caller(story.jonah, story.ines)
    shown = ines.ok("GET", f"/offboardings/{row.id}/blockers")["items"]
    assert [one["code"] for one in shown] == ["copies"]
    problem(ines.post(f"/offboardings/{row.id}/close"), 409, "cannot_close")
    assert departure(story).state == "open"
    assert browser.post(url, {"typed_name": "Northwick Traders", "also": "yes"}).status_code == 302
    assert departure(story).state == "closed"
    entry = Entry.objects.get(type="offboarding.closed")
    told = Disclosure.objects.get(entry_uid=entry.uid, label="client")
    assert json.loads(bytes(told.content))["copies"] == ["Nightly cloud set"]
    quote = VendorQuote("Cloudkeep", Decimal(480), "EUR", "Its ticket 8812", timezone.now().date())
    assert done(record_quote(actor=story.ines, copy_id=copy.id, quote=quote)).state == "quoted"


def test_the_api_closes_where_copies_go_on(story: Cast) -> None:
    row = _settled(story)
    done(ask_for_copy(actor=story.ines, client_id=story.northwick.id, what="Nightly cloud set", ship_to="1 Quay Street",
                      asked_by_id=story.mara.id))  # fmt: skip
    ines = caller(story.jonah, story.ines)
    assert ines.post(f"/offboardings/{row.id}/close?copies_go_on=perhaps").status_code == 422
    assert ines.post(f"/offboardings/{row.id}/close?copies_go_on=yes").status_code == 200
    assert departure(story).state == "closed"


def test_goods_under_retention_of_title_are_not_yet_the_clients(story: Cast) -> None:
    with Deed(story.dan) as deed:
        deed.lock(story.northwick.id)
        deed.save(Item.objects.get(pk=story.items["switch"].id), handover={"title": "retained"})
        deed.record("item.changed", public={"item": "Core switch"})
    stops = still_stops(departure(story).id)
    assert not isinstance(stops, Refusal)
    assert next(one for one in stops if one.code == "unreleased").sentence.startswith("3 items")


def test_a_lapsed_deadline_is_no_signature(story: Cast) -> None:
    past = timezone.now().date() - timedelta(days=1)
    assert (
        code(prepare_acceptance(actor=story.dan, offboarding_id=departure(story).id, deadline=past))
        == "date_in_past"
    )
