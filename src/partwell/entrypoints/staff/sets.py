# SPDX-License-Identifier: AGPL-3.0-or-later
"""One backup set: until when and why, what stands against its deletion, where it lies, and its whole history."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from partwell.actions.facts import zone
from partwell.actions.retention.look import SetView, set_view
from partwell.actions.retention.record_set import has_secret
from partwell.actions.retention.set_files import files_of
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.retention_words import CONTENTS, NOTICES, PAYERS, set_row, window_of
from partwell.entrypoints.staff.parts import id_of, may_here
from partwell.entrypoints.staff.retention import deletion_row
from partwell.entrypoints.staff.retention_client import choice_row, coming
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.retention import queries
from partwell.rules.consent import day_in
from partwell.rules.deletion import OVER
from partwell.rules.keeping import Place

# How each part of a place is called on its page; the access key's name is not among them.
LABELS = {
    "console": "Console", "tenant": "Tenant or account", "endpoint": "Storage", "region": "Region", "bucket": "Bucket", "prefix": "Prefix",
    "whole_bucket": "Prefix", "path": "Path", "description": "Which ones",
}  # fmt: skip


def view_or_404(text: str) -> SetView:
    """The set of an address, with what stands around it."""
    found = set_view(id_of(text))
    if found is None or found.row.location == queries.NOWHERE:
        raise Http404
    return found


def where_rows(row: queries.BackupSet) -> list[tuple[str, str]]:
    """Where it lies, part by part."""
    out = [("Kind of place", Place(row.place).label)]
    for name, label in LABELS.items():
        value = row.whereabouts.get(name)
        if name == "whole_bucket":
            value = "the whole bucket" if value else ""
        if value:
            out.append((label, str(value)))
    return out


@staff_door("retention.read")
@require_safe
def backup_set(request: HttpRequest, set_id: str) -> HttpResponse:
    """The page; some forty queries, whatever its history."""
    one, actor, now = view_or_404(set_id), actor_of(request), timezone.now()
    row = one.row
    client, today = row.client, day_in(now, zone())
    found = timeline_for(actor, Filters(subject=row.id), size=40, zone=zone())
    given = queries.given([row.id])
    following = coming(row.keep_until, given.get((row.id, row.keep_until), set()) if row.keep_until else set(), row.gone_at is not None)  # fmt: skip
    copies = queries.only_copies([row.id], settled=True).get(row.id, [])
    here = row.gone_at is None
    deletions = [deletion_row(each) for each in queries.deletions_of_set(row.id)]
    open_ = next((each for each in deletions if each["row"].state not in OVER), None)
    holds = [each for each in queries.holds_of(client.id) if each.lifted_at is None and (each.whole_client or any(part.backup_set_id == row.id for part in each.sets.all()))]  # fmt: skip
    may = {verb: may_here(actor, client, verb) for verb in ("set.record", "set.return", "set.remove", "only_copy.settle", "hold.place", "deletion.propose")}  # fmt: skip
    context: dict[str, Any] = {
        "section": "clients", "client": client, "s": row, **set_row(one, ""), "window": window_of([one], today), "today": today,
        "where": where_rows(row), "bucket": row.place == Place.BUCKET, "secret": row.place == Place.BUCKET and has_secret(row.id), "payer": PAYERS.get(row.payer, ""),
        "what": CONTENTS.get(row.contents, ""), "copies": copies, "holds": holds, "deletions": deletions, "open": open_,
        "made": choice_row(one.choice) if one.choice else None, "notices": [{"row": each, "kind": NOTICES[each.kind]} for each in queries.notices_of_set(row.id)],
        "coming": following, "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered, "total": found.page.paginator.count,
        "files": files_of([row]).get(row.id, []), "in_vault": row.place == Place.VAULT,
        "passed": row.keep_until is not None and row.keep_until < today, "here": here,
        "may_change": here and may["set.record"], "may_return": here and row.returned_at is None and may["set.return"], "may_remove": may["set.remove"] and open_ is None,
        "may_settle": here and may["only_copy.settle"], "may_hold": here and may["hold.place"], "may_propose": here and open_ is None and may["deletion.propose"],
    }  # fmt: skip
    return render(request, "staff/set.html", context)
