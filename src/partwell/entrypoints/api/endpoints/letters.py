# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office's letters: the words that leave at each step, in each language, with every version that there was."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.correspondence.letter_preview import preview_letter
from partwell.actions.correspondence.letter_words import Letter
from partwell.actions.correspondence.letters import (
    all_letters,
    change_letter,
    filled,
    history,
    restore_letter,
)
from partwell.entrypoints.api.endpoints.common import actor_of, client_here
from partwell.entrypoints.api.endpoints.messages import PreviewShown, previewed
from partwell.entrypoints.api.fields import Given, Line, PathId, Ref, Shown, Text, Words
from partwell.entrypoints.api.operation import operation
from partwell.rules.letters import LANGUAGES, LETTERS, REQUIRED, WHEN, places_of
from partwell.rules.refusals import Refusal, refuse

router = Router()


class LetterShown(Shown):
    key: str
    language: str
    title: str
    subject: str
    text: str
    version: int = Field(description="0: as Partwell brings it along.")
    edited_by: str
    edited_at: datetime | None
    replaced_at: datetime | None = Field(description="None: in force.")


class Step(Shown):
    key: str
    title: str
    when: str = Field(description="When it leaves, and whether by itself.")
    places: dict[str, str] = Field(description="What may stand in braces, with its meaning.")
    required: list[str] = Field(description="What must stand in it.")
    letters: list[LetterShown] = Field(description="The letter in force in each language.")


class NewLetter(Given):
    subject: Annotated[Line, Field(min_length=1, max_length=200)]
    text: Words


class LetterFor(Given):
    client_id: Ref
    subject: Annotated[Line, Field(max_length=200)] = ""
    text: Text = Field(
        "", description="Words to try instead of the letter in force; empty: the one in force."
    )


class FilledShown(Shown):
    key: str
    language: str = Field(description="Of the contact who reads it.")
    subject: str
    text: str
    missing: list[str] = Field(description="Places that the writer must fill before it is sent.")


def _shown(one: Letter) -> LetterShown:
    return LetterShown.model_validate(one)


@operation(router, "GET", "/letters", scope="messages:read", verb="letter.change", response=list[Step])
def list_letters(request: HttpRequest) -> list[Step]:
    """Every step of a departure with its letters in force, what may and what must stand in them."""
    found = all_letters()
    return [
        Step(
            key=key,
            title=title,
            when=WHEN[key],
            places=places_of(key),
            required=list(REQUIRED[key]),
            letters=[_shown(one) for one in found if one.key == key],
        )
        for key, title in LETTERS.items()
    ]


@operation(
    router,
    "GET",
    "/letters/{key}/{language}/versions",
    scope="messages:read",
    verb="letter.change",
    response=list[LetterShown],
)
def list_letter_versions(request: HttpRequest, key: str, language: str) -> list[LetterShown] | Refusal:
    """Every version in the office's own words, the newest first, replaced ones too."""
    if key not in LETTERS or language not in LANGUAGES:
        return refuse("not_found")
    return [_shown(one) for one in history(key, language)]


@operation(
    router,
    "POST",
    "/letters/{key}/{language}",
    scope="messages:write",
    verb="letter.change",
    response=LetterShown,
)
def post_letter(request: HttpRequest, key: str, language: str, body: NewLetter) -> LetterShown | Refusal:
    """A new version of a letter; the old one is kept. From now on this is what leaves at its step."""
    row = change_letter(
        actor=actor_of(request), key=key, language=language, subject=body.subject, text=body.text
    )
    return row if isinstance(row, Refusal) else _shown(row)


@operation(
    router,
    "POST",
    "/letters/{key}/{language}/restore",
    scope="messages:write",
    verb="letter.change",
    response=LetterShown,
)
def post_letter_restore(request: HttpRequest, key: str, language: str) -> LetterShown | Refusal:
    """Back to the letter that Partwell brings along; the office's versions are kept."""
    row = restore_letter(actor=actor_of(request), key=key, language=language)
    return row if isinstance(row, Refusal) else _shown(row)


@operation(
    router,
    "POST",
    "/letters/{key}/{language}/preview",
    scope="messages:read",
    verb="letter.change",
    response=PreviewShown,
    does=False,
)
def preview_letter_mail(
    request: HttpRequest, key: str, language: str, body: LetterFor
) -> PreviewShown | Refusal:
    """The letter, or words for it, as the mail that one client would get, with its real data. Writes nothing."""
    client_here(body.client_id)
    return previewed(
        preview_letter(
            actor=actor_of(request),
            client_id=body.client_id,
            key=key,
            language=language,
            subject=body.subject,
            text=body.text,
        )
    )


@operation(
    router,
    "GET",
    "/clients/{client_id}/letters/{key}",
    scope="messages:read",
    verb="message.write",
    response=FilledShown,
)
def get_filled_letter(request: HttpRequest, client_id: PathId, key: str) -> FilledShown | Refusal:
    """A letter to begin a message with: filled with what is known of this client, in its contact's language."""
    client_here(client_id)
    found = filled(actor_of(request), UUID(str(client_id)), key)
    if found is None:
        return refuse("not_found")
    return FilledShown(
        key=found.letter.key,
        language=found.letter.language,
        subject=found.subject,
        text=found.text,
        missing=found.missing,
    )
