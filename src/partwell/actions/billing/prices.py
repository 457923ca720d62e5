# SPDX-License-Identifier: AGPL-3.0-or-later
"""The price list: dated lines that are never edited, so that what was normal on a day stays known (R9)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

from partwell.actions.base import Deed
from partwell.actions.hours.standing import today
from partwell.records.billing.models import Price
from partwell.records.people.models import Msp
from partwell.rules import returning, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal

ONBOARDING, NAME = "onboarding", "Onboarding"


@dataclass(frozen=True, slots=True)
class Normal:
    """The normal fee of a day; ``valid_from`` None: the fee of the MSP's settings, from before the first line."""

    net: Decimal
    currency: str
    valid_from: date | None = None


def _code(currency: str, house: str) -> str:
    """One line a day and currency: the house's own is plain, another has its currency behind it."""
    return ONBOARDING if currency == house else f"{ONBOARDING}.{currency}"


def _house() -> tuple[str, Decimal]:
    msp = Msp.objects.first()
    return (msp.currency, msp.onboarding_fee) if msp else ("EUR", Decimal(0))


def normal_fee(currency: str, day: date) -> Normal | None:
    """The onboarding fee of the price list on ``day`` in ``currency``; None when there is none."""
    house, first = _house()
    row = (
        Price.objects.filter(code=_code(currency, house), valid_from__lte=day).order_by("-valid_from").first()
    )
    if row is not None:
        return Normal(row.net, row.currency, row.valid_from)
    return Normal(first, house) if currency == house and first > 0 else None


def set_price(*, actor: Actor, net: Decimal, currency: str, valid_from: date) -> Price | Refusal:
    """Put the normal onboarding fee of ``valid_from`` on on the list: net, from a day of the MSP's zone, today or later."""
    if (refusal := roles.may(actor.role, "price.set")) is not None:
        return refusal
    house, _first = _house()
    code = _code(currency, house)
    with Deed(actor) as deed:
        if connection.vendor == "postgresql":
            # Two at once would both find the day free: the MSP's one row is the lock.
            Msp.objects.select_for_update().first()
        taken = Price.objects.filter(code=code, valid_from=valid_from).exists()
        problem = returning.check_price(net, currency, valid_from, today(deed.now), taken=taken)
        if problem is not None:
            return deed.refuse(problem, subject=actor.id, verb="price.set")
        row = deed.add(
            Price(
                code=code,
                name=NAME,
                net=net,
                currency=currency,
                valid_from=valid_from,
                set_by_id=actor.id,
                set_at=deed.now,
            )
        )
        deed.record(
            "price.set",
            subjects=[row.id],
            public={"what": NAME, "day": valid_from.isoformat()},
            internal={"net": str(net), "currency": currency},
        )
        return row
