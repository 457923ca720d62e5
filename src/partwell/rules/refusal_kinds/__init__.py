# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sentences of ``rules.refusals``, a file a noun; each line is
``(code, rule, status, sentence, next step)`` with ``{fields}`` in the two templates.
"""

from partwell.rules.refusal_kinds import (
    consent,
    copies,
    erasure,
    handover,
    lifecycle,
    mail_in,
    meetings,
    money,
    people,
    retention,
    waiting,
    work,
)

Line = tuple[str, str, int, str, str]

ALL_KINDS: tuple[Line, ...] = (
    *consent.KINDS,
    *copies.KINDS,
    *erasure.KINDS,
    *handover.KINDS,
    *lifecycle.KINDS,
    *mail_in.KINDS,
    *meetings.KINDS,
    *money.KINDS,
    *people.KINDS,
    *retention.KINDS,
    *waiting.KINDS,
    *work.KINDS,
)
