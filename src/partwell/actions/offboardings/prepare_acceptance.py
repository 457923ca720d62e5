# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of everything, with its standing, is put before the client's signatory. A changed list needs a new version."""

from datetime import date, timedelta
from uuid import UUID

from django.db.models import Max

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import zone
from partwell.actions.offboardings.common import find, policy
from partwell.actions.offboardings.standing import list_digest, standings
from partwell.records.offboardings.models import Acceptance, AcceptanceLine, Offboarding
from partwell.rules import dates, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import OffboardingState


def prepare_acceptance(
    *, actor: Actor, offboarding_id: UUID, deadline: date | None = None
) -> Acceptance | Refusal:
    """Fix the list as it is now and mail the signatory. ``deadline``: a day from today on, else the agreement's window.

    An earlier list that nobody signed is replaced. The same list twice gives the one that waits.
    """
    if (refusal := roles.may(actor.role, "acceptance.prepare")) is not None:
        return refusal
    peek = find(offboarding_id)
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = Offboarding.objects.get(pk=offboarding_id)
        today = day_in(deed.now, zone())
        by = deadline or today + timedelta(days=policy(client.id)[1])
        rows = standings(client.id)
        problem = dates.still_open(OffboardingState(row.state))
        if problem is None and not rows:
            problem = refuse("invalid_input", where="The list", problem="there is no item to go through")
        if problem is None and by < today:
            problem = refuse("date_in_past", what="The last day for the answer", day=by)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="acceptance.prepare")
        digest = list_digest(rows)
        earlier = Acceptance.objects.filter(offboarding=row)
        for older in earlier.filter(state="requested"):
            if older.list_digest == digest and older.deadline == by:
                return older
            deed.save(older, state="replaced")
        version = (earlier.aggregate(last=Max("version"))["last"] or 0) + 1
        made = deed.add(
            Acceptance(
                offboarding=row,
                version=version,
                list_digest=digest,
                deadline=by,
                requested_at=deed.now,
                signature_event={"prepared_by": actor.id.hex},
            )
        )
        deed.add_many(
            AcceptanceLine,
            [AcceptanceLine(acceptance=made, item=one.item, standing=one.word) for one in rows],
        )
        deed.save(row, acceptance_due=by)
        post(
            deed,
            Post(
                kind="acceptance_request",
                dedupe=f"acceptance:{made.id.hex}:ask",
                values={
                    "list_version": str(version),
                    "portal_url": link("/client/"),
                    "item_count": str(len(rows)),
                    "objection_count": str(sum(one.word == "objected" for one in rows)),
                    "by": by,
                },
            ),
        )
        deed.record(
            "acceptance.prepared",
            subjects=[made.id, row.id],
            to_client={"list_digest": digest, "count": len(rows)},
        )
        return made
