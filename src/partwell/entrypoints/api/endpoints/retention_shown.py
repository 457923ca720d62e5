# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the API shows and takes of backup sets, holds and deletions. Never an internal note, never how a storage is reached."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.utils import timezone
from pydantic import Field

from partwell.actions.retention.look import SetView, views
from partwell.actions.retention.set_facts import Replica, SetFacts, has_secret, where_of
from partwell.entrypoints.api.fields import (
    LINE,
    Day,
    Flag,
    Given,
    Line,
    Ref,
    Shown,
    Text,
    Title,
    Whole,
    Words,
)
from partwell.records.retention import queries
from partwell.rules.keeping import Place

Days = Annotated[Whole, Field(ge=0, le=32_000)]


# --- sets ---------------------------------------------------------------------------------------------------


class ReplicaShown(Shown):
    what: str
    where: str
    sub_processor: str
    expires_days: int | None


class ConflictShown(Shown):
    code: str
    sentence: str
    next_step: str


class AlarmShown(Shown):
    """R13. ``cancel_from``: the first day on which cancelling keeps the promise."""

    purged_on: date | None
    cancel_from: date
    sentence: str
    next_step: str


class OnlyCopyShown(Shown):
    id: UUID
    backup_set_id: UUID
    item_id: UUID
    title: str
    named_at: datetime
    handed_over_at: datetime | None
    handed_over_words: str
    waived_at: datetime | None


class SetShown(Shown):
    """``keep_until``: the last day it is kept, ``keep_basis`` why; ``choice``: the client's, empty while there is none.

    ``held``: titles of holds in force; ``overdue``: how late the promise is, in words; ``unprovable``: what is missing so
    that its deletion could be shown; ``only_copies_left``: titles of what stops its deletion.
    """

    id: UUID
    client_id: UUID
    name: str
    location: str
    place: str
    whereabouts: dict[str, str | bool]
    contents: str
    copies: int | None
    replicas: list[ReplicaShown]
    vendor: str
    vendor_window_days: int | None
    cancel_on: date | None
    locked_until: date | None
    payer: str
    longer_until: date | None
    longer_reason: str
    key_item_id: UUID | None
    note: str
    recorded_at: datetime
    end_of_service: date | None
    keep_until: date | None
    keep_basis: str
    returned_at: datetime | None
    returned_words: str
    gone_at: datetime | None
    choice: str
    told: bool
    held: list[str]
    conflicts: list[ConflictShown]
    alarm: AlarmShown | None
    overdue: str
    unprovable: list[str]
    awaits_return: bool
    only_copies_left: list[str]
    deletion_id: UUID | None
    deletion_state: str


class SetWhole(SetShown):
    """``has_access``: whether a secret of the storage lies in the vault; itself it is never given."""

    has_access: bool


_PLAIN = (
    "id", "client_id", "name", "location", "place", "contents", "copies", "vendor", "vendor_window_days", "cancel_on", "locked_until", "payer",
    "longer_until", "longer_reason", "key_item_id", "note", "recorded_at", "end_of_service", "keep_until", "keep_basis", "returned_at",
    "returned_words", "gone_at",
)  # fmt: skip


def _plain(one: SetView) -> dict[str, Any]:
    row = one.row
    shown: dict[str, Any] = {name: getattr(row, name) for name in _PLAIN}
    return {
        **shown,
        "whereabouts": {key: value for key, value in where_of(row.whereabouts).items() if isinstance(value, (str, bool))},
        "replicas": [ReplicaShown(what=str(copy.get("what") or ""), where=str(copy.get("where") or ""),
                                  sub_processor=str(copy.get("sub_processor") or ""), expires_days=copy.get("expires_days"))
                     for copy in row.replicas],
        "choice": one.choice.choice if one.choice else "",
        "told": one.told,
        "held": list(one.held),
        "conflicts": [ConflictShown.model_validate(conflict) for conflict in one.conflicts],
        "alarm": AlarmShown.model_validate(one.alarm) if one.alarm else None,
        "overdue": one.overdue,
        "unprovable": list(one.unprovable),
        "awaits_return": one.awaits_return,
        "only_copies_left": [copy.title for copy in one.only_copies],
        "deletion_id": one.deletion.id if one.deletion else None,
        "deletion_state": one.deletion.state if one.deletion else "",
    }  # fmt: skip


def set_shown(one: SetView) -> SetShown:
    """A set as lists show it."""
    return SetShown(**_plain(one))


def sets_shown(rows: Sequence[queries.BackupSet]) -> list[SetShown]:
    """Many sets, in a fixed number of queries."""
    return [set_shown(one) for one in views(rows, timezone.now())]


def set_whole(row: queries.BackupSet) -> SetWhole:
    """One set."""
    return SetWhole(**_plain(views([row], timezone.now())[0]), has_access=has_secret(row.id))


class ReplicaGiven(Given):
    what: Annotated[Line, Field(min_length=1, max_length=200)]
    where: Line = ""
    sub_processor: Annotated[Line, Field(max_length=200)] = ""
    expires_days: Days | None = None


class WhereaboutsGiven(Given):
    """Where it lies, by place. bucket: endpoint, region, bucket, prefix (or whole_bucket), access_key, path_style; folder: path; vendor:
    console, tenant; media: description. The secret is stored apart."""

    endpoint: Line = ""
    region: Line = ""
    bucket: Line = ""
    prefix: Annotated[Line, Field(max_length=300)] = ""
    whole_bucket: Flag = False
    access_key: Line = ""
    path_style: Flag = False
    path: Line = ""
    console: Line = ""
    tenant: Line = ""
    description: Line = ""


class SetFields(Given):
    """What a new set and a correction share."""

    place: Place = Place.UNKNOWN
    whereabouts: WhereaboutsGiven = WhereaboutsGiven()
    contents: Literal["", "backup", "archive", "both"] = ""
    copies: Days | None = None
    replicas: Annotated[list[ReplicaGiven], Field(max_length=50)] = []
    vendor: Annotated[Line, Field(max_length=160)] = ""
    vendor_window_days: Days | None = None
    cancel_on: Day | None = None
    locked_until: Day | None = None
    payer: Literal["", "msp", "client"] = ""
    longer_until: Day | None = None
    longer_reason: Line = ""
    key_item: Ref | None = None
    note: Line = ""


class SetGiven(SetFields):
    """The whole description. ``longer_until``: a later day that was agreed for this set, with ``longer_reason``."""

    name: Annotated[Line, Field(min_length=1, max_length=200)]
    location: Title


class SetChange(SetFields):
    """What is not named stays as it is."""

    name: Annotated[Line, Field(min_length=1, max_length=200)] = ""
    location: Title = ""


def facts_given(body: SetFields, row: queries.BackupSet | None = None) -> SetFacts:
    """The description for the action; of a change, what is not named comes from the ``row``."""
    said = body.model_dump(exclude_unset=row is not None)
    if "key_item" in said:
        said["key_item_id"] = said.pop("key_item")
    if "replicas" in said:
        said["replicas"] = tuple(Replica(**one) for one in said["replicas"])
    if "whereabouts" in said:
        said["whereabouts"] = {key: value for key, value in said["whereabouts"].items() if value != ""}
    if row is None:
        return SetFacts(**said)
    if "whereabouts" in said and said.get("place", row.place) == row.place:
        said["whereabouts"] = {**row.whereabouts, **said["whereabouts"]}
    return SetFacts(**{**_facts_of(row), **said})


def _facts_of(row: queries.BackupSet) -> dict[str, Any]:
    """The description as it stands."""
    same = ("name", "location", "contents", "copies", "vendor", "vendor_window_days", "cancel_on", "locked_until", "payer", "longer_until",
            "longer_reason", "key_item_id", "note")  # fmt: skip
    return {
        **{name: getattr(row, name) for name in same},
        "place": Place(row.place),
        "whereabouts": row.whereabouts,
        "replicas": tuple(Replica(**one) for one in row.replicas),
    }


# --- choices, notices and holds -----------------------------------------------------------------------------


class ChoiceShown(Shown):
    """``backup_set_id`` empty: for every set without a choice of its own. ``text``: what was signed, word for word."""

    id: UUID
    backup_set_id: UUID | None
    choice: str
    words: str
    text: str
    text_sha256: str
    made_by_name: str
    strength: str
    made_at: datetime
    replaced_at: datetime | None


class NoticeShown(Shown):
    """``kind``: sixty, thirty, seven or after; ``covers``: earlier ones that it said with it."""

    id: UUID
    backup_set_id: UUID
    kind: str
    until: date
    due_on: date
    covers: list[str]
    given_on: date


class HoldShown(Shown):
    id: UUID
    client_id: UUID
    title: str
    description: str
    asked_by: str
    whole_client: bool
    set_ids: list[UUID]
    review_on: date
    placed_by_name: str
    placed_at: datetime
    lift_asked_by_name: str
    lift_asked_at: datetime | None
    lift_reason: str
    lifted_by_name: str
    lifted_at: datetime | None


_HOLD = ("id", "client_id", "title", "description", "asked_by", "whole_client", "review_on", "placed_by_name", "placed_at",
         "lift_asked_by_name", "lift_asked_at", "lift_reason", "lifted_by_name", "lifted_at")  # fmt: skip


def hold_shown(row: queries.Hold) -> HoldShown:
    """A hold without its internal note, which leaves by no answer."""
    shown: dict[str, Any] = {name: getattr(row, name) for name in _HOLD}
    return HoldShown(**shown, set_ids=[one.backup_set_id for one in row.sets.all()])


class HoldGiven(Given):
    """``whole_client``, or ``sets``: exactly one of them. ``internal_note`` is kept and never given out (R4)."""

    title: Annotated[Line, Field(min_length=1, max_length=200)]
    description: Annotated[Words, Field(max_length=8000)]
    asked_by: Annotated[Line, Field(min_length=1, max_length=200)]
    review_on: Day
    whole_client: Flag = False
    sets: Annotated[list[Ref], Field(max_length=500)] = []
    internal_note: Annotated[Text, Field(max_length=8000)] = ""


class Reason(Given):
    reason: Title


class Said(Given):
    words: Annotated[Words, Field(max_length=4000)]


class Removal(Given):
    """``never_existed``: it was recorded by mistake; only an owner says so, and the client is told."""

    reason: Title
    never_existed: Flag = False


class ItemGiven(Given):
    item: Ref


class Review(Given):
    review_on: Day
    words: Annotated[Words, Field(max_length=4000)]


class AccessGiven(Given):
    """The secret of the storage's access key: stored sealed, never given out."""

    secret: Annotated[str, Field(min_length=1, max_length=4096, pattern=LINE)]
