# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is on file of a person changes. A new number is dated anew, so that it cannot carry an older call-back (R1)."""

from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.clients.add_client import outside
from partwell.actions.clients.add_contact import contact_problem
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.takeover import wake
from partwell.actions.people.enter import end_sessions_of
from partwell.documents.texts import phrase
from partwell.records.clients.models import Contact
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

# A change of these could put somebody else in the client's place (R1, R2), so what was on file before is told.
WORDS = {"email": "address", "second_email": "second address", "phone": "telephone number"}
REACHED_BY = {"email", "second_email", "phone"}
FIELDS = ("name", "title", "role", "email", "second_email", "phone", "language")


def change_contact(*, actor: Actor, contact_id: UUID, **changes: Any) -> Contact | Refusal:
    """Set some of ``FIELDS``. Another address ends the person's portal sessions: who reads it must sign in there."""
    if (refusal := roles.may(actor.role, "contact.change")) is not None:
        return refusal
    if unknown := changes.keys() - set(FIELDS):
        raise TypeError(f"A contact has no {', '.join(sorted(unknown))} to change.")
    peek = Contact.objects.filter(pk=contact_id, left_at=None).first()
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = Contact.objects.get(pk=contact_id)
        before = {name: getattr(row, name) for name in changes}
        moved = {
            name: str(value).strip() for name, value in changes.items() if before[name] != str(value).strip()
        }
        if not moved:
            return row
        now = {name: moved.get(name, getattr(row, name)) for name in FIELDS}
        problem = contact_problem(client, now["name"], now["email"], now["second_email"], but=row.pk)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="contact.change")
        if REACHED_BY & moved.keys():
            _tell_before(deed, row, sorted(REACHED_BY & moved.keys()))
        extra: dict[str, Any] = {}
        if "phone" in moved:
            extra["phone_on_file_at"] = deed.now if moved["phone"] else None
        if "email" in moved:
            extra.update(outside_domain=outside(moved["email"], client.domains), email_state="ok")
        if "second_email" in moved:
            extra["second_email_state"] = ""
        deed.save(row, **moved, **extra)
        deed.record(
            "contact.changed",
            subjects=[row.id],
            public={"contact": row.name},
            to_client={"what": sorted(moved), "before": {n: str(before[n]) for n in moved}, "after": moved},
        )
        if {"email", "role"} & moved.keys():
            end_sessions_of(row.id)
        if {"email", "second_email"} & moved.keys():
            wake(client.id, deed.now)
        return row


def _tell_before(deed: Deed, row: Contact, what: list[str]) -> None:
    """Mail the addresses on file until now. That nobody can be reached does not stop the change: it may be its cure."""
    post(
        deed,
        Post(
            kind="contact_changed",
            dedupe=f"contact:{row.id.hex}:{row.row_version}",
            contact=row,
            second=True,
            values={
                "person": row.name,
                "changed_by": deed.actor.name,
                "what": [phrase(WORDS[name]) for name in what],
                "at": deed.now,
                "portal_url": link("/client/"),
            },
        ),
    )
