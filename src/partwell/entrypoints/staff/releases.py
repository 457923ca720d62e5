# SPDX-License-Identifier: AGPL-3.0-or-later
"""The release wizard: choose items and target, see the verdict on each, release exactly what was shown."""

import secrets
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.facts import zone
from partwell.actions.releases import look
from partwell.actions.releases.gate import Judged
from partwell.actions.releases.release_items import AnnouncementRefused, Outcome, release_items
from partwell.entrypoints.door.answers import uuid_or_404, uuids
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import may_here
from partwell.records.estate import queries as estate
from partwell.records.releases import queries
from partwell.rules.handover import ReleaseWay
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Category, Verdict

WAYS = (
    (ReleaseWay.PORTAL, "Through the portal; hardware in person, licences by transfer"),
    (ReleaseWay.BUNDLE, "Credentials in an encrypted bundle; all else as above"),
    (ReleaseWay.IN_PERSON, "In person"),
    (ReleaseWay.TRANSFER, "By transfer"),
)
A_PAGE = 200


def client_of(client_id: str) -> Any:
    """The client of an address, or 404."""
    client = look.client_row(uuid_or_404(client_id))
    if client is None:
        raise Http404
    return client


@staff_door("release.read")
@require_safe
def client_releases(request: HttpRequest, client_id: str) -> HttpResponse:
    """Every release of a client, newest first."""
    client = client_of(client_id)
    actor = actor_of(request)
    page = queries.releases_page(actor, client.id, request.GET.get("page"))
    objections = queries.objections_open(client.id)
    at = zone()
    for one in page.object_list:
        one.last_day = look.last_day(one.window_ends_at, at)
    return render(
        request,
        "staff/releases.html",
        {
            "section": "clients",
            "client": client,
            "page": page,
            "objections": objections,
            "may_send": may_here(actor, client, "release.send"),
        },
    )


def _choice(client_id: UUID, key: str) -> tuple[list[look.Choice], look.Choice | None]:
    found = look.choices(client_id)
    return found, next((one for one in found if one.key == key), None)


@staff_door("release.preview")
@require_safe
def choose(request: HttpRequest, client_id: str) -> HttpResponse:
    """Step one: which items, to whom. Filters by category and words; nothing is written."""
    client = client_of(client_id)
    choices, chosen = _choice(client.id, request.GET.get("to", ""))
    category = request.GET.get("category", "")
    category = category if category in {one.value for one in Category} else ""
    query = estate.ItemQuery(category=category, words=request.GET.get("q", "")[:200])
    page = estate.items_page(client.id, query, request.GET.get("page"), size=A_PAGE)
    items = list(page.object_list)
    before = queries.released_items(client.id, [item.id for item in items])
    ticked = set(request.GET.getlist("item"))
    rows = [
        {"item": item, "before": before.get(item.id, []), "ticked": str(item.id) in ticked} for item in items
    ]
    return render(
        request,
        "staff/release_choose.html",
        {
            "section": "clients",
            "client": client,
            "choices": choices,
            "to": chosen.key if chosen else (choices[0].key if choices else ""),
            "ways": WAYS,
            "rows": rows,
            "page": page,
            "category": category,
            "words": query.words,
            "categories": [(one.value, one.label) for one in Category],
        },
    )


GROUPS = (
    (Verdict.SEND, "open", "Goes out at once"),
    (Verdict.ASK_CLIENT, "waiting", "The client is asked first, in one request"),
    (Verdict.REFUSE, "refusing", "Stays here"),
)


def _show(
    request: HttpRequest,
    client: Any,
    choice: look.Choice,
    judged: list[Judged],
    way: str,
    note: str,
    *,
    key: str,
    changed: bool = False,
) -> HttpResponse:
    groups = [
        {
            "tone": tone,
            "title": title,
            "rows": [
                {"item": one.item, "reasons": one.decision.reasons}
                for one in judged
                if one.decision.verdict is verdict
            ],
        }
        for verdict, tone, title in GROUPS
    ]
    counts = [len(group["rows"]) for group in groups]
    return render(
        request,
        "staff/release_check.html",
        {
            "section": "clients",
            "client": client,
            "choice": choice,
            "groups": [group for group in groups if group["rows"]],
            "send": counts[0],
            "ask": counts[1],
            "stay": counts[2],
            "way": way,
            "note": note,
            "item_ids": [one.item.id for one in judged],
            "shown": look.fingerprint(judged),
            "key": key,
            "changed": changed,
            "may_send": may_here(actor_of(request), client, "release.send"),
        },
        status=409 if changed else 200,
    )


def _asked(request: HttpRequest, client: Any) -> tuple[look.Choice | None, list[UUID], ReleaseWay]:
    _, chosen = _choice(client.id, request.POST.get("to", ""))
    way = request.POST.get("way", "")
    found = {one.value: one for one, _ in WAYS}
    return chosen, uuids(request.POST.getlist("item")), found.get(way, ReleaseWay.PORTAL)


@staff_door("release.preview")
@require_POST
def check(request: HttpRequest, client_id: str) -> HttpResponse:
    """Step two: the verdict on every item before the click, with its reason and next step. Writes nothing."""
    client = client_of(client_id)
    chosen, ids, way = _asked(request, client)
    if chosen is None or not ids:
        messages.error(request, "Choose at least one item, and to whom it goes.")
        return HttpResponseRedirect(reverse("staff:release_choose", args=[client.id]))
    judged = look.judged_items(client, chosen.target, ids, way)
    if len(judged) != len(ids):
        raise Http404
    note = request.POST.get("note", "").strip()[:2000]
    return _show(request, client, chosen, judged, way.value, note, key=secrets.token_urlsafe(24))


@staff_door("release.send")
@require_POST
def send(request: HttpRequest, client_id: str) -> HttpResponse:
    """Step three: release what was shown. If any verdict changed meanwhile, it is shown again and nothing leaves."""
    client = client_of(client_id)
    chosen, ids, way = _asked(request, client)
    key = request.POST.get("key", "")[:64]
    if chosen is None or not ids or not key:
        raise Http404
    note = request.POST.get("note", "").strip()[:2000]
    judged = look.judged_items(client, chosen.target, ids, way)
    if len(judged) != len(ids):
        raise Http404
    again = look.released_by_key(client.id, key)
    if again is None and look.fingerprint(judged) != request.POST.get("shown", ""):
        return _show(
            request, client, chosen, judged, way.value, note, key=secrets.token_urlsafe(24), changed=True
        )
    try:
        result: Outcome | Refusal = release_items(
            actor=actor_of(request),
            client_id=client.id,
            target=chosen.target,
            item_ids=ids,
            idempotency=key,
            note=note,
            way=way,
        )
    except AnnouncementRefused as stopped:
        result = stopped.refusal  # rolled back as a whole: nothing left
    back = reverse("staff:release_choose", args=[client.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    if result.release is None:
        return refusal_response(request, result.refused[0][1], back=back)
    words = [f"{len(result.sent)} released"] if result.sent else []
    words += [f"{len(result.asked)} asked of the client"] if result.asked else []
    words += [f"{len(result.refused)} stayed here"] if result.refused else []
    messages.success(request, f"Release {result.release.number}: {', '.join(words)}.")
    return HttpResponseRedirect(reverse("staff:release", args=[result.release.id]))
