# SPDX-License-Identifier: AGPL-3.0-or-later
"""R2 for recordings: kept only where everybody who is heard agreed on record before it began; one who takes it back ends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from partwell.rules.refusals import Refusal, refuse

MOST = 2 * 1024**3
MOST_WORDS = "2 GiB"
APART = timedelta(days=1)
"""How far the recording's beginning and the call's may lie apart."""


class Answer(StrEnum):
    """What one voice said last; the value is what ``RecordingVoice.answer`` holds."""

    NONE = ""
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Voice:
    """One who is heard. ``at``: when the answer came on record (aware). ``own``: their own word, not staff's about them.

    ``staff``: one of our own people.
    """

    name: str
    answer: Answer = Answer.NONE
    at: datetime | None = None
    own: bool = False
    staff: bool = False


def after(current: Answer, given: bool) -> Answer:
    """The answer after a yes (``given``) or a no; a no to what was agreed takes it back."""
    if given:
        return Answer.GIVEN
    return Answer.WITHDRAWN if current in (Answer.GIVEN, Answer.WITHDRAWN) else Answer.REFUSED


def may_word(voice: Voice, given: bool, how: str, said_at: datetime, now: datetime) -> Refusal | None:
    """Whether staff may write down somebody's answer. Never for one of us, never a yes over a person's own no."""
    if voice.staff:
        return refuse("recording_own_word", person=voice.name)
    if not how.strip():
        return refuse("required", where="How they said it")
    if said_at > now:
        return refuse("invalid_input", where="When they said it", problem="it lies in the future")
    if given and voice.own and voice.answer in (Answer.REFUSED, Answer.WITHDRAWN):
        return refuse("recording_own_word", person=voice.name)
    return None


def may_keep(
    voices: Sequence[Voice], started_at: datetime, now: datetime, *, nobody_else: bool, call_at: datetime
) -> Refusal | None:
    """None where a recording that began at ``started_at`` may be kept; else why not. All moments aware.

    ``nobody_else``: whoever adds it says that nobody but the voices is heard. ``call_at``: when the call was.
    """
    if started_at > now:
        return refuse("invalid_input", where="When it began", problem="it lies in the future")
    if abs(started_at - call_at) > APART:
        return refuse("invalid_input", where="When it began", problem="it lies more than a day from the call")
    if len(voices) < 2:
        return refuse("required", where="Everybody who is heard")
    if against := [one.name for one in voices if one.answer in (Answer.REFUSED, Answer.WITHDRAWN)]:
        return refuse("recording_refused", names=", ".join(against))
    if silent := [one.name for one in voices if one.answer is Answer.NONE or one.at is None]:
        return refuse("recording_unanswered", names=", ".join(silent))
    if late := [one.name for one in voices if one.at is not None and one.at > started_at]:
        return refuse("recording_consent_late", names=", ".join(late))
    return None if nobody_else else refuse("recording_others_heard")


def ready(voices: Sequence[Voice]) -> bool:
    """Whether a recording may begin now: at least two voices, every one of them agreed."""
    return len(voices) > 1 and all(one.answer is Answer.GIVEN for one in voices)


_AUDIO_BRANDS = (b"M4A ", b"M4B ", b"F4A ")


def media_of(head: bytes) -> str:
    """The media type of a sound or film by its first bytes (4 KiB are enough); "" for what is neither."""
    if head[:4] == b"RIFF":
        return {b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}.get(head[8:12], "")
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _AUDIO_BRANDS:
            return "audio/mp4"
        picture = brand[:3] in (b"hei", b"mif", b"avi", b"msf", b"hev") or brand == b"crx "
        return "" if picture else "video/quicktime" if brand == b"qt  " else "video/mp4"
    if head[:4] == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    for magic, media in (
        (b"OggS", "audio/ogg"),
        (b"fLaC", "audio/flac"),
        (b"ID3", "audio/mpeg"),
        (b"#!AMR", "audio/amr"),
    ):
        if head.startswith(magic):
            return media
    if len(head) > 3 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        if head[1] & 0xF6 == 0xF0:
            return "audio/aac"
        if head[1] & 0x06 == 0x02 and head[2] & 0xF0 not in (0xF0, 0x00) and head[2] & 0x0C != 0x0C:
            return "audio/mpeg"
    return ""
