# SPDX-License-Identifier: AGPL-3.0-or-later
"""Claim, keep alive, finish. The last transaction of a job names its lease, so a job whose lease was taken over changes nothing."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from partwell.records.jobs.models import Job

LEASE = timedelta(minutes=2)
MOST_ATTEMPTS = 5


class LeaseLost(RuntimeError):
    """Somebody else works on this job now: stop, write nothing more."""


class Later(RuntimeError):
    """This work cannot go on now, but by itself later; its text is a sentence for people. ``after``: when."""

    def __init__(self, sentence: str, after: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(sentence)
        self.after = after


def claim(kinds: Iterable[str]) -> Job | None:
    """The next due job of these kinds, leased for two minutes; None when there is nothing to do.

    SKIP LOCKED on PostgreSQL; on SQLite the IMMEDIATE transaction serialises claimants.
    """
    now = timezone.now()
    with transaction.atomic():
        waiting = Job.objects.filter(kind__in=list(kinds), due_at__lte=now).filter(
            Q(state="queued") | Q(state="running", lease_until__lt=now)
        )
        if connection.vendor == "postgresql":
            waiting = waiting.select_for_update(skip_locked=True)
        job = waiting.order_by("due_at", "created_at").first()
        if job is None:
            return None
        if job.attempts >= MOST_ATTEMPTS:
            Job.objects.filter(pk=job.pk).update(
                state="failed", finished_at=now, error="It was tried five times and never finished."
            )
            return None
        job.state, job.lease, job.lease_until, job.attempts = (
            "running",
            uuid4(),
            now + LEASE,
            job.attempts + 1,
        )
        job.save(update_fields=["state", "lease", "lease_until", "attempts"])
        return job


def beat(job: Job, *, done: int | None = None, total: int | None = None, stage: str | None = None) -> None:
    """Keep the lease and show progress; ``LeaseLost`` if it was taken over."""
    values: dict[str, Any] = {"lease_until": timezone.now() + LEASE}
    values.update(
        {
            name: value
            for name, value in (("done", done), ("total", total), ("stage", stage))
            if value is not None
        }
    )
    if Job.objects.filter(pk=job.pk, lease=job.lease, state="running").update(**values) != 1:
        raise LeaseLost(str(job.pk))
    for name, value in values.items():
        setattr(job, name, value)


def got_on(job: Job) -> None:
    """Something of the work is settled for good: attempts count anew, so that long work outlives many restarts."""
    if job.attempts > 1:
        Job.objects.filter(pk=job.pk, lease=job.lease, state="running").update(attempts=1)
        job.attempts = 1


def hold(job: Job) -> None:
    """Within a deed: check the lease in the same transaction as what the job writes (the fence)."""
    if (
        Job.objects.filter(pk=job.pk, lease=job.lease, state="running").update(
            lease_until=timezone.now() + LEASE
        )
        != 1
    ):
        raise LeaseLost(str(job.pk))


def keep(job: Job, result: dict[str, Any]) -> None:
    """Within a deed: as ``hold``, and with what the work made. Whoever goes on after a crash finds it there (``job.result``)
    and does not make it a second time; the job still has to ``finish``."""
    hold(job)
    Job.objects.filter(pk=job.pk, lease=job.lease).update(result=result)


def finish(job: Job, result: dict[str, Any] | None = None) -> None:
    """Done."""
    _end(job, state="done", result=result or {}, done=F("total"))


def fail(job: Job, sentence: str, *, again_in: timedelta | None = None) -> None:
    """Failed with a sentence for people; tried again after ``again_in`` unless that is None."""
    if again_in is not None and job.attempts < MOST_ATTEMPTS:
        _end(
            job,
            state="queued",
            error=sentence,
            lease=None,
            due_at=timezone.now() + again_in,
            finished_at=None,
        )
    else:
        _end(job, state="failed", error=sentence)


def _end(job: Job, **values: Any) -> None:
    values = {"finished_at": timezone.now(), **values}
    if Job.objects.filter(pk=job.pk, lease=job.lease).update(**values) != 1:
        raise LeaseLost(str(job.pk))


def give_back(job_id: UUID) -> None:
    """A worker that stops politely gives its job back at once."""
    Job.objects.filter(pk=job_id, state="running").update(state="queued", lease=None, lease_until=None)
