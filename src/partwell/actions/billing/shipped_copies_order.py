# SPDX-License-Identifier: AGPL-3.0-or-later
"""R7 from the order on: the drive on its way, its key apart from it, and its arrival."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.billing.shipped_copies import about, find, portal, unreachable
from partwell.actions.correspondence.post import Post, post
from partwell.actions.hours.standing import today
from partwell.actions.retention.record_set import mark_returned
from partwell.records.billing.models import ShippedCopy
from partwell.rules import charges, copies, roles
from partwell.rules.actor import Actor
from partwell.rules.copies import CopyState
from partwell.rules.refusals import Refusal, refuse


def _step(deed: Deed, row: ShippedCopy, move: str, verb: str, problem: Refusal | None) -> CopyState | Refusal:
    after = copies.copy_after(CopyState(row.state), move, row.what)
    refusal = after if isinstance(after, Refusal) else problem
    if refusal is not None:
        return deed.refuse(refusal, subject=row.id, verb=verb)
    return after


def order_copy(*, actor: Actor, copy_id: UUID) -> ShippedCopy | Refusal:
    """Record the order at the vendor: only what the client approved, to exactly that amount."""
    row = find(actor, copy_id)
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.quote")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = charges.approve_quote(row.quote_net or Decimal(0), row.approved_net)
        after = _step(deed, row, "order", "copy.quote", problem)
        if isinstance(after, Refusal):
            return after
        deed.save(row, state=after)
        deed.record("copy.ordered", subjects=about(row), public={"what": row.what, "vendor": row.vendor})
        return row


def record_shipment(*, actor: Actor, copy_id: UUID, shipment: copies.Shipment) -> ShippedCopy | Refusal:
    """The drive has left: carrier, tracking, serial and with what it is encrypted; the client gets it by mail."""
    row = find(actor, copy_id)
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.ship")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = copies.check_shipment(shipment, today(deed.now)) or unreachable(row)
        after = _step(deed, row, "ship", "copy.ship", problem)
        if isinstance(after, Refusal):
            return after
        deed.save(
            row,
            state=after,
            carrier=shipment.carrier.strip()[:80],
            tracking=shipment.tracking.strip()[:120],
            drive_serial=shipment.drive_serial.strip()[:120],
            encryption=shipment.encryption.strip()[:200],
            shipped_on=shipment.shipped_on,
        )
        values = {
            "what": row.what,
            "carrier": row.carrier,
            "tracking": row.tracking or None,
            "drive_serial": row.drive_serial,
            "encryption": row.encryption,
            "shipped_on": row.shipped_on,
            "portal_url": portal(row),
        }
        post(deed, Post("copy_shipped", f"copy:{row.id.hex}:shipped", values, contact=row.asked_by))
        content: dict[str, object] = {
            "shipped_on": shipment.shipped_on.isoformat(),
            "drive_serial": row.drive_serial,
            "encryption": row.encryption,
        }
        if row.tracking:
            content["tracking"] = row.tracking
        deed.record(
            "copy.shipped",
            subjects=about(row),
            public={"what": row.what, "carrier": row.carrier},
            to_client=content,
        )
        return row


def record_key_way(*, actor: Actor, copy_id: UUID, way: str, day: date) -> ShippedCopy | Refusal:
    """How the key went to the client, apart from the drive: one of ``copies.KEY_WAYS``, never the key (R16)."""
    row = find(actor, copy_id)
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.ship")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = copies.check_key_way(way, day, today(deed.now))
        if problem is None and CopyState(row.state) not in copies.BILLABLE:
            state = CopyState(row.state)
            problem = refuse(
                "copy_step", subject=row.what, state=state.label, wanted="have its key handed over"
            )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="copy.ship")
        words = copies.KEY_WAYS[way]
        deed.save(row, key_handed_over=f"{words}; {day.isoformat()}")
        deed.record(
            "copy.key_handed_over",
            subjects=about(row),
            public={"what": row.what, "way": words},
            to_client={"day": day.isoformat()},
        )
        return row


def confirm_arrival(*, actor: Actor, copy_id: UUID, words: str = "") -> ShippedCopy | Refusal:
    """The signatory confirms that the drive is there."""
    row = find(actor, copy_id)
    if row is None or actor.kind != "client":
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "copy.arrive")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        after = _step(deed, row, "arrive", "copy.arrive", None)
        if isinstance(after, Refusal):
            return after
        deed.save(row, state=after, arrived_at=deed.now, arrived_confirmed_by_id=actor.id)
        deed.record(
            "copy.arrived",
            subjects=about(row),
            public={"what": row.what},
            to_client={"words": words.strip()} if words.strip() else None,
        )
        if row.backup_set is not None and row.backup_set.gone_at is None:
            said = f"The drive {row.drive_serial} arrived, as {actor.name} confirmed."
            mark_returned(deed, row.backup_set, said)
        return row
