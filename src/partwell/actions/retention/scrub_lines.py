# SPDX-License-Identifier: AGPL-3.0-or-later
"""After a certified deletion: the names of what was deleted leave the database's files too, as far as this process may.

A deletion's working rows name every object of the client. They are deleted when it is validated (the lists lie encrypted
in the vault, as evidence); a database keeps such bytes in its log and, on PostgreSQL, in dead rows.
"""

from typing import Any

from partwell.actions.base import Deed
from partwell.actions.erasure.scrub import scrub_rows
from partwell.records.jobs.queries import Job
from partwell.records.retention.models import Deletion, DeletionLine

KIND = "deletion.scrub"


def queue_scrub(deed: Deed, row: Deletion) -> None:
    """Within the deed that certifies: the job that cleans up after it, once a deletion."""
    deed.job(KIND, f"{KIND}:{row.id.hex}", client=row.client_id, deletion=row.id.hex)


def run(job: Job) -> dict[str, Any]:
    """The job; ``left``: what only the database's administrator can do, in sentences. Harmless to repeat."""
    return {"deletion": job.payload["deletion"], "left": scrub_rows([DeletionLine._meta.db_table])}
