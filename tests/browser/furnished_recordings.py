# SPDX-License-Identifier: AGPL-3.0-or-later
"""Recordings at every station: asked and not answered, kept, and ended by a consent taken back."""

import io
from typing import Any

from django.utils import timezone

from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.recording_asks import (
    Asked,
    Heard,
    answer_recording,
    ask_recording,
    word_for,
)
from partwell.actions.correspondence.recordings import add_recording
from partwell.records.correspondence.models import RecordingVoice
from tests.flows.cast import Cast, done

WAV = b"RIFF\x24\x80\x00\x00WAVEfmt " + b"a voice " * 4096


def _kept(c: Cast, title: str, others: list[str]) -> tuple[Any, Any]:
    what = Asked(title, Heard([c.mara.id], others=others), agreed_how="On the phone, before I pressed record")
    ask = done(ask_recording(actor=c.dan, client_id=c.northwick.id, what=what))
    notes = CallNotes(f"Mara Ellery, {', '.join(others)}", title, timezone.now(), 12)
    call = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    row = add_recording(
        actor=c.dan, call_id=call.id, ask_id=ask.id, started_at=timezone.now(), nobody_else=True, name="call.wav", stream=io.BytesIO(WAV)
    )  # fmt: skip
    return ask, done(row)


def recordings(c: Cast) -> dict[str, Any]:
    """Ids for the table of pages."""
    heard = Heard([c.mara.id], c.recipient.id, [c.theo.id], [c.jonah.id], ["Greta Holm"])
    open_ = done(ask_recording(actor=c.dan, client_id=c.northwick.id, what=Asked("The cut-over", heard)))
    done(answer_recording(actor=c.dan, ask_id=open_.id, given=True))
    done(answer_recording(actor=c.theo, ask_id=open_.id, given=False))
    kept, row = _kept(c, "How the alarm is armed", ["Greta Holm"])
    ended, gone = _kept(c, "Where the keys lie", ["Hanna Brink"])
    hanna = RecordingVoice.objects.get(name="Hanna Brink")
    done(word_for(actor=c.dan, voice_id=hanna.id, given=False, how="She rang and took it back"))
    greta = open_.voices.get(name="Greta Holm")
    return {
        "ask_id": open_.id, "ask kept": kept.id, "ask ended": ended.id, "recording_id": row.id, "voice_id": greta.id,
        "call recorded": row.call_id, "call ended": gone.call_id,
    }  # fmt: skip
