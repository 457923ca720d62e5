# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a signatory may bind the client: a register extract, a power of attorney (R1)."""

from datetime import date
from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.records.clients.models import AuthorityProof, Contact
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ContactRole


def record_authority(
    *,
    actor: Actor,
    contact_id: UUID,
    kind: str,
    file: BinaryIO | bytes | None = None,
    file_name: str = "",
    file_type: str = "application/octet-stream",
    valid_until: date | None = None,
) -> AuthorityProof | Refusal:
    """Record the proof, with its document where there is one. Only a signatory's authority is proved.

    An older proof stays on file; the newest one stands.
    """
    if (refusal := roles.may(actor.role, "authority.record")) is not None:
        return refusal
    contact = Contact.objects.filter(pk=contact_id, left_at=None).first()
    if contact is None:
        return refuse("not_found")
    if not kind.strip():
        return refuse("required", where="What proves the authority")
    if contact.role != ContactRole.SIGNATORY:
        return refuse("not_a_signatory", person=contact.name)
    stored = None
    if file is not None:
        stored = files.store(actor, file, client_id=contact.client_id, name=file_name, media_type=file_type)
    with Deed(actor) as deed:
        client = deed.lock(contact.client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "authority.record")) is not None:
            return deed.refuse(gone, subject=client.id, verb="authority.record")
        if stored is not None:
            deed.add(stored)
        row = deed.add(
            AuthorityProof(
                contact=contact,
                kind=kind.strip()[:120],
                file=stored,
                checked_by_id=actor.id,
                checked_at=deed.now,
                valid_until=valid_until,
            )
        )
        content: dict[str, object] = {"digest": stored.sha256, "file": stored.id.hex} if stored else {}
        if valid_until is not None:
            content["valid_until"] = valid_until.isoformat()
        deed.record(
            "authority.recorded",
            subjects=[row.id, contact.id],
            public={"contact": contact.name, "proof": row.kind},
            to_client=content,
        )
        return row
