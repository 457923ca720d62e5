# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9: what was there before against what a new import brings, a page at a time."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import id_or_none, url_for
from partwell.records.estate.difference import comparable, difference_page
from partwell.rules.difference import Kind

A_PAGE = 50
TABS = ((Kind.ADDED, "Added"), (Kind.GONE, "Gone"), (Kind.CHANGED, "Changed"), (Kind.SAME, "The same"))
MOST_PAGES = 100_000


def _number(text: str) -> int:
    return min(max(int(text), 1), MOST_PAGES) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


@staff_door("estate.read")
@require_safe
def difference(request: HttpRequest, client_id: str) -> HttpResponse:
    """``?import``, ``?kind``, ``?page``: one kind of difference of one import, the newest by default."""
    client = client_or_404(client_id)
    imports = comparable(client.id)
    wanted = id_or_none(request.GET.get("import"))
    batch = next((one for one in imports if one.id == wanted), None) or (imports[0] if imports else None)
    kind = next((one for one, _label in TABS if one == request.GET.get("kind")), Kind.ADDED)
    number = _number(request.GET.get("page", ""))
    context: dict[str, Any] = {
        "section": "clients",
        "client": client,
        "imports": imports,
        "batch": batch,
        "kind": kind,
        "import_url": url_for(actor_of(request), client, "estate.import", "staff:client_import"),
    }
    if batch is not None:
        found = difference_page(batch, kind, (number - 1) * A_PAGE, A_PAGE)
        context |= {
            "rows": [{"row": one, "item": _item(one)} for one in found.rows],
            "tabs": [{"kind": one, "label": label, "count": found.counts[one], "here": one == kind} for one, label in TABS],
            "page": Paginator(range(found.counts[kind]), A_PAGE).get_page(number),
        }  # fmt: skip
    return render(request, "staff/difference.html", context)


def _item(change: Any) -> str:
    """The item to open: the new one where it is written already, else the old one."""
    return next((key for key in (change.new, change.old) if key and not key.startswith("line ")), "")
