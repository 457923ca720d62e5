# SPDX-License-Identifier: AGPL-3.0-or-later
"""Searching what was said about a client."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from partwell.entrypoints.api.endpoints.common import actor_of, client_here
from partwell.entrypoints.api.fields import Moment, PathId, Shown
from partwell.entrypoints.api.operation import operation
from partwell.records.correspondence.search import LONGEST, MOST
from partwell.records.correspondence.search import found as look_for

router = Router()


class PieceShown(Shown):
    text: str
    hit: bool = Field(description="One of the words that were looked for.")


class HitShown(Shown):
    kind: str = Field(description="message, call, mail (ours), inbound (as it came in) or meeting")
    id: UUID
    client_id: UUID | None
    at: datetime
    side: str = Field(description="Who said it: staff, client, provider or unknown.")
    audience: str
    name: str = Field(description="What it was about.")
    pieces: list[PieceShown] = Field(description="The text around the first word, plain, in pieces.")


class FoundShown(Shown):
    hits: list[HitShown]
    number: int
    pages: int
    total: int = Field(description=f"How many there are, counted up to {MOST:,}.")
    more: bool = Field(description="There are more than that.")
    cut: bool = Field(description="The question was too long; only its first words were looked for.")


@operation(
    router,
    "GET",
    "/clients/{client_id}/correspondence",
    scope="messages:read",
    verb="message.read",
    response=FoundShown,
)
def search_correspondence(
    request: HttpRequest,
    client_id: PathId,
    words: Annotated[str, Query(..., min_length=1, max_length=LONGEST)],
    party: Annotated[Literal["staff", "client", "provider"] | None, Query(None)] = None,
    after: Annotated[Moment | None, Query(None)] = None,
    before: Annotated[Moment | None, Query(None)] = None,
    page: Annotated[int, Query(1, ge=1, le=MOST)] = 1,
) -> FoundShown:
    """Messages, calls, mails and attachments' names that hold all words, newest first. “A phrase”, begin*; nothing else is an operator."""
    client_here(client_id)
    result = look_for(
        actor_of(request), words, client_id=client_id, party=party, after=after, before=before, page=page
    )
    return FoundShown.model_validate(result)
