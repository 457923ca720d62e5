# SPDX-License-Identifier: AGPL-3.0-or-later
"""A person's digest and calendar addresses: the same page behind two doors, and the two addresses that need no session."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.correspondence import digests, feeds
from partwell.actions.correspondence.post import link
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, open_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.door.throttle import throttled
from partwell.rules.refusals import Refusal

PRIVATE = {
    "Cache-Control": "private, no-store, max-age=0",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}


class DigestForm(forms.Form):
    """How often, and whose seven o'clock."""

    rhythm = forms.ChoiceField(
        label=gettext_lazy("How often"),
        widget=forms.RadioSelect,
        choices=[
            ("off", gettext_lazy("Not at all")),
            ("daily", gettext_lazy("Every day at seven, when there is something")),
            ("weekly", gettext_lazy("Mondays at seven, when there is something")),
        ],
    )
    zone = forms.ChoiceField(label=gettext_lazy("In the time of"), required=False)
    messages = forms.ChoiceField(
        label=gettext_lazy("When a client or new provider writes"),
        widget=forms.RadioSelect,
        required=False,
        choices=[
            ("", gettext_lazy("A mail about each message, which I can answer")),
            ("digest", gettext_lazy("Only the digest")),
        ],
    )

    def __init__(self, *args: Any, staff: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not staff:
            del self.fields["messages"]
        named = [(one, one.replace("_", " ")) for one in sorted(available_timezones()) if "/" in one and not one.startswith("Etc/")]  # fmt: skip
        self.fields["zone"].choices = [("", _("ours: %(zone)s") % {"zone": timezone.get_current_timezone_name()}), *named]  # type: ignore[attr-defined]  # fmt: skip


def _initial(row: digests.DigestChoice | None) -> dict[str, str]:
    return {"rhythm": row.rhythm, "zone": row.zone, "messages": row.messages} if row else {"rhythm": "off", "zone": "", "messages": ""}  # fmt: skip


def page(request: HttpRequest, door: str, template: str, more: dict[str, Any]) -> HttpResponse:
    """The page of one door (``client`` or ``staff``): choose the digest; the calendar addresses stand below."""
    actor = actor_of(request)
    row = digests.choice_of(actor)
    form = DigestForm(
        request.POST if request.method == "POST" else None, initial=_initial(row), staff=actor.is_staff
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        result = digests.choose_digest(
            actor=actor, rhythm=given["rhythm"], zone_name=given["zone"], messages=given.get("messages")
        )
        here = reverse(f"{door}:habits")
        if isinstance(result, Refusal):
            return refusal_response(request, result, back=here)
        messages.success(request, _("Noted."))
        return HttpResponseRedirect(here)
    return _shown(request, door, template, more, form, status=422 if form.errors else 200)


def _shown(
    request: HttpRequest,
    door: str,
    template: str,
    more: dict[str, Any],
    form: DigestForm | None = None,
    address: str = "",
    status: int = 200,
) -> HttpResponse:
    actor = actor_of(request)
    if form is None:
        form = DigestForm(initial=_initial(digests.choice_of(actor)), staff=actor.is_staff)
    listed = [
        {"row": one, "end": reverse(f"{door}:feed_end", args=[one.id])} for one in feeds.feeds_of(actor)
    ]
    context = {
        "form": form, "feeds": listed, "address": address, "here": reverse(f"{door}:habits"), "make": reverse(f"{door}:feed_make"), **more,
    }  # fmt: skip
    return render(request, template, context, status=status)


def make(request: HttpRequest, door: str, template: str, more: dict[str, Any]) -> HttpResponse:
    """A new calendar address, shown on this answer and never again."""
    result = feeds.make_feed(actor=actor_of(request))
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=reverse(f"{door}:habits"))
    return _shown(request, door, template, more, address=link(f"/calendar/{result[1]}.ics"))


def end(request: HttpRequest, door: str, feed_id: str) -> HttpResponse:
    """End one's own calendar address."""
    result = feeds.end_feed(actor=actor_of(request), feed_id=uuid_or_404(feed_id))
    here = reverse(f"{door}:habits")
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=here)
    messages.success(request, _("Ended. Whoever has that address finds nothing there."))
    return HttpResponseRedirect(here)


@open_door
@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """A person's dates for a calendar program. An unknown, ended or stranger's address is nothing (404)."""
    if (refusal := throttled(request, "calendar", token)) is not None:
        return refusal_response(request, refusal)
    found = feeds.feed_text(token, timezone.now())
    if found is None:
        raise Http404
    headers = {**PRIVATE, "Content-Disposition": 'inline; filename="dates.ics"', "X-Content-Type-Options": "nosniff"}  # fmt: skip
    return HttpResponse(found, content_type="text/calendar; charset=utf-8", headers=headers)


@csrf_exempt  # a mail program posts without a cookie (RFC 8058); the word in the address turns one digest off and no more
@open_door
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Turn a digest off. Reading the page changes nothing (mail scanners follow links); the button or one click does."""
    if (refusal := throttled(request, "use_link")) is not None:
        return refusal_response(request, refusal)
    row = digests.unsubscribe(token) if request.method == "POST" else digests.by_word(token)
    if row is None:
        raise Http404
    answer = render(request, "door/unsubscribe.html", {"done": row.rhythm == "off"})
    for name, value in PRIVATE.items():
        answer.headers[name] = value
    return answer
