# SPDX-License-Identifier: AGPL-3.0-or-later
"""The MSP's people: invited, changed, gone. Who leaves loses everything at once (issue: "What must hold")."""

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import IntegrityError, connection
from django.utils import timezone

from partwell.actions.base import Conflict, Deed
from partwell.actions.correspondence.post import link
from partwell.actions.facts import any_recipients
from partwell.actions.people import account_mail
from partwell.actions.people.enter import digest, end_sessions_of
from partwell.actions.people.set_up import new_user
from partwell.documents.mails import compose
from partwell.records.clients.models import Client
from partwell.records.offboardings.models import Offboarding, PlanStep
from partwell.records.people.models import ApiToken, Msp, StaffInvitation, StaffMember, User
from partwell.records.people.queries import the_msp
from partwell.rules import roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import StaffRole

INVITATION_LIFE = timedelta(days=3)


@dataclass(frozen=True)
class Assigned:
    """One thing a staff member is named for, to be handed to somebody else."""

    what: str
    name: str
    client_id: UUID
    id: UUID


def _owner_only(actor: Actor, verb: str) -> Refusal | None:
    return roles.may(actor.role, verb) if actor.is_staff else refuse("not_found")


def _auditor_end(msp: Msp, role: StaffRole, until: date | None) -> Refusal | date | None:
    """The last day an auditor reads; None for other roles, a refusal when it is missing or over."""
    if role != StaffRole.AUDITOR:
        return None
    today = timezone.now().astimezone(ZoneInfo(msp.time_zone)).date()
    return until if until is not None and until >= today else refuse("auditor_needs_end")


def invite_staff(
    *, actor: Actor, name: str, email: str, role: StaffRole, auditor_until: date | None = None
) -> StaffInvitation | Refusal:
    """Invite somebody by account mail; the link works once, for three days. An earlier open one ends."""
    if (refusal := _owner_only(actor, "staff.invite")) is not None:
        return refusal
    msp = the_msp()
    if msp is None:
        return refuse("setup_needed")
    until = _auditor_end(msp, role, auditor_until)
    if isinstance(until, Refusal):
        return until
    address = email.strip().lower()
    token = secrets.token_urlsafe(32)
    with Deed(actor) as deed:
        if User.objects.filter(email__iexact=address).exists():
            return deed.refuse(
                refuse("address_taken", address=address), subject=actor.id, verb="staff.invite"
            )
        if any_recipients(address):
            # It would be mailed and let in past consent and past its client (R1, R2).
            return deed.refuse(
                refuse("address_of_recipient", address=address), subject=actor.id, verb="staff.invite"
            )
        for older in StaffInvitation.objects.filter(email=address, accepted_at=None, revoked_at=None):
            deed.save(older, revoked_at=deed.now)
        row = deed.add(
            StaffInvitation(
                email=address,
                name=name.strip()[:120],
                role=role,
                auditor_until=until,
                token_hash=digest(token),
                invited_by=actor.id,
                expires_at=deed.now + INVITATION_LIFE,
            )
        )
        deed.record(
            "staff.invited",
            subjects=[row.id],
            public={"person": row.name, "role": roles.ROLE_LABELS[role]},
            internal={"address": address, "until": row.expires_at.isoformat()},
        )
    mail = compose(
        "staff_invitation",
        {
            "msp_name": msp.name,
            "to_name": row.name,
            "client": msp.name,
            "zone": msp.time_zone,
            "colour": msp.colour,
            "invited_by": actor.name,
            "role": roles.ROLE_LABELS[role],
            "portal_url": link(f"/invited/{token}/"),
            "until": row.expires_at,
        },
    )
    account_mail.queue(address, mail.subject, mail.text, mail.html, life=INVITATION_LIFE)
    return row


def end_invitation(*, actor: Actor, invitation_id: UUID) -> StaffInvitation | Refusal:
    """Take back an invitation that nobody accepted yet."""
    if (refusal := _owner_only(actor, "staff.invite")) is not None:
        return refusal
    with Deed(actor) as deed:
        row = StaffInvitation.objects.filter(pk=invitation_id, accepted_at=None).first()
        if row is None:
            return refuse("not_found")
        if row.revoked_at is None:
            deed.save(row, revoked_at=deed.now)
            deed.record("staff.invitation_ended", subjects=[row.id], public={"person": row.name})
        return row


def find_invitation(token: str) -> StaffInvitation | None:
    """The usable invitation of a token; consumes nothing (mail scanners follow links)."""
    now = timezone.now()
    return StaffInvitation.objects.filter(
        token_hash=digest(token), accepted_at=None, revoked_at=None, expires_at__gt=now
    ).first()


def accept_invitation(*, token: str, name: str, password: str) -> StaffMember | Refusal:
    """The invited person sets name and password; the link is used up. The second factor comes next."""
    try:
        with Deed(SYSTEM) as deed:
            row = find_invitation(token)
            if row is None:
                return refuse("invitation_used")
            deed.save(row, accepted_at=deed.now)
            user = new_user(row.email, password)
            staff = deed.add(
                StaffMember(
                    user=user,
                    name=name.strip()[:120] or row.name,
                    role=row.role,
                    auditor_until=row.auditor_until,
                    joined_at=deed.now,
                )
            )
            deed.record(
                "staff.joined",
                subjects=[staff.id, row.id],
                public={"actor": staff.name, "person": staff.name, "role": roles.ROLE_LABELS[staff.role]},
            )
            return staff
    except (Conflict, IntegrityError):  # the same link twice at once
        return refuse("invitation_used")


def _locked(staff_id: UUID) -> StaffMember | None:
    """The staff member, with all owners locked, so that two owners cannot make each other the last at once."""
    owners = StaffMember.objects.filter(role=StaffRole.OWNER).order_by("pk")
    if connection.vendor == "postgresql":
        owners = owners.select_for_update()
    list(owners)
    return StaffMember.objects.select_related("user").filter(pk=staff_id).first()


def _is_last_owner(row: StaffMember) -> bool:
    others = StaffMember.objects.filter(role=StaffRole.OWNER, left_at=None, user__is_active=True).exclude(
        pk=row.pk
    )
    return row.role == StaffRole.OWNER and not others.exists()


def change_staff(
    *, actor: Actor, staff_id: UUID, role: StaffRole, auditor_until: date | None = None
) -> StaffMember | Refusal:
    """Another role, or another last day of an auditor. The last owner stays one."""
    if (refusal := _owner_only(actor, "staff.change")) is not None:
        return refusal
    msp = the_msp()
    if msp is None:
        return refuse("setup_needed")
    until = _auditor_end(msp, role, auditor_until)
    if isinstance(until, Refusal):
        return until
    with Deed(actor) as deed:
        row = _locked(staff_id)
        if row is None:
            return refuse("not_found")
        if row.left_at:
            return deed.refuse(refuse("person_left", person=row.name), subject=row.id, verb="staff.change")
        if role != StaffRole.OWNER and _is_last_owner(row):
            return deed.refuse(refuse("last_owner", person=row.name), subject=row.id, verb="staff.change")
        if (row.role, row.auditor_until) == (role, until):
            return row
        before = {"role": row.role, "until": row.auditor_until.isoformat() if row.auditor_until else ""}
        deed.save(row, role=role, auditor_until=until)
        deed.record(
            "staff.changed",
            subjects=[row.id],
            public={"person": row.name, "role": roles.ROLE_LABELS[role]},
            internal={"before": before},
        )
        return row


def staff_leaves(*, actor: Actor, staff_id: UUID) -> tuple[StaffMember, list[Assigned]] | Refusal:
    """Somebody leaves: sessions, tokens, password, passkeys and codes end in this one transaction.

    Gives what they are still named for, to be handed to somebody else. The last owner cannot leave.
    """
    if (refusal := _owner_only(actor, "staff.leave")) is not None:
        return refusal
    with Deed(actor) as deed:
        row = _locked(staff_id)
        if row is None:
            return refuse("not_found")
        if row.left_at:
            return deed.refuse(refuse("person_left", person=row.name), subject=row.id, verb="staff.leave")
        if _is_last_owner(row):
            return deed.refuse(refuse("last_owner", person=row.name), subject=row.id, verb="staff.leave")
        sessions = _end_staff_sessions(row.user)
        keys, _ = Authenticator.objects.filter(user=row.user).delete()
        row.user.is_active = False
        row.user.set_unusable_password()
        row.user.save()
        EmailAddress.objects.filter(user=row.user).update(verified=False)
        tokens = list(ApiToken.objects.filter(staff=row, revoked_at=None))
        for token in tokens:
            deed.save(token, revoked_at=deed.now)
        for invitation in StaffInvitation.objects.filter(
            invited_by=row.id, accepted_at=None, revoked_at=None
        ):
            deed.save(invitation, revoked_at=deed.now)
        end_sessions_of(row.id)  # demo links
        deed.save(row, left_at=deed.now)
        rest = assigned_to(row.id)
        deed.record(
            "staff.left",
            subjects=[row.id, *(token.id for token in tokens)],
            public={"person": row.name},
            internal={
                "sessions_ended": sessions,
                "keys_revoked": keys + len(tokens),
                "reassigned": [one.id.hex for one in rest],
            },
        )
    return row, rest


def _end_staff_sessions(user: User) -> int:
    """Delete every session of this account. Sessions name their user only inside, so all living ones are opened."""
    ended = 0
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator(chunk_size=500):
        if str(session.get_decoded().get("_auth_user_id", "")) == str(user.pk):
            session.delete()
            ended += 1
    return ended


def assigned_to(staff_id: UUID) -> list[Assigned]:
    """What a staff member is named for and somebody must take over: clients, open offboardings, open steps."""
    out = [
        Assigned("client", row.name, row.id, row.id)
        for row in Client.objects.filter(account_manager_id=staff_id).exclude(state="inactive")
    ]
    for one in Offboarding.objects.select_related("client").filter(owner_id=staff_id, state="open"):
        out.append(Assigned("offboarding", one.client.name, one.client_id, one.id))
    steps = PlanStep.objects.select_related("offboarding").filter(
        owner_id=staff_id, offboarding__state="open", done_at=None, removed_at=None
    )
    out += [Assigned("step", one.title, one.offboarding.client_id, one.id) for one in steps]
    return out
