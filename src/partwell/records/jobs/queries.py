# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about durable work."""

from uuid import UUID

from partwell.records.jobs.models import Job

__all__ = ["Job", "job_by_id", "job_by_key", "jobs_of"]


def job_by_id(job_id: UUID) -> Job | None:
    """One job; who may see it is the caller's question (``client_ref``, ``recipient_ref``)."""
    return Job.objects.filter(pk=job_id).first()


def jobs_of(client_id: UUID, kind: str, limit: int = 20) -> "list[Job]":
    """A client's jobs of one kind, newest first."""
    return list(Job.objects.filter(client_ref=client_id, kind=kind).order_by("-created_at")[:limit])


def job_by_key(key: str) -> Job | None:
    """The job queued under this key; None without one."""
    return Job.objects.filter(key=key).first()
