# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which rows are a client's: every table that leads to one by foreign keys, in an order in which they can be deleted.

Found from the models, so that a new table cannot be forgotten: tests/flows/test_record_end.py fails for a committed
model that neither leads to a client nor stands on ``HOUSE``.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet

from partwell.records.authorisations.models import RecipientPerson
from partwell.records.base import Committed
from partwell.records.clients.models import Client, Contact
from partwell.records.evidence.models import ErasureRequest
from partwell.records.people.models import Passkey
from partwell.records.vault.models import StoredFile

# Rows of the house itself; they stay when a client's record goes. An end of a record names no client.
HOUSE = ("people.StaffMember", "people.Msp", "people.StaffInvitation", "people.ApiToken", "people.SigningIdentity",
         "billing.Series", "billing.Price", "estate.SourceMapping", "correspondence.LetterTemplate", "correspondence.Road")  # fmt: skip
Model = type[models.Model]


@cache
def paths() -> dict[Model, tuple[str, ...]]:
    """Model → the lookups that lead to its client, any of which makes a row the client's: its own ``client``, else the shortest way over keys, never empty ones first."""
    found: dict[Model, tuple[str, ...]] = {Client: ("pk",)}
    candidates = [
        model for model in apps.get_models() if model._meta.app_label != "people" and model is not Client
    ]
    for model in candidates:
        for field in model._meta.concrete_fields:
            if field.is_relation and field.related_model is Client and field.name == "client":
                found[model] = ("client",)
    optional = False
    while True:
        fresh: dict[Model, tuple[str, ...]] = {}
        for model in candidates:
            if model in found or model._meta.label in HOUSE:
                continue
            ways = [
                f"{field.name}__{found[field.related_model][0]}"
                for field in model._meta.concrete_fields
                if field.is_relation
                and field.related_model in found
                and field.related_model is not Client
                and (optional or not field.null)
            ]
            if ways:
                short = min(way.count("__") for way in ways)
                fresh[model] = tuple(sorted(way for way in ways if way.count("__") == short))
        if not fresh and optional:
            return found
        # Keys that may be empty come last: a row that has one is the client's (a digest that a contact chose).
        optional = not fresh
        found |= fresh


@cache
def _names_files() -> tuple[tuple[Model, str], ...]:
    """(model, key) of every client-bound key to a stored file."""
    return tuple(
        (model, str(field.attname))
        for model in paths()
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model is StoredFile
    )


def people_of(client_id: UUID) -> list[UUID]:
    """The client's contacts and the persons of its recipients."""
    persons = RecipientPerson.objects.filter(recipient__client_id=client_id).values_list("pk", flat=True)
    return [*Contact.objects.filter(client_id=client_id).values_list("pk", flat=True), *persons]


def rows_of(model: Model, client_id: UUID) -> "QuerySet[Any]":
    """This model's rows of the client."""
    rows = model._base_manager.all()
    if model is Passkey:
        return rows.filter(person_id__in=people_of(client_id))
    if model is ErasureRequest:
        return rows.filter(client_ref=client_id, kind="content")
    mine = Q()
    for way in paths()[model]:
        mine |= Q(**{way: client_id})
    if model is StoredFile:
        # Came in before anybody knew whose it was (a mail): it is theirs whose row names it.
        for other, key in _names_files():
            named = rows_of(other, client_id).exclude(**{key: None}).values(key)
            mine |= Q(client_id=None, pk__in=named)
    return rows.filter(mine)


def _refers(model: Model, to: Model) -> bool:
    return any(field.is_relation and field.related_model is to for field in model._meta.concrete_fields)


def refers_to_itself(model: Model) -> bool:
    """Whether rows of this model name others of it (an answer, a correction)."""
    return _refers(model, model)


@cache
def order() -> tuple[tuple[Model, ...], ...]:
    """Groups of models, children first; a group of several, or one that refers to itself, goes in one transaction."""
    left: set[Model] = {*paths(), Passkey, ErasureRequest}
    out: list[tuple[Model, ...]] = []
    while left:
        free = sorted(
            (m for m in left if not any(_refers(o, m) for o in left if o is not m)),
            key=lambda m: m._meta.db_table,
        )
        if free:
            out += [(one,) for one in free]
            left -= set(free)
            continue
        group = _smallest_circle(left)
        out.append(tuple(sorted(group, key=lambda m: m._meta.db_table)))
        left -= group
    return tuple(out)


def _smallest_circle(left: set[Model]) -> set[Model]:
    """A set of models that refer to each other and to which nothing outside of it refers."""

    def above(start: Model) -> set[Model]:  # whatever refers to it, however far
        seen, todo = {start}, [start]
        while todo:
            here = todo.pop()
            fresh = {other for other in left - seen if _refers(other, here)}
            seen |= fresh
            todo += fresh
        return seen

    return min((above(one) for one in left), key=len)


def committed_rows(client_id: UUID, size: int = 1000) -> Iterator[tuple[str, list[UUID]]]:
    """(table, ids) of every committed row of the client, in pieces, in the order of deletion."""
    for group in order():
        for model in group:
            if not issubclass(model, Committed):
                continue
            ids = list(rows_of(model, client_id).order_by("pk").values_list("pk", flat=True))
            for start in range(0, len(ids), size):
                yield model._meta.db_table, ids[start : start + size]
