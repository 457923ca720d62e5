# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fetching a released document through a portal: decided again, and the opening is evidence (R1, R17)."""

from datetime import datetime
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.releases.gate import judge_again
from partwell.records.clients.models import Client, Contact
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.releases.models import ReleaseLine
from partwell.records.vault.models import StoredFile
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Party


def line_for(actor: Actor, line_id: UUID) -> ReleaseLine | None:
    """A sent line that the actor's side received; for the client also what went to others of theirs."""
    lines = ReleaseLine.objects.filter(pk=line_id, state="sent", release__client=actor.client_id)
    if actor.kind == "provider":
        lines = lines.filter(release__party=Party.PROVIDER, release__recipient=actor.recipient_id)
    elif actor.kind != "client":
        return None
    return lines.select_related(
        "release__person__recipient",
        "release__contact",
        "release__authorisation",
        "item__document",
        "document",
    ).first()


def still_passes(client: Client, line: ReleaseLine, actor: Actor, now: datetime) -> Refusal | None:
    """The gate for one fetching: for a provider as at release, for the acting person; the client has what is theirs."""
    release = line.release
    if actor.kind == "client":
        if not Contact.objects.filter(pk=actor.id, left_at=None).exists():
            return refuse("not_found")  # left since the session was read
        if release.party == Party.CLIENT:
            return judge_again(client, release, [line], now)[0]
        return refuse("not_found") if line.item.internal else None
    if actor.kind != "provider" or release.recipient_id != actor.recipient_id:
        return refuse("not_found")
    if release.person is not None and release.person_id == actor.id and release.person.left_at is not None:
        return refuse("not_found")
    if release.person_id != actor.id:
        # A colleague of the named person: the authorisation must name them too, and they have accepted the terms.
        person = release.person
        assert person is not None  # a provider's release always has one
        colleague = type(person).objects.select_related("recipient").filter(pk=actor.id, left_at=None).first()
        if colleague is None:
            return refuse("not_found")
        release.person = colleague
    return judge_again(client, release, [line], now)[0]


def open_line(*, actor: Actor, line_id: UUID, agent: str = "", looks: bool = False) -> StoredFile | Refusal:
    """The document of a released line, for streaming. ``release.opened`` is recorded once per person and line;
    not where somebody only ``looks`` (HEAD): an opening that R17 may count needs the document to have left.

    Refused when the consent ended meanwhile, also within the window: then only titles stay answerable (R17).
    """
    peek = line_for(actor, line_id)
    if peek is None or peek.document is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "release.read")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(peek.release.client_id)
        line = line_for(actor, line_id)
        if line is None or line.document is None:
            return refuse("not_found")
        refusal = still_passes(client, line, actor, deed.now)
        if refusal is not None:
            return deed.refuse(refusal, subject=line.item_id, verb="release.open")
        if not looks and not recorded("release.opened", line.id, actor.id):
            theirs = (actor.kind == "client") == (line.release.party == Party.CLIENT)
            if theirs and line.opened_at is None:
                deed.save(line, opened_at=deed.now)
            deed.record(
                "release.opened",
                recipient=line.release.recipient_id if theirs else None,
                subjects=[line.release_id, line.id, line.item_id],
                public={"items": [line.title]},
                to_client={
                    "item_ids": [line.item_id.hex],
                    "address": actor.address[:64],
                    "agent": agent[:200],
                },
            )
        return line.document


def recorded(event: str, subject_id: UUID, person_id: UUID) -> bool:
    """Whether an entry of this kind about the subject, by this person, is on record already."""
    about = EntrySubject.objects.filter(subject_ref=subject_id).values("entry_index")
    return Entry.objects.filter(index__in=about, type=event, actor_ref=person_id).exists()
