# SPDX-License-Identifier: AGPL-3.0-or-later
"""R11 as a story: Northwick has not paid for months; everything it owns still leaves, and only billable work has stopped."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.urls import reverse
from django.utils import timezone

from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.clients.set_pause import set_pause
from partwell.actions.estate.record_handover import record_handover
from partwell.actions.hours.record_time import Work, record_time
from partwell.actions.hours.timers import About, start_timer
from partwell.actions.releases.receive import confirm_receipt
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.reveal import claim_reveal, make_reveal
from partwell.actions.releases.run_bundle import run_now
from partwell.records.billing.models import Invoice
from partwell.records.evidence.models import Entry, RefusalTally
from partwell.records.offboardings.models import LawfulPause
from partwell.records.releases.models import ReleaseLine
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party
from tests.api.caller import caller, problem
from tests.flows.browser_of import browser_of
from tests.flows.cast import PASSWORD, Cast, cast, done
from tests.support.worlds import World


@pytest.fixture
def debtor(db_world: World, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Three papers over 30,000 EUR, issued a year ago and never paid."""
    story = cast(signed=True)
    line = NewLine("Service of the last year", Decimal(1), Decimal(10_000))
    then = timezone.now() - timedelta(days=365)
    with monkeypatch.context() as clock:
        clock.setattr("partwell.actions.base.timezone.now", lambda: then)
        for kind in ("invoice", "invoice", "request"):
            done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind=kind, lines=[line]))
    assert Invoice.objects.filter(state="open", due_on__lt=timezone.localdate()).count() == 3
    return story


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def spend(story: Cast, minutes: int, kind: WorkKind) -> object:
    start = timezone.now() - timedelta(minutes=minutes + 1)
    work = Work(minutes, start, WorkClass.OFFBOARDING, kind, "Northwick")
    return record_time(actor=story.dan, client_id=story.northwick.id, work=work)


@pytest.mark.both_databases
def test_whatever_is_unpaid_everything_it_owns_leaves(debtor: Cast) -> None:
    out = debtor.release("diagram", "router", "switch")
    assert out.release is not None
    assert {line.state for line in ReleaseLine.objects.filter(release=out.release)} == {"sent"}
    again = debtor.release("diagram", "router", "switch", target=debtor.to_client(), key="own")
    lines = list(ReleaseLine.objects.filter(release=again.release))
    assert {line.state for line in lines} == {"sent"}
    done(
        record_handover(
            actor=debtor.dan,
            client_id=debtor.northwick.id,
            item_id=debtor.items["switch"].id,
            condition="good",
        )
    )
    done(confirm_receipt(actor=debtor.mara, line_ids=[line.id for line in lines]))
    for actor, to, recipient in (
        (debtor.ines, Party.CLIENT, None),
        (debtor.ines, Party.PROVIDER, debtor.recipient.id),
        (debtor.mara, Party.CLIENT, None),
    ):
        job = done(request_bundle(actor=actor, client_id=debtor.northwick.id, to=to, recipient_id=recipient))
        assert run_now(job.id, lambda *_: None).state == "done"


@pytest.mark.both_databases
def test_only_billable_work_stops_and_it_stops_by_hours_not_by_debt(debtor: Cast) -> None:
    timer = About(work_class=WorkClass.OFFBOARDING, kind=WorkKind.MEETING)
    done(spend(debtor, 240, WorkKind.MEETING))
    assert code(spend(debtor, 15, WorkKind.MEETING)) == "hours_used_up"
    assert code(start_timer(actor=debtor.dan, client_id=debtor.northwick.id, about=timer)) == "hours_used_up"
    done(spend(debtor, 60, WorkKind.AS_IS))
    assert debtor.release("diagram").release is not None


def test_holding_back_for_the_debt_is_refused_to_everybody_and_on_record(debtor: Cast) -> None:
    for actor in (debtor.jonah, debtor.ines, debtor.dan):
        for ground, note in (
            ("debt", "30,000 EUR unpaid"),
            ("other", "The invoice is overdue"),
            ("lien", "owes us"),
        ):
            assert code(set_pause(actor=actor, client_id=debtor.northwick.id, ground=ground, note=note)) == "hostage"  # fmt: skip
    owner = browser_of(debtor.jonah)
    item = debtor.items["diagram"]
    assert (
        f"?item={item.id}"
        in owner.get(reverse("staff:item", args=[debtor.northwick.id, item.id])).content.decode()
    )
    form = reverse("staff:pause", args=[debtor.northwick.id]) + f"?item={item.id}"
    assert item.title in owner.get(form).content.decode()
    refused = owner.post(form, {"ground": "debt", "note": "30,000 EUR unpaid"})
    assert refused.status_code == 409 and "never withheld for a debt" in refused.content.decode()
    assert RefusalTally.objects.filter(code="hostage", subject_ref=item.id).exists()
    assert owner.get(form.replace(str(item.id), str(UUID(int=5)))).status_code == 404
    api, given = (
        caller(debtor.jonah, debtor.jonah),
        {"ground": "debt", "note": "Unpaid", "item": str(item.id)},
    )
    problem(api.post(f"/clients/{debtor.northwick.id}/pauses", given), 409, "hostage")
    problem(api.post(f"/clients/{debtor.quayside.id}/pauses", given), 404, "not_found")
    assert not LawfulPause.objects.exists()
    assert Entry.objects.filter(type="refusal.recorded").exists()
    assert debtor.release("diagram").release is not None
    page = (
        browser_of(debtor.ines)
        .get(reverse("staff:client_papers", args=[debtor.northwick.id]))
        .content.decode()
    )
    assert "stops billable work and nothing else" in page and "Overdue" in page
    mine = browser_of(debtor.mara).get("/client/").content.decode()
    assert "An unpaid paper stops billable work and nothing else." in mine


def test_a_credential_is_revealed_to_a_debtor_and_to_its_new_provider(debtor: Cast) -> None:
    debtor.release("router")
    debtor.release("router", target=debtor.to_client(), key="own")
    for actor in (debtor.theo, debtor.mara):
        line = ReleaseLine.objects.get(
            item=debtor.items["router"], release__recipient=debtor.recipient if actor is debtor.theo else None
        )
        row = done(make_reveal(actor=actor, line_id=line.id, session_key="key"))
        shown = done(claim_reveal(actor=actor, reveal_id=row.id, session_key="key"))
        assert shown.values["password"].reveal() == PASSWORD
