# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a staff member's mail is an answer, or a forward of what somebody else wrote to them; and what becomes of a forward (R1, R2).

An answer leaves, a forward never does: so where the form does not say for sure, the staff member says it on the page. What a
forward says of its original is the staff member's word; only an original attached whole can prove anything, by its own DKIM.
"""

from dataclasses import dataclass
from enum import StrEnum

from partwell.rules.inbound import Proof, Sender, SenderKind, State, Verdict

SHORT = 300
"""Signs above a forwarded mail that are surely no more than a remark; a longer text may be meant for the reader."""


class Kind(StrEnum):
    """What a staff member's mail is, by its form."""

    ANSWER = "answer"
    FORWARD = "forward"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Form:
    """How a staff member's mail looks. ``how``: inline, attached, or "" without a mail inside; ``originals``: how many are attached.

    ``marked``/``replies``: its subject begins with Fwd or Re. ``thread``: whose mail its In-Reply-To names: "ours" (one that left
    here or is in the conversation), "other", or "". ``sender``/``dated``: the original's can be read, and the date is not ahead. ``same_subject``: as the
    original's. ``of_staff``: the original is from one of us; ``here``: it is in the conversation already. ``to_provider``: it came to the
    address at which a new provider is answered. ``unread``: it holds a mail that cannot be read.
    """

    how: str = ""
    originals: int = 0
    marked: bool = False
    replies: bool = False
    thread: str = ""
    own_words: int = 0
    sender: bool = True
    dated: bool = True
    same_subject: bool = False
    of_staff: bool = False
    here: bool = False
    to_provider: bool = False
    unread: bool = False


def tell(form: Form) -> tuple[Kind, str]:
    """What it is, and if that is not sure, why, as the end of a sentence. The first line that fits."""
    if not form.how and not form.marked:
        return Kind.ANSWER, ""
    if form.how == "inline" and not form.marked:
        if form.thread == "ours" or (form.replies and form.thread != "other"):
            return Kind.ANSWER, ""  # programs quote what they answer with its headers
        return Kind.UNSURE, "it quotes another mail, and nothing says whether it answers or forwards"
    if not form.how:
        if form.unread:
            return Kind.UNSURE, "what it forwards cannot be read here"
        return Kind.UNSURE, "its subject says that it is forwarded, and it does not say from whom"
    if not form.marked and not (form.same_subject and not form.own_words and not form.replies):
        return Kind.UNSURE, "a mail is attached, and nothing says whether it answers or forwards"
    if form.originals > 1:
        return Kind.UNSURE, "it holds more than one mail"
    if not form.sender:
        return Kind.UNSURE, "it does not say from which address the original came"
    if not form.dated:
        return Kind.UNSURE, "it does not say when the original was written"
    if form.here or form.thread == "ours":
        return Kind.UNSURE, "the mail inside it is in the conversation already"
    if form.of_staff:
        return Kind.UNSURE, "the mail inside it is from one of us"
    if form.to_provider:
        return Kind.UNSURE, "it came to the address at which a new provider is answered"
    if form.own_words > SHORT:
        return Kind.UNSURE, "a longer text stands above the mail inside it"
    return Kind.FORWARD, ""


def waits(by: str, why: str) -> Verdict:
    """A mail of which the form does not say what it is: that person says it."""
    return Verdict(State.WAITING, f"{by} says what this is: {why}.")


def filed(sender: Sender, address: str, proof: Proof, by: str, *, confirmed: bool = False) -> Verdict:
    """What becomes of a forward, by its original sender; never an answer to anybody, never the acknowledgement (R1).

    ``confirmed``: the staff member looked at it on the page. That lifts doubts about the mail and never the gate: without
    consent it is held, and whoever cannot be told for sure is treated as somebody unknown.
    """
    named = sender.name or address or "somebody who names no address"
    doubt = ""
    if sender.kind is SenderKind.STAFF:
        return Verdict(State.WAITING, f"{by} says what this is: the mail inside it is from one of us.")
    if sender.elsewhere:
        doubt = f"{named} is known here, but belongs to another conversation"
    elif sender.ambiguous:
        doubt = f"{named} is the address of two parties"
    elif sender.gone:
        doubt = f"{named} is recorded as having left"
    elif proof is Proof.FAILED and sender.kind is not SenderKind.UNKNOWN:
        doubt = f"the signature of {named}'s domain on the mail inside it is wrong"
    if doubt and not confirmed:
        return Verdict(State.WAITING, f"{by} forwarded it, and {doubt}; {by} looks at it.")
    sure = not (sender.elsewhere or sender.ambiguous or sender.gone)
    if sure and sender.kind is SenderKind.CLIENT:
        return Verdict(State.FILED, f"{named} of the client wrote it; {by} forwarded it.", "client")
    if sure and sender.kind is SenderKind.PROVIDER:
        who = f"{named}, {sender.firm}"
        if sender.consent:
            return Verdict(
                State.FILED, f"{who} wrote it, and consent stands; {by} forwarded it.", "all", True
            )
        return Verdict(State.HELD, f"{who} wrote before consent, and {by} forwarded it; nobody answers (R1).", "all", True)  # fmt: skip
    why = f"Nobody here knows {named}, whose mail {by} forwarded; nobody answers before somebody says who that is (R1)."
    return Verdict(State.HELD, f"{by} forwarded it, though {doubt}; without consent nobody answers (R1)." if doubt else why, "client", True)  # fmt: skip
