# SPDX-License-Identifier: AGPL-3.0-or-later
"""An envelope as the mail that it is: for the relay, which transmits it, and for an export, which keeps it."""

import hashlib
from uuid import UUID

from partwell.actions.correspondence.acknowledge import KIND as ACKNOWLEDGEMENT
from partwell.actions.correspondence.digests import headers_of
from partwell.actions.files import read_file
from partwell.connectors import mail_message
from partwell.connectors.addresses import Mailbox
from partwell.records.correspondence.models import Envelope
from partwell.records.people.queries import the_msp
from partwell.records.vault.queries import stored_file


def sender_of(envelope: Envelope) -> Mailbox:
    """Whom a mail is from: the firm as it was when it was queued."""
    if "from" in envelope.head:
        name, address = envelope.head["from"]
        return Mailbox(address, name)
    msp = the_msp()
    assert msp is not None  # an envelope exists, so the MSP does
    return Mailbox(msp.email, msp.name)


def as_it_left(envelope: Envelope, data: bytes) -> bool | None:
    """Whether these bytes are those that were handed to the server; None where nothing began to leave, or nobody wrote it down."""
    return hashlib.sha256(data).hexdigest() == envelope.sent_sha256 if envelope.sent_sha256 else None


def message_of(envelope: Envelope) -> bytes:
    """The RFC 5322 bytes of an envelope: the same at every attempt and in every export, whatever changes meanwhile.

    What an older envelope did not freeze (our name and address, further headers, types of files) is taken as it is today.
    """
    sender = sender_of(envelope)
    types = envelope.head.get("types", {})
    extra = tuple((str(name), str(value)) for name, value in envelope.head.get("extra", ()))
    # The acknowledgement states no fact: whose copy travels with it does not stand in its headers (R1).
    shown = [
        one for one in envelope.recipients if envelope.kind != ACKNOWLEDGEMENT or one["role"] == "provider"
    ]
    everyone = tuple(Mailbox(one["address"], one["name"]) for one in shown)
    files = []
    for pinned in envelope.documents:
        file = stored_file(UUID(hex=pinned["file"]))
        files.append(
            mail_message.Attachment(
                pinned["name"], types.get(pinned["file"], file.media_type), read_file(file)
            )
        )
    return mail_message.build(
        mail_message.OutgoingMail(
            sender=sender,
            to=everyone[:1],
            cc=everyone[1:],
            subject=envelope.subject,
            date=envelope.queued_at,
            message_id=envelope.internet_message_id,
            in_reply_to=envelope.in_reply_to,
            reply_to=(Mailbox(envelope.reply_to, sender.name),) if envelope.reply_to else (),
            text=envelope.text,
            html=envelope.html,
            attachments=tuple(files),
            extra=extra if envelope.head else headers_of(envelope),
        )
    )
