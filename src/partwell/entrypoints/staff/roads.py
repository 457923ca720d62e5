# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roads by which mail comes in: mailboxes and webhooks, their state and last error. Owners only; a secret is never shown again."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.correspondence.road_settings import service_of, whole
from partwell.actions.correspondence.roads import NewRoad, add_road, change_road, remove_road
from partwell.actions.correspondence.try_road import try_road
from partwell.connectors.secret import Secret
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal
from partwell.entrypoints.staff.road_forms import FIELDS, FORMS, TITLES
from partwell.records.correspondence.inbound_queries import road_here, roads_here, waiting_counts
from partwell.rules.refusals import Refusal


def _state(road: Any) -> tuple[str, str]:
    if not road.enabled:
        return "held", _("Paused")
    if road.last_error:
        return "refusing", _("Does not work now")
    if road.last_good_at is None:
        return "waiting", _("Not read yet") if road.kind == "imap" else _("Nothing came yet")
    return "open", _("Works") if road.kind == "imap" else _("Takes mail")


def _shown(road: Any) -> dict[str, Any]:
    """A road for its page: where, how far, and for a webhook what to set in the service."""
    found: dict[str, Any] = {"road": road, "state": _state(road)}
    if road.kind == "webhook":
        service = service_of(road.settings)
        values = whole("webhook", road.settings)
        host = settings.ENV.url
        if service.basic:
            scheme, _sep, rest = host.partition("://")
            host = f"{scheme}://{values['user']}:PASSWORD@{rest}"
        found.update(service=service, hook=f"{host}/mail/in/{road.id}/{service.ending}")
    return found


@staff_door("msp.configure")
@require_safe
def roads(request: HttpRequest) -> HttpResponse:
    """Every road, with its state."""
    shown = {"rows": [_shown(one) for one in roads_here()], "address": settings.PARTWELL_MAIL_ADDRESS, "lmtp": settings.ENV.lmtp,
             "mail_waits": waiting_counts()["ours"]}  # fmt: skip
    return render(request, "staff/roads.html", shown)


@staff_door("msp.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def road_add(request: HttpRequest, kind: str) -> HttpResponse:
    """Add one."""
    if kind not in FORMS:
        raise Http404
    form = FORMS[kind](request.POST or None)
    if form.is_bound and form.is_valid():
        road = NewRoad(
            kind, form.cleaned_data["name"], form.given("secret") or Secret(""), form.settings, form.given("refresh") or Secret(""),
            form.given("storage") or Secret(""),
        )  # fmt: skip
        result = add_road(actor=actor_of(request), road=road)
        if not isinstance(result, Refusal):
            messages.success(request, _("Added. Try it, to see whether it works.") if kind == "imap" else _("Added. Set its address in the service."))  # fmt: skip
            return HttpResponseRedirect(reverse("staff:roads"))
        form_with_refusal(form, result, **FIELDS)
    return form_page(
        request, form, title=TITLES[kind], back=reverse("staff:roads"), back_label=_("Mail that comes in"), button=_("Add it"), section="",
        groups=form.groups(),
    )  # fmt: skip


@staff_door("msp.configure")
@require_http_methods(["GET", "HEAD", "POST"])
def road_change(request: HttpRequest, road_id: str) -> HttpResponse:
    """Change its settings; a secret is replaced where one is typed."""
    road = road_here(uuid_or_404(road_id))
    if road is None or road.kind not in FORMS:
        raise Http404
    form = FORMS[road.kind](
        request.POST or None, initial={**whole(road.kind, road.settings), "name": road.name}, kept=True
    )
    if form.is_bound and form.is_valid():
        result = change_road(
            actor=actor_of(request), road_id=road.id, name=form.cleaned_data["name"], settings=form.settings,
            secret=form.given("secret"), refresh=form.given("refresh"), storage=form.given("storage"),
        )  # fmt: skip
        if not isinstance(result, Refusal):
            messages.success(request, _("Changed."))
            return HttpResponseRedirect(reverse("staff:roads"))
        form_with_refusal(form, result, **FIELDS)
    return form_page(
        request, form, title=_("Change %(name)s") % {"name": road.name}, back=reverse("staff:roads"), back_label=_("Mail that comes in"),
        button=_("Change it"), section="", groups=form.groups(),
        lede=_("Another server, or another way of signing in, wants its secret anew."),
    )  # fmt: skip


@staff_door("msp.configure")
@require_POST
def road_try(request: HttpRequest, road_id: str) -> HttpResponse:
    """Sign in and open the folder; take nothing."""
    result = try_road(actor=actor_of(request), road_id=uuid_or_404(road_id))
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse("staff:roads"))
    if result.last_error:
        messages.error(request, result.last_error)
    else:
        messages.success(request, _("It works: the folder opened."))
    return HttpResponseRedirect(reverse("staff:roads"))


@staff_door("msp.configure")
@require_POST
def road_switch(request: HttpRequest, road_id: str) -> HttpResponse:
    """Pause or resume it."""
    on = request.POST.get("on") == "1"
    result = change_road(actor=actor_of(request), road_id=uuid_or_404(road_id), enabled=on)
    return answer(request, result, reverse("staff:roads"), _("Resumed.") if on else _("Paused; nothing is taken by it."))  # fmt: skip


@staff_door("msp.configure")
@require_POST
def road_remove(request: HttpRequest, road_id: str) -> HttpResponse:
    """Remove it and wipe its secret."""
    result = remove_road(actor=actor_of(request), road_id=uuid_or_404(road_id))
    return answer(request, result, reverse("staff:roads"), _("Removed, and its secret wiped. What came by it stays."))  # fmt: skip
