# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every backup set that is promised to go: due, late, held, unprovable, in conflict; and the deletions under way (R6, R13)."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.facts import zone
from partwell.actions.retention import look
from partwell.actions.retention.bulk import MOST, preview_proposals, propose_many
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.door.retention_words import STATES, set_row, waits_for, window_of
from partwell.entrypoints.staff.parts import id_or_none
from partwell.records.retention.deletions import Deletion, under_way
from partwell.rules.consent import day_in
from partwell.rules.deletion import OVER
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may

A_PAGE = 40
SHOWS: dict[str, tuple[Any, Callable[..., look.Page]]] = {
    "": (later("All"), look.every),
    "late": (later("Late"), look.late),
    "due": (later("Due in 60 days"), look.due),
    "held": (later("Held"), look.held),
    "window": (later("Vendor’s window"), look.with_alarms),
    "conflict": (later("In conflict"), look.in_conflict),
    "proof": (later("Unprovable"), look.unprovable),
    "untold": (later("Client not told"), look.not_told),
}
DELETIONS = "deletions"
EMPTY = {
    "late": later("No promise is overdue."),
    "due": later("Nothing is due within 60 days."),
    "held": later("No hold covers a set."),
    "window": later("Every vendor keeps its data as long as was promised."),
    "conflict": later("Nothing argues with a set’s day."),
    "proof": later("Of every set there is on record what its deletion will be shown with."),
    "untold": later("Every notice that was due has been given."),
}
GROUPS = (("past", later("Their day has passed")), ("soon", later("Within 60 days")), ("far", later("Later")))


def deletion_row(row: Deletion) -> dict[str, Any]:
    """A deletion as a line of a list."""
    tone, word = STATES[row.state]
    what, whom = waits_for(row)
    return {"row": row, "tone": tone, "word": word, "what": what, "whom": whom}


def _group(until: date, today: date) -> str:
    if until < today:
        return "past"
    return "soon" if until <= today + timedelta(days=look.SOON_DAYS) else "far"


def _groups(rows: list[dict[str, Any]], today: date) -> list[dict[str, Any]]:
    out = []
    for key, name in GROUPS:
        members = [row for row in rows if _group(row["until"], today) == key]
        if members:
            out.append({"name": name, "rows": members})
    return out


@staff_door("retention.read")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Sorted, filtered and paged by the database; a fixed number of queries however many sets there are."""
    actor, now = actor_of(request), timezone.now()
    today = day_in(now, zone())
    asked = request.GET
    chosen = asked.get("show", "")
    chosen = chosen if chosen in (*SHOWS, DELETIONS) else ""
    wish = look.Wish(
        asked.get("sort", "")[:20], asked.get("q", "").strip()[:200], _place(asked.get("place", ""))
    )
    numbers = look.counts(now)
    of_these = look.counts(now, wish) if wish.words or wish.place else numbers
    counted = {
        "": of_these.every,
        "late": of_these.late,
        "due": of_these.due,
        "held": of_these.held,
        "untold": of_these.not_told,
    }
    chips = [{"key": key, "label": label, "n": counted.get(key)} for key, (label, _ask) in SHOWS.items()]
    chips.append({"key": DELETIONS, "label": _("Deletions under way"), "n": numbers.under_way})
    context: dict[str, Any] = {
        "section": "retention", "chips": chips, "chosen": chosen, "any": numbers.every or numbers.under_way, "lede": lede(numbers),
        "wish": wish, "places": [(one.value, one.label) for one in Place if one], "filtered": bool(wish.words or wish.place), "today": today,
    }  # fmt: skip
    if chosen == DELETIONS:
        page = Paginator(under_way(), A_PAGE).get_page(asked.get("page"))
        context.update(page=page, deletions=[deletion_row(one) for one in page.object_list])
        return render(request, "staff/retention.html", context)
    found = SHOWS[chosen][1](now, asked.get("after"), A_PAGE, wish)
    rows = [set_row(one, reverse("staff:set", args=[one.row.id])) for one in found.rows]
    may_propose = may(actor.role, "deletion.propose") is None
    for row in rows:
        row["pick"] = (
            may_propose
            and row["until"] < today
            and (row["deletion"] is None or row["deletion"].state in OVER)
        )
    plain = wish.sort in ("", "until")
    context.update(
        groups=_groups(rows, today) if plain and rows else [{"name": "", "rows": rows}] if rows else [], after=found.after,
        further=bool(asked.get("after")), window=window_of([row["one"] for row in rows], today), empty=EMPTY.get(chosen, ""),
        picks=any(row["pick"] for row in rows), may_propose=may_propose,
        bulk=[{"name": "ask", "value": "yes", "label": _("See what proposing them comes to"), "main": True}],
    )  # fmt: skip
    return render(request, "staff/retention.html", context)


def _place(text: str) -> str:
    return text if text in [one.value for one in Place] else ""


def lede(numbers: look.Counts) -> str:
    """The whole page in a sentence or two."""
    if not numbers.every:
        return _("Nothing is promised to go.")
    said = [
        ngettext("%(n)s set is promised to go.", "%(n)s sets are promised to go.", numbers.every)
        % {"n": numbers.every}
    ]
    if numbers.late:
        said.append(ngettext("%(n)s is late.", "%(n)s are late.", numbers.late) % {"n": numbers.late})
    if numbers.held:
        said.append(ngettext("A hold keeps %(n)s.", "Holds keep %(n)s.", numbers.held) % {"n": numbers.held})
    if not numbers.late and not numbers.not_told:
        said.append(_("No promise is overdue."))
    return " ".join(said)


@staff_door("deletion.propose")
@require_POST
def propose_many_sets(request: HttpRequest) -> HttpResponse:
    """First what each proposal would come to and why not; then, with a reason, those that may be."""
    actor, back = actor_of(request), f"{reverse('staff:retention')}?show=late"
    ids = [one for one in (id_or_none(text) for text in request.POST.getlist("set")) if one is not None][
        :MOST
    ]
    reason = request.POST.get("reason", "").strip()
    if not ids:
        messages.warning(request, _("Tick the sets that shall go."))
        return HttpResponseRedirect(back)
    if request.POST.get("go") and reason:
        made = propose_many(actor=actor, set_ids=ids, reason=reason)
        if isinstance(made, Refusal):
            return refusal_response(request, made, back=back)
        done = sum(not isinstance(one, Refusal) for one in made)
        if done:
            messages.success(request, ngettext("%(n)s deletion is proposed; a second person approves it.", "%(n)s deletions are proposed; a second person approves each.", done) % {"n": done})  # fmt: skip
        for one in made:
            if isinstance(one, Refusal):
                messages.warning(request, f"{one.sentence} {one.next_step}")
        return HttpResponseRedirect(f"{reverse('staff:retention')}?show={DELETIONS}" if done else back)
    found = preview_proposals(actor=actor, set_ids=ids)
    if isinstance(found, Refusal):
        return refusal_response(request, found, back=back)
    go = [one for one in found if one.problem is None]
    missing = bool(request.POST.get("go")) and not reason
    return render(request, "staff/retention_propose.html", {
        "section": "retention", "go": go, "stay": [one for one in found if one.problem is not None], "back": back, "missing": missing,
    }, status=422 if missing else 200)  # fmt: skip
