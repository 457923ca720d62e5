# SPDX-License-Identifier: AGPL-3.0-or-later
"""R2: no message to a provider leaves without the client."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from partwell.rules.loop import (
    ContactFacts,
    EnvelopeFacts,
    Reach,
    StandIn,
    address_problem,
    in_the_loop,
    recipients_ok,
    stand_in,
)

CONTACT = ContactFacts("c1", "k1", "ida@private.example")
GOOD = EnvelopeFacts("k1", CONTACT, ("jo@northwind.example",), ("ana@msp.example",),
                     headers=(("Subject", "Site diagram"),))  # fmt: skip


def test_the_plain_case_passes():
    assert recipients_ok(GOOD) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_contact": None}, "provider_without_client"),
        ({"client_contact": None, "provider_addresses": ()}, "no_working_client_address"),
        ({"client_id": "k2"}, "contact_of_other_client"),
        ({"client_contact": replace(CONTACT, works=False)}, "no_working_client_address"),
        ({"client_contact": replace(CONTACT, address="")}, "no_working_client_address"),
        ({"client_contact": replace(CONTACT, address="JO@Northwind.example")}, "same_address"),
        ({"client_contact": replace(CONTACT, address="jo+client@northwind.example")}, "same_address"),
        ({"client_contact": replace(CONTACT, address="ana@msp.example")}, "same_address"),
        (
            {"client_contact": replace(CONTACT, address="ida@private.example\nBcc: x@y.example")},
            "header_injection",
        ),
        ({"bcc": ("x@y.example",)}, "bcc_forbidden"),
        ({"headers": (("Bcc", "x@y.example"),)}, "bcc_forbidden"),
        ({"headers": (("Subject", "a\r\nTo: x@y.example"),)}, "header_injection"),
        ({"headers": (("Subject", "a\u2028b"),)}, "header_injection"),
        ({"headers": (("Sub ject", "a"),)}, "header_injection"),
        ({"provider_addresses": ("jo",)}, "address_invalid"),
        ({"provider_addresses": ("jo@northwind.example", "a@b.example, c@d.example")}, "address_invalid"),
        ({"staff_addresses": ("ana@msp.example\0",)}, "header_injection"),
    ],
)
def test_what_is_wrong_is_named(changes, code):
    refusal = recipients_ok(replace(GOOD, **changes))
    assert refusal is not None
    assert refusal.code == code


@pytest.mark.parametrize("address", ["a@b.example", "first.last+tag@sub.b-c.example", "o'hara@x.example"])
def test_good_addresses(address):
    assert address_problem(address, "It") is None


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@", "@b.example", "a@b", "a b@c.example", "a@b..example", ".a@b.example", "a.@b.example",
     "a@-b.example", "a@b-.example", "<a@b.example>", "a@[127.0.0.1]", '"a b"@c.example', "a@b@c.example"],
)  # fmt: skip
def test_bad_addresses(address):
    refusal = address_problem(address, "It")
    assert refusal is not None
    assert refusal.code == "address_invalid"


def reach(name, *, signs=False, outside=False, day=1, first="ok", second=""):
    """A contact of two addresses; each "ok", "back" (it bounces) or "" (there is none)."""
    at = f"{name.lower()}@k.example" if first else ""
    home = f"{name.lower()}@home.example" if second else ""
    return Reach(
        name,
        name,
        signs,
        outside,
        datetime(2026, 1, day, tzinfo=UTC),
        at,
        first != "back",
        home,
        second != "back",
    )


MARA, TOM, EVA = (
    reach("Mara", signs=True, day=2, second="ok"),
    reach("Tom", outside=True, day=3),
    reach("Eva", day=1),
)
BACK = {"first_works": False}
GONE = {"first_works": False, "second_works": False}


@pytest.mark.parametrize(
    ("mara", "tom", "eva", "order", "instead"),
    [
        # The signatory, whoever is outside the migrating domain, then who was there first.
        ({}, {}, {}, "Mara@k Tom@k Eva@k", None),
        # The same person keeps the same rights: their own second address comes before anybody else's first.
        (BACK, {}, {}, "Mara@home Tom@k Eva@k", ("Mara", "mara@home.example", True, True)),
        (BACK, BACK, BACK, "Mara@home", ("Mara", "mara@home.example", True, True)),
        # Only then another contact.
        (GONE, {}, {}, "Tom@k Eva@k", ("Tom", "tom@k.example", False, False)),
        (GONE, BACK, {}, "Eva@k", ("Eva", "eva@k.example", False, False)),
        (GONE, {}, BACK, "Tom@k", ("Tom", "tom@k.example", False, False)),
        (GONE, {"second": "t@home.example", **BACK}, {}, "Tom@home Eva@k", ("Tom", "t@home.example", False, False)),
        # Nobody: what goes to a new provider waits.
        (GONE, BACK, BACK, "", ("", "", False, False)),
        # What ails the others changes nothing for the first.
        ({}, BACK, BACK, "Mara@k", None),
        ({"second_works": False}, {}, {}, "Mara@k Tom@k Eva@k", None),
        # Without a signatory the first of the others counts as the one whom messages are for.
        ({"signatory": False}, {}, {}, "Tom@k Eva@k Mara@k", None),
        ({"signatory": False}, BACK, {}, "Eva@k Mara@k", ("Eva", "eva@k.example", False, False)),
    ],
)  # fmt: skip
def test_a_bounce_moves_nobody_whose_other_address_works(mara, tom, eva, order, instead):
    people = [replace(EVA, **eva), replace(TOM, **tom), replace(MARA, **mara)]
    found = " ".join(
        f"{one.name}@{one.at.partition('@')[2].partition('.')[0]}" for one in in_the_loop(people)
    )
    assert found == order
    now = stand_in(people)
    assert (now and (now.name, now.at, now.signs, now.same)) == instead


def test_of_two_signatories_the_first_stays_first_at_their_second_address():
    late = reach("Lea", signs=True, day=9, second="ok")
    assert [one.name for one in in_the_loop([late, replace(MARA, **BACK), TOM])] == ["Mara", "Lea", "Tom"]
    assert [one.name for one in in_the_loop([late, replace(MARA, **GONE), TOM])] == ["Lea", "Tom"]


@pytest.mark.parametrize(
    ("mara", "ours", "strangers", "names"),
    [
        ({}, {"mara@k.example"}, (), "Tom"),  # our own people read it: it tells the client nothing
        (BACK, {"mara@home.example"}, (), "Tom"),
        (BACK, (), {"mara@home.example"}, "Tom"),  # a new provider's mailbox takes nothing over
        ({}, (), {"mara@home.example"}, "Mara Tom"),
        ({}, (), {"mara@k.example"}, "Mara Tom"),  # named, and refused by recipients_ok
    ],
)
def test_mailboxes_of_others_take_nothing_over(mara, ours, strangers, names):
    found = in_the_loop([replace(MARA, **mara), TOM], ours=frozenset(ours), strangers=frozenset(strangers))
    assert " ".join(one.name for one in found) == names


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (StandIn("Mara", "m@k.example", True), "no other address of the client works"),
        (StandIn("Mara", "m@k.example", True, "Mara", "m@h.example", True, True), "their own second address, m@h.example"),
        (StandIn("Mara", "m@k.example", True, "Tom", "t@k.example"), "Tom, who reads and cannot sign, is on every message"),
        (StandIn("Mara", "m@k.example", True, "Lea", "l@k.example", True), "Lea is on every message instead, at l@k.example"),
        (StandIn("Eva", "e@k.example", False, "Tom", "t@k.example"), "Tom is on every message instead"),
    ],
)  # fmt: skip
def test_the_sentence_names_who_and_why(found, says):
    assert says in found.sentence and found.sentence.startswith(
        f"Mail to {found.missed} at {found.missed_at} comes back"
    )
