# SPDX-License-Identifier: AGPL-3.0-or-later
"""Papers, payments and law profiles for the pages that are looked at: paid, open, overridden, cancelled."""

from datetime import date
from decimal import Decimal
from typing import Any

from partwell.actions.billing.issue import NewLine, cancel_invoice, issue_invoice
from partwell.actions.billing.law_profiles import remove_profile, set_profile
from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.hours.requests import answer_request, ask_for_work, estimate_request
from partwell.records.billing.models import Invoice
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkKind
from partwell.rules.law import LineClass
from tests.flows.cast import Cast, done


def papers(c: Cast) -> dict[str, Any]:
    """Ids by the names that addresses give them; Northwick gets a law profile, and one that was removed."""
    gone = done(
        set_profile(actor=c.ines, client_id=c.northwick.id, code="gdpr", reason="Personal data of staff")
    )
    done(remove_profile(actor=c.ines, profile_id=gone.id, reason="It was set by mistake"))
    profile = done(
        set_profile(
            actor=c.ines, client_id=c.northwick.id, code="eu_data_act", reason="We host its mailboxes"
        )
    )
    departure = Offboarding.objects.get(client=c.northwick, state="open")
    asked = done(ask_for_work(actor=c.theo, offboarding_id=departure.id, title="Draw the network anew"))
    done(estimate_request(actor=c.dan, request_id=asked.id, minutes=300, kind=WorkKind.NEW_DOCUMENT))
    done(answer_request(actor=c.mara, request_id=asked.id, approve=True))
    bought = Invoice.objects.get(client=c.northwick, kind="request")
    payment = done(
        record_payment(
            actor=c.ines,
            invoice_id=bought.id,
            received=Received(bought.gross, "EUR", date(2026, 1, 2), "TRN 8812", b"slip", "slip.pdf"),
        )
    )

    def issued(*lines: NewLine, by: Any = c.ines) -> Invoice:
        return done(issue_invoice(actor=by, client_id=c.northwick.id, kind="invoice", lines=lines))

    wrong = issued(NewLine("A drive", Decimal(1), Decimal("49.95")))
    credit = done(cancel_invoice(actor=c.ines, invoice_id=wrong.id, reason="It was for another client"))
    moving = NewLine(
        "Moving 40 mailboxes", Decimal("2.5"), Decimal(140), "h", LineClass.SWITCHING, override="Built for this client alone (Article 31)"
    )  # fmt: skip
    still = issued(moving, NewLine("Drives, encrypted", Decimal(2), Decimal("49.9500"), "pieces", rate=Decimal(19)), by=c.jonah)  # fmt: skip
    return {
        "paper_id": still.id,
        "payment_id": payment.id,
        "profile_id": profile.id,
        "paid paper": bought.id,
        "cancelled paper": wrong.id,
        "credit note": credit.id,
    }
