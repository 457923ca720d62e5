# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every page of the new provider's portal knows: whose things these are, and whether the consent stands."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from partwell.actions.releases.look import client_of_recipient, line_views, signatories_of
from partwell.actions.releases.standing import Standing, standing_of
from partwell.entrypoints.door.actor import COOKIES
from partwell.entrypoints.door.gate import actor_of
from partwell.records.correspondence.recording_queries import was_asked
from partwell.records.releases.queries import received_lines


def ids(request: HttpRequest) -> tuple[UUID, UUID]:
    """The recipient and client of the person at the door."""
    actor = actor_of(request)
    assert (
        actor.recipient_id is not None and actor.client_id is not None
    )  # a provider's actor always has both
    return actor.recipient_id, actor.client_id


def session_key(request: HttpRequest) -> str:
    """The value of the portal session's cookie, which one-time reveals are bound to."""
    return request.COOKIES.get(COOKIES["provider"], "")


def agent(request: HttpRequest) -> str:
    """The browser as it names itself, for the evidence."""
    return request.headers.get("User-Agent", "")[:200]


def frame(request: HttpRequest, tab: str = "") -> tuple[Standing, dict[str, Any]]:
    """The standing of the consent and the context that all pages share."""
    actor = actor_of(request)
    recipient_id, _ = ids(request)
    standing = standing_of(recipient_id, actor.id)
    client = client_of_recipient(recipient_id)
    # After the end: released titles whose window is open, and nothing else (R17).
    left = [] if standing.stands else line_views(received_lines(actor), timezone.now(), stands=False)
    # Before consent the page states no fact beyond what the person knows: not even whose signature is missing.
    return standing, {
        "standing": standing,
        "left": left,
        "client": client,
        "signatories": ", ".join(signatories_of(client.id)) if standing.stands else client.name,
        "access_ends": standing.until,
        "person": {
            "name": actor.name,
            "company": standing.recipient.firm,
            "sign_out_url": "/provider/sign-out/",
        },
        "asked_to_record": was_asked(actor),
        "home_url": "/provider/",
        "tab": tab,
    }
