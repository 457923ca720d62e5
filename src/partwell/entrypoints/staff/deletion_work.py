# SPDX-License-Identifier: AGPL-3.0-or-later
"""The verbs of a deletion: propose, approve, list, start, stop, take up, call off, verify, validate (R15). One address a verb."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.bulk import preview_proposals
from partwell.actions.retention.cancel import cancel_deletion
from partwell.actions.retention.list_things import ask_listing
from partwell.actions.retention.propose import propose_deletion
from partwell.actions.retention.run_deletion import start
from partwell.actions.retention.stop import resume_deletion, stop_deletion
from partwell.actions.retention.validate import reject, validate
from partwell.actions.retention.verify import ask_verification
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.deletion_steps import steps_context
from partwell.entrypoints.staff.deletions import deletion_or_404, files_of, place_facts
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, words_field
from partwell.entrypoints.staff.set_forms import WordsForm
from partwell.entrypoints.staff.sets import view_or_404
from partwell.rules.refusals import Refusal

_BOTH = require_http_methods(["GET", "HEAD", "POST"])


class JudgeForm(forms.Form):
    """What the second person found."""

    accept = forms.ChoiceField(
        label=_("What you found"), widget=forms.RadioSelect,
        choices=[("yes", _("It is gone, as it says: I validate it")), ("no", _("Something is wrong: it is tried again"))],
    )  # fmt: skip
    words = words_field(_("In your words"), 3, required=False, help_text=_("The client reads it. Needed where something is wrong."))  # fmt: skip


@staff_door("deletion.propose")
@_BOTH
def deletion_propose(request: HttpRequest, set_id: str) -> HttpResponse:
    """Propose to delete one set; what would stop it is said before anything is typed."""
    one, actor = view_or_404(set_id), actor_of(request)
    row, back = one.row, reverse("staff:set", args=[one.row.id])
    form = WordsForm(
        request.POST or None, label=now_("Why now"), hint=now_("A sentence that the client reads."), most=300
    )
    if request.method == "POST" and form.is_valid():
        done = propose_deletion(actor=actor, set_id=row.id, reason=form.cleaned_data["words"])
        if not isinstance(done, Refusal):
            return answer(request, done, reverse("staff:deletion", args=[done.id]), now_("Proposed. A second person approves it."))  # fmt: skip
        if done.status != 422 or done.code != "required":
            return answer(request, done, back, "")
        form_with_refusal(form, done, words="The reason")
    found = preview_proposals(actor=actor, set_ids=[row.id])
    problem = found[0].problem if not isinstance(found, Refusal) and found else None
    notes = [{"title": problem.sentence, "text": problem.next_step, "tone": "refusing"}] if problem else []
    lede = now_(
        "Nothing is deleted by this. Another person approves it, then what lies there is listed and shown."
    )
    return form_page(request, form, title=now_("Propose to delete “%(name)s”") % {"name": row.name}, lede=lede, button=now_("Propose it"), notes=notes,
                     back=back, back_label=row.name, section="retention")  # fmt: skip


def _post(request: HttpRequest, deletion_id: str, action: Any, said: str, **given: Any) -> HttpResponse:
    row = deletion_or_404(deletion_id)
    done = action(actor=actor_of(request), deletion_id=row.id, **given)
    return answer(request, done, reverse("staff:deletion", args=[row.id]), said)


@staff_door("deletion.approve")
@require_POST
def deletion_approve(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """The second person agrees."""
    return _post(
        request,
        deletion_id,
        approve_deletion,
        now_("Approved. Nothing is deleted before somebody starts it by name."),
    )


@staff_door("deletion.list")
@require_POST
def deletion_list(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """List anew."""
    return _post(request, deletion_id, ask_listing, now_("It is being listed. Nothing is changed by that."))


@staff_door("deletion.list")
@require_POST
def deletion_verify(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """List again after the deletion."""
    return _post(request, deletion_id, ask_verification, now_("It is listed again."))


@staff_door("deletion.start")
@require_POST
def deletion_start(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Start exactly what was shown, with the name typed."""
    given = request.POST
    return _post(
        request, deletion_id, start, now_("It has begun. You may close this page."), shown_digest=given.get("shown", "")[:64],
        typed_name=given.get("typed_name", "")[:300], newer_agreed=given.get("also") == "yes",
    )  # fmt: skip


@staff_door("deletion.stop")
@require_POST
def deletion_resume(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Take it up again."""
    return _post(request, deletion_id, resume_deletion, now_("It is taken up again."))


def _why(
    request: HttpRequest, deletion_id: str, action: Any, name: str, said: str, **context: Any
) -> HttpResponse:
    row = deletion_or_404(deletion_id)
    back = reverse("staff:deletion", args=[row.id])
    form = WordsForm(request.POST or None, label=now_("Why"), hint=now_("The client reads it."), most=300)
    if request.method == "POST" and form.is_valid():
        done = action(actor=actor_of(request), deletion_id=row.id, **{name: form.cleaned_data["words"]})
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, said)
        form_with_refusal(form, done, words="The reason")
    title = context.pop("title") % {"name": row.backup_set.name}
    return form_page(request, form, title=title, back=back, back_label=row.backup_set.name, section="retention", **context)  # fmt: skip


@staff_door("deletion.stop")
@_BOTH
def deletion_stop(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Stop it for a reason."""
    return _why(request, deletion_id, stop_deletion, "why", now_("Stopped. What is gone is gone; nothing more goes."), button=now_("Stop it"),
                title=now_("Stop the deletion of “%(name)s”"), lede=now_("A running one ends before its next batch. It can be taken up again."))  # fmt: skip


@staff_door("deletion.cancel")
@_BOTH
def deletion_cancel(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Call off what has not begun."""
    return _why(request, deletion_id, cancel_deletion, "reason", now_("Called off. The set may be proposed again."), button=now_("Call it off"),
                title=now_("Call off the deletion of “%(name)s”"), lede=now_("Nothing has been deleted. The set stays due."))  # fmt: skip


@staff_door("deletion.validate")
@_BOTH
def deletion_validate(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """The second person's word on the outcome."""
    row, actor = deletion_or_404(deletion_id), actor_of(request)
    back = reverse("staff:deletion", args=[row.id])
    form = JudgeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words, accept = form.cleaned_data["words"], form.cleaned_data["accept"] == "yes"
        act = validate if accept else reject
        done = act(actor=actor, deletion_id=row.id, words=words)
        if not isinstance(done, Refusal) or done.status != 422:
            said = now_("Validated. The certificate follows on the day it takes effect.") if accept else now_("Not accepted. It is partial again.")  # fmt: skip
            return answer(request, done, back, said)
        form_with_refusal(form, done, words="What is wrong with the outcome")
    return render(request, "staff/deletion_validate.html", {
        "section": "retention", "client": row.client, "d": row, "s": row.backup_set, "form": form, "back": back, "files": files_of(row),
        "facts": place_facts(row), "exceptions": row.exceptions[:50], "exceptions_more": max(0, len(row.exceptions) - 50), **steps_context(row, actor),
    }, status=422 if form.errors else 200)  # fmt: skip
