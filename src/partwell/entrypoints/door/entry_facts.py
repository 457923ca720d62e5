# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an entry recorded, as facts for people: labels in words, yes or no, days, titles in place of ids, digests apart.

Nothing is lost by it: the file "what it says" of an entry holds its contents as they were sealed.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partwell.entrypoints.theme.formats import digest_groups, duration_words, size_words, when_words
from partwell.importers.detect import NAMES, name_of
from partwell.records.estate.queries import titles_of
from partwell.records.evidence.queries import Line
from partwell.rules.handover import WAY_WORDS
from partwell.rules.terms import Category

SHOWN = 12
HIDDEN = ("actor", "manifest_sha256", "item_ids", "digests", "subject", "shown_digest")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{32}")
_KEY = re.compile(r"[a-z]+(_[a-z]+)+")
_CATEGORIES = {one.value: one.label for one in Category}
_MINUTES = ("minutes", "accounted", "estimate", "spent")
LABELS = {
    "accepted": gettext_lazy("Accepted items"),
    "access": gettext_lazy("Access"),
    "agent": gettext_lazy("Browser"),
    "attempt": gettext_lazy("Try"),
    "authorisation_version": gettext_lazy("Number of the authorisation"),
    "authority": gettext_lazy("Proof of authority"),
    "confirmed": gettext_lazy("Confirmed by the person"),
    "copies_to": gettext_lazy("Copies went to"),
    "dkim": gettext_lazy("Signature of the sender's mail server (DKIM)"),
    "electronic_form": gettext_lazy("Agreed to sign electronically"),
    "ends": gettext_lazy("Until"),
    "excluded_categories": gettext_lazy("Categories excluded"),
    "excluded_items": gettext_lazy("Items excluded by name"),
    "intent": gettext_lazy("Said that this is their signature"),
    "keep_until": gettext_lazy("Kept until"),
    "left_out": gettext_lazy("Left out"),
    "manifest_digest": gettext_lazy("Digest of the bundle's list of files"),
    "media_type": gettext_lazy("Kind of file"),
    "meeting": gettext_lazy("It was a meeting"),
    "noticed_on": gettext_lazy("Notice given on"),
    "notice_on": gettext_lazy("Notice given on"),
    "number_since": gettext_lazy("Their number was on file since"),
    "others": gettext_lazy("With"),
    "outside_contact": gettext_lazy("Contact outside the domain that migrates"),
    "outside_domain": gettext_lazy("Address outside the domain that migrates"),
    "presets": gettext_lazy("Kinds of things"),
    "privileged": gettext_lazy("Privileged (lawyer, insurer)"),
    "proof_digest": gettext_lazy("Digest of the proof"),
    "redacted": gettext_lazy("Places made unreadable"),
    "rejected": gettext_lazy("Rejected items"),
    "resolved": gettext_lazy("Items it came to when it was read"),
    "rows_root": gettext_lazy("Digest over all rows"),
    "second_factor": gettext_lazy("Second proof of identity"),
    "set": gettext_lazy("Backup set"),
    "starts": gettext_lazy("From"),
    "vendor_window_days": gettext_lazy("Days until the vendor purges"),
    "verifier_key": gettext_lazy("The log's key"),
    "version": gettext_lazy("Number"),
    "waived": gettext_lazy("Waived items"),
    "why": gettext_lazy("Why"),
    "words": gettext_lazy("In their words"),
}
# A digest is of something: which, by the noun of the event.
_DIGEST_OF = {
    "message": gettext_lazy("Digest of the message"), "envelope": gettext_lazy("Digest of the mail"),
    "authorisation": gettext_lazy("Digest of the authorisation's text"), "file": gettext_lazy("Digest of the file"),
    "picture": gettext_lazy("Digest of the picture"), "note": gettext_lazy("Digest of the note"),
    "terms": gettext_lazy("Digest of the terms"), "plan": gettext_lazy("Digest of the plan"),
    "agreement": gettext_lazy("Digest of the agreement"), "notice": gettext_lazy("Digest of the notice"),
    "invoice": gettext_lazy("Digest of the letter"), "offboarding": gettext_lazy("Digest of the letter"),
    "authority": gettext_lazy("Digest of the proof"),
}  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """A label and its value; ``lines``: several; ``digest``: set in monospace; ``label_of``: its class of disclosure."""

    label: str
    lines: list[str]
    label_of: str
    digest: bool = False


def facts_of(line: Line) -> list[Fact]:
    """The facts of an entry that its reader may see. One query, for titles; none where no id stands in them."""
    values = [(label, name, value) for label, content in line.contents.items() for name, value in content.items()
              if name not in HIDDEN]  # fmt: skip
    ids = {UUID(hex=one) for _, _, value in values for one in _strings(value) if _ID.fullmatch(one)}
    titles = titles_of(line.client_id, ids) if ids and line.client_id else {}
    found = []
    for label, name, value in values:
        lines = _lines(name, value, titles)
        if lines:
            text = _strings(value)
            digest = bool(text) and all(_DIGEST.fullmatch(one) for one in text)
            found.append(Fact(_label(line.type, name, digest), lines, label, digest))
    return found


def _label(type_: str, name: str, digest: bool) -> str:
    if name == "digest" or (digest and name not in LABELS and not name.endswith("digest")):
        return str(_DIGEST_OF.get(type_.partition(".")[0], _("Digest of what it is about")))
    if name.endswith("_digest") and name not in LABELS:
        return _("Digest of the %(what)s") % {"what": name.removesuffix("_digest").replace("_", " ")}
    return str(LABELS.get(name, name.replace("_", " ").capitalize()))


def _strings(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _lines(name: str, value: Any, titles: dict[UUID, str]) -> list[str]:
    parts = value if isinstance(value, list) else [value]
    shown = [text for one in parts if (text := _text(name, one, titles))]
    rest = len(shown) - SHOWN
    return [*shown[:SHOWN], _("and %(n)s more") % {"n": rest}] if rest > 0 else shown


def _text(name: str, value: Any, titles: dict[UUID, str]) -> str:
    if value is None or value == "" or isinstance(value, dict):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return (
            str(duration_words(value))
            if name in _MINUTES
            else str(size_words(value))
            if name in ("size", "sizes")
            else str(value)
        )
    text = str(value)
    if _DIGEST.fullmatch(text):
        return str(digest_groups(text))
    if _ID.fullmatch(text):  # an id is no fact: its title, if the reader's client has it, or nothing
        return titles.get(UUID(hex=text), "")
    if name == "source" and text in NAMES:
        return name_of(text)
    if text in _CATEGORIES and name in ("category", "categories", "excluded_categories"):
        return _CATEGORIES[Category(text)]
    if name in ("way", "method"):
        return WAY_WORDS.get(text, text)
    moment = _moment(text)
    if moment is not None:
        return str(when_words(moment))
    return (text.replace("_", " ") if _KEY.fullmatch(text) else text)[:600]


def _moment(text: str) -> date | datetime | None:
    try:
        return (
            date.fromisoformat(text)
            if len(text) == 10
            else datetime.fromisoformat(text)
            if len(text) > 18 and text[10:11] == "T"
            else None
        )
    except ValueError:
        return None
