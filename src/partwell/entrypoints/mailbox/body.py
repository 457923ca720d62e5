# SPDX-License-Identifier: AGPL-3.0-or-later
"""The body of a mail service's call, as bytes: Django's own form parser would replace what is no UTF-8 and stop at 5 MiB."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from django.http import HttpRequest

LARGEST_CALL = 70 * 1024 * 1024
"""Bytes of the largest call: a mail of 50 MiB as Base64 in JSON. The services' own limits are 25 to 50 MB a mail."""
_MOST_FIELDS = 500
_LONGEST_HEAD = 16 * 1024
_PIECE = 1 << 20
_NAME = re.compile(rb';\s*name="([^"]{0,200})"', re.I)
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.I)


class Unreadable(ValueError):
    """The body is not what its type says."""


class Fields(Mapping[str, str]):
    """A form's fields. As text for signatures (ValueError where one is no UTF-8), as they came for the mail itself."""

    def __init__(self, found: dict[str, bytes]) -> None:
        self._found = found

    def raw(self, name: str) -> bytes | None:
        """A field's bytes; None where there is none."""
        return self._found.get(name)

    def dict(self) -> dict[str, str]:
        """All of them as text."""
        return {name: self[name] for name in self}

    def __getitem__(self, name: str) -> str:
        return self._found[name].decode()

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def read(request: HttpRequest) -> bytes | None:
    """The body; None where it is larger than a call may be."""
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > LARGEST_CALL:
        return None
    pieces, size = [], 0
    while piece := request.read(_PIECE):
        size += len(piece)
        if size > LARGEST_CALL:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def fields_of(body: bytes, content_type: str) -> Fields:
    """A form's fields, the last of each name; none of a body that is no form. Raises Unreadable for a broken one."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        try:
            found = parse_qsl(
                body.decode("latin-1"),
                keep_blank_values=True,
                encoding="latin-1",
                max_num_fields=_MOST_FIELDS,
            )
        except ValueError:
            raise Unreadable("The form has too many fields.") from None
        return Fields({_name(name.encode("latin-1")): value.encode("latin-1") for name, value in found})
    if kind != "multipart/form-data":
        return Fields({})
    boundary = _BOUNDARY.search(content_type)
    if boundary is None or not content_type.isascii():
        raise Unreadable("The form names no boundary.")
    return Fields(dict(_parts(body, b"\r\n--" + (boundary[1] or boundary[2]).encode())))


def _parts(body: bytes, mark: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and value of each part (RFC 7578)."""
    if body.startswith(mark[2:]):
        end = len(mark) - 2
    else:
        before = body.find(mark, 0, _LONGEST_HEAD)
        if before < 0:
            raise Unreadable("The form does not begin with its boundary.")
        end = before + len(mark)
    for _ in range(_MOST_FIELDS):
        if body[end : end + 2] == b"--":
            return
        start = body.find(b"\r\n\r\n", end, end + _LONGEST_HEAD)
        stop = body.find(mark, end)
        if body[end : end + 2] != b"\r\n" or start < 0 or stop < start + 4:
            raise Unreadable("The form breaks off.")
        head, value = body[end:start], body[start + 4 : stop]
        name = _NAME.search(head)
        if name is not None:
            yield _name(name[1]), value
        end = stop + len(mark)
    raise Unreadable("The form has too many fields.")


def _name(name: bytes) -> str:
    return name.decode("utf-8", "replace")
