# SPDX-License-Identifier: AGPL-3.0-or-later
"""What became of each item of a departure: the list that the client goes through, and what still stops closing."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, Max, OuterRef, Q

from partwell.actions.billing.settle import money_at_closing
from partwell.actions.billing.shipped_copies_bill import settling_of
from partwell.actions.correspondence.takeover import TAKEN_OVER
from partwell.records.billing import copies
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Item
from partwell.records.evidence.models import Checkpoint, Entry, LogState
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Acceptance, AcceptanceLine, Offboarding, PlanStep
from partwell.records.releases.models import ApprovalRequest, Release, ReleaseLine
from partwell.rules import lifecycle
from partwell.rules.copies import CopyState, Settling
from partwell.rules.terms import EnvelopeState, OffboardingState, Owner, Party
from sealed import canonical

SIGNED = ("accepted", "exceptions")


@dataclass(frozen=True)
class Standing:
    """One line of the list. ``word``: released, confirmed, objected (unanswered) or still_here."""

    item: Item
    word: str


def listed(client_id: UUID) -> "list[Item]":
    """What the list is about: the client's own things and those whose owner nobody settled; never internal ones (R4)."""
    rows = Item.objects.present().filter(
        client_id=client_id, internal=False, owner__in=[Owner.CLIENT, Owner.UNKNOWN]
    )
    return list(rows.order_by("category", "title", "id"))


def standings(client_id: UUID) -> list[Standing]:
    """The list as it stands now, in two queries."""
    words: dict[UUID, str] = {}
    rank = {"objected": 3, "confirmed": 2, "released": 1}
    lines = ReleaseLine.objects.filter(release__client_id=client_id, state="sent")
    for item_id, answer, answered in lines.values_list("item_id", "answer", "objection_answered_at"):
        word = "released"
        if answer == "confirmed":
            word = "confirmed"
        elif answer == "objected" and answered is None:
            word = "objected"
        if rank[word] > rank.get(words.get(item_id, ""), 0):
            words[item_id] = word
    return [Standing(item, words.get(item.id, "still_here")) for item in listed(client_id)]


def list_digest(rows: Iterable[Standing]) -> str:
    """SHA-256 of the list: whoever signs, signs exactly this one."""
    lines = [
        [r.item.id.hex, r.item.version, r.item.title, str(r.item.category), str(r.item.owner), r.word]
        for r in rows
    ]
    return hashlib.sha256(canonical.dumps(lines)).hexdigest()


def newest_acceptance(offboarding_id: UUID) -> Acceptance | None:
    """The acceptance in hand: the newest version that was not replaced."""
    rows = Acceptance.objects.filter(offboarding_id=offboarding_id).exclude(state="replaced")
    return rows.select_related("signed_by", "document").order_by("-version").first()


def copies_under_way(client_id: UUID) -> tuple[str, ...]:
    """Of what copies are under way (R7): not arrived yet, or not settled with the vendor's invoice."""
    rows = copies.under_way(client_id)
    return tuple(
        one.what for one in rows if one.state != CopyState.ARRIVED or settling_of(one) is not Settling.SETTLED
    )


def closing_facts(row: Offboarding, now: datetime, *, copies_go_on: bool = False) -> lifecycle.ClosingFacts:
    """Everything the rule of closing asks for, in a fixed number of queries whatever the estate's size.

    ``copies_go_on``: whoever closes says that copies of backups which are under way go on after closing.
    """
    client = row.client_id
    acceptance = newest_acceptance(row.id)
    signed = acceptance if acceptance and acceptance.state in SIGNED else None
    own = Item.objects.present().filter(client_id=client, internal=False)
    sent = ReleaseLine.objects.filter(item_id=OuterRef("pk"), state="sent")
    waived = AcceptanceLine.objects.filter(
        item_id=OuterRef("pk"), acceptance=signed.pk if signed else None, answer="waived"
    )
    # Goods under retention of title are not yet the client's (R11): nothing to hand over.
    # A subquery, because excluding by a key of JSON also excludes rows that lack the key (NULL is not false).
    retained = Item.objects.filter(client_id=client, handover__title="retained").values("pk")
    unreleased = own.filter(owner=Owner.CLIENT).exclude(pk__in=retained)
    lines = ReleaseLine.objects.filter(release__client_id=client, state="sent")
    envelopes = dict.fromkeys(EnvelopeState, 0)
    for state in Envelope.objects.filter(client_id=client).exclude(
        state__in=[EnvelopeState.ACCEPTED, EnvelopeState.STOPPED]
    ).exclude(state=EnvelopeState.FAILED, stop_code=TAKEN_OVER).values_list("state", flat=True):  # fmt: skip
        envelopes[EnvelopeState(state)] += 1
    open_windows = Release.objects.filter(
        client_id=client, party=Party.PROVIDER, window_ends_at__gt=now
    ).filter(Exists(ReleaseLine.objects.filter(release=OuterRef("pk"), state="sent", answer="")))
    money = money_at_closing(row)
    steps = PlanStep.objects.filter(offboarding=row, done_at=None, removed_at=None, blocks_closing=True)
    return lifecycle.ClosingFacts(
        state=OffboardingState(row.state),
        acceptance_signed=signed is not None,
        unreleased=unreleased.filter(~Exists(sent), ~Exists(waived)).count(),
        unknown_owner=own.filter(owner=Owner.UNKNOWN).filter(~Exists(waived)).count(),
        open_objections=lines.filter(answer="objected", objection_answered_at=None).count(),
        open_windows=open_windows.count(),
        pending_approvals=ApprovalRequest.objects.filter(release__client_id=client, state="open").count(),
        moving_envelopes=sum(
            envelopes[one]
            for one in (EnvelopeState.QUEUED, EnvelopeState.CLAIMED, EnvelopeState.DATA_STARTED)
        ),
        unknown_envelopes=envelopes[EnvelopeState.UNKNOWN],
        failed_envelopes=envelopes[EnvelopeState.FAILED],
        running_jobs=Job.objects.filter(client_ref=client, state__in=["queued", "running"])
        .filter(Q(kind__startswith="import.") | Q(kind__startswith="bundle."))
        .count(),
        running_timers=money.timers,
        open_requests=money.requests,
        unsettled=money.unsettled_words,
        owed=money.owed_words,
        copies=() if copies_go_on else copies_under_way(client),
        blocking_steps=tuple(steps.exclude(key="accept").values_list("title", flat=True)[:40]),
        ledger_healthy=ledger_whole(),
    )


def ledger_whole() -> bool:
    """The cheap half of a check: the ledger is open, has no gap, and is no shorter than what its newest checkpoint signed.

    Whether entries and rows are what they were, only ``partwell ledger check`` says.
    """
    found = Entry.objects.aggregate(last=Max("index"), count=Count("index"))
    signed = Checkpoint.objects.aggregate(size=Max("size"))["size"] or 0
    whole = found["last"] is not None and found["count"] == found["last"] + 1 >= signed
    return whole and LogState.objects.filter(pk=1).exists()
