# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a deletion takes, thing by thing: the dry run and the outcome in pages, the files kept of them, and what an owner excepts."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.retention.run_deletion import MOST_NAMED, except_left
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.deletions import deletion_or_404
from partwell.entrypoints.staff.parts import answer
from partwell.records.retention import deletions as queries
from partwell.rules.deletion import LineVerdict
from partwell.rules.refusals import Refusal

A_PAGE = 100
VERDICTS: dict[str, tuple[str, Any]] = {
    LineVerdict.GOES: ("open", _("Goes")),
    LineVerdict.NEWER: ("waiting", _("Written after the end")),
    LineVerdict.LOCKED: ("held", _("Locked")),
    LineVerdict.NOT_OURS: ("refusing", _("Not of this set")),
}
STATES: dict[str, tuple[str, Any]] = {
    "waits": ("", ""),
    "going": ("waiting", _("Under way")),
    "deleted": ("done", _("Deleted")),
    "gone": ("done", _("Was gone already")),
    "failed": ("refusing", _("Still there")),
    "excepted": ("held", _("Stays, by name")),
}
KINDS = {"object": "", "marker": _("delete marker"), "upload": _("unfinished upload"), "folder": _("folder"), "link": _("link"), "file": _("file")}  # fmt: skip


def line_row(line: queries.DeletionLine) -> dict[str, Any]:
    """A thing as the list shows it: what became of it, else what the dry run says."""
    tone, word = STATES[line.state] if line.state != "waits" else VERDICTS[line.verdict]
    return {"row": line, "tone": tone, "word": word, "kind": KINDS.get(line.kind, line.kind), "locked": line.verdict == LineVerdict.LOCKED}  # fmt: skip


def _after(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


@staff_door("retention.read")
@require_safe
def things(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """The list, a hundred at a time, by verdict or by what became of it."""
    row = deletion_or_404(deletion_id)
    state, verdict = request.GET.get("state", ""), request.GET.get("verdict", "")
    state, verdict = state if state in STATES else "", verdict if verdict in list(VERDICTS) else ""
    after = _after(request.GET.get("after", ""))
    lines = queries.lines_of(row.id, state=state, verdict=verdict, after=after, limit=A_PAGE + 1)
    counts = queries.line_counts(row.id)
    chips = [
        {
            "label": now_("All"),
            "n": sum(counts.values()),
            "state": None,
            "verdict": None,
            "on": not state and not verdict,
        }
    ]
    verdicts = {
        LineVerdict.NEWER: row.newer_count,
        LineVerdict.LOCKED: row.locked_count,
        LineVerdict.NOT_OURS: row.foreign_count,
    }
    chips += [{"label": VERDICTS[key][1], "n": n, "state": None, "verdict": key.value, "on": verdict == key.value} for key, n in verdicts.items() if n]  # fmt: skip
    chips += [{"label": word, "n": counts[key], "state": key, "verdict": None, "on": state == key} for key, (_tone, word) in STATES.items() if key != "waits" and counts.get(key)]  # fmt: skip
    return render(request, "staff/deletion_things.html", {
        "section": "retention", "client": row.client, "d": row, "s": row.backup_set, "rows": [line_row(one) for one in lines[:A_PAGE]], "chips": chips,
        "after": lines[A_PAGE - 1].position if len(lines) > A_PAGE else None, "further": bool(after), "kept": bool(counts),
    })  # fmt: skip


@staff_door("retention.read")
@require_safe
def deletion_file(request: HttpRequest, deletion_id: str, what: str) -> Any:
    """The list made before, what the storage answered, or the list made afterwards: as it was kept."""
    row = deletion_or_404(deletion_id)
    file = {"listing": row.listing, "outcome": row.outcome, "verification": row.verification}.get(what)
    if file is None:
        raise Http404
    return file_response(request, file)


@staff_door("deletion.except")
@require_http_methods(["GET", "HEAD", "POST"])
def deletion_except(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """An owner names what stays, and why; the certificate lists each."""
    row, actor = deletion_or_404(deletion_id), actor_of(request)
    back, wrong = reverse("staff:deletion", args=[row.id]), None
    given = request.POST
    if request.method == "POST":
        ids = [int(one) for one in given.getlist("line") if one.isascii() and one.isdigit() and len(one) < 19][:MOST_NAMED]  # fmt: skip
        things_ = given.get("things", "")[:100_000].splitlines()
        done = except_left(
            actor=actor,
            deletion_id=row.id,
            reason=given.get("reason", "")[:1000],
            line_ids=ids,
            things=things_,
        )
        if not isinstance(done, Refusal) or done.status != 422:
            said = now_("Named. The certificate will list each of them.")
            return answer(request, done, back, said)
        wrong = done
    after = _after(request.GET.get("after", ""))
    lines = [] if row.by_hand else queries.lines_of(row.id, state="failed", after=after, limit=A_PAGE + 1)
    return render(request, "staff/deletion_except.html", {
        "section": "retention", "client": row.client, "d": row, "s": row.backup_set, "rows": [line_row(one) for one in lines[:A_PAGE]],
        "after": lines[A_PAGE - 1].position if len(lines) > A_PAGE else None, "further": bool(after), "back": back, "wrong": wrong,
        "reason": given.get("reason", "")[:1000], "things": given.get("things", "")[:100_000], "most": MOST_NAMED,
    }, status=422 if wrong else 200)  # fmt: skip
