# SPDX-License-Identifier: AGPL-3.0-or-later
"""A new provider asks for something it has not received (R1): heard with consent, held without."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.write_message import (
    ALL,
    Draft,
    NotInTheLoop,
    digest_of,
    too_often,
    write_message,
)
from partwell.actions.facts import open_offboarding
from partwell.actions.releases.standing import named_persons, standing_of
from partwell.records.authorisations.models import Recipient
from partwell.records.correspondence.models import Message
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def request_item(*, actor: Actor, wanted: str, words: str = "") -> Message | Refusal:
    """Ask for an item in the provider's own words: it sees no list of what it has not received.

    With consent, staff and client have the request at once; without, it is held and only the client sees it.
    """
    if actor.kind != "provider" or actor.client_id is None or actor.recipient_id is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "message.write")) is not None:
        return refusal
    name = " ".join(wanted.split())[:150]
    if not name:
        return refuse("required", where="What you need")
    text = words.strip()[:4000] or f"Please release to us: {name}"
    if not standing_of(actor.recipient_id, actor.id).stands:
        return write_message(
            actor=actor, client_id=actor.client_id, draft=Draft(f"Asks for: {name}", text, ALL)
        )
    return _ask(actor, actor.client_id, actor.recipient_id, name, text)


def _ask(actor: Actor, client_id: UUID, recipient_id: UUID, name: str, text: str) -> Message | Refusal:
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        recipient = Recipient.objects.get(pk=recipient_id)
        standing = standing_of(recipient_id, actor.id, deed.now)
        if standing.refusal is not None:
            return deed.refuse(standing.refusal, subject=recipient_id, verb="message.write")
        if (often := too_often(deed, recipient)) is not None:
            return often
        row = deed.add(
            Message(
                client=client,
                offboarding=open_offboarding(client.id),
                recipient=recipient,
                author_kind="provider",
                author_id=actor.id,
                author_name=actor.name,
                audience=ALL,
                subject=f"Asks for: {name}",
                text=text,
                written_at=deed.now,
            )
        )
        found = post(
            deed,
            Post(
                kind="message",
                dedupe=f"message:{row.id.hex}",
                persons=named_persons(recipient_id, deed.now),
                authorisation=standing.authorisation,
                message=row,
                values={
                    "topic": row.subject,
                    "sender": actor.name,
                    "sender_firm": recipient.firm,
                    "body": text,
                    "portal_url": link("/client/messages/"),
                },
            ),
        )
        if isinstance(found, Refusal):
            raise NotInTheLoop(found)
        deed.record(
            "release.requested",
            recipient=recipient_id,
            subjects=[row.id, recipient_id],
            public={"recipient": recipient.firm, "wanted": name},
            to_client={"digest": digest_of(row.subject, text)},
        )
        return row
