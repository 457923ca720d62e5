# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client is told in writing that its notice arrived, and what was understood: a letter, and a mail with it."""

from typing import Any
from uuid import UUID

from partwell.actions import letters
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import loop_contacts
from partwell.actions.offboardings.common import find, finish_keys
from partwell.documents.texts import _
from partwell.documents.wording_of import words_of
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Offboarding, PlanStep
from partwell.records.people.models import StaffMember
from partwell.records.vault.models import StoredFile
from partwell.rules import dates, roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import OffboardingState


def acknowledge_notice(*, actor: Actor, offboarding_id: UUID) -> Offboarding | Refusal:
    """Queue the acknowledgement (letter and mail); asking twice is harmless. Refused without a working address (R2)."""
    if (refusal := roles.may(actor.role, "offboarding.acknowledge")) is not None:
        return refusal
    peek = find(offboarding_id)
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        peek.refresh_from_db()
        if (closed := dates.still_open(OffboardingState(peek.state))) is not None:
            return deed.refuse(closed, subject=peek.id, verb="offboarding.acknowledge")
        if not loop_contacts(peek.client_id):
            return deed.refuse(
                refuse("no_working_client_address"), subject=peek.id, verb="offboarding.acknowledge"
            )
        if peek.acknowledged_at is None:
            deed.job(
                "letter.acknowledgement",
                f"acknowledgement-letter:{peek.id.hex}",
                client=peek.client_id,
                offboarding=peek.id.hex,
            )
        return peek


def opening_entry(offboarding_id: UUID, type_: str = "offboarding.opened") -> UUID | None:
    """The uid of the newest entry of a type that speaks of this offboarding."""
    indexes = EntrySubject.objects.filter(subject_ref=offboarding_id).values_list("entry_index", flat=True)
    return (
        Entry.objects.filter(index__in=indexes, type=type_)
        .order_by("-index")
        .values_list("uid", flat=True)
        .first()
    )


def _next_steps(row: Offboarding) -> list[dict[str, Any]]:
    steps = PlanStep.objects.select_related("owner").filter(
        offboarding=row, done_at=None, removed_at=None, due__lte=row.end_of_service
    )
    who = {"account_manager": "Your account manager", "technician": "Our technician", "owner": "Our owner"}
    return [
        {
            "what": step.title,
            "who": "You"
            if step.on_client
            else step.owner.name
            if step.owner
            else who.get(step.owner_role, ""),
            "by": step.due,
        }
        for step in steps.order_by("due", "position")[:8]
    ]


def run(job: Job) -> dict[str, Any]:
    """The job: make and file the letter once, queue the mail with it, and say so in the ledger."""
    row = Offboarding.objects.select_related(
        "client", "owner", "received_by", "outside_contact", "notice_from"
    ).get(pk=UUID(hex=job.payload["offboarding"]))
    if row.acknowledgement_id is not None:
        return {"file": row.acknowledgement_id.hex}
    asker = StaffMember.objects.filter(pk=job.asked_by or UUID(int=0)).first()
    steps = _next_steps(row)
    # People's names are in no table of words, so what is translated is ours.
    with letters.in_language_of(row.client_id, row.notice_from):
        data: dict[str, Any] = {
            "received_at": row.noticed_at,
            "received_by": row.received_by.name,
            "channel": words_of("channel", row.channel),
            "effective_date": row.end_of_service,
            "reason": words_of("reason", row.reason),
            "destination": words_of("destination", row.destination),
            "owner": row.owner.name,
            "next_steps": [one | {"who": _(one["who"])} for one in steps],
            "pain_points": list(row.pain_points.values_list("words", flat=True)),
        }
        optional = {
            "clause": row.clause,
            "renewal": row.renewal_note,
            "outside_contact": row.outside_contact
            and f"{row.outside_contact.name}, {row.outside_contact.email}",
        }
        data.update({name: value for name, value in optional.items() if value})
        pdf = letters.make_letter(
            "notice_acknowledgement",
            data,
            to_name=row.client.legal_name,
            to_address=row.client.address,
            entry_uid=opening_entry(row.id),
            reason=_("Acknowledgement of the notice"),
            reference=_("Your notice"),
        )

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = Offboarding.objects.select_related("notice_from").get(pk=row.pk)
        deed.save(fresh, acknowledgement=stored, acknowledged_at=deed.now)
        contacts = loop_contacts(row.client_id)
        contact = fresh.notice_from if fresh.notice_from in contacts else next(iter(contacts), None)
        post(
            deed,
            Post(
                kind="notice_acknowledgement",
                dedupe=f"offboarding:{row.id.hex}:acknowledgement",
                contact=contact,
                documents=[stored],
                values={
                    "received_at": row.noticed_at,
                    "channel": words_of("channel", row.channel),
                    "effective_date": row.end_of_service,
                    "owner": row.owner.name,
                    "next_steps": [{"title": one["what"], "note": one["who"]} for one in steps[:5]],
                    "portal_url": link("/client/"),
                },
            ),
        )
        deed.record(
            "notice.acknowledged",
            subjects=[row.id, stored.id],
            public={"actor": asker.name if asker else SYSTEM.name},
            to_client={
                "contact": contact.name if contact else "",
                "digest": stored.sha256,
                "clause": row.clause,
                "effective": row.end_of_service.isoformat(),
            },
        )
        finish_keys(deed, row.id, ["acknowledge"], "The letter was filed and mailed.")

    stored = letters.file_letter(
        pdf, client_id=row.client_id, name=f"acknowledgement-{row.client.name}.pdf", apply=apply
    )
    return {"file": stored.id.hex}
