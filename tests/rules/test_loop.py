# SPDX-License-Identifier: AGPL-3.0-or-later
"""R2: no message to a provider leaves without the client."""

from dataclasses import replace

import pytest

from partwell.rules.loop import ContactFacts, EnvelopeFacts, address_problem, recipients_ok

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
