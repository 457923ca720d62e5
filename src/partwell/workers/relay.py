# SPDX-License-Identifier: AGPL-3.0-or-later
"""Transmits mail. The only module that speaks SMTP (an import contract): claim → transmit → settle, each recorded."""

import hashlib
import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from partwell.actions.correspondence import deliver, return_paths
from partwell.actions.correspondence.outgoing import message_of
from partwell.actions.people import account_mail
from partwell.connectors import mail_message
from partwell.connectors.addresses import Mailbox
from partwell.connectors.secret import Secret
from partwell.connectors.smtp import Delivery, Line, Outcome, Security, SmtpServer, transmit
from partwell.records.correspondence.queries import Envelope
from partwell.records.people.queries import account_mail_due, msp_address, the_msp
from partwell.rules.refusals import Refusal

__all__ = ["deliver_one", "message_of", "server"]

log = logging.getLogger("partwell.relay")

# Mails whose return path the server refused with the text itself; in memory, since a second look costs one more try.
_plainly: set[UUID] = set()
# What such a refusal says (Exchange, Microsoft 365). Any other after the text stays one: nothing is sent again by itself.
_NOT_AS_THIS = re.compile(r"\b5\.7\.60\b|\b5\.2\.252\b|send\s?as\b|SendAsDenied", re.I)


def server() -> SmtpServer:
    """The mail server of PARTWELL_SMTP; without one the local post office on loopback."""
    address = settings.ENV.smtp
    if not address:
        return SmtpServer("127.0.0.1", settings.ENV.mail_port, Security.NONE, timeout=10)
    parts = urlsplit(address)
    security = {"smtp": Security.NONE, "smtp+starttls": Security.STARTTLS, "smtps": Security.TLS}[
        parts.scheme
    ]
    password = (
        Secret(Path(settings.ENV.smtp_password_file).read_text().strip())
        if settings.ENV.smtp_password_file
        else Secret("")
    )
    port = parts.port or {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}[security]
    return SmtpServer(parts.hostname or "", port, security, unquote(parts.username or ""), password)


def deliver_one(
    envelope_id: UUID, smtp: SmtpServer | None = None, line: Line | None = None
) -> Envelope | Refusal:
    """One attempt for one envelope; over ``line``'s connection, if it has one."""
    claimed = deliver.claim(envelope_id)
    if isinstance(claimed, Refusal):
        return claimed
    token = cast(UUID, claimed.claim)
    clients = [one["address"] for one in claimed.recipients if one["role"] in ("client", "second")]
    others = [one["address"] for one in claimed.recipients if one["role"] in ("provider", "msp")]
    try:
        data = message_of(claimed)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a file or key, nothing has left: say so and try again
        log.error("A message could not be built: %s", type(error).__name__)
        return deliver.settle(
            claimed.id,
            token,
            Delivery(
                Outcome.DEFERRED,
                0,
                f"The message could not be built ({type(error).__name__}).",
                {},
                "connect",
            ),
        )
    sha256 = hashlib.sha256(data).hexdigest()
    plain = msp_address()  # today's: what bounces must come back to us
    returns = "" if claimed.id in _plainly else return_paths.path_of(claimed.id)
    delivery = transmit(
        smtp or server(),
        mail_from=returns or plain,
        plain_from=plain,
        marks={one["address"]: return_paths.mark_of(claimed.id, one["address"]) for one in claimed.recipients}
        if returns
        else None,
        client_rcpts=clients,
        other_rcpts=others,
        data=data,
        on_data_started=lambda: deliver.start_data(
            claimed.id, token, sha256=sha256, client_id=claimed.client_id
        ),
        line=line,
    )
    _plainly.discard(claimed.id)
    if returns and delivery.outcome is Outcome.REFUSED and delivery.data_started and _NOT_AS_THIS.search(delivery.text):  # fmt: skip
        # Some servers refuse another sender only after the text (and have not taken it): once more as ourselves.
        log.warning(
            "The mail server refused a mail under our return path; it is tried again under the plain sender."
        )
        _plainly.add(claimed.id)
        delivery = replace(delivery, outcome=Outcome.DEFERRED)
    return deliver.settle(claimed.id, token, delivery, client_id=claimed.client_id)


def deliver_due(smtp: SmtpServer | None = None, limit: int = 50) -> int:
    """Attempt every due envelope once, then account mail; gives how many envelopes were tried."""
    ids = deliver.due(limit=limit)
    chosen = smtp or server()
    with Line() as line:
        for envelope_id in ids:
            deliver_one(envelope_id, chosen, line)
    deliver_account_mail(smtp)
    return len(ids)


def deliver_account_mail(smtp: SmtpServer | None = None, limit: int = 50) -> None:
    """Send sign-in and invitation mails; a late one is never sent, its body is wiped either way."""
    now = timezone.now()
    for mail in account_mail_due(now, limit):
        if mail.expires_at <= now:
            account_mail.settle(mail, "expired", "The link had expired before the mail could be sent.")
            continue
        msp = the_msp()
        body = account_mail.body_of(mail)
        if body.get("to", mail.to) != mail.to:  # mails queued before it was sealed have none
            account_mail.settle(
                mail, "refused", "Its address is not the one that it was written for; nothing was sent."
            )
            continue
        sender = msp.email if msp else "partwell@localhost"
        about = tuple(body.get("references", ()))
        data = mail_message.build(
            mail_message.OutgoingMail(
                sender=Mailbox(sender, msp.name if msp else "Partwell"),
                to=(Mailbox(mail.to),),
                reply_to=(Mailbox(body["reply_to"]),) if body.get("reply_to") else (),
                in_reply_to=about[-1] if about else "",
                references=about,
                subject=body["subject"],
                date=now,
                message_id=mail_message.new_message_id(sender.rpartition("@")[2]),
                text=body["text"],
                html=body["html"],
                extra=tuple((name, value) for name, value in body.get("headers", ())),
            )
        )
        delivery = transmit(
            smtp or server(),
            mail_from=sender,
            client_rcpts=[mail.to],
            data=data,
            on_data_started=lambda: True,
        )
        if delivery.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN, Outcome.REFUSED):
            account_mail.settle(mail, delivery.outcome.value, f"{delivery.code} {delivery.text}")
        else:
            account_mail.put_off(mail, f"{delivery.code} {delivery.text}")
