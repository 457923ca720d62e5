# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9: Northwick comes back. Its pain points are answered, it pays the normal fee, and it is received warmly."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.prices import normal_fee, set_price
from partwell.actions.billing.returning import (
    Offer,
    answer_return_quote,
    lapse_quotes,
    pain_points,
    send_quote,
    set_step,
    stop_return,
    welcome_back,
)
from partwell.actions.clients.change_client import change_client
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
from partwell.actions.files import read_file
from partwell.actions.offboardings.withdraw_notice import withdraw_notice
from partwell.actions.people.configure import configure_msp
from partwell.records.billing.models import Invoice, OnboardingStep, PainAnswer, ReturnQuote
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry, RefusalTally
from partwell.records.offboardings.models import Offboarding, PainPoint
from partwell.rules.refusals import Refusal
from partwell.workers import jobs
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases
PAINS = ("We could not reach anybody on Saturdays.", "Nobody told us what you changed.")


def departed(people: Cast) -> None:
    """Northwick's departure is over; its pain points were taken down with the notice."""
    with Deed(people.ines) as deed:
        client = deed.lock(people.northwick.id)
        row = Offboarding.objects.get(client=client)
        for position, words in enumerate(PAINS, 1):
            deed.add(PainPoint(offboarding=row, position=position, words=words))
        deed.save(row, state="closed", closed_at=deed.now)
        deed.save(client, state="inactive")
        deed.record("client.became", subjects=[client.id], public={"state": "inactive"})


@pytest.fixture
def story(db_world: World) -> Cast:
    people = cast(items=False)
    departed(people)
    return people


@pytest.fixture
def priced(story: Cast) -> Cast:
    done(set_price(actor=story.jonah, net=Decimal(2400), currency="EUR", valid_from=today()))
    return story


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def today() -> date:
    return timezone.localdate(timezone=ZoneInfo("Europe/Berlin"))


def an_offer(story: Cast, **changes: Any) -> Offer:
    answers = {one.id: f"We changed it: {one.position}." for one in pain_points(story.northwick.id)}
    return Offer(**{"valid_until": today() + timedelta(days=30), "answers": answers, **changes})


def quoted(story: Cast, **changes: Any) -> ReturnQuote:
    done(welcome_back(actor=story.ines, client_id=story.northwick.id, words="Mara rang."))
    return done(send_quote(actor=story.ines, client_id=story.northwick.id, offer=an_offer(story, **changes)))


def state(story: Cast) -> str:
    return str(Client.objects.get(pk=story.northwick.pk).state)


def test_the_quote_speaks_the_language_of_whoever_reads_it(priced: Cast) -> None:
    story = priced
    done(change_contact(actor=story.ines, contact_id=story.mara.id, language="de"))
    row = quoted(story, welcome="Servus!")
    while jobs.run_one():
        pass
    mail = Envelope.objects.get(kind="return_quote")
    assert mail.subject.startswith("Willkommen zurück: unser Angebot für") and "Es gilt bis" in mail.text
    row.refresh_from_db()
    assert row.letter is not None
    told = subprocess.run(
        ["pdftotext", "-raw", "-", "-"], input=read_file(row.letter), capture_output=True, check=True
    )
    letter = " ".join(told.stdout.decode().split())
    for words in ("Willkommen zurück", "Servus!", "Unser üblicher Preis", "Was wir zuerst tun", "Den neuen Vertrag unterschreiben", PAINS[0], "Angebot vom 20"):  # fmt: skip
        assert words in letter, words
    assert "Our quote" not in letter and "Sign the new agreement" not in letter


def test_welcome_quote_acceptance_onboarding(priced: Cast) -> None:
    story = priced
    assert (
        code(send_quote(actor=story.ines, client_id=story.northwick.id, offer=an_offer(story)))
        == "not_returning"
    )
    row = quoted(story, welcome="It was good to hear from you.")
    assert (row.fee, row.normal_fee, row.currency, state(story)) == (2400, 2400, "EUR", "returning")
    assert [one.answer for one in PainAnswer.objects.order_by("pain_point__position")] == [
        "We changed it: 1.",
        "We changed it: 2.",
    ]
    while jobs.run_one():
        pass
    mail = Envelope.objects.get(kind="return_quote")
    assert PAINS[0] in mail.text and mail.documents and "2400.00 EUR" in mail.text
    row.refresh_from_db()
    assert row.letter is not None
    for actor, expected in (
        (story.tom, "not_your_role"),
        (story.leo, "not_found"),
        (story.ines, "not_found"),
        (story.theo, "not_found"),
    ):
        assert code(answer_return_quote(actor=actor, quote_id=row.id, accept=True, fee=row.fee)) == expected
    stale = answer_return_quote(actor=story.mara, quote_id=row.id, accept=True, fee=Decimal(1))
    assert code(stale) == "quote_fee_changed"
    done(answer_return_quote(actor=story.mara, quote_id=row.id, accept=True, fee=row.fee))
    assert state(story) == "active"
    paper = Invoice.objects.get()
    line = paper.lines.get()
    assert (paper.net, line.source_kind, line.source_id) == (Decimal(2400), "fee", row.id)
    steps = list(OnboardingStep.objects.order_by("position"))
    assert len(steps) == 8 and not any(one.done_at for one in steps)
    done(set_step(actor=story.dan, step_id=steps[0].id, done=True))
    assert OnboardingStep.objects.get(pk=steps[0].pk).done_by_id == story.dan.id
    done(set_step(actor=story.dan, step_id=steps[0].id, done=False))
    assert code(set_step(actor=story.kerstin, step_id=steps[0].id, done=True)) == "not_your_role"
    assert code(set_step(actor=story.mara, step_id=steps[0].id, done=True)) == "not_found"
    assert Envelope.objects.filter(kind="welcome_back").count() == 1
    done(change_client(actor=story.ines, client_id=story.northwick.id, name="Northwick Traders Group"))
    told = set(Entry.objects.values_list("type", flat=True))
    assert {"return.welcomed", "return.quoted", "return.accepted", "onboarding.step_done"} <= told


def test_a_pain_point_without_an_answer_stops_the_quote(priced: Cast) -> None:
    story = priced
    done(welcome_back(actor=story.ines, client_id=story.northwick.id))
    answers = dict(an_offer(story).answers)
    answers[next(iter(answers))] = "  "
    found = send_quote(actor=story.ines, client_id=story.northwick.id, offer=an_offer(story, answers=answers))
    assert code(found) == "point_unanswered"
    assert isinstance(found, Refusal) and "Saturdays" in found.sentence
    assert not ReturnQuote.objects.exists()


@pytest.mark.parametrize(
    "reason", ["All systems remain in place", "The firewall is still there", "Tools are already installed"]
)
def test_because_the_systems_remain_is_refused_from_everybody(priced: Cast, reason: str) -> None:
    story = priced
    done(welcome_back(actor=story.ines, client_id=story.northwick.id))
    for actor in (story.ines, story.jonah):
        offer = an_offer(story, fee=Decimal(1200), exception=reason, exception_kind="gift")
        assert code(send_quote(actor=actor, client_id=story.northwick.id, offer=offer)) == "systems_remain"
        chosen = replace(offer, exception="Ten years together", exception_kind="systems_remain")
        assert code(send_quote(actor=actor, client_id=story.northwick.id, offer=chosen)) == "systems_remain"
    assert not ReturnQuote.objects.exists()
    assert RefusalTally.objects.filter(code="systems_remain").exists()


def test_an_exception_is_an_owners_with_a_reason_on_record(priced: Cast) -> None:
    story, client = priced, priced.northwick.id
    done(welcome_back(actor=story.ines, client_id=client))
    lower = an_offer(story, fee=Decimal(1200), exception="Ten years together", exception_kind="gift")
    no_kind = replace(lower, exception_kind="")
    assert code(send_quote(actor=story.jonah, client_id=client, offer=no_kind)) == "fee_exception_reason"
    assert code(send_quote(actor=story.ines, client_id=client, offer=lower)) == "fee_not_normal"
    silent = an_offer(story, fee=Decimal(1200), exception_kind="gift")
    assert code(send_quote(actor=story.jonah, client_id=client, offer=silent)) == "fee_exception_reason"
    row = done(send_quote(actor=story.jonah, client_id=client, offer=lower))
    assert (row.fee, row.normal_fee, row.exception_kind, row.exception_reason, row.exception_by_id) == (
        1200,
        2400,
        "gift",
        "Ten years together",
        story.jonah.id,
    )
    below = an_offer(story, fee=Decimal(-1), exception="A gift", exception_kind="gift")
    assert code(send_quote(actor=story.jonah, client_id=client, offer=below)) == "price_not_positive"
    free = done(
        send_quote(
            actor=story.jonah,
            client_id=client,
            offer=an_offer(story, fee=Decimal(0), exception="A gift", exception_kind="gift"),
        )
    )
    done(answer_return_quote(actor=story.mara, quote_id=free.id, accept=True, fee=Decimal(0)))
    assert not Invoice.objects.exists() and state(story) == "active"


def test_the_fee_is_that_of_the_price_list_on_the_day(story: Cast) -> None:
    day = today()
    done(welcome_back(actor=story.ines, client_id=story.northwick.id))
    assert (
        code(send_quote(actor=story.ines, client_id=story.northwick.id, offer=an_offer(story)))
        == "no_onboarding_fee"
    )
    done(configure_msp(actor=story.jonah, changes={"onboarding_fee": Decimal(1800)}))
    found = normal_fee("EUR", day)
    assert found is not None and (found.net, found.valid_from) == (1800, None)
    done(set_price(actor=story.jonah, net=Decimal(2400), currency="EUR", valid_from=day))
    done(set_price(actor=story.jonah, net=Decimal(2600), currency="EUR", valid_from=day + timedelta(days=10)))
    done(set_price(actor=story.jonah, net=Decimal(2900), currency="USD", valid_from=day))
    fees = [normal_fee("EUR", day + timedelta(days=n)) for n in (-1, 0, 9, 10)]
    assert [one.net for one in fees if one] == [1800, 2400, 2400, 2600]
    assert normal_fee("CHF", day) is None
    for actor, net, at, expected in (
        (story.ines, "1", day, "not_your_role"),
        (story.jonah, "0", day, "price_not_positive"),
        (story.jonah, "1", day - timedelta(days=1), "price_in_past"),
        (story.jonah, "1", day, "price_stands"),
    ):
        assert code(set_price(actor=actor, net=Decimal(net), currency="EUR", valid_from=at)) == expected
    terms = AgreementTerms(
        signed_on=day,
        included_hours=Decimal(4),
        hourly_rate=Decimal(150),
        block_hours=Decimal(2),
        currency="USD",
    )
    done(record_agreement(actor=story.ines, client_id=story.northwick.id, terms=terms))
    row = done(send_quote(actor=story.ines, client_id=story.northwick.id, offer=an_offer(story)))
    assert (row.fee, row.currency) == (2900, "USD")


def test_a_quote_is_declined_or_lapses_or_is_replaced(priced: Cast) -> None:
    story, client = priced, priced.northwick.id
    first = quoted(story)
    second = done(send_quote(actor=story.ines, client_id=client, offer=an_offer(story)))
    assert (
        code(answer_return_quote(actor=story.mara, quote_id=first.id, accept=True, fee=first.fee))
        == "quote_lapsed"
    )
    done(answer_return_quote(actor=story.mara, quote_id=second.id, accept=False, words="Next year."))
    assert (
        code(answer_return_quote(actor=story.mara, quote_id=second.id, accept=True, fee=second.fee))
        == "quote_answered"
    )
    assert state(story) == "returning"
    third = done(
        send_quote(
            actor=story.ines, client_id=client, offer=an_offer(story, valid_until=today() + timedelta(days=1))
        )
    )
    assert lapse_quotes(actor=story.jonah) == 0 and lapse_quotes() == 0
    assert lapse_quotes(now=timezone.now() + timedelta(days=3)) == 1
    assert lapse_quotes(now=timezone.now() + timedelta(days=3)) == 0
    assert ReturnQuote.objects.get(pk=third.pk).state == "lapsed"
    for days in (0, 366):
        wrong = an_offer(story, valid_until=today() + timedelta(days=days))
        assert code(send_quote(actor=story.ines, client_id=client, offer=wrong)) == "quote_day_invalid"
    assert code(stop_return(actor=story.ines, client_id=client, reason=" ")) == "stop_without_reason"
    done(stop_return(actor=story.ines, client_id=client, reason="Stays where it is."))
    assert state(story) == "inactive"
    assert not Invoice.objects.exists()


def test_only_an_inactive_client_is_welcomed_back(priced: Cast) -> None:
    story = priced
    assert code(welcome_back(actor=story.dan, client_id=story.northwick.id)) == "not_your_role"
    assert code(welcome_back(actor=story.mara, client_id=story.northwick.id)) == "not_found"
    assert code(welcome_back(actor=story.ines, client_id=story.quayside.id)) == "not_inactive"


def test_a_withdrawn_notice_has_no_fee(db_world: World) -> None:
    """R8: who stays pays nothing, and is not returning."""
    people = cast(items=False)
    done(set_price(actor=people.jonah, net=Decimal(2400), currency="EUR", valid_from=today()))
    row = Offboarding.objects.get(client=people.northwick)
    done(withdraw_notice(actor=people.mara, offboarding_id=row.id))
    assert code(welcome_back(actor=people.ines, client_id=people.northwick.id)) == "not_inactive"
    assert (
        code(send_quote(actor=people.ines, client_id=people.northwick.id, offer=an_offer(people)))
        == "not_returning"
    )
    assert state(people) == "active"
    assert not Invoice.objects.exists() and not ReturnQuote.objects.exists()


def test_two_clicks_at_once_make_one_acceptance_and_one_paper(priced: Cast) -> None:
    story, row = priced, quoted(priced)

    def one(_number: int) -> object:
        try:
            return answer_return_quote(actor=story.mara, quote_id=row.id, accept=True, fee=row.fee)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(4)))
    assert sorted("" if not isinstance(one, Refusal) else one.code for one in found) == [
        "",
        *["quote_answered"] * 3,
    ]
    assert Invoice.objects.count() == 1 and OnboardingStep.objects.count() == 8
