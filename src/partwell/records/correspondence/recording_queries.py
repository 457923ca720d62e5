# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person may see of recordings and of the questions before them, each with a fixed number of queries."""

from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, QuerySet

from partwell.records.correspondence.models import Recording, RecordingAsk, RecordingVoice
from partwell.rules.actor import Actor

__all__ = ["Recording", "RecordingAsk", "RecordingVoice"]


def asks_visible_to(actor: Actor) -> "QuerySet[RecordingAsk]":
    """Questions: staff all, a client its own. A new provider sees its own voices only (``own_voices``)."""
    if actor.is_staff:
        return RecordingAsk.objects.all()
    return (
        RecordingAsk.objects.filter(client=actor.client_id)
        if actor.kind == "client"
        else RecordingAsk.objects.none()
    )


def whole(rows: "QuerySet[RecordingAsk]") -> "QuerySet[RecordingAsk]":
    """With their voices and recordings, three queries."""
    voices = Prefetch("voices", RecordingVoice.objects.order_by("place", "id"))
    files = Prefetch("recordings", Recording.objects.select_related("file", "call").order_by("added_at"))
    return rows.select_related("client", "meeting").prefetch_related(voices, files)


def ask_seen(actor: Actor, ask_id: UUID) -> RecordingAsk | None:
    """One question with its voices and recordings, or None for a stranger."""
    return whole(asks_visible_to(actor)).filter(pk=ask_id).first()


def asks_page(actor: Actor, client_id: UUID, number: Any, size: int = 25) -> "Page[RecordingAsk]":
    """Every question about a client's conversations, the newest first."""
    rows = whole(asks_visible_to(actor)).filter(client=client_id).order_by("-asked_at", "id")
    return Paginator(rows, size).get_page(number)


def ask_of_meeting(actor: Actor, meeting_id: UUID) -> RecordingAsk | None:
    """The question about a meeting, or None."""
    return whole(asks_visible_to(actor)).filter(meeting=meeting_id).first()


def recordings_of(actor: Actor, call_id: UUID) -> list[Recording]:
    """The recordings of a call, those that ended too; staff and the call's client."""
    rows = Recording.objects.filter(call=call_id).select_related("file", "ask").order_by("added_at")
    if actor.is_staff:
        return list(rows)
    return list(rows.filter(call__client=actor.client_id)) if actor.kind == "client" else []


def recording_seen(actor: Actor, recording_id: UUID) -> Recording | None:
    """One recording, or None for a stranger."""
    rows = Recording.objects.select_related("file", "call", "ask").filter(pk=recording_id)
    if actor.is_staff:
        return rows.first()
    return rows.filter(call__client=actor.client_id).first() if actor.kind == "client" else None


def voice_seen(actor: Actor, voice_id: UUID) -> RecordingVoice | None:
    """One voice: staff any; anybody else their own."""
    rows = RecordingVoice.objects.select_related("ask").filter(pk=voice_id)
    return rows.first() if actor.is_staff else rows.filter(role=actor.kind, person=actor.id).first()


def own_voices(actor: Actor) -> list[RecordingVoice]:
    """What one person was asked, the newest first; fifty at most."""
    rows = RecordingVoice.objects.select_related("ask", "ask__meeting").filter(
        role=actor.kind, person=actor.id
    )
    return list(rows.order_by("-ask__asked_at", "id")[:50])


def unanswered(actor: Actor) -> list[RecordingVoice]:
    """What one person was asked and has not answered, the oldest first; ten at most."""
    rows = RecordingVoice.objects.select_related("ask").filter(role=actor.kind, person=actor.id, answer="")
    return list(rows.order_by("ask__asked_at", "id")[:10])


def was_asked(actor: Actor) -> bool:
    """Whether somebody was ever asked, so that their pages offer the answers."""
    return RecordingVoice.objects.filter(role=actor.kind, person=actor.id).exists()


def to_attach(client_id: UUID, call_id: UUID, meeting_id: UUID | None) -> list[RecordingAsk]:
    """The questions under which a call's recording may be added: its meeting's, or those of no meeting and no other call."""
    rows = RecordingAsk.objects.filter(client=client_id).prefetch_related("voices").order_by("-asked_at")
    if meeting_id is not None:
        return list(rows.filter(meeting=meeting_id))
    taken = Recording.objects.exclude(call=call_id).filter(ask__isnull=False).values("ask")
    return list(rows.filter(meeting=None).exclude(pk__in=taken)[:20])
