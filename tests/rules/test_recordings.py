# SPDX-License-Identifier: AGPL-3.0-or-later
"""May a recording be kept? The whole truth table of answers, and what a file is by its first bytes (R2)."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from partwell.rules.recordings import Answer, Voice, after, may_keep, may_word, media_of, ready
from partwell.rules.refusals import Refusal

BEGAN = datetime(2026, 11, 23, 10, tzinfo=UTC)
NOW = BEGAN + timedelta(hours=2)
BEFORE, LATE = BEGAN - timedelta(minutes=1), BEGAN + timedelta(seconds=1)
STATES = [(answer, at) for answer in Answer for at in ((None,) if answer is Answer.NONE else (BEFORE, LATE))]


def code(found: Refusal | None) -> str:
    return found.code if found else ""


def expected(voices: tuple[tuple[Answer, datetime | None], ...], nobody_else: bool) -> str:
    """What the table says, spelled out anew."""
    answers = [answer for answer, _ in voices]
    if Answer.REFUSED in answers or Answer.WITHDRAWN in answers:
        return "recording_refused"
    if Answer.NONE in answers:
        return "recording_unanswered"
    if any(at is not None and at > BEGAN for _, at in voices):
        return "recording_consent_late"
    return "" if nobody_else else "recording_others_heard"


def test_kept_only_with_everybodys_consent_from_before_it_began() -> None:
    for *voices, nobody_else in product(STATES, STATES, STATES, [True, False]):
        table = tuple(voices)
        heard = [Voice(f"V{n}", answer, at, own=True) for n, (answer, at) in enumerate(table)]
        found = code(may_keep(heard, BEGAN, NOW, nobody_else=bool(nobody_else), call_at=BEGAN))
        assert found == expected(table, bool(nobody_else)), (table, nobody_else)
        assert ready(heard) == ({answer for answer, _ in table} == {Answer.GIVEN})


def test_one_voice_alone_a_beginning_ahead_and_one_of_another_day_are_none() -> None:
    both = [Voice("A", Answer.GIVEN, BEFORE), Voice("B", Answer.GIVEN, BEFORE)]
    more = {"nobody_else": True, "call_at": BEGAN}
    assert may_keep(both, BEGAN, NOW, **more) is None  # type: ignore[arg-type]
    assert may_keep(both, BEFORE, NOW, **more) is None, "consent at the very moment is from before"  # type: ignore[arg-type]
    assert code(may_keep(both[:1], BEGAN, NOW, **more)) == "required"  # type: ignore[arg-type]
    assert code(may_keep([], BEGAN, NOW, **more)) == "required"  # type: ignore[arg-type]
    assert code(may_keep(both, NOW + timedelta(seconds=1), NOW, **more)) == "invalid_input"  # type: ignore[arg-type]
    far = BEGAN - timedelta(days=1, seconds=1)
    assert code(may_keep(both, BEGAN, NOW, nobody_else=True, call_at=far)) == "invalid_input"
    assert not ready(both[:1])


@pytest.mark.parametrize(("current", "given"), list(product(Answer, [True, False])))
def test_a_no_to_what_was_agreed_takes_it_back(current: Answer, given: bool) -> None:
    if given:
        assert after(current, True) is Answer.GIVEN
    else:
        agreed = current in (Answer.GIVEN, Answer.WITHDRAWN)
        assert after(current, False) is (Answer.WITHDRAWN if agreed else Answer.REFUSED)


def test_staff_write_down_a_word_never_over_somebodys_own_no() -> None:
    for answer, own, staff, given in product(Answer, [True, False], [True, False], [True, False]):
        voice = Voice("V", answer, BEFORE if answer else None, own=own, staff=staff)
        found = code(may_word(voice, given, "on the phone", BEFORE, NOW))
        no = answer in (Answer.REFUSED, Answer.WITHDRAWN)
        assert found == ("recording_own_word" if staff or (given and own and no) else ""), voice
        if not found:
            assert code(may_word(voice, given, "  ", BEFORE, NOW)) == "required"
            ahead = NOW + timedelta(seconds=1)
            assert code(may_word(voice, given, "by nodding", ahead, NOW)) == "invalid_input"


@pytest.mark.parametrize(
    ("head", "media"),
    [
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", ""),
        (b"\x00\x00\x00\x1cftypM4A \x00", "audio/mp4"),
        (b"\x00\x00\x00\x1cftypisom\x00", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  \x00", "video/quicktime"),
        (b"\x00\x00\x00\x1cftypheic\x00", ""),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
        (b"OggS\x00\x02", "audio/ogg"),
        (b"fLaC\x00", "audio/flac"),
        (b"ID3\x04\x00", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio/aac"),
        (b"#!AMR\n", "audio/amr"),
        (b"\xff\xd8\xff\xe0", ""),
        (b"\xff\xfeH\x00i\x00", ""),
        (b"%PDF-1.7", ""),
        (b"MZ\x90\x00", ""),
        (b"<html><script>", ""),
        (b"", ""),
        (b"\xff", ""),
    ],
)
def test_what_a_file_is_by_its_first_bytes(head: bytes, media: str) -> None:
    assert media_of(head) == media
