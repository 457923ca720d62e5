# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of backups in their states, a client who comes back and one who has come back, for the pages that are looked at."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.prices import set_price
from partwell.actions.billing.returning import (
    Offer,
    answer_return_quote,
    pain_points,
    send_quote,
    set_step,
    welcome_back,
)
from partwell.actions.billing.shipped_copies import (
    VendorQuote,
    answer_not_shipped,
    answer_quote,
    ask_for_copy,
    record_quote,
)
from partwell.actions.billing.shipped_copies_bill import VendorInvoice, record_vendor_invoice
from partwell.actions.billing.shipped_copies_order import (
    confirm_arrival,
    order_copy,
    record_key_way,
    record_shipment,
)
from partwell.actions.clients.add_contact import NewContact
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.records.billing.models import OnboardingStep, ShippedCopy
from partwell.records.clients.models import Client
from partwell.records.offboardings.models import Offboarding
from partwell.rules.actor import Actor
from partwell.rules.copies import Shipment
from partwell.rules.terms import Channel, ContactRole, Destination, Reason
from tests.flows.cast import Cast, _client, done

PAINS = ("We could not reach anybody on Saturdays.", "Nobody told us what you changed.")


def _copy(c: Cast, what: str) -> ShippedCopy:
    where = "Northwick Traders Ltd\n1 Quay Street\nNorthwick"
    return done(ask_for_copy(actor=c.mara, client_id=c.northwick.id, what=what, ship_to=where))


def _quoted(c: Cast, what: str) -> ShippedCopy:
    row, day = _copy(c, what), timezone.now().date() - timedelta(days=2)
    quote = VendorQuote(
        "Cloudkeep", Decimal("480.00"), "EUR", "Ticket 8812 of its support", day, b"%PDF-1.4", "quote.pdf"
    )
    return done(record_quote(actor=c.ines, copy_id=row.id, quote=quote))


def _shipped(c: Cast, what: str, billed: str) -> ShippedCopy:
    row, day = _quoted(c, what), timezone.now().date() - timedelta(days=1)
    done(answer_quote(actor=c.mara, copy_id=row.id, approve=True, net=Decimal(480), currency="EUR"))
    done(order_copy(actor=c.ines, copy_id=row.id))
    done(
        record_shipment(
            actor=c.dan,
            copy_id=row.id,
            shipment=Shipment("Parcel Co", "WD-4711", "AES-256, hardware", day, "1Z 999"),
        )
    )
    done(record_key_way(actor=c.dan, copy_id=row.id, way="call", day=day))
    bill = VendorInvoice("CK-77", Decimal(billed), "EUR", b"%PDF-1.4", "invoice.pdf", "application/pdf")
    return done(record_vendor_invoice(actor=c.ines, copy_id=row.id, bill=bill))


def _back(c: Cast, name: str, first: str, domain: str) -> tuple[Client, Actor]:
    """A client who left with two pain points, was welcomed back and is quoted."""
    signatory = NewContact(
        first,
        f"{first.split()[0].lower()}@{domain}",
        ContactRole.SIGNATORY,
        second_email=f"home@post-{domain}",
    )
    client, actor = _client(c.ines, name, signatory)
    now = timezone.now()
    row = done(open_offboarding(actor=c.ines, client_id=client.id, notice=Notice(
        noticed_at=now, channel=Channel.CALL, reason=Reason.NEW_PROVIDER, destination=Destination.NEW_MSP,
        end_of_service=now.date() + timedelta(days=60), pain_points=PAINS)))  # fmt: skip
    with Deed(c.ines) as deed:
        client = deed.lock(client.id)
        deed.save(Offboarding.objects.get(pk=row.id), state="closed", closed_at=deed.now)
        deed.save(client, state="inactive")
        deed.record("client.became", subjects=[row.id], public={"state": "inactive"})
    done(welcome_back(actor=c.ines, client_id=client.id, words="They rang and asked."))
    return client, actor


def returns(c: Cast) -> tuple[dict[str, Any], dict[str, Actor]]:
    """Ids by the names that addresses give them, and the signatories who come back."""
    ids: dict[str, Any] = {"copy_id": _quoted(c, "Nightly cloud set").id}
    refused = _copy(c, "Mail archive")
    done(
        answer_not_shipped(
            actor=c.ines,
            copy_id=refused.id,
            vendor="Mailkeep",
            alternatives="A download\nYour own drive here",
        )
    )
    asked = _shipped(c, "File share", "510.00")
    arrived = _shipped(c, "Accounts", "480.00")
    done(confirm_arrival(actor=c.mara, copy_id=arrived.id, words="The serial is right."))
    ids |= {"copy refused": refused.id, "copy asked": asked.id, "copy arrived": arrived.id}
    day = timezone.localdate(timezone=ZoneInfo("Europe/Berlin"))
    done(set_price(actor=c.jonah, net=Decimal(2400), currency="EUR", valid_from=day))
    fenwick, ada = _back(c, "Fenwick Tea", "Ada Fenwick", "fenwick.example")
    hartley, iris = _back(c, "Hartley & Co", "Iris Hartley", "hartley.example")
    for client in (fenwick, hartley):
        answers = {
            one.id: "Somebody is on call now, and every change is a message to you."
            for one in pain_points(client.id)
        }
        offer = Offer(day + timedelta(days=30), answers, welcome="It was good to hear from you.")
        quote = done(send_quote(actor=c.ines, client_id=client.id, offer=offer))
        ids["quote_id" if client is fenwick else "quote accepted"] = quote.id
    done(answer_return_quote(actor=iris, quote_id=ids["quote accepted"], accept=True, fee=Decimal(2400)))
    step = OnboardingStep.objects.filter(quote=ids["quote accepted"]).order_by("position")[0]
    done(set_step(actor=c.dan, step_id=step.id, done=True))
    ids |= {"fenwick": fenwick.id, "hartley": hartley.id}
    return ids, {"ada": ada, "iris": iris}
