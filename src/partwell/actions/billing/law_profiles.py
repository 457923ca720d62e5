# SPDX-License-Identifier: AGPL-3.0-or-later
"""R12: which law profiles bind work for a client, found by a person for a reason; and what they say of each line."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.billing.issue import profiles_of
from partwell.records.billing.models import ClientProfile
from partwell.records.clients.models import Client
from partwell.rules import law, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.law_profiles import PROFILES
from partwell.rules.refusals import Refusal, refuse


def set_profile(*, actor: Actor, client_id: UUID, code: str, reason: str) -> ClientProfile | Refusal:
    """Record that a law profile binds work for a client. Its version of today is kept with the row.

    Refuses a profile that is set already, one that Partwell does not know, and an empty reason.
    """
    if not actor.is_staff or code not in PROFILES or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "profile.set")) is not None:
        return refusal
    profile = PROFILES[code]
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = lifecycle.may_work_on(client.state, client.name, "profile.set")
        if problem is None and not reason.strip():
            problem = refuse("profile_without_reason")
        if (
            problem is None
            and ClientProfile.objects.filter(client=client, code=code, removed_at=None).exists()
        ):
            problem = refuse("duplicate", what="This law profile")
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="profile.set")
        row = deed.add(
            ClientProfile(
                client=client,
                code=code,
                version=profile.version,
                reason=reason.strip(),
                set_by_id=actor.id,
                set_at=deed.now,
            )
        )
        deed.record(
            "profile.set",
            subjects=[row.id],
            public={"profile": profile.title},
            to_client={
                "version": profile.version,
                "source": profile.source,
                "last_checked": profile.last_checked.isoformat(),
                "words": row.reason,
            },
        )
        return row


def remove_profile(*, actor: Actor, profile_id: UUID, reason: str) -> ClientProfile | Refusal:
    """Record that a profile no longer binds work for its client; lines judged by it keep their verdict."""
    row = ClientProfile.objects.filter(pk=profile_id).first()
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "profile.set")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        problem = lifecycle.may_work_on(client.state, client.name, "profile.set")
        if problem is None and row.removed_at is not None:
            problem = refuse("duplicate", what="Removing this law profile")
        if problem is None and not reason.strip():
            problem = refuse("profile_without_reason")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="profile.set")
        deed.save(row, removed_at=deed.now, removed_reason=reason.strip())
        title = PROFILES[row.code].title if row.code in PROFILES else row.code
        deed.record(
            "profile.removed",
            subjects=[row.id],
            public={"profile": title},
            to_client={"version": row.version, "words": row.removed_reason},
        )
        return row


@dataclass(frozen=True, slots=True)
class ClassLaw:
    """What the client's profiles say of one kind of line on a day."""

    line_class: law.LineClass
    label: str
    verdict: law.LineVerdict


CLASS_LABELS = {
    law.LineClass.SWITCHING: "Moving the client's data and assets to where it goes",
    law.LineClass.FURTHER_SERVICE: "A further service that the client asked for",
    law.LineClass.CUSTOM_BUILT: "A service built for this client alone, or a test version",
    law.LineClass.PASS_THROUGH: "A charge of a third party, passed on",
    law.LineClass.OUTSIDE: "No data processing service: hardware, work on site, telephony",
}


def law_of(client_id: UUID, day: date) -> list[ClassLaw]:
    """For the page, before the click: each kind of line with what may be charged for it on ``day``. One query."""
    profiles = profiles_of(client_id)
    return [ClassLaw(one, CLASS_LABELS[one], law.judge_line(profiles, one, day)) for one in law.LineClass]
