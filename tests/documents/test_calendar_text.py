# SPDX-License-Identifier: AGPL-3.0-or-later
"""Calendar files: read back by another program, whatever people typed; no line is too long, none is added."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from partwell.documents.calendar_text import CANCEL, REQUEST, Happening, feed, invitation
from partwell.documents.texts import DocumentError

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
WORDS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=200)


def one(**changes: object) -> Happening:
    values: dict[str, object] = {
        "uid": "a1@harbourline.example", "stamp": AT, "starts": AT, "ends": AT + timedelta(hours=1), "summary": "Handover",
        "organizer": ("Desk", "desk@harbourline.example"), "attendees": (("Mara", "mara@northwick.example"),), **changes,
    }  # fmt: skip
    return Happening(**values)  # type: ignore[arg-type]


@given(summary=WORDS, description=WORDS, name=WORDS, location=WORDS)
def test_words_never_leave_their_line(summary: str, description: str, name: str, location: str) -> None:
    raw = invitation(
        one(summary=summary, description=description, location=location, attendees=((name, "m@n.example"),)),
        REQUEST,
    )
    assert raw.endswith(b"\r\n") and all(len(line) <= 75 for line in raw.split(b"\r\n"))
    assert raw.replace(b"\r\n", b"").find(b"\n") == -1 and b"\r" not in raw.replace(b"\r\n", b"")
    unfolded = raw.replace(b"\r\n ", b"").decode().split("\r\n")
    names = [line.split(":")[0].split(";")[0] for line in unfolded if line]
    assert names.count("ATTENDEE") == 1 and names.count("BEGIN") == 2 and names.count("SUMMARY") == 1
    (event,) = Calendar.from_ical(raw).walk("VEVENT")
    if summary.isprintable():
        assert str(event["SUMMARY"]) == summary


def test_a_cancellation_and_a_day() -> None:
    raw = invitation(one(sequence=3, cancelled=True), CANCEL)
    assert b"METHOD:CANCEL" in raw and b"SEQUENCE:3" in raw and b"STATUS:CANCELLED" in raw
    shown = feed(
        "Northwick", [one(starts=date(2026, 12, 31), ends=None, organizer=None, attendees=(), url="https://p.example/x/")]
    )  # fmt: skip
    (event,) = Calendar.from_ical(shown).walk("VEVENT")
    assert event.decoded("DTSTART") == date(2026, 12, 31) and event.decoded("DTEND") == date(2027, 1, 1)
    assert invitation(one(), REQUEST) == invitation(one(), REQUEST)


@pytest.mark.parametrize(
    "bad",
    [
        {"uid": "a\r\nb"},
        {"attendees": (("x", "mara@northwick.example\r\nX:1"),)},
        {"attendees": (("x", 'a"@b.example'),)},
        {"url": "javascript:alert(1)"},
        {"organizer": None},
        {"stamp": datetime(2026, 1, 1)},  # without a zone, on purpose
    ],
)
def test_what_is_no_address_moment_or_link_is_refused(bad: dict[str, object]) -> None:
    with pytest.raises(DocumentError):
        invitation(one(**bad), REQUEST)
    with pytest.raises(DocumentError):
        invitation(one(), "PUBLISH")
