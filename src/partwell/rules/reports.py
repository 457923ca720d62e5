# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a server's report on a mail of ours is worth (R2): believed and acted upon, asked of a person, or only kept.

A delivery report (RFC 3464) is a mail that anybody can write. A new provider who is on a mail with the client knows its
Message-ID and, in its Return-Path, the address at which its reports come back. So a report that says that an address of the
*client* fails counts by itself only with something that nobody else on the mail was told: the mark of that very recipient,
which our own server alone was given (RFC 3461, ORCPT), or the return path of a mail that no new provider had.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

WITHIN = timedelta(days=14)
"""How long after a mail left its reports count by themselves: servers give up after two to five days."""


class Worth(StrEnum):
    """BELIEVED: a fact, and what follows from it happens. ASKED: a person decides. KEPT: nothing follows."""

    BELIEVED = "believed"
    ASKED = "asked"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class LineFacts:
    """One recipient's line of a report.

    ``failed``: it says that the mail did not arrive for good. ``role``: of whom it names on the mail (client, second,
    provider, msp), "" where nobody. ``returned``: it came to the return path of that very mail. ``marked``: it bears the mark that
    only our server was given, for that very recipient. ``provider_has_it``: a new provider is on the mail, so its return path is no
    secret to them. ``other``: it came by the return path of another mail than the one it names. ``late``: the mail left longer ago
    than ``WITHIN``, or never. ``brought``: somebody of ours brought it as a file.
    """

    failed: bool
    role: str
    returned: bool = False
    marked: bool = False
    provider_has_it: bool = False
    other: bool = False
    late: bool = False
    brought: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """``why``: one sentence."""

    worth: Worth
    why: str


def worth(facts: LineFacts) -> Judgement:
    """What one line is worth; the first doubt that fits. Without a doubt it is believed."""
    doubt = _doubt(facts)
    if not doubt:
        by = (
            "the mark that only our mail server was given"
            if facts.marked
            else "the return path that only its recipients know"
        )
        return Judgement(Worth.BELIEVED, f"It bears {by}.")
    return Judgement(Worth.ASKED if facts.failed else Worth.KEPT, doubt)


def _doubt(facts: LineFacts) -> str:
    if not facts.role:
        return "It names an address that is not on the mail."
    if facts.brought:
        return "It was brought in as a file, which anybody can write."
    if facts.other:
        return "It came back by the return path of another mail than the one it names."
    if not (facts.returned or facts.marked):
        return "It did not come back by the return path of the mail, and anybody who has the mail can write such a report."
    if facts.late:
        return f"The mail left more than {WITHIN.days} days ago; servers report sooner."
    if facts.role in ("client", "second") and facts.provider_has_it and not facts.marked:
        return "The new provider has this mail too, so they know its return path and could have written the report."
    return ""
