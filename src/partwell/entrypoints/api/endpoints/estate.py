# SPDX-License-Identifier: AGPL-3.0-or-later
"""Items of the estate: list, add, change, classify in bulk, documents and pictures."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from partwell.actions.estate.add_item import add_item
from partwell.actions.estate.change_item import change_item, remove_item
from partwell.actions.estate.classify_items import ItemFilter, classify_items, preview_classification
from partwell.entrypoints.api.endpoints.common import (
    After,
    Limit,
    actor_of,
    client_here,
    found,
)
from partwell.entrypoints.api.fields import Done, Flag, Given, Line, PathId, Ref, Shown, Text, Title, Whole
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.estate import lists
from partwell.records.estate.queries import item_of
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Category, Custodian, ItemKind, Owner, Sensitivity

router = Router()


Details = Annotated[
    dict[Annotated[Line, Field(max_length=120)], Annotated[Text, Field(max_length=4000)]],
    Field(max_length=100),
]


class FileShown(Shown):
    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str


class ItemShown(Shown):
    """An item; ``secret_fields`` names which secrets are stored, never their values."""

    id: UUID
    client_id: UUID
    site_id: UUID | None
    title: str
    category: str
    kind: str
    owner: str
    custodian: str
    sensitivity: str
    critical: bool
    internal: bool
    endpoint: bool
    details: dict[str, Any]
    handover: dict[str, Any]
    secret_fields: list[str]
    document: FileShown | None
    version: int
    row_version: int
    external_id: str
    standing: str = Field(description="here, asked, released, confirmed or objected")
    added_at: datetime


class ItemFields(Given):
    owner: Owner | None = None
    custodian: Custodian | None = None
    sensitivity: Sensitivity | None = None
    critical: Flag | None = None
    internal: Flag | None = None
    endpoint: Flag | None = None
    details: Details | None = None
    external_id: Annotated[Line, Field(max_length=200)] | None = None
    site_id: Ref | None = None


class NewItem(ItemFields):
    title: Title
    category: Category
    kind: ItemKind


class ItemChange(ItemFields):
    title: Title | None = None
    category: Category | None = None
    kind: ItemKind | None = None
    row_version: Annotated[Whole, Field(ge=0, le=2_147_483_647)] | None = Field(
        None, description="What you looked at; another is version_conflict."
    )


class Removal(Given):
    reason: Title


class Rule(Given):
    """Which items; fields left empty do not filter, so an empty rule means all."""

    category: Category | None = None
    kind: ItemKind | None = None
    owner: Owner | None = None
    source: Annotated[Line, Field(max_length=40)] = ""
    words: Line = ""
    item_ids: Annotated[list[Ref], Field(max_length=5000)] = []

    def filter(self) -> ItemFilter:
        """As the action takes it."""
        plain = {
            name: value.value if value else ""
            for name, value in (("category", self.category), ("kind", self.kind), ("owner", self.owner))
        }
        return ItemFilter(**plain, source=self.source, words=self.words, item_ids=tuple(self.item_ids))


class Sets(Given):
    category: Category | None = None
    owner: Owner | None = None
    custodian: Custodian | None = None
    sensitivity: Sensitivity | None = None
    critical: Flag | None = None

    def values(self) -> dict[str, Any]:
        """What is set, as plain values."""
        return self.model_dump(mode="json", exclude_none=True)


class Classification(Given):
    rule: Rule
    set: Sets
    expected: Annotated[Whole, Field(ge=0, le=2_147_483_647)] | None = Field(
        None, description="How many the preview said would change."
    )


class ClassificationPreview(Shown):
    matching: int
    changing: int
    released: int
    titles: list[str]


def show_item(row: Any) -> ItemShown:
    """An item annotated with its standing."""
    return ItemShown.model_validate(row)


def shown(client_id: UUID, row: Any) -> ItemShown | Refusal:
    """What an action gave, read again with its standing."""
    return row if isinstance(row, Refusal) else show_item(found(item_of(client_id, row.id)))


@operation(
    router,
    "GET",
    "/clients/{client_id}/items",
    scope="estate:read",
    verb="estate.read",
    response=Page[ItemShown],
)
def list_items(
    request: HttpRequest,
    client_id: PathId,
    category: Annotated[Category | None, Query(None)] = None,
    kind: Annotated[ItemKind | None, Query(None)] = None,
    owner: Annotated[Owner | None, Query(None)] = None,
    custodian: Annotated[Custodian | None, Query(None)] = None,
    sensitivity: Annotated[Sensitivity | None, Query(None)] = None,
    standing: Annotated[str | None, Query(None, pattern="^(here|asked|released|confirmed|objected)$")] = None,
    words: Annotated[Line | None, Query(None)] = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[ItemShown]:
    """A client's items, filtered. Staff see internal ones too; they never leave (R4)."""
    client_here(client_id)
    filters = {
        "category": category,
        "kind": kind,
        "owner": owner,
        "custodian": custodian,
        "sensitivity": sensitivity,
        "standing": standing,
    }
    plain = {name: str(value or "") for name, value in filters.items()}
    of = f"items:{client_id}:{sorted(plain.items())}:{words or ''}"
    return page_of(lists.items(client_id, plain, words or ""), show_item, of=of, cursor=cursor, limit=limit)


@operation(
    router,
    "POST",
    "/clients/{client_id}/items",
    scope="estate:write",
    verb="item.add",
    response=ItemShown,
    status=201,
)
def post_item(request: HttpRequest, client_id: PathId, body: NewItem) -> ItemShown | Refusal:
    """Add an item."""
    return shown(
        client_id,
        add_item(
            actor=actor_of(request), client_id=client_id, **body.model_dump(mode="python", exclude_none=True)
        ),
    )


@operation(
    router,
    "GET",
    "/clients/{client_id}/items/{item_id}",
    scope="estate:read",
    verb="estate.read",
    response=ItemShown,
)
def get_item(request: HttpRequest, client_id: PathId, item_id: PathId) -> ItemShown:
    """One item."""
    return show_item(found(item_of(client_id, item_id)))


@operation(
    router,
    "PATCH",
    "/clients/{client_id}/items/{item_id}",
    scope="estate:write",
    verb="item.change",
    response=ItemShown,
)
def patch_item(
    request: HttpRequest, client_id: PathId, item_id: PathId, body: ItemChange
) -> ItemShown | Refusal:
    """Change some of an item's fields; its version grows, so that what was approved of the old one no longer fits."""
    sent = body.model_dump(exclude_unset=True)
    changes = {name: value for name, value in sent.items() if value is not None or name == "site_id"}
    return shown(
        client_id, change_item(actor=actor_of(request), client_id=client_id, item_id=item_id, **changes)
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/{item_id}/remove",
    scope="estate:write",
    verb="item.change",
    response=Done,
)
def post_item_removal(
    request: HttpRequest, client_id: PathId, item_id: PathId, body: Removal
) -> Done | Refusal:
    """Take an item off the estate, with a reason. A released one stays (R4)."""
    row = remove_item(actor=actor_of(request), client_id=client_id, item_id=item_id, reason=body.reason)
    return row if isinstance(row, Refusal) else Done(count=1)


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/classify/preview",
    scope="estate:read",
    verb="estate.read",
    response=ClassificationPreview,
    does=False,
)
def preview_classify(
    request: HttpRequest, client_id: PathId, body: Classification
) -> ClassificationPreview | Refusal:
    """How many items a rule meets and would change. Writes nothing."""
    client_here(client_id)
    row = preview_classification(client_id, body.rule.filter(), body.set.values())
    return row if isinstance(row, Refusal) else ClassificationPreview.model_validate(row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/classify",
    scope="estate:write",
    verb="item.classify",
    response=Done,
)
def post_classify(request: HttpRequest, client_id: PathId, body: Classification) -> Done | Refusal:
    """Set the same values on all items that a rule meets; gives how many changed."""
    count = classify_items(
        actor=actor_of(request),
        client_id=client_id,
        rule=body.rule.filter(),
        sets=body.set.values(),
        expected=body.expected,
    )
    return count if isinstance(count, Refusal) else Done(count=count)
