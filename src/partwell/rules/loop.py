# SPDX-License-Identifier: AGPL-3.0-or-later
"""R2: the client is on every message to or from the new provider; there is no way to send around it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
class Reach:
    """A contact of the client who has not left, as the loop weighs them; ``…_works``: no bounce stands against the address."""

    contact_id: str
    name: str
    signatory: bool
    outside: bool
    added_at: datetime
    first: str
    first_works: bool = True
    second: str = ""
    second_works: bool = True

    @property
    def at(self) -> str:
        """Where mail reaches them: the first address, the second while mail to the first comes back; "" where neither does."""
        if self.first and self.first_works:
            return self.first
        return self.second if self.second_works else ""


@dataclass(frozen=True, slots=True)
class StandIn:
    """Who is on every message because mail to the client's first contact comes back; ``name`` is "" where nobody is.

    ``same``: it is the same person, at their own second address.
    """

    missed: str
    missed_at: str
    missed_signs: bool
    name: str = ""
    at: str = ""
    signs: bool = False
    same: bool = False

    @property
    def sentence(self) -> str:
        """For staff: why, and who takes over."""
        why = f"Mail to {self.missed} at {self.missed_at} comes back"
        if not self.name:
            return f"{why}, and no other address of the client works: nothing goes to a new provider until one does."
        if self.same:
            return f"{why}; every message goes to their own second address, {self.at}."
        signs = "" if self.signs or not self.missed_signs else ", who reads and cannot sign,"
        return f"{why}; {self.name}{signs} is on every message instead, at {self.at}."


def in_the_loop(
    people: Iterable[Reach],
    *,
    ours: frozenset[str] = frozenset(),
    strangers: frozenset[str] = frozenset(),
) -> tuple[Reach, ...]:
    """Whom mail reaches, in the order in which they are taken (R2): signatories, then whoever is outside the migrating domain.

    A bounce moves nobody as long as one of their own addresses works: the same person keeps the same rights. ``ours``: the
    mailboxes that the MSP's own people read, which tell the client nothing; ``strangers``: those of the client's recipients, of
    which none may take over as a second address.
    """
    found = [one for one in people if one.at and mailbox_of(one.at) not in ours]
    own = [one for one in found if one.at == one.first or mailbox_of(one.at) not in strangers]
    return tuple(sorted(own, key=_place))


def stand_in(
    people: Iterable[Reach],
    *,
    ours: frozenset[str] = frozenset(),
    strangers: frozenset[str] = frozenset(),
) -> StandIn | None:
    """None while the contact whom every message is for is reached at their first address; else who takes over, and why."""
    known = [one for one in people if one.first and mailbox_of(one.first) not in ours]
    wanted = min(known, key=_place, default=None)
    if wanted is None or wanted.first_works:
        return None
    missed = StandIn(wanted.name, wanted.first, wanted.signatory)
    now = next(iter(in_the_loop(known, ours=ours, strangers=strangers)), None)
    if now is None:
        return missed
    return StandIn(
        wanted.name, wanted.first, wanted.signatory, now.name, now.at, now.signatory, now == wanted
    )


def _place(one: Reach) -> tuple[bool, bool, datetime, str]:
    return (not one.signatory, not one.outside, one.added_at, one.name)
