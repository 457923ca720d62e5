# SPDX-License-Identifier: AGPL-3.0-or-later
"""Digests: what happened and what comes, daily or weekly as a person chose, of what that person may see.

To a contact as an envelope of its client, to staff by the channel apart from evidence. Authorisations, releases and
notices of deletion never wait for a digest and are not stopped by one: they are mails of their own.
"""

import base64
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max, Q
from django.utils import timezone
from django.utils.crypto import salted_hmac

from partwell.actions.base import Deed
from partwell.actions.correspondence.dates_ahead import Dated, ahead
from partwell.actions.correspondence.post import Post, common, link, post
from partwell.actions.correspondence.tell_of_message import ONLY_DIGEST
from partwell.actions.facts import loop_contacts, zone
from partwell.actions.people import account_mail
from partwell.actions.people.enter import digest as hashed
from partwell.actions.people.standing import actor_now
from partwell.documents.mails import compose
from partwell.records.correspondence.models import DigestChoice, Envelope
from partwell.records.evidence.queries import Entry, lines_of, visible_to
from partwell.records.jobs.queries import Job
from partwell.records.people.queries import the_msp
from partwell.rules import dates, roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.digest import NOT_NEWS, SPAN, Rhythm, due
from partwell.rules.refusals import Refusal, refuse, show

VERB = "digest.choose"
KIND = "digest"
SHOWN = 40


def _own(actor: Actor) -> Q:
    return Q(staff_id=actor.id) if actor.is_staff else Q(contact_id=actor.id)


def choice_of(actor: Actor) -> DigestChoice | None:
    """What the person chose, or None so far."""
    return DigestChoice.objects.filter(_own(actor)).first()


def choose_digest(
    *, actor: Actor, rhythm: str, zone_name: str = "", messages: str | None = None
) -> DigestChoice | Refusal:
    """Choose off, daily or weekly, and the zone whose seven o'clock it is ("" for the house's).

    ``messages``, of staff: "" for a mail about each message, "digest" for none; None leaves it. Without a digest it is
    each message, so that nobody hears of nothing unawares.
    """
    if actor.kind not in ("staff", "client"):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, VERB)) is not None:
        return refusal
    if rhythm not in list(Rhythm):
        return refuse("invalid_input", where="How often", problem="choose off, daily or weekly")
    if zone_name and (unknown := dates.zone_known(zone_name)) is not None:
        return unknown
    if messages not in (None, "", ONLY_DIGEST) or (messages and not actor.is_staff):
        return refuse("invalid_input", where="Messages", problem="choose each message or only the digest")
    if messages == ONLY_DIGEST and rhythm == Rhythm.OFF:
        return refuse("invalid_input", where="Messages", problem="choose a daily or weekly digest, or a mail about each message")  # fmt: skip
    with Deed(actor) as deed:
        if actor.client_id is not None:
            deed.lock(actor.client_id)
        row = choice_of(actor)
        told = (
            "" if rhythm == Rhythm.OFF else messages if messages is not None else row.messages if row else ""
        )
        if row is not None and (row.rhythm, row.zone, row.messages) == (rhythm, zone_name, told):
            return row
        newest = Entry.objects.aggregate(last=Max("index"))["last"]
        if row is None:
            row = DigestChoice(
                staff_id=actor.id if actor.is_staff else None, contact_id=None if actor.is_staff else actor.id, rhythm=rhythm, zone=zone_name,
                chosen_at=deed.now, last_entry=newest, messages=told,
            )  # fmt: skip
            row.unsubscribe_hash = hashed(_secret(row.id))
            deed.add(row)
        else:
            fresh: dict[str, Any] = {"last_entry": newest, "last_sent_on": None} if row.rhythm == Rhythm.OFF else {}  # fmt: skip
            deed.save(row, rhythm=rhythm, zone=zone_name, messages=told, chosen_at=deed.now, **fresh)
        deed.record("digest.chosen", client=actor.client_id, subjects=[row.id], public={"rhythm": rhythm})
    return row


def _secret(choice_id: UUID) -> str:
    """The word of a choice's unsubscribe address: it can only ever turn this digest off, and need not be stored."""
    raw = salted_hmac("partwell.digest", choice_id.hex, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsubscribe_url(choice_id: UUID) -> str:
    """The address that turns a digest off."""
    return link(f"/digest/{_secret(choice_id)}/")


def by_word(word: str) -> DigestChoice | None:
    """The choice behind an unsubscribe address, or None."""
    return DigestChoice.objects.filter(unsubscribe_hash=hashed(word)).first() if len(word) < 100 else None


def unsubscribe(word: str) -> DigestChoice | None:
    """Turn the digest off that this word belongs to; twice is harmless. None for an unknown word."""
    row = by_word(word)
    if row is None or row.rhythm == Rhythm.OFF:
        return row
    actor = actor_now(row.staff_id, row.contact_id)
    if actor is not None:
        found = choose_digest(actor=actor, rhythm=Rhythm.OFF, zone_name=row.zone)
        return row if isinstance(found, Refusal) else found
    return row  # whoever left gets none anyway


def headers_of(envelope: Envelope) -> tuple[tuple[str, str], ...]:
    """The headers by which a mail program unsubscribes with one click (RFC 2369, RFC 8058), of an envelope that
    was queued before it froze them; none for other mails."""
    if envelope.kind != KIND:
        return ()
    row = DigestChoice.objects.filter(contact_id=envelope.client_contact_id).first()
    return () if row is None else _headers(row.id)


def _headers(choice_id: UUID) -> tuple[tuple[str, str], ...]:
    return (
        ("List-Unsubscribe", f"<{unsubscribe_url(choice_id)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    )


def send_digests(*, now: datetime | None = None) -> int:
    """Send every digest that is due at ``now`` (aware); gives how many left. An empty one is passed over silently.

    Once for each day or week, however often this runs and by how many workers; after a pause one covers all.
    """
    moment = now or timezone.now()
    house, count = zone(), 0
    for row in DigestChoice.objects.exclude(rhythm=Rhythm.OFF).order_by("id"):
        name = row.zone or house
        day = due(Rhythm(row.rhythm), moment, name, row.chosen_at, row.last_sent_on)
        if day is None:
            continue
        actor = actor_now(row.staff_id, row.contact_id)
        if actor is not None:
            count += _send(actor, row, day.isoformat(), name, moment)
    return count


def _news(actor: Actor, row: DigestChoice) -> tuple[list[str], int, int]:
    """Sentences of what happened since the last digest (the newest ``SHOWN``), how many there are, and the last entry."""
    found = visible_to(actor).filter(index__gt=-1 if row.last_entry is None else row.last_entry)
    last = found.aggregate(last=Max("index"))["last"]
    for prefix in NOT_NEWS:
        found = found.exclude(type__startswith=prefix)
    found = found.exclude(actor_ref=actor.id)  # what I did myself is no news to me
    total = found.count()
    rows = list(found.order_by("-index")[:SHOWN])[::-1]
    lines = lines_of(rows, ("public",), names=actor.is_staff)
    words = [f"{one.client}: {one.sentence}" if one.client else one.sentence for one in lines]
    return words, total, last if last is not None else (-1 if row.last_entry is None else row.last_entry)


def _values(row: DigestChoice, news: list[str], total: int, coming: list[Dated], name: str, actor: Actor) -> dict[str, Any]:  # fmt: skip
    return {
        "rhythm": row.rhythm,
        "news": news,
        "more": total - len(news) if total > len(news) else None,
        "coming": [{"title": f"{one.client}: {one.what}" if one.client else one.what, "note": show(one.day(name))} for one in coming],
        "unsubscribe": unsubscribe_url(row.id),
        "portal_url": link("/" if actor.is_staff else "/client/"),
    }  # fmt: skip


def _send(actor: Actor, row: DigestChoice, day: str, name: str, now: datetime) -> int:
    """One digest in one deed: the day is taken, then the mail is queued; a second worker finds the day taken."""
    coming = ahead(actor, now, name, SPAN[Rhythm(row.rhythm)])
    news, total, last = _news(actor, row)
    with Deed(SYSTEM, now=now) as deed:
        if actor.client_id is not None:
            deed.lock(actor.client_id)
            reachable = {one.id: one for one in loop_contacts(actor.client_id)}
            contact = reachable.get(actor.id)
            if contact is None:
                return 0  # the address bounces; it waits until it works
        mine = DigestChoice.objects.filter(pk=row.id, rhythm=row.rhythm).filter(
            Q(last_sent_on=None) | Q(last_sent_on__lt=day)
        )
        if mine.update(last_sent_on=day, last_entry=last) != 1 or not (news or coming):
            return 0
        values = _values(row, news, total, coming, name, actor)
        if actor.is_staff:
            deed.job("mail.digest", f"digest:{row.id.hex}:{day}", choice=row.id.hex, values=values)
            return 1
        found = post(
            deed,
            Post(
                KIND,
                f"digest:{row.id.hex}:{day}",
                {
                    **values,
                    "coming": [
                        {**row, "note": one.day(name)}
                        for row, one in zip(values["coming"], coming, strict=True)
                    ],
                    "zone": name,
                },
                contact=contact,
                extra=_headers(row.id),
            ),
        )
        if isinstance(found, Refusal):
            return 0
        deed.record("digest.sent", client=actor.client_id, subjects=[row.id], public={"contact": actor.name})
    return 1


def run(job: Job) -> dict[str, Any]:
    """The job of a staff member's digest: hand it to the post office, unless they left or turned it off meanwhile."""
    row = DigestChoice.objects.filter(pk=UUID(hex=str(job.payload["choice"]))).first()
    msp = the_msp()
    actor = actor_now(row.staff_id, None) if row is not None and row.staff_id else None
    if row is None or msp is None or actor is None or row.staff is None or row.rhythm == Rhythm.OFF:
        return {"sent": False}
    mail = compose(KIND, {**common(msp, msp.legal_name or msp.name, actor.name), **job.payload["values"]})
    account_mail.queue(
        row.staff.user.email,
        mail.subject,
        mail.text,
        mail.html,
        life=SPAN[Rhythm(row.rhythm)],
        headers=_headers(row.id),
    )
    return {"sent": True}
