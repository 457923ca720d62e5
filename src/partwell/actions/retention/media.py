# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hardware wiped or shredded: recorded by one with the tool's report, validated by another, then certified (R15)."""

from dataclasses import dataclass, fields
from datetime import date
from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.facts import zone
from partwell.actions.retention.certificate_facts import media_facts, titled
from partwell.actions.retention.certify import issue
from partwell.actions.retention.deletion_common import candidates, second_of
from partwell.records.clients.models import Client
from partwell.records.estate.models import Item
from partwell.records.retention.models import Certificate, MediaDestruction
from partwell.rules import certificate, deletion, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse

WHAT = "the destruction of a medium"
# The fields of SP 800-88r2, 4.6, that a record cannot be without, as they are called when they are missing.
NEEDED = {
    "manufacturer": "the manufacturer",
    "model": "the model",
    "serial": "the serial number",
    "media_type": "the type of medium",
    "source": "the source",
    "confidentiality": "the confidentiality before",
    "method": "the method",
    "technique": "the technique",
    "tool": "the tool",
    "verification_method": "the way it was verified",
    "done_by_name": "who did it",
    "done_by_title": "their title",
    "done_by_contact": "how to reach them",
    "done_where": "where it was done",
}


@dataclass(frozen=True, slots=True)
class NewDestruction:
    """What was done to one medium, in SP 800-88r2's fields. ``validated_module``: needed for Purge.

    ``done_by_…``: whoever held the medium, which may be a firm that shreds. ``item_id``: of the estate, if it is one.
    """

    manufacturer: str
    model: str
    serial: str
    media_type: str
    source: str
    confidentiality: str
    method: str
    technique: str
    tool: str
    verification_method: str
    done_by_name: str
    done_by_title: str
    done_by_contact: str
    done_on: date
    done_where: str
    property_number: str = ""
    tool_version: str = ""
    validated_module: str = ""
    destination: str = ""
    after_confidentiality: str = ""
    item_id: UUID | None = None


def record_destruction(
    *,
    actor: Actor,
    client_id: UUID,
    what: NewDestruction,
    report: BinaryIO | bytes | None,
    report_name: str = "",
    report_type: str = "application/octet-stream",
) -> MediaDestruction | Refusal:
    """Record that a medium of the client was wiped or shredded; ``report``: of the wipe tool or the shredding firm.

    Refuses a missing field or report, Purge without a validated module, a day in the future, an item of another
    client, and a serial number that has a record already.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "destruction.record")) is not None:
        return refusal
    texts = {
        one.name: str(getattr(what, one.name)).strip()
        for one in fields(what)
        if one.name not in ("done_on", "item_id")
    }
    problem = _problem(texts, report is not None)
    # A file that is refused is not kept: it is stored only once the words are right.
    stored = None
    if problem is None and report is not None:
        name = report_name or "report"
        stored = files.store(actor, report, client_id=client_id, name=name, media_type=report_type)
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        item = Item.objects.present().filter(pk=what.item_id, client=client).first() if what.item_id else None
        if what.item_id and item is None:
            return refuse("not_found")
        problem = (
            lifecycle.may_work_on(client.state, client.name, "destruction.record")
            or problem
            or _day_problem(what.done_on, day_in(deed.now, zone()))
        )
        here = MediaDestruction.objects.filter(client=client, rejected_at=None)
        if problem is None and here.filter(serial__iexact=texts["serial"], manufacturer__iexact=texts["manufacturer"]).exists():  # fmt: skip
            problem = refuse("duplicate", what="A record for this serial number")
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="destruction.record")
        assert stored is not None  # without a report there is a problem
        deed.add(stored)
        row = deed.add(
            MediaDestruction(
                client=client,
                item=item,
                done_on=what.done_on,
                done_by_ref=actor.id,
                recorded_by_name=actor.name,
                recorded_at=deed.now,
                report=stored,
                **texts,
            )
        )
        deed.record(
            "destruction.recorded",
            subjects=[row.id, stored.id] + ([item.id] if item else []),
            public={"media": media_facts(row).name},
            to_client={
                "serial": row.serial,
                "method": row.method,
                "technique": row.technique,
                "tool": f"{row.tool} {row.tool_version}".strip(),
                "report": stored.sha256,
            },
        )
        return row


def _problem(texts: dict[str, str], has_report: bool) -> Refusal | None:
    missing = [words for name, words in NEEDED.items() if not texts[name]]
    if not has_report:
        missing.append("the report of the tool, or a picture of what is left")
    if missing:
        return refuse("media_incomplete", missing=", ".join(missing))
    for name, text in texts.items():
        limit = getattr(MediaDestruction._meta.get_field(name), "max_length", None)
        if limit is not None and len(text) > limit:
            return refuse(
                "invalid_input", where=NEEDED.get(name, "A field"), problem=f"at most {limit} characters"
            )
    return certificate.may_claim(texts["method"], texts["validated_module"])


def _day_problem(day: date, today: date) -> Refusal | None:
    if day > today:
        return refuse("invalid_input", where="The day it was done", problem="it lies in the future")
    return None


def validate_destruction(
    *, actor: Actor, destruction_id: UUID, accept: bool, where: str = "", words: str = ""
) -> Certificate | MediaDestruction | Refusal:
    """A second person looked at the medium or what is left of it, and at the report (R15).

    ``accept``: the certificate is issued at once; otherwise ``words`` say what is wrong, and it is recorded anew.
    ``where``: where they looked. Refuses whoever recorded it or did it, and a signatory while there is a colleague.
    """
    row = MediaDestruction.objects.filter(pk=destruction_id).first()
    if row is None or not (actor.is_staff or (actor.kind == "client" and actor.client_id == row.client_id)):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "destruction.validate")) is not None:
        return refusal
    title, contact = titled(actor.id, actor.role)
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row = MediaDestruction.objects.select_related("item", "report", "client").get(pk=destruction_id)
        problem = lifecycle.may_work_on(client.state, client.name, "destruction.validate") or _not_second(
            row, actor
        )
        if problem is None and not accept and not words.strip():
            problem = refuse("required", where="What is wrong")
        if problem is None and accept and not where.strip():
            problem = refuse("required", where="Where you looked")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="destruction.validate")
        name = media_facts(row).name
        if not accept:
            deed.save(
                row, rejected_at=deed.now, rejected_by_name=actor.name, rejected_words=words.strip()[:2000]
            )
            deed.record(
                "destruction.rejected",
                subjects=[row.id],
                public={"media": name},
                to_client={"words": row.rejected_words},
            )
            return row
        deed.save(
            row,
            validated_by_ref=actor.id,
            validated_by_name=actor.name,
            validated_by_title=title[:160],
            validated_by_contact=contact[:200],
            validated_at=deed.now,
            validated_where=where.strip()[:200],
            validated_words=words.strip()[:2000],
        )
        deed.record(
            "destruction.validated",
            subjects=[row.id] + ([row.item_id] if row.item_id else []),
            public={"media": name},
            to_client={"words": row.validated_words} if row.validated_words else None,
        )
        limits = certificate.media_limits(row.method, module=row.validated_module)
        return issue(
            deed, certificate.of_media(media_facts(row)), limits, destruction=row, title=name
        )  # fmt: skip


def _not_second(row: MediaDestruction, actor: Actor) -> Refusal | None:
    if row.rejected_at is not None or row.validated_at is not None:
        state = "validated" if row.validated_at else "turned down"
        return refuse("destruction_settled", subject=f"{row.manufacturer} {row.model}", state=state)
    if row.done_by_name.strip().casefold() == actor.name.strip().casefold():
        return refuse("second_person_needed", person=actor.name, what=WHAT)
    return deletion.may_second(
        row.done_by_ref.hex,
        "",
        second_of(actor),
        staff_count=candidates({row.done_by_ref}),
        what=WHAT,
        owner_needed=False,
    )
