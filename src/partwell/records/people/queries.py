# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about the MSP and its people."""

from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from partwell.records import statements
from partwell.records.people.models import (
    AccountMail,
    ApiToken,
    Msp,
    SecurityEvent,
    StaffInvitation,
    StaffMember,
)


def the_msp() -> Msp | None:
    """The installation's MSP, or None before set-up."""
    return Msp.objects.select_related("logo").first()


_ADDRESS = statements.Prepared(lambda: Msp.objects.order_by().values_list("email"))


def msp_address() -> str:
    """The MSP's own mail address as it is now; "" before set-up. Asked for with every mail that leaves."""
    return next((str(one) for (one,) in _ADDRESS.rows()), "")


def staff_of(user_id: UUID | str) -> StaffMember | None:
    """The staff member behind a sign-in account."""
    return StaffMember.objects.select_related("user").filter(user_id=user_id).first()


def staff_here() -> "list[StaffMember]":
    """Everybody who has not left, by name."""
    return list(StaffMember.objects.select_related("user").filter(left_at=None).order_by("name"))


def staff_member(staff_id: UUID) -> StaffMember | None:
    """One staff member, left or not."""
    return StaffMember.objects.select_related("user").filter(pk=staff_id).first()


def account_mail_due(now: datetime, limit: int) -> "list[AccountMail]":
    """Sign-in mails that may be sent at ``now`` (aware), oldest first."""
    return list(
        AccountMail.objects.filter(state="queued", next_attempt_at__lte=now).order_by("next_attempt_at")[
            :limit
        ]
    )


def staff_gone() -> "list[StaffMember]":
    """Everybody who left, newest first."""
    return list(StaffMember.objects.select_related("user").exclude(left_at=None).order_by("-left_at"))


def invitations_open(now: datetime) -> "list[StaffInvitation]":
    """Invitations that may still be accepted at ``now`` (aware)."""
    return list(
        StaffInvitation.objects.filter(accepted_at=None, revoked_at=None, expires_at__gt=now).order_by(
            "expires_at"
        )
    )


def api_tokens() -> "QuerySet[ApiToken]":
    """All tokens, newest first; never their value."""
    return ApiToken.objects.select_related("staff").order_by("-created_at")


def security_events(kind: str = "") -> "QuerySet[SecurityEvent]":
    """The security log, newest first; ``kind`` narrows it (http_404, sign_in_failed, throttled …)."""
    rows = SecurityEvent.objects.order_by("-at", "-pk")
    return rows.filter(kind=kind) if kind else rows


def security_kinds() -> "list[str]":
    """The kinds that the security log holds."""
    return list(SecurityEvent.objects.values_list("kind", flat=True).order_by("kind").distinct())
