# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail to a contact came back, and now arrives again: a person says so and how they know."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.takeover import wake
from partwell.records.clients.models import Contact
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def address_works(*, actor: Actor, contact_id: UUID, ground: str) -> Contact | Refusal:
    """Trust the contact's addresses again; what waited for an address of the client is tried at once (R2)."""
    if (refusal := roles.may(actor.role, "contact.change")) is not None:
        return refusal
    peek = Contact.objects.filter(pk=contact_id, left_at=None).first()
    if peek is None:
        return refuse("not_found")
    if not ground.strip():
        return refuse("required", where="How you know that mail arrives")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = Contact.objects.get(pk=contact_id)
        if row.email_state == "ok" and row.second_email_state != "bouncing":
            return row
        deed.save(row, email_state="ok", second_email_state="")
        deed.record(
            "contact.address_works",
            subjects=[row.id],
            public={"contact": row.name},
            to_client={"ground": ground.strip()[:1000]},
        )
        wake(client.id, deed.now)
        return row
