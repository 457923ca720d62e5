# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statement as people see it: staff, the client, its CSV, its letters, and what strangers get."""

import csv
import io
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.billing.shipped_copies import VendorQuote, answer_quote, ask_for_copy, record_quote
from partwell.actions.billing.shipped_copies_bill import VendorInvoice, record_vendor_invoice
from partwell.actions.billing.shipped_copies_order import order_copy
from partwell.actions.billing.statement import statement_of
from partwell.actions.hours.requests import ask_for_work
from partwell.records.billing.models import Invoice, Statement
from partwell.records.evidence.models import Entry
from partwell.records.hours.models import Block, WorkRequest
from partwell.rules.hours import WorkClass
from partwell.workers import jobs
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.test_statement import bought, departure, passed_through, record, terms
from tests.support.worlds import World


@pytest.fixture
def story(db_world: World) -> Cast:
    made = cast(signed=True)
    terms(made, "refund")
    bought(made)
    record(made, 30, work_class=WorkClass.GOODWILL, reason="Our own mistake", note="=1+1 looked up again")
    passed_through(made, Decimal("310.50"))
    return made


def page(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


def test_staff_and_client_read_the_same_lines(story: Cast) -> None:
    staff, client = browser_of(story.ines), browser_of(story.mara)
    inside = page(staff, f"/clients/{story.northwick.id}/statement/")
    outside = page(client, "/client/statement/")
    for seen in (inside, outside):
        for words in ("PR-1", "INV-1", "left of 4 h included and 2 h prepaid", "Network diagram", "310.50 EUR",
                      "Handover meeting", "Our own mistake", "KS-9", "0.00 EUR", 'class="pw-chart"', "not used is paid back at closing"):  # fmt: skip
            assert words in seen, words
        assert "style=" not in seen and "<script>" not in seen
    entry = statement_of(story.northwick.id).papers[0].entry  # type: ignore[union-attr]
    assert f'href="/evidence/{entry}/"' in inside and f'href="/client/evidence/{entry}/"' in outside
    page(staff, f"/evidence/{entry}/")
    page(client, f"/client/evidence/{entry}/")
    assert "Credit it now" in inside and "Credit it now" not in outside


def test_every_kind_of_line_leads_to_what_is_behind_it(story: Cast) -> None:
    """Time to its request, its block's paper and who allowed it; a pass-through to its copy, approval, paper and invoice."""
    wish = done(
        ask_for_copy(
            actor=story.mara, client_id=story.northwick.id, what="Photo archive", ship_to="1 Quay Street"
        )
    )
    quote = VendorQuote("Keepsafe", Decimal(120), "EUR", "Its ticket 9", timezone.now().date())
    done(record_quote(actor=story.ines, copy_id=wish.id, quote=quote))
    done(answer_quote(actor=story.mara, copy_id=wish.id, approve=True, net=Decimal(120), currency="EUR"))
    done(order_copy(actor=story.ines, copy_id=wish.id))
    bill = VendorInvoice("KS-10", Decimal(120), "EUR", b"%PDF-1.4 vendor", "ks-10.pdf", "application/pdf")
    row = done(record_vendor_invoice(actor=story.ines, copy_id=wish.id, bill=bill))
    shown = statement_of(story.northwick.id)
    assert shown is not None
    passed = next(one for one in shown.passed if one.row.id == row.id)
    types = dict(Entry.objects.values_list("index", "type"))
    assert (types[passed.entry or 0], types[passed.approval or 0]) == ("copy.billed", "copy.approved")
    inside = page(browser_of(story.ines), f"/clients/{story.northwick.id}/statement/")
    outside = page(browser_of(story.mara), "/client/statement/")
    block = shown.blocks[0].row
    for seen, door, log in ((inside, "staff", "/evidence/"), (outside, "client", "/client/evidence/")):
        ways = [reverse(f"{door}:copy", args=[row.id]), reverse(f"{door}:paper", args=[passed.papers[0].id]),
                reverse(f"{door}:request", args=[block.request_id]), f"{log}{passed.entry}/", f"{log}{passed.approval}/"]  # fmt: skip
        for way in ways:
            assert f'href="{way}"' in seen, way
        paper = reverse(f"{door}:paper", args=[block.invoice_id])
        assert f'(<a class="pw-tap" href="{paper}">PR-1</a>)' in seen, (
            "time drawn from a block leads to its paper"
        )
        assert "120.00 EUR approved by Mara Ellery" in seen
    assert reverse("staff:client_file", args=[story.northwick.id, row.vendor_invoice_id]) in inside
    assert reverse("client:statement_vendor", args=[row.vendor_invoice_id]) in outside
    for seen, browser in ((inside, browser_of(story.ines)), (outside, browser_of(story.mara))):
        main = seen[seen.index("<main") :]
        for way in set(re.findall(r'href="(/[^"#?]*)', main)):
            assert browser.get(way).status_code == 200, way


def test_papers_and_payments_are_paged_and_keep_the_chosen_departure(story: Cast) -> None:
    line = NewLine("Drive", Decimal(1), Decimal(9))
    for _ in range(32):
        done(issue_invoice(actor=story.ines, client_id=story.northwick.id, kind="invoice", lines=[line]))
    chosen = f"departure={departure(story).id}"
    for browser, path in (
        (browser_of(story.ines), f"/clients/{story.northwick.id}/statement/"),
        (browser_of(story.mara), "/client/statement/"),
    ):
        first, second = page(browser, f"{path}?{chosen}"), page(browser, f"{path}?{chosen}&papers=2")
        assert "1 to 30 of 34" in first and "31 to 34 of 34" in second
        assert ">INV-33<" not in first and ">INV-33<" in second and ">INV-2<" not in second
        assert f"?{chosen}&amp;papers=2" in first
        assert page(browser, f"{path}?papers=99&payments=x").count("31 to 34 of 34") == 1


def test_the_vendors_invoice_is_the_clients_to_read_and_nobody_elses(story: Cast) -> None:
    shown = statement_of(story.northwick.id)
    assert shown is not None
    path = reverse("client:statement_vendor", args=[shown.passed[0].row.vendor_invoice_id])
    answer = browser_of(story.tom).get(path)
    assert answer.status_code == 200 and b"".join(answer.streaming_content) == b"%PDF-1.4 vendor"
    page(browser_of(story.leo), path, 404)
    other = reverse("client:statement_vendor", args=[story.items["diagram"].document_id])
    page(browser_of(story.mara), other, 404)


def test_the_csv_holds_every_line_and_its_sums_agree(story: Cast) -> None:
    answer = browser_of(story.mara).get("/client/statement/csv/")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    of = {row["section"] for row in rows}
    assert of >= {
        "time",
        "bought",
        "request",
        "invoice",
        "payment",
        "passed through",
        "sum of hours",
        "sum of money",
    }
    assert sum(int(row["minutes_accounted"]) for row in rows if row["section"] == "time") == 240 + 60 + 30
    asked = sum(Decimal(row["gross"]) for row in rows if row["section"] in ("request", "invoice"))
    (said,) = (row for row in rows if row["what"] == "Asked")
    assert Decimal(said["gross"]) == asked
    assert all(row["entry_of_the_log"] for row in rows if not row["section"].startswith("sum"))
    assert "'=1+1 looked up again" in text


def test_a_letter_is_made_and_read_and_settling_is_one_click(story: Cast) -> None:
    staff, client = browser_of(story.ines), browser_of(story.mara)
    path = f"/clients/{story.northwick.id}/statement/"
    assert staff.post(f"{path}make/").status_code == 302
    while jobs.run_one():
        pass
    row = Statement.objects.get()
    letter = reverse("client:statement_letter", args=[row.id])
    assert letter in page(client, "/client/statement/") and letter in page(client, "/client/letters/")
    assert b"".join(client.get(letter).streaming_content).startswith(b"%PDF")
    assert staff.get(f"{path}{row.id}/letter/").status_code == 200
    page(browser_of(story.leo), letter, 404)
    page(staff, f"/clients/{story.quayside.id}/statement/{row.id}/letter/", 404)
    from partwell.actions.hours.requests import finish_request

    if (asked := WorkRequest.objects.get()).state == "approved":
        done(finish_request(actor=story.dan, request_id=asked.id))
    assert staff.post(f"/offboardings/{departure(story).id}/settle/").status_code == 302
    assert Block.objects.get().settled_at is not None
    seen = page(staff, path)
    assert "must go back to the client" in seen and "CN-1" in seen
    assert "Credit it now" not in seen
    closing = page(staff, f"/offboardings/{departure(story).id}/closing/")
    assert "must go back to the client" in closing and "INV-1: 369.50 EUR" in closing


def test_who_may_and_who_may_not(story: Cast) -> None:
    path = f"/clients/{story.northwick.id}/statement/"
    page(browser_of(story.kerstin), path)
    page(browser_of(story.dan), path, 409)
    page(browser_of(story.leo), f"/client/statement/?departure={departure(story).id}", 404)
    assert "PR-1" not in page(browser_of(story.leo), "/client/statement/")
    page(browser_of(story.ines), f"{path}?departure=nonsense", 404)
    page(browser_of(story.ines), "/clients/nonsense/statement/", 404)
    assert browser_of(story.kerstin).post(f"{path}make/").status_code == 409
    assert Invoice.objects.count() == 2


def test_an_open_request_is_promised_and_named(story: Cast) -> None:
    row = done(ask_for_work(actor=story.theo, offboarding_id=departure(story).id, title="Another <b>one</b>"))
    WorkRequest.objects.get(pk=row.id)
    assert "<b>one</b>" not in page(browser_of(story.ines), f"/clients/{story.northwick.id}/statement/")
