# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backup sets with all that decides their day (R6, R13). The client's own choice and waiver are signed in its portal."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from partwell.actions.retention.only_copies import name_only_copy, record_handed_over, unname_only_copy
from partwell.actions.retention.record_set import change_set, record_return, record_set
from partwell.actions.retention.remove_set import remove_set
from partwell.connectors.secret import Secret
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.endpoints.retention_shown import (
    AccessGiven,
    ItemGiven,
    OnlyCopyShown,
    Reason,
    Removal,
    Said,
    SetChange,
    SetGiven,
    SetShown,
    SetWhole,
    facts_given,
    set_whole,
    sets_shown,
)
from partwell.entrypoints.api.fields import PathId
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.retention import lists, queries
from partwell.rules.refusals import Refusal

router = Router()


def _whole(made: queries.BackupSet | Refusal) -> SetWhole | Refusal:
    return made if isinstance(made, Refusal) else set_whole(found(queries.set_of(made.id)))


def set_here(set_id: UUID) -> queries.BackupSet:
    """The set, or 404."""
    return found(queries.set_of(set_id))


@operation(router, "GET", "/clients/{client_id}/sets", scope="retention:read", verb="retention.read", response=Page[SetShown])  # fmt: skip
def list_sets(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[SetShown]:
    """A client's backup sets and archives in the order they were recorded, those that are gone too, with what stands about each."""
    client_here(client_id)
    rows = page_of(
        lists.real_sets(client_id), lambda row: row, of=f"sets:{client_id}", cursor=cursor, limit=limit, by=("recorded_at", "id")
    )  # fmt: skip
    return Page(items=sets_shown(rows.items), next=rows.next)


@operation(router, "POST", "/clients/{client_id}/sets", scope="retention:write", verb="set.record", response=SetWhole, status=201)  # fmt: skip
def post_set(request: HttpRequest, client_id: PathId, body: SetGiven) -> SetWhole | Refusal:
    """Record a set: from now on it is promised. Places that overlap with another set's are refused."""
    return _whole(record_set(actor=actor_of(request), client_id=client_id, facts=facts_given(body)))


@operation(router, "GET", "/sets/{set_id}", scope="retention:read", verb="retention.read", response=SetWhole)
def get_set(request: HttpRequest, set_id: PathId) -> SetWhole | Refusal:
    """One set: until when, why, what argues with it, what holds it."""
    return set_whole(set_here(set_id))


@operation(router, "PATCH", "/sets/{set_id}", scope="retention:write", verb="set.record", response=SetWhole)
def patch_set(request: HttpRequest, set_id: PathId, body: SetChange) -> SetWhole | Refusal:
    """Change some of a set's fields; what is not named stays. Its day moves with them, and the client is told."""
    row = set_here(set_id)
    return _whole(change_set(actor=actor_of(request), set_id=set_id, facts=facts_given(body, row)))


@operation(router, "POST", "/sets/{set_id}/access", scope="retention:write", verb="set.record", response=SetWhole)  # fmt: skip
def post_set_access(request: HttpRequest, set_id: PathId, body: AccessGiven) -> SetWhole | Refusal:
    """Store the secret of the storage's access key; nothing here ever gives it back (R16)."""
    row = set_here(set_id)
    made = change_set(
        actor=actor_of(request), set_id=set_id, facts=facts_given(SetChange(), row), secret=Secret(body.secret)
    )  # fmt: skip
    return _whole(made)


@operation(router, "POST", "/sets/{set_id}/return", scope="retention:write", verb="set.return", response=SetWhole)  # fmt: skip
def post_set_return(request: HttpRequest, set_id: PathId, body: Said) -> SetWhole | Refusal:
    """Record that the set's data reached the client, and how."""
    return _whole(record_return(actor=actor_of(request), set_id=set_id, words=body.words))


@operation(
    router, "POST", "/sets/{set_id}/remove", scope="retention:write", verb="set.remove", response=SetShown
)
def post_set_removal(request: HttpRequest, set_id: PathId, body: Removal) -> SetShown | Refusal:
    """Take a set off the list. What was promised leaves it by its deletion and certificate only."""
    made = remove_set(
        actor=actor_of(request), set_id=set_id, reason=body.reason, never_existed=body.never_existed
    )
    return made if isinstance(made, Refusal) else sets_shown([made])[0]


@operation(router, "GET", "/sets/{set_id}/only-copies", scope="retention:read", verb="retention.read", response=Page[OnlyCopyShown])  # fmt: skip
def list_only_copies(
    request: HttpRequest, set_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[OnlyCopyShown]:
    """Client-owned items whose only copy lies in a set, settled ones too."""
    set_here(set_id)
    rows = lists.only_copies(set_id)
    return page_of(
        rows, OnlyCopyShown.model_validate, of=f"only-copies:{set_id}", cursor=cursor, limit=limit, by=("named_at", "id")
    )  # fmt: skip


@operation(router, "POST", "/sets/{set_id}/only-copies", scope="retention:write", verb="only_copy.settle", response=OnlyCopyShown, status=201)  # fmt: skip
def post_only_copy(request: HttpRequest, set_id: PathId, body: ItemGiven) -> OnlyCopyShown | Refusal:
    """Say that the only copy of an item lies in this set: nothing of it is deleted before that is settled (R6)."""
    made = name_only_copy(actor=actor_of(request), set_id=set_id, item_id=body.item)
    return made if isinstance(made, Refusal) else OnlyCopyShown.model_validate(made)


@operation(router, "POST", "/only-copies/{only_copy_id}/handed-over", scope="retention:write", verb="only_copy.settle", response=OnlyCopyShown)  # fmt: skip
def post_only_copy_handed_over(
    request: HttpRequest, only_copy_id: PathId, body: Said
) -> OnlyCopyShown | Refusal:
    """The item reached the client out of the set."""
    made = record_handed_over(actor=actor_of(request), copy_id=only_copy_id, words=body.words)
    return made if isinstance(made, Refusal) else OnlyCopyShown.model_validate(made)


@operation(router, "POST", "/only-copies/{only_copy_id}/remove", scope="retention:write", verb="only_copy.settle", response=OnlyCopyShown)  # fmt: skip
def post_only_copy_removal(
    request: HttpRequest, only_copy_id: PathId, body: Reason
) -> OnlyCopyShown | Refusal:
    """There is another copy after all."""
    made = unname_only_copy(actor=actor_of(request), copy_id=only_copy_id, reason=body.reason)
    return made if isinstance(made, Refusal) else OnlyCopyShown.model_validate(made)
