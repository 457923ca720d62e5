# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which letter stands for a step and language, and its words for one client: what a mail begins with that leaves by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings

from partwell.documents.german import translate
from partwell.documents.texts import day_text, speaking
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import LetterTemplate
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import Msp
from partwell.rules import letters
from partwell.rules.actor import Actor
from partwell.rules.letter_seeds import SEEDS

# Which field of a step's mail stands in a place, where the mail knows better than the file of today.
FROM_MAIL: Mapping[str, Mapping[str, str]] = {
    "acknowledgement": {"end_of_service": "effective_date"},
    "authorisation_request": {"recipient": "recipient_firm"},
    "reminder": {"recipient": "recipient_firm"},
    "release_set": {"recipient": "recipient_firm", "window_until": "window_until"},
    "window_ending": {"recipient": "recipient_firm", "window_until": "window_until"},
    "hours_running_out": {"hours_left": "left"},
    "retention_notice": {"keep_until": "until"},
    "goodbye": {"end_of_service": "end_of_service"},
}


@dataclass(frozen=True)
class Letter:
    """A letter as it stands, or stood: ``version`` 0 is what Partwell brings along; ``replaced_at`` None: in force."""

    key: str
    language: str
    subject: str
    text: str
    version: int = 0
    edited_by: str = ""
    edited_at: datetime | None = None
    replaced_at: datetime | None = None

    @property
    def title(self) -> str:
        """What it is for."""
        return letters.LETTERS[self.key]


def letter_of(row: LetterTemplate) -> Letter:
    """A version of the office's own as a value."""
    return Letter(row.key, row.language, row.subject, row.text, row.version, row.edited_by_name, row.edited_at, row.replaced_at)  # fmt: skip


def letter(key: str, language: str) -> Letter | None:
    """The letter in force, the office's own before the one brought along; None for a key that there is not. One query."""
    if key not in letters.LETTERS:
        return None
    tag = letters.language_of(language)
    row = LetterTemplate.objects.filter(key=key, language=tag, replaced_at=None).order_by("-version").first()
    return letter_of(row) if row is not None else Letter(key, tag, *SEEDS[key][tag])


def words_at_step(
    kind: str,
    actor: Actor,
    client: Client,
    msp: Msp,
    language: str,
    values: Mapping[str, Any],
    *,
    found: Letter | None = None,
) -> dict[str, str]:
    """``letter_subject`` and ``letter_text`` of a mail of this kind; empty for a kind that is no letter's step.

    ``values``: the mail's own fields with ``to_name``. ``found``: a letter to be tried instead of the one in force. A place
    that nobody knows is said in words: a letter never leaves with a brace in it.
    """
    key = letters.STEPS.get(kind)
    found = found or (letter(key, language) if key else None)
    if key is None or found is None:
        return {}
    departure = (
        Offboarding.objects.filter(client=client).select_related("owner").order_by("-opened_at").first()
    )
    own = {place: values.get(name) for place, name in FROM_MAIL.get(key, {}).items()}
    known: dict[str, Any] = {
        "client": client.legal_name,
        "contact": values.get("to_name"),
        "msp": msp.name,
        "writer": actor.name if actor.is_staff else departure.owner.name if departure else "",
        "phone": msp.phone or msp.email,
        "portal": values.get("portal_url") or f"{settings.PARTWELL_URL}/client/",
        "end_of_service": departure.end_of_service if departure else None,
        "keep_until": departure.keep_until if departure else None,
        **{place: value for place, value in own.items() if value},
    }
    with speaking(found.language, translate if found.language == "de" else str):
        said = {place: _said(value) for place, value in known.items() if place in letters.places_of(key)}
    return {
        "letter_subject": letters.fill_all(found.subject, said, found.language),
        "letter_text": letters.fill_all(found.text, said, found.language),
    }


def _said(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return day_text(value)
    return str(value or "")
