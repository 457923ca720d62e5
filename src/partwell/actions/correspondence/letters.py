# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office's own letters: which stands for a step and language, how it is changed, filled and looked at before it leaves."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.letter_words import Letter, letter, letter_of
from partwell.actions.correspondence.post import link
from partwell.actions.facts import loop_contacts, open_offboarding, zone
from partwell.actions.hours.standing import standing
from partwell.documents.german import translate
from partwell.documents.texts import day_text, speaking
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import LetterTemplate
from partwell.records.people.queries import the_msp
from partwell.records.releases.models import Release
from partwell.rules import consent, letters, roles
from partwell.rules.actor import Actor
from partwell.rules.letter_seeds import SEEDS
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True)
class Filled:
    """A letter with what is known of a client put in; ``missing``: places that a person must fill."""

    letter: Letter
    subject: str
    text: str
    missing: list[str]


def all_letters() -> list[Letter]:
    """Every letter in every language as it stands; one query."""
    own = {(row.key, row.language): row for row in LetterTemplate.objects.filter(replaced_at=None)}
    out = []
    for key in letters.LETTERS:
        for tag in letters.LANGUAGES:
            row = own.get((key, tag))
            out.append(letter_of(row) if row else Letter(key, tag, *SEEDS[key][tag]))
    return out


def history(key: str, language: str) -> list[Letter]:
    """Every version in the office's own words, the newest first, replaced ones too; one query."""
    rows = LetterTemplate.objects.filter(key=key, language=language)
    return [letter_of(row) for row in rows.order_by("-version")]


def change_letter(*, actor: Actor, key: str, language: str, subject: str, text: str) -> Letter | Refusal:
    """A new version in the office's words; the old one is kept. Unknown places and missing ones are refused (``letters.check``)."""
    if (refusal := roles.may(actor.role, "letter.change")) is not None:
        return refusal
    if key not in letters.LETTERS or language not in letters.LANGUAGES:
        return refuse("not_found")
    subject, text = subject.strip(), text.replace("\r\n", "\n").strip()
    if (problem := letters.check(key, subject, text)) is not None:
        return problem
    with Deed(actor) as deed:
        rows = LetterTemplate.objects.filter(key=key, language=language)
        before = rows.order_by("-version").first()
        if before is not None and before.replaced_at is None:
            if (before.subject, before.text) == (subject, text):
                return letter_of(before)
            deed.save(before, replaced_at=deed.now)
        row = deed.add(LetterTemplate(key=key, language=language, version=before.version + 1 if before else 1, subject=subject,
                                      text=text, edited_by_name=actor.name, edited_at=deed.now))  # fmt: skip
        _record(deed, row.key, language, row.version, subject, text)
        return letter_of(row)


def restore_letter(*, actor: Actor, key: str, language: str) -> Letter | Refusal:
    """Back to the letter that Partwell brings along; the office's versions are kept."""
    if (refusal := roles.may(actor.role, "letter.change")) is not None:
        return refusal
    if key not in letters.LETTERS or language not in letters.LANGUAGES:
        return refuse("not_found")
    seed = Letter(key, language, *SEEDS[key][language])
    with Deed(actor) as deed:
        row = LetterTemplate.objects.filter(key=key, language=language, replaced_at=None).first()
        if row is not None:
            deed.save(row, replaced_at=deed.now)
            _record(deed, key, language, 0, seed.subject, seed.text)
    return seed


def _record(deed: Deed, key: str, language: str, version: int, subject: str, text: str) -> None:
    digest = hashlib.sha256(f"{subject}\n\n{text}".encode()).hexdigest()
    deed.record(
        "msp.letter_changed",
        public={"letter": letters.LETTERS[key], "language": letters.LANGUAGES[language]},
        internal={"version": version, "digest": digest},
    )


def filled(actor: Actor, client_id: UUID, key: str, *, found: Letter | None = None) -> Filled | None:
    """The letter for this client, in the language of the contact who reads it, with what is known put in."""
    client = Client.objects.filter(pk=client_id).first()
    contacts = loop_contacts(client_id)
    found = found or letter(key, contacts[0].language if contacts else letters.FALLBACK)
    if client is None or found is None:
        return None
    values = _values(actor, client, contacts[0].name if contacts else "", found.language)
    subject, text = letters.fill(found.subject, values), letters.fill(found.text, values)
    return Filled(found, subject, text, letters.unfilled(subject, text))


def _values(actor: Actor, client: Client, contact: str, language: str) -> dict[str, str]:
    msp, departure = the_msp(), open_offboarding(client.id)
    newest = Release.objects.filter(client=client, party="provider", window_ends_at__gt=timezone.now())
    window = newest.order_by("-window_ends_at").values_list("window_ends_at", flat=True).first()
    firms = list(
        client.recipients.filter(kind="new_provider").order_by("-added_at").values_list("firm", flat=True)[:1]
    )
    left = standing(client.id)
    with speaking(language, translate if language == "de" else str):
        return {
            "client": client.legal_name,
            "contact": contact,
            "msp": msp.name if msp else "",
            "writer": actor.name,
            "phone": (msp.phone or msp.email) if msp else "",
            "portal": link("/client/"),
            "recipient": firms[0] if firms else "",
            "end_of_service": day_text(departure.end_of_service) if departure else "",
            "keep_until": day_text(departure.keep_until) if departure else "",
            "hours_left": _hours(left.budget.left) if left.open_departure else "",
            "window_until": day_text(consent.day_in(window, zone())) if window else "",
        }


def _hours(minutes: int) -> str:
    return f"{minutes // 60} h {minutes % 60:02d} min"
