# SPDX-License-Identifier: AGPL-3.0-or-later
"""A second employee calls the signatory on a number that was on file before the notice; that can carry a signature (R1)."""

from uuid import UUID

from partwell.actions.authorisations.sign import _row, grant, reference_of, signing_facts
from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.records.authorisations.models import Authorisation, CallBack
from partwell.rules import consent, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, Channel


def log_call_back(
    *, actor: Actor, authorisation_id: UUID, confirmed: bool, note: str = ""
) -> Authorisation | Refusal:
    """A second employee called the signatory on the number on file; if it carries the signature, it is granted now (R1).

    ``confirmed`` False: nobody was reached, or they did not confirm; it is logged and the consent keeps waiting.
    """
    row = _row(authorisation_id)
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "authorisation.call_back")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "authorisation.call_back")) is not None:
            return deed.refuse(gone, subject=row.id, verb="authorisation.call_back")
        row = _row(authorisation_id)
        assert row is not None  # nothing is ever deleted
        signer = row.signatory
        if row.state != AuthorisationState.PROPOSED:
            return deed.refuse(
                refuse("not_proposed", state=row.state),
                subject=row.id,
                version=row.version,
                verb="authorisation.call_back",
            )
        if (
            not signer.phone
            or signer.phone_on_file_at is None
            or signer.phone_on_file_at >= reference_of(row)
        ):
            return deed.refuse(
                refuse("callback_number_not_on_file", reference=reference_of(row)),
                subject=row.id,
                version=row.version,
                verb="authorisation.call_back",
            )
        if row.prepared_by_id == actor.id:
            return deed.refuse(
                refuse("callback_by_preparer", person=actor.name),
                subject=row.id,
                version=row.version,
                verb="authorisation.call_back",
            )
        call = deed.add(
            CallBack(
                authorisation=row,
                contact=signer,
                number=signer.phone,
                number_on_file_at=signer.phone_on_file_at,
                called_by_id=actor.id,
                called_at=deed.now,
                confirmed=confirmed,
                note=note,
            )
        )
        deed.record(
            "authorisation.called_back",
            subjects=[row.id, call.id],
            public={"recipient": row.recipient.firm, "contact": signer.name},
            to_client={
                "confirmed": confirmed,
                "number_since": day_in(signer.phone_on_file_at, zone()).isoformat(),
                "words": note,
            },
            internal={"number": signer.phone},
        )
        if confirmed and (row.signed_at or row.channel != Channel.PORTAL):
            facts = signing_facts(
                row, signer=signer, event=row.signature_event, passkey_contact=None, call=call
            )
            refusal = consent.may_sign(facts)
            if refusal is not None:
                return deed.refuse(
                    refusal, subject=row.id, version=row.version, verb="authorisation.call_back"
                )
            factor = consent.second_factor(facts)
            grant(deed, row, signer, row.signature_event, factor.value if factor else "")
        return row
