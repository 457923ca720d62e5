# SPDX-License-Identifier: AGPL-3.0-or-later
"""iCalendar (RFC 5545, 5546) from plain values, the same bytes for the same values.

Written by hand, as mails are: the bytes are pinned by digest in the outbox. Moments are UTC, days are ``VALUE=DATE``, so
no VTIMEZONE is needed. No value can end a line: texts are escaped, what is a parameter is quoted and loses its quotes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from partwell.documents.texts import DocumentError

REQUEST, CANCEL, PUBLISH = "REQUEST", "CANCEL", "PUBLISH"
_PRODUCT = "-//Partwell//Partwell//EN"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LINES = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_UID = re.compile(r"[A-Za-z0-9.@_-]{1,200}\Z")
_ADDRESS = re.compile(r"[^\s\"<>:;,\\@\x00-\x1f\x7f-\x9f]{1,64}@[A-Za-z0-9.-]{1,253}\Z")
_WIDTH = 75  # octets a line, without its CRLF


@dataclass(frozen=True)
class Happening:
    """One thing in a calendar. ``starts`` a day or an aware moment; ``ends`` of a moment only (a day lasts all day).

    ``stamp``: when these words were written (aware). ``attendees``: name and address each.
    """

    uid: str
    stamp: datetime
    starts: date | datetime
    summary: str
    ends: datetime | None = None
    sequence: int = 0
    description: str = ""
    location: str = ""
    url: str = ""
    cancelled: bool = False
    organizer: tuple[str, str] | None = None
    attendees: tuple[tuple[str, str], ...] = ()


def invitation(one: Happening, method: str) -> bytes:
    """An invitation, its update (a higher ``sequence``) or its cancellation, as mails carry it (RFC 6047).

    Raises DocumentError for an unknown method, or without organizer or attendees.
    """
    if method not in (REQUEST, CANCEL):
        raise DocumentError("An invitation is a REQUEST or a CANCEL; pass one of them.")
    if one.organizer is None or not one.attendees:
        raise DocumentError("An invitation needs an organizer and somebody who attends; pass both.")
    return _calendar([f"METHOD:{method}"], [one])


def feed(name: str, happenings: Iterable[Happening]) -> bytes:
    """A calendar that programs subscribe to: its name and everything in it."""
    head = [f"METHOD:{PUBLISH}", f"X-WR-CALNAME:{_text(name)}", "REFRESH-INTERVAL;VALUE=DURATION:PT6H", "X-PUBLISHED-TTL:PT6H"]  # fmt: skip
    return _calendar(head, happenings)


def _calendar(head: list[str], happenings: Iterable[Happening]) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{_PRODUCT}", "CALSCALE:GREGORIAN", *head]
    for one in happenings:
        lines += _event(one)
    return b"".join(_fold(line) for line in [*lines, "END:VCALENDAR"])


def _event(one: Happening) -> list[str]:
    if not _UID.match(one.uid):
        raise DocumentError("A calendar's uid holds letters, digits and .@_- only; make another one.")
    lines = ["BEGIN:VEVENT", f"UID:{one.uid}", f"DTSTAMP:{_moment(one.stamp)}", f"SEQUENCE:{one.sequence:d}"]
    if isinstance(one.starts, datetime):
        lines.append(f"DTSTART:{_moment(one.starts)}")
        lines.append(f"DTEND:{_moment(one.ends or one.starts + timedelta(minutes=30))}")
    else:
        lines.append(f"DTSTART;VALUE=DATE:{one.starts:%Y%m%d}")
        lines.append(f"DTEND;VALUE=DATE:{one.starts + timedelta(days=1):%Y%m%d}")
        lines.append("TRANSP:TRANSPARENT")
    lines.append(f"SUMMARY:{_text(one.summary)}")
    for name, value in (("DESCRIPTION", one.description), ("LOCATION", one.location)):
        if value:
            lines.append(f"{name}:{_text(value)}")
    if one.url:
        lines.append(f"URL:{_url(one.url)}")
    lines.append("STATUS:CANCELLED" if one.cancelled else "STATUS:CONFIRMED")
    if one.organizer is not None:
        lines.append(f"ORGANIZER;CN={_quoted(one.organizer[0])}:{_mailto(one.organizer[1])}")
    for name, address in one.attendees:
        asked = "" if one.cancelled else ";PARTSTAT=NEEDS-ACTION;RSVP=TRUE"
        lines.append(
            f"ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT{asked};CN={_quoted(name)}:{_mailto(address)}"
        )
    return [*lines, "END:VEVENT"]


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise DocumentError("A moment in a calendar has no time zone; pass an aware time.")
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A TEXT value (RFC 5545, 3.3.11)."""
    lines = _LINES.sub("\n", value)
    escaped = lines.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")
    return _CONTROL.sub(" ", escaped)


def _quoted(value: str) -> str:
    """A quoted parameter; it can hold no quote (3.2), so those become apostrophes."""
    return '"' + _CONTROL.sub(" ", value).replace('"', "'") + '"'


def _mailto(address: str) -> str:
    if not _ADDRESS.match(address):
        raise DocumentError("An address in a calendar is not one; correct the person's mail address.")
    return "mailto:" + quote(address, safe="@!$&'*+-.=_`{|}~")


def _url(value: str) -> str:
    if _CONTROL.search(value) or " " in value or not value.startswith(("https://", "http://")):
        raise DocumentError("A calendar's link is no absolute https address; pass one.")
    return value


def _fold(line: str) -> bytes:
    """At most 75 octets a line (3.1), never within a character."""
    out, room, part = [], _WIDTH, b""
    for sign in line:
        octets = sign.encode("utf-8", "replace")
        if len(part) + len(octets) > room:
            out.append(part)
            part, room = b"", _WIDTH - 1
        part += octets
    return b"\r\n ".join([*out, part]) + b"\r\n"
