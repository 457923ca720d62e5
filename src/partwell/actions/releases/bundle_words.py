# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bundle's rows and texts: inventory, receipts, correspondence, what was left out. Plain values from rows."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from partwell.records.clients.models import Client
from partwell.records.estate.models import Item, Trial
from partwell.records.releases.models import ReleaseLine
from partwell.rules.handover import WAY_WORDS
from partwell.rules.refusals import REFUSALS
from partwell.rules.terms import Category, Owner, Party

SHOWN = 12
WHY = {"unknown_owner": "who owns it is not settled", "msp_property": "it is the service provider's", "vendor_property": "it is a vendor's",
       "title_not_passed": "title has not passed yet"}  # fmt: skip


def inventory_row(
    item: Item,
    lines: "Sequence[ReleaseLine]",
    trial: Trial | None,
    client: Client,
    *,
    line: ReleaseLine | None = None,
) -> dict[str, Any]:
    """One row of DOMAIN.md's handover inventory; ``line``: as it was when it was released, for its recipient."""
    last = next((one for one in reversed(lines) if one.state == "sent"), None)
    file = (line.document if line else None) or item.document
    owner = client.name if item.owner == Owner.CLIENT else Owner(item.owner).value.replace("_", " ")
    return {
        "id": item.id.hex[:12],
        "title": line.title if line else item.title,
        "category": Category(line.category if line else item.category).label,
        "owner": owner,
        "custodian": item.custodian.replace("_", " "),
        "location": (item.site.name if item.site else "")
        or str(item.handover.get("location") or item.details.get("location") or ""),
        "recipient": _recipient(last),
        "method": WAY_WORDS.get(last.method, last.method) if last else "",
        "version": str(line.item_version if line else item.version),
        "digest": file.sha256 if file else "",
        "proved": _proved(trial),
        "released": last.sent_at if last else None,
        "received": last.answered_at if last and last.answer == "confirmed" else None,
        "status": _status(item, last),
        "objection": last.objection if last else "",
    }


def _recipient(line: ReleaseLine | None) -> str:
    if line is None:
        return ""
    if line.release.party == Party.PROVIDER and line.release.recipient is not None:
        return str(line.release.recipient.firm)
    return str(line.release.contact.name) if line.release.contact else ""


def _proved(trial: Trial | None) -> str:
    if trial is None:
        return ""
    words = {
        "worked": "tried, it works",
        "failed": "tried, it does not work",
        "cannot_be_tried": "cannot be tried",
    }.get(trial.outcome, trial.outcome)
    return f"{words}; {trial.tried_by_name}, {trial.tried_at:%Y-%m-%d}"


def _status(item: Item, line: ReleaseLine | None) -> str:
    if line is not None:
        if line.answer:
            return "objected to" if line.answer == "objected" else "received"
        return {"no_objection": "no objection", "deemed_accepted": "deemed accepted"}.get(
            line.window_outcome, "released"
        )
    if item.owner in (Owner.MSP, Owner.VENDOR):
        return "not the client's"
    return "owner not settled" if item.owner == Owner.UNKNOWN else "not yet released"


def reasons_text(reasons: Mapping[str, Sequence[str]], start: str = "") -> list[str]:
    """Refusal code → titles as sentences: how many, which, why."""
    out = []
    for code, titles in reasons.items():
        shown = ", ".join(f"“{title}”" for title in titles[:SHOWN]) + (
            f" and {len(titles) - SHOWN} more" if len(titles) > SHOWN else ""
        )
        kind = REFUSALS[code]
        why = WHY.get(code) or (kind.next_step if kind.fields else kind.sentence)
        if "{" in why:
            why = "it may not leave now"
        out.append(f"{start}{shown}: {why[0].lower()}{why[1:].rstrip('.')}.")
    return out


def receipts_of(lines: "Sequence[ReleaseLine]") -> list[dict[str, Any]]:
    """Every released line with its answer, as JSON values (times UTC, ISO 8601)."""
    return [{"release": line.release.number, "recipient": _recipient(line), "item": line.item_id.hex[:12], "title": line.title,
             "category": line.category, "method": line.method, "digest": line.digest, "state": line.state, "tried": line.tried,
             "sent_at": _when(line.sent_at), "opened_at": _when(line.opened_at), "answer": line.answer, "answered_at": _when(line.answered_at),
             "answered_by": line.answered_by_name, "objection": line.objection, "objection_answer": line.objection_answer,
             "window_ends_at": _when(line.release.window_ends_at), "window_outcome": line.window_outcome, "rotated_at": _when(line.rotated_at)}
            for line in lines]  # fmt: skip


def _when(value: datetime | None) -> str | None:
    return value.isoformat() if value else None


def as_json(value: Any) -> bytes:
    """Readable JSON, UTF-8, one final newline."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"
