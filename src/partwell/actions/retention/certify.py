# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates of destruction: issued once, numbered without gaps, and never saying more than is on record (R6, R15)."""

import logging
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.issue import locked_series
from partwell.actions.retention.certificate_facts import data_facts
from partwell.actions.retention.deletion_common import about, find, today_of
from partwell.actions.retention.ending import effective_day
from partwell.actions.retention.hand_steps import unproved
from partwell.actions.retention.scrub_lines import queue_scrub
from partwell.actions.retention.trust import untrue
from partwell.records.billing.models import Series
from partwell.records.retention.deletions import certifiable, deletion_of
from partwell.records.retention.models import (
    Certificate,
    Deletion,
    DeletionLine,
    HandStep,
    MediaDestruction,
)
from partwell.rules import certificate, deletion, lifecycle, roles
from partwell.rules.actor import SYSTEM, Actor
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
    subjects = [row.id, *(about(of) if of else [])]
    if destruction is not None:
        subjects += [destruction.id, *([destruction.item_id] if destruction.item_id else [])]
    deed.record(
        "certificate.issued",
        subjects=subjects,
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
    found = find(actor, deletion_id)
    if found is None or actor.kind == "client":
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "deletion.certify")) is not None:
        return refusal
    with Deed(actor, now=now) as deed:
        client = deed.lock(found.client_id)
        row = deletion_of(deletion_id)
        assert row is not None  # it was found above, and no deletion is ever removed
        kept = row.backup_set
        state = deletion.after(deletion.DeletionState(row.state), "certify", kept.name)
        problem = (
            lifecycle.may_work_on(client.state, client.name, "deletion.certify")
            or (state if isinstance(state, Refusal) else None)
            or _not_yet(row, deed.now)
            or untrue(row)
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
        queue_scrub(deed, row)
        return issue(deed, wording, limits, of=row, title=kept.name)


def _not_yet(row: Deletion, now: datetime) -> Refusal | None:
    """What is left, what has no proof, and the day: asked of the rows again, whatever the state says."""
    name = row.backup_set.name
    # What was named as an exception is there when it is listed again; what nobody named is left.
    unsettled = DeletionLine.objects.filter(deletion=row, state__in=("waits", "going", "failed")).count()  # fmt: skip
    left = max(row.left_count - len(row.exceptions), 0) + unsettled
    # A replica that was put on record after the validation still has to expire.
    open_steps = unproved(row) or int(row.by_hand and not HandStep.objects.filter(deletion=row).exists())
    if row.effective_on is None or row.validated_by_ref is None:
        return refuse("deletion_state", subject=name, state="not validated", wanted="certified")
    return deletion.may_certify(
        name,
        effective=max(row.effective_on, effective_day(row)),
        today=today_of(now),
        left=left,
        unproved=open_steps,
    )


def certify_due(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Issue the certificate of every validated deletion whose effective day (in the MSP's zone) has come; gives how many.

    The same again does nothing: a certified deletion is no longer validated. One that refuses stays for a person.
    """
    moment = now or timezone.now()
    issued = 0
    for deletion_id in list(certifiable(today_of(moment)).values_list("id", flat=True)):
        done = certify(actor=actor, deletion_id=deletion_id, now=moment)
        if isinstance(done, Refusal):
            log.warning("A certificate could not be issued: %s", done.code)
            continue
        issued += 1
    return issued
