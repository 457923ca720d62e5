# SPDX-License-Identifier: AGPL-3.0-or-later
"""How long a client's evidence record stays, and how its end is proposed and approved (R4, R15). The end itself: end_record.py."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.erasure.holds import held
from partwell.actions.erasure.tell import tell_of_proposal
from partwell.actions.facts import zone
from partwell.records.billing.models import ClientProfile
from partwell.records.clients.models import Client
from partwell.records.evidence import erasures
from partwell.records.evidence.models import ErasureRequest, RecordTerm
from partwell.records.jobs.models import Job
from partwell.records.retention import queries
from partwell.records.retention.models import Deletion
from partwell.rules import erasure, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.dates import keep_until
from partwell.rules.deletion import OVER
from partwell.rules.keeping import record_until
from partwell.rules.law_profiles import record_years
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ClientState


@dataclass(frozen=True)
class Schedule:
    """A client's record: ``until`` its last day (None while it serves or never left), the months that give it, who keeps it."""

    until: date | None
    months: int
    usual: int
    held: bool
    due: bool
    open: ErasureRequest | None


def usual_months() -> int:
    """The installation's term (PARTWELL_RECORD_YEARS) in months."""
    return int(getattr(settings, "PARTWELL_RECORD_YEARS", erasure.RECORD_YEARS)) * 12


def _lawful_years(client_id: UUID) -> tuple[int, ...]:
    """What the law profiles ask that stand on the client's work (R12); they only lengthen."""
    rows = ClientProfile.objects.filter(client_id=client_id, removed_at=None)
    return record_years(rows.values_list("code", flat=True))


def months_of(client_id: UUID) -> int:
    """The usual term; the client's own or that of a law profile where it is longer."""
    lawful = max(_lawful_years(client_id), default=0) * 12
    return max(usual_months(), erasures.longer_months(client_id), lawful)


def _sets_left(client_id: UUID) -> tuple[str, ...]:
    """Names of backup sets that are still there or under a deletion without its certificate."""
    kept = queries.kept_sets(client_id).values_list("name", flat=True)
    open_ = Deletion.objects.filter(client_id=client_id).exclude(state__in=OVER)
    return tuple(sorted({*kept, *open_.values_list("backup_set__name", flat=True)}))


def facts(client: Client, now: datetime) -> erasure.RecordFacts:
    """What the rule wants to know of one client's record at ``now`` (aware)."""
    end = erasures.last_end_of_service(client.id)
    until = None
    if end and client.state == ClientState.INACTIVE:
        own = keep_until(end, erasures.longer_months(client.id))
        until = max(record_until(end, usual_months() // 12, lawful_years=_lawful_years(client.id)), own)
    return erasure.RecordFacts(
        client.name, client.state, until, day_in(now, zone()), held(client.id), _sets_left(client.id)
    )


def schedule_of(client_id: UUID, now: datetime | None = None) -> Schedule | None:
    """The schedule as pages show it; None for a client that is not there."""
    client = Client.objects.filter(pk=client_id).first()
    if client is None:
        return None
    found = facts(client, now or timezone.now())
    due = erasure.may_end(found) is None
    return Schedule(
        found.until, months_of(client_id), usual_months(), found.held, due, erasures.open_end(client_id)
    )


def keep_longer(*, actor: Actor, client_id: UUID, months: int, reason: str) -> RecordTerm | Refusal:
    """Lengthen the time of one client's record, with a reason; never shorter than the installation's term."""
    if not actor.is_staff:
        return refuse("not_found")
    if refusal := roles.may(actor.role, "record.keep_longer"):
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    reason = " ".join(reason.split())[:300]
    if not reason:
        return refuse("required", where="The reason")
    least = months_of(client_id)
    if not least < months <= erasure.LONGEST_MONTHS:
        return refuse("record_shorter", months=least, most=erasure.LONGEST_MONTHS)
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (end := erasures.open_end(client_id)) is not None and end.state == "approved":
            return deed.refuse(refuse("erasure_open"), subject=client_id, verb="record.keep_longer")
        row = deed.add(RecordTerm(client=client, months=months, reason=reason, set_by_name=actor.name[:160], set_at=deed.now))  # fmt: skip
        deed.record(
            "record.kept_longer", subjects=[row.id], public={"months": months}, to_client={"reason": reason}
        )
        return row


def propose_end(*, actor: Actor, client_id: UUID) -> ErasureRequest | Refusal:
    """Propose that a record whose time is over goes (R15: somebody else decides)."""
    if not actor.is_staff:
        return refuse("not_found")
    if refusal := roles.may(actor.role, "erasure.propose"):
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        known = facts(client, deed.now)
        refusal = erasure.may_end(known)
        if refusal is None and erasures.open_end(client_id) is not None:
            refusal = refuse("erasure_open")
        if refusal is not None:
            return deed.refuse(refusal, subject=client_id, verb="erasure.propose")
        assert known.until is not None
        row = deed.add(
            ErasureRequest(client_ref=client_id, kind="record", due_on=known.until + timedelta(days=1), proposed_by=actor.id,
                           proposed_by_name=actor.name[:160], proposed_at=deed.now)
        )  # fmt: skip
        tell_of_proposal(deed, row, "the whole record")
        deed.record(
            "erasure.proposed",
            subjects=[row.id],
            public={"what": "the whole record"},
            to_client={"due_on": row.due_on.isoformat() if row.due_on else ""},
        )
        return row


def approve(deed: Deed, row: ErasureRequest, called: str) -> ErasureRequest:
    """Within the approving deed: note the second person, and queue the job that ends the record."""
    deed.save(row, state="approved", decided_by=deed.actor.id, decided_by_name=called, decided_at=deed.now, entry_uid=uuid4())  # fmt: skip
    deed.job("record.end", f"record.end:{row.id.hex}", client=row.client_ref, request=row.id.hex)
    deed.record(
        "erasure.approved",
        subjects=[row.id],
        public={"what": "the whole record"},
        to_client={
            "proposed_by": row.proposed_by_name,
            "due_on": row.due_on.isoformat() if row.due_on else "",
        },
    )
    return row


def go_on(*, actor: Actor, request_id: UUID) -> ErasureRequest | Refusal:
    """Let the job of an approved end of a record go on, after a hold that stopped it was lifted or its trouble mended."""
    if not actor.is_staff:
        return refuse("not_found")
    if refusal := roles.may(actor.role, "erasure.decide"):
        return refusal
    row = erasures.request_of(request_id)
    if row is None or row.kind != "record":
        return refuse("not_found")
    if row.state != "approved":
        return refuse("already_decided")
    Job.objects.filter(key=f"record.end:{row.id.hex}", state="failed").update(
        state="queued", attempts=0, lease=None, error="", finished_at=None, due_at=timezone.now()
    )
    return row
