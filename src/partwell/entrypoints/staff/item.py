# SPDX-License-Identifier: AGPL-3.0-or-later
"""One item: ownership and custody, what its handover lacks, documents, pictures, tries, releases, its whole history."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partwell.actions.estate import look
from partwell.actions.estate.record_handover import FIELDS
from partwell.actions.evidence.log import last_checkpoint
from partwell.actions.files import read_file
from partwell.actions.hours.standing import standing
from partwell.entrypoints.door.files import SHOWN, file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.headers import STRANGERS
from partwell.entrypoints.door.hours_words import left_words
from partwell.entrypoints.staff.estate_forms import CUSTODIAN_WORDS, KIND_WORDS, OWNER_WORDS, id_of
from partwell.entrypoints.staff.parts import may_here
from partwell.importers.base import ImportRefused
from partwell.importers.drawio_svg import guarded_svg
from partwell.importers.pdf_preview import MAX_SIZE, guarded_preview
from partwell.records.estate import queries
from partwell.records.people.queries import the_msp
from partwell.records.vault.queries import pictures_of
from partwell.rules.roles import may
from partwell.rules.terms import ItemKind

DRAWIO = ("application/vnd.jgraph.mxfile", "application/x-drawio")
MAX_DIAGRAM = 8 * 1024 * 1024
LABELS = {
    "serial": "Serial number",
    "condition": "Condition",
    "title": "Title",
    "location": "Where it is",
    "licence_key": "A key is on record",
    "has_no_key": "The licence has no key",
    "transfer_confirmed": "The vendor confirmed the transfer",
    "confirmation": "Confirmation in words",
    "manifest": "Manifest",
    "in_place_confirmed": "Somebody confirmed that the data are there",
    "account": "Account",
    "privilege": "Privilege",
    "system": "System",
    "mfa": "Second factor and recovery",
    "named_role": "Role handed over",
    "clients_account": "It is a named account of the client",
}


def item_or_404(client_id: str, item_id: str) -> Any:
    """The item of an address, of that client only."""
    item = queries.item_of(id_of(client_id), id_of(item_id))
    if item is None:
        raise Http404
    return item


def is_diagram(item: Any) -> bool:
    """Whether its document is a draw.io drawing that can be drawn in place."""
    file = item.document
    return (
        file is not None
        and file.size <= MAX_DIAGRAM
        and (
            "drawio" in file.media_type
            or "mxfile" in file.media_type
            or file.name.endswith((".drawio", ".drawio.xml"))
        )
    )


def party(client: Any, value: str, words: Any) -> str:
    """Who owns or holds, by name where it is the client or us."""
    us = the_msp() if value == "msp" else None
    return client.name if value == "client" else us.name if us else str(words[value])


def _details(item: Any) -> list[tuple[str, str]]:
    """Details as people read them; what stands beside the file anyway is left out."""
    hidden = ("sha256", "size", "media_type", "file_name") if item.document_id else ()
    return [
        (
            "Why this category"
            if name == "proposal"
            else (name.replace("_", " ")[:1].upper() + name.replace("_", " ")[1:]),
            value,
        )
        for name, value in sorted(item.details.items())
        if name not in hidden
    ]


@staff_door("estate.read")
@require_safe
def item_page(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """The page."""
    item = item_or_404(client_id, item_id)
    actor = actor_of(request)
    newest = last_checkpoint()
    kind = ItemKind(item.kind)
    fields = [
        {
            "name": name,
            "label": LABELS[name],
            "check": type_ is bool,
            "value": item.handover.get(name, ""),
            "options": [
                ("", "Not recorded"),
                ("passed", "It is the client's"),
                ("retained", "Retained until paid"),
            ]
            if name == "title"
            else None,
        }
        for name, type_ in FIELDS[kind].items()
    ]
    trials = queries.trials_of(item.id) if kind is ItemKind.CREDENTIAL else []
    files = look.files_of(item)
    return render(
        request,
        "staff/item_page.html",
        {
            "section": "estate",
            "item": item,
            "client": item.client,
            "kind_word": KIND_WORDS[kind],
            "size": newest.size if newest else None,
            "owner": party(item.client, item.owner, OWNER_WORDS),
            "custodian": party(item.client, item.custodian, CUSTODIAN_WORDS),
            "missing": look.missing([item])[item.id],
            "fields": fields,
            "trials": trials,
            "waits": trials[0]
            if trials and trials[0].outcome == "cannot_be_tried" and not trials[0].second_person
            else None,
            "is_mine": bool(trials and trials[0].tried_by == actor.id),
            "files": files,
            "shown": item.document is not None
            and item.document.media_type in SHOWN
            and kind is not ItemKind.CREDENTIAL,
            "is_picture": item.document is not None and item.document.media_type.startswith("image/"),
            "diagram": is_diagram(item),
            "pictures": pictures_of(item.id, internal=True),
            "releases": queries.releases_of(item.id),
            "events": look.history(item),
            "details": _details(item),
            "is_pdf": item.document is not None and item.document.media_type == "application/pdf",
            "can_hold": kind in (ItemKind.CREDENTIAL, ItemKind.LICENCE) or bool(item.secret_fields),
            "is_credential": kind is ItemKind.CREDENTIAL,
            "may_write": may_here(actor, item.client, "item.change"),
            "may_pause": may_here(actor, item.client, "pause.set"),
            "may_see": may_here(actor, item.client, "credential.see"),
            "hours_left": left_words(standing(item.client_id)),
        },
    )


@staff_door("estate.read")
@require_safe
def item_file(request: HttpRequest, client_id: str, item_id: str, file_id: str) -> HttpResponse:
    """A file that is or was the item's document. A credential's file is not shown to those who may not see secrets."""
    item = item_or_404(client_id, item_id)
    wanted = id_of(file_id)
    file = next((one for one in look.files_of(item) if one.id == wanted), None)
    if file is None or (
        item.kind == ItemKind.CREDENTIAL and may(actor_of(request).role, "credential.see") is not None
    ):
        raise Http404
    response = file_response(request, file, inline=bool(request.GET.get("inline")))
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response  # type: ignore[return-value]


@staff_door("estate.read")
@require_safe
def item_diagram(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """The draw.io drawing as a plain SVG made by us: boxes, lines and words, nothing that runs or loads."""
    item = item_or_404(client_id, item_id)
    if not is_diagram(item):
        raise Http404
    try:
        svg = guarded_svg(read_file(item.document))
    except ImportRefused:
        raise Http404 from None
    return HttpResponse(
        svg,
        content_type="image/svg+xml",
        headers={
            "Content-Security-Policy": STRANGERS,
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": "inline",
            "ETag": f'"{item.document.sha256}"',
        },
    )


@staff_door("estate.read")
@require_safe
def item_preview(request: HttpRequest, client_id: str, item_id: str) -> HttpResponse:
    """The first pages of a PDF as a picture of ours."""
    item = item_or_404(client_id, item_id)
    file = item.document
    if (
        file is None
        or file.media_type != "application/pdf"
        or file.size > MAX_SIZE
        or item.kind == ItemKind.CREDENTIAL
    ):
        raise Http404
    try:
        png = guarded_preview(read_file(file))
    except ImportRefused:
        raise Http404 from None
    return HttpResponse(
        png,
        content_type="image/png",
        headers={"Content-Security-Policy": STRANGERS, "X-Content-Type-Options": "nosniff"},
    )
