# SPDX-License-Identifier: AGPL-3.0-or-later
"""The few statements that every step of the program runs, written once a process instead of once a call.

Django builds each statement anew from the query; that takes ten times what SQLite then takes to run it, and a mail is some
fifty statements. What stands here is an INSERT or UPDATE of whole rows and a SELECT by equality, nothing cleverer: values
go through the fields' own converters, the guard sees every statement, and what needs more is a queryset as before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import connection, models, transaction
from django.db.models import QuerySet

Row = TypeVar("Row", bound=models.Model)
_MANY = 50  # rows from which on Django's own way is no dearer, and on PostgreSQL better
_known: dict[tuple[Any, ...], Any] = {}


def _once(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    """What ``make`` gives for this database's kind, made once. A race makes it twice, with the same outcome."""
    whole = (connection.vendor, *key)
    if whole not in _known:
        _known[whole] = make()
    return _known[whole]


def _fields(model: type[models.Model]) -> "tuple[models.Field[Any, Any], ...]":
    """The columns that are written: all but a number that the database gives."""
    meta = model._meta
    if meta.parents or not meta.managed:
        raise TypeError(f"{model.__name__} is no table of its own.")
    return tuple(one for one in meta.concrete_fields if one is not meta.auto_field)


def _quoted(name: str | None) -> str:
    if name is None:
        raise TypeError("A field without a column cannot be asked for.")
    return connection.ops.quote_name(name)


def insert(rows: Sequence[models.Model]) -> None:
    """Insert new rows of one model; nothing for none. An identifier that the database gives is not read back."""
    if not rows:
        return
    model = type(rows[0])
    if len(rows) > _MANY:
        model._base_manager.bulk_create(rows, batch_size=2000)
        return
    fields = _once(("fields", model), lambda: _fields(model))
    head, one = _once(("insert", model), lambda: _insert(model, fields))
    values: list[Any] = []
    for row in rows:
        row._prepare_related_fields_for_save(operation_name="save")  # type: ignore[attr-defined]  # an unsaved relation is refused
        values += [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
        cursor.execute(head + ", ".join([one] * len(rows)), values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _insert(model: type[models.Model], fields: "Sequence[models.Field[Any, Any]]") -> tuple[str, str]:
    names = ", ".join(_quoted(field.column) for field in fields)
    # Names of our own models; values are parameters.
    return f"INSERT INTO {_quoted(model._meta.db_table)} ({names}) VALUES ", f"({', '.join(['%s'] * len(fields))})"  # fmt: skip  # noqa: S608  # names of our own models, no value


def update(row: models.Model, version: int) -> int:
    """Write all columns of a row that still has ``row_version`` ``version``; how many rows that was, 0 or 1."""
    model = type(row)
    fields = _once(("changing", model), lambda: tuple(one for one in _fields(model) if not one.primary_key))
    text = _once(("update", model), lambda: _update(model, fields))
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    key = model._meta.pk.get_db_prep_value(row.pk, connection)  # every model has one
    with transaction.mark_for_rollback_on_error(connection.alias), connection.cursor() as cursor:
        cursor.execute(text, [*values, key, version])
        return int(cursor.rowcount)


def _update(model: type[models.Model], fields: "Sequence[models.Field[Any, Any]]") -> str:
    setting = ", ".join(f"{_quoted(field.column)} = %s" for field in fields)
    key = _quoted(model._meta.pk.column)
    return f'UPDATE {_quoted(model._meta.db_table)} SET {setting} WHERE {key} = %s AND "row_version" = %s'  # noqa: S608  # names of our own models, no value


def find(model: type[Row], *, lock: bool = False, **equal: Any) -> list[Row]:
    """The rows whose columns (``client_id``, not ``client``) have these values; None is NULL. In no order.

    ``lock``: until the transaction ends, where the database locks rows.
    """
    text, columns = _once(
        ("find", model, lock, *((name, value is None) for name, value in equal.items())),
        lambda: _find(model, lock, equal),
    )
    with connection.cursor() as cursor:
        cursor.execute(text, _asked(model, equal))
        found = cursor.fetchall()
    names, converters = columns
    return [model.from_db(connection.alias, names, _converted(list(row), converters)) for row in found]


def _asked(model: type[models.Model], equal: dict[str, Any]) -> list[Any]:
    return [
        model._meta.get_field(name).get_db_prep_value(value, connection)  # type: ignore[union-attr]  # a column's
        for name, value in equal.items()
        if value is not None
    ]


def _find(model: type[models.Model], lock: bool, equal: dict[str, Any]) -> tuple[str, Any]:
    meta = model._meta
    by = {field.attname: field for field in meta.concrete_fields}
    table = _quoted(meta.db_table)
    wanted = [f"{_quoted(by[name].column)} {'IS NULL' if value is None else '= %s'}" for name, value in equal.items()]  # fmt: skip
    names = ", ".join(_quoted(field.column) for field in meta.concrete_fields)
    text = f"SELECT {names} FROM {table} WHERE {' AND '.join(wanted)}"  # noqa: S608  # names of our own models
    if lock and connection.features.has_select_for_update:
        text += " FOR UPDATE"
    converters = []
    for place, field in enumerate(meta.concrete_fields):
        column = field.get_col(meta.db_table)
        found = [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)]
        if found:
            converters.append((place, column, tuple(found)))
    return text, ([field.attname for field in meta.concrete_fields], tuple(converters))


def _converted(row: list[Any], converters: Sequence[tuple[int, Any, tuple[Any, ...]]]) -> list[Any]:
    for place, column, functions in converters:
        for function in functions:
            row[place] = function(row[place], column, connection)
    return row


class Prepared:
    """A queryset of plain values (``values_list``), compiled once; its arguments are ids, moments (aware) and texts.

    ``make`` gets one value of each of ``kinds`` and compares columns with them; they must reach the statement as they are
    (equality, greater, less), and nothing else of the queryset may vary. Values come as the database has them: texts, numbers, and
    whether something is None; an id goes through ``UUID(…)`` by :func:`identifier`.
    """

    def __init__(self, make: "Callable[..., QuerySet[Any, Any]]", *kinds: type) -> None:
        self._make = make
        self._kinds = kinds

    def rows(self, *given: UUID | datetime | str) -> list[tuple[Any, ...]]:
        """All its rows; one query."""
        if tuple(map(type, given)) != self._kinds:
            raise TypeError("It asks for other arguments.")
        text, parameters = _once(("prepared", self), self._compiled)
        forms = [_form(one) for one in given]
        with connection.cursor() as cursor:
            cursor.execute(text, [forms[one.place] if isinstance(one, _Place) else one for one in parameters])
            return list(cursor.fetchall())

    def _compiled(self) -> tuple[str, tuple[Any, ...]]:
        standing = [_STANDING[kind](number) for number, kind in enumerate(self._kinds)]
        text, parameters = self._make(*standing).query.sql_with_params()
        forms = [_form(one) for one in standing]
        found = tuple(_Place(forms.index(one)) if one in forms else one for one in parameters)
        if {one.place for one in found if isinstance(one, _Place)} != set(range(len(forms))):
            raise TypeError("An argument does not reach the statement as it is.")
        return text, found


_STANDING: dict[type, Callable[[int], Any]] = {
    UUID: lambda _number: uuid4(),
    str: lambda _number: f"standing-{uuid4().hex}",
    datetime: lambda number: datetime(1, 2, 3, 4, 5, 6, 7 + number, tzinfo=UTC),
}


def _form(value: UUID | datetime | str) -> Any:
    """As this database takes it."""
    if isinstance(value, UUID):
        return value if connection.features.has_native_uuid_field else value.hex
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def identifier(value: UUID | str) -> UUID:
    """An id as ``Prepared`` gives it."""
    return value if isinstance(value, UUID) else UUID(hex=value)


@dataclass(frozen=True)
class _Place:
    """Where an argument stands among a statement's parameters."""

    place: int
