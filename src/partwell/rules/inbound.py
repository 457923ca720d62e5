# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of a mail that came in (R1, R2): in the conversation, held, before a person, or nobody's.

A From header is a claim. DKIM and SPF prove a domain and never a person (PROOF.md, "Inbound mail"): so a claim to be
staff or a signatory needs proof before it counts, and nothing that comes by mail is ever consent.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

_ADDRESS = re.compile(r"[^\s<>\"'(),;:]+@[^\s<>\"'(),;:]+\.[^\s<>\"'(),;:]+")
_WORD = re.compile(r"[^\W_]+")
# Signs that look like a Latin one in usual type, beyond what Unicode's compatibility forms fold.
_LARGE = str.maketrans("АВСЕНКМОРТХЅІЈ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHKMOPTXSIJ" + "ABEZHIKMNOPTYX")
_ALIKE = str.maketrans(
    "аеорсухіјѕԁԛԝһӏɡα" + "οερνυτκıłøđ01|" + "5",
    "aeopcyxijsdqwhlga" + "oepvutkilodoll" + "s",
)


class State(StrEnum):
    """Where a mail lies; the value is what ``InboundMail.state`` holds."""

    FILED = "filed"
    HELD = "held"
    WAITING = "waiting"
    UNMATCHED = "unmatched"
    LOOP = "loop"
    BOUNCE = "bounce"
    DOUBTED = "doubted"


class Proof(StrEnum):
    """How far the From domain is proved: by an aligned signature, by an aligned sending address, not at all, or disproved."""

    DKIM = "dkim"
    SPF = "spf"
    NONE = "none"
    FAILED = "failed"


class SenderKind(StrEnum):
    CLIENT = "client"
    PROVIDER = "provider"
    STAFF = "staff"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom the From address was matched to. ``gone``: the person left. ``elsewhere``: known, but of another client.

    ``ambiguous``: the address is one of two parties. ``house``: it is our own, and no person's. ``consent``: a provider's authorisation stands and names the person.
    ``name`` and ``firm`` for sentences.
    """

    kind: SenderKind = SenderKind.UNKNOWN
    name: str = ""
    firm: str = ""
    signatory: bool = False
    gone: bool = False
    elsewhere: bool = False
    ambiguous: bool = False
    house: bool = False
    consent: bool = False


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What is known of a mail when it is judged.

    ``matched``: an address of ours, or the thread of a mail of ours, says whose it is; ``open``: that address was not
    revoked. ``ours``: it carries a Message-ID that we gave. ``report``: a delivery status about a mail of ours;
    ``doubt``: why a person must look before anything follows from it (``reports``).
    ``automatic``: sent by a program (RFC 3834, lists, empty return path). ``forwarded``: by its form it is, or may be, no answer of staff
    but a forward (``inbound_forward``). ``brought``: as a file, by one of us; so it is no fresh answer of anybody.
    ``meant``: False where a signature alone proves it and was given for a mail to somebody else: whoever has an old mail can send it here.
    ``past_us``: addresses of a new provider to which a mail of staff also went straight, by its own To and Cc. ``known_names``: people and firms on record, with other addresses than an unknown sender's.
    ``froms``: number of From addresses. ``often``: more came from unproved or unauthorised senders within the hour than are passed on.
    """

    matched: bool
    sender: Sender = Sender()
    proof: Proof = Proof.NONE
    meant: bool = True
    open: bool = True
    ours: bool = False
    hops: int = 0
    report: bool = False
    doubt: str = ""
    automatic: bool = False
    forwarded: bool = False
    brought: bool = False
    readable: bool = True
    froms: int = 1
    often: bool = False
    from_address: str = ""
    from_name: str = ""
    reply_to: tuple[str, ...] = ()
    past_us: tuple[str, ...] = ()
    known_domains: tuple[str, ...] = ()
    known_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """``why``: one sentence. ``audience``: who reads it as a message, "" where it becomes none.

    ``tell_client``: the client gets it by mail. ``may_acknowledge``: the fixed words may answer it (R1, off by default).
    ``forward``: it is surely of that staff member, and ``inbound_forward`` says what becomes of it.
    """

    state: State
    why: str
    audience: str = ""
    tell_client: bool = False
    may_acknowledge: bool = False
    warnings: tuple[str, ...] = ()
    forward: bool = False


LONGEST_WAY = 60  # servers that a mail may have passed


def decide(facts: MailFacts) -> Verdict:
    """The verdict on one mail; the first line that fits. Never consent, whatever the mail says."""
    seen = warnings(facts)

    def say(
        state: State, why: str, audience: str = "", *, tell: bool = False, answer: bool = False
    ) -> Verdict:
        return Verdict(state, why, audience, tell, answer and not facts.automatic, seen)

    sender, named = facts.sender, facts.sender.name or facts.from_address or "somebody who names no address"
    if facts.ours:
        return say(
            State.LOOP, "A mail that left here came back; it is not taken into the conversation again."
        )
    if facts.hops > LONGEST_WAY:
        return say(State.LOOP, f"It went through more than {LONGEST_WAY} servers, which only a loop does.")
    if facts.report and facts.doubt:
        return say(State.DOUBTED, facts.doubt)
    if facts.report:
        return say(State.BOUNCE, "A mail server reports on the delivery of a mail of ours.")
    if not facts.matched:
        return say(State.UNMATCHED, "Neither its address nor its thread says whose it is.")
    if not facts.open:
        return say(
            State.WAITING, "The address it came to is no longer in use; a person says where it belongs."
        )
    if not facts.readable:
        return say(State.WAITING, "It cannot be read; it is kept as it came, and a person looks.")
    if facts.froms != 1:
        return say(State.WAITING, "It names no sender, or more than one; a person says who wrote it.")
    if sender.elsewhere:
        return say(State.WAITING, f"{named} is known here, but belongs to another conversation.")
    if sender.house:
        return say(
            State.WAITING, f"It bears our own address, {facts.from_address}; a person says who wrote it."
        )
    if sender.ambiguous:
        return say(State.WAITING, f"{named} is the address of two parties; a person says who wrote it.")
    if sender.gone:
        return say(State.WAITING, f"{named} is recorded as having left; a person says what to make of it.")
    if facts.proof is Proof.FAILED and sender.kind is not SenderKind.UNKNOWN:
        return say(State.WAITING, f"It says that it is from {named}, and its proof of that failed.")
    if sender.kind is SenderKind.STAFF:
        if facts.proof is Proof.NONE:
            return say(State.WAITING, f"It says that it is from {named} of our staff, and nothing proves it.")
        if not facts.meant:
            return say(
                State.WAITING, f"{named} signed it for somebody else; it may be an old mail, sent again."
            )
        if facts.automatic:
            return say(State.FILED, f"An automatic answer of {named}'s mailbox.", "internal")
        if facts.brought:
            return say(
                State.WAITING,
                f"It was brought in as a file and says that it is from {named}; that person says what it is.",
            )
        if facts.forwarded:
            return replace(say(State.WAITING, f"{named} says whose words it holds."), forward=True)
        return say(
            State.FILED, f"{named} of our staff wrote it from their own mail program.", "client", tell=True
        )
    if sender.kind is SenderKind.CLIENT:
        if sender.signatory and facts.proof is Proof.NONE:
            return say(
                State.WAITING, f"It says that it is from {named}, the signatory, and nothing proves it."
            )
        if sender.signatory and not (facts.meant or facts.brought):
            return say(
                State.WAITING, f"{named} signed it for somebody else; it may be an old mail, sent again."
            )
        return say(State.FILED, f"{named} of the client wrote it.", "client")
    if facts.often:
        return say(State.WAITING, "More such mails came within an hour than are passed on; a person looks.")
    if sender.kind is SenderKind.PROVIDER:
        if sender.consent:
            return say(State.FILED, f"{named}, {sender.firm} wrote it, and consent stands.", "all", tell=True)
        return say(State.HELD, f"{named}, {sender.firm} wrote before consent; nobody answers.", "all", tell=True,
                   answer=True)  # fmt: skip
    return say(State.HELD, f"Nobody here knows {named}; nobody answers before somebody says who that is.", "client",
               tell=not facts.automatic)  # fmt: skip


def warnings(facts: MailFacts) -> tuple[str, ...]:
    """What a reader should know beside the words: look-alikes, other addresses shown, answers that go elsewhere, missing proof."""
    found = []
    if facts.past_us:
        found.append(
            f"It also names {', '.join(facts.past_us[:3])} as a reader: that copy went straight there, past us."
        )
    address = facts.from_address.casefold()
    domain = address.rpartition("@")[2]
    alike = look_alike(domain, facts.known_domains)
    if alike:
        found.append(f"The sender's domain {domain} looks like {alike} and is another one.")
    if facts.sender.kind is SenderKind.UNKNOWN and (name := _borrowed(facts.from_name, facts.known_names)):
        found.append(f"The sender goes by the name {name}, which is on record with another address.")
    shown = [one.casefold() for one in _ADDRESS.findall(facts.from_name)]
    if any(one != address for one in shown):
        found.append(
            f"The sender's name shows the address {shown[0]}; the mail comes from {address or 'no address'}."
        )
    others = [one for one in facts.reply_to if one.casefold() != address]
    if others and not facts.automatic:
        found.append(f"Answers would go to {others[0]}, not to the sender.")
    if facts.froms > 1:
        found.append("It names more than one sender.")
    if facts.proof is Proof.FAILED:
        found.append(
            f"Its proof of coming from {domain or 'its domain'} failed: it may be forged or was changed on its way."
        )
    elif facts.proof is Proof.NONE and not facts.report:
        found.append(f"Nothing proves that it comes from {domain or 'where it says'}.")
    return tuple(found)


def _borrowed(name: str, known: Iterable[str]) -> str:
    """The known person or firm whose name this one shows, whatever the order and look of its words; "" where there is none.

    A name of several words may stand among others ("Theo Brandt | Alder Row IT"); one of a single word must be all of it.
    """
    words = {_look(one) for one in _WORD.findall(name)}
    for one in sorted({one for one in known if one}):
        theirs = {_look(word) for word in _WORD.findall(one)}
        if sum(map(len, theirs)) >= 5 and (theirs == words or (len(theirs) > 1 and theirs <= words)):
            return one
    return ""


def _look(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.translate(_LARGE))
    folded = "".join(sign for sign in folded if not unicodedata.combining(sign)).casefold()
    return folded.translate(_ALIKE).replace("rn", "m").replace("vv", "w").replace("cl", "d")


def skeleton(domain: str) -> str:
    """A domain as it looks: compatibility forms folded, accents dropped, signs of other scripts as the Latin ones they resemble."""
    labels = []
    for label in domain.casefold().rstrip(".").split("."):
        text = label
        if text.startswith("xn--"):
            try:
                text = text.encode("ascii").decode("idna")
            except UnicodeError:
                text = label
        labels.append(_look(text))
    return ".".join(labels)


def look_alike(domain: str, known: Iterable[str]) -> str:
    """The known domain that this one could be taken for without being it or below it; "" where there is none.

    Alike: the same skeleton, one letter more, less, other or exchanged with its neighbour (names of five letters or
    more), or the same name under another ending.
    """
    domain = domain.casefold().rstrip(".")
    names = sorted({one.casefold().rstrip(".") for one in known if one})
    if not domain or any(domain == one or domain.endswith("." + one) for one in names):
        return ""
    mine = skeleton(domain)
    for one in names:
        theirs = skeleton(one)
        mine_name, theirs_name = mine.split(".")[0], theirs.split(".")[0]
        if mine == theirs or (mine_name == theirs_name and len(theirs_name) >= 5):
            return one
        if len(theirs_name) >= 5 and _one_letter_off(mine, theirs):
            return one
    return ""


def _one_letter_off(one: str, other: str) -> bool:
    """Whether a single letter was added, left out, exchanged, or swapped with its neighbour."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    if len(one) > len(other):
        one, other = other, one
    at = next((place for place, sign in enumerate(one) if sign != other[place]), len(one))
    if len(one) == len(other):
        swapped = one[at + 1 : at + 2] == other[at] and other[at + 1 : at + 2] == one[at]
        return one[at + 1 :] == other[at + 1 :] or (swapped and one[at + 2 :] == other[at + 2 :])
    return one[at:] == other[at + 1 :]
