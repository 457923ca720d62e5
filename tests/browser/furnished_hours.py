# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time for the browser's pages: entries of each kind, one taken back, a running timer, requests in each state."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from partwell.actions.hours.record_time import Work, record_time, reverse_time
from partwell.actions.hours.requests import answer_request, ask_for_work, estimate_request
from partwell.actions.hours.timers import About, start_timer
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkClass, WorkKind
from tests.flows.cast import Cast, done


def hours(c: Cast) -> dict[str, Any]:
    """``entry_id`` of a time entry, ``timer_id`` of Jonah's, requests: ``work`` waits for the client, ``work asked``, ``work approved``."""
    northwick, now = c.northwick.id, timezone.now()
    departure = Offboarding.objects.get(client=c.northwick)

    def worked(minutes: int, kind: WorkKind, note: str, **more: Any) -> Any:
        work = Work(minutes, now - timedelta(hours=5), WorkClass.OFFBOARDING, kind, note, **more)
        return done(record_time(actor=c.dan, client_id=northwick, work=work))

    entry = worked(20, WorkKind.MEETING, "Handover meeting", asked_by="Mara Ellery", internal_note="Twice.")
    wrong = worked(10, WorkKind.EXPLANATION, "Explained the backups")
    done(reverse_time(actor=c.dan, entry_id=wrong.id, why="It was on another client"))
    given = Work(
        15, now - timedelta(hours=3), WorkClass.GOODWILL, WorkKind.OTHER, "Looked again", reason="Our slip"
    )
    done(record_time(actor=c.ines, client_id=northwick, work=given))

    def asked(actor: Any, title: str, minutes: int = 0) -> Any:
        row = done(ask_for_work(actor=actor, offboarding_id=departure.id, title=title, text="For the move."))
        if not minutes:
            return row
        return done(estimate_request(actor=c.dan, request_id=row.id, minutes=minutes, kind=WorkKind.OTHER))

    found = {
        "work asked": asked(c.theo, "A diagram of the warehouse").id,
        "work": asked(c.theo, "Train the new colleagues", 600).id,
        "work approved": asked(c.mara, "Explain the phone system", 30).id,
    }
    done(answer_request(actor=c.mara, request_id=found["work approved"], approve=True))
    timer = done(start_timer(actor=c.jonah, client_id=northwick, about=About(WorkClass.OFFBOARDING)))
    return {**found, "entry_id": entry.id, "timer_id": timer.id}
