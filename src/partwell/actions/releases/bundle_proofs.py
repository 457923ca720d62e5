# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bundle's proofs and its pages for people: the recipient's entries under one checkpoint, earlier ones, index and README."""

import re
from datetime import datetime
from typing import Any

from django.db.models.functions import Right

from partwell.actions.evidence.log import CheckpointFacts, signer
from partwell.actions.evidence.proofs import earlier, inclusion_hashes
from partwell.actions.releases.bundle_scope import Contents
from partwell.documents.bundle_pages import index_html, readme_txt, timeline_html
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import LogState
from partwell.records.evidence.queries import LABELS, Line, disclosed, entries_of, lines_of
from partwell.rules.terms import Category
from sealed.bag import BundleFile, ProofSet
from sealed.note import Signer
from sealed.proof import Disclosed

MOST_EARLIER = 200
FOOT = 1500  # characters at the end of a mail: the checkpoint with room for more signatures


def proof_set(
    contents: Contents, checkpoint: CheckpointFacts, manifest_entry: int
) -> tuple[ProofSet, list[Line]]:
    """The recipient's entries with what it may see of each, proved under ``checkpoint``; and the same as sentences."""
    order = contents.order
    kind = order.party.value
    rows = list(
        entries_of(kind, order.client_id, order.recipient_id)
        .filter(index__lt=checkpoint.size)
        .order_by("index")
    )
    labels = LABELS[kind]
    shown = disclosed([row.uid for row in rows], labels)
    lines = lines_of(rows, labels)
    entries = [
        Disclosed(row.index, bytes(row.leaf), shown[row.uid], line.sentence)
        for row, line in zip(rows, lines, strict=True)
    ]
    state = LogState.objects.get(pk=1)
    return ProofSet(state.vkey, checkpoint.note.encode(), entries, inclusion_hashes([row.index for row in rows], checkpoint.size), manifest_entry,
                    earlier(_held(contents), checkpoint)), lines  # fmt: skip


def _held(contents: Contents) -> list[int]:
    """Sizes of the checkpoints that this recipient's mails carried, so that the bundle continues each."""
    mails = Envelope.objects.filter(client_id=contents.order.client_id)
    if contents.order.recipient_id:
        mails = mails.filter(recipient_id=contents.order.recipient_id)
    # Read from the foot of each mail, not reckoned from its time: a task of the calendar dates its mails at its beginning,
    # and a checkpoint may have been signed since.
    origin = re.escape(LogState.objects.values_list("origin", flat=True).get(pk=1))
    feet = mails.annotate(foot=Right("text", FOOT)).values_list("foot", flat=True)
    sizes = {
        int(size)
        for foot in feet.iterator(chunk_size=500)
        for size in re.findall(rf"^{origin}\n(\d{{1,18}})\n", foot, re.M)
    }
    return sorted(sizes)[-MOST_EARLIER:]


def seal() -> Signer:
    """The log's key, which seals the tag manifest."""
    return signer(LogState.objects.get(pk=1))


def pages(contents: Contents, files: list[BundleFile], proofs: ProofSet, lines: list[Line], checkpoint: CheckpointFacts, *,
          name: str, msp: Any, now: datetime) -> dict[str, bytes]:  # fmt: skip
    """index.html, README.txt and timeline.html as tag files: made after the manifest was logged, covered by the seal."""
    base = {"msp": msp.name, "client": contents.client.legal_name or contents.client.name, "recipient": contents.name, "made_at": now,
            "zone": msp.time_zone, "name": name}  # fmt: skip
    index = {
        **base,
        "consent": contents.consent or None,
        "categories": _categories(contents),
        "files": _listed(files),
        "missing": contents.left_out,
        "vkey": proofs.vkey,
        "checkpoint": checkpoint.note,
        "checkpoint_at": checkpoint.made_at,
        "contact": ", ".join(part for part in (msp.email, msp.phone) if part),
    }
    events = [
        {
            "at": line.at,
            "sentence": line.sentence,
            "entry": line.index,
            "proof": f"proof/{line.index}.tlog-proof",
        }
        for line in lines
    ]
    timeline = timeline_html({"msp": msp.name, "client": base["client"], "zone": msp.time_zone}, events)
    return {
        "index.html": index_html(index).encode(),
        "README.txt": readme_txt(base).encode(),
        "timeline.html": timeline.encode(),
    }


def _categories(contents: Contents) -> list[dict[str, str]]:
    counts: dict[str, int] = {}
    for row in contents.rows:
        counts[row["category"]] = counts.get(row["category"], 0) + 1
    order = [one.label for one in Category]
    return [
        {"label": label, "text": f"{counts[label]:,} items" if counts[label] != 1 else "1 item"}
        for label in order
        if label in counts
    ]


HEADS = {
    "data/inventory/inventory.html": ("The inventory, to read and print", ""),
    "data/inventory/inventory.xlsx": ("The inventory as a spreadsheet", ""),
    "data/inventory/inventory.csv": ("The inventory as CSV", ""),
    "data/inventory/inventory.json": ("The inventory for programs", ""),
    "data/inventory/files.json": ("Which file is what, with its original name", ""),
    "data/receipts/receipts.json": ("What was released, and each answer", ""),
    "data/correspondence/index.html": ("What was said, in order, with each mail as it was sent", ""),
    "data/correspondence/correspondence-001.pdf": (
        "What was said, to read and print, signed",
        "further volumes beside it",
    ),
    "data/correspondence/index.csv": ("The same list as CSV", ""),
    "data/correspondence/correspondence.txt": ("Messages and calls as plain text", ""),
    "data/credentials/credentials.csv": (
        "Credentials",
        "Keep it as safe as the passwords in it, and change them soon.",
    ),
}
MOST_LISTED = 2000
# Listed in the correspondence's own index.
SAID = ("data/correspondence/messages/", "data/correspondence/mails/", "data/correspondence/recordings/")


def _listed(files: list[BundleFile]) -> list[dict[str, str]]:
    names = {"data/" + file.name for file in files}
    rows = [
        {"path": path, "title": title, "note": note} for path, (title, note) in HEADS.items() if path in names
    ]
    rows.insert(
        0,
        {
            "path": "timeline.html",
            "title": "What happened, entry by entry",
            "note": "each with its number in the log",
        },
    )
    others = sorted(name for name in names - HEADS.keys() if not name.startswith(SAID))
    rows += [{"path": path, "title": path.removeprefix("data/"), "note": ""} for path in others[:MOST_LISTED]]
    if len(others) > MOST_LISTED:
        rows.append(
            {
                "path": "data/inventory/files.json",
                "title": f"… and {len(others) - MOST_LISTED:,} more files",
                "note": "listed there",
            }
        )
    return rows
