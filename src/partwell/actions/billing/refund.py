# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: money that goes back, and prepaid time that the client did not use."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO
from uuid import UUID

from django.db.models import Sum
from django.db.models.functions import Coalesce

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, write_invoice
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.hours.standing import time_terms, today
from partwell.records.billing.models import Invoice, InvoiceLine, Payment
from partwell.records.billing.papers import balance_of
from partwell.records.hours.models import Block
from partwell.records.hours.queries import promised
from partwell.rules import charges, hours, law, money, roles
from partwell.rules.actor import Actor
from partwell.rules.charges import InvoiceState
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True, slots=True)
class GivenBack:
    """``amount`` above zero, gross, in ``currency``, on a day of the MSP's zone; ``proof``: the bank's slip."""

    amount: Decimal
    currency: str
    paid_on: date
    reason: str
    proof: BinaryIO | bytes | None = None
    proof_name: str = ""
    proof_type: str = "application/octet-stream"
    reference: str = ""


def refund_payment(*, actor: Actor, invoice_id: UUID, given: GivenBack) -> Payment | Refusal:
    """Record money that went back, as a negative payment with its reason and proof.

    Up to what was credited on the paper it stays settled. Beyond that the paper is open again, and the hours
    that it opened are closed until it is paid (time already drawn from them stays on record).
    """
    row = Invoice.objects.filter(pk=invoice_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "payment.record")) is not None:
        return refusal
    stored = None
    if given.proof is not None:
        stored = files.store(
            actor,
            given.proof,
            client_id=row.client_id,
            name=given.proof_name,
            media_type=given.proof_type,
        )
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        balance = balance_of(row)
        problem = charges.may_refund(
            row.label,
            given.amount,
            balance.received,
            given.currency,
            row.currency,
            reason=given.reason,
            proved=stored is not None,
        )
        if problem is None and given.paid_on > today(deed.now):
            problem = refuse("paid_in_future")
        if problem is not None or stored is None:
            return deed.refuse(problem or refuse("refund_unproved"), subject=row.id, verb="payment.record")
        deed.add(stored)
        payment = deed.add(
            Payment(
                client_id=row.client_id,
                invoice=row,
                amount=-given.amount,
                currency=given.currency,
                received_on=given.paid_on,
                reference=given.reference.strip(),
                reason=given.reason.strip(),
                proof=stored,
                recorded_by_id=actor.id,
                recorded_at=deed.now,
            )
        )
        rest, closed = balance.open + given.amount, 0
        if row.state == InvoiceState.PAID and rest > 0:
            deed.save(row, state=InvoiceState.OPEN)
            for block in Block.objects.filter(invoice=row, cancelled_at=None, settled_at=None).exclude(
                paid_at=None
            ):
                deed.save(block, paid_at=None)
                closed += block.minutes
        content: dict[str, object] = {
            "amount": str(given.amount),
            "currency": given.currency,
            "paid_on": given.paid_on.isoformat(),
            "still_open": str(rest),
            "words": given.reason.strip(),
            "proof": stored.sha256,
        }
        if closed:
            content["closed"] = hours.as_hours(closed)
        if given.reference.strip():
            content["reference"] = given.reference.strip()
        post(
            deed,
            Post(
                kind="payment_refunded",
                dedupe=f"payment:{payment.id.hex}",
                values={
                    "label": row.label,
                    "amount": f"{money.rounded(given.amount, row.currency)} {row.currency}",
                    "paid_on": given.paid_on,
                    "reason": given.reason.strip(),
                    "still_open": f"{money.rounded(rest, row.currency)} {row.currency}" if rest > 0 else None,
                    "closed": hours.as_hours(closed) if closed else None,
                    "reference": payment.reference or None,
                    "portal_url": link(f"/client/papers/{row.id}/"),
                },
            ),
        )  # without an address of the client the refund stands all the same
        deed.record(
            "payment.refunded", subjects=[payment.id, row.id], public={"label": row.label}, to_client=content
        )
        return payment


@dataclass(frozen=True, slots=True)
class Unused:
    """Prepaid time of one paper that nobody drew: minutes, net value, and what the agreement does with it."""

    minutes: int
    net: Decimal
    currency: str
    rule: hours.UnusedRule


def _open_blocks(row: Invoice) -> list[Block]:
    rows = Block.objects.filter(invoice=row, cancelled_at=None, settled_at=None).exclude(paid_at=None)
    return list(rows.annotate(drawn=Coalesce(Sum("parts__minutes"), 0)).order_by("paid_at", "id"))


def _facts(block: Block) -> hours.Block:
    return hours.Block(block.id.hex, block.minutes, block.drawn)  # type: ignore[attr-defined]  # annotated above


def unused_of(row: Invoice) -> Unused:
    """What is unused of the blocks that this paper opened; shown from the start, credited at closing."""
    found = [(_facts(block), block.net) for block in _open_blocks(row)]
    left = sum(facts.left for facts, _ in found)
    return Unused(left, hours.unused(found, row.currency), row.currency, time_terms(row.client_id).unused)


def credit_unused(*, actor: Actor, invoice_id: UUID) -> Invoice | Refusal:
    """Credit the prepaid time of a paper that was not used, by a credit note at the price it was bought for.

    The blocks are settled: nothing more is drawn from them. By the agreement's rule the credit is paid out
    (``refund_payment``) or stands for the client. Refuses while approved work still needs the hours.
    """
    row = Invoice.objects.select_related("offboarding").filter(pk=invoice_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "billing.issue")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        found = unused_of(row)
        blocks = _open_blocks(row)
        waiting = promised(row.offboarding_id) if row.offboarding_id else 0
        problem = None
        if not found.minutes or row.state != InvoiceState.PAID:
            problem = refuse("nothing_unused", number=row.label)
        elif waiting:
            problem = refuse("hours_still_needed", minutes=waiting)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="billing.issue")
        credit = write_invoice(
            deed,
            "credit_note",
            [line for block in blocks if (line := _credit_line(row, block)) is not None],
            offboarding=row.offboarding,
            credits=row,
            note=_WORDS[found.rule],
        )
        if isinstance(credit, Refusal):
            return deed.refuse(credit, subject=row.id, verb="billing.issue")
        for block in blocks:
            deed.save(block, settled_at=deed.now)
        deed.record(
            "block.settled",
            subjects=[row.id, credit.id, *(block.id for block in blocks)],
            public={"label": row.label},
            to_client={
                "minutes": found.minutes,
                "net": str(-credit.net),
                "currency": row.currency,
                "rule": str(found.rule),
                "credit_note": credit.label,
            },
        )
        return credit


_WORDS = {
    hours.UnusedRule.REFUND: "Prepaid time that was not used. By the agreement it is paid back.",
    hours.UnusedRule.CREDIT: "Prepaid time that was not used. By the agreement it stands to your credit.",
}


def _credit_line(row: Invoice, block: Block) -> NewLine | None:
    facts = _facts(block)
    if not facts.left:
        return None
    bought = InvoiceLine.objects.filter(invoice=row, source_kind="block", source_id=block.id).first()
    return NewLine(
        f"{hours.as_hours(facts.left)} bought in advance and not used",
        Decimal(-1),
        hours.unused([(facts, block.net)], row.currency),
        "",
        law.LineClass(bought.line_class) if bought else law.LineClass.OUTSIDE,
        "block",
        block.id,
        rate=bought.rate if bought else None,
        treatment=money.TaxTreatment(bought.treatment) if bought else None,
    )
