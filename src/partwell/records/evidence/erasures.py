# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about erasures: what stands as erased (docs/formats/entry.md), on whose word, and what waits for a second person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from partwell.records.evidence.models import Disclosure, Entry, ErasureRequest, RecordTerm, RowCommitment
from sealed.entry import ERASED, ERASED_VERSION

DISCLOSURE = "evidence_disclosure:"
ERASING = ("disclosure.erased", "record.erased")
# What these say is how anybody knows why content is gone, or which log this is.
KEPT = (*ERASING, "erasure.", "record.", "ledger.")

__all__ = ["ErasureRequest"]


@dataclass(frozen=True)
class Erased:
    """That content of an entry is gone: by which entry (its number), when, by whom and on what basis, as far as known."""

    index: int
    at: datetime
    by: str = ""
    basis: str = ""


def table_of(label: str) -> str:
    """What stands for a disclosure's table in a commitment."""
    return DISCLOSURE + label


def standing() -> Q:
    """Commitments to erasures whose entry exists and says that it erases."""
    return Q(
        version=ERASED_VERSION,
        digest=ERASED,
        entry_uid__in=Entry.objects.filter(type__in=ERASING).values("uid"),
    )


def erased_disclosures(uids: Sequence[UUID]) -> set[tuple[UUID, str]]:
    """(entry, label) of these entries that stand as erased; one query for each 400, none without any."""
    out: set[tuple[UUID, str]] = set()
    for start in range(0, len(uids), 400):
        rows = RowCommitment.objects.filter(
            standing(), row_ref__in=uids[start : start + 400], table__startswith=DISCLOSURE
        )
        out |= {(ref, table.removeprefix(DISCLOSURE)) for ref, table in rows.values_list("row_ref", "table")}
    return out


def row_erased(table: str, ref: UUID) -> bool:
    """Whether an entry stands that erases this row."""
    return RowCommitment.objects.filter(standing(), table=table, row_ref=ref).exists()


def erased_of(uids: Sequence[UUID]) -> dict[UUID, dict[str, Erased]]:
    """uid → label → how it was erased, for entries whose content is missing; three queries at most."""
    if not uids:
        return {}
    rows = list(
        RowCommitment.objects.filter(
            standing(), row_ref__in=list(uids), table__startswith=DISCLOSURE
        ).values_list("row_ref", "table", "entry_uid")
    )
    by = {one for _, _, one in rows}
    if not by:
        return {}
    entries = {uid: (index, at) for uid, index, at in Entry.objects.filter(uid__in=by).values_list("uid", "index", "recorded_at")}  # fmt: skip
    words = {uid: (name, basis) for uid, name, basis in
             ErasureRequest.objects.filter(entry_uid__in=by).values_list("entry_uid", "decided_by_name", "basis")}  # fmt: skip
    out: dict[UUID, dict[str, Erased]] = {}
    for ref, table, uid in rows:
        out.setdefault(ref, {})[table.removeprefix(DISCLOSURE)] = Erased(
            *entries[uid], *words.get(uid, ("", ""))
        )
    return out


def request_of(request_id: UUID) -> ErasureRequest | None:
    """One request, else None."""
    return ErasureRequest.objects.filter(pk=request_id).first()


def requests_of(client_id: UUID | None = None) -> "QuerySet[ErasureRequest]":
    """Requests of one client, or of all; newest first."""
    rows = ErasureRequest.objects.order_by("-proposed_at")
    return rows.filter(client_ref=client_id) if client_id else rows


def open_end(client_id: UUID) -> ErasureRequest | None:
    """The end of this client's record, proposed or approved; None without one."""
    return ErasureRequest.objects.filter(
        client_ref=client_id, kind="record", state__in=("proposed", "approved")
    ).first()


def longer_months(client_id: UUID) -> int:
    """How many months this client's own term says; 0 without one."""
    return (
        RecordTerm.objects.filter(client_id=client_id)
        .order_by("-set_at")
        .values_list("months", flat=True)
        .first()
        or 0
    )


def last_end_of_service(client_id: UUID) -> date | None:
    """The end of service of the last closed departure; None without one."""
    from django.apps import apps

    rows = apps.get_model("offboardings", "Offboarding")._default_manager.filter(
        client_id=client_id, state="closed"
    )
    return rows.order_by("-end_of_service").values_list("end_of_service", flat=True).first()


def erasable(
    client_id: UUID, indexes: Iterable[int] = (), about: UUID | None = None
) -> list[tuple[int, UUID, str]]:
    """(index, uid, label) of what these entries, or all that speak of ``about`` or are its doing, still disclose."""
    from partwell.records.evidence.models import EntrySubject

    rows = Entry.objects.filter(client_ref=client_id)
    for start in KEPT:
        rows = rows.exclude(type__startswith=start)
    if about is not None:
        spoken = EntrySubject.objects.filter(subject_ref=about).values("entry_index")
        rows = rows.filter(Q(actor_ref=about) | Q(index__in=spoken))
    else:
        rows = rows.filter(index__in=list(indexes))
    found = dict(rows.values_list("uid", "index"))
    out, uids = [], list(found)
    for start_at in range(0, len(uids), 400):
        for uid, label in Disclosure.objects.filter(
            entry_uid__in=uids[start_at : start_at + 400]
        ).values_list("entry_uid", "label"):
            out.append((found[uid], uid, label))
    return sorted(out)
