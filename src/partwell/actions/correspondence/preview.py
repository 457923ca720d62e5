# SPDX-License-Identifier: AGPL-3.0-or-later
"""A message as it would leave now: the same words, recipients, language and checkpoint. Writes nothing."""

from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from partwell.actions.correspondence.parties import may_write_to
from partwell.actions.correspondence.post import addressed, common, composed
from partwell.actions.correspondence.waiting import open_with
from partwell.actions.correspondence.with_items import foreseen, judged, may_release, target_of
from partwell.actions.correspondence.write_message import ALL, CLIENT, Draft, problem_of, values_of
from partwell.documents.mails import Mail
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Message
from partwell.records.people.queries import the_msp
from partwell.rules import roles, waiting
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True)
class Preview:
    """The mail, to whom it would go (name and address, the client first), and why it would wait ("" for at once)."""

    mail: Mail
    recipients: list[dict[str, str]]
    waits: str


def preview_message(*, actor: Actor, client_id: UUID, draft: Draft) -> Preview | Refusal:
    """Compose without queuing. The same refusals as writing it would bring, but none of them is recorded."""
    client = Client.objects.filter(pk=client_id).first()
    if client is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "message.write")) is not None:
        return refusal
    if (problem := problem_of(draft) or may_release(actor, draft.items, draft.audience)) is not None:
        return problem
    if draft.audience not in (ALL, CLIENT):
        return refuse("invalid_input", where="Who reads it", problem="a note is not mailed to anybody")
    recipient: Recipient | None = None
    persons: list[RecipientPerson] = []
    if draft.audience == ALL:
        chosen = Recipient.objects.filter(client=client)
        recipient = chosen.filter(pk=draft.recipient_id).first() if draft.recipient_id else None
        if recipient is None:
            return refuse("not_found")
        found = may_write_to(recipient.id, timezone.now())
        if isinstance(found, Refusal):
            return found
        persons = found
    at = addressed(client.id, persons, None, False)
    msp = the_msp()
    if isinstance(at, Refusal):
        return at
    if msp is None:
        return refuse("setup_needed")
    contact, recipients = at
    released: list[str] = []
    if draft.items:
        target = target_of(client, persons, draft.set_to)
        verdicts = (
            target if isinstance(target, Refusal) else judged(client, target, draft.items, timezone.now())
        )
        if isinstance(verdicts, Refusal):
            return verdicts
        released = foreseen(client, verdicts[0])
    row = Message(subject=draft.subject.strip()[:200], text=draft.text.strip())
    greeted = ", ".join([contact.name, *(person.name for person in persons)])
    values = {
        **common(msp, client.legal_name, greeted),
        **values_of(actor, client, row, recipient, persons, released),
    }
    open_now = open_with(client.id, timezone.now())
    waits = waiting.why_waits("message", by_staff=True, open_now=open_now, safety=draft.safety)
    return Preview(composed("message", contact.language, values), recipients, waits)
