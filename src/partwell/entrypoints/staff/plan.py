# SPDX-License-Identifier: AGPL-3.0-or-later
"""The plan of a departure: its steps by phase, each with owner and due date; people change and finish them."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.estate.take_picture import take_picture
from partwell.actions.offboardings import look
from partwell.actions.offboardings.plan_steps import (
    add_step,
    change_step,
    finish_step,
    move_step,
    remove_step,
    reopen_step,
)
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.offboarding import head
from partwell.entrypoints.staff.parts import (
    answer,
    day_field,
    form_page,
    form_with_refusal,
    id_of,
    id_or_none,
    staff_choices,
    words_field,
)
from partwell.entrypoints.staff.pictures import picture_of, pictured
from partwell.records.offboardings import queries
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Phase

PHASES = [(phase.value, phase.value.capitalize()) for phase in Phase if phase not in (Phase.CLOSED,)]


AT_A_FIELD = ("invalid_input", "required", "plan_step_blocked")


class StepForm(forms.Form):
    """One step."""

    title = forms.CharField(label="What is to be done", max_length=300)
    phase = forms.ChoiceField(label="Phase", choices=PHASES)
    due = day_field("Due")
    owner_id = forms.ChoiceField(label="Who does it", required=False)
    note = words_field(
        "Note", 3, required=False, help_text="Ours; the client sees that the step stands, not the note."
    )
    after = forms.MultipleChoiceField(
        label="Comes after", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self,
        *args: Any,
        steps: list[Any],
        but: str = "",
        fixed: bool = False,
        places: Any = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner_id"].choices = staff_choices()  # type: ignore[attr-defined]
        self.fields["after"].choices = [(s.key, s.title) for s in steps if s.key != but]  # type: ignore[attr-defined]
        if fixed:
            del self.fields["phase"]
        if places:
            self.fields["place"] = forms.ChoiceField(
                label="Place on its day", required=False, choices=[("", "as it is"), *places]
            )
            self.order_fields(["title", "phase", "due", "place"])


@staff_door("offboarding.read")
@require_safe
def plan(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """Steps by phase in R14's order; what a step waits for stands beside it."""
    shown = head(request, offboarding_id, "plan")
    one = shown.one
    titles = {step.key: step.title for step in one.steps}
    proofs = queries.step_pictures(one.row.id)
    open_keys = {step.key for step in one.open_steps}
    groups = []
    for phase in Phase:
        rows = [
            {**_plan_row(step, one, titles, open_keys), "proofs": proofs.get(step.id, [])}
            for step in sorted(one.steps, key=lambda s: (s.due, s.position))
            if step.phase == phase
        ]
        if rows:
            groups.append(
                {
                    "name": phase.value.capitalize(),
                    "rows": rows,
                    "done": sum(r["step"].done_at is not None for r in rows),
                }
            )
    return render(
        request,
        "staff/plan.html",
        {
            **shown.context,
            "groups": groups,
            "done": len(one.steps) - len(open_keys),
            "all": len(one.steps),
            "taken_out": queries.steps_taken_out(one.row.id),
        },
    )


def _plan_row(step: Any, one: look.Departure, titles: dict[str, str], open_keys: set[str]) -> dict[str, Any]:
    """A step with what it waits for: the first of them by name, the others counted."""
    waits = [titles[key] for key in step.after if key in open_keys] if step.done_at is None else []
    late = step.done_at is None and step.due < one.today
    return {"step": step, "whom": look.whom(step), "late": late, "waits": waits, "more": len(waits) - 1}


def _step(request: HttpRequest, offboarding_id: str, step_id: str) -> tuple[Any, Any]:
    """The departure's head and one of its steps."""
    shown, wanted = head(request, offboarding_id, "plan"), id_of(step_id)
    step = next((one for one in shown.one.steps if one.id == wanted), None)
    if step is None:
        raise Http404
    return shown, step


@staff_door("plan.change")
@require_http_methods(["GET", "POST"])
def step_add(request: HttpRequest, offboarding_id: str) -> HttpResponse:
    """A step of people's own."""
    shown = head(request, offboarding_id, "plan")
    row, back = shown.one.row, reverse("staff:plan", args=[shown.one.row.id])
    form = StepForm(
        request.POST or None,
        steps=shown.one.steps,
        initial={"phase": Phase.HANDOVER, "due": shown.one.service_ends},
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = add_step(actor=actor_of(request), offboarding_id=row.id, title=data["title"], due=data["due"], phase=Phase(data["phase"]),
                          owner_id=id_or_none(data["owner_id"]), note=data["note"], after=data["after"])  # fmt: skip
        if not (isinstance(result, Refusal) and result.status == 422):
            return answer(request, result, back, "The step is in the plan.")
        form_with_refusal(form, result, after="What comes first", title="The step")
    return form_page(
        request,
        form,
        title="Add a step to the plan",
        button="Add the step",
        back=back,
        back_label=f"Plan of {row.client.name}",
        section="departures",
    )


@staff_door("plan.change")
@require_http_methods(["GET", "POST"])
def step_change(request: HttpRequest, offboarding_id: str, step_id: str) -> HttpResponse:
    """Owner, due date, note, order and words of a step."""
    shown, step = _step(request, offboarding_id, step_id)
    row, back = shown.one.row, reverse("staff:plan", args=[shown.one.row.id])
    taken_out = {
        "label": "Take it out of the plan",
        "url": reverse("staff:step_remove", args=[row.id, step.id]),
    }
    initial = {
        "title": step.title,
        "due": step.due,
        "owner_id": str(step.owner_id or ""),
        "note": step.note,
        "after": step.after,
    }
    form = StepForm(
        request.POST or None,
        steps=shown.one.steps,
        but=step.key,
        fixed=True,
        initial=initial,
        places=_places(shown.one.steps, step),
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        result = change_step(actor=actor_of(request), step_id=step.id, title=data["title"], due=data["due"], note=data["note"],
                             owner_id=id_or_none(data["owner_id"]), after=data["after"])  # fmt: skip
        if not isinstance(result, Refusal) and data.get("place"):
            result = move_step(actor=actor_of(request), step_id=step.id, earlier=data["place"] == "earlier")
        if not (isinstance(result, Refusal) and result.code in AT_A_FIELD):
            return answer(request, result, back, "Saved.")
        form_with_refusal(
            form, result, after="What comes first", title="The step", place="The order|plan_step_blocked"
        )
    return form_page(
        request,
        form,
        title=step.title,
        button="Save",
        extra=taken_out,
        back=back,
        back_label=f"Plan of {row.client.name}",
        section="departures",
    )


def _places(steps: list[Any], step: Any) -> list[tuple[str, str]]:
    """Where a step may go among those of its phase and day."""
    same = sorted(
        (one for one in steps if one.phase == step.phase and one.due == step.due), key=lambda s: s.position
    )
    at = next(n for n, one in enumerate(same) if one.id == step.id)
    before = [("earlier", f"before “{same[at - 1].title}”")] if at else []
    return before + ([("later", f"after “{same[at + 1].title}”")] if at + 1 < len(same) else [])


class DoneForm(forms.Form):
    """What proves it, in words; the picture stands beside it."""

    words = words_field(
        "What was done, and how we know", 3, required=False, help_text="The client reads it with the step."
    )


@staff_door("plan.step_done")
@require_http_methods(["GET", "POST"])
def step_finish(request: HttpRequest, offboarding_id: str, step_id: str) -> HttpResponse:
    """Mark a step done, at once from the plan, or here with words and a picture that prove it (R4)."""
    shown, step = _step(request, offboarding_id, step_id)
    row, back = shown.one.row, reverse("staff:plan", args=[shown.one.row.id])
    form = DoneForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        refusal = _proof(request, row, step)
        result = refusal or finish_step(
            actor=actor_of(request), step_id=step.id, words=form.cleaned_data["words"]
        )
        if not isinstance(result, Refusal):
            return answer(request, result, back, f"Done: {step.title}.")
        if "here" not in request.POST:
            return answer(request, result, back, "")
        form_with_refusal(form, result)
    return render(
        request,
        "staff/step_finish.html",
        {
            **shown.context,
            "form": form,
            "step": step,
            "back": back,
            **pictured(actor_of(request), row.client, "step", step.id),
        },
        status=422 if form.errors else 200,
    )


def _proof(request: HttpRequest, row: Any, step: Any) -> Refusal | None:
    """The picture that came with the form, kept with the step before it is done; None where all is well."""
    if "picture" not in request.FILES:
        return None
    taken = take_picture(
        actor=actor_of(request),
        client_id=row.client_id,
        subject_kind="step",
        subject_id=step.id,
        **picture_of(request),
        caption=request.POST.get("caption", ""),
    )
    return taken if isinstance(taken, Refusal) else None


class ReasonForm(forms.Form):
    """Why."""

    reason = words_field("Reason", 3)


@staff_door("plan.step_done")
@require_http_methods(["GET", "POST"])
def step_reopen(request: HttpRequest, offboarding_id: str, step_id: str) -> HttpResponse:
    """A step was not done after all."""
    return _with_reason(
        request,
        offboarding_id,
        step_id,
        reopen_step,
        "was not done after all",
        "Reopen it",
        "The step is open again.",
    )


@staff_door("plan.change")
@require_http_methods(["GET", "POST"])
def step_remove(request: HttpRequest, offboarding_id: str, step_id: str) -> HttpResponse:
    """A step does not apply."""
    return _with_reason(
        request,
        offboarding_id,
        step_id,
        remove_step,
        "does not apply",
        "Take it out of the plan",
        "The step is out of the plan.",
    )


def _with_reason(
    request: HttpRequest, offboarding_id: str, step_id: str, action: Any, what: str, button: str, said: str
) -> HttpResponse:
    shown, step = _step(request, offboarding_id, step_id)
    row, back = shown.one.row, reverse("staff:plan", args=[shown.one.row.id])
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        result = action(actor=actor_of(request), step_id=step.id, reason=form.cleaned_data["reason"])
        if not (isinstance(result, Refusal) and result.status == 422):
            return answer(request, result, back, said)
        form_with_refusal(form, result, reason="The reason")
    return form_page(
        request,
        form,
        title=f"“{step.title}” {what}",
        button=button,
        back=back,
        back_label=f"Plan of {row.client.name}",
        section="departures",
    )
