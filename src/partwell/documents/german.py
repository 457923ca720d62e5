# SPDX-License-Identifier: AGPL-3.0-or-later
"""German: every mail to a client and to whoever receives for it, the letters and papers that go with them, and days.

What people typed is a fact and is in no table. Mails to the office and its staff, and the pages, stand in English.
"""

from partwell.documents.german_certificate import CERTIFICATE
from partwell.documents.german_letters import LETTERS
from partwell.documents.german_mails import MAILS
from partwell.documents.german_money import MONEY
from partwell.documents.german_papers import PAPERS
from partwell.documents.german_steps import STEPS
from partwell.documents.german_values import VALUES
from partwell.documents.texts import MONTHS, WEEKDAYS

_MONTHS = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
]
_WEEKDAYS = ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"]
WORDS: dict[str, str] = {
    **dict(zip(MONTHS, _MONTHS, strict=True)),
    **dict(zip(WEEKDAYS, _WEEKDAYS, strict=True)),
    "{day} {month} {year}": "{day}. {month} {year}",
    "Hello {name},": "Guten Tag {name},",
    "{topic} ({client})": "{topic} ({client})",
    "{sender} ({sender_firm}) wrote about {client}. Everybody concerned has this message, {client} always.": (
        "{sender} ({sender_firm}) schreibt zu {client}. Alle Beteiligten haben diese Nachricht, {client} immer."
    ),
    "{sender} writes": "{sender} schreibt",
    "Goes to": "Geht an",
    "Forwarded to us by": "An uns weitergeleitet von",
    "Released with it, each item in the portal": "Damit freigegeben, jedes Stück im Portal",
    "release {number}": "Lieferung {number}",
    "Answer in the portal": "Im Portal antworten",
    "Last committed checkpoint of the log": "Letzter festgeschriebener Prüfpunkt des Protokolls",
    "Keep this mail: with these lines you can check later, without us, that the log was not rewritten.": (
        "Bewahren Sie diese Mail auf: Mit diesen Zeilen können Sie später ohne uns prüfen, dass das Protokoll nicht umgeschrieben wurde."
    ),
    "No checkpoint has been made yet.": "Es gibt noch keinen Prüfpunkt.",
    **STEPS,
    **LETTERS,
    **MAILS,
    **MONEY,
    **PAPERS,
    **VALUES,
    **CERTIFICATE,
}


def translate(words: str) -> str:
    """The German of what is listed, else the words themselves."""
    return WORDS.get(words, words)
