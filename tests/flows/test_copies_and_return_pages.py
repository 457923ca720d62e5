# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7 and R9 from the screens: Mara and the staff ship a copy, bring Northwick back, and look at what changed in between."""

import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.prices import set_price
from partwell.actions.estate.add_item import add_item
from partwell.records.billing.models import Invoice, OnboardingStep, ReturnQuote, ShippedCopy
from partwell.records.clients.models import Client
from partwell.records.estate.difference import difference_page
from partwell.records.estate.models import Import, Item
from partwell.rules.difference import Kind, Thing, compare
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.estate_cast import confirmed, staged
from tests.flows.test_returning import departed, today
from tests.support.worlds import World

DAY = "%Y-%m-%d"


def pdf(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"%PDF-1.4 vendor", "application/pdf")


def said(browser: Browser, url: str, data: dict[str, Any] | None = None, status: int = 200) -> str:
    answer = browser.post(url, data, follow=True) if data is not None else browser.get(url, follow=True)
    assert answer.status_code == status, (url, answer.status_code, answer.content.decode()[-3000:])
    return " ".join(answer.content.decode().split())


@pytest.mark.both_databases
def test_a_copy_from_the_screens(db_world: World) -> None:
    people = cast(items=False)
    mara, ines, dan, tom = (browser_of(one) for one in (people.mara, people.ines, people.dan, people.tom))
    assert "Where the drive shall go" in said(mara, "/client/copies/")
    assert "Ask for it" not in said(tom, "/client/copies/")
    said(mara, "/client/copies/ask/", {"what": "", "ship_to": "1 Quay Street"}, 422)
    said(
        mara,
        "/client/copies/ask/",
        {"what": "Mail archive", "ship_to": "1 Quay Street", "words": "Soon, please"},
    )
    row = ShippedCopy.objects.get()
    page = reverse("staff:copy", args=[row.id])
    assert "Mail archive" in said(ines, reverse("staff:copies", args=[people.northwick.id]))
    wrong = {
        "vendor": "Cloudkeep",
        "net": "480.001",
        "currency": "eur",
        "source": "Mail",
        "day": today().strftime(DAY),
    }
    assert "no amount in EUR" in said(ines, f"{page}quote/", wrong, 422)
    text = said(ines, f"{page}quote/", {**wrong, "net": "480.00", "file": pdf("quote.pdf")})
    assert "exactly this amount" in text
    home = said(mara, "/client/")
    assert "what the vendor asks" in home
    here = f"/client/copies/{row.id}/"
    text = said(mara, here)
    assert "Approve exactly this" in text and "480.00" in text
    assert mara.get(f"{here}file/quote/").status_code == 200
    assert "has not approved" in said(
        mara, f"{here}answer/", {"do": "approve", "net": "1", "currency": "EUR"}, 409
    )
    said(mara, f"{here}answer/", {"do": "approve", "net": "480.000", "currency": "EUR"})
    said(ines, f"{page}order/", {})
    ship = {
        "carrier": "Parcel Co",
        "drive_serial": "WD-1",
        "encryption": "AES-256",
        "shipped_on": today().strftime(DAY),
    }
    said(dan, f"{page}ship/", ship)
    said(dan, f"{page}key/", {"way": "call", "day": today().strftime(DAY)})
    bill = {"number": "CK-1", "net": "500", "currency": "EUR", "file": pdf("invoice.pdf")}
    assert "asked again" in said(ines, f"{page}invoice/", bill)
    text = said(mara, here)
    assert "more than was quoted" in text and "It has arrived" in text
    said(mara, f"{here}difference/", {"do": "approve", "net": "500.000"})
    said(mara, f"{here}arrived/", {"words": "It is there."})
    assert Invoice.objects.get().net == Decimal(500)
    text = said(mara, here)
    assert "INV-1" in text and "Arrived" in text
    assert "what the vendor asks" not in said(mara, "/client/")
    leo = browser_of(people.leo)
    assert leo.get(here).status_code == 404 and leo.get(f"{here}file/invoice/").status_code == 404
    assert "Passed on" in said(ines, page)


@pytest.mark.both_databases
def test_the_return_from_the_screens(db_world: World) -> None:
    people = cast(items=False)
    departed(people)
    jonah, ines, dan, mara = (browser_of(one) for one in (people.jonah, people.ines, people.dan, people.mara))
    client = people.northwick.id
    page = reverse("staff:returning", args=[client])
    assert "Welcome back" in said(ines, reverse("staff:client", args=[client]))
    assert "Saturdays" in said(ines, page)
    said(ines, f"{page}welcome/", {"words": "Mara rang."})
    assert "no onboarding fee" in said(ines, f"{page}quote/", status=409)
    price = {"net": "2400", "currency": "EUR", "valid_from": today().strftime(DAY)}
    assert "on the list" in said(jonah, "/settings/prices/", price)
    assert "on the list already" in said(jonah, "/settings/prices/", price, 422)
    form = said(ines, f"{page}quote/")
    assert "2,400" in form or "2400" in form
    until = (today() + timedelta(days=20)).strftime(DAY)
    ids = [part.partition('"')[0] for part in form.split('name="answer_')[1:]]
    answers = {f"answer_{one}": "We changed it." for one in ids}
    assert "has no answer yet" in said(
        ines, f"{page}quote/", {"valid_until": until, **answers, f"answer_{ids[0]}": ""}, 422
    )
    lower = {"valid_until": until, **answers, "fee": "100", "exception": "All systems are still in place"}
    assert "no reason to lower" in said(jonah, f"{page}quote/", lower, 422)
    said(ines, f"{page}quote/", {"valid_until": until, **answers, "welcome": "Hello again."})
    quote = ReturnQuote.objects.get()
    assert "our quote waits for your word" in said(mara, "/client/")
    here = f"/client/return/{quote.id}/"
    text = said(mara, here)
    assert "We changed it." in text and "No second factor" in text and "Accept, and come back" in text
    assert "Accept, and come back" not in said(browser_of(people.tom), here)
    assert browser_of(people.leo).get(here).status_code == 404
    said(mara, f"{here}answer/", {"do": "accept", "fee": "2400.000"})
    assert Client.objects.get(pk=client).state == "active"
    text = said(dan, page)
    assert "The new beginning" in text
    step = OnboardingStep.objects.order_by("position")[0]
    assert "1 of 8 done" in said(dan, f"/onboarding/{step.id}/", {"do": "done"})
    assert "Coming back" in said(ines, reverse("staff:client", args=[client]))
    assert "INV-1" in said(mara, here)


CSV = (
    b"Asset Tag,Serial,Asset Name,Location\n"
    b"A-1,S1,Edge router,Berlin\n"
    b"A-2,S2,Core switch,Hamburg\n"
    b"A-3,S3,New printer,Berlin\n"
)


@pytest.mark.both_databases
def test_the_old_estate_against_a_new_import(db_world: World) -> None:
    people = cast(items=False)
    client = people.northwick
    old = (
        CSV.replace(b"Core switch,Hamburg", b"Core switch 24p,Hamburg")
        .replace(b"New printer", b"Old scanner")
        .replace(b"S3", b"S9")
    )
    first = confirmed(people.dan, staged(people.dan, client, ("old.csv", old)))
    new = staged(people.dan, client, ("new.csv", CSV))
    dan = browser_of(people.dan)
    url = reverse("staff:difference", args=[client.id])
    batch = Import.objects.get(pk=new.id)
    counts = difference_page(batch, Kind.ADDED, 0, 50).counts
    assert (counts["added"], counts["gone"], counts["changed"] + counts["same"]) == (1, 1, 2)
    assert "New printer" in said(dan, f"{url}?import={new.id}&kind=added")
    assert "Old scanner" in said(dan, f"{url}?import={new.id}&kind=gone")
    text = said(dan, f"{url}?import={new.id}&kind=changed")
    assert "Core switch 24p" in text
    confirmed(people.dan, new)
    after = difference_page(Import.objects.get(pk=new.id), Kind.ADDED, 0, 50).counts
    assert after == counts
    assert first.id != new.id and said(dan, f"{url}?import=nonsense&kind=x&page=99999999999")


def test_the_difference_has_a_fixed_number_of_queries(db_world: World) -> None:
    people = cast(items=False)

    def grow(count: int) -> None:
        with Deed(people.dan) as deed:
            deed.lock(people.northwick.id)
            rows = [
                Item(
                    client=people.northwick,
                    title=f"Thing {n}",
                    category="hardware",
                    kind="hardware",
                    added_at=deed.now,
                    handover={"serial": f"X{n}"},
                )
                for n in range(count)
            ]
            deed.add_many(Item, rows)
            deed.record(
                "client.changed", client=people.northwick.id, public={"client": "Northwick", "what": "things"}
            )

    from django.db import connection

    grow(5)
    new = staged(people.dan, people.northwick, ("new.csv", CSV))
    batch = Import.objects.get(pk=new.id)
    with CaptureQueriesContext(connection) as few:
        difference_page(batch, Kind.GONE, 0, 50)
    with Deed(people.dan) as deed:
        deed.lock(people.northwick.id)
        deed.save(batch, started_at=timezone.now() + timedelta(minutes=1))
        deed.record(
            "client.changed", client=people.northwick.id, public={"client": "Northwick", "what": "it"}
        )
    grow(3000)
    with CaptureQueriesContext(connection) as many:
        page = difference_page(batch, Kind.GONE, 100, 50)
    assert len(few) == len(many) <= 6
    assert page.counts["gone"] == 3005 and len(page.rows) == 50


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ((), ("a S1",), ["added a"]),
        (("a S1",), (), ["gone a"]),
        (("a S1",), ("A s1",), ["same A"]),
        (("a S1",), ("b S1",), ["changed b"]),
        (("a S1",), ("a S2",), ["added a", "gone a"]),
        (("a",), ("a S2",), ["same a"]),
        (("a S1",), ("a",), ["same a"]),
        (("a S1", "a S2"), ("a", "a S1"), ["same a", "same a"]),
        (("a", "a"), ("a",), ["same a", "gone a"]),
    ],
)
def test_two_things_are_one_by_serial_else_by_title(
    old: tuple[str, ...], new: tuple[str, ...], expected: list[str]
) -> None:
    def things(side: str, rows: tuple[str, ...]) -> list[Thing]:
        return [Thing(f"{side}{n}", row.split()[0], *row.split()[1:2]) for n, row in enumerate(rows)]

    found = list(compare(things("o", old), lambda: things("n", new)))
    assert [f"{one.kind} {one.title}" for one in found] == expected


def test_what_only_one_side_tells_is_no_change() -> None:
    old = [Thing("o", "a", "S1", "", (("Site", "Berlin"), ("RAM", "8")))]
    new = [Thing("n", "a", "S1", "", (("site", "Hamburg"), ("CPU", "4")))]
    (found,) = compare(old, lambda: new)
    assert found.fields == (("site", "Berlin", "Hamburg"),)
    (same,) = compare([Thing("o", "a", "", "f1")], list, {"f1": "A"})
    assert same.kind is Kind.SAME
    (named,) = compare([Thing("o", "a", "", "f1")], list, {"f1": "b"})
    assert (named.kind, named.fields) == (Kind.CHANGED, (("Title", "a", "b"),))


def test_a_file_of_another_client_stays_unseen(db_world: World) -> None:
    people: Cast = cast(items=False)
    done(set_price(actor=people.jonah, net=Decimal(1), currency="EUR", valid_from=today()))
    done(
        add_item(
            actor=people.dan, client_id=people.quayside.id, title="Theirs", category="other", kind="document"
        )
    )
    new = staged(people.dan, people.northwick, ("new.csv", CSV))
    assert (
        "Theirs"
        not in io.StringIO(str(difference_page(Import.objects.get(pk=new.id), Kind.GONE, 0, 50))).read()
    )
