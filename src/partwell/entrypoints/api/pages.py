# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lists in pages: a signed cursor that names the last row shown. No offsets, which skip rows and overflow."""

import base64
import hmac
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.utils.crypto import salted_hmac

from partwell.entrypoints.api.fields import Shown
from partwell.rules.refusals import Refused, refuse

T = TypeVar("T")
_SALT = "partwell.api.cursor"
_MAC = 16


class Page(Shown, Generic[T]):
    """One page: ``next`` is the cursor of the page after it, null on the last one."""

    items: list[T]
    next: str | None


def _mac(of: str, payload: bytes) -> bytes:
    return salted_hmac(_SALT, of.encode() + b"\0" + payload, algorithm="sha256").digest()[:_MAC]


def make_cursor(of: str, key: Sequence[Any]) -> str:
    """The cursor after ``key``; ``of`` names the list and its filters, so that it fits no other."""
    plain = [_as_json(value) for value in key]
    payload = json.dumps(plain, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_mac(of, payload) + payload).decode().rstrip("=")


def read_cursor(of: str, cursor: str, size: int) -> list[Any]:
    """The sort key in a cursor of ``make_cursor``; anything else is ``invalid_input``."""
    bad = Refused(
        refuse("invalid_input", where="The cursor", problem="it is not one that this list gave out.")
    )
    try:
        raw = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True
        )
    except ValueError as error:
        raise bad from error
    mac, payload = raw[:_MAC], raw[_MAC:]
    if len(mac) != _MAC or not hmac.compare_digest(mac, _mac(of, payload)):
        raise bad
    values = json.loads(payload)  # ours: the MAC says so
    if len(values) != size:
        raise bad
    return [_from_json(value) for value in values]


def _as_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, UUID):
        return {"u": value.hex}
    return value


def _from_json(value: Any) -> Any:
    if isinstance(value, dict):
        return datetime.fromisoformat(value["t"]) if "t" in value else UUID(hex=value["u"])
    return value


def page_of(
    rows: Any,
    show: Callable[[Any], T],
    *,
    of: str,
    cursor: str | None,
    limit: int,
    by: tuple[str, ...] = ("added_at", "id"),
    newest_first: bool = False,
) -> Page[T]:
    """One page of a queryset in the stable order ``by`` (its last field is unique), shown by ``show``."""
    sign = "-" if newest_first else ""
    rows = rows.order_by(*(f"{sign}{name}" for name in by))
    if cursor is not None:
        key = read_cursor(of, cursor, len(by))
        after = "lt" if newest_first else "gt"
        if len(by) == 1:
            rows = rows.filter(**{f"{by[0]}__{after}": key[0]})
        else:
            first, last = by
            rows = rows.filter(**{f"{first}__{after}e": key[0]}).exclude(
                **{first: key[0], f"{last}__{_NOT[after]}": key[1]}
            )
    found = list(rows[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    following = make_cursor(of, [getattr(found[-1], name) for name in by]) if more else None
    return Page[Any](items=[show(row) for row in found], next=following)


_NOT = {"gt": "lte", "lt": "gte"}
