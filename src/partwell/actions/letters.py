# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes a letter: typeset, signed (PAdES), with the log's verifier key and checkpoint on it, filed in the vault.

A letter is made by a job, queued in the deed of what it tells of: rendering takes a second, and the letter
carries that deed's entry, which must be committed before a checkpoint can cover it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import link
from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.facts import loop_contacts
from partwell.actions.keys import INSTALLATION, open_unit, unit_for
from partwell.documents.german import translate
from partwell.documents.pdf import render
from partwell.documents.signing import make_signing_identity, sign_pdf
from partwell.documents.texts import speaking
from partwell.records.clients.models import Contact
from partwell.records.evidence.models import Entry, LogState
from partwell.records.people.models import Msp, SigningIdentity
from partwell.records.people.queries import the_msp
from partwell.records.vault.models import KeyUnit, StoredFile
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.letters import FALLBACK, language_of

_PLACE = ("people.SigningIdentity", "key")


def signing_identity() -> tuple[bytes, bytes]:
    """Key and certificate (PEM) of this installation's letters, made on first use."""
    row = SigningIdentity.objects.filter(retired_at=None).order_by("made_at").first()
    if row is not None:
        unit = open_unit(KeyUnit.objects.get(client=None, purpose=INSTALLATION, destroyed_at=None))
        return unit.open(_PLACE[0], row.id, _PLACE[1], bytes(row.sealed_key)), row.certificate.encode()
    msp = the_msp()
    key, certificate = make_signing_identity(msp.name if msp else "Partwell")
    unit = unit_for(SYSTEM, None, INSTALLATION)
    row_id = uuid4()
    with Deed(SYSTEM) as deed:
        deed.add(
            SigningIdentity(
                id=row_id,
                certificate=certificate.decode(),
                sealed_key=unit.seal(_PLACE[0], row_id, _PLACE[1], key),
                made_at=deed.now,
            )
        )
        deed.record(
            "key.made",
            subjects=[row_id],
            public={"client": "the service provider", "purpose": "signing letters"},
            internal={"key_id": row_id.hex},
        )
    return key, certificate


def letterhead(msp: Msp) -> dict[str, Any]:
    """The MSP as letters show it."""
    logo = (
        files.read_file(msp.logo) if msp.logo_id and msp.logo and msp.logo.media_type == "image/png" else None
    )
    return {
        "name": msp.name,
        "address": [line for line in msp.address.splitlines() if line.strip()],
        "colour": msp.colour,
        "logo": logo,
        "line": " · ".join(part for part in (msp.legal_name or msp.name, msp.email, msp.phone) if part),
    }


def proof_of(entry_uid: UUID | None) -> dict[str, Any]:
    """Entry, address, checkpoint and verifier key as a letter prints them."""
    made = make_checkpoint()
    state = LogState.objects.get(pk=1)
    out: dict[str, Any] = {
        "checkpoint": made.note if made else None,
        "checkpoint_at": made.made_at if made else None,
        "vkey": state.vkey,
    }
    entry = Entry.objects.filter(uid=entry_uid).first() if entry_uid else None
    if entry is not None:
        out.update(entry=str(entry.index), entry_url=link(f"/proof/{entry.uid.hex}/"))
    return {key: value for key, value in out.items() if value is not None}


@contextmanager
def in_language_of(client_id: UUID, contact: Contact | None = None) -> Iterator[str]:
    """Write a letter in the language of the mail that it goes with: of ``contact``, where they are in the loop, else of the
    first who is. Gives the language ("de").

    Only for the letters of ``german_letters.SPOKEN``: the text of an authorisation stays in the language in which it was signed.
    Put the making of the letter inside and the mail outside: the mail finds its own.
    """
    contacts = loop_contacts(client_id)
    chosen = contact if contact in contacts else next(iter(contacts), None)
    code = language_of(chosen.language) if chosen else FALLBACK
    with speaking(code, translate if code == "de" else str):
        yield code


def make_letter(
    template: str,
    data: dict[str, Any],
    *,
    to_name: str,
    to_address: str = "",
    entry_uid: UUID | None = None,
    reason: str,
    when: datetime | None = None,
    reference: str = "",
) -> bytes:
    """A signed PDF of ``template`` (``documents.letters``) in the language in force; ``data`` are its own fields."""
    msp = the_msp()
    if msp is None:
        raise RuntimeError("Set the MSP up before letters are written.")
    full = {
        "msp": letterhead(msp),
        "to": {"name": to_name, "address": [line for line in to_address.splitlines() if line.strip()]},
        "date": when or timezone.now(),
        "zone": msp.time_zone,
        "proof": proof_of(entry_uid),
        "sealed": True,
        "reference": reference or None,
        **data,
    }
    key, certificate = signing_identity()
    return sign_pdf(render(template, full), key, certificate, reason, msp.name)


def file_letter(
    pdf: bytes,
    *,
    client_id: UUID,
    name: str,
    apply: Callable[[Deed, StoredFile], None],
    actor: Actor = SYSTEM,
) -> StoredFile:
    """File a letter in the client's record; ``apply`` saves rows, posts mails and records, within the same deed."""
    stored = files.store(actor, pdf, client_id=client_id, name=name, media_type="application/pdf")
    with Deed(actor) as deed:
        deed.lock(client_id)
        deed.add(stored)
        apply(deed, stored)
    return stored
