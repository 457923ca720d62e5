# SPDX-License-Identifier: AGPL-3.0-or-later
"""R2: the client is on every message to or from the new provider; there is no way to send around it."""

import re
from dataclasses import dataclass

from partwell.rules.refusals import Refusal, refuse

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
# Deliberately narrower than RFC 5321: no quoted local parts, no comments, no address literals, ASCII only.
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A contact of the client on a message. ``works``: no bounce stands against the address."""

    contact_id: str
    client_id: str
    address: str
    works: bool = True


@dataclass(frozen=True, slots=True)
class EnvelopeFacts:
    """What is about to be queued or transmitted; ``headers``: name → value as they would be written.

    ``strangers``: the mailboxes of all people of the client's recipients, on this message or not; ``others``: every
    address on it beside the contact's and the provider's.
    """

    client_id: str
    client_contact: ContactFacts | None
    provider_addresses: tuple[str, ...]
    staff_addresses: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    strangers: frozenset[str] = frozenset()
    others: tuple[str, ...] = ()


def mailbox_of(address: str) -> str:
    """The mailbox behind an address, for comparing: without case, surrounding space and "+tag"; Google's without dots."""
    local, _, domain = address.strip().casefold().rpartition("@")
    local, domain = local.split("+", 1)[0], domain.rstrip(".")
    if domain in ("gmail.com", "googlemail.com"):
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def address_problem(address: str, where: str) -> Refusal | None:
    """None for a plain address; ``header_injection`` for control characters, else ``address_invalid``."""
    if _CONTROL.search(address):
        return refuse("header_injection", where=where)
    local, _, domain = address.partition("@")
    dots = ".." in address or local.startswith(".") or local.endswith(".")
    if (
        not _ADDRESS.fullmatch(address)
        or dots
        or "." not in domain
        or any(not label or label.startswith("-") or label.endswith("-") for label in domain.split("."))
    ):
        return refuse("address_invalid", where=where)
    return None


def header_problem(name: str, value: str) -> Refusal | None:
    """None when a header's name and value cannot break out of their line."""
    if _CONTROL.search(value) or not re.fullmatch(r"[A-Za-z0-9-]+", name):
        return refuse("header_injection", where=f"The header {name}" if name.isascii() and name.isprintable()
                      else "A header")  # fmt: skip
    if name.casefold() == "bcc":
        return refuse("bcc_forbidden")
    return None


def recipients_ok(facts: EnvelopeFacts) -> Refusal | None:
    """None when the message may leave as it is addressed; else the first thing that is wrong.

    Order: headers, hidden copies, addresses, then the client: there, of this client, working, and a
    mailbox that neither the provider nor the MSP's staff read.
    """
    for name, value in facts.headers:
        if (problem := header_problem(name, value)) is not None:
            return problem
    if facts.bcc:
        return refuse("bcc_forbidden")
    for address in facts.provider_addresses:
        if (problem := address_problem(address, "The recipient's address")) is not None:
            return problem
    for address in facts.staff_addresses:
        if (problem := address_problem(address, "The sender's address")) is not None:
            return problem
    contact = facts.client_contact
    if contact is None:
        return (
            refuse("provider_without_client")
            if facts.provider_addresses
            else refuse("no_working_client_address")
        )
    if contact.client_id != facts.client_id:
        return refuse("contact_of_other_client")
    if not contact.works or not contact.address:
        return refuse("no_working_client_address")
    if (problem := address_problem(contact.address, "The client's address")) is not None:
        return problem
    others = {mailbox_of(address) for address in (*facts.provider_addresses, *facts.staff_addresses)}
    if mailbox_of(contact.address) in others | facts.strangers:
        return refuse("same_address")
    # A new provider is on a message as that, or not at all.
    return refuse("same_address") if facts.strangers & {mailbox_of(one) for one in facts.others} else None
