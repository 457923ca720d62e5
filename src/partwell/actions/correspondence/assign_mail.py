# SPDX-License-Identifier: AGPL-3.0-or-later
"""Says whose conversation an unmatched mail belongs to. Its bytes move under the client's key, so that they end with it (R8)."""

import contextlib
import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence import file_mail
from partwell.actions.correspondence.filing import Filing
from partwell.actions.correspondence.receive import same_key
from partwell.actions.correspondence.sender import Matched, known_domains, known_names, match
from partwell.actions.correspondence.settle_mail import found, settled, shown
from partwell.actions.evidence.tombstones import BLOB, queue_tombstone, write_pending
from partwell.actions.facts import open_offboarding
from partwell.actions.keys import blob_store
from partwell.connectors.mail_same import fingerprint
from partwell.records.clients.models import Client
from partwell.records.correspondence.inbound_queries import parts_of
from partwell.records.correspondence.models import InboundMail
from partwell.records.vault.models import StoredFile
from partwell.rules.actor import Actor
from partwell.rules.inbound import MailFacts, Proof, SenderKind, Verdict, warnings
from partwell.rules.inbound_accepted import assigned
from partwell.rules.refusals import Refusal, refuse

SEVERAL = "It names more than one sender."


def assign_mail(*, actor: Actor, mail_id: UUID, client_id: UUID) -> InboundMail | Refusal:
    """Assign a mail that belongs to nobody yet to a client, and to its open departure where there is one.

    It is then judged as one that came to the client's address, but what staff wrote waits for that person. The files are
    stored anew under the client's key unit; the earlier ones are destroyed, which outlives a restore (tombstones).
    """
    peek = found(actor, mail_id, "mail.settle")
    if isinstance(peek, Refusal):
        return peek
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if peek.client_id is not None or peek.state != "unmatched":
        return settled(peek)
    parts = parts_of(peek)
    with tempfile.TemporaryDirectory(prefix="assign-", dir=Path(settings.PARTWELL_HOME) / "tmp") as folder:
        path = Path(folder) / "mail.eml"
        with path.open("wb") as out:
            for piece in files.chunks(peek.raw):
                out.write(piece)
        key = same_key(fingerprint(path).base, client_id)
    stored: list[StoredFile] = []
    result: InboundMail | Refusal | None = None
    try:
        for old in (peek.raw, *(part.file for part in parts)):
            with files.open_file(old) as stream:
                stored.append(
                    files.store(actor, stream, client_id=client_id, name=old.name, media_type=old.media_type)
                )
        result = _assign(actor, mail_id, client_id, key, stored)
    finally:
        if result is None or isinstance(result, Refusal):
            _forget(stored)
    if not isinstance(result, Refusal):
        _forget([peek.raw, *(part.file for part in parts)])
        write_pending()
    return result


def _forget(stored: list[StoredFile]) -> None:
    for file in stored:
        with contextlib.suppress(OSError):  # a stray blob is swept later
            blob_store().delete(file.blob_id)


def _assign(actor: Actor, mail_id: UUID, client_id: UUID, key: str, stored: list[StoredFile]) -> InboundMail | Refusal:  # fmt: skip
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        mail = InboundMail.objects.select_related("raw", "address").get(pk=mail_id)
        if mail.client_id is not None or mail.state != "unmatched":
            return deed.refuse(settled(mail), subject=mail.id, verb="mail.settle")
        if InboundMail.objects.filter(same_key=key).exclude(pk=mail.pk).exists():
            return deed.refuse(
                refuse("mail_is_a_copy", client=client.name), subject=mail.id, verb="mail.settle"
            )
        parts = parts_of(mail)
        for file in stored:
            deed.add(file)
        for old in (mail.raw, *(part.file for part in parts)):
            queue_tombstone(deed, BLOB, blob=old.blob_id)
            deed.save(old, client=client)  # its name tells of the client, and goes with the client's record
        for part, file in zip(parts, stored[1:], strict=True):
            deed.save(part, file=file)
        who = match(client.id, mail.from_address, deed.now)
        verdict = _judged(mail, who, known_domains(client), known_names(client))
        deed.save(
            mail, client=client, offboarding=open_offboarding(client.id), raw=stored[0], same_key=key,
            sender_kind=who.facts.kind.value, contact=who.contact, person=who.person, staff=who.staff,
            recipient=who.person.recipient if who.person else None, state=verdict.state.value,
            warnings=list(verdict.warnings), decision=verdict.why[:300], decided_by_name=actor.name[:160],
            decided_at=None if verdict.state == "held" else deed.now,  # held: the client decides, and has both buttons (R1)
        )  # fmt: skip
        deed.record("mail.assigned", subjects=[mail.id], internal={"sender": shown(mail), "digest": mail.raw_sha256})  # fmt: skip
        attachments = tuple(part.name for part in parts if not part.inline)
        filing = Filing(mail, who, verdict, attachments)
        file_mail.tell(deed, filing, file_mail.file(deed, filing))
        return mail


def _judged(mail: InboundMail, who: Matched, known: tuple[str, ...], names: tuple[str, ...]) -> Verdict:
    """The verdict with what a reader should know; what was seen at receipt stays."""
    proof = Proof(mail.auth.get("proof", "none"))
    froms = 0 if not mail.from_address else 2 if SEVERAL in mail.warnings else 1
    found = assigned(who.facts, proof, automatic=mail.automatic, froms=froms, address=mail.from_address)
    seen = warnings(
        MailFacts(
            matched=True,
            proof=proof,
            from_address=mail.from_address,
            known_domains=known,
            from_name=mail.from_name,
            known_names=names if who.facts.kind is SenderKind.UNKNOWN else (),
        )
    )
    return Verdict(
        found.state,
        found.why,
        found.audience,
        found.tell_client,
        warnings=tuple(dict.fromkeys([*mail.warnings, *seen])),
    )
