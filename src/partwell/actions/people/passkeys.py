# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passkeys of the client's contacts: enrolled, removed, used to sign a document, confirmed by a call-back (R1)."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, post
from partwell.actions.facts import open_offboarding, zone
from partwell.connectors import webauthn
from partwell.connectors.errors import PasskeyRefused
from partwell.records.clients.models import Contact
from partwell.records.guard import permit
from partwell.records.people.models import Passkey, PortalSession
from partwell.records.people.queries import staff_member, the_msp
from partwell.rules import lifecycle, passkeys, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse

MOST = 10
_NO_MODEL = "00000000-0000-0000-0000-000000000000"  # attestation is "none": the model is not kept


def origin() -> str:
    """Our origin as browsers name it, from PARTWELL_URL."""
    parts = urlsplit(settings.PARTWELL_URL)
    return f"{parts.scheme}://{parts.netloc}"


def rp_id() -> str:
    """The relying party: our host name."""
    return urlsplit(settings.PARTWELL_URL).hostname or "localhost"


def _credential(row: Passkey) -> webauthn.CredentialRecord:
    return webauthn.CredentialRecord(
        bytes.fromhex(row.credential_id), bytes.fromhex(row.public_key), row.sign_count, _NO_MODEL, True
    )


def _keep(session: PortalSession, name: str, state: dict[str, Any] | None) -> dict[str, Any] | None:
    """Set (or, with None, take out) one WebAuthn state of a session under a row lock, so that it is used once."""
    with transaction.atomic():
        row = PortalSession.objects.select_for_update().get(pk=session.pk)
        before = row.state.get(name)
        rest = {key: value for key, value in row.state.items() if key != name}
        row.state = rest if state is None else {**rest, name: state}
        row.save(update_fields=["state"])
    session.state = row.state
    return before


def passkeys_of(person_id: UUID) -> list[Passkey]:
    """A contact's passkeys that were not removed, oldest first."""
    return list(
        Passkey.objects.filter(person_id=person_id, kind="client", removed_at=None).order_by("created_at")
    )


# enrolment ----------------------------------------------------------------


def registration_options(*, actor: Actor, session: PortalSession) -> str | Refusal:
    """Options for the browser (JSON) to make a passkey; the challenge is kept in the session."""
    if actor.kind != "client" or session.person_id != actor.id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "passkey.own")) is not None:
        return refusal
    msp = the_msp()
    options, state = webauthn.registration_options(
        rp_id(),
        msp.name if msp else "Partwell",
        actor.id.bytes,
        actor.name,
        [bytes.fromhex(one.credential_id) for one in passkeys_of(actor.id)],
    )
    _keep(session, "passkey_register", state)
    return options


def register_passkey(
    *, actor: Actor, session: PortalSession, response: dict[str, Any] | str, label: str = ""
) -> Passkey | Refusal:
    """Finish an enrolment. The contact gets a receipt at both addresses: who did not do it can say so (R1)."""
    if actor.kind != "client" or session.person_id != actor.id or actor.client_id is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "passkey.own")) is not None:
        return refusal
    state = _keep(session, "passkey_register", None)
    try:
        made = webauthn.finish_registration(state or {}, response, origin())
    except PasskeyRefused as error:
        return refuse("passkey_refused", why=str(error))
    with Deed(actor) as deed:
        deed.lock(actor.client_id)
        contact = Contact.objects.get(pk=actor.id)
        if contact.left_at:
            return refuse("not_found")
        if Passkey.objects.filter(credential_id=made.id.hex()).exists():
            return deed.refuse(refuse("passkey_known"), subject=actor.id, verb="passkey.own")
        if len(passkeys_of(actor.id)) >= MOST:
            why = f"There are {MOST} passkeys already; remove one first."
            return deed.refuse(refuse("passkey_refused", why=why), subject=actor.id, verb="passkey.own")
        row = Passkey(
            kind="client",
            person_id=actor.id,
            label=" ".join(label.split())[:80] or "Passkey",
            credential_id=made.id.hex(),
            public_key=made.public_key.hex(),
            sign_count=made.sign_count,
            created_at=deed.now,
        )
        told = post(
            deed,
            Post(
                kind="passkey_added",
                dedupe=f"passkey:{row.id.hex}:added",
                contact=contact,
                second=True,
                values={"label": row.label, "at": deed.now, "address": actor.address or None},
            ),
        )
        if isinstance(told, Refusal):
            return deed.refuse(told, subject=actor.id, verb="passkey.own")
        deed.add(row)
        deed.record(
            "passkey.added",
            subjects=[row.id, actor.id],
            to_client={"label": row.label},
            internal={"address": actor.address},
        )
        return row


def remove_passkey(*, actor: Actor, passkey_id: UUID) -> Passkey | Refusal:
    """The contact gives up one of their passkeys; signatures made with it stay verifiable."""
    row = Passkey.objects.filter(pk=passkey_id, person_id=actor.id, removed_at=None).first()
    if actor.kind != "client" or row is None or actor.client_id is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "passkey.own")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(actor.client_id)
        row.refresh_from_db()
        if row.removed_at:
            return refuse("not_found")
        deed.save(row, removed_at=deed.now)
        deed.record("passkey.removed", subjects=[row.id, actor.id], to_client={"label": row.label})
        return row


# the call-back ---------------------------------------------------------------


def call_reference(row: Passkey, client_id: UUID) -> datetime:
    """Before when a number must have been on file to confirm this enrolment: the notice or the enrolment, the earlier."""
    open_one = open_offboarding(client_id)
    moment = min(open_one.noticed_at, row.created_at) if open_one else row.created_at
    return timezone.localtime(moment)


def confirm_passkey(*, actor: Actor, passkey_id: UUID, confirmed: bool, note: str = "") -> Passkey | Refusal:
    """An employee called the contact on a number older than notice and enrolment and asked: is this passkey yours?

    ``confirmed`` False: it was not theirs, so it is removed at once.
    """
    row = Passkey.objects.filter(pk=passkey_id, kind="client", removed_at=None).first()
    contact = Contact.objects.filter(pk=row.person_id, left_at=None).first() if row else None
    if not actor.is_staff or row is None or contact is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "passkey.confirm")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(contact.client_id)
        gone = lifecycle.may_work_on(client.state, client.name, "passkey.confirm")
        if confirmed and gone is not None:  # taking a stranger's key away is never refused
            return deed.refuse(gone, subject=row.id, verb="passkey.confirm")
        row.refresh_from_db()
        contact.refresh_from_db()
        if row.removed_at:
            return refuse("not_found")
        refusal = passkeys.may_call_to_confirm(
            contact.phone, contact.phone_on_file_at, call_reference(row, contact.client_id)
        )
        if refusal is not None:
            return deed.refuse(refusal, subject=row.id, verb="passkey.confirm")
        since = contact.phone_on_file_at
        assert since is not None  # the rule refused a number without a day
        if confirmed:
            deed.save(row, confirmed_at=deed.now, confirmed_by=actor.id, confirmed_number_since=since)
        else:
            deed.save(row, removed_at=deed.now)
        deed.record(
            "passkey.confirmed" if confirmed else "passkey.denied",
            subjects=[row.id, contact.id],
            public={"person": contact.name},
            to_client={"label": row.label, "number_since": day_in(since, zone()).isoformat(), "words": note},
            internal={"number": contact.phone},
        )
        return row


def usable_for_signing(row: Passkey, reference: datetime, preparer_id: UUID | None = None) -> Refusal | None:
    """None when this passkey carries a signature whose notice (or proposal) was at ``reference``; see rules.passkeys."""
    by = staff_member(row.confirmed_by) if row.confirmed_by else None
    return passkeys.may_carry_signature(
        passkeys.PasskeyFacts(
            enrolled_at=timezone.localtime(row.created_at),
            removed_at=row.removed_at,
            confirmed_at=row.confirmed_at,
            confirmed_by_id=row.confirmed_by.hex if row.confirmed_by else "",
            confirmed_by_name=by.name if by else "",
            confirmed_number_since=row.confirmed_number_since,
        ),
        reference,
        preparer_id.hex if preparer_id else "",
    )


# signing a document -----------------------------------------------------------


def signing_options(session: PortalSession, contact: Contact, digest: bytes) -> str | Refusal:
    """Options (JSON) for the browser to sign the document of this SHA-256 with one of the contact's passkeys."""
    rows = passkeys_of(contact.id)
    if session.kind != "client" or session.person_id != contact.id:
        return refuse("not_found")
    try:
        options, state = webauthn.authentication_options(
            rp_id(), [_credential(row) for row in rows], webauthn.challenge_for(digest)
        )
    except PasskeyRefused as error:
        return refuse("passkey_refused", why=str(error))
    _keep(session, "passkey_sign", state)
    return options


def verify_passkey_for_document(
    session: PortalSession, contact: Contact, response: dict[str, Any] | str, digest: bytes
) -> dict[str, Any] | Refusal:
    """Check that one of the contact's passkeys just signed this very document; gives what to keep of it.

    The kept dict holds hex and plain strings only, and :func:`still_holds` checks it years later. ``passkey``
    is the row's id: ask :func:`usable_for_signing` whether it is a second factor. The challenge is used up
    either way.
    """
    if session.kind != "client" or session.person_id != contact.id or contact.left_at:
        return refuse("not_found")
    state = _keep(session, "passkey_sign", None)
    rows = passkeys_of(contact.id)
    try:
        proven = webauthn.finish_authentication(
            state or {}, [_credential(row) for row in rows], response, origin(), document_digest=digest
        )
    except PasskeyRefused as error:
        return refuse("passkey_refused", why=str(error))
    row = next(one for one in rows if one.credential_id == proven.credential_id.hex())
    # The counter is no evidence (the use is), so no deed; the old one in the WHERE makes a copy lose the race.
    with permit("deed"):
        moved = Passkey.objects.filter(pk=row.pk, sign_count=row.sign_count, removed_at=None).update(
            sign_count=proven.sign_count
        )
    if moved != 1:
        return refuse("passkey_refused", why="This passkey was used elsewhere at the same moment.")
    return {
        "passkey": row.id.hex,
        "label": row.label,
        "enrolled_at": row.created_at.isoformat(),
        "confirmed_at": row.confirmed_at.isoformat() if row.confirmed_at else "",
        "credential_id": row.credential_id,
        "public_key": row.public_key,
        "client_data": proven.client_data.hex(),
        "authenticator_data": proven.authenticator_data.hex(),
        "signature": proven.signature.hex(),
        "digest": digest.hex(),
        "rp_id": rp_id(),
        "origin": origin(),
        "at": timezone.now().isoformat(),
    }


def still_holds(kept: dict[str, Any], digest: bytes) -> bool:
    """Years later, from the kept dict alone: did that passkey, its user verified, sign this document?"""
    try:
        assertion = webauthn.Assertion(
            credential_id=bytes.fromhex(kept["credential_id"]),
            sign_count=0,
            user_verified=True,
            client_data=bytes.fromhex(kept["client_data"]),
            authenticator_data=bytes.fromhex(kept["authenticator_data"]),
            signature=bytes.fromhex(kept["signature"]),
            document_digest=digest,
        )
        key = bytes.fromhex(kept["public_key"])
        return webauthn.verify_assertion(assertion, key, kept["rp_id"], kept["origin"], digest)
    except (KeyError, TypeError, ValueError):
        return False


def passkey_of(kept: dict[str, Any]) -> Passkey | None:
    """The row of a kept assertion, removed or not."""
    return (
        Passkey.objects.filter(pk=UUID(hex=str(kept.get("passkey", "")))).first()
        if kept.get("passkey")
        else None
    )


def contact_for_call(contact_id: UUID) -> Contact | None:
    """The contact (with client) whose passkeys an employee looks at; None for one who left."""
    return Contact.objects.select_related("client").filter(pk=contact_id, left_at=None).first()
