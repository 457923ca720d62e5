# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbers without gaps, and what accounting and PSA tools take from here."""

from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.billing.export import Wanted, export_lines, export_time
from partwell.actions.billing.series import NAMES, numbers, set_series
from partwell.actions.hours.standing import today
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.paper_words import rows_of
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff import billing_forms as shapes
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_or_none
from partwell.records.billing import papers as queries
from partwell.records.clients.lists import clients
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

A_PAGE = 60


def _series_or_404(kind: str) -> Any:
    found = numbers(kind)
    if found is None:
        raise Http404
    return found


@staff_door("billing.read")
@require_safe
def series(request: HttpRequest) -> HttpResponse:
    """Every series: what comes next, what was given, what was cancelled."""
    rows = {row.code: row for row in queries.series_rows()}
    shown = [{"numbers": numbers(kind), "row": rows.get(kind)} for kind in NAMES]
    return render(request, "staff/series.html", {"section": "papers", "rows": shown})


@staff_door("billing.read")
@require_safe
def series_numbers(request: HttpRequest, kind: str) -> HttpResponse:
    """Each number of a series with its paper, cancelled ones too: none is missing."""
    found = _series_or_404(kind)
    page = Paginator(queries.numbers_of(kind), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "staff/series_numbers.html", {
        "section": "papers", "found": found, "page": page, "rows": rows_of(page.object_list, today(timezone.now())),
        "missing": queries.missing_numbers(kind), "may_set": may(actor_of(request).role, "series.set") is None,
    })  # fmt: skip


@staff_door("series.set")
@require_http_methods(["GET", "POST"])
def series_set(request: HttpRequest, kind: str) -> HttpResponse:
    """Prefix, and before the first paper the number it gets."""
    found = _series_or_404(kind)
    initial = {"before": found.prefix, "next_number": found.next_number}
    form = shapes.SeriesForm(request.POST) if request.method == "POST" else shapes.SeriesForm(initial=initial)
    back = reverse("staff:series_numbers", args=[kind])
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = set_series(
            actor=actor_of(request), kind=kind, prefix=data["before"], next_number=data["next_number"]
        )
        if not isinstance(result, Refusal):
            return answer(request, result, back, _("The numbers are set."))
        form_with_refusal(form, result, before="series_prefix", next_number="series_in_use|The first number")
    lede = (
        _("Papers are numbered already, so the next number stays: a lower one would make twins, a higher one a gap.")
        if found.used
        else _("Nothing is numbered yet. After the first paper only what stands before the number can change.")
    )  # fmt: skip
    return form_page(
        request, form, section="papers", title=_("Numbers of %(name)s") % {"name": found.name.lower()},
        button=_("Set the numbers"), back=back, back_label=found.name, lede=lede,
    )  # fmt: skip


def _export_form(request: HttpRequest) -> shapes.ExportForm:
    day = today(timezone.now())
    first = day.replace(day=1)
    form = shapes.ExportForm(request.GET) if "first" in request.GET else shapes.ExportForm(initial={"first": first, "last": day})  # fmt: skip
    choices = [
        ("", _("all clients")),
        *((str(one.id), one.name) for one in clients("").order_by("name", "id")),
    ]
    form.fields["client"].choices = choices  # type: ignore[attr-defined]
    return form


@staff_door("billing.read")
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """Choose days, what and whose."""
    return render(request, "staff/billing_export.html", {"section": "papers", "form": _export_form(request)})


@staff_door("billing.read")
@require_safe
def export_file(request: HttpRequest) -> Any:
    """The CSV, streamed."""
    form = _export_form(request)
    if not form.is_bound or not form.is_valid():
        return render(
            request, "staff/billing_export.html", {"section": "papers", "form": form}, status=422 if form.is_bound else 200
        )  # fmt: skip
    data = form.cleaned_data
    wanted = Wanted(data["first"], data["last"], id_or_none(data["client"]))
    made = (export_time if data["what"] == "time" else export_lines)(actor=actor_of(request), wanted=wanted)
    if isinstance(made, Refusal):
        return refusal_response(request, made, back=reverse("staff:billing_export"))
    name = f"{data['what']}-{wanted.first:%Y%m%d}-{wanted.last:%Y%m%d}.csv"
    return StreamingHttpResponse(
        made, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )  # fmt: skip
