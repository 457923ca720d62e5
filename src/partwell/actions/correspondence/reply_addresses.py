# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses at which answers come back: one a departure, one a client, one a new provider; 130 bits that nobody guesses.

An address is made in the deed of the first mail that carries it and belongs to that mail's entry; a departure that has
none yet is given one by the calendar, with an entry of its own. One envelope has one Reply-To: with a new
provider on it the provider's address, so that "reply all" of any of them reaches that conversation
and is told apart by its sender; else the departure's; else the client's. The fixed acknowledgement has none: it states
nothing (R1). Departure addresses end with the departure; mail to an ended one waits for a person and is not lost.
"""

import base64
import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.conf import settings

from partwell.actions.base import Deed
from partwell.actions.facts import open_offboarding
from partwell.records import statements
from partwell.records.authorisations.models import Recipient
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import ReplyAddress
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import StaffMember
from partwell.rules.actor import SYSTEM

DEPARTURE, CLIENT, PROVIDER, STAFF = "departure", "client", "provider", "staff"
_TOKEN = re.compile(r"[a-z2-7]{26}\Z")


def takes_mail() -> bool:
    """Whether this installation has an address at which mail comes in (PARTWELL_MAIL_ADDRESS)."""
    return bool(settings.PARTWELL_MAIL_ADDRESS)


def shown(token: str) -> str:
    """The address of a token, as it stands in a mail; "" where no mail comes in."""
    local, _, domain = settings.PARTWELL_MAIL_ADDRESS.partition("@")
    return f"{local}+{token}@{domain}" if domain else ""


def detail_of(address: str) -> str:
    """What stands behind the plus in an address of ours, in lower case; "" where it is none of ours."""
    ours, _, domain = settings.PARTWELL_MAIL_ADDRESS.partition("@")
    local, _, at = address.strip().strip("<>").casefold().rpartition("@")
    name, _, detail = local.partition("+")
    return detail if domain and at.rstrip(".") == domain and name == ours else ""


def token_of(address: str) -> str:
    """The token in one of our reply addresses, whatever its case; "" where it is none of ours."""
    detail = detail_of(address)
    return detail if _TOKEN.match(detail) else ""


def known(addresses: Iterable[str]) -> list[ReplyAddress]:
    """The addresses of ours among these that exist, revoked ones too, in the order given; one query."""
    tokens = list(dict.fromkeys(token for one in addresses if (token := token_of(one))))
    found = (
        statements.find(ReplyAddress, token=tokens[0])
        if len(tokens) == 1
        else ReplyAddress.objects.filter(token__in=tokens[:200])
    )
    rows = {row.token: row for row in found}
    return [rows[token] for token in tokens if token in rows]


def ensure(
    deed: Deed,
    client: Client,
    purpose: str,
    *,
    offboarding: Offboarding | None = None,
    recipient: Recipient | None = None,
    staff: StaffMember | None = None,
) -> ReplyAddress:
    """The living address of this purpose, made where there is none. The deed has locked the client; a record follows."""
    found = ReplyAddress.objects.filter(
        client=client,
        purpose=purpose,
        offboarding=offboarding,
        recipient=recipient,
        staff=staff,
        revoked_at=None,
    ).first()
    if found is not None:
        return found
    token = base64.b32encode(secrets.token_bytes(17)).decode().lower()[:26]
    return deed.add(
        ReplyAddress(
            token=token, purpose=purpose, client=client, offboarding=offboarding, recipient=recipient, staff=staff, made_at=deed.now
        )
    )  # fmt: skip


def for_envelope(deed: Deed, client: Client, recipient: Recipient | None) -> str:
    """What goes into an envelope's Reply-To; "" where no mail comes in. Adds to the deed, so a record must follow."""
    if not takes_mail():
        return ""
    if recipient is not None:
        return shown(ensure(deed, client, PROVIDER, recipient=recipient).token)
    departure = open_offboarding(client.id)
    if departure is not None:
        return shown(ensure(deed, client, DEPARTURE, offboarding=departure).token)
    return shown(ensure(deed, client, CLIENT).token)


def departure_address(client_id: UUID) -> str:
    """The address that people may forward to for the open departure; "" without one, and until it is made: with its first mail, or by the calendar."""
    departure = open_offboarding(client_id)
    if departure is None or not takes_mail():
        return ""
    row = ReplyAddress.objects.filter(
        client_id=client_id, purpose=DEPARTURE, offboarding=departure, revoked_at=None
    ).first()
    return shown(row.token) if row else ""


def give_addresses(*, now: datetime) -> int:
    """The calendar's: every open departure has an address, also one that began before mail came in here or that no mail told of yet.

    Gives how many were made; nothing where no mail comes in.
    """
    if not takes_mail():
        return 0
    have = ReplyAddress.objects.filter(purpose=DEPARTURE, revoked_at=None).values("offboarding_id")
    lacking = Offboarding.objects.filter(state="open").exclude(pk__in=have)
    done = 0
    for client_id in lacking.values_list("client_id", flat=True):
        with Deed(SYSTEM, now=now) as deed:
            client = deed.lock(client_id)
            departure = open_offboarding(client_id)  # it may have closed meanwhile
            if departure is None or departure_address(client_id):
                continue
            ensure(deed, client, DEPARTURE, offboarding=departure)
            deed.record("departure.addressed", subjects=[departure.id])
            done += 1
    return done


def revoke_departure(deed: Deed, offboarding: Offboarding) -> int:
    """End the addresses of a departure that closes or is withdrawn; gives how many. The deed's next record tells of it."""
    rows = list(ReplyAddress.objects.filter(offboarding=offboarding, revoked_at=None))
    for row in rows:
        deed.save(row, revoked_at=deed.now)
    return len(rows)
