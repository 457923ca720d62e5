# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words to the provider's own office about retention: queued with the deed they tell of, sent apart from evidence.

An envelope always has the client on it (R2); what the office has to do by itself goes by this channel instead.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import common, link
from partwell.actions.people.account_mail import queue
from partwell.documents.mails import compose
from partwell.records.clients.models import Client
from partwell.records.jobs.queries import Job
from partwell.records.people.models import Msp

LIFE = timedelta(days=7)


def tell_office(deed: Deed, key: str, *, title: str, what: str, next_step: str, path: str) -> None:
    """Queue one mail to the provider's address within this deed; the same ``key`` twice is one mail."""
    if deed.client is None:
        raise RuntimeError("Lock the client before the office is told.")
    deed.job(
        "mail.office",
        f"office:{key}",
        client=deed.client.id,
        title=title,
        what=what,
        next_step=next_step,
        path=path,
    )


def run(job: Job) -> dict[str, Any]:
    """The job: hand the mail to the post office. Nothing is sent where the provider has no address."""
    msp = Msp.objects.first()
    client = Client.objects.filter(pk=job.client_ref).first() if job.client_ref else None
    if msp is None or client is None or not msp.email:
        return {"sent": False}
    said = {name: str(job.payload[name]) for name in ("title", "what", "next_step")}
    values = {**said, "portal_url": link(str(job.payload["path"]))}
    mail = compose("office_note", {**common(msp, client.legal_name, msp.name), **values})
    queue(msp.email, mail.subject, mail.text, mail.html, life=LIFE)
    return {"sent": True}


def client_path(client_id: UUID) -> str:
    """The client's page in the staff door."""
    return f"/clients/{client_id}/"
