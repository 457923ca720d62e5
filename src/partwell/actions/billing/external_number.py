# SPDX-License-Identifier: AGPL-3.0-or-later
"""The number that a paper has in the MSP's own accounting, beside ours; what stood before is in the evidence."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.records.billing.models import Invoice
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def note_external_number(*, actor: Actor, invoice_id: UUID, number: str) -> Invoice | Refusal:
    """Note or correct it (up to 60 characters). Our own number never changes."""
    row = Invoice.objects.filter(pk=invoice_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "billing.issue")) is not None:
        return refusal
    number = " ".join(number.split())
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        if not 1 <= len(number) <= 60:
            problem = refuse("invalid_input", where="The number", problem="1 to 60 characters")
            return deed.refuse(problem, subject=row.id, verb="billing.issue")
        before = row.external_number
        if before == number:
            return row
        deed.save(row, external_number=number)
        deed.record(
            "invoice.numbered",
            subjects=[row.id],
            public={"label": row.label},
            to_client={"external_number": number} | ({"before": before} if before else {}),
        )
        return row
