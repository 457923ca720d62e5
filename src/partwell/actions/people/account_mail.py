# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sign-in and invitation mail: a channel apart from evidence, its body sealed until the relay sends it, then wiped."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import timezone

from partwell.actions.keys import INSTALLATION, open_unit, unit_for
from partwell.documents.mail_origin import Origin
from partwell.records.people.models import AccountMail
from partwell.records.vault.models import KeyUnit
from partwell.rules.actor import SYSTEM

BY_A_PROGRAM = (("Auto-Submitted", Origin.PROGRAM.value),)


def queue(
    to: str,
    subject: str,
    text: str,
    html: str = "",
    *,
    life: timedelta = timedelta(minutes=30),
    headers: Sequence[tuple[str, str]] = (),
    reply_to: str = "",
    references: Sequence[str] = (),
) -> None:
    """Queue a mail that carries a sign-in link; it is never sent after the link's ``life``. ``headers``: a digest's own, beside
    the one which says that a program wrote it.

    ``reply_to``: one of our reply addresses; ``references``: Message-IDs of the mails that it is about, the oldest first.
    """
    unit = unit_for(SYSTEM, None, INSTALLATION)
    row = uuid4()
    now = timezone.now()
    # The address is sealed too: what was written for one person cannot be turned to another by who can write the table.
    said: dict[str, Any] = {"subject": subject, "text": text, "html": html, "to": to}
    # No person writes one (RFC 3834); what answers a mail that came in says so instead.
    mine = () if any(name == "Auto-Submitted" for name, _ in headers) else BY_A_PROGRAM
    said["headers"] = [list(one) for one in (*mine, *headers)]
    said |= {"reply_to": reply_to} if reply_to else {}
    said |= {"references": list(references)} if references else {}
    body = json.dumps(said).encode()
    AccountMail.objects.create(
        id=row,
        to=to,
        sealed_body=unit.seal("people.AccountMail", row, "body", body),
        next_attempt_at=now,
        expires_at=now + life,
    )


def body_of(mail: AccountMail) -> dict[str, Any]:
    """The words of a queued account mail (subject, text, html), and its ``headers`` where it has some."""
    unit = open_unit(KeyUnit.objects.get(client=None, purpose=INSTALLATION, destroyed_at=None))
    return dict(json.loads(unit.open("people.AccountMail", mail.id, "body", bytes(mail.sealed_body))))  # type: ignore[arg-type]


def settle(mail: AccountMail, state: str, answer: str) -> None:
    """After sending, failing for good, or expiry: wipe the body."""
    AccountMail.objects.filter(pk=mail.pk).update(
        state=state, sealed_body=None, settled_at=timezone.now(), answer=answer[:300]
    )


def put_off(mail: AccountMail, answer: str) -> None:
    """Try again later, with back-off of 5 seconds doubled each time."""
    AccountMail.objects.filter(pk=mail.pk).update(
        attempts=mail.attempts + 1,
        answer=answer[:300],
        next_attempt_at=timezone.now() + timedelta(seconds=5 * 2 ** min(mail.attempts, 6)),
    )
