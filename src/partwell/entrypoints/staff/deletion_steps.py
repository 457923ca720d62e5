# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guided steps of a place that people empty: one open at a time, each with its proof, each taken back if it was a mistake (R15)."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as now_
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.retention.hand_steps import LATE, MOST, WORKED, do_step, leave_partial, undo_step
from partwell.entrypoints.door.files import SHOWN, file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of, may_here
from partwell.entrypoints.staff.set_forms import WordsForm
from partwell.records.retention import deletions as queries
from partwell.rules import deletion_steps as plan
from partwell.rules.actor import Actor
from partwell.rules.deletion import DeletionState
from partwell.rules.refusals import Refusal

_S = DeletionState
_BOTH = require_http_methods(["GET", "HEAD", "POST"])


class StepForm(forms.Form):
    """What was done, and what proves it."""

    words = forms.CharField(label=_("What you did and saw"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))  # fmt: skip
    proof = forms.FileField(label=_("Picture or file of what was shown"), required=False, help_text=_("It goes into the vault as it is; at most 50 MiB."))  # fmt: skip

    def __init__(self, *args: Any, step: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if plan.kind_of(step.key) == plan.CONFIRMATION:
            self.fields["words"].label = _("What the vendor answered, or whom you asked and when")
            self.fields["proof"].label = _("The vendor’s confirmation")
        self.fields["proof"].required = step.proof_needed

    def clean_proof(self) -> Any:
        """At most 50 MiB."""
        file = self.cleaned_data["proof"]
        if file is not None and file.size > MOST:
            raise forms.ValidationError(_("The file is larger than 50 MiB."))
        return file


class LeftForm(WordsForm):
    """How much is left."""

    left = forms.IntegerField(label=_("How many things are left"), min_value=1, max_value=10**9)
    field_order = ("left", "words")


def blocked(row: queries.Deletion, step: queries.HandStep, steps: list[queries.HandStep]) -> str:
    """Why this step cannot be done yet, in words; "" where it can. The action asks again, and holds too."""
    kind, state = plan.kind_of(step.key), DeletionState(row.state)
    before = [one for one in steps if one.done_at is None and plan.kind_of(one.key) not in plan.AFTERWARDS]
    late = kind == plan.CONFIRMATION or not row.by_hand
    if kind == plan.CHECK and state is not _S.EXECUTED:
        return now_("When all the steps before it are done.")
    if state not in (LATE if late else (*WORKED, _S.EXECUTED) if kind == plan.CHECK else WORKED):
        return now_("The deletion does not stand at its steps now.")
    if kind in plan.TAKES_AWAY and row.by_hand and state is not _S.RUNNING:
        return now_("When somebody has begun the deletion.")
    if kind == plan.SUBSCRIPTION and any(one.position < step.position for one in before):
        return now_("When the steps before it are done.")
    return ""


def steps_context(row: queries.Deletion, actor: Actor) -> dict[str, Any]:
    """The checklist: what is done, what is next with its form, what waits and why."""
    steps = queries.steps_of(row.id)
    may = may_here(actor, row.client, "deletion.step")
    undoable = may and row.state in (*WORKED, _S.LISTED, _S.EXECUTED)
    out: list[dict[str, Any]] = []
    first = True
    for step in steps:
        done = step.done_at is not None
        why = "" if done else blocked(row, step, steps)
        now = not done and not why and first
        first = first and not now
        out.append({
            "row": step, "done": done, "why": why, "now": now, "open": not done and not why and may,
            "form": StepForm(step=step, auto_id=f"{step.key}_%s".replace(":", "_")) if not done and not why and may else None,
            "undo": reverse("staff:deletion_step_undo", args=[row.id, step.id]) if done and undoable else "",
            "url": reverse("staff:deletion_step", args=[row.id, step.id]), "proof": reverse("staff:deletion_step_proof", args=[row.id, step.id]) if step.proof_id else "",
        })  # fmt: skip
    done_count = sum(one["done"] for one in out)
    return {"steps": out, "steps_done": done_count, "steps_left": len(out) - done_count}


def _found(deletion_id: str, hand_id: str) -> tuple[queries.Deletion, queries.HandStep]:
    row = queries.deletion_of(id_of(deletion_id))
    step = next((one for one in queries.steps_of(row.id) if one.id == id_of(hand_id)), None) if row else None
    if row is None or step is None:
        raise Http404
    return row, step


@staff_door("deletion.step")
@_BOTH
def step_do(request: HttpRequest, deletion_id: str, hand_id: str) -> HttpResponse:
    """Do one step: its guidance, the words, the proof."""
    row, step = _found(deletion_id, hand_id)
    back = f"{reverse('staff:deletion', args=[row.id])}#steps"
    form = StepForm(request.POST or None, request.FILES or None, step=step)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["proof"]
        proof = {"proof": file.read(), "proof_name": file.name or "proof", "media_type": file.content_type or "application/octet-stream"} if file else {}  # fmt: skip
        done = do_step(actor=actor_of(request), deletion_id=row.id, step_id=step.id, words=form.cleaned_data["words"], **proof)  # fmt: skip
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, now_("Done: %(step)s.") % {"step": step.title})
        form_with_refusal(form, done, proof="proof_missing", words="What was done")
    if request.method != "POST" and step.done_at is not None:
        return HttpResponseRedirect(back)
    steps = queries.steps_of(row.id)
    why = blocked(row, step, steps)
    notes = [{"title": now_("This step waits"), "text": why}] if why else []
    number = now_("Step %(n)s of %(total)s") % {"n": step.position, "total": len(steps)}
    return form_page(request, form, title=step.title, lede=f"{number}. {step.guidance}", button=now_("This step is done"), back=back,
                     back_label=row.backup_set.name, section="retention", notes=notes)  # fmt: skip


@staff_door("deletion.step")
@_BOTH
def step_undo(request: HttpRequest, deletion_id: str, hand_id: str) -> HttpResponse:
    """Take a tick back."""
    row, step = _found(deletion_id, hand_id)
    back = f"{reverse('staff:deletion', args=[row.id])}#steps"
    form = WordsForm(request.POST or None, label=now_("Why it was a mistake"), hint=now_("The first entry stays; this one stands beside it."), most=300)  # fmt: skip
    if request.method == "POST" and form.is_valid():
        done = undo_step(actor=actor_of(request), deletion_id=row.id, step_id=step.id, reason=form.cleaned_data["words"])  # fmt: skip
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, now_("Taken back."))
        form_with_refusal(form, done)
    return form_page(request, form, title=now_("Take back “%(step)s”") % {"step": step.title}, button=now_("Take it back"), back=back,
                     back_label=row.backup_set.name, section="retention")  # fmt: skip


@staff_door("retention.read")
@require_safe
def step_proof(request: HttpRequest, deletion_id: str, hand_id: str) -> Any:
    """A step's proof: a file of strangers, from the sandbox."""
    _row, step = _found(deletion_id, hand_id)
    if step.proof is None:
        raise Http404
    return file_response(request, step.proof, inline="show" in request.GET and step.proof.media_type in SHOWN)


@staff_door("deletion.step")
@_BOTH
def deletion_left(request: HttpRequest, deletion_id: str) -> HttpResponse:
    """Not all could be deleted by hand: how much is left, and why."""
    row = queries.deletion_of(id_of(deletion_id))
    if row is None:
        raise Http404
    back = reverse("staff:deletion", args=[row.id])
    form = LeftForm(
        request.POST or None, label=now_("What is left, and why"), hint=now_("The client reads it."), most=300
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        done = leave_partial(
            actor=actor_of(request), deletion_id=row.id, left=data["left"], words=data["words"]
        )
        if not isinstance(done, Refusal) or done.status != 422:
            return answer(request, done, back, now_("It is partial, and says so."))
        form_with_refusal(form, done, left="How many things are left")
    return form_page(request, form, title=now_("Not all of “%(name)s” can be deleted") % {"name": row.backup_set.name}, back=back,
                     lede=now_("It stays partial until it is tried again, or an owner names what stays. Nothing is rounded up."), button=now_("Leave it partial"),
                     back_label=row.backup_set.name, section="retention")  # fmt: skip
