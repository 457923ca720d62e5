# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7: Mara asks for her cloud backup on a drive; she approves exactly what the vendor asks, and pays its net."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.issue import cancel_invoice
from partwell.actions.billing.shipped_copies import (
    VendorQuote,
    answer_not_shipped,
    answer_quote,
    ask_for_copy,
    record_quote,
)
from partwell.actions.billing.shipped_copies_bill import (
    VendorInvoice,
    answer_difference,
    billed_words,
    lines_of,
    record_vendor_invoice,
    settling_of,
)
from partwell.actions.billing.shipped_copies_order import (
    confirm_arrival,
    order_copy,
    record_key_way,
    record_shipment,
)
from partwell.actions.billing.statement import statement_of
from partwell.actions.clients.add_backup_set import add_backup_set
from partwell.records.billing.models import Invoice, InvoiceLine, ShippedCopy
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry, RefusalTally
from partwell.records.offboardings.models import Offboarding
from partwell.rules.copies import Settling, Shipment
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases
PDF = b"%PDF-1.4 the vendor's paper"


@pytest.fixture
def story(db_world: World) -> Cast:
    people = cast(items=False)
    with Deed(people.ines) as deed:
        client = deed.lock(people.northwick.id)
        deed.save(client, address="1 Quay Street\nNorthwick")
        deed.record("client.changed", subjects=[client.id], public={"what": "address"})
    return people


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def today() -> date:
    return timezone.now().date()


def asked(story: Cast) -> ShippedCopy:
    kept = done(
        add_backup_set(
            actor=story.ines,
            client_id=story.northwick.id,
            name="Nightly cloud set",
            location="Frankfurt",
            vendor="Cloudkeep",
        )
    )
    return done(ask_for_copy(actor=story.mara, client_id=story.northwick.id, backup_set_id=kept.id))


def a_quote(net: str = "480.00", currency: str = "EUR", **more: Any) -> VendorQuote:
    yesterday = today() - timedelta(days=1)
    return VendorQuote(
        "Cloudkeep", Decimal(net), currency, "Ticket 8812 of its support", yesterday, PDF, "quote.pdf", **more
    )


def ordered(story: Cast, net: str = "480.00", currency: str = "EUR") -> ShippedCopy:
    row = asked(story)
    done(record_quote(actor=story.ines, copy_id=row.id, quote=a_quote(net, currency)))
    done(answer_quote(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(net), currency=currency))
    return done(order_copy(actor=story.ines, copy_id=row.id))


def a_bill(net: str = "480.00", currency: str = "EUR", number: str = "CK-77", **more: Any) -> VendorInvoice:
    return VendorInvoice(number, Decimal(net), currency, PDF, "invoice.pdf", "application/pdf", **more)


def fresh(row: ShippedCopy) -> ShippedCopy:
    return ShippedCopy.objects.get(pk=row.pk)


def test_from_the_wish_to_the_drive_on_the_desk(story: Cast) -> None:
    row = asked(story)
    assert (row.what, row.vendor, row.ship_to) == (
        "Nightly cloud set",
        "Cloudkeep",
        "1 Quay Street\nNorthwick",
    )
    assert code(order_copy(actor=story.ines, copy_id=row.id)) == "copy_step"
    wish = Envelope.objects.get(kind="copy_asked")  # to the client, and to the office
    assert {one["role"] for one in wish.recipients} >= {
        "client",
        "msp",
    } and f"/copies/{row.id}/" in wish.text
    departing = reverse("staff:offboarding", args=[row.offboarding_id])
    assert (
        "Have a copy of Nightly cloud set quoted." in browser_of(story.ines).get(departing).content.decode()
    )
    done(record_quote(actor=story.ines, copy_id=row.id, quote=a_quote()))
    assert Envelope.objects.get(kind="copy_quoted").client_contact_id == story.mara.id
    # Exactly the amount, in its currency, or nothing.
    for net, currency in (("479.99", "EUR"), ("480.00", "USD"), (None, "EUR")):
        given = Decimal(net) if net else None
        wrong = answer_quote(actor=story.mara, copy_id=row.id, approve=True, net=given, currency=currency)
        assert code(wrong) == "quote_not_approved"
    for actor, expected in ((story.tom, "not_your_role"), (story.leo, "not_found"), (story.ines, "not_found"),
                            (story.theo, "not_found")):  # fmt: skip
        right = answer_quote(actor=actor, copy_id=row.id, approve=True, net=Decimal("480.00"), currency="EUR")
        assert code(right) == expected
    done(answer_quote(actor=story.mara, copy_id=row.id, approve=True, net=Decimal("480.00"), currency="EUR"))
    assert code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill())) == "copy_step"
    assert "480.00 EUR" in Envelope.objects.get(kind="copy_approved").text
    assert "Order the copy of Nightly cloud set." in browser_of(story.ines).get(departing).content.decode()
    done(order_copy(actor=story.ines, copy_id=row.id))
    # Encrypted, with carrier and serial, and the key never with it.
    for problem, shipment in (
        ("copy_not_encrypted", Shipment("Parcel Co", "WD-1", "", today())),
        ("copy_shipment_incomplete", Shipment("Parcel Co", "", "AES-256", today())),
        ("copy_shipped_in_future", Shipment("Parcel Co", "WD-1", "AES-256", today() + timedelta(days=3))),
    ):
        assert code(record_shipment(actor=story.dan, copy_id=row.id, shipment=shipment)) == problem
    sent = Shipment("Parcel Co", "WD-4711", "AES-256, hardware", today() - timedelta(days=1), "1Z999")
    done(record_shipment(actor=story.dan, copy_id=row.id, shipment=sent))
    assert code(record_key_way(actor=story.dan, copy_id=row.id, way="hunter2", day=today())) == "copy_key_way"
    done(record_key_way(actor=story.dan, copy_id=row.id, way="call", day=today() - timedelta(days=1)))
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill()))
    assert code(confirm_arrival(actor=story.tom, copy_id=row.id)) == "not_your_role"
    done(confirm_arrival(actor=story.mara, copy_id=row.id, words="Serial is right."))
    paper = Invoice.objects.get(client=story.northwick)
    line = paper.lines.get()
    assert (line.net, line.line_class, line.source_kind) == (Decimal(480), "pass_through", "copy")
    assert (fresh(row).state, settling_of(fresh(row))) == ("arrived", Settling.SETTLED)
    told = list(
        Entry.objects.filter(type__startswith="copy.").order_by("index").values_list("type", flat=True)
    )
    assert told == ["copy.asked", "copy.quoted", "copy.approved", "copy.ordered", "copy.shipped",
                    "copy.key_handed_over", "copy.billed", "copy.arrived"]  # fmt: skip
    assert RefusalTally.objects.filter(code="quote_not_approved").exists()


def test_this_vendor_does_not_ship(story: Cast) -> None:
    row = asked(story)
    assert code(
        answer_not_shipped(actor=story.ines, copy_id=row.id, vendor="Cloudkeep", alternatives=" ")
    ) == ("copy_without_alternatives")
    assert (
        code(answer_not_shipped(actor=story.dan, copy_id=row.id, vendor="C", alternatives="x"))
        == "not_your_role"
    )
    done(
        answer_not_shipped(
            actor=story.ines,
            copy_id=row.id,
            vendor="Cloudkeep",
            alternatives="A download link\nYour own drive here",
        )
    )
    mail = Envelope.objects.get(kind="copy_not_shipped")
    assert "A download link" in mail.text and "Cloudkeep does not ship" in mail.subject
    done(record_quote(actor=story.ines, copy_id=row.id, quote=a_quote("90.00")))
    assert fresh(row).state == "quoted"


def test_a_new_quote_takes_the_place_of_an_approval(story: Cast) -> None:
    row = asked(story)
    done(record_quote(actor=story.ines, copy_id=row.id, quote=a_quote()))
    done(answer_quote(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(480), currency="EUR"))
    done(record_quote(actor=story.ines, copy_id=row.id, quote=a_quote("520.00")))
    assert code(order_copy(actor=story.ines, copy_id=row.id)) == "copy_step"
    done(answer_quote(actor=story.mara, copy_id=row.id, approve=False, words="Too much."))
    assert code(order_copy(actor=story.ines, copy_id=row.id)) == "copy_step"
    assert not Invoice.objects.exists()


def test_less_than_approved_is_billed_as_the_vendor_billed_it(story: Cast) -> None:
    row = ordered(story)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill("455.10")))
    assert Invoice.objects.get().net == Decimal("455.10")


def test_more_than_approved_is_asked_for_again(story: Cast) -> None:
    row = ordered(story)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill("510.00")))
    assert not Invoice.objects.exists()
    assert settling_of(fresh(row)) is Settling.ASKED
    assert Envelope.objects.filter(kind="copy_difference").count() == 1
    stale = answer_difference(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(500))
    assert code(stale) == "quote_not_approved"
    assert code(answer_difference(actor=story.tom, copy_id=row.id, approve=True)) == "not_your_role"
    done(answer_difference(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(510)))
    assert Invoice.objects.get().net == Decimal(510)
    assert (
        code(answer_difference(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(510)))
        == "copy_settled"
    )


def test_what_the_client_did_not_approve_the_provider_bears(story: Cast) -> None:
    row = ordered(story)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill("510.00")))
    done(answer_difference(actor=story.mara, copy_id=row.id, approve=False, words="480 was said."))
    paper = Invoice.objects.get()
    assert [line.net for line in paper.lines.all()] == [Decimal(510), Decimal(-30)]
    assert (paper.net, lines_of(row.id), settling_of(fresh(row))) == (480, 510, Settling.SETTLED)


def test_a_corrected_invoice_of_the_vendor_is_credited(story: Cast) -> None:
    row = ordered(story)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill()))
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill("430.00", number="CK-77b")))
    credit = Invoice.objects.get(kind="credit_note")
    assert (credit.net, lines_of(row.id)) == (Decimal(-50), Decimal(430))
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill("490.00", number="CK-77c")))
    assert settling_of(fresh(row)) is Settling.ASKED
    done(answer_difference(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(490)))
    assert (lines_of(row.id), settling_of(fresh(row))) == (490, Settling.SETTLED)


def test_a_cancelled_paper_leaves_the_copy_to_be_billed_again(story: Cast) -> None:
    row = ordered(story)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill()))
    done(cancel_invoice(actor=story.ines, invoice_id=Invoice.objects.get().id, reason="Wrong address"))
    assert (lines_of(row.id), settling_of(fresh(row))) == (0, Settling.TO_BILL)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill()))
    assert (lines_of(row.id), settling_of(fresh(row))) == (480, Settling.SETTLED)


def test_another_currency_has_a_dated_rate_with_its_source(story: Cast) -> None:
    row = ordered(story, "500.00", "USD")
    assert (
        code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill("500.00", "USD")))
        == "rate_undated"
    )
    late = a_bill(
        "500.00", "USD", rate=Decimal("0.92"), rate_day=today() + timedelta(days=2), rate_source="ECB"
    )
    assert code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=late)) == "rate_undated"
    other = a_bill("460.00", "EUR")
    assert code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=other)) == "copy_other_currency"
    undated = a_bill("460.00", "EUR", quote_rate=Decimal("1.09"), rate_source="ECB")
    assert (
        code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=undated)) == "copy_other_currency"
    )
    good = a_bill(
        "500.00",
        "USD",
        rate=Decimal("0.91234"),
        rate_day=today() - timedelta(days=1),
        rate_source="ECB reference rate",
    )
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=good))
    line = InvoiceLine.objects.get()
    assert (line.net, line.invoice.currency) == (Decimal("456.17"), "EUR")
    assert "0.91234" in line.text and "ECB" in line.text


ECB: dict[str, Any] = {"rate_day": date(2026, 11, 20), "rate_source": "ECB reference rate"}


def test_an_invoice_in_another_currency_than_its_quote_is_compared_at_a_dated_rate(story: Cast) -> None:
    """Quoted in dollars, billed in the client's euros: the line is the vendor's net, no rate moves it."""
    row = ordered(story, "500.00", "USD")
    bill = a_bill("455.00", "EUR", quote_rate=Decimal("1.0989"), **ECB)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=bill))
    line, told = InvoiceLine.objects.get(), fresh(row)
    assert (line.net, line.invoice.currency, settling_of(told)) == (455, "EUR", Settling.SETTLED)
    assert (told.rate, told.quote_rate, told.rate_day) == (None, Decimal("1.0989"), ECB["rate_day"])
    assert billed_words(told) == "455.00 EUR (500.00 USD at 1.0989 of 20 November 2026, ECB reference rate)"


def test_above_the_approval_in_another_currency_the_client_is_asked_in_the_quotes(story: Cast) -> None:
    row = ordered(story, "500.00", "USD")
    bill = a_bill("480.00", "EUR", quote_rate=Decimal("1.1"), **ECB)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=bill))
    assert not Invoice.objects.exists() and settling_of(fresh(row)) is Settling.ASKED
    mail = Envelope.objects.get(kind="copy_difference")
    assert "528.00 USD" in mail.text and "28.00 USD" in mail.text and "ECB reference rate" in mail.text
    assert code(answer_difference(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(528))) == "quote_not_approved"  # fmt: skip
    done(answer_difference(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(480)))
    assert (fresh(row).approved_net, Invoice.objects.get().net) == (528, 480)
    assert settling_of(fresh(row)) is Settling.SETTLED


def test_three_currencies_and_a_difference_that_the_provider_bears(story: Cast) -> None:
    """Quoted in dollars, billed in pounds, paid in euros; both rates of one day and one source."""
    row = ordered(story, "500.00", "USD")
    short = a_bill("420.00", "GBP", quote_rate=Decimal("1.25"), **ECB)
    assert code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=short)) == "rate_undated"
    bill = a_bill("420.00", "GBP", rate=Decimal("1.15"), quote_rate=Decimal("1.25"), bear=True, **ECB)
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=bill))
    paper = Invoice.objects.get()
    assert [line.net for line in paper.lines.all()] == [
        Decimal(483),
        Decimal(-23),
    ]  # 420 × 1.15; 500 ÷ 1.25 × 1.15
    assert settling_of(fresh(row)) is Settling.SETTLED
    assert "at 1.15 of 20 November 2026 (ECB reference rate)" in paper.lines.all()[0].text
    shown = statement_of(story.northwick.id)
    assert shown is not None and shown.passed_sums == (("EUR", Decimal(460)),)
    assert (shown.passed[0].sums.borne, shown.passed[0].sums.markup) == (23, 0)


def test_one_rate_is_enough_where_the_quote_was_in_the_clients_currency(story: Cast) -> None:
    row = ordered(story, "480.00", "EUR")
    plain = a_bill("500.00", "USD")
    assert code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=plain)) == "copy_other_currency"
    late = a_bill(
        "500.00", "USD", rate=Decimal("0.9"), rate_day=today() + timedelta(days=2), rate_source="ECB"
    )
    assert code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=late)) == "rate_undated"
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill("500.00", "USD", rate=Decimal("0.9"), **ECB)))  # fmt: skip
    told = fresh(row)
    assert (InvoiceLine.objects.get().net, told.rate, told.quote_rate) == (
        450,
        Decimal("0.9"),
        Decimal("0.9"),
    )


def test_the_vendors_invoice_is_the_proof(story: Cast) -> None:
    row = ordered(story)
    for bill in (a_bill(number=" "), VendorInvoice("CK-1", Decimal(480), "EUR")):
        assert (
            code(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=bill)) == "vendor_proof_missing"
        )
    assert code(record_vendor_invoice(actor=story.dan, copy_id=row.id, bill=a_bill())) == "not_your_role"
    assert code(record_vendor_invoice(actor=story.mara, copy_id=row.id, bill=a_bill())) == "not_found"


def test_who_may_ask_and_for_what(story: Cast) -> None:
    client = story.northwick.id
    assert code(ask_for_copy(actor=story.leo, client_id=client, what="All")) == "not_found"
    assert code(ask_for_copy(actor=story.tom, client_id=client, what="All")) == "not_your_role"
    assert code(ask_for_copy(actor=story.theo, client_id=client, what="All")) == "not_found"
    assert code(ask_for_copy(actor=story.mara, client_id=client, what=" ")) == "copy_of_what"
    assert code(ask_for_copy(actor=story.ines, client_id=client, what="All")) == "copy_for_whom"
    foreign = ask_for_copy(actor=story.ines, client_id=client, what="All", asked_by_id=story.leo.id)
    assert code(foreign) == "copy_for_whom"
    row = done(ask_for_copy(actor=story.ines, client_id=client, what="All", asked_by_id=story.tom.id))
    assert row.asked_by_id == story.tom.id
    assert (
        code(ask_for_copy(actor=story.leo, client_id=story.quayside.id, what="All")) == "copy_without_address"
    )
    bad = VendorQuote("Cloudkeep", Decimal("1.005"), "EUR", "Mail", today() - timedelta(days=1))
    assert code(record_quote(actor=story.ines, copy_id=row.id, quote=bad)) == "amount_not_payable"
    tomorrow = VendorQuote("Cloudkeep", Decimal(1), "EUR", "Mail", today() + timedelta(days=2))
    assert code(record_quote(actor=story.ines, copy_id=row.id, quote=tomorrow)) == "quote_without_source"


def test_a_client_who_has_left_still_gets_its_copy(story: Cast) -> None:
    with Deed(story.ines) as deed:
        client = deed.lock(story.northwick.id)
        deed.save(Offboarding.objects.get(client=client), state="closed", closed_at=deed.now)
        deed.save(client, state="inactive")
        deed.record("client.became", subjects=[client.id], public={"state": "inactive"})
    row = done(ask_for_copy(actor=story.mara, client_id=story.northwick.id, what="Mail archive"))
    done(record_quote(actor=story.ines, copy_id=row.id, quote=a_quote()))
    done(answer_quote(actor=story.mara, copy_id=row.id, approve=True, net=Decimal(480), currency="EUR"))
    done(order_copy(actor=story.ines, copy_id=row.id))
    done(record_vendor_invoice(actor=story.ines, copy_id=row.id, bill=a_bill()))
    assert Invoice.objects.get().net == Decimal(480)
