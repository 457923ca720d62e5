# SPDX-License-Identifier: AGPL-3.0-or-later
"""Northwick leaves and has backups: what stories about keeping, choosing and holding begin with."""

import json
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from partwell.actions.base import Deed
from partwell.actions.retention.choices import choice_text, make_choice
from partwell.actions.retention.record_set import SetFacts, record_set
from partwell.connectors.secret import Secret
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.offboardings.models import Offboarding
from partwell.records.retention.models import BackupSet, Deletion
from partwell.rules.actor import Actor
from partwell.rules.keeping import Choice, Place
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, done
from tests.flows.strong_signing import over

KEY = "the storage's secret of a made-up bucket"  # sealed; tests look for it where it must not be


def code(result: object) -> str:
    """The code of a refusal that must have come."""
    assert isinstance(result, Refusal), result
    return result.code


def departure(c: Cast) -> Offboarding:
    """Northwick's departure as it stands."""
    return Offboarding.objects.get(client=c.northwick)


def moment(day: date, hour: int = 9) -> datetime:
    """An hour of a day where Harbourline works."""
    return datetime.combine(day, time(hour), ZoneInfo("Europe/Berlin"))


def images(**more: Any) -> SetFacts:
    """Server images in a bucket."""
    said: dict[str, Any] = {
        "name": "Server images", "location": "Tarn, region north", "place": Place.BUCKET, "copies": 2,
        "whereabouts": {"endpoint": "https://s3.tarn.example", "region": "north", "bucket": "harbourline", "prefix": "northwick/images",
                        "access_key": "AKNORTH"},
    }  # fmt: skip
    return SetFacts(**{**said, **more})


def archive(**more: Any) -> SetFacts:
    """A mail archive in a vendor's cloud."""
    said: dict[str, Any] = {
        "name": "Mail archive", "location": "Coldshelf, Dublin", "place": Place.VENDOR, "whereabouts": {"console": "Coldshelf"},
        "vendor": "Coldshelf", "vendor_window_days": 30, "contents": "archive", "payer": "client", "copies": 1,
    }  # fmt: skip
    return SetFacts(**{**said, **more})


def kept(
    c: Cast, facts: SetFacts | None = None, secret: bool = False, client: UUID | None = None
) -> BackupSet:
    """Ines records a set."""
    return done(
        record_set(actor=c.ines, client_id=client or c.northwick.id, facts=facts or images(), secret=Secret(KEY) if secret else None)
    )  # fmt: skip


def choose(actor: Actor, client: UUID, choice: Choice, set_id: UUID | None = None, **more: Any) -> Any:
    """Read the text and sign it."""
    text = choice_text(client, choice, set_id)
    if isinstance(text, Refusal):
        return text
    said = {"shown_digest": text.digest, "intent": True, **more}
    if choice.lasting and actor.role == "signatory":
        said.setdefault("passkey", over(actor, text.digest))
    return make_choice(actor=actor, client_id=client, choice=choice, set_id=set_id, **said)


def deletion_of(c: Cast, row: BackupSet, state: str = "approved", **more: Any) -> Deletion:
    """A deletion as it stands somewhere on its way, written without its verbs."""
    with Deed(c.dan) as deed:
        deed.lock(row.client_id)
        made = deed.add(
            Deletion(client_id=row.client_id, backup_set=row, state=state, reason="Its day has passed", until=row.keep_until,
                     proposed_by_ref=c.dan.id, proposed_by_name=c.dan.name, proposed_by_role=c.dan.role, proposed_at=deed.now, **more)
        )  # fmt: skip
        deed.record("deletion.proposed", subjects=[made.id], public={"set": row.name},
                    to_client={"reason": made.reason, "until": made.until.isoformat()})  # fmt: skip
    return made


def told(event: str, label: str = "client") -> Any:
    """What the newest entry of a type discloses under a label."""
    entry = Entry.objects.filter(type=event).order_by("index").last()
    assert entry is not None, event
    return json.loads(bytes(Disclosure.objects.get(entry_uid=entry.uid, label=label).content))


def disclosed(*labels: str) -> str:
    """Everything that stands under these labels, all of them where none is given."""
    rows = Disclosure.objects.filter(label__in=labels) if labels else Disclosure.objects.all()
    return "\n".join(bytes(one).decode() for one in rows.values_list("content", flat=True))
