# SPDX-License-Identifier: AGPL-3.0-or-later
"""How pages say where a question about recording stands, and each answer; the same words behind every door."""

from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from partwell.actions.correspondence.recording_asks import rule_voice
from partwell.actions.correspondence.recordings import hear
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import PLAYED, continues, file_response
from partwell.entrypoints.door.gate import actor_of
from partwell.entrypoints.door.refused import refusal_response
from partwell.rules.recordings import Answer, Voice, ready
from partwell.rules.refusals import Refusal


def answer_words(answer: str) -> tuple[str, str]:
    """Tone and word of one answer."""
    return {
        Answer.GIVEN: ("open", _("agreed")),
        Answer.REFUSED: ("refusing", _("said no")),
        Answer.WITHDRAWN: ("refusing", _("took it back")),
        Answer.NONE: ("waiting", _("no answer yet")),
    }[Answer(answer)]


def ask_words(voices: list[Voice]) -> tuple[str, str]:
    """Tone and word of a question: may the recording begin?"""
    if any(one.answer == Answer.WITHDRAWN for one in voices):
        return "refusing", _("ended: a consent was taken back")
    if any(one.answer == Answer.REFUSED for one in voices):
        return "refusing", _("not recorded: somebody said no")
    return ("open", _("everybody agreed")) if ready(voices) else ("waiting", _("waits for answers"))


def shown(ask: Any, mine: Any = None) -> dict[str, Any]:
    """A question as the shared part shows it; ``mine``: the id of whoever looks. Its voices and recordings are prefetched."""
    rows = list(ask.voices.all())
    tone, word = ask_words([rule_voice(one) for one in rows])
    voices = []
    for one in rows:
        voice_tone, voice_word = answer_words(one.answer)
        voices.append(
            {
                "row": one,
                "tone": voice_tone,
                "word": voice_word,
                "mine": mine is not None and one.person == mine,
            }
        )
    return {
        "row": ask,
        "tone": tone,
        "word": word,
        "voices": voices,
        "recordings": list(ask.recordings.all()),
    }


def played(request: HttpRequest, recording_id: str, back: str) -> Any:
    """The bytes of a recording from the sandboxed answer, or the refusal's page. Range is honoured."""
    found = hear(actor=actor_of(request), recording_id=uuid_or_404(recording_id), again=continues(request))
    if isinstance(found, Refusal):
        if found.code == "not_found":
            raise Http404
        return refusal_response(request, found, back=back)
    return file_response(request, found, inline=request.GET.get("play") == "1", shown=PLAYED)
