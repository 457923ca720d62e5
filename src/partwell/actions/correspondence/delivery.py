# SPDX-License-Identifier: AGPL-3.0-or-later
"""What became of a mail, as facts: its entries in the ledger, what servers reported, and the mail that took its place."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from partwell.records.correspondence.models import Bounce, Envelope
from partwell.records.evidence.queries import Filters, entry_by_uid, labels_of, lines_of, timeline_for
from partwell.rules.actor import Actor

MOST = 200  # steps of one mail that a page shows: retries with back-off stay far below
WAITS = "no_working_client_address"


@dataclass(frozen=True)
class Fact:
    """One step: the entry's sentence, and what servers answered, as far as the reader may see it."""

    at: datetime
    type: str
    sentence: str
    details: tuple[str, ...]


def delivery_facts(actor: Actor, envelope: Envelope) -> list[Fact]:
    """The steps of one mail, the oldest first; four queries. Only entries that this actor may know of."""
    wanted = Filters(subject=envelope.id, noun="envelope", oldest_first=True, fold=False)
    steps = timeline_for(actor, wanted, size=MOST).lines
    own = entry_by_uid(actor, envelope.entry_id)
    told = {line.index for line in steps}
    lines = lines_of([own], labels_of(actor)) if own is not None and own.index not in told else []
    lines += steps
    return [
        Fact(line.at, line.type, line.sentence, _details(line.contents.get("client", {}))) for line in lines
    ]


def _details(client: dict[str, Any]) -> tuple[str, ...]:
    out = [f"{address}: {words}" for address, words in dict(client.get("answers") or {}).items()]
    if client.get("reason"):
        out.append(str(client["reason"]))
    if client.get("address") and ("status" in client or "diagnostic" in client):
        said = f"{client.get('status', '')} {client.get('diagnostic', '')}".strip()
        out.append(f"{client['address']}: {said}" if said else str(client["address"]))
    return tuple(out)


def came_back(envelopes: Iterable[Envelope]) -> dict[UUID, list[str]]:
    """Addresses of each mail of which a server reported failure; one query, none for an empty list."""
    ids = [one.id for one in envelopes]
    found: dict[UUID, list[str]] = {}
    if ids:
        for one in Bounce.objects.filter(envelope_id__in=ids, action="failed").order_by("reported_at"):
            found.setdefault(one.envelope_id, []).append(one.address)
    return found


def state_words(states: Mapping[str, tuple[str, str]], envelope: Envelope, back: bool) -> tuple[str, str]:
    """Tone and words of a mail's state: what came back, and what waits for an address or for a moment, says so."""
    if back:
        return "refusing", "Came back"
    if envelope.state == "queued" and envelope.stop_code == WAITS:
        return "refusing", "Waits until an address of the client works"
    if envelope.state in ("stopped", "failed") and envelope.stop_code == "client_address_taken_over":
        return "held", "Went to another address of the client"
    return states[envelope.state]


def provider_words(
    states: Mapping[str, tuple[str, str]], envelope: Envelope, back: Iterable[str]
) -> tuple[str, str]:
    """Tone and words of a provider's own mail, as far as it may know: nothing of it tells of the client's addresses (R1).

    ``back``: addresses of this mail of which a server reported failure; only the provider's own count.
    """
    own = {one["address"] for one in envelope.recipients if one["role"] == "provider"}
    if own & set(back):
        return "refusing", "Came back from your address"
    return states[envelope.state]


def other_ways(envelope: Envelope) -> dict[str, Envelope | None]:
    """``became``: the mail that took this one's place; ``instead_of``: the one whose place it took. Two queries at most."""
    mine = Envelope.objects.filter(client_id=envelope.client_id)
    became = mine.filter(dedupe_key__endswith=f":to:{envelope.id.hex}").first()
    _, _, earlier = envelope.dedupe_key.rpartition(":to:")
    before = None
    if len(earlier) == 32 and earlier != envelope.dedupe_key:
        try:
            before = mine.filter(pk=UUID(hex=earlier)).first()
        except ValueError:
            before = None
    return {"became": became, "instead_of": before}
