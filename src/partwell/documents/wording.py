# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words of an authorisation (R1), once for the page and the PDF.

What a signatory signs must be kept exactly, so these texts do not pass through gettext, where a better
translation would silently change what somebody signed. Each version in each language is a table of its
own and never changes once released; a better text is a new version. The digest is SHA-256 of
``canonical_text``, a JSON line a paragraph, so that no value can imitate a paragraph.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from partwell.documents.texts import DocumentError, moment_text, one_line, speaking

Kind = Literal["title", "sentence", "heading", "fact", "clause", "item"]
VERSION = "1"


@dataclass(frozen=True)
class Paragraph:
    """One piece of the text. ``fact`` and ``item`` have a label and lines, the others have text."""

    kind: Kind
    text: str = ""
    label: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class AuthorisationFacts:
    """What an authorisation says (R1), as plain values; moments are aware, ``zone`` is an IANA name.

    ``items``: number and title of each item that the scope resolves to when this is read.
    ``access``: "full" or "read". ``start`` None means the moment of signing.
    """

    msp_name: str
    client_name: str
    signatory_name: str
    signatory_title: str
    authority_proof: str
    recipient_firm: str
    recipient_persons: tuple[str, ...]
    access: str
    end: datetime
    zone: str
    systems: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    items: tuple[tuple[str, str], ...] = ()
    start: datetime | None = None
    number: str = ""
    replaces: str = ""
    withdraw_contact: str = ""


_EN_1: Mapping[str, str] = {
    "title": "Authorisation for {firm} to receive what is listed here",
    "lead": "To {msp}: we, {client}, authorise you to give the following to the recipient named here, and to answer "
    "their questions about it.",
    "number": "Authorisation",
    "replaces": "Replaces",
    "client": "Client",
    "signatory": "Signs for the client",
    "authority": "Proof of authority",
    "recipient": "Recipient",
    "systems": "Systems",
    "categories": "Categories",
    "access": "Access",
    "full": "In full, with what is needed to control it.",
    "read": "To read, not to control. No password or other credential.",
    "exclusions": "They do not receive",
    "unknown": "Anything whose owner is not known, and anything that is {msp}'s or a vendor's.",
    "start": "From",
    "at_signing": "the moment of signing",
    "end": "Until",
    "withdraw": "To withdraw",
    "withdraw_how": "In the portal, or by letter or mail to {msp}. It acts at once.",
    "withdraw_at": "In the portal, or by letter or mail to {msp}, {contact}. It acts at once.",
    "agreed": "What we have agreed",
    "clause_1": "Every message between {msp} and the recipient includes us.",
    "clause_2": "We may narrow or withdraw this at any time, in the portal or by letter. What has already left cannot be "
    "called back.",
    "clause_3": "It ends by itself on the date above. Nothing leaves after that, even if it was asked for before.",
    "clause_4": "What is sensitive or outside this list is asked of us each time, before it leaves.",
    "clause_5": "Each thing that leaves is recorded, and we can check the record without {msp}.",
    "items": "What this comes to today",
    "items_why": "These {count} items fall under it as this is read. Items that are added to the named systems and "
    "categories later fall under it too; exclusions win.",
    "items_one": "This one item falls under it as this is read. Items that are added to the named systems and categories "
    "later fall under it too; exclusions win.",
    "items_only": "Only the items listed here fall under it, as they stand when they leave; exclusions win.",
    "items_none": "No item falls under it as this is read. Items that are added to the named systems and categories later "
    "do; exclusions win.",
}
_TEXTS: Mapping[tuple[str, str], Mapping[str, str]] = {("1", "en"): _EN_1}


def languages(version: str = VERSION) -> tuple[str, ...]:
    """The languages in which ``version`` of the text exists."""
    return tuple(language for number, language in _TEXTS if number == version)


def authorisation_text(
    facts: AuthorisationFacts, *, version: str = VERSION, language: str = "en"
) -> list[Paragraph]:
    """The authorisation as paragraphs, in the order in which it is read and signed (R1).

    Values are cleaned (no control characters, no direction overrides) and otherwise used as they are.
    Raises DocumentError where the text does not exist in that version and language, or where firm, person,
    client, signatory or scope is missing: a consent that does not name them allows nothing.
    """
    words = _TEXTS.get((version, language))
    if words is None:
        raise DocumentError(
            f"The authorisation's text has no version {version} in {language}; prepare it in English."
        )
    for name in (
        "msp_name",
        "client_name",
        "signatory_name",
        "signatory_title",
        "authority_proof",
        "recipient_firm",
    ):
        if not one_line(getattr(facts, name)):
            raise DocumentError(
                f"The authorisation lacks {name.replace('_', ' ')}; fill it in before it is shown."
            )
    persons = tuple(one_line(each) for each in facts.recipient_persons if one_line(each))
    if not persons or facts.access not in ("full", "read"):
        raise DocumentError(
            "The authorisation names no person of the recipient, or no access of full or read."
        )
    if not (facts.systems or facts.categories or facts.items):
        raise DocumentError("The authorisation's scope is empty; name systems, categories or items.")
    msp, firm = one_line(facts.msp_name), one_line(facts.recipient_firm)

    def fact(key: str, *lines: str) -> list[Paragraph]:
        kept = tuple(line for line in map(one_line, lines) if line)
        return [Paragraph("fact", label=words[key], lines=kept)] if kept else []

    contact = one_line(facts.withdraw_contact)
    how = words["withdraw_at" if contact else "withdraw_how"].format(msp=msp, contact=contact)
    with speaking(language, str):  # months and days in the text's language, not in the reader's
        start = moment_text(facts.start, facts.zone) if facts.start else words["at_signing"]
        end = moment_text(facts.end, facts.zone)
    text = [
        Paragraph("title", words["title"].format(firm=firm)),
        Paragraph("sentence", words["lead"].format(msp=msp, client=one_line(facts.client_name))),
        *fact("number", facts.number),
        *fact("replaces", facts.replaces),
        *fact("client", facts.client_name),
        *fact("signatory", f"{one_line(facts.signatory_name)}, {one_line(facts.signatory_title)}"),
        *fact("authority", facts.authority_proof),
        *fact("recipient", firm, *persons),
        *fact("systems", *facts.systems),
        *fact("categories", *facts.categories),
        *fact("access", words[facts.access]),
        *fact("exclusions", *facts.exclusions, words["unknown"].format(msp=msp)),
        *fact("start", start),
        *fact("end", end),
        *fact("withdraw", how),
        Paragraph("heading", words["agreed"]),
        *(Paragraph("clause", words[f"clause_{number}"].format(msp=msp)) for number in range(1, 6)),
        Paragraph("heading", words["items"]),
    ]
    count = len(facts.items)
    dynamic = bool(facts.systems or facts.categories)  # R1: presets and categories grow, single items do not
    why = (
        "items_only" if not dynamic else "items_why" if count > 1 else "items_one" if count else "items_none"
    )
    text.append(Paragraph("sentence", words[why].format(count=count)))
    text += [
        Paragraph("item", label=one_line(number), lines=(one_line(title),)) for number, title in facts.items
    ]
    return text


def canonical_text(paragraphs: Sequence[Paragraph], *, version: str = VERSION, language: str = "en") -> bytes:
    """The text as the bytes that are hashed: UTF-8, LF, a head line, then one JSON array a paragraph."""
    rows = [["partwell authorisation text", version, language]]
    rows += [[each.kind, each.label, each.text, *each.lines] for each in paragraphs]
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def text_digest(paragraphs: Sequence[Paragraph], *, version: str = VERSION, language: str = "en") -> str:
    """SHA-256 of ``canonical_text`` in lower-case hex: what a consent's record pins."""
    return hashlib.sha256(canonical_text(paragraphs, version=version, language=language)).hexdigest()
