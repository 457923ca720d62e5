# SPDX-License-Identifier: AGPL-3.0-or-later
"""R12 on both sides of 12 January 2027: at cost before, nothing after, an owner's override on record. No legal advice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.billing.law_profiles import law_of, remove_profile, set_profile
from partwell.actions.hours.requests import answer_request, ask_for_work, estimate_request
from partwell.records.billing.models import ClientProfile, Invoice, InvoiceLine
from partwell.records.evidence.models import Entry
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkKind
from partwell.rules.law import Charge, LineClass
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

# The last second and the first of the two days in the MSP's zone, Berlin: an hour before midnight in UTC.
BEFORE = datetime(2027, 1, 11, 22, 59, 59, tzinfo=UTC)
AFTER = BEFORE + timedelta(seconds=1)


@pytest.fixture
def story(db_world: World) -> Cast:
    made = cast(signed=True)
    done(
        set_profile(
            actor=made.ines, client_id=made.northwick.id, code="eu_data_act", reason="We host its data."
        )
    )
    return made


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)


def issue(story: Cast, price: str, actor: Any = None, **more: Any) -> Invoice | Refusal:
    line = NewLine("Moving the tenant", Decimal(1), Decimal(price), line_class=LineClass.SWITCHING, **more)
    return issue_invoice(
        actor=actor or story.ines, client_id=story.northwick.id, kind="invoice", lines=[line]
    )


@pytest.mark.both_databases
def test_at_cost_until_the_day_and_banned_from_it(story: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, BEFORE)
    assert code(issue(story, "100")) == "charge_above_cost"
    assert code(issue(story, "100", cost=Decimal("99.99"))) == "charge_above_cost"
    paper = done(issue(story, "100", cost=Decimal("100")))
    line = InvoiceLine.objects.get(invoice=paper)
    assert (line.verdict["charge"], line.verdict["version"], line.verdict["article"]) == ("at_cost", 1, "Article 29(2)")  # fmt: skip
    at(monkeypatch, AFTER)
    assert code(issue(story, "100", cost=Decimal("100"))) == "charge_banned"
    assert code(issue(story, "0.01", cost=Decimal("100"))) == "charge_banned"
    free = done(issue(story, "0"))
    assert InvoiceLine.objects.get(invoice=free).verdict["charge"] == "banned"
    other = NewLine("Training", Decimal(1), Decimal(80), line_class=LineClass.FURTHER_SERVICE)
    done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[other]))
    drive = NewLine("Moving", Decimal(1), Decimal(80), line_class=LineClass.SWITCHING)
    done(issue_invoice(actor=story.ines, client_id=story.quayside.id, kind="invoice", lines=[drive]))
    assert [paper.number for paper in Invoice.objects.order_by("number")] == [1, 2, 3, 4], (
        "a refusal takes no number"
    )


def test_an_owner_overrides_with_a_reason_that_stays_on_the_line(
    story: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, AFTER)
    why = "A custom-built service (Article 31)."
    assert code(issue(story, "100", override=why)) == "not_your_role"
    assert code(issue(story, "100", story.jonah, override="  ")) == "charge_banned"
    paper = done(issue(story, "100", story.jonah, override=why))
    line = InvoiceLine.objects.get(invoice=paper)
    assert (line.override, line.override_by_id, line.verdict["charge"]) == (why, story.jonah.id, "banned")
    for browser, url in (
        (browser_of(story.jonah), reverse("staff:paper", args=[paper.id])),
        (browser_of(story.mara), reverse("client:paper", args=[paper.id])),
    ):
        page = browser.get(url).content.decode()
        assert why in page and "Jonah Reyes" in page and "no legal advice" in page and "Article 29(1)" in page


def test_a_removed_profile_binds_no_more_and_old_lines_keep_their_verdict(
    story: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, BEFORE)
    old = done(issue(story, "50", cost=Decimal(50)))
    row = ClientProfile.objects.get()
    assert code(set_profile(actor=story.ines, client_id=story.northwick.id, code="eu_data_act", reason="x")) == "duplicate"  # fmt: skip
    assert code(set_profile(actor=story.ines, client_id=story.northwick.id, code="moon", reason="x")) == "not_found"  # fmt: skip
    assert code(set_profile(actor=story.ines, client_id=story.northwick.id, code="gdpr", reason=" ")) == "profile_without_reason"  # fmt: skip
    assert code(set_profile(actor=story.dan, client_id=story.northwick.id, code="gdpr", reason="x")) == "not_your_role"  # fmt: skip
    assert code(remove_profile(actor=story.mara, profile_id=row.id, reason="x")) == "not_found"
    assert code(remove_profile(actor=story.ines, profile_id=row.id, reason="")) == "profile_without_reason"
    done(remove_profile(actor=story.ines, profile_id=row.id, reason="It hosts elsewhere"))
    assert code(remove_profile(actor=story.ines, profile_id=row.id, reason="again")) == "duplicate"
    done(issue(story, "100"))
    assert InvoiceLine.objects.get(invoice=old).verdict["version"] == 1
    assert {one.verdict.charge for one in law_of(story.northwick.id, BEFORE.date())} == {Charge.FREE_TO_AGREE}
    done(
        set_profile(actor=story.jonah, client_id=story.northwick.id, code="eu_data_act", reason="It is back")
    )
    said = Entry.objects.filter(type__startswith="profile.").values_list("type", flat=True)
    assert sorted(said) == ["profile.removed", "profile.set", "profile.set"]


def test_a_request_of_switching_work_is_judged_when_the_client_answers(
    story: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Offboarding.objects.get(client=story.northwick)
    asked = done(ask_for_work(actor=story.mara, offboarding_id=row.id, title="Move the mailboxes"))
    done(
        estimate_request(
            actor=story.dan,
            request_id=asked.id,
            minutes=300,
            kind=WorkKind.CONVERSION,
            line_class=LineClass.SWITCHING,
        )
    )
    at(monkeypatch, AFTER)
    mara = story.mara
    assert code(answer_request(actor=mara, request_id=asked.id, approve=True)) == "charge_banned"
    done(answer_request(actor=mara, request_id=asked.id, approve=False))
    assert not Invoice.objects.exists()


def test_the_pages_say_what_source_version_and_day_before_the_click(
    story: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = browser_of(story.ines)
    law = browser.get(reverse("staff:client_law", args=[story.northwick.id])).content.decode()
    for words in ("2023/2854", "no legal advice", "At cost only", "We host its data.", "Version 1, last checked", "12 Jan 2027"):  # fmt: skip
        assert words in law, words
    at = reverse("staff:client_law", args=[story.northwick.id])
    for day, words in (
        ("2024-01-10", "Free to agree"),
        ("2027-01-11", "At cost only"),
        ("2027-01-12", "Not to be charged"),
    ):
        shown = browser.get(at, {"day": day}).content.decode()
        assert words in shown and "line by line" in shown and "charged on" in shown, day
    banned = browser.get(at, {"day": "2027-01-12"}).content.decode()
    assert (
        "Article 29(1), this line may not be charged since 12 January 2027" in banned
        and "version 1, last checked" in banned
    )
    assert browser.get(at, {"day": "soon"}).status_code == 422
    url = reverse("staff:paper_new", args=[story.northwick.id])
    data = {"kind": "invoice", "do": "preview", "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-text": "Moving",
            "lines-0-quantity": "1", "lines-0-unit_price": "100", "lines-0-line_class": "switching"}  # fmt: skip
    shown = browser.post(url, data).content.decode()
    assert "cannot be issued as it is" in shown and "at cost only" in shown and "Article 29(2)" in shown
    assert "Issue it and mail it" not in shown
    fine = browser.post(url, {**data, "lines-0-cost": "100"}).content.decode()
    assert "Issue it and mail it" in fine and "At cost" in fine
    assert (
        browser_of(story.dan).get(reverse("staff:client_law", args=[story.northwick.id])).status_code == 200
    )
    assert (
        browser_of(story.dan).get(reverse("staff:profile_set", args=[story.northwick.id])).status_code == 409
    )
    set_page = browser.post(
        reverse("staff:profile_set", args=[story.northwick.id]), {"code": "gdpr", "reason": "Personal data"}
    )
    assert set_page.status_code == 302
    row = ClientProfile.objects.get(code="gdpr")
    gone = browser.post(
        reverse("staff:profile_remove", args=[story.northwick.id, row.id]), {"reason": "None any more"}
    )
    assert gone.status_code == 302
    strange = reverse("staff:profile_remove", args=[story.quayside.id, ClientProfile.objects.get(code="eu_data_act").id])  # fmt: skip
    assert browser.get(strange).status_code == 404
