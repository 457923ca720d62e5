# SPDX-License-Identifier: AGPL-3.0-or-later
"""The signatory signs or declines in the portal; a call-back by a second employee can carry the signature (R1)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions.authorisations.propose import disclosed_scope
from partwell.actions.authorisations.text import proof_on_file
from partwell.actions.base import Deed
from partwell.actions.correspondence.free_held import free_held
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.stop_queued import lapse_requests, stop_queued
from partwell.actions.people import passkeys
from partwell.records.authorisations.models import Authorisation, CallBack, RecipientPerson
from partwell.records.clients.models import Contact
from partwell.rules import consent, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, Channel, ContactRole


def _row(authorisation_id: UUID) -> Authorisation | None:
    return (
        Authorisation.objects.select_related("client", "recipient", "signatory", "offboarding", "replaces")
        .filter(pk=authorisation_id)
        .exclude(state=AuthorisationState.DRAFT)
        .exclude(proposed_at=None)  # replaced or discarded as a draft: the client was never asked
        .first()
    )


def reference_of(row: Authorisation) -> datetime:
    """The moment before which a called number must have been on file: the notice, or the proposal without one.

    In the zone of whoever asks (a page: the MSP's), because refusals say it.
    """
    moment = row.offboarding.noticed_at if row.offboarding else (row.proposed_at or row.client.added_at)
    return timezone.localtime(moment)


def signing_facts(
    row: Authorisation,
    *,
    signer: Contact,
    event: dict[str, Any],
    passkey_contact: UUID | None,
    call: CallBack | None,
) -> consent.SigningFacts:
    """What is known at the moment of signing; ``event`` is the signature event as kept."""
    called = (
        consent.CallBack(
            call.called_by_id.hex,
            call.called_by.name,
            call.contact_id.hex,
            call.number_on_file_at,
            call.confirmed,
        )
        if call
        else None
    )
    return consent.SigningFacts(
        state=AuthorisationState(row.state),
        signer_id=signer.id.hex,
        signer_name=signer.name,
        signer_role=ContactRole(signer.role),
        authority_proved=proof_on_file(signer) is not None,
        intent=bool(event.get("intent")),
        electronic_form=bool(event.get("electronic_form")),
        shown_digest=str(event.get("shown_digest", "")),
        document_digest=row.text_digest,
        second_address=bool(signer.second_email),
        preparer_staff_id=row.prepared_by_id.hex if row.prepared_by_id else "",
        reference=reference_of(row),
        passkey_contact_id=passkey_contact.hex if passkey_contact else None,
        call_back=called,
        on_paper=row.channel != Channel.PORTAL,
        scan=row.scan_id is not None,
        named_id=row.signatory_id.hex,
        named_name=row.signatory.name,
    )


def read_authorisation(
    *, actor: Actor, authorisation_id: UUID, address: str = "", agent: str = ""
) -> Authorisation | Refusal:
    """Note, once per signatory and text, that the exact text was opened. An observer's reading is not noted."""
    row = _row(authorisation_id)
    if actor.kind != "client" or row is None or row.client_id != actor.client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "authorisation.read")) is not None:
        return refusal
    if row.state != AuthorisationState.PROPOSED or not _reads_first(row, actor):
        return row
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row = _row(authorisation_id)
        assert row is not None  # nothing is ever deleted
        if row.state != AuthorisationState.PROPOSED or not _reads_first(row, actor):
            return row
        reads = {**row.signature_event.get("reads", {}), actor.id.hex: deed.now.isoformat()}
        deed.save(row, signature_event={**row.signature_event, "reads": reads})
        deed.record(
            "authorisation.read",
            subjects=[row.id],
            public={"recipient": row.recipient.firm},
            to_client={
                "digest": row.text_digest,
                "language": row.language,
                "address": address,
                "agent": agent[:200],
                "resolved": len(row.shown_items),
            },
        )
        return row


def _reads_first(row: Authorisation, actor: Actor) -> bool:
    return actor.role == ContactRole.SIGNATORY and actor.id.hex not in row.signature_event.get("reads", {})


def passkey_problem(
    kept: dict[str, Any], signer_id: UUID, digest: str, reference: datetime, preparer_id: UUID | None
) -> Refusal | None:
    """Whether a kept assertion is the signatory's second factor for exactly this text (R1); None when it is.

    ``digest``: of the text, hex; ``reference``: before when the passkey or the number that confirmed it was known.
    """
    key = passkeys.passkey_of(kept)
    if key is None or key.person_id != signer_id:
        return refuse("not_found")
    if not passkeys.still_holds(kept, bytes.fromhex(digest)):
        return refuse("passkey_refused", why="It was not used on exactly this text.")
    return passkeys.usable_for_signing(key, reference, preparer_id)


def sign_authorisation(
    *,
    actor: Actor,
    authorisation_id: UUID,
    shown_digest: str,
    intent: bool,
    electronic_form: bool,
    passkey: dict[str, Any] | None = None,
    agent: str = "",
    typed_name: str = "",
) -> Authorisation | Refusal:
    """The signatory signs. With their passkey (``passkey``: what ``verify_passkey_for_document`` gave) it acts at
    once; without one it waits for a call-back by a second employee, and says so. A passkey that does not count
    (enrolled too late and never confirmed) is refused with its reason: sign without it and wait for the call.
    """
    row = _row(authorisation_id)
    if actor.kind != "client" or row is None or row.client_id != actor.client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "authorisation.sign")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row = _row(authorisation_id)
        assert row is not None  # nothing is ever deleted
        signer = Contact.objects.get(pk=actor.id)
        if passkey and row.state == AuthorisationState.PROPOSED:
            weak = passkey_problem(passkey, signer.id, row.text_digest, reference_of(row), row.prepared_by_id)
            if weak is not None:
                return deed.refuse(weak, subject=row.id, version=row.version, verb="authorisation.sign")
        elif row.state == AuthorisationState.PROPOSED and row.signed_at and row.signatory_id == signer.id:
            return row  # a second click, a second tab: it waits already
        event = {
            **row.signature_event,
            "intent": intent,
            "electronic_form": electronic_form,
            "shown_digest": shown_digest,
            "signer": signer.id.hex,
            "name": signer.name,
            "typed_name": typed_name[:160],
            "title": signer.title,
            "at": deed.now.isoformat(),
            "address": actor.address,
            "agent": agent[:200],
            "identity": "a sign-in link mailed to the address on file"
            if actor.strength == "link"
            else f"a portal session by {actor.strength}",
            "language": row.language,
        }
        if passkey:
            event["passkey"] = passkey
        facts = signing_facts(
            row,
            signer=signer,
            event=event,
            passkey_contact=actor.id if passkey else None,
            call=_confirmed_call(row, signer),
        )
        refusal = consent.may_sign(facts)
        if refusal is not None and refusal.code == "second_factor_missing":
            return _await_call_back(deed, row, signer, event)
        if refusal is not None:
            return deed.refuse(refusal, subject=row.id, version=row.version, verb="authorisation.sign")
        factor = consent.second_factor(facts)
        return grant(deed, row, signer, event, factor.value if factor else "")


def _confirmed_call(row: Authorisation, signer: Contact) -> CallBack | None:
    return (
        row.call_backs.filter(contact=signer, confirmed=True)
        .select_related("called_by")
        .order_by("-called_at")
        .first()
    )


def _await_call_back(deed: Deed, row: Authorisation, signer: Contact, event: dict[str, Any]) -> Authorisation:
    deed.save(row, signed_at=deed.now, signature_event=event, signatory=signer)
    deed.record(
        "authorisation.awaits_call_back",
        subjects=[row.id],
        public={"recipient": row.recipient.firm},
        to_client={
            "digest": row.text_digest,
            "shown_digest": str(event["shown_digest"]),
            "address": str(event["address"]),
        },
    )
    return row


def grant(
    deed: Deed, row: Authorisation, signer: Contact, event: dict[str, Any], factor: str
) -> Authorisation:
    """Make it stand: the older one is replaced, the letter is queued, the recipient's people are invited to the terms."""
    older = list(
        Authorisation.objects.filter(recipient_id=row.recipient_id, state=AuthorisationState.GRANTED).exclude(
            pk=row.pk
        )
    )
    for one in older:
        deed.save(one, state=AuthorisationState.REPLACED)
    deed.save(
        row,
        state=AuthorisationState.GRANTED,
        signed_at=row.signed_at or deed.now,
        granted_at=deed.now,
        signature_event=event,
        factor=factor,
        signatory=signer,
    )
    persons = list(
        RecipientPerson.objects.select_related("recipient").filter(
            pk__in=[UUID(hex=one) for one in row.person_ids], left_at=None
        )
    )
    if persons:
        post(
            deed,
            Post(
                kind="terms_invitation",
                dedupe=f"authorisation:{row.id.hex}:terms",
                persons=persons,
                contact=signer,
                authorisation=row,
                values={
                    "recipient_firm": row.recipient.firm,
                    "portal_url": link("/provider/"),
                    "until": row.ends_on,
                },
            ),
        )
    proof = proof_on_file(signer)
    uid = deed.next_uid
    deed.job(
        "letter.authorisation",
        f"authorisation-letter:{row.id.hex}",
        client=row.client_id,
        authorisation=row.id.hex,
        entry=uid.hex,
    )
    deed.record(
        "authorisation.signed",
        recipient=row.recipient_id,
        subjects=[row.id, row.recipient_id],
        # The signatory authorises, also where the employee who called back is the one whose deed makes it act.
        public={"actor": signer.name, "recipient": row.recipient.firm},
        to_client={
            **disclosed_scope(row),
            "digest": row.text_digest,
            "second_factor": factor,
            "intent": bool(event.get("intent")),
            "electronic_form": bool(event.get("electronic_form")),
            "shown_digest": str(event.get("shown_digest", "")),
            "language": row.language,
            "address": str(event.get("address", "")),
            "agent": str(event.get("agent", "")),
            "authority": proof.kind if proof else "",
            "resolved": len(row.shown_items),
        },
    )
    if older:
        # What was queued or asked under the older one is judged by the newer one now, not only when it leaves.
        lapse_requests(deed, row.recipient_id, refuse("replaced", recipient=row.recipient.firm))
        stop_queued(deed, row.recipient_id, None)
    free_held(deed, row.recipient_id)  # what they asked before may be answered now
    return row


def decline_authorisation(
    *, actor: Actor, authorisation_id: UUID, words: str = ""
) -> Authorisation | Refusal:
    """The signatory says no; nothing goes to that recipient."""
    row = _row(authorisation_id)
    if actor.kind != "client" or row is None or row.client_id != actor.client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "authorisation.decline")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row = _row(authorisation_id)
        assert row is not None  # nothing is ever deleted
        if row.state != AuthorisationState.PROPOSED:
            return deed.refuse(
                refuse("not_proposed", state=row.state),
                subject=row.id,
                version=row.version,
                verb="authorisation.decline",
            )
        deed.save(
            row,
            state=AuthorisationState.DECLINED,
            declined_at=deed.now,
            ended_by_name=actor.name,
            ended_reason=words,
        )
        deed.record(
            "authorisation.declined",
            subjects=[row.id],
            public={"recipient": row.recipient.firm},
            to_client={"digest": row.text_digest, "words": words},
        )
        return row
