# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates of destruction: issued once, numbered without gaps, and never saying more than is on record (R6, R15)."""

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.issue import locked_series
from partwell.actions.facts import zone
from partwell.actions.retention.certificate_facts import data_facts
from partwell.records.billing.models import Series
from partwell.records.retention.models import (
    Certificate,
    Deletion,
    DeletionLine,
    HandStep,
    MediaDestruction,
)
from partwell.rules import certificate, deletion, lifecycle, roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, refuse

log = logging.getLogger("partwell.retention")
# The code of the certificates' numbers among the series; its row is their lock.
SERIES, PREFIX = "certificate", "CD-"


def issue(
    deed: Deed,
    wording: certificate.Wording,
    limits: tuple[str, ...],
    *,
    of: Deletion | None = None,
    destruction: MediaDestruction | None = None,
    title: str,
) -> Certificate:
    """Write a certificate within a deed that holds the client; its PDF is a job of the same transaction.

    The number's row stays locked to the end of the transaction: rolled back, the number is the next one again.
    """
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before a certificate is issued.")
    series = locked_series(SERIES) or deed.add(Series(code=SERIES, prefix=PREFIX))
    number = series.next_number
    deed.save(series, next_number=number + 1)
    uid = deed.next_uid
    row = deed.add(
        Certificate(
            client=client,
            deletion=of,
            destruction=destruction,
            number=number,
            title=title[:300],
            fields=wording.as_data(),
            limits=list(limits),
            issued_at=deed.now,
            issued_by_name=deed.actor.name,
            entry_uid=uid,
        )
    )
    about = [one.id for one in (of, of.backup_set if of else None, destruction) if one is not None]
    if destruction is not None and destruction.item_id is not None:
        about.append(destruction.item_id)
    deed.record(
        "certificate.issued",
        subjects=[row.id, *about],
        public={"number": label_of(number), "what": wording.what},
        to_client={"fields": _said(wording), "limits": list(limits)},
    )
    deed.job(
        "letter.certificate",
        f"letter.certificate:{row.id.hex}",
        client=client.id,
        certificate=row.id.hex,
        entry=uid.hex,
    )
    return row


def label_of(number: int) -> str:
    """A certificate's number as it is printed."""
    return f"{PREFIX}{number}"


def _said(wording: certificate.Wording) -> list[str]:
    """The fields for the entry, one a line; exceptions by number, because the row, which the entry commits to, names them."""
    lines = [f"{label}: {'; '.join(text)}" for section in wording.sections for label, text in section.rows]
    named = len(wording.exceptions) + wording.unnamed
    return [wording.attested, *lines, *([f"Exceptions named on the certificate: {named}"] if named else [])]


def certify(*, actor: Actor, deletion_id: UUID, now: datetime | None = None) -> Certificate | Refusal:
    """Issue the certificate of a validated deletion whose effective day has come.

    Refuses every other state (a partial one is retried or excepted first), anything that is left without being
    excepted, and a step by hand without its proof. A set of which nothing is left is gone from that moment; one
    with exceptions stays on the calendar with what is left of it.
    """
    found = Deletion.objects.filter(pk=deletion_id).first()
    if found is None or (not actor.is_staff and actor.kind != "system"):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "deletion.certify")) is not None:
        return refusal
    with Deed(actor, now=now) as deed:
        client = deed.lock(found.client_id)
        row = Deletion.objects.select_related(
            "backup_set", "listing", "outcome", "verification"
        ).get(pk=deletion_id)  # fmt: skip
        kept = row.backup_set
        state = deletion.after(deletion.DeletionState(row.state), "certify", kept.name)
        problem = (
            lifecycle.may_work_on(client.state, client.name, "deletion.certify")
            or (state if isinstance(state, Refusal) else None)
            or _not_yet(row, deed.now)
        )
        if problem is not None or isinstance(state, Refusal):
            assert problem is not None  # a refused state is one
            return deed.refuse(problem, subject=row.id, verb="deletion.certify")
        excepted = len(row.exceptions)
        wording = certificate.of_data(data_facts(row))
        limits = deletion.limits(
            kept.place,
            key_backup_days=settings.PARTWELL_KEY_BACKUP_DAYS,
            excepted=excepted,
            confirmed=row.vendor_confirmed,
        )
        deed.save(row, state=state.value, certified_at=deed.now)
        if not excepted:
            deed.save(kept, gone_at=deed.now)
        return issue(deed, wording, limits, of=row, title=kept.name)


def _not_yet(row: Deletion, now: datetime) -> Refusal | None:
    """What is left, what has no proof, and the day: asked of the rows again, whatever the state says."""
    name = row.backup_set.name
    # What was named as an exception is there when it is listed again; what nobody named is left.
    unsettled = DeletionLine.objects.filter(deletion=row, verdict=deletion.LineVerdict.GOES, state__in=("waits", "going", "failed")).count()  # fmt: skip
    left = max(row.left_count - len(row.exceptions), 0) + unsettled
    steps = list(HandStep.objects.filter(deletion=row))
    unproved = sum(step.done_at is None or (step.proof_needed and step.proof_id is None) for step in steps)
    if row.by_hand and not steps:
        unproved = 1
    if row.effective_on is None or row.validated_by_ref is None:
        return refuse("deletion_state", subject=name, state="not validated", wanted="certified")
    return deletion.may_certify(
        name,
        effective=row.effective_on,
        today=day_in(now, zone()),
        left=left,
        unproved=unproved,
    )


def certify_due(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Issue the certificate of every validated deletion whose effective day (in the MSP's zone) has come; gives how many.

    The same again does nothing: a certified deletion is no longer validated. One that refuses stays for a person.
    """
    moment = now or timezone.now()
    rows = Deletion.objects.filter(
        state=deletion.DeletionState.VALIDATED, effective_on__lte=day_in(moment, zone())
    )
    issued = 0
    for deletion_id in list(rows.order_by("effective_on", "id").values_list("id", flat=True)):
        done = certify(actor=actor, deletion_id=deletion_id, now=moment)
        if isinstance(done, Refusal):
            log.warning("A certificate could not be issued: %s", done.code)
            continue
        issued += 1
    return issued
