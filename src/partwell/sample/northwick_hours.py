# SPDX-License-Identifier: AGPL-3.0-or-later
"""Northwick's hours and money: time that was worked, work that was asked for, a block approved, paid and begun."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.hours.record_time import Work, record_time
from partwell.actions.hours.requests import answer_request, ask_for_work, estimate_request
from partwell.records.billing.papers import Invoice
from partwell.rules.actor import Actor
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.law import LineClass
from partwell.sample.steps import House, done

if TYPE_CHECKING:
    from partwell.sample.northwick import Story


def spend(house: House, story: "Story") -> None:
    """Included hours are nearly used; a conversion is approved and prepaid, and another request waits for an estimate."""
    client, departure = story.client.id, story.offboarding.id

    def worked(actor: Actor, minutes: int, began: datetime, kind: WorkKind, note: str, **more: Any) -> None:
        done(
            record_time(
                actor=actor,
                client_id=client,
                work=Work(minutes, began, more.pop("as_", WorkClass.OFFBOARDING), kind, note, **more),
            )
        )

    morning = timezone.now() - timedelta(hours=6)
    worked(house.dan, 75, morning, WorkKind.AS_IS, "Counted and packed the hardware of the head office")
    worked(
        house.priya, 50, morning + timedelta(minutes=30), WorkKind.AS_IS, "Went through the credential stores"
    )
    worked(
        house.ines,
        25,
        morning + timedelta(hours=3),
        WorkKind.MEETING,
        "Joint hand-over meeting",
        asked_by="Theo Brandt",
    )
    worked(house.ines, 20, morning + timedelta(hours=4), WorkKind.EXPLANATION, "Explained the VPN rules on the phone",
           as_=WorkClass.GOODWILL, reason="A courtesy between colleagues")  # fmt: skip
    asked = done(ask_for_work(actor=story.theo, offboarding_id=departure, title="Firewall rules as a table",
                              text="Could you bring the rule set into our spreadsheet?", kind=WorkKind.CONVERSION))  # fmt: skip
    done(estimate_request(actor=house.dan, request_id=asked.id, minutes=180, kind=WorkKind.CONVERSION,
                          line_class=LineClass.FURTHER_SERVICE))  # fmt: skip
    done(answer_request(actor=story.mara, request_id=asked.id, approve=True, words="Please go ahead."))
    paper = Invoice.objects.filter(client_id=client).order_by("-issued_at").first()
    if paper is not None:
        done(record_payment(actor=house.ines, invoice_id=paper.id, received=Received(
            paper.gross, paper.currency, timezone.localdate(), reference="Bank statement 211, line 4")))  # fmt: skip
    worked(house.dan, 45, timezone.now() - timedelta(minutes=50), WorkKind.CONVERSION, "First half of the rule table",
           request_id=asked.id, asked_by="Theo Brandt")  # fmt: skip
    done(ask_for_work(actor=story.theo, offboarding_id=departure, title="A walk through the warehouse network",
                      text="An hour on site would save us days.", kind=WorkKind.MEETING))  # fmt: skip
    house.say("Northwick: hours, a prepaid block, a request that waits")
