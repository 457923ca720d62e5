# SPDX-License-Identifier: Apache-2.0
"""RFC 8785 canonical JSON: one value, exactly one byte string.

Floats are refused altogether: nothing in a ledger needs one, and their text differs
between languages. Whole numbers stay within +-(2**53 - 1), as I-JSON (RFC 7493) asks.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring as _quote  # RFC 8785 3.2.2.2: exactly these escapes
from typing import Any

MAX_INT = 2**53 - 1
MAX_DEPTH = 64


class CanonicalError(ValueError):
    """The value or the bytes have no canonical form; the sentence says why."""


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _write(value: Any, out: list[str], depth: int) -> None:
    if value is None:
        out.append("null")
    elif value is True:
        out.append("true")
    elif value is False:
        out.append("false")
    elif isinstance(value, str):
        out.append(_quote(value))
    elif isinstance(value, int):
        if not -MAX_INT <= value <= MAX_INT:
            raise CanonicalError("A number lies outside +-(2^53 - 1); write it as a string.")
        out.append(int.__repr__(value))
    elif isinstance(value, dict):
        if depth >= MAX_DEPTH:
            raise CanonicalError(f"The value is nested deeper than {MAX_DEPTH} levels.")
        if not all(isinstance(key, str) for key in value):
            raise CanonicalError("Every key of an object must be a string.")
        separator = "{"
        # RFC 8785 3.2.3 sorts by UTF-16 code units, which differs from code points above U+FFFF.
        for key in sorted(value) if "".join(value).isascii() else sorted(value, key=_utf16):
            out.append(separator)
            out.append(_quote(key))
            out.append(":")
            _write(value[key], out, depth + 1)
            separator = ","
        out.append("}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        if depth >= MAX_DEPTH:
            raise CanonicalError(f"The value is nested deeper than {MAX_DEPTH} levels.")
        separator = "["
        for element in value:
            out.append(separator)
            _write(element, out, depth + 1)
            separator = ","
        out.append("]" if value else "[]")
    elif isinstance(value, float):
        raise CanonicalError("Fractional numbers are not allowed here; write them as strings.")
    else:
        raise CanonicalError(f"A value of type {type(value).__name__} has no JSON form.")


def dumps(value: Any) -> bytes:
    """Return the canonical UTF-8 bytes of ``value`` (dict, list, tuple, str, int, bool, None).

    Raises CanonicalError for floats, NaN, large numbers, lone surrogates, other types.
    """
    out: list[str] = []
    try:
        _write(value, out, 0)
        return "".join(out).encode("utf-8")
    except UnicodeEncodeError:
        raise CanonicalError("A string holds half of a surrogate pair.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise CanonicalError("An object has the same key twice.")
    return result


def _int(digits: str) -> int:
    if len(digits) > 17:
        raise CanonicalError("A number lies outside +-(2^53 - 1).")
    return int(digits)


def _refuse(text: str) -> Any:
    raise CanonicalError(f"The number {text[:20]!r} is not allowed here.")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_int, parse_float=_refuse, parse_constant=_refuse
)


def loads_strict(data: bytes) -> Any:
    """Parse ``data`` and return its value only if ``data`` is its canonical form.

    Raises CanonicalError for anything else: duplicate keys, spaces, other escapes, other order.
    """
    try:
        value = _decoder.decode(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise CanonicalError("The bytes are not UTF-8.") from None
    except RecursionError:
        raise CanonicalError(f"The value is nested deeper than {MAX_DEPTH} levels.") from None
    except json.JSONDecodeError as error:
        raise CanonicalError(f"This is not JSON (character {error.pos}).") from None
    if dumps(value) != data:
        raise CanonicalError("The JSON is not in canonical form (RFC 8785).")
    return value
