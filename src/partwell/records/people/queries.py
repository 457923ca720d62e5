# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about the MSP and its people."""

from datetime import datetime
from uuid import UUID

from partwell.records.people.models import AccountMail, Msp, StaffMember


def the_msp() -> Msp | None:
    """The installation's MSP, or None before set-up."""
    return Msp.objects.select_related("logo").first()


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
    return list(AccountMail.objects.filter(state="queued", next_attempt_at__lte=now).order_by("next_attempt_at")[:limit])
