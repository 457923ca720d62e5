# SPDX-License-Identifier: AGPL-3.0-or-later
"""A calendar invitation in words, for a mail that says nothing else: what, when, where, by whom. Never raises for any bytes."""

import re

from partwell.importers.base import clean
from partwell.importers.mail_charset import decode

_METHODS = {"REQUEST": "Invitation", "CANCEL": "Cancelled", "REPLY": "Answer to an invitation", "COUNTER": "Another time is proposed"}  # fmt: skip
_ANSWERS = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "perhaps"}
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{2}(Z?))?")
_LINES = 2000


def in_words(data: bytes, charset: str | None = None) -> str:
    """The first event of an iCalendar file (RFC 5545) as lines of text; "" where there is none."""
    text = re.sub(r"\r?\n[ \t]", "", decode(data[: 256 * 1024], charset or "utf-8"))
    method, inside, found = "", False, dict[str, tuple[str, str]]()
    for line in text.splitlines()[:_LINES]:
        head, _, value = line.partition(":")
        name, _, parameters = head.partition(";")
        name = name.strip().upper()
        if name == "METHOD":
            method = value.strip().upper()
        elif name in ("BEGIN", "END") and value.strip().upper() == "VEVENT":
            if inside:
                break
            inside = name == "BEGIN"
        elif inside:
            found.setdefault(name, (parameters, value.strip()))
    if not found:
        return ""
    rows = [(_METHODS.get(method, "Calendar entry"), _plain(found, "SUMMARY")), ("From", _moment(found, "DTSTART")), ("Until", _moment(found, "DTEND")),
            ("Where", _plain(found, "LOCATION")), ("By", _who(found, "ORGANIZER"))]  # fmt: skip
    if method == "REPLY" and "ATTENDEE" in found:
        state = re.search(r"PARTSTAT=([A-Z-]+)", found["ATTENDEE"][0].upper())
        rows.append((_who(found, "ATTENDEE"), _ANSWERS.get(state[1], "no answer yet") if state else ""))
    lines = [f"{label}: {value}" for label, value in rows if value]
    return "\n".join([*lines, *(["", words] if (words := _plain(found, "DESCRIPTION", 5000)) else [])])


def _plain(found: dict[str, tuple[str, str]], name: str, longest: int = 300) -> str:
    value = found.get(name, ("", ""))[1]
    return clean(
        re.sub(r"\\(.)", lambda sign: "\n" if sign[1] in "nN" else sign[1], value[: 2 * longest]), longest
    )


def _moment(found: dict[str, tuple[str, str]], name: str) -> str:
    parameters, value = found.get(name, ("", ""))
    at = _TIME.match(value)
    if at is None:
        return ""
    day = f"{at[1]}-{at[2]}-{at[3]}"
    zone = re.search(r'TZID="?([^";:]{1,60})', parameters)
    where = " UTC" if at[6] else f" ({clean(zone[1], 60)})" if zone else ""
    return f"{day} {at[4]}:{at[5]}{where}" if at[4] else day


def _who(found: dict[str, tuple[str, str]], name: str) -> str:
    parameters, value = found.get(name, ("", ""))
    address = clean(re.sub(r"(?i)^mailto:", "", value), 320)
    named = re.search(r'CN="?([^";:]{1,200})', parameters)
    return f"{clean(named[1], 200)} <{address}>" if named and address else address
