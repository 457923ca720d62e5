# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rows of gapless numbers: an owner chooses prefix and first number before the first paper, later the prefix only."""

import re
from dataclasses import dataclass

from partwell.actions.base import Deed
from partwell.actions.billing.issue import SERIES, locked_series
from partwell.records.billing.models import Invoice, Series
from partwell.rules import charges, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

NAMES = {"request": "Payment requests", "invoice": "Invoices", "credit_note": "Credit notes"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """A series as it stands; one that no paper has used yet shows its usual prefix and 1."""

    kind: str
    name: str
    prefix: str
    next_number: int
    used: bool


def numbers(kind: str) -> Numbers | None:
    """The series of a kind of paper, or None for no such kind."""
    if kind not in SERIES:
        return None
    row = Series.objects.filter(code=kind).first()
    if row is None:
        return Numbers(kind, NAMES[kind], SERIES[kind], 1, False)
    return Numbers(
        kind, NAMES[kind], row.prefix, row.next_number, Invoice.objects.filter(series=row).exists()
    )


def set_series(*, actor: Actor, kind: str, prefix: str, next_number: int) -> Series | Refusal:
    """Set prefix and, before the first paper, the number that it gets. Papers that were issued keep their label.

    Refuses another number once a paper has one (a lower one makes twins, a higher one a gap), and a prefix
    that would make labels of two papers the same.
    """
    if not actor.is_staff or kind not in SERIES:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "series.set")) is not None:
        return refusal
    prefix = prefix.strip()
    with Deed(actor) as deed:
        row = locked_series(kind)
        used = row is not None and Invoice.objects.filter(series=row).exists()
        now = row.next_number if row else 1
        problem = charges.check_series(
            NAMES[kind],
            prefix=prefix,
            next_number=next_number,
            now=now,
            used=used,
            taken=_taken(kind, prefix),
        )
        if problem is not None:
            return deed.refuse(problem, subject=row.id if row else actor.id, verb="series.set")
        before = f"{row.prefix if row else SERIES[kind]}{now}"
        if row is None:
            row = deed.add(Series(code=kind, prefix=prefix, next_number=next_number))
        else:
            deed.save(row, prefix=prefix, next_number=next_number)
        deed.record(
            "series.set",
            subjects=[row.id],
            public={"series": NAMES[kind], "next": f"{prefix}{next_number}"},
            internal={"before": before},
        )
        return row


def _taken(kind: str, prefix: str) -> set[str]:
    """Prefixes that would give another series' labels: theirs of today, and this one where a paper of theirs has it."""
    theirs = {code: usual for code, usual in SERIES.items() if code != kind}
    theirs |= dict(Series.objects.exclude(code=kind).values_list("code", "prefix"))
    others = Invoice.objects.exclude(series__code=kind)
    if len(prefix) <= 20 and others.filter(label__regex=f"^{re.escape(prefix)}[0-9]+$").exists():
        return {*theirs.values(), prefix}
    return set(theirs.values())
