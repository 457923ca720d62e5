# SPDX-License-Identifier: AGPL-3.0-or-later
"""Consent on paper or by mail: recorded with its scan; it acts after the call-back, the portal confirmation may follow (R1)."""

from datetime import date
from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.authorisations.propose import Scope, propose_authorisation
from partwell.actions.base import Deed
from partwell.records.authorisations.models import Authorisation
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, Channel


def record_paper(
    *,
    actor: Actor,
    recipient_id: UUID,
    signatory_id: UUID,
    scope: Scope,
    channel: Channel,
    scan: BinaryIO | bytes,
    scan_name: str,
    scan_type: str,
    signed_on: date | None = None,
) -> Authorisation | Refusal:
    """Record a consent that came by letter or mail. It stands only once a second employee has called the signatory back."""
    if (refusal := roles.may(actor.role, "authorisation.record_paper")) is not None:
        return refusal
    if channel not in (Channel.LETTER, Channel.MAIL):
        return refuse(
            "invalid_input", where="How it came", problem="a consent in writing comes by letter or mail"
        )
    row = propose_authorisation(
        actor=actor, recipient_id=recipient_id, signatory_id=signatory_id, scope=scope
    )
    if isinstance(row, Refusal):
        return row
    stored = files.store(actor, scan, client_id=row.client_id, name=scan_name, media_type=scan_type)
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row = Authorisation.objects.select_related("recipient", "signatory").get(pk=row.pk)
        if row.state != AuthorisationState.PROPOSED:
            return deed.refuse(
                refuse("not_proposed", state=row.state),
                subject=row.id,
                version=row.version,
                verb="authorisation.record_paper",
            )
        deed.add(stored)
        deed.save(row, scan=stored, channel=channel)
        deed.record(
            "authorisation.paper_recorded",
            subjects=[row.id, stored.id],
            public={"recipient": row.recipient.firm},
            to_client={
                "digest": stored.sha256,
                "file": stored.name,
                "signatory": row.signatory.name,
                "signed_on": signed_on.isoformat() if signed_on else "",
            },
        )
        return row
