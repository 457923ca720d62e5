# SPDX-License-Identifier: AGPL-3.0-or-later
"""A picture of any item, step, message or call (R4). What is blacked out is gone before anything is stored."""

from collections.abc import Sequence
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.estate.common import allowed
from partwell.importers import images
from partwell.importers.base import ImportRefused
from partwell.importers.images import Rectangle
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Call, Message
from partwell.records.estate.models import Item
from partwell.records.offboardings.models import PlanStep
from partwell.records.vault.models import Picture
from partwell.rules import lifecycle
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

SUFFIX = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}


def _subject(client_id: UUID, kind: str, subject_id: UUID) -> tuple[str, bool] | None:
    """What the picture is of, in words, and whether that is internal itself; None for a stranger's."""
    if kind == "item":
        item = Item.objects.present().filter(pk=subject_id, client_id=client_id).first()
        return (item.title, item.internal) if item else None
    if kind == "step":
        step = PlanStep.objects.filter(pk=subject_id, offboarding__client_id=client_id).first()
        return (step.title, False) if step else None
    if kind == "message":
        message = Message.objects.filter(pk=subject_id, client_id=client_id).first()
        return (
            (f"the message “{message.subject}”", message.audience in ("internal", "privileged"))
            if message
            else None
        )
    if kind == "call":
        call = Call.objects.filter(pk=subject_id, client_id=client_id).first()
        return (f"the {call.kind} with {call.with_whom}", False) if call else None
    return None


def take_picture(
    *,
    actor: Actor,
    client_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    data: bytes,
    rectangles: Sequence[Rectangle] = (),
    nothing_to_redact: bool = False,
    caption: str = "",
    internal: bool = False,
) -> Picture | Refusal:
    """Store a picture, encoded anew, its rectangles burned in. ``subject_kind``: item, step, message or call.

    Without rectangles somebody must have said that nothing has to be redacted (``redaction_needed``).
    """
    if refusal := allowed(actor, "picture.add"):
        return refusal
    subject = _subject(client_id, subject_kind, subject_id)
    if subject is None or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if not rectangles and not nothing_to_redact:
        return refuse("redaction_needed")
    try:
        picture = images.guarded("redact" if rectangles else "clean", data, rectangles=rectangles)
    except ImportRefused as refused:
        return refuse(
            "invalid_input", where="The picture", problem=f"{refused.sentence} {refused.remedy}".strip()
        )
    words, inside = subject[0], internal or subject[1]
    caption = " ".join(caption.split())[:300]
    file = files.store(
        actor,
        picture.data,
        client_id=client_id,
        media_type=picture.media_type,
        internal=inside,
        name=f"picture-{subject_id.hex[:8]}.{SUFFIX[picture.media_type]}",
    )
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "picture.add")) is not None:
            return deed.refuse(gone, subject=client.id, verb="picture.add")
        deed.add(file)
        row = deed.add(
            Picture(
                client_id=client_id,
                subject_kind=subject_kind,
                subject_id=subject_id,
                file=file,
                caption=caption,
                redactions=min(len(rectangles), 500),
                internal=inside,
                taken_by=actor.id,
                taken_by_name=actor.name[:160],
                taken_at=deed.now,
            )
        )
        facts = {"digest": file.sha256, "redacted": row.redactions}
        if inside:  # R4: its subject and caption stay inside
            deed.record(
                "picture.taken",
                subjects=[subject_id, row.id],
                public={"subject": "an internal matter"},
                to_client=facts,
            )
        else:
            deed.record(
                "picture.taken",
                subjects=[subject_id, row.id],
                public={"subject": words},
                to_client={**facts, **({"caption": caption} if caption else {})},
            )
        return row
