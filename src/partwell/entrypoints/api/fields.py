# SPDX-License-Identifier: AGPL-3.0-or-later
"""The kinds of values that the API takes and gives: bounded, without NUL, identifiers and money as strings."""

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    WithJsonSchema,
)

UUID_PATTERN = r"^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$"
_UUID = re.compile(UUID_PATTERN.replace("$", r"\Z"))
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})\Z", re.ASCII)
# One line: no control characters, so nothing that a mail header or a log line could break on.
LINE = r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*$"
TEXT = r"^[^\x00]*$"


def _ref(value: object) -> UUID:
    if not isinstance(value, str) or not _UUID.match(value):
        raise ValueError("This is not an identifier")
    return UUID(hex=value)


def _day(value: object) -> date:
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValueError("This is not a date such as 2026-03-31")
    day = date.fromisoformat(value)
    if not 1970 <= day.year <= 2200:
        raise ValueError("The year lies outside 1970 to 2200")
    return day


def _moment(value: object) -> datetime:
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise ValueError("This is not a moment with its offset such as 2026-03-31T09:30:00Z")
    moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if not 1970 <= moment.year <= 2200:
        raise ValueError("The year lies outside 1970 to 2200")
    return moment


def _no_surrogates(value: str) -> str:
    value.encode()  # UnicodeEncodeError is a ValueError: pydantic says so
    return value


if TYPE_CHECKING:
    PathId = UUID
    Ref = UUID
    Day = date
    Moment = datetime
else:
    # In a path: any string; ``operation`` turns it into a UUID, and what is none is simply not found.
    PathId = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
    Ref = Annotated[
        UUID,
        BeforeValidator(_ref),
        WithJsonSchema({"type": "string", "format": "uuid", "pattern": UUID_PATTERN}),
    ]
    Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
    Moment = Annotated[
        datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
    ]


def _line(most: int, least: int = 0) -> Any:
    return Annotated[
        str,
        StringConstraints(min_length=least, max_length=most, pattern=LINE),
        AfterValidator(_no_surrogates),
    ]


def _text(most: int, least: int = 0) -> Any:
    return Annotated[
        str,
        StringConstraints(min_length=least, max_length=most, pattern=TEXT),
        AfterValidator(_no_surrogates),
    ]


if TYPE_CHECKING:
    Line = str
    Short = str
    Name = str
    Title = str
    Text = str
    Words = str
    Address = str
    Money = str
    Hours = str
    Signed = str
    Rate = str
    Language = str
    Currency = str
    Cursor = str
    SecretText = str
    Limit = int
    Flag = bool
    Whole = int
else:
    Line = _line(300)
    Short = _line(40)
    Name = _line(160, 1)
    Title = _line(300, 1)
    Address = _line(254, 3)
    Text = _text(20_000)
    Words = _text(20_000, 1)
    SecretText = _text(65_536, 1)
    Money = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,8}(\.[0-9]{1,2})?$")]
    # Amounts that may lie below zero, with up to four places: prices and quantities of lines.
    Signed = Annotated[str, StringConstraints(pattern=r"^-?[0-9]{1,8}(\.[0-9]{1,4})?$")]
    Rate = Annotated[str, StringConstraints(pattern=r"^(100(\.0{1,3})?|[0-9]{1,2}(\.[0-9]{1,3})?)$")]
    Hours = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}(\.[0-9]{1,2})?$")]
    Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,4})?$")]
    Cursor = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9_.-]+$")]
    Limit = Annotated[int, Field(ge=1, le=200)]
    # In JSON true is true: neither 1 nor "yes", and 1 is no "1".
    Flag = StrictBool
    Whole = StrictInt


class Given(BaseModel):
    """What a request brings. Unknown fields are refused: a misspelt one must not be silently ignored."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=False)


class Shown(BaseModel):
    """What an answer brings, read from rows and dataclasses by attribute."""

    model_config = ConfigDict(from_attributes=True)


class Done(Shown):
    """Something was done that leaves nothing to show but its number."""

    count: int
