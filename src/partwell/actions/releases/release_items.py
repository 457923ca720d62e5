# SPDX-License-Identifier: AGPL-3.0-or-later
"""Releases a set of items to the client or the new provider (R1, R2, R3): one deed, one announcement, one entry a step.

Items judged *Send* leave now; those judged *AskClient* wait in one request to the client; refused ones stay
and are recorded. A double click changes nothing: ``idempotency`` is unique.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Max
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import open_offboarding, zone
from partwell.actions.releases.gate import Judged, Target, judge, receiver_gone, standing_approvals, way_of
from partwell.documents.texts import Phrase, phrase
from partwell.records.authorisations.models import Authorisation
from partwell.records.clients.models import Agreement, Client
from partwell.records.estate.models import Item
from partwell.records.releases.models import ApprovalRequest, Release, ReleaseLine
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.dates import WINDOW_DAYS, window_closes_at
from partwell.rules.handover import WAY_WORDS, ReleaseWay
from partwell.rules.refusals import REFUSALS, Refusal, refuse
from partwell.rules.terms import ItemKind, Party, Verdict


@dataclass
class Outcome:
    """What became of a set: its release (None when everything was refused) and the verdict on each item."""

    release: Release | None
    sent: list[Item] = field(default_factory=list)
    asked: list[Item] = field(default_factory=list)
    refused: list[tuple[Item, Refusal]] = field(default_factory=list)


def preview(
    client: Client,
    target: Target,
    items: Sequence[Item],
    *,
    now: datetime | None = None,
    way: ReleaseWay = ReleaseWay.PORTAL,
) -> list[Judged]:
    """The verdict on each item before the click. Appends nothing."""
    approvals = standing_approvals(client.id, target.person.recipient_id) if target.person else None
    return judge(client, target, items, now=now or timezone.now(), way=way, approvals=approvals)[0]


def release_items(
    *,
    actor: Actor,
    client_id: UUID,
    target: Target,
    item_ids: Sequence[UUID],
    idempotency: str,
    note: str = "",
    way: ReleaseWay = ReleaseWay.PORTAL,
) -> Outcome | Refusal:
    """Release, ask for, or refuse each item; returns the outcome, or one refusal if nothing at all could happen.

    ``idempotency``: one key per form shown; the same key again gives the first outcome.
    """
    if (refusal := roles.may(actor.role, "release.send")) is not None or not actor.is_staff:
        return refusal or refuse("not_found")
    if earlier := Release.objects.filter(idempotency=idempotency[:64]).first():
        return outcome_of(earlier) if earlier.client_id == client_id else refuse("idempotency_conflict")
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if earlier := Release.objects.filter(idempotency=idempotency[:64], client=client).first():
            return outcome_of(earlier)
        items = list(
            Item.objects.present()
            .filter(client=client, pk__in=item_ids)
            .select_related("document")
            .order_by("category", "title")
        )
        if not items or len(items) != len(set(item_ids)):
            return refuse("not_found")
        if (gone := receiver_gone(target)) is not None:
            return deed.refuse(gone, subject=client.id, verb="release.send")
        approvals = standing_approvals(client.id, target.person.recipient_id) if target.person else None
        judged, consent = judge(client, target, items, now=deed.now, way=way, approvals=approvals)
        return carry_out(deed, client, target, judged, consent, idempotency=idempotency, note=note, way=way)


def carry_out(
    deed: Deed,
    client: Client,
    target: Target,
    judged: Sequence[Judged],
    consent: Authorisation | None,
    *,
    idempotency: str,
    note: str,
    way: ReleaseWay,
) -> Outcome | Refusal:
    """Within a deed that has locked the client: release, ask for or refuse each item as it was judged."""
    sends = [one for one in judged if one.decision.verdict is Verdict.SEND]
    asks = [one for one in judged if one.decision.verdict is Verdict.ASK_CLIENT]
    refused = [
        (one.item, one.decision.refusal)
        for one in judged
        if one.decision.verdict is Verdict.REFUSE and one.decision.refusal
    ]
    version = consent.version if consent else 0
    for item, refusal in refused:
        deed.refuse(refusal, subject=item.id, version=version, verb="release.send")
    if not sends and not asks:
        return refused[0][1] if len(refused) == 1 else Outcome(None, refused=refused)
    release = deed.add(_new_release(deed, client, target, consent, idempotency, note))
    release_lines = {
        one.item.id: _line(release, one, way, sent=one in sends, now=deed.now) for one in [*sends, *asks]
    }
    deed.add_many(ReleaseLine, list(release_lines.values()))
    if sends:
        found = announce(deed, release, [release_lines[one.item.id] for one in sends], target)
        if isinstance(found, Refusal):
            raise AnnouncementRefused(found)
        record_sent(
            deed, release, [one.item for one in sends], [one.digest for one in sends], target, version
        )
    if asks:
        problem = _ask_client(deed, release, asks, target, version)
        if problem is not None:
            raise AnnouncementRefused(problem)
    return Outcome(release, [one.item for one in sends], [one.item for one in asks], refused)


class AnnouncementRefused(Exception):
    """The set could not be announced after the gate said yes; everything is rolled back. A bug or a race."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


def next_number(client: Client) -> int:
    """The number that this client's next set has."""
    return (Release.objects.filter(client=client).aggregate(last=Max("number"))["last"] or 0) + 1


def _new_release(
    deed: Deed, client: Client, target: Target, consent: Authorisation | None, idempotency: str, note: str
) -> Release:
    agreement = Agreement.objects.filter(client=client, replaced_at=None).first()
    days = agreement.objection_days if agreement else WINDOW_DAYS
    return Release(
        client=client,
        offboarding=open_offboarding(client.id),
        number=next_number(client),
        party=target.party,
        recipient=target.recipient,
        person=target.person,
        contact=target.contact,
        authorisation=consent if target.person else None,
        released_by_id=deed.actor.id if deed.actor.is_staff else None,
        note=note,
        released_at=deed.now,
        window_ends_at=window_closes_at(deed.now, zone(), days),
        idempotency=idempotency[:64],
    )


METHODS = {
    ReleaseWay.PORTAL: "download",
    ReleaseWay.IN_PERSON: "on_site",
    ReleaseWay.TRANSFER: "transfer",
    ReleaseWay.BUNDLE: "bundle",
    ReleaseWay.MAIL: "mail",
}


def _line(release: Release, one: Judged, way: ReleaseWay, *, sent: bool, now: datetime) -> ReleaseLine:
    item = one.item
    method = (
        "reveal"
        if item.kind == ItemKind.CREDENTIAL and way is ReleaseWay.PORTAL
        else METHODS[way_of(item, way)]
    )
    handed = {**item.handover}
    for name in ("serial", "serial_number", "username", "url"):
        if item.details.get(name):
            handed.setdefault(name, item.details[name])
    tried = ""
    if item.kind == ItemKind.CREDENTIAL:
        tried = "untested" if item.handover.get("untested") else "tried"
    return ReleaseLine(
        release=release,
        item=item,
        item_version=item.version,
        title=item.title,
        category=item.category,
        kind=item.kind,
        method=method,
        document=item.document,
        digest=one.digest,
        handover=handed,
        tried=tried,
        state="sent" if sent else "asked",
        sent_at=now if sent else None,
    )


def _why_asked(why: Refusal) -> Phrase:
    return phrase(REFUSALS[why.code].sentence, **why.data)


def announcement_rows(lines: Sequence[ReleaseLine]) -> list[dict[str, Any]]:
    """What a set's mail lists: each line's title and the way it leaves."""
    return [
        {
            "title": line.title,
            "note": WAY_WORDS.get(line.method, line.method)
            + (", untested" if line.tried == "untested" else ""),
        }
        for line in lines
    ]


def announcement_key(release_id: UUID, lines: Iterable[ReleaseLine]) -> str:
    """The business key of the announcement of exactly these lines: it says which lines an envelope speaks of."""
    keys = hashlib.sha256("".join(sorted(line.id.hex for line in lines)).encode()).hexdigest()[:24]
    return f"release:{release_id.hex}:{keys}"


def announce(
    deed: Deed, release: Release, lines: Sequence[ReleaseLine], target: Target, *, again: str = ""
) -> Refusal | None:
    """Queue the set's one announcement (R2); None when queued or when the client has no address but the release is to them.

    ``again``: makes the key of an announcement that replaces a stopped one of the same lines its own.
    """
    to_provider = target.party is Party.PROVIDER
    found = post(
        deed,
        Post(
            kind="release_announcement",
            dedupe=announcement_key(release.id, lines) + again,
            persons=[target.person] if target.person else [],
            contact=target.contact,
            authorisation=release.authorisation,
            release=release,
            values={
                "number": str(release.number),
                "recipient_firm": target.name,
                "items": announcement_rows(lines),
                "portal_url": link("/provider/" if to_provider else "/client/"),
                "released_at": deed.now,
                "consent": phrase("authorisation {number}", number=release.authorisation.version)
                if release.authorisation
                else None,
                "window_until": (release.window_ends_at - timedelta(seconds=1))
                .astimezone(ZoneInfo(zone()))
                .date(),
            },
        ),
    )
    if isinstance(found, Refusal) and not to_provider:
        return (
            None  # R11: nothing of the client's is kept back for want of a mail address; the portal shows it.
        )
    return found if isinstance(found, Refusal) else None


def record_sent(
    deed: Deed, release: Release, items: Sequence[Item], digests: Sequence[str], target: Target, version: int
) -> None:
    """The entry of what left."""
    deed.record(
        "release.sent",
        recipient=release.recipient_id,
        subjects=[release.id, *(item.id for item in items)],
        public={"recipient": target.name, "items": [item.title for item in items]},
        to_client={
            "item_ids": [item.id.hex for item in items],
            "digests": list(digests),
            "authorisation_version": version,
            "person": target.person.name if target.person else target.name,
            "untested": [item.title for item in items if item.handover.get("untested")],
        },
    )


def _ask_client(
    deed: Deed, release: Release, asks: Sequence[Judged], target: Target, version: int
) -> Refusal | None:
    digest = hashlib.sha256("".join(one.digest for one in asks).encode()).hexdigest()
    deed.add(
        ApprovalRequest(release=release, digest=digest, authorisation_version=version, asked_at=deed.now)
    )
    found = post(
        deed,
        Post(
            kind="ask_client",
            dedupe=f"ask:{release.id.hex}",
            contact=target.contact,
            release=release,
            values={
                "recipient_firm": target.name,
                "asked_by": deed.actor.name,
                "portal_url": link("/client/"),
                "items": [
                    {
                        "title": one.item.title,
                        "note": _why_asked(one.decision.reasons[0]) if one.decision.reasons else "",
                    }
                    for one in asks
                ],
            },
        ),
    )
    if isinstance(found, Refusal):
        return found
    deed.record(
        "release.asked",
        subjects=[release.id, *(one.item.id for one in asks)],
        public={"recipient": target.name, "items": [one.item.title for one in asks]},
        to_client={
            "item_ids": [one.item.id.hex for one in asks],
            "digests": [one.digest for one in asks],
            "reasons": [one.decision.reasons[0].sentence for one in asks],
            "authorisation_version": version,
        },
    )
    return None


def outcome_of(release: Release) -> Outcome:
    """The outcome of a release made earlier (a second click, a second tab)."""
    lines = list(release.lines.select_related("item"))
    return Outcome(
        release,
        [line.item for line in lines if line.state == "sent"],
        [line.item for line in lines if line.state == "asked"],
    )
