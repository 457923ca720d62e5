# SPDX-License-Identifier: AGPL-3.0-or-later
"""API tokens: made by an owner, shown once, stored as a hash; they act as one staff member, narrowed by scopes."""

import secrets
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.actions.people.enter import digest
from partwell.records.guard import permit
from partwell.records.people.models import ApiToken, StaffMember
from partwell.records.people.queries import the_msp
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.scopes import SCOPES
from partwell.rules.terms import StaffRole

LONGEST = 365
PREFIX = "pwt_"


def make_token(
    *, actor: Actor, staff_id: UUID, name: str, scopes: Collection[str], days: int
) -> tuple[ApiToken, str] | Refusal:
    """A new token that acts as ``staff_id``; gives the row and the token itself, which is shown this once."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "token.make")) is not None:
        return refusal
    if unknown := sorted(set(scopes) - SCOPES.keys()):
        return refuse("invalid_input", where="Scopes", problem=f"there is no scope {unknown[0]}")
    if not scopes or not 1 <= days <= LONGEST or not name.strip():
        return refuse(
            "invalid_input", where="Token", problem=f"it needs a name, a scope and 1 to {LONGEST} days"
        )
    raw = PREFIX + secrets.token_urlsafe(32)
    with Deed(actor) as deed:
        staff = StaffMember.objects.filter(pk=staff_id, left_at=None).first()
        if staff is None:
            return refuse("not_found")
        row = deed.add(
            ApiToken(
                staff=staff,
                name=name.strip()[:80],
                token_hash=digest(raw),
                scopes=sorted(scopes),
                created_at=deed.now,
                expires_at=deed.now + timedelta(days=days),
            )
        )
        deed.record(
            "api_access.granted",
            subjects=[row.id, staff.id],
            public={"name": row.name, "scopes": row.scopes},
            internal={"until": day_in(row.expires_at, zone()).isoformat()},
        )
    return row, raw


def revoke_token(*, actor: Actor, token_id: UUID) -> ApiToken | Refusal:
    """End a token at once; revoking twice is harmless."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "token.revoke")) is not None:
        return refusal
    with Deed(actor) as deed:
        row = ApiToken.objects.filter(pk=token_id).first()
        if row is None:
            return refuse("not_found")
        if row.revoked_at is None:
            deed.save(row, revoked_at=deed.now)
            deed.record("api_access.revoked", subjects=[row.id, row.staff_id], public={"name": row.name})
    return row


def token_of(raw: str) -> ApiToken | None:
    """The living token behind ``raw``: not revoked, not expired, its person still here; else None. Notes its use."""
    if not raw.startswith(PREFIX) or len(raw) > 200:
        return None
    now = timezone.now()
    row = (
        ApiToken.objects.select_related("staff__user")
        .filter(token_hash=digest(raw), revoked_at=None, expires_at__gt=now)
        .first()
    )
    if row is None or row.staff.left_at or not row.staff.user.is_active:
        return None
    if row.staff.role == StaffRole.AUDITOR and auditor_over(row.staff):
        return None
    if row.used_at is None or now - row.used_at > timedelta(minutes=1):
        with permit("deed"):  # a time of use is no evidence
            ApiToken.objects.filter(pk=row.pk).update(used_at=now)
    return row


def actor_for_token(raw: str, address: str = "") -> Actor | None:
    """Who calls the API with this token, or None. ``scopes`` narrow what the staff member's role allows."""
    row = token_of(raw)
    return None if row is None else token_actor(row, address)


def token_actor(row: ApiToken, address: str = "") -> Actor:
    """The actor of a living token (:func:`token_of`)."""
    return Actor(
        kind="staff",
        id=row.staff_id,
        name=row.staff.name,
        role=row.staff.role,
        door="api",
        strength="token",
        address=address[:64],
        scopes=tuple(row.scopes),
    )


def auditor_over(staff: StaffMember) -> bool:
    """Whether an auditor's time is over today, in the MSP's zone; without an end on record it is (fail closed)."""
    msp = the_msp()
    today = timezone.now().astimezone(ZoneInfo(msp.time_zone if msp else "UTC")).date()
    return roles.auditor_stands(staff.auditor_until, today) is not None
