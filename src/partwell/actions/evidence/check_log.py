# SPDX-License-Identifier: AGPL-3.0-or-later
"""The part of the ledger's check that concerns the log: entries, nodes, disclosures, commitments."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

from partwell.actions.evidence import tombstone_lines
from partwell.actions.evidence.check_store import Store
from partwell.records.evidence import erasures
from partwell.records.evidence.models import (
    Checkpoint,
    Disclosure,
    Entry,
    EntrySubject,
    LogState,
    Node,
    RowCommitment,
)
from sealed import canonical, entry, merkle, note
from sealed.findings import WARNING, Report

if TYPE_CHECKING:
    from partwell.actions.evidence.check import CheckOptions, Progress

BATCH = 500
LARGE = 400  # rows of one entry; beyond that they are read in pieces


@dataclass
class Tree:
    """What the entries give when recomputed: their number, and the root at every size that somebody signed."""

    size: int = 0
    roots: dict[int, bytes] = field(default_factory=dict)


def _where(row: Entry) -> str:
    return f"entry {row.index}"


def check_entries(
    report: Report, state: LogState, store: Store | None, options: "CheckOptions", tell: "Progress"
) -> Tree:
    """Every entry in order: gapless, its leaf, hash, nodes, columns, subjects, disclosures, rows root, copy in the log store."""
    total = Entry.objects.count()
    tree, compact = Tree(), merkle.CompactRange()
    wanted = _signed_sizes(store, options)
    copies = store.leaves() if store else iter(())
    lost, gone = _lost(), _tombstoned()
    counts: dict[str, int] = defaultdict(int)
    last, expected = -(2**62), 0
    while rows := list(Entry.objects.filter(index__gt=last).order_by("index")[:BATCH]):
        nodes: dict[tuple[int, int], bytes] = {}
        leaves: dict[int, entry.Leaf] = {}
        for row in rows:
            if row.index != expected:
                report.add(
                    "entry-gap",
                    _where(row),
                    f"Entry {expected} should come next: entries were removed or renumbered.",
                )
                expected = row.index
            expected += 1
            leaf = _check_leaf(report, row)
            if leaf is not None:
                leaves[row.index] = leaf
            digest = merkle.leaf_hash(bytes(row.leaf))
            if digest != bytes(row.leaf_hash):
                report.add(
                    "leaf-changed",
                    _where(row),
                    "The stored hash is not that of the stored leaf: one of them was altered.",
                )
            for level, position, value in compact.append(digest):
                nodes[level, position] = value
            if compact.size in wanted:
                tree.roots[compact.size] = compact.root()
            _compare_copy(report, row, next(copies, None))
        _check_nodes(report, nodes)
        _check_subjects(report, rows, leaves)
        known = {index: leaf for index, leaf in leaves.items() if not any(index in span for span in lost)}
        _check_disclosures(report, rows, known, gone, counts)
        _check_commitments(report, rows, known, counts)
        counts["nodes"] += len(nodes)
        last = rows[-1].index
        tell("entries", last + 1, total)
    tree.size = compact.size
    tree.roots[compact.size] = compact.root()
    report.facts |= {
        "entries": tree.size,
        "root": compact.root().hex(),
        "disclosures": counts["disclosures"],
        "row_commitments": counts["rows"],
    }
    if counts["erased"]:
        report.facts["disclosures_erased"] = counts["erased"]
    if (left := sum(1 for _ in copies)) > 0:
        report.add(
            "tail-cut",
            f"entry {tree.size}",
            f"The log store holds {left} more entries than the database: the ledger was cut at its tail or an old backup was restored.",
        )
    _check_strays(report, counts)
    for span in lost:
        report.add(
            "entries-lost",
            f"entries {span.start} to {span.stop - 1}",
            "A backup older than these was restored: they came back from the log store, what they said did not.",
            WARNING,
        )
    _check_opening(report, state)
    return tree


def _signed_sizes(store: Store | None, options: "CheckOptions") -> set[int]:
    sizes = set(Checkpoint.objects.values_list("size", flat=True))
    for text in [*(one.encode() for one in (store.notes if store else [])), *options.checkpoints.values()]:
        try:
            sizes.add(note.Checkpoint.parse(note.parse_note(text).text).size)
        except note.NoteError:
            continue
    return sizes


def _check_leaf(report: Report, row: Entry) -> entry.Leaf | None:
    try:
        leaf = entry.parse_leaf(bytes(row.leaf))
    except entry.EntryError as error:
        report.add("leaf-form", _where(row), f"The leaf cannot be read: {error}")
        return None
    columns = {
        "uid": (row.uid.hex, leaf.uid),
        "type": (row.type, leaf.type),
        "time": (entry.format_at(row.recorded_at), leaf.at),
    }
    wrong = [name for name, (stored, true) in columns.items() if stored != true]
    wrong += [
        name
        for name, ref in (("client", row.client_ref), ("recipient", row.recipient_ref))
        if ref is not None and ref.hex not in leaf.subjects
    ]
    if wrong:
        report.add(
            "entry-columns",
            _where(row),
            f"Stored beside the leaf stands another {', '.join(wrong)} than in it: it was altered.",
        )
    return leaf


def _compare_copy(report: Report, row: Entry, copy: "tuple[int, bytes | None] | None") -> None:
    if copy is not None and copy[1] != bytes(row.leaf):
        report.add(
            "log-store-differs",
            f"entry {copy[0]}",
            "The log store holds another leaf than the database, or one that cannot be read: one of them was rewritten.",
        )


def _check_nodes(report: Report, nodes: dict[tuple[int, int], bytes]) -> None:
    levels: dict[int, list[int]] = defaultdict(list)
    for level, position in nodes:
        levels[level].append(position)
    stored: dict[tuple[int, int], bytes] = {}
    for level, positions in levels.items():
        found = Node.objects.filter(
            level=level, index__gte=min(positions), index__lte=max(positions)
        ).values_list("index", "hash")
        stored.update({(level, position): bytes(value) for position, value in found})
    for (level, position), value in nodes.items():
        if stored.get((level, position)) != value:
            problem = (
                "is missing" if (level, position) not in stored else "is not what the entries below it give"
            )
            report.add(
                "node-changed",
                f"node {level}/{position}",
                f"The stored hash over entries {position << level} to {((position + 1) << level) - 1} {problem}.",
            )


def _check_subjects(report: Report, rows: list[Entry], leaves: dict[int, entry.Leaf]) -> None:
    stored: dict[int, set[str]] = defaultdict(set)
    found = EntrySubject.objects.filter(entry_index__gte=rows[0].index, entry_index__lte=rows[-1].index)
    for index, subject in found.values_list("entry_index", "subject_ref"):
        stored[index].add(subject.hex)
    for row in rows:
        leaf = leaves.get(row.index)
        if leaf is not None and stored[row.index] != set(leaf.subjects):
            report.add(
                "subjects-changed",
                _where(row),
                "What the entry speaks of is stored otherwise than in its leaf.",
            )


def _lost() -> list[range]:
    """Entries that were taken over from the log store after a restore (``ledger.caught_up``): leaves without contents."""
    uids = Entry.objects.filter(type="ledger.caught_up").values("uid")
    out = []
    for content in Disclosure.objects.filter(entry_uid__in=uids, label="public").values_list(
        "content", flat=True
    ):
        try:
            value = canonical.loads_strict(bytes(content))
            out.append(range(int(value["first"]), int(value["last"]) + 1))
        except (canonical.CanonicalError, KeyError, TypeError, ValueError):
            continue
    return out


def _tombstoned() -> set[tuple[int, str]]:
    """(entry, label) erased again after a restore: the log store says so, the entry that says so may be among the lost ones."""
    lines = tombstone_lines.read(Path(settings.PARTWELL_LOG))
    return {(int(one.what["index"]), str(one.what["label"])) for one in lines if one.kind == tombstone_lines.DISCLOSURE}  # fmt: skip


def _check_disclosures(
    report: Report,
    rows: list[Entry],
    leaves: dict[int, entry.Leaf],
    gone: set[tuple[int, str]],
    counts: dict[str, int],
) -> None:
    stored: dict[UUID, dict[str, Disclosure]] = defaultdict(dict)
    for one in Disclosure.objects.filter(entry_uid__in=[row.uid for row in rows]):
        stored[one.entry_uid][one.label] = one
        counts["disclosures"] += 1
    missing = [
        row.uid
        for row in rows
        if row.index in leaves and leaves[row.index].commitments.keys() - stored[row.uid].keys()
    ]
    erased = erasures.erased_disclosures(missing)
    for row in rows:
        leaf = leaves.get(row.index)
        if leaf is None:
            continue
        there = stored[row.uid]
        for label in sorted(leaf.commitments.keys() | there.keys()):
            place = f"{_where(row)}, {label}"
            if label not in there:
                if (row.uid, label) in erased or (row.index, label) in gone:
                    counts["erased"] += 1
                else:
                    report.add(
                        "disclosure-missing",
                        place,
                        "What this entry says was removed, and no entry says who erased it.",
                    )
            elif label not in leaf.commitments:
                report.add(
                    "disclosure-added",
                    place,
                    "The entry never committed to this content: it was added later.",
                )
            elif not _fits(there[label], leaf.commitments[label]):
                report.add(
                    "disclosure-changed",
                    place,
                    "What this entry says is not what it committed to: it was altered.",
                )


def _fits(one: Disclosure, commitment: bytes) -> bool:
    try:
        return entry.commit(bytes(one.salt), canonical.loads_strict(bytes(one.content))) == commitment
    except (canonical.CanonicalError, entry.EntryError):
        return False


def _row_leaf(one: tuple[str, UUID, int, bytes]) -> bytes:
    return merkle.leaf_hash(entry.row_leaf(one[0], one[1].hex, one[2], bytes(one[3])))


def _pieces(uid: UUID) -> Iterator[tuple[Any, ...]]:
    """One entry's commitments in order, read in pieces."""
    last = -1
    while found := list(
        RowCommitment.objects.filter(entry_uid=uid, position__gt=last)
        .order_by("position")
        .values_list("position", "table", "row_ref", "version", "digest")[:5000]
    ):
        yield from found
        last = found[-1][0]


def _check_commitments(
    report: Report, rows: list[Entry], leaves: dict[int, entry.Leaf], counts: dict[str, int]
) -> None:
    small = [row.uid for row in rows if row.index in leaves and leaves[row.index].rows_n <= LARGE]
    found: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    query = RowCommitment.objects.filter(entry_uid__in=small).order_by("entry_uid", "position")
    for uid, *values in query.values_list(
        "entry_uid", "position", "table", "row_ref", "version", "digest"
    ).iterator(chunk_size=5000):
        found[uid].append(tuple(values))
    for row in rows:
        leaf = leaves.get(row.index)
        if leaf is None:
            continue
        tree, gapless = merkle.CompactRange(), True
        for position, table, ref, version, digest in (
            found[row.uid] if leaf.rows_n <= LARGE else _pieces(row.uid)
        ):
            gapless &= position == tree.size
            tree.append(_row_leaf((table, ref, version, digest)))
        counts["rows"] += tree.size
        if not gapless or (tree.size, tree.root()) != (leaf.rows_n, leaf.rows_root):
            report.add(
                "commitments-changed",
                _where(row),
                f"The entry commits to {leaf.rows_n} rows; the {tree.size} commitments stored beside it are not these.",
            )


def _check_strays(report: Report, counts: dict[str, int]) -> None:
    entries = Entry.objects.values("uid")
    if Disclosure.objects.count() != counts["disclosures"]:
        for uid, label in Disclosure.objects.exclude(entry_uid__in=entries).values_list("entry_uid", "label")[
            :1000
        ]:
            report.add("disclosure-added", f"{uid.hex}, {label}", "This content belongs to no entry.")
    if Node.objects.count() > counts["nodes"]:
        report.add(
            "node-added",
            "the tree",
            f"{Node.objects.count() - counts['nodes']} stored hashes belong to no entry: the ledger was cut at its tail.",
        )
    for index in (
        EntrySubject.objects.exclude(entry_index__in=Entry.objects.values("index"))
        .values_list("entry_index", flat=True)
        .distinct()[:10]
    ):
        report.add(
            "subjects-changed",
            f"entry {index}",
            "Subjects of an entry are stored that does not exist: it was removed.",
        )


def _check_opening(report: Report, state: LogState) -> None:
    """The log's identity is what its newest opening or key entry says (``LogState`` itself is no ledger row)."""
    row = (
        Entry.objects.filter(type__in=("ledger.opened", "ledger.origin_opened", "ledger.key_rotated"))
        .order_by("-index")
        .first()
    )
    if row is None:
        return
    said = Disclosure.objects.filter(entry_uid=row.uid, label="public").first()
    try:
        content = canonical.loads_strict(bytes(said.content)) if said else {}
    except canonical.CanonicalError:
        return  # named as an altered disclosure already
    if content.get("verifier_key") != state.vkey:
        report.add(
            "log-key",
            "the log's key",
            f"The stored verifier key is not the one that entry {row.index} names: it was exchanged.",
        )
