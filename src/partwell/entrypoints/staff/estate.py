# SPDX-License-Identifier: AGPL-3.0-or-later
"""The estate of a client: eight categories, the table of items, adding one, rules in bulk."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.estate import look
from partwell.actions.estate.add_item import add_item
from partwell.actions.estate.classify_items import ItemFilter, classify_items, preview_classification
from partwell.actions.estate.try_credential import label_untested
from partwell.actions.evidence.log import last_checkpoint
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.estate_forms import (
    CATEGORIES,
    CUSTODIAN_WORDS,
    CUSTODIANS,
    KIND_WORDS,
    KINDS,
    OWNER_WORDS,
    OWNERS,
    STANDING_WORDS,
    AddForm,
    ClassifyForm,
    client_or_404,
    id_of,
)
from partwell.entrypoints.staff.parts import may_here
from partwell.records.estate import queries
from partwell.records.people.queries import the_msp
from partwell.rules.refusals import Refusal

FILTERS = ("category", "kind", "owner", "custodian", "standing")
STATES = {
    "here": ("", ""),
    "asked": ("waiting", "Client is asked"),
    "released": ("waiting", "Released"),
    "confirmed": ("done", "Confirmed"),
    "objected": ("refusing", "Objected"),
}


@staff_door("estate.read")
@require_safe
def estate_home(request: HttpRequest) -> HttpResponse:
    """All clients with the size of their estate."""
    counts = queries.item_counts()
    rows = [
        {"client": client, **counts.get(client.id, {"total": 0, "unknown": 0})}
        for client in look.clients_here()
    ]
    return render(request, "staff/estate_home.html", {"section": "estate", "rows": rows})


def _query(request: HttpRequest) -> queries.ItemQuery:
    given = {name: request.GET.get(name, "")[:60] for name in (*FILTERS, "sort")}
    batch = request.GET.get("batch", "")
    return queries.ItemQuery(
        **given, words=request.GET.get("q", "")[:200], batch=id_of(batch).hex if batch else ""
    )


def item_rows(client: Any, page: Any) -> list[dict[str, Any]]:
    """What the table shows of each item: both ownership and custody, what is missing, its newest entry. Three queries."""
    items = list(page)
    proofs, missing = look.newest_entries(items), look.missing(items)
    msp = the_msp()
    named = {"client": client.name, "msp": msp.name if msp else "us"}
    owners: dict[str, str] = {**{str(k): v for k, v in OWNER_WORDS.items()}, **named}
    custodians: dict[str, str] = {**{str(k): v for k, v in CUSTODIAN_WORDS.items()}, **named}
    out = []
    for item in items:
        tone, word = STATES[item.standing]
        out.append(
            {
                "item": item,
                "url": reverse("staff:item", args=[client.id, item.id]),
                "index": proofs.get(item.id),
                "kind": KIND_WORDS[item.kind],
                "owner": owners[item.owner],
                "custodian": custodians[item.custodian],
                "missing": len(missing[item.id]),
                "first": missing[item.id][0].sentence if missing[item.id] else "",
                "tone": tone,
                "word": word,
            }
        )
    return out


@staff_door("estate.read")
@require_safe
def client_estate(request: HttpRequest, client_id: str) -> HttpResponse:
    """Categories with counts, then the table: filtered, sorted and paged on the server."""
    client = client_or_404(client_id)
    categories = queries.by_category(client.id)
    query = _query(request)
    page = queries.items_page(client.id, query, request.GET.get("page"))
    totals = {
        name: sum(row.counts[name] for row in categories)
        for name in ("total", "confirmed", "released", "objected")
    }
    newest = last_checkpoint()
    actor = actor_of(request)
    bulk = [{"name": "do", "value": "classify", "label": "Set owner, category …", "main": True}]
    if may_here(actor, client, "credential.try"):
        bulk.append({"name": "do", "value": "untested", "label": "Label untested"})
    shown = [row for row in categories if row.category != "other" or row.total]
    selects = [
        ("category", "Category", CATEGORIES),
        ("kind", "Kind", KINDS),
        ("owner", "Owner", OWNERS),
        ("custodian", "Held by", CUSTODIANS),
        (
            "standing",
            "Standing",
            [(key, word[:1].upper() + word[1:]) for key, word in STANDING_WORDS.items()],
        ),
    ]
    return render(
        request,
        "staff/estate_client.html",
        {
            "section": "estate",
            "client": client,
            "categories": shown,
            "totals": totals,
            "unknown": sum(row.unknown for row in categories),
            "page": page,
            "rows": item_rows(client, page),
            "query": query,
            "bulk": bulk if may_here(actor, client, "item.classify") else [],
            "selects": [
                {"name": name, "label": label, "options": options, "now": getattr(query, name)}
                for name, label, options in selects
            ],
            "filtered": any(getattr(query, name) for name in (*FILTERS, "words", "batch")),
            "size": newest.size if newest else None,
            "may_write": may_here(actor, client, "item.add"),
        },
    )


@staff_door("item.add")
@require_http_methods(["GET", "POST"])
def item_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """One item by hand."""
    client = client_or_404(client_id)
    form = AddForm(request.POST or None, initial={"category": request.GET.get("category", "")})
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        if not data["critical"]:
            data.pop("critical")
        result = add_item(actor=actor_of(request), client_id=client.id, **data)
        if isinstance(result, Refusal):
            return refusal_response(request, result)
        messages.success(request, f"“{result.title}” is in the estate now.")
        return HttpResponseRedirect(reverse("staff:item", args=[client.id, result.id]))
    return render(
        request,
        "staff/estate_add.html",
        {"section": "estate", "client": client, "form": form},
        status=422 if form.errors else 200,
    )


@staff_door("item.classify")
@require_http_methods(["GET", "POST"])
def classify(request: HttpRequest, client_id: str) -> HttpResponse:
    """A rule in bulk: first what would happen, then, with the same number, it happens. Ticked items come as ``item``."""
    client = client_or_404(client_id)
    ids = tuple(dict.fromkeys(id_of(one) for one in request.POST.getlist("item")))[:5000]
    if request.POST.get("do") == "untested":
        return _untested(request, client, ids)
    sources = queries.sources_of(client.id)
    filled = request.method == "POST" and any(name.startswith("set_") for name in request.POST)
    start = {f"if_{name}": request.GET.get(name, "") for name in ("category", "kind", "owner")}
    form = ClassifyForm(request.POST if filled else None, sources=sources, initial=start)
    preview: Any = None
    if filled and form.is_valid():
        rule = ItemFilter(
            **{
                name: form.cleaned_data[f"if_{name}"]
                for name in ("category", "kind", "owner", "source", "words")
            }
        )
        rule = replace(rule, item_ids=ids) if ids else rule
        if request.POST.get("do") == "apply" and request.POST.get("expected", "").isdigit():
            done = classify_items(
                actor=actor_of(request),
                client_id=client.id,
                rule=rule,
                sets=form.sets(),
                expected=int(request.POST["expected"]),
            )
            if isinstance(done, Refusal):
                return refusal_response(request, done)
            messages.success(request, f"{done:,} items were classified.")
            return HttpResponseRedirect(reverse("staff:client_estate", args=[client.id]))
        preview = preview_classification(client.id, rule, form.sets())
        if isinstance(preview, Refusal):
            form.add_error(None, f"{preview.sentence} {preview.next_step}")
            preview = None
    return render(
        request,
        "staff/estate_classify.html",
        {
            "section": "estate",
            "client": client,
            "form": form,
            "preview": preview,
            "ids": ids,
            "unknown": queries.item_counts().get(client.id, {}).get("unknown", 0),
        },
        status=422 if form.errors else 200,
    )


def _untested(request: HttpRequest, client: Any, ids: tuple[UUID, ...]) -> HttpResponse:
    result = label_untested(actor=actor_of(request), client_id=client.id, item_ids=ids)
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:client_estate", args=[client.id]))
    messages.success(request, f"{result:,} credentials are labelled untested.")
    return HttpResponseRedirect(reverse("staff:client_estate", args=[client.id]) + "?kind=credential")
