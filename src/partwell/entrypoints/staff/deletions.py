# SPDX-License-Identifier: AGPL-3.0-or-later
"""One deletion: where it stands with who and when, what comes next and for whom, its counts, steps, proof and history."""

from dataclasses import dataclass, field
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from partwell.actions.facts import zone
from partwell.actions.retention.deletion_common import WHAT, candidates, second_of, start_facts
from partwell.actions.retention.progress import newest_job
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.retention_words import STATES, waits_for
from partwell.entrypoints.staff.deletion_steps import steps_context
from partwell.entrypoints.staff.parts import id_of, may_here
from partwell.entrypoints.theme.formats import when_words
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.retention import deletions as queries
from partwell.rules import deletion as rules
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.deletion import DELETION_MOVES, DeletionState
from partwell.rules.refusals import Refusal

_S = DeletionState
STAGES = {
    "asking the storage": "Asking the storage",
    "listing": "Listing",
    "writing the list": "Writing the list down",
    "deleting": "Deleting",
    "writing the outcome": "Writing the outcome down",
    "listing again": "Listing again",
    "destroying the key": "Destroying the key",
}
KINDS = {"deletion.list": "What lies there is listed", "deletion.run": "It is being deleted", "deletion.verify": "It is listed again"}  # fmt: skip


@dataclass
class Next:
    """What comes next. ``kind``: which part of the page asks for it; ``refused``: what stands against it today."""

    title: str
    text: str = ""
    kind: str = ""
    label: str = ""
    url: str = ""
    tone: str = "waiting"
    refused: Refusal | None = None
    more: list[dict[str, str]] = field(default_factory=list)
    refused_url: str = ""
    refused_label: str = ""


def deletion_or_404(text: str) -> queries.Deletion:
    """The deletion of an address, with its set and client."""
    found = queries.deletion_of(id_of(text))
    if found is None:
        raise Http404
    return found


def way(row: queries.Deletion) -> list[dict[str, Any]]:
    """From proposal to certificate: each station with who and when; those that come are empty."""
    system = _("by the program")
    done_by = row.executed_by_name
    stations: list[tuple[str, Any, str]] = [
        (_("Proposed"), row.proposed_at, row.proposed_by_name),
        (_("Approved"), row.approved_at, row.approved_by_name),
    ]
    if not row.by_hand:
        stations.append((_("Listed"), row.listed_at, system))
    stations += [
        (_("Started"), row.started_at, done_by),
        (_("Carried out"), row.executed_at, done_by if row.by_hand else system),
        (_("Verified"), row.verified_at, _("by looking again") if row.by_hand else _("by listing again")),
        (_("Validated"), row.validated_at, row.validated_by_name),
        (_("Certified"), row.certified_at, ""),
    ]
    out = []
    for name, at, who in stations:
        out.append({"name": name, "at": at, "who": who if at else "", "state": "done" if at else ""})
    nearest = next((one for one in out if not one["at"]), None)
    if nearest is not None and row.state not in (_S.CANCELLED, _S.CERTIFIED):
        nearest["state"] = {_S.STOPPED: "held", _S.PARTIAL: "refusing"}.get(DeletionState(row.state), "now")
    return out


def work_of(row: queries.Deletion) -> dict[str, Any] | None:
    """The newest job as ``{% job %}`` shows it: live while it goes on; None where there is none to show."""
    job = newest_job(row)
    if job is None:
        return None
    here = reverse("staff:deletion", args=[row.id])
    total = job.total or (row.listed_count if job.kind == "deletion.run" else 0)
    stage = STAGES.get(job.stage, job.stage.capitalize() if job.stage else "")
    return {
        "label": _(KINDS.get(job.kind, "Under way")), "state": job.state, "done": job.done, "total": total if job.state in ("queued", "running") else 0,
        "unit": _("things"), "note": job.error or stage, "url": reverse("staff:deletion_part", args=[row.id]), "page_url": here,
        "result_url": here, "result_label": _("See what came of it"), "kind": job.kind,
    }  # fmt: skip


def next_of(row: queries.Deletion, actor: Actor, job: dict[str, Any] | None) -> Next:
    """The one thing that comes next, for whom it is, and what stands against it today with where to settle that."""
    found = _next(row, actor, job)
    if found.refused is not None:
        kept, code = row.backup_set, found.refused.code
        data, here = reverse("staff:client_data", args=[row.client_id]), reverse("staff:set", args=[kept.id])
        ways = {
            "on_hold": (data, _("See the hold")), "deletion_paused": (reverse("staff:client", args=[row.client_id]), _("See the pause")),
            **dict.fromkeys(("only_copy", "return_first", "no_keep_date", "kept_until", "place_incomplete"), (here, _("Open the set"))),
            **dict.fromkeys(("newer_data", "not_ours", "list_changed"), (reverse("staff:deletion_things", args=[row.id]), _("Look at the list"))),
        }  # fmt: skip
        found.refused_url, found.refused_label = ways.get(code, ("", ""))
    return found


def _next(row: queries.Deletion, actor: Actor, job: dict[str, Any] | None) -> Next:
    client, name, now = row.client, row.backup_set.name, timezone.now()
    may = lambda verb: may_here(actor, client, verb)  # noqa: E731  a shorthand of this function
    at = {key: reverse(f"staff:deletion_{key}", args=[row.id]) for key in ("approve", "list", "start", "verify", "resume", "cancel", "validate", "except")}  # fmt: skip
    state = DeletionState(row.state)
    failed = job is not None and job["state"] in ("failed", "stopped")
    if state is _S.PROPOSED:
        problem = rules.may_second(row.proposed_by_ref.hex, row.proposed_by_role, second_of(actor), staff_count=candidates([row.proposed_by_ref]), what=WHAT)  # fmt: skip
        against = rules.may_propose(start_facts(row.backup_set, now))
        said = _("%(who)s proposed it: “%(why)s”") % {"who": row.proposed_by_name, "why": row.reason}
        if actor.id == row.proposed_by_ref:
            return Next(
                _("A colleague approves it"),
                f"{said} {_('Nobody approves their own; one of the two is an owner.')}",
            )
        if not may("deletion.approve"):
            return Next(_("A second person approves it"), said)
        if problem is not None or against is not None:
            return Next(_("A second person approves it"), said, refused=problem or against)
        return Next(_("Look at it, and approve it"), f"{said} {_('Nothing is deleted by approving.')}", "post", _("Approve the deletion"), at["approve"])  # fmt: skip
    if state is _S.APPROVED and not row.by_hand:
        if failed and job is not None:
            found = Next(_("It could not be listed"), job["note"], tone="refusing")
            return _asked(found, may("deletion.list"), _("List it again"), at["list"])
        return Next(
            _("What lies there is being listed"),
            _("Nothing is changed by that. Then somebody looks at the list, and starts it."),
        )
    if state in (_S.LISTED, _S.PARTIAL) or (state is _S.APPROVED and row.by_hand):
        return _start(row, actor, may("deletion.start"), at)
    if state is _S.RUNNING and row.by_hand:
        return Next(_("Work through the steps"), _("Each asks for a picture or file of what the console showed. You may close this page; what is done stays done."))  # fmt: skip
    if state is _S.RUNNING:
        return Next(
            _("It is being deleted"),
            _("It goes on by itself, also after a restart. A hold stops it before its next batch."),
        )
    if state is _S.EXECUTED and row.by_hand:
        return Next(_("Sign in again and look"), _("The last step: at best another day, and another person."))
    if state is _S.EXECUTED:
        found = Next(
            _("It is listed again"),
            job["note"] if failed and job else _("The list made afterwards is the only proof there is."),
        )
        return _asked(found, failed and may("deletion.list"), _("List it again now"), at["verify"])
    if state is _S.VERIFIED:
        return _validation(row, actor, may("deletion.validate"), at["validate"])
    if state is _S.VALIDATED:
        return _certificate(row, may("deletion.certify"))
    if state is _S.STOPPED:
        against = rules.may_propose(start_facts(row.backup_set, now))
        found = Next(_("It was stopped"), row.stopped_why, tone="held", refused=against)
        again = (
            _("It comes back as a proposal.")
            if row.approved_at is None
            else _("It is listed anew before anything more goes.")
        )
        found.text = f"{found.text} {again}"
        return (
            found
            if against is not None
            else _asked(found, may("deletion.stop"), _("Take it up again"), at["resume"])
        )
    if state is _S.CANCELLED:
        return Next(_("It was called off"), row.cancelled_why, tone="held")
    return Next(
        _("It is done"),
        _("“%(name)s” is deleted, and its certificate is with the client.") % {"name": name},
        tone="open",
    )


def _asked(found: Next, may: object, label: str, url: str) -> Next:
    if may:
        found.kind, found.label, found.url = "post", label, url
    return found


def _start(row: queries.Deletion, actor: Actor, may: bool, at: dict[str, str]) -> Next:
    """Start what was listed, begin by hand, or try again: with the name typed and everything asked beforehand."""
    facts = start_facts(row.backup_set, timezone.now(), row, newer_agreed=True, shown_digest=row.listed_digest, typed_name=row.backup_set.name)  # fmt: skip
    against = rules.may_start(facts, by_hand=row.by_hand)
    more: list[dict[str, str]] = []
    if row.state == _S.PARTIAL:
        why = str(row.findings.get("why") or "")
        title = _("Try again, or say what stays")
        text = (
            _("%(n)s things are still there.") % {"n": f"{row.failed_count:,}"}
            if row.failed_count
            else _("Not everything is gone.")
        )
        text = f"{text} {why}".strip()
        if actor.role == "owner":
            more.append({"label": _("Name what stays"), "url": at["except"]})
    elif row.by_hand:
        title, text = (
            _("Begin"),
            _("Read the steps first. From the beginning on nothing can be called off, only stopped."),
        )
    else:
        title, text = (
            _("Look at the list, then start it"),
            _("Exactly what is on the list goes, and nothing else."),
        )
    if not may:
        return Next(
            title, f"{text} {_('A technician, an account manager or an owner starts it.')}", more=more
        )
    if against is not None:
        return Next(title, text, refused=against, more=more)
    label = {_S.PARTIAL: _("Try again")}.get(
        DeletionState(row.state), _("Begin to empty it") if row.by_hand else _("Delete it for good")
    )
    return Next(title, text, "start", label, at["start"], more=more)


def _validation(row: queries.Deletion, actor: Actor, may: bool, url: str) -> Next:
    title = _("A second person looks at the outcome")
    open_ = sum(
        one.done_at is None or (one.proof_needed and one.proof_id is None) for one in queries.steps_of(row.id)
    )
    if open_:
        text = (
            _("Before that one step wants a word or its proof.")
            if open_ == 1
            else _("Before that %(n)s steps want a word or their proof.") % {"n": open_}
        )
        return Next(title, text)
    mine = actor.id == row.executed_by_ref or any(
        one.done_by_ref == actor.id for one in queries.steps_of(row.id)
    )
    if not may or mine:
        return Next(title, _("Whoever started it or emptied it does not judge it.") if mine else "")
    return Next(title, _("Look at both lists, or at the proof of each step; then say what you found."), "link", _("Look at the outcome"), url)  # fmt: skip


def _certificate(row: queries.Deletion, may: bool) -> Next:
    today = day_in(timezone.now(), zone())
    if row.effective_on is not None and row.effective_on > today:
        text = _(
            "It takes effect on %(day)s; until then copies may still expire. The certificate is issued on that day by itself."
        )
        return Next(_("The certificate waits for its day"), text % {"day": when_words(row.effective_on)})
    found = Next(_("The certificate can be issued"), _("The worker issues it by itself, or you do it now."))
    return _asked(found, may, _("Issue it now"), reverse("staff:deletion_certify", args=[row.id]))


def other_ways(row: queries.Deletion, actor: Actor) -> list[dict[str, str]]:
    """What else may be done with it now: list anew, stop, call off, say that it is partial."""
    client, moves = row.client, DELETION_MOVES[DeletionState(row.state)]
    begun = row.started_at is not None
    offers = [
        ("list", _("List it anew"), "deletion.list", "list" in moves and not row.by_hand and row.state != _S.APPROVED, True),
        ("left", _("Not all can be deleted"), "deletion.step", row.by_hand and row.state in (_S.RUNNING, _S.EXECUTED), False),
        ("stop", _("Stop it"), "deletion.stop", "stop" in moves, False),
        ("cancel", _("Call it off"), "deletion.cancel", "cancel" in moves and not begun, False),
    ]  # fmt: skip
    return [{"label": label, "url": reverse(f"staff:deletion_{key}", args=[row.id]), "post": "yes" if post else ""}
            for key, label, verb, fits, post in offers if fits and may_here(actor, client, verb)]  # fmt: skip


def place_facts(row: queries.Deletion) -> list[tuple[str, str]]:
    """What the storage said of itself when it was listed."""
    said = row.findings
    words = {
        "on": "on: every version is listed and deleted",
        "suspended": "suspended: old versions are listed too",
        "off": "off",
    }
    found: list[tuple[str, str]] = []
    if said.get("versioning") not in (None, "", "n/a"):
        found.append((_("Versioning"), words.get(str(said["versioning"]), str(said["versioning"]))))
    if said.get("object_lock"):
        found.append((_("Object Lock"), str(said.get("default_retention") or _("on"))))
    for key, label in (
        ("replication", _("Replication")),
        ("lifecycle", _("Lifecycle rules")),
        ("unknown", _("Could not be learned")),
    ):
        if said.get(key):
            found.append((label, "; ".join(str(one) for one in said[key])))
    if said.get("locked_until"):
        found.append((_("Last lock ends"), str(said["locked_until"])))
    return found


def files_of(row: queries.Deletion) -> list[dict[str, Any]]:
    """The lists that are kept as they came."""
    files = (("listing", _("What was listed before"), row.listing), ("outcome", _("What the storage answered"), row.outcome), ("verification", _("What was found afterwards"), row.verification))  # fmt: skip
    return [{"what": what, "label": label, "file": file, "url": reverse("staff:deletion_file", args=[row.id, what])} for what, label, file in files if file is not None]  # fmt: skip


@staff_door("retention.read")
@require_safe
def deletion(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """The page; a fixed number of queries however many things are on the list."""
    row, actor = deletion_or_404(deletion_id), actor_of(request)
    found = timeline_for(actor, Filters(subject=row.id), size=40, zone=zone())
    job = None if row.by_hand else work_of(row)
    busy = job is not None and (job["state"] in ("queued", "running") or (job["state"] == "failed" and row.state in (_S.APPROVED, _S.EXECUTED)))  # fmt: skip
    tone, word = STATES[row.state]
    counts = queries.line_counts(row.id)
    certificate = getattr(row, "certificate", None)
    return render(request, "staff/deletion.html", {
        "section": "retention", "client": row.client, "d": row, "s": row.backup_set, "tone": tone, "word": word, "way": way(row), "waits": waits_for(row),
        "next": next_of(row, actor, job), "job": job if busy else None, "ways": other_ways(row, actor), "counts": counts,
        "has_lines": bool(counts), "gone": counts.get("deleted", 0) + counts.get("gone", 0), "failed": counts.get("failed", 0),
        "exceptions": row.exceptions[:50], "exceptions_more": max(0, len(row.exceptions) - 50), "facts": place_facts(row), "files": files_of(row),
        "shown": [("shown", row.listed_digest)], "certificate": certificate, "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered, "total": found.page.paginator.count,
        **steps_context(row, actor),
    })  # fmt: skip


@staff_door("retention.read")
@require_safe
def deletion_part(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """The progress alone, polled while it runs."""
    row = deletion_or_404(deletion_id)
    return render(request, "staff/import_job.html", {"work": work_of(row) or {"label": _("Nothing is under way"), "state": "done", "page_url": ""}})  # fmt: skip
