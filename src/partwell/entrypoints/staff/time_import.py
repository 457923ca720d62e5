# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time from a PSA's CSV: choose the file, look at every line, then confirm. The file travels in the page until then."""

import base64
import binascii
import zlib
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from partwell.actions.hours.import_time import Choices, Plan, import_time, preview_time
from partwell.actions.hours.standing import standing
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.hours_words import CLASS_WORDS, drawn_words
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import id_or_none, staff_choices
from partwell.entrypoints.staff.time_forms import CLASSES, KINDS
from partwell.entrypoints.theme.formats import duration_words
from partwell.importers.time_csv import CHOICES, MOST_BYTES
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal

FIELD_WORDS = {
    "id": "Its number in the PSA", "date": "Day", "start": "Start", "end": "End", "hours": "Hours", "minutes": "Minutes",
    "person": "Who worked", "company": "Client", "note": "Note for the client", "internal": "Internal note", "ticket": "Ticket",
    "billable": "Billable or not", "ignore": "not taken",
}  # fmt: skip
SHOWN = 300
OUTCOMES = (("time", "To be recorded"), ("duplicate", "There already"), ("left_out", "Left out"))


class FileForm(forms.Form):
    """The file and what its time is."""

    file = forms.FileField(
        label="CSV from your PSA",
        help_text="ConnectWise, Autotask, HaloPSA or like them; up to 1 MiB.",
        required=False,
    )
    work_class = forms.ChoiceField(label="Class", choices=CLASSES[:2])
    kind = forms.ChoiceField(label="Kind of work", choices=KINDS, initial=WorkKind.OTHER)
    names = forms.CharField(
        label="How the file calls this client", max_length=300, required=False,
        help_text="Only where it is not the client's own name. Several with a semicolon.",
    )  # fmt: skip
    order = forms.ChoiceField(
        label="Days are written", required=False,
        choices=[("", "as the file shows"), ("day", "day first: 31/12/2026"), ("month", "month first: 12/31/2026")],
    )  # fmt: skip


def carried(raw: bytes) -> str:
    """The file's bytes as text for a hidden field."""
    return base64.b64encode(zlib.compress(raw, 6)).decode()


def unpacked(text: str) -> bytes | None:
    """The bytes of ``carried``, at most what an upload may have; None for anything else."""
    try:
        packed = base64.b64decode(text, validate=True)
        inflate = zlib.decompressobj()
        raw = inflate.decompress(packed, MOST_BYTES + 1)
    except (ValueError, binascii.Error, zlib.error):
        return None
    return raw if raw and len(raw) <= MOST_BYTES and not inflate.unconsumed_tail else None


def _choices(request: HttpRequest, form: FileForm) -> Choices:
    given, post = form.cleaned_data, request.POST
    headers = post.getlist("header")[:500]
    fields = {header[:200]: post.get(f"map-{place}", "ignore") for place, header in enumerate(headers)}
    people = {}
    for place, name in enumerate(post.getlist("person")[:40]):
        if (who := id_or_none(post.get(f"who-{place}", ""))) is not None:
            people[name[:200]] = who
    return Choices(
        work_class=WorkClass(given["work_class"]),
        kind=WorkKind(given["kind"]),
        fields=fields,
        people=people,
        names=[one.strip() for one in given["names"].split(";") if one.strip()],
        day_first={"day": True, "month": False}.get(given["order"]),
    )


@staff_door("time.record")
@require_http_methods(["GET", "HEAD", "POST"])
def time_import(request: HttpRequest, client_id: str) -> HttpResponse:
    """A GET asks for the file, a POST shows its lines, a POST with ``do=confirm`` records them."""
    client, actor = client_or_404(client_id), actor_of(request)
    back = reverse("staff:hours", args=[client.id])
    if request.method != "POST":
        first = WorkClass.OFFBOARDING if standing(client.id).open_departure else WorkClass.SERVICE
        return _page(request, client, FileForm(initial={"work_class": first, "kind": WorkKind.OTHER}))
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, client, form)
    upload = form.cleaned_data["file"]
    name = (upload.name if upload else request.POST.get("name", ""))[:120] or "time.csv"
    if upload and (upload.size or 0) > MOST_BYTES:
        form.add_error("file", "This file is larger than 1 MiB. Export a shorter span.")
        return _page(request, client, form)
    raw = upload.read() if upload else unpacked(request.POST.get("carried", ""))
    if not raw:
        form.add_error("file", "Choose the file.")
        return _page(request, client, form)
    choices = _choices(request, form)
    doing = import_time if request.POST.get("do") == "confirm" else preview_time
    result = doing(actor=actor, client_id=client.id, raw=raw, name=name, choices=choices)
    if isinstance(result, Refusal):
        if result.code != "invalid_input":
            return refusal_response(request, result, back=back)
        form.add_error("file", f"{result.sentence} {result.next_step}".strip())
        return _page(request, client, form)
    if doing is import_time:
        n, out = result.count("time"), result.count("left_out")
        messages.success(
            request,
            f"{n} {'entry' if n == 1 else 'entries'} recorded, {duration_words(result.minutes)}; {out} left out, "
            f"{result.count('duplicate')} there already.",
        )
        return HttpResponseRedirect(back)
    return _page(request, client, form, result, carried(raw), name, choices)


def _page(
    request: HttpRequest, client: Any, form: FileForm, plan: Plan | None = None, held: str = "", name: str = "",
    choices: Choices | None = None,
) -> HttpResponse:  # fmt: skip
    context: dict[str, Any] = {
        "section": "clients",
        "client": client,
        "form": form,
        "plan": plan,
        "carried": held,
        "name": name,
    }
    if plan is not None and choices is not None:
        lines = sorted(plan.lines, key=lambda one: [key for key, _ in OUTCOMES].index(one.outcome) == 0)
        page = Paginator(lines, SHOWN).page(1)
        context |= {
            "rows": [
                {"line": one, "class": CLASS_WORDS[one.work.work_class] if one.work else "",
                 "drawn": drawn_words(one.parts)} for one in page.object_list
            ],
            "more": len(lines) - len(page.object_list), "minutes": plan.minutes,
            "tally": [(plan.count(key), label.lower()) for key, label in OUTCOMES], "to_record": plan.count("time"),
            "columns": [{"header": header, "field": found} for header, found in plan.table.fields.items()],
            "choices": [(key, FIELD_WORDS[key]) for key in CHOICES],
            "people": [{"name": one, "who": ""} for one in plan.unknown] + [
                {"name": one, "who": str(who)} for one, who in choices.people.items() if one not in plan.unknown],
            "staff": staff_choices("leave these lines out"),
        }  # fmt: skip
    return render(request, "staff/time_import.html", context, status=422 if form.errors else 200)
