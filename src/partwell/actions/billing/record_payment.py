# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: a payment with its proof opens the hours it was asked for, once it is whole."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.hours.standing import today
from partwell.records.billing.models import Invoice, Payment
from partwell.records.billing.papers import balance_of
from partwell.records.hours.models import Block
from partwell.rules import charges, hours, roles
from partwell.rules.actor import Actor
from partwell.rules.charges import InvoiceState
from partwell.rules.money import rounded
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True, slots=True)
class Received:
    """``amount`` gross, in ``currency``, on a day of the MSP's zone; ``proof``: the bank's statement or slip."""

    amount: Decimal
    currency: str
    received_on: date
    reference: str = ""
    proof: BinaryIO | bytes | None = None
    proof_name: str = ""
    proof_type: str = "application/octet-stream"


def record_payment(*, actor: Actor, invoice_id: UUID, received: Received) -> Payment | Refusal:
    """Record money that came in; paid in full, the paper is settled and its blocks are open from now on.

    Refuses a paper that is settled, another currency, more than is open, a day in the future, and money without a proof.
    """
    row = Invoice.objects.filter(pk=invoice_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "payment.record")) is not None:
        return refusal
    stored = None
    if received.proof is not None:
        stored = files.store(
            actor,
            received.proof,
            client_id=row.client_id,
            name=received.proof_name,
            media_type=received.proof_type,
        )
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        still_open = balance_of(row).open
        problem = charges.may_pay(
            InvoiceState(row.state), row.label, received.amount, still_open, received.currency, row.currency
        )
        problem = problem or charges.payment_proved(received.reference, attached=stored is not None)
        if problem is None and received.received_on > today(deed.now):
            problem = refuse("paid_in_future")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="payment.record")
        if stored is not None:
            deed.add(stored)
        payment = deed.add(
            Payment(
                client_id=row.client_id,
                invoice=row,
                amount=received.amount,
                currency=received.currency,
                received_on=received.received_on,
                reference=received.reference.strip(),
                proof=stored,
                recorded_by_id=actor.id,
                recorded_at=deed.now,
            )
        )
        rest, opened = still_open - received.amount, 0
        if not rest:
            deed.save(row, state=InvoiceState.PAID)
            for block in Block.objects.filter(invoice=row, paid_at=None, cancelled_at=None):
                deed.save(block, paid_at=deed.now)
                opened += block.minutes
        content: dict[str, object] = {
            "amount": str(received.amount),
            "currency": received.currency,
            "received_on": received.received_on.isoformat(),
            "still_open": str(rest),
        }
        if opened:
            content["opened"] = hours.as_hours(opened)
        if received.reference.strip():
            content["reference"] = received.reference.strip()
        if stored is not None:
            content["proof"] = stored.sha256
        post(
            deed,
            Post(
                kind="payment_recorded",
                dedupe=f"payment:{payment.id.hex}",
                values={
                    "label": row.label,
                    "amount": _money(received.amount, row.currency),
                    "received_on": received.received_on,
                    "still_open": _money(rest, row.currency) if rest else None,
                    "opened": hours.as_hours(opened) if opened else None,
                    "reference": payment.reference or None,
                    "portal_url": link(f"/client/papers/{row.id}/"),
                },
            ),
        )  # without an address of the client the payment stands all the same
        deed.record(
            "payment.recorded", subjects=[payment.id, row.id], public={"label": row.label}, to_client=content
        )
        return payment


def _money(value: Decimal, currency: str) -> str:
    return f"{rounded(value, currency)} {currency}"
