# SPDX-License-Identifier: AGPL-3.0-or-later
"""A contact left the client: everything of theirs in the portal ends at once."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.facts import loop_contacts
from partwell.actions.people.enter import end_sessions_of
from partwell.records.clients.models import Contact
from partwell.records.offboardings.models import Offboarding
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def contact_left(*, actor: Actor, contact_id: UUID, reason: str = "") -> Contact | Refusal:
    """Take a contact off. Refused (``contact_in_use``) for the last one with an address that works: R2's loop hangs on it."""
    if (refusal := roles.may(actor.role, "contact.change")) is not None:
        return refusal
    peek = Contact.objects.filter(pk=contact_id).first()
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = Contact.objects.get(pk=contact_id)
        if row.left_at is not None:
            return row
        if [one.id for one in loop_contacts(row.client_id)] == [row.id]:
            return deed.refuse(
                refuse("contact_in_use", person=row.name), subject=row.id, verb="contact.change"
            )
        deed.save(row, left_at=deed.now)
        for offboarding in Offboarding.objects.filter(outside_contact=row, state="open"):
            deed.save(offboarding, outside_contact=None)
        deed.record(
            "contact.removed",
            subjects=[row.id],
            public={"contact": row.name},
            to_client={"reason": reason.strip()} if reason.strip() else None,
        )
        end_sessions_of(row.id)
        return row
