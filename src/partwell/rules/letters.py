# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters for each step of a departure: which there are, what may and must stand in them, and how they are filled.

A letter is plain text with places such as {client}. The places are a closed list: nothing secret is among them (R16), and a
place that nobody knows is refused when the letter is written, not when it is sent. A letter that a new provider reads too
has fewer of them: it states nothing of the client's that the set itself does not (R1).
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
# Where a letter leaves by itself: the kind of mail whose words it is.
STEPS: Mapping[str, str] = {
    "notice_acknowledgement": "acknowledgement",
    "authorisation_request": "authorisation_request",
    "authorisation_reminder": "reminder",
    "release_announcement": "release_set",
    "window_ending": "window_ending",
    "hours_running_out": "hours_running_out",
    "retention_notice": "retention_notice",
    "closing": "goodbye",
    "welcome_back": "welcome_back",
}
KINDS: Mapping[str, str] = {key: kind for kind, key in STEPS.items()}
WHEN: Mapping[str, str] = {
    "acknowledgement": "Leaves with the letter of acknowledgement, once somebody asks for it.",
    "authorisation_request": "Leaves when an authorisation is proposed to the signatory.",
    "reminder": "Leaves while an authorisation waits for its signature, on the days that the settings name; and when somebody writes it, “Begin with a letter”.",
    "release_set": "Leaves with each set, to the client and to whoever receives it.",
    "window_ending": "Leaves three days before a window closes in which something is unanswered.",
    "hours_running_out": "Leaves when 80, 95 and 100 percent of the hours are used.",
    "retention_notice": "Leaves before data are deleted, and when their day has passed.",
    "goodbye": "Leaves when a departure is closed.",
    "welcome_back": "Leaves when a client that left accepts the quote.",
}
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "German"}
FALLBACK = "en"
PLACES: Mapping[str, str] = {
    "client": "the client's legal name",
    "contact": "the name of whoever reads it",
    "msp": "your firm's name",
    "writer": "who writes it; at a step that sends by itself, the person in charge",
    "phone": "your firm's telephone number, or its mail address where there is none",
    "portal": "the address of the page where it is answered",
    "recipient": "the new provider's firm",
    "end_of_service": "the last day of service",
    "keep_until": "the day until which data are kept",
    "hours_left": "the included and prepaid time that is left",
    "window_until": "the last day on which what was released can be objected to",
}
OUTSIDE = frozenset({"release_set", "window_ending"})  # a new provider reads these as well
_TOLD = frozenset({"client", "contact", "msp", "writer", "phone", "portal", "recipient", "window_until"})
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "acknowledgement": ("client", "end_of_service"),
    "authorisation_request": ("recipient", "portal"),
    "reminder": ("portal",),
    "release_set": ("client", "portal"),
    "window_ending": ("window_until", "portal"),
    "hours_running_out": ("hours_left",),
    "retention_notice": ("keep_until", "portal"),
    "goodbye": ("client",),
    "welcome_back": ("client",),
}
# What stands in a place at a step that sends by itself where nobody knows it: a letter never leaves with a brace in it.
UNKNOWN: Mapping[str, Mapping[str, str]] = {
    "en": {
        "recipient": "the new provider",
        "end_of_service": "a day that is still to be set",
        "keep_until": "a day that is still to be set",
        "window_until": "a day that is still to be set",
        "hours_left": "no hours",
        "phone": "on the number that you have",
        "contact": "all",
    },
    "de": {
        "recipient": "der neue Dienstleister",
        "end_of_service": "ein Tag, der noch festgelegt wird",
        "keep_until": "zu einem Tag, der noch festgelegt wird",
        "window_until": "ein Tag, der noch festgelegt wird",
        "hours_left": "keine Stunden",
        "phone": "unter der Nummer, die Sie haben",
        "contact": "zusammen",
    },
}
LONGEST_SUBJECT, LONGEST_TEXT = 200, 8000


def language_of(wanted: str) -> str:
    """The language of a letter for somebody who reads ``wanted`` ("de-AT" reads "de"); the fallback for one without letters."""
    tag = wanted.strip().lower().replace("_", "-").partition("-")[0]
    return tag if tag in LANGUAGES else FALLBACK


def places_of(key: str) -> dict[str, str]:
    """The places that this letter may have, with what stands in each."""
    return {name: words for name, words in PLACES.items() if key not in OUTSIDE or name in _TOLD}


def check(key: str, subject: str, text: str) -> Refusal | None:
    """None for a letter that can be filled and says what its step must say; else what is wrong with it, by name."""
    if not subject.strip() or not text.strip():
        return refuse("required", where="The subject and the text of the letter")
    if len(subject) > LONGEST_SUBJECT or len(text) > LONGEST_TEXT:
        return refuse("invalid_input", where="The letter", problem="it is too long")
    if any(ord(sign) < 32 for sign in subject):
        return refuse("header_injection", where="The subject")
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text):
        return refuse("invalid_input", where="The letter", problem="it has a sign that cannot be printed")
    known, unknown, found = places_of(key), set[str](), set[str]()
    for words in (subject, text):
        try:
            parts = list(Formatter().parse(words))
        except ValueError:
            return refuse("letter_broken")
        for _, name, spec, conversion in parts:
            # {client.name}, {client!r}, {client:>99999999}: a place is a name and nothing else.
            if name is not None:
                (unknown if name not in known or spec or conversion else found).add(name or "empty")
    if unknown:
        return refuse("letter_place_unknown", names=sorted(unknown))
    if missing := [name for name in REQUIRED[key] if name not in found]:
        return refuse("letter_place_missing", names=missing)
    return None


def fill(words: str, values: Mapping[str, str]) -> str:
    """The letter with each place filled that ``values`` knows; the others stay, for a person to fill. Values are not read again."""
    out = []
    for literal, name, _, _ in Formatter().parse(words):
        out.append(literal)
        if name is not None:
            out.append(values[name] if values.get(name) else "{" + name + "}")
    return "".join(out)


def fill_all(words: str, values: Mapping[str, str], language: str) -> str:
    """The letter as it leaves by itself: what nobody knows is said in words, and a firm that writes alone is named once."""
    if not values.get("writer"):
        words = words.replace("{writer}, {msp}", "{msp}").replace("{writer}", "{msp}")
    known = {name: value for name, value in values.items() if value}
    return fill(words, {**UNKNOWN[language_of(language)], **known})


def unfilled(*texts: str) -> list[str]:
    """The places that still stand in a message that is about to be sent."""
    return [name for name in PLACES if any("{" + name + "}" in text for text in texts)]
