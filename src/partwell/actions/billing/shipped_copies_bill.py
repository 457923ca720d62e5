# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7: the vendor's invoice is the proof, and the client's line is its net, no more and no less."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, write_invoice
from partwell.actions.billing.letter import amount
from partwell.actions.billing.shipped_copies import about, find, portal, unreachable
from partwell.actions.correspondence.post import Post, post
from partwell.actions.hours.standing import time_terms, today
from partwell.records.billing.models import Invoice, InvoiceLine, ShippedCopy
from partwell.records.offboardings.models import Offboarding
from partwell.rules import charges, copies, law, money, roles, statement
from partwell.rules.actor import Actor
from partwell.rules.charges import VendorCharge
from partwell.rules.copies import CopyState, Settling
from partwell.rules.refusals import Refusal, refuse, show

# A line of the vendor's net, and one of what the provider bears because the client did not approve it.
SOURCE, BORNE = statement.PASSED_THROUGH, statement.BORNE


def lines_of(copy_id: UUID) -> Decimal:
    """What stands on the client's papers for this copy: invoices, credit notes and cancellations together."""
    rows = InvoiceLine.objects.filter(source_kind=SOURCE, source_id=copy_id).values_list("net", flat=True)
    return sum(rows, Decimal(0))  # not by the database: SQLite would add binary fractions


def paper_currency(row: ShippedCopy) -> str:
    """The client's currency: that of the first paper of the copy, else the agreement's."""
    first = InvoiceLine.objects.filter(source_kind=SOURCE, source_id=row.id).select_related("invoice").first()
    return first.invoice.currency if first else time_terms(row.client_id).currency


def charge_of(row: ShippedCopy) -> VendorCharge | None:
    """What the vendor charged, as the rules take it; None while it has not billed."""
    if row.vendor_net is None:
        return None
    return VendorCharge(
        row.vendor_net,
        row.vendor_currency,
        row.rate or Decimal(1),
        row.rate_day,
        row.rate_source,
        row.vendor_invoice_id is not None,
    )


def _target(row: ShippedCopy) -> Decimal | None:
    charge = charge_of(row)
    found = charges.in_clients_currency(charge, paper_currency(row)) if charge else None
    return None if isinstance(found, Refusal) else found


def settling_of(row: ShippedCopy) -> Settling:
    """Where the client's lines stand against the vendor's invoice; three queries at most."""
    if row.vendor_net is None:
        return Settling.NOT_BILLED
    return copies.settling(row.approved_net, billed_as_quoted(row), _target(row), lines_of(row.id))


def billed_as_quoted(row: ShippedCopy) -> Decimal | None:
    """What the vendor billed, in the currency of its quote; None while it has not billed."""
    if row.vendor_net is None:
        return None
    found = copies.as_quoted(
        _to_quote(row.vendor_net, row.vendor_currency, row.quote_rate, row), row.quote_currency
    )
    return None if isinstance(found, Refusal) else found


def _to_quote(net: Decimal, currency: str, rate: Decimal | None, dated: Any) -> VendorCharge:
    """A charge whose rate leads to the quote's currency; ``dated``: what holds the rate's day and source."""
    return VendorCharge(net, currency, rate or Decimal(0), dated.rate_day, dated.rate_source, True)


@dataclass(frozen=True, slots=True)
class VendorInvoice:
    """The vendor's own invoice: ``net`` in ``currency``; ``rate``: units of the client's currency for one of it, with
    its day and where it was published, where they differ. ``quote_rate``: the same from its currency to the quote's, of
    the same day and source, where these differ and the quote was not in the client's. ``bear``: what lies above the approved amount is credited
    to the client rather than asked for. Tax: by the line's own treatment, else the agreement's.
    ``override``: an owner's reason against a law profile that bans the line (R12)."""

    number: str
    net: Decimal
    currency: str
    file: BinaryIO | bytes | None = None
    file_name: str = ""
    file_type: str = "application/octet-stream"
    rate: Decimal | None = None
    rate_day: date | None = None
    rate_source: str = ""
    quote_rate: Decimal | None = None
    bear: bool = False
    tax_rate: Decimal | None = None
    treatment: money.TaxTreatment | None = None
    override: str = ""


def record_vendor_invoice(*, actor: Actor, copy_id: UUID, bill: VendorInvoice) -> ShippedCopy | Refusal:
    """Attach the vendor's invoice and pass it on (R7).

    At or below the approved amount, or with ``bear``, the client's paper is written at once: its line is the vendor's
    net. Above it the client is asked again, and nothing is billed before the answer. A corrected invoice of the
    vendor may follow: the difference is then credited, or asked for. The rate's day lies not in the future.
    """
    row = find(actor, copy_id)
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.bill")) is not None:
        return refusal
    if bill.override.strip() and (refusal := roles.may(actor.role, "billing.override")) is not None:
        return refusal
    stored = None
    if bill.file is not None:
        stored = files.store(
            actor,
            bill.file,
            client_id=row.client_id,
            name=bill.file_name or "vendor-invoice",
            media_type=bill.file_type,
        )
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        client_currency = paper_currency(row)
        if row.quote_currency == client_currency:
            # One rate leads to both: whichever was given.
            both = bill.rate or bill.quote_rate
            bill = replace(bill, rate=both, quote_rate=both)
        compared = _invoice_problem(row, bill, stored is not None, today(deed.now))
        if isinstance(compared, Refusal) or stored is None:
            problem = compared if isinstance(compared, Refusal) else refuse("vendor_proof_missing")
            return deed.refuse(problem, subject=row.id, verb="copy.bill")
        foreign = bill.currency != client_currency
        other = bill.currency != row.quote_currency
        dated = foreign or other
        above = compared > (row.approved_net or Decimal(0))
        if above and not bill.bear and (unsaid := unreachable(row)) is not None:
            return deed.refuse(unsaid, subject=row.id, verb="copy.bill")
        before = (row.approved_net or Decimal(0), row.quote_currency)
        deed.add(stored)
        deed.save(
            row,
            vendor_invoice=stored,
            vendor_number=bill.number.strip()[:80],
            vendor_net=bill.net,
            vendor_currency=bill.currency,
            rate=bill.rate if foreign else None,
            rate_day=bill.rate_day if dated else None,
            rate_source=bill.rate_source.strip()[:160] if dated else "",
            quote_rate=bill.quote_rate if other else None,
        )
        settled = "asked" if above and not bill.bear else "borne" if above else "billed"
        content: dict[str, object] = {
            "number": row.vendor_number,
            "net": str(bill.net),
            "currency": bill.currency,
            "digest": stored.sha256,
            "difference": str(charges.difference(before[0], compared)),
            "settled_by": settled,
        }
        if dated and bill.rate_day is not None:
            content |= {"rate_day": bill.rate_day.isoformat(), "rate_source": row.rate_source}
            content |= {"rate": str(bill.rate)} if foreign else {}
            content |= {"quote_rate": str(bill.quote_rate), "as_quoted": str(compared)} if other else {}
        if settled == "asked":
            values = {
                "what": row.what,
                "vendor": row.vendor,
                "approved": amount(*before),
                "amount": billed_words(row),
                "difference": amount(compared - before[0], row.quote_currency),
                "portal_url": portal(row),
            }
            key = f"copy:{row.id.hex}:difference:{row.row_version}"
            post(deed, Post("copy_difference", key, values, contact=row.asked_by))
        deed.record(
            "copy.billed",
            subjects=[*about(row), stored.id],
            public={"what": row.what, "vendor": row.vendor},
            to_client=content,
        )
        if settled != "asked":
            paper = _pass_on(deed, row, bear=bill.bear, given=bill)
            if isinstance(paper, Refusal):
                # The vendor's invoice is on record all the same: what may not be charged is still what it cost.
                return deed.refuse(paper, subject=row.id, client=client.id, verb="copy.bill")
        return row


def billed_words(row: ShippedCopy) -> str:
    """What the vendor billed, and what that is in the currency of its quote where it is another, by which rate."""
    text = amount(row.vendor_net or Decimal(0), row.vendor_currency)
    compared = billed_as_quoted(row)
    if (
        row.vendor_currency == row.quote_currency
        or compared is None
        or row.quote_rate is None
        or not row.rate_day
    ):
        return text
    rate = f"at {row.quote_rate.normalize():f} of {show(row.rate_day)}, {row.rate_source}"
    return f"{text} ({amount(compared, row.quote_currency)} {rate})"


def _invoice_problem(row: ShippedCopy, bill: VendorInvoice, attached: bool, day: date) -> Decimal | Refusal:
    """What was billed, in the quote's currency; or why the invoice cannot be taken."""
    if CopyState(row.state) not in copies.BILLABLE:
        state = CopyState(row.state)
        return refuse("copy_step", subject=row.what, state=state.label, wanted="be billed by its vendor")
    problem = copies.check_vendor_invoice(bill.net, bill.currency, number=bill.number, attached=attached)
    if problem is not None:
        return problem
    if bill.rate_day is not None and bill.rate_day > day:
        return refuse("rate_undated")
    compared = copies.as_quoted(_to_quote(bill.net, bill.currency, bill.quote_rate, bill), row.quote_currency)
    if isinstance(compared, Refusal):
        return compared
    charge = VendorCharge(
        bill.net, bill.currency, bill.rate or Decimal(0), bill.rate_day, bill.rate_source, attached
    )
    found = charges.in_clients_currency(charge, paper_currency(row))
    return found if isinstance(found, Refusal) else compared


def _pass_on(
    deed: Deed,
    row: ShippedCopy,
    *,
    bear: bool,
    given: VendorInvoice | None = None,
) -> Invoice | Refusal | None:
    """Write the paper by which the client's lines for this copy come to the vendor's net; None where they do already."""
    charge, currency = charge_of(row), paper_currency(row)
    if charge is None:
        return refuse("vendor_proof_missing")
    target = charges.in_clients_currency(charge, currency)
    if isinstance(target, Refusal):
        return target
    billed = lines_of(row.id)
    approved = copies.approved_for_client(
        row.approved_net or Decimal(0),
        quoted=row.quote_currency,
        client=currency,
        to_client=charge.rate,
        to_quote=row.quote_rate or Decimal(1),
    )
    found = copies.due(target, billed, approved, bear=bear)
    if not found.line:
        return None
    if (problem := charges.pass_through(charge, billed + found.line, currency)) is not None:
        return problem
    departing = Offboarding.objects.filter(pk=row.offboarding_id).first() if row.offboarding_id else None
    text = f"Copy of {row.what}: {row.vendor}, invoice {row.vendor_number}"[:300]
    if charge.currency != currency:
        day = show(charge.rate_day) if charge.rate_day else ""
        rate = f"at {charge.rate.normalize():f} of {day} ({charge.rate_source})"
        text = f"{text} over {amount(charge.net, charge.currency)}, {rate}"[:300]

    def line(words: str, net: Decimal, kind: str) -> NewLine:
        return NewLine(
            words,
            Decimal(1),
            net,
            "",
            law.LineClass.PASS_THROUGH,
            kind,
            row.id,
            cost=max(net, Decimal(0)),
            rate=given.tax_rate if given else None,
            treatment=given.treatment if given else None,
            override=given.override if given else "",
            override_by=deed.actor.id if given and given.override.strip() else None,
        )

    first = (
        InvoiceLine.objects.filter(source_kind=SOURCE, source_id=row.id, invoice__credits=None)
        .select_related("invoice")
        .order_by("invoice__issued_at")
        .last()
    )
    if found.line < 0 and first is not None:
        return write_invoice(
            deed,
            "credit_note",
            [line(text, found.line, SOURCE)],
            offboarding=departing,
            credits=first.invoice,
            note="The vendor charged less in the end; the difference is yours.",
        )
    lines = [line(text, found.line, SOURCE)]
    if found.credit:
        lines.append(line("Credited: not approved by you, so we bear it", found.credit, BORNE))
    note = "Passed on at the vendor's own net; its invoice is the proof, and yours to see on your page."
    paper = write_invoice(deed, "invoice", lines, offboarding=departing, note=note)
    return paper


def answer_difference(
    *, actor: Actor, copy_id: UUID, approve: bool, net: Decimal | None = None, words: str = ""
) -> ShippedCopy | Refusal:
    """The signatory approves what the vendor billed above the quote (``net``: the vendor's, as shown), or declines it:
    then the provider bears the difference and the paper is written with that credit."""
    row = find(actor, copy_id)
    if row is None or actor.kind != "client":
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.answer")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = None
        if settling_of(row) is not Settling.ASKED:
            problem = refuse("copy_settled", subject=row.what)
        elif approve:
            problem = charges.approve_quote(row.vendor_net or Decimal(0), net)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="copy.answer")
        content: dict[str, object] = {"net": str(row.vendor_net), "currency": row.vendor_currency}
        if words.strip() and not approve:
            content["words"] = words.strip()
        if approve:
            # In the quote's currency, as the approval before it.
            deed.save(row, approved_net=billed_as_quoted(row), approved_by_id=actor.id, approved_at=deed.now)
        deed.record(
            "copy.difference_approved" if approve else "copy.difference_declined",
            subjects=about(row),
            public={"what": row.what},
            to_client=content,
        )
        paper = _pass_on(deed, row, bear=not approve)
        if isinstance(paper, Refusal):
            return deed.refuse(paper, subject=row.id, verb="copy.answer")
        return row
