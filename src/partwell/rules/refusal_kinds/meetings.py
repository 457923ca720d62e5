# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refusals about meetings, promises and recordings (R2)."""

KINDS: tuple[tuple[str, str, int, str, str], ...] = (
    (
        "meeting_not_planned",
        "R2",
        409,
        "The meeting “{title}” is {state}; it stays on record as it is.",
        "Plan another meeting.",
    ),
    (
        "recording_unanswered",
        "R2",
        409,
        "Nobody knows whether it may be recorded: no answer of {names} is on record.",
        "Ask before you record; what was recorded before everybody agreed is not kept here.",
    ),
    (
        "recording_refused",
        "R2",
        409,
        "It is not kept: {names} did not agree to a recording, or took the consent back.",
        "Delete the recording where it lies, and write down what was said instead.",
    ),
    (
        "recording_consent_late",
        "R2",
        409,
        "The consent of {names} came on record after the recording had begun.",
        "Delete the recording; ask first next time.",
    ),
    (
        "recording_others_heard",
        "R2",
        409,
        "Somebody may be heard who is not listed.",
        "Say that nobody else is heard, or ask them too before the next recording.",
    ),
    (
        "recording_own_word",
        "R2",
        409,
        "{person} answers here in person; nobody else can agree for them.",
        "Ask {person} to answer on their own page.",
    ),
    (
        "recording_not_media",
        "R2",
        422,
        "“{file}” is neither a sound nor a film.",
        "Add the recording as your program saved it: WAV, MP3, M4A, AAC, FLAC, Ogg, MP4, MOV or WebM.",
    ),
    (
        "recording_stopped",
        "R2",
        409,
        "Nobody plays this recording any more: {who} took the consent back on {day}.",
        "What was said stands in words on the page of the call.",
    ),
    (
        "bundle_recording_ended",
        "R2",
        409,
        "This bundle holds a recording that nobody plays any more: {who} took the consent back on {day}.",
        "Ask for a new bundle; it holds everything else, and says that the recording ended.",
    ),
)
