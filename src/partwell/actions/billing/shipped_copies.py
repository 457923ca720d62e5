# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7: a copy of a backup set on a drive: asked for, quoted by the vendor, approved to exactly that amount, or not."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.billing.letter import amount
from partwell.actions.correspondence.post import Post, addressed, link, post
from partwell.actions.hours.standing import today
from partwell.records.billing.models import ShippedCopy
from partwell.records.clients.models import Client, Contact
from partwell.records.offboardings.models import Offboarding
from partwell.records.retention.models import BackupSet
from partwell.rules import charges, copies, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.copies import CopyState
from partwell.rules.refusals import Refusal, refuse

DOORS = ("staff", "client")


def find(actor: Actor, copy_id: UUID) -> ShippedCopy | None:
    """A copy that this actor may see: staff any, a client its own."""
    row = (
        ShippedCopy.objects.select_related("client", "asked_by", "approved_by", "backup_set", "quote_file", "vendor_invoice")
        .filter(pk=copy_id)
        .first()
    )  # fmt: skip
    if row is None or actor.kind not in DOORS:
        return None
    return None if actor.kind == "client" and actor.client_id != row.client_id else row


def portal(row: ShippedCopy) -> str:
    """The copy's page in the client's portal, for mails."""
    return link(f"/client/copies/{row.id}/")


def ask_for_copy(
    *,
    actor: Actor,
    client_id: UUID,
    what: str = "",
    backup_set_id: UUID | None = None,
    ship_to: str = "",
    words: str = "",
    asked_by_id: UUID | None = None,
) -> ShippedCopy | Refusal:
    """Ask for a copy of a backup set (or of ``what``): the signatory, or staff for the contact ``asked_by_id``.

    ``ship_to``: where the drive shall go; the client's address when empty. Possible while backups exist, also for
    a client who has left. Refuses without subject or address, and a contact or set of another client.
    """
    if actor.kind not in DOORS or (actor.kind == "client" and actor.client_id != client_id):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.ask")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        who = actor.id if actor.kind == "client" else asked_by_id
        contact = Contact.objects.filter(pk=who, client=client, left_at=None).first() if who else None
        chosen = None
        if backup_set_id is not None:
            chosen = BackupSet.objects.filter(pk=backup_set_id, client=client, removed_at=None).first()
            if chosen is None:
                return refuse("not_found")
        named = what.strip() or (chosen.name if chosen else "")
        where = ship_to.strip() or client.address.strip()
        problem = lifecycle.may_work_on(client.state, client.name, "copy.ask") or copies.check_wish(
            named, where
        )
        if problem is None and contact is None:
            problem = refuse("copy_for_whom")
        if problem is not None or contact is None:
            return deed.refuse(problem or refuse("copy_for_whom"), subject=client.id, verb="copy.ask")
        row = deed.add(
            ShippedCopy(
                client=client,
                offboarding=Offboarding.objects.filter(client=client).order_by("opened_at").last(),
                backup_set=chosen,
                what=named[:300],
                ship_to=where,
                state=CopyState.ASKED,
                asked_by=contact,
                asked_at=deed.now,
                vendor=chosen.vendor if chosen else "",
            )
        )
        if actor.kind == "client" and unreachable(row) is None:
            # Otherwise the wish would lie on a page until somebody looks.
            values = {
                "what": row.what,
                "asked_by": contact.name,
                "ship_to": ", ".join(where.splitlines()),
                "portal_url": portal(row),
                "staff_url": link(f"/copies/{row.id}/"),
            }
            post(deed, Post("copy_asked", f"copy:{row.id.hex}:asked", values, contact=contact, house=True))
        content: dict[str, object] = {"ship_to": where}
        if actor.is_staff:
            content["for_whom"] = contact.name
        if words.strip():
            content["words"] = words.strip()
        deed.record("copy.asked", subjects=about(row), public={"what": row.what}, to_client=content)
        return row


def about(row: ShippedCopy) -> list[UUID]:
    """What an entry of a copy is about."""
    return [one for one in (row.id, row.offboarding_id, row.backup_set_id) if one]


def answer_not_shipped(
    *, actor: Actor, copy_id: UUID, vendor: str, alternatives: str
) -> ShippedCopy | Refusal:
    """“This vendor does not ship”, with what the client can do instead; the client gets it by mail."""
    row = find(actor, copy_id)
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.quote")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        after = copies.copy_after(CopyState(row.state), "no_shipping", row.what)
        problem = (
            after
            if isinstance(after, Refusal)
            else copies.check_no_shipping(vendor, alternatives) or unreachable(row)
        )
        if problem is not None or isinstance(after, Refusal):
            return deed.refuse(problem or refuse("not_found"), subject=row.id, verb="copy.quote")
        deed.save(row, state=after, vendor=vendor.strip()[:160], alternatives=alternatives.strip())
        values = {
            "what": row.what,
            "vendor": row.vendor,
            "alternatives": [one.strip() for one in row.alternatives.splitlines() if one.strip()][:20],
            "portal_url": portal(row),
        }
        key = f"copy:{row.id.hex}:no:{row.row_version}"
        post(deed, Post("copy_not_shipped", key, values, contact=row.asked_by))
        deed.record(
            "copy.not_shipped",
            subjects=about(row),
            public={"what": row.what, "vendor": row.vendor},
            to_client={"alternatives": row.alternatives},
        )
        return row


def unreachable(row: ShippedCopy) -> Refusal | None:
    """Why nothing can be told to whoever asked for the copy (R2), or None."""
    found = addressed(row.client_id, (), row.asked_by, False)
    return found if isinstance(found, Refusal) else None


@dataclass(frozen=True, slots=True)
class VendorQuote:
    """What the vendor asks: ``net`` in ``currency``, where it said so (``source``) on which ``day``, and its paper."""

    vendor: str
    net: Decimal
    currency: str
    source: str
    day: date
    file: BinaryIO | bytes | None = None
    file_name: str = ""
    file_type: str = "application/octet-stream"


def record_quote(*, actor: Actor, copy_id: UUID, quote: VendorQuote) -> ShippedCopy | Refusal:
    """Record the vendor's quote and ask the client. A later one takes its place, and any approval, until the order."""
    row = find(actor, copy_id)
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.quote")) is not None:
        return refusal
    stored = None
    if quote.file is not None:
        stored = files.store(
            actor,
            quote.file,
            client_id=row.client_id,
            name=quote.file_name or "quote",
            media_type=quote.file_type,
        )
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        after = copies.copy_after(CopyState(row.state), "quote", row.what)
        problem = (
            after
            if isinstance(after, Refusal)
            else copies.check_quote(
                quote.net,
                quote.currency,
                vendor=quote.vendor,
                source=quote.source,
                day=quote.day,
                today=today(deed.now),
            )
            or unreachable(row)
        )
        if problem is not None or isinstance(after, Refusal):
            return deed.refuse(problem or refuse("not_found"), subject=row.id, verb="copy.quote")
        if stored is not None:
            deed.add(stored)
        deed.save(
            row,
            state=after,
            vendor=quote.vendor.strip()[:160],
            alternatives="",
            quote_net=quote.net,
            quote_currency=quote.currency,
            quote_source=quote.source.strip()[:300],
            quote_day=quote.day,
            quote_file=stored,
            approved_net=None,
            approved_by=None,
            approved_at=None,
        )
        values = {
            "what": row.what,
            "vendor": row.vendor,
            "amount": amount(quote.net, quote.currency),
            "source": row.quote_source,
            "quoted_on": quote.day,
            "portal_url": portal(row),
        }
        key = f"copy:{row.id.hex}:quote:{row.row_version}"
        post(deed, Post("copy_quoted", key, values, contact=row.asked_by))
        content: dict[str, object] = {
            "net": str(quote.net),
            "currency": quote.currency,
            "source": row.quote_source,
            "day": quote.day.isoformat(),
        }
        if stored is not None:
            content["digest"] = stored.sha256
        deed.record(
            "copy.quoted",
            subjects=about(row),
            public={"what": row.what, "vendor": row.vendor},
            to_client=content,
        )
        return row


def answer_quote(
    *,
    actor: Actor,
    copy_id: UUID,
    approve: bool,
    net: Decimal | None = None,
    currency: str = "",
    words: str = "",
) -> ShippedCopy | Refusal:
    """The signatory approves exactly what was quoted (``net``, ``currency``: as shown), or declines.

    Declining is possible until the order, and before a quote too: the client no longer wants the copy.
    """
    row = find(actor, copy_id)
    if row is None or actor.kind != "client":
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.answer")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        after = copies.copy_after(CopyState(row.state), "approve" if approve else "decline", row.what)
        problem = after if isinstance(after, Refusal) else None
        if problem is None and approve:
            quoted = row.quote_net or Decimal(0)
            problem = charges.approve_quote(quoted, net if currency == row.quote_currency else None)
        if problem is not None or isinstance(after, Refusal):
            return deed.refuse(problem or refuse("not_found"), subject=row.id, verb="copy.answer")
        if approve:
            deed.save(
                row, state=after, approved_net=row.quote_net, approved_by_id=actor.id, approved_at=deed.now
            )
            content: dict[str, object] | None = {"net": str(row.quote_net), "currency": row.quote_currency}
            if unreachable(row) is None:
                values = {
                    "what": row.what,
                    "approved_by": actor.name,
                    "vendor": row.vendor,
                    "amount": amount(row.quote_net or Decimal(0), row.quote_currency),
                    "portal_url": portal(row),
                    "staff_url": link(f"/copies/{row.id}/"),
                }
                key = f"copy:{row.id.hex}:approved:{row.row_version}"
                post(deed, Post("copy_approved", key, values, contact=row.asked_by, house=True))
        else:
            deed.save(row, state=after, approved_net=None, approved_by=None, approved_at=None)
            content = {"words": words.strip()} if words.strip() else None
        deed.record(
            "copy.approved" if approve else "copy.declined",
            subjects=about(row),
            public={"what": row.what},
            to_client=content,
        )
        return row
