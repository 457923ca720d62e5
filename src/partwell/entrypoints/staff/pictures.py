# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of any item, step, message or call: taken, pasted, redacted, shown."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.estate import look
from partwell.actions.estate.take_picture import take_picture
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.estate_forms import client_or_404, id_of
from partwell.entrypoints.staff.parts import may_here
from partwell.importers.images import MAX_SIZE, Rectangle
from partwell.records.vault.queries import pictures_of
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def picture_of(request: HttpRequest, name: str = "picture") -> dict[str, Any]:
    """The picture of a form made with ``{% picture %}``: bytes, rectangles, and whether somebody said nothing is to be redacted.

    Rectangles that cannot be read count as one that lies nowhere, so that the picture is refused, never stored bare.
    """
    upload = request.FILES.get(name)
    data = upload.read(MAX_SIZE + 1) if upload is not None else b""
    try:
        given = json.loads(request.POST.get(f"{name}_redactions") or "[]")
        rectangles = [
            Rectangle(float(one["x"]), float(one["y"]), float(one["w"]), float(one["h"])) for one in given
        ]
    except (ValueError, TypeError, KeyError):
        rectangles = [Rectangle(-1, -1, -1, -1)]
    return {
        "data": data,
        "rectangles": rectangles,
        "nothing_to_redact": bool(request.POST.get("nothing_to_redact")),
    }


def pictured(actor: Actor, client: Any, kind: str, subject_id: UUID) -> dict[str, Any]:
    """What staff/part_pictures.html shows of a thing: its pictures, and whether this actor may add one here."""
    return {
        "pictures": pictures_of(subject_id, internal=True),
        "may_picture": may_here(actor, client, "picture.add"),
        "picture_kind": kind,
        "picture_subject": subject_id,
    }


@staff_door("picture.add")
@require_POST
def picture_add(request: HttpRequest, client_id: str, kind: str, subject_id: str) -> HttpResponse:
    """Take a picture of a thing; back to where the form stood (``next``)."""
    client = client_or_404(client_id)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    if "picture" not in request.FILES:
        return refusal_response(request, refuse("required", where="The picture"), back=back)
    result = take_picture(
        actor=actor_of(request),
        client_id=client.id,
        subject_kind=kind,
        subject_id=id_of(subject_id),
        **picture_of(request),
        caption=request.POST.get("caption", ""),
        internal=bool(request.POST.get("internal")),
    )
    if isinstance(result, Refusal):
        if result.status == 404:
            raise Http404
        return refusal_response(request, result, back=back)
    parts = (
        f"{result.redactions} parts are blacked out in it for good."
        if result.redactions
        else "Nothing was blacked out."
    )
    messages.success(request, f"The picture is kept. {parts}")
    return HttpResponseRedirect(back)


@staff_door("estate.read")
@require_safe
def picture_file(request: HttpRequest, client_id: str, picture_id: str) -> HttpResponse:
    """The picture itself, shown in place."""
    picture = look.picture_named(id_of(client_id), id_of(picture_id))
    if picture is None:
        raise Http404
    return file_response(request, picture.file, inline=True)  # type: ignore[return-value]
