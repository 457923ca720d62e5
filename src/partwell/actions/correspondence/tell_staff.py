# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words to one staff member about a mail of theirs: that it did not leave, or not all of it, why, and what to do.

An envelope always has the client on it (R2); what concerns one of our own people alone goes by the channel of sign-in mail.
"""

from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import common, link
from partwell.actions.people.account_mail import queue
from partwell.actions.retention.office import LIFE
from partwell.documents.mails import compose
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import InboundMail
from partwell.records.jobs.queries import Job
from partwell.records.people.models import StaffMember
from partwell.records.people.queries import the_msp

HEADERS = (("Auto-Submitted", "auto-replied"),)  # so that nothing answers it by itself (RFC 3834)


def tell_staff(
    deed: Deed, staff: StaffMember, key: str, *, title: str, what: str, next_step: str, path: str
) -> None:
    """Queue one mail to this person within this deed, whose client is locked; the same ``key`` twice is one mail."""
    if deed.client is None:
        raise RuntimeError("Lock the client before somebody is told.")
    deed.job(
        "mail.staff", f"staff:{key}", client=deed.client.id, staff=staff.id.hex, title=title[:300], what=what[:1000],
        next_step=next_step[:1000], path=path,
    )  # fmt: skip


def run(job: Job) -> dict[str, Any]:
    """The job: hand the mail to the post office, unless the person left meanwhile."""
    msp = the_msp()
    client = Client.objects.filter(pk=job.client_ref).first() if job.client_ref else None
    staff = (
        StaffMember.objects.select_related("user")
        .filter(pk=UUID(hex=str(job.payload["staff"])), left_at=None)
        .first()
    )
    if msp is None or client is None or staff is None:
        return {"sent": False}
    said = {name: str(job.payload[name]) for name in ("title", "what", "next_step")}
    values = {**said, "portal_url": link(str(job.payload["path"]))}
    mail = compose("staff_note", {**common(msp, client.legal_name, staff.name), **values})
    queue(staff.user.email, mail.subject, mail.text, mail.html, life=LIFE, headers=HEADERS)
    return {"sent": True}


def page_of(mail: InboundMail) -> str:
    """The staff page of a mail that came in."""
    return f"/mail-in/{mail.id}/"
