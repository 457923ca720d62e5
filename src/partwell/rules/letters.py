# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters for each step of a departure: which there are, what may stand in them, and how they are filled.

A letter is plain text with places such as {client}. The places are a closed list: nothing secret is among them (R16), and a
place that nobody knows is refused when the letter is written, not when it is sent.
"""

from collections.abc import Mapping
from string import Formatter

from partwell.rules.refusals import Refusal, refuse

LETTERS: Mapping[str, str] = {
    "acknowledgement": "Acknowledgement of the notice",
    "authorisation_request": "Request for the authorisation",
    "reminder": "Reminder",
    "release_set": "A set is released",
    "window_ending": "The objection window ends",
    "hours_running_out": "Hours run out",
    "retention_notice": "Notice about kept data",
    "goodbye": "Goodbye",
    "welcome_back": "Welcome back",
}
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "German"}
FALLBACK = "en"
PLACES: Mapping[str, str] = {
    "client": "the client's legal name",
    "contact": "the name of the contact who reads it",
    "msp": "your firm's name",
    "writer": "who writes it",
    "phone": "your firm's telephone number",
    "portal": "the address of the client's page",
    "recipient": "the new provider's firm",
    "end_of_service": "the last day of service",
    "keep_until": "the day until which data are kept",
    "hours_left": "the included and prepaid time that is left",
    "window_until": "the day on which the newest objection window ends",
}
LONGEST_SUBJECT, LONGEST_TEXT = 200, 8000


def language_of(wanted: str) -> str:
    """The language of a letter for somebody who reads ``wanted`` ("de-AT" reads "de"); the fallback for one without letters."""
    tag = wanted.strip().lower().replace("_", "-").partition("-")[0]
    return tag if tag in LANGUAGES else FALLBACK


def check(subject: str, text: str) -> Refusal | None:
    """None for a letter that can be filled; else what is wrong with it, by name."""
    if not subject.strip() or not text.strip():
        return refuse("required", where="The subject and the text of the letter")
    if len(subject) > LONGEST_SUBJECT or len(text) > LONGEST_TEXT:
        return refuse("invalid_input", where="The letter", problem="it is too long")
    if any(ord(sign) < 32 for sign in subject):
        return refuse("header_injection", where="The subject")
    unknown: list[str] = []
    for words in (subject, text):
        try:
            parts = list(Formatter().parse(words))
        except ValueError:
            return refuse("letter_broken")
        for _, name, spec, conversion in parts:
            # {client.name}, {client!r}, {client:>99999999}: a place is a name and nothing else.
            if name is not None and (name not in PLACES or spec or conversion):
                unknown.append(name or "empty")
    return refuse("letter_place_unknown", names=sorted(set(unknown))) if unknown else None


def fill(words: str, values: Mapping[str, str]) -> str:
    """The letter with each place filled that ``values`` knows; the others stay, for a person to fill. Values are not read again."""
    out = []
    for literal, name, _, _ in Formatter().parse(words):
        out.append(literal)
        if name is not None:
            out.append(values[name] if values.get(name) else "{" + name + "}")
    return "".join(out)


def unfilled(*texts: str) -> list[str]:
    """The places that still stand in a message that is about to be sent."""
    return [name for name in PLACES if any("{" + name + "}" in text for text in texts)]
