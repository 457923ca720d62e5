# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs a bundle's job where it was asked for (the command line); a worker that took it first is waited for."""

import time
from datetime import timedelta
from uuid import UUID, uuid4

from django.db.models import Q
from django.utils import timezone

from partwell.actions.jobs import lease
from partwell.actions.releases.build_bundle import Tell, run
from partwell.records.authorisations.models import Recipient
from partwell.records.jobs.models import Job
from partwell.rules.refusals import Refused


def recipients_of(client_id: UUID, firm: str = "") -> list[tuple[UUID, str]]:
    """The client's recipient firms, or the one of that exact name (case aside)."""
    rows = Recipient.objects.filter(client_id=client_id)
    return list((rows.filter(firm__iexact=firm) if firm else rows).order_by("firm").values_list("pk", "firm"))


def _take(job_id: UUID) -> Job | None:
    """Lease this very job by one conditional UPDATE; None if somebody else works on it or it has ended."""
    now = timezone.now()
    free = Q(state="queued") | Q(state="running", lease_until__lt=now)
    token = uuid4()
    taken = Job.objects.filter(free, pk=job_id).update(
        state="running", lease=token, lease_until=now + lease.LEASE, attempts=1
    )
    return Job.objects.get(pk=job_id) if taken else None


def run_now(job_id: UUID, tell: Tell, patience: timedelta = timedelta(hours=12)) -> Job:
    """Build it here, or wait for the worker that does; the job as it ended."""
    until = timezone.now() + patience
    while timezone.now() < until:
        job = _take(job_id)
        if job is not None:
            try:
                lease.finish(job, run(job, tell))
            except Refused as refused:
                lease.fail(job, str(refused.refusal))
            except lease.LeaseLost:
                continue
            except BaseException as error:
                lease.fail(job, f"It failed ({type(error).__name__}).")
                raise
        seen = Job.objects.get(pk=job_id)
        if seen.state in ("done", "failed"):
            return seen
        tell(seen.stage or "waiting", seen.done, seen.total)
        time.sleep(0.3)
    return Job.objects.get(pk=job_id)
