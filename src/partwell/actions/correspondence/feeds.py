# SPDX-License-Identifier: AGPL-3.0-or-later
"""A secret address under which a calendar program reads one person's dates: shown once, kept as a hash, revocable."""

import secrets
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from partwell.actions.base import Deed
from partwell.actions.correspondence.dates_ahead import dates_for
from partwell.actions.correspondence.post import link
from partwell.actions.facts import zone
from partwell.actions.people.enter import digest
from partwell.actions.people.standing import actor_now
from partwell.documents import calendar_text
from partwell.records.correspondence.models import CalendarFeed
from partwell.records.people.queries import the_msp
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

VERB = "feed.make"
MOST = 5


def _own(actor: Actor) -> Q:
    return Q(staff_id=actor.id) if actor.is_staff else Q(contact_id=actor.id)


def feeds_of(actor: Actor) -> list[CalendarFeed]:
    """The person's living feeds, the newest first."""
    if actor.kind not in ("staff", "client"):
        return []
    return list(CalendarFeed.objects.filter(_own(actor), revoked_at=None).order_by("-made_at", "id"))


def make_feed(*, actor: Actor) -> tuple[CalendarFeed, str] | Refusal:
    """A new address; gives the row and the secret part of the address, which is shown this once. Five at most."""
    if actor.kind not in ("staff", "client"):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, VERB)) is not None:
        return refusal
    raw = secrets.token_urlsafe(32)
    with Deed(actor) as deed:
        if actor.client_id is not None:
            deed.lock(actor.client_id)
        if CalendarFeed.objects.filter(_own(actor), revoked_at=None).count() >= MOST:
            return refuse(
                "invalid_input", where="Calendars", problem=f"you have {MOST}; end one of them first"
            )
        row = deed.add(
            CalendarFeed(
                staff_id=actor.id if actor.is_staff else None,
                contact_id=None if actor.is_staff else actor.id,
                token_hash=digest(raw),
                made_at=deed.now,
            )
        )
        deed.record("calendar_feed.made", client=actor.client_id, subjects=[row.id])
    return row, raw


def end_feed(*, actor: Actor, feed_id: UUID) -> CalendarFeed | Refusal:
    """End an address at once; ending twice is harmless. Only one's own."""
    if actor.kind not in ("staff", "client"):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, VERB)) is not None:
        return refusal
    with Deed(actor) as deed:
        if actor.client_id is not None:
            deed.lock(actor.client_id)
        row = CalendarFeed.objects.filter(_own(actor), pk=feed_id).first()
        if row is None:
            return refuse("not_found")
        if row.revoked_at is None:
            deed.save(row, revoked_at=deed.now)
            deed.record("calendar_feed.ended", client=actor.client_id, subjects=[row.id])
    return row


def feed_text(raw: str, now: datetime) -> bytes | None:
    """The calendar behind a secret address (iCalendar, RFC 5545), or None: unknown, ended, or its person left."""
    if not 20 <= len(raw) <= 100:
        return None
    row = CalendarFeed.objects.filter(token_hash=digest(raw), revoked_at=None).first()
    if row is None:
        return None
    actor = actor_now(row.staff_id, row.contact_id)
    if actor is None or roles.may(actor.role, VERB) is not None:
        return None
    msp = the_msp()
    domain = msp.email.rpartition("@")[2] if msp else "partwell.invalid"
    happenings = [
        calendar_text.Happening(
            uid=f"{one.key}.{row.id.hex[:8]}@{domain}",
            stamp=row.made_at,
            starts=one.starts,
            ends=one.ends,
            summary=f"{one.client}: {one.what}" if one.client else one.what,
            location=one.note,
            url=link(one.path),
            sequence=one.sequence,
            cancelled=one.cancelled,
        )
        for one in dates_for(actor, now, zone())
    ]
    return calendar_text.feed(msp.name if msp else "Partwell", happenings)
