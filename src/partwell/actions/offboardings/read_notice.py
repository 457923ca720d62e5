# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proposes a notice's fields from an uploaded mail. Nothing is written: a person confirms every field."""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings

from partwell.importers import mailfile, sandbox
from partwell.importers.base import ImportRefused, Options
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

MAX_NOTICE = 25 * 1024 * 1024


@dataclass(frozen=True)
class NoticeProposal:
    """What the mail says of itself; ``doubts`` are sentences shown beside it. None of it is proof."""

    sender: str
    sent_at: datetime | None
    subject: str
    words: str
    doubts: tuple[str, ...] = ()


def read_notice(*, actor: Actor, raw: bytes, name: str) -> NoticeProposal | Refusal:
    """Read a mail file in the sandbox. ``invalid_input`` where it is no mail or breaks its reader."""
    if (refusal := roles.may(actor.role, "offboarding.open")) is not None:
        return refusal
    if len(raw) > MAX_NOTICE:
        return refuse("file_too_large", file=name or "The mail", limit="25 MB")
    folder = Path(settings.PARTWELL_HOME) / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as where:
        path = Path(where) / "notice.eml"
        path.write_bytes(raw)
        try:
            # A stranger's bytes are first read where they can break nothing; only what survives that is read here.
            for _ in sandbox.read_guarded("mail", path, Options(spool=Path(where))):
                pass
        except ImportRefused as problem:
            return refuse("file_unreadable", file=name or "The mail", problem=problem.sentence)
    mail = mailfile.parse(raw)
    found = mailfile.propose_notice(mail)
    sender = (
        f"{found.sender_name} <{found.sender_address}>".strip() if found.sender_name else found.sender_address
    )
    return NoticeProposal(sender, found.received_at, found.subject, found.words, found.doubts)
