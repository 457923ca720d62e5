# SPDX-License-Identifier: AGPL-3.0-or-later
"""Runs durable work. A kind of job is a function ``run(job) -> dict`` that calls actions and ``lease.beat``."""

import logging
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from partwell.actions.jobs import lease
from partwell.records.jobs.queries import Job
from partwell.rules.refusals import Refused

log = logging.getLogger("partwell.jobs")

# kind -> "module:function" of the action that does it; imported only when run.
KINDS: dict[str, str] = {
    "import.stage": "partwell.actions.estate.stage_import:run",
    "import.confirm": "partwell.actions.estate.confirm_import:run",
    "letter.authorisation": "partwell.actions.authorisations.letter:run",
    "letter.acknowledgement": "partwell.actions.offboardings.acknowledge_notice:run",
    "letter.acceptance": "partwell.actions.offboardings.letters_of:run_acceptance",
    "letter.closing": "partwell.actions.offboardings.letters_of:run_closing",
    "letter.certificate": "partwell.actions.retention.certificate_letter:run",
    "letter.invoice": "partwell.actions.billing.letter:run",
    "letter.return_quote": "partwell.actions.billing.return_letter:run",
    "letter.statement": "partwell.actions.billing.statement_letter:run",
    "record.end": "partwell.actions.erasure.end_record:run",
    "mail.digest": "partwell.actions.correspondence.digests:run",
    "mail.office": "partwell.actions.retention.office:run",
    "mail.message": "partwell.actions.correspondence.tell_of_message:run",
    "mail.staff": "partwell.actions.correspondence.tell_staff:run",
    "bundle.build": "partwell.actions.releases.build_bundle:run",
    "deletion.list": "partwell.actions.retention.list_things:run",
    "deletion.run": "partwell.actions.retention.work_deletion:run",
    "deletion.verify": "partwell.actions.retention.verify:run",
    "deletion.scrub": "partwell.actions.retention.scrub_lines:run",
}


def runner(kind: str) -> Callable[[Job], dict[str, Any]]:
    """The function of a kind."""
    module, _, name = KINDS[kind].partition(":")
    return getattr(import_module(module), name)


def run_one() -> bool:
    """Run the next due job, if any; True if one was run. A failure is written on the job, never swallowed."""
    job = lease.claim(KINDS)
    if job is None:
        return False
    try:
        lease.finish(job, runner(job.kind)(job))
    except lease.LeaseLost:
        log.warning("The lease of a %s job was lost.", job.kind)
    except lease.Later as later:
        lease.fail(job, str(later), again_in=later.after)
    except Refused as refused:
        lease.fail(job, str(refused.refusal))
    except Exception as error:
        log.exception("A %s job failed.", job.kind)
        lease.fail(
            job,
            f"It failed ({type(error).__name__}); it will be tried again.",
            again_in=timedelta(seconds=10 * job.attempts),
        )
    return True
