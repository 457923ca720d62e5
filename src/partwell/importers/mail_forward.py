# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a forwarded mail says of the mail inside it: as Outlook, Gmail, Apple Mail and Thunderbird write it, in English and German.

Nothing of it is proof: whoever forwards can change every word. Never raises for any text.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from partwell.importers.mail_text import Address, one_line

INLINE, ATTACHED = "inline", "attached"
LONGEST = 20_000  # of the original's words, as a message may have
_MARKED = re.compile(r"^\s*\[?\s*(?:\[[^\]]{1,40}\]\s*)?(?:fwd?|wg)\s*:", re.I)
_REPLIES = re.compile(r"^\s*(?:\[[^\]]{1,40}\]\s*)?(?:re|aw|antw)\s*(?:\[\d+\])?\s*:", re.I)
_MARKER = re.compile(
    r"^[\s>]*(?:-{2,}\s*(?:Forwarded message|Original Message|Weitergeleitete Nachricht|Urspr(?:ü|ue)ngliche Nachricht"
    r"|Original-?Nachricht)\s*-{2,}|(?:Begin forwarded message|Anfang der weitergeleiteten (?:Nachricht|E-?Mail))\s*:|_{16,})\s*$",
    re.I,
)
_NAMES = {
    "from": "from", "von": "from", "date": "date", "sent": "date", "datum": "date", "gesendet": "date", "to": "to", "an": "to",
    "cc": "cc", "kopie": "cc", "subject": "subject", "betreff": "subject", "reply-to": "reply", "antwort an": "reply",
    "antwort-an": "reply", "bcc": "bcc", "importance": "other", "priorität": "other", "wichtigkeit": "other", "organization": "other",
    "organisation": "other", "message-id": "other", "attachments": "other", "anlagen": "other",
}  # fmt: skip
_LINE = re.compile(rf"^[\s>]*\*{{0,2}}({'|'.join(map(re.escape, _NAMES))})\s*:\*{{0,2}}[ \t]*(.*)$", re.I)
_MAILTO = re.compile(r"[<\[]\s*mailto:[^>\]]*[>\]]", re.I)
_ADDRESS = re.compile(r"[^\s<>\"'(),;:\[\]]{1,200}@[^\s<>\"'(),;:\[\]]{1,200}\.[^\s<>\"'(),;:\[\]]{1,60}")
_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan januar january jän jänner", "feb februar february", "mar mär mrz märz maerz march", "apr april", "mai may", "jun juni june",
         "jul juli july", "aug august", "sep sept september", "okt oct oktober october", "nov november", "dez dec dezember december"), 1)
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAYS = (
    re.compile(rf"\b(?P<d>\d{{1,2}})\.?\s+(?P<m>{_MONTH})\b\.?,?\s+(?P<y>\d{{4}})\b", re.I),
    re.compile(rf"\b(?P<m>{_MONTH})\b\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})\b", re.I),
    re.compile(r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})\b"),
    re.compile(r"\b(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})\b"),
)
_TIME = re.compile(
    r"(?P<h>\d{1,2}):(?P<n>\d{2})(?::(?P<s>\d{2}))?\s*(?:(?P<half>[ap])\.?\s?m\b\.?)?\s*(?:Uhr\s*)?(?P<zone>.*)$",
    re.I | re.S,
)
_ZONES = {"utc": 0, "gmt": 0, "z": 0, "cet": 1, "mez": 1, "cest": 2, "mesz": 2, "bst": 1, "wet": 0, "west": 1, "eet": 2, "eest": 3, "est": -5,
          "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}  # fmt: skip
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2}):?(\d{2})?\b", re.I)


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The mail inside a mail, as far as it says. ``how``: inline, attached, or "" where there is none.

    ``originals``: how many are attached. ``unread``: something attached is a mail that nobody can read here (.msg, broken).
    ``date``: aware, or naive where it names no zone; None where it cannot be read. ``text``: its words; ``note``: what stands above them.
    ``own``: signs of what the forwarder wrote. The last three are of an attached mail's headers.
    """

    how: str = ""
    marked: bool = False
    replies: bool = False
    originals: int = 0
    unread: bool = False
    name: str = ""
    address: str = ""
    date: datetime | None = None
    subject: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    text: str = ""
    own: int = 0
    message_id: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()


def marked(subject: str) -> bool:
    """Whether a subject says that the mail is forwarded (Fwd, FW, WG)."""
    return bool(_MARKED.match(subject))


def replies(subject: str) -> bool:
    """Whether a subject says that the mail is an answer (Re, AW)."""
    return bool(_REPLIES.match(subject))


def bare(subject: str) -> str:
    """The subject without what programs put before it, to compare two of them."""
    text = subject.strip()
    while True:
        cut = _MARKED.sub("", text) if _MARKED.match(text) else _REPLIES.sub("", text)
        if cut == text:
            return " ".join(text.strip("[] ").split()).casefold()
        text = cut.strip()


def own_words(text: str) -> str:
    """What somebody wrote above a forwarded mail, without the signature of their mail program."""
    kept = re.split(r"(?:^|\n)-- ?(?:\n|$)", text.strip(), maxsplit=1)[0]
    return "" if re.fullmatch(r"[\s>_*-]*", kept) else kept.strip()


def inline(text: str) -> Forwarded | None:
    """The first mail that is quoted with its headers in a text, or None."""
    lines = text[:200_000].split("\n")
    for number, line in enumerate(lines[:2000]):
        after_marker = bool(_MARKER.match(line))
        start = number + 1
        if after_marker:
            while start < len(lines) and start < number + 4 and not lines[start].strip(" >\t\r"):
                start += 1
        else:
            start = number
        found = _headers(lines, start) if start < len(lines) and _LINE.match(lines[start]) else None
        if found is None:
            continue
        fields, end = found
        if "from" not in fields or not ({"date", "subject"} & set(fields)) or len(fields) < 3:
            continue
        quoted = lines[start].lstrip().startswith(">")
        body = [re.sub(r"^\s*> ?", "", one) if quoted else one for one in lines[end:]]
        name, address = person(fields["from"])
        return Forwarded(
            how=INLINE, originals=1, name=name, address=address, date=date_of(fields.get("date", "")),
            subject=one_line(fields.get("subject", ""), 300), to=people(fields.get("to", "")), cc=people(fields.get("cc", "")),
            text="\n".join(body).strip()[:LONGEST], own=len(own_words("\n".join(lines[:number]))),
        )  # fmt: skip
    return None


def _headers(lines: list[str], start: int) -> tuple[dict[str, str], int] | None:
    """Header lines from ``start`` on, and where the words begin; an empty line or a line of another kind ends them."""
    fields: dict[str, str] = {}
    last = ""
    place = start
    while place < len(lines) and place < start + 40:
        line = lines[place].rstrip("\r")
        match = _LINE.match(line)
        bare_line = line.strip(" >\t*\u00a0")
        if match:
            last = _NAMES[match[1].casefold()]
            if last in fields and last != "other":  # the words begin with a header of their own
                break
            fields[last] = match[2].strip()
        elif not bare_line:
            if _more(lines, place, fields):  # some programs put every header into a paragraph of its own
                place += 1
                continue
            break
        elif last and (fields.get(last, "") == "" or fields[last].endswith((",", ";")) or line[:1] in " \t"):
            fields[last] = f"{fields.get(last, '')} {bare_line}".strip()
        else:
            break
        place += 1
    return (fields, place) if fields else None


def _more(lines: list[str], place: int, fields: dict[str, str]) -> bool:
    """Whether after an empty line there is one more header that was not there yet."""
    match = _LINE.match(lines[place + 1]) if place + 1 < len(lines) else None
    return match is not None and len(fields) < 6 and _NAMES[match[1].casefold()] not in fields


def person(text: str) -> tuple[str, str]:
    """Name and address of a line such as ``Name <a@b.example>``; "" for what it does not say."""
    text = text.replace("*", "").strip()[:2000]
    if _ADDRESS.search(_MAILTO.sub("", text)):
        text = _MAILTO.sub("", text)
    found = _ADDRESS.search(text.replace("mailto:", ""))
    if found is None:
        return one_line(re.sub(r"[<>\[\]\"]", "", text), 200), ""
    name = re.split(r"[<\[(]", text, maxsplit=1)[0].strip().strip("\"'").strip()
    return ("" if "@" in name else one_line(name, 200)), one_line(found[0].rstrip("."), 320)


def people(text: str) -> tuple[Address, ...]:
    """The people of a list; at most fifty, those without an address too. A comma before an address stands within a name."""
    text = text[:4000]
    pieces = text.split(";")
    if len(pieces) == 1:
        pieces = [""]
        for piece in text.split(","):
            if "@" in pieces[-1]:
                pieces.append(piece)
            else:
                pieces[-1] = f"{pieces[-1]},{piece}" if pieces[-1] else piece
    return tuple(Address(*one) for piece in pieces[:50] if any(one := person(piece)))


def date_of(text: str) -> datetime | None:
    """A date as mail programs print it; aware where it names a zone, naive where not, None where it cannot be read.

    Days and months of numbers alone with slashes are read by nobody for sure, so they are not.
    """
    text = text.replace("*", "").strip()[:200]
    try:
        parsed = parsedate_tz(text)
        if parsed is not None and parsed[9] is not None and re.search(r"[+-]\d{4}", text):
            return datetime(*parsed[:6], tzinfo=timezone(timedelta(seconds=parsed[9] or 0)))
        for pattern in _DAYS:
            day = pattern.search(text)
            if day is None:
                continue
            month = day["m"] if day["m"].isdigit() else _MONTHS[day["m"].casefold()]
            time = _TIME.search(text[day.end() :]) or _TIME.search(text[: day.start()])
            if time is None:
                return None
            hour = int(time["h"])
            if half := (time["half"] or "").casefold():
                hour = hour % 12 + (12 if half == "p" else 0)
            clock = int(day["y"]), int(month), int(day["d"]), hour, int(time["n"]), int(time["s"] or 0)
            when = datetime(*clock)  # noqa: DTZ001  # its zone is put on below, or by whoever knows ours
            zone = _zone(time["zone"])
            return when.replace(tzinfo=zone) if zone else when
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    return None


def _zone(text: str) -> timezone | None:
    text = text.strip(" ()")
    if offset := _OFFSET.match(text):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    word = re.match(r"[A-Za-z]{1,5}\b", text)
    if word is None or word[0].casefold() not in _ZONES:
        return None
    hours = _ZONES[word[0].casefold()]
    return timezone(timedelta(hours=hours)) if hours else UTC
