# SPDX-License-Identifier: AGPL-3.0-or-later
"""The import wizard: drop files, watch the reading, look at what was understood, change it, confirm, undo."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.estate import look
from partwell.actions.estate.confirm_import import confirm_import
from partwell.actions.estate.start_import import discard_import, read_again, start_import, work_of
from partwell.actions.estate.undo_import import undo_import
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.estate_forms import CUSTODIANS, OWNERS, ImportForm, client_or_404, id_of
from partwell.importers.base import Secret
from partwell.importers.detect import importers
from partwell.importers.mapping import CHOICES, ColumnMapping
from partwell.records.estate import queries
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import Category, Owner

OUTCOMES = (
    ("item", "To be imported"),
    ("duplicate", "Duplicates"),
    ("left_out", "Left out"),
    ("note", "Deserve a look"),
)
STATE_WORDS = {
    "reading": ("waiting", "Being read"),
    "staged": ("waiting", "Waits for your word"),
    "confirmed": ("done", "Imported"),
    "undone": ("held", "Undone"),
    "discarded": ("held", "Discarded"),
    "refused": ("refusing", "Refused"),
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "cp1250", "latin-1", "mac-roman")
SHOWN_COLUMNS = 200


def _kinds() -> list[tuple[str, str]]:
    return [(module.KIND, module.LABEL) for module in importers()]


@staff_door("estate.import")
@require_safe
def import_home(request: HttpRequest) -> HttpResponse:
    """Choose the client, or go on with a recent import."""
    return render(
        request,
        "staff/import_home.html",
        {"section": "import", "clients": look.clients_here(), "imports": _rows(queries.recent_imports())},
    )


def _rows(imports: Any) -> list[dict[str, Any]]:
    return [
        {"batch": one, "tone": STATE_WORDS[one.state][0], "word": STATE_WORDS[one.state][1]}
        for one in imports
    ]


@staff_door("estate.import")
@require_http_methods(["GET", "POST"])
def client_import(request: HttpRequest, client_id: str) -> HttpResponse:
    """Files in; the reading is long work that survives closing the tab."""
    client = client_or_404(client_id)
    form = ImportForm(request.POST or None, request.FILES or None, kinds=_kinds())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        key = data["key_file"].read(1 << 20) if data["key_file"] else None
        result = start_import(
            actor=actor_of(request),
            client_id=client.id,
            uploads=[(one.name, one.file) for one in data["uploads"]],
            source=data["source"],
            options={"client_names": data["names"].split(";")},
            password=Secret(data["password"]) if data["password"] else None,
            key_file=key,
        )
        if isinstance(result, Refusal):
            return refusal_response(request, result)
        return HttpResponseRedirect(reverse("staff:import_preview", args=[client.id, result.id]))
    return render(
        request,
        "staff/import_client.html",
        {
            "section": "import",
            "client": client,
            "form": form,
            "imports": _rows(queries.imports_of(client.id)),
            "understands": list(importers()),
        },
        status=422 if form.errors else 200,
    )


def _import_or_404(client_id: str, import_id: str) -> Any:
    batch = queries.import_of(id_of(client_id), id_of(import_id))
    if batch is None:
        raise Http404
    return batch


def _job(batch: Any) -> dict[str, Any] | None:
    """The import's newest work as ``{% job %}`` shows it; None when it is over and well."""
    jobs = work_of(batch)
    job = max(jobs, key=lambda one: one.created_at, default=None)
    if job is None or job.state == "done":
        return None
    page = reverse("staff:import_preview", args=[batch.client_id, batch.id])
    writing = job.kind == "import.confirm"
    return {
        "label": f"{'Writing' if writing else 'Reading'} {batch.filename}",
        "state": job.state,
        "done": job.done,
        "total": job.total,
        "unit": "items" if writing else "lines",
        "note": job.error,
        "url": reverse("staff:import_job", args=[batch.client_id, batch.id]),
        "page_url": page,
    }


@staff_door("estate.read")
@require_safe
def import_job(request: HttpRequest, client_id: str, import_id: str) -> HttpResponse:
    """The part that is polled; when the work has ended, the way on."""
    batch = _import_or_404(client_id, import_id)
    job = _job(batch)
    if job is None:
        _, word = STATE_WORDS[batch.state]
        job = {
            "label": batch.filename,
            "state": "failed" if batch.state == "refused" else "done",
            "note": batch.problem or word,
            "result_url": reverse("staff:import_preview", args=[batch.client_id, batch.id]),
            "result_label": "See what was understood" if batch.state == "staged" else "Go on",
        }
    return render(request, "staff/import_job.html", {"work": job})


def _files(batch: Any) -> list[dict[str, Any]]:
    """Each file with how it was read and its columns, for the form that changes it."""
    out = []
    understood = batch.understood
    for number, facts in enumerate(batch.options.get("files", [])):
        known = understood.get("columns", {}).get(str(number), {})
        examples = understood.get("examples", {}).get(str(number), {})
        columns = []
        if known.get("mapping"):
            mapping = ColumnMapping.from_json(known["mapping"])
            columns = [
                {
                    "header": one.header,
                    "name": f"map-{number}-{place}",
                    "field": one.field,
                    "sure": one.confidence >= 0.8,
                    "example": examples.get(one.header, ""),
                }
                for place, one in enumerate(mapping.columns[:SHOWN_COLUMNS])
            ]
        guess, others = (
            known.get("guess", ""),
            [one.strip() for one in known.get("alternatives", "").split(",") if one.strip()],
        )
        encodings = list(
            dict.fromkeys(
                [
                    one
                    for one in (facts["encoding"], known.get("encoding", ""), guess, *others, *ENCODINGS)
                    if one
                ]
            )
        )
        out.append(
            {
                "number": number,
                **facts,
                "columns": columns,
                "encoding_now": known.get("encoding", ""),
                "delimiter_now": known.get("delimiter", ""),
                "encodings": encodings if known.get("encoding") else [],
                "guess": guess,
            }
        )
    return out


@staff_door("estate.read")
@require_safe
def import_preview(request: HttpRequest, client_id: str, import_id: str) -> HttpResponse:
    """What was understood, what is double, what was left out and why, by line. Nothing is written before the word."""
    batch = _import_or_404(client_id, import_id)
    outcome = (
        request.GET.get("show", "")
        if request.GET.get("show", "") in dict(OUTCOMES)
        else ("item" if batch.item_count else "left_out")
    )
    counts = {
        "item": batch.item_count,
        "duplicate": batch.duplicate_count,
        "left_out": batch.left_out_count,
        "note": batch.understood.get("notes", 0),
    }
    page = queries.lines_page(batch.id, outcome, request.GET.get("page"))
    understood = batch.understood
    unknown = understood.get("unknown", {})
    agreed = understood.get("agreement", {})
    owners = [("agreement", "What the agreement says of its category"), *OWNERS]
    proposals = [
        {"category": Category(name).label, "count": count, "owner": agreed.get(name, Owner.UNKNOWN.value)}
        for name, count in unknown.items()
    ]
    steps = ["reading", "staged", "writing", "confirmed"]
    work = _job(batch)
    now = (
        "writing"
        if work and work["unit"] == "items"
        else "staged"
        if batch.state == "refused"
        else batch.state
    )
    tone, word = STATE_WORDS[batch.state]
    may_write = may(actor_of(request).role, "estate.import") is None
    return render(
        request,
        "staff/import_preview.html",
        {
            "section": "import",
            "batch": batch,
            "client": batch.client,
            "job": work,
            "files": _files(batch),
            "choices": CHOICES,
            "kinds": _kinds(),
            "page": page,
            "outcome": outcome,
            "tone": tone,
            "word": word,
            "proposals": proposals,
            "owners": owners,
            "custodians": CUSTODIANS,
            "tabs": [
                {
                    "label": "Imported" if key == "item" and batch.state == "confirmed" else label,
                    "url": f"?show={key}#lines",
                    "current": key == outcome,
                    "count": counts[key],
                }
                for key, label in OUTCOMES
            ],
            "tally": [
                (counts["item"], "to be imported" if batch.state != "confirmed" else "imported"),
                (counts["duplicate"], "already there"),
                (counts["left_out"], "left out"),
                (understood.get("secrets", 0), "with secrets"),
            ],
            "step": steps.index(now) if now in steps else 3,
            "owner_now": batch.options.get("owner", "agreement"),
            "custodian_now": batch.options.get("custodian", "msp"),
            "may_write": may_write,
            "editable": may_write and batch.state in ("staged", "refused") and work is None,
        },
    )


def _changes(request: HttpRequest, batch: Any) -> tuple[dict[int, dict[str, str]], dict[int, dict[str, str]]]:
    files: dict[int, dict[str, str]] = {}
    mappings: dict[int, dict[str, str]] = {}
    for one in _files(batch):
        number = one["number"]
        asked = {name: request.POST.get(f"{name}-{number}", "") for name in ("kind", "encoding", "delimiter")}
        if asked["delimiter"] == "tab":
            asked["delimiter"] = "\t"
        if asked["kind"] and asked["kind"] != one["kind"]:
            asked["encoding"] = asked["delimiter"] = ""
        files[number] = asked
        fields = {
            column["header"]: request.POST[column["name"]]
            for column in one["columns"]
            if column["name"] in request.POST and request.POST[column["name"]] != column["field"]
        }
        if fields:
            mappings[number] = fields
    return files, mappings


@staff_door("estate.import")
@require_POST
def import_again(request: HttpRequest, client_id: str, import_id: str) -> HttpResponse:
    """Read the same files again with other choices."""
    batch = _import_or_404(client_id, import_id)
    files, mappings = _changes(request, batch)
    password = request.POST.get("password", "")
    key = request.FILES.get("key_file")
    result = read_again(
        actor=actor_of(request),
        client_id=batch.client_id,
        import_id=batch.id,
        files=files,
        mappings=mappings,
        client_names=request.POST["names"].split(";") if "names" in request.POST else None,
        password=Secret(password) if password else None,
        key_file=key.read(1 << 20) if key else None,
    )
    return _on(request, batch, result, "")


@staff_door("estate.import")
@require_POST
def import_confirm(request: HttpRequest, client_id: str, import_id: str) -> HttpResponse:
    """The word: write it."""
    batch = _import_or_404(client_id, import_id)
    result = confirm_import(
        actor=actor_of(request),
        client_id=batch.client_id,
        import_id=batch.id,
        owner=request.POST.get("owner", ""),
        custodian=request.POST.get("custodian", ""),
    )
    return _on(request, batch, result, "")


@staff_door("estate.import")
@require_POST
def import_discard(request: HttpRequest, client_id: str, import_id: str) -> HttpResponse:
    """Nothing of it is wanted."""
    batch = _import_or_404(client_id, import_id)
    result = discard_import(actor=actor_of(request), client_id=batch.client_id, import_id=batch.id)
    return _on(request, batch, result, "The import was discarded; its files and secrets are gone.")


@staff_door("estate.undo")
@require_POST
def import_undo(request: HttpRequest, client_id: str, import_id: str) -> HttpResponse:
    """Take a confirmed import back as a whole."""
    batch = _import_or_404(client_id, import_id)
    result = undo_import(
        actor=actor_of(request),
        client_id=batch.client_id,
        import_id=batch.id,
        reason=request.POST.get("reason", ""),
    )
    return _on(request, batch, result, "The import was undone as a whole.")


def _on(request: HttpRequest, batch: Any, result: Any, words: str) -> HttpResponse:
    page = reverse("staff:import_preview", args=[batch.client_id, batch.id])
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=page)
    if words:
        messages.success(request, words)
    return HttpResponseRedirect(page)
