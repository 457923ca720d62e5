# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hardware wiped or shredded: recorded with the tool's report, then looked at by a second person, who has it certified."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.facts import zone
from partwell.actions.retention.certificate_facts import titled
from partwell.actions.retention.media import NewDestruction, record_destruction, validate_destruction
from partwell.entrypoints.door import evidence_parts
from partwell.entrypoints.door.certificate_words import destruction_context
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import (
    answer,
    day_field,
    form_page,
    form_with_refusal,
    id_of,
    id_or_none,
    may_here,
    words_field,
)
from partwell.records.estate.queries import hardware_of
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.retention import certificates as queries
from partwell.rules.certificate import Method
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal

BIGGEST_REPORT = 50 * 1024 * 1024
_BOTH = require_http_methods(["GET", "HEAD", "POST"])


def _line(label: Any, most: int, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=most, **more)


class DestructionForm(forms.Form):
    """The fields of SP 800-88r2, 4.6, for one medium."""

    item_id = forms.ChoiceField(label=_("Item of the estate"), required=False)
    manufacturer = _line(_("Manufacturer"), 160)
    model = _line(_("Model"), 160)
    serial = _line(_("Serial number"), 160, help_text=_("Read it off the medium, not off the list."))
    property_number = _line(_("Property number"), 160, required=False)
    media_type = _line(_("Media type"), 80, help_text=_("Magnetic disk, SSD, tape, phone."))
    source = _line(_("Source"), 300, help_text=_("Where it was used: the server, the person, the cabinet."))
    confidentiality = _line(_("Confidentiality of what was on it"), 80)
    after_confidentiality = _line(_("Confidentiality afterwards"), 80, required=False)
    destination = _line(_("Where it went"), 200, required=False)
    method = forms.ChoiceField(
        label=_("Method"), widget=forms.RadioSelect, choices=[(one.value, one.meaning) for one in Method]
    )
    technique = _line(
        _("Technique"), 200, help_text=_("Overwritten once, cryptographic erase, shredded to 2 mm.")
    )
    tool = _line(_("Tool"), 200)
    tool_version = _line(_("Version of the tool"), 80, required=False)
    validated_module = _line(
        _("Validated module"),
        200,
        required=False,
        help_text=_("Purge is claimed only with one: its name and the number of its validation."),
    )
    verification_method = _line(
        _("How it was verified"), 200, help_text=_("Every sector read back, samples, by eye.")
    )
    report = forms.FileField(
        label=_("Report of the tool, or a picture of what is left"),
        help_text=_("It is kept as it is, and its digest stands on the certificate."),
    )
    done_by_name = _line(_("Who did it"), 160)
    done_by_title = _line(_("Their title"), 160)
    done_by_contact = _line(_("How to reach them"), 200)
    done_on = day_field("On which day")
    done_where = _line(_("Where"), 200)

    GROUPS = (
        (_("The medium"), ("item_id", "manufacturer", "model", "serial", "property_number", "media_type", "source", "confidentiality")),
        (_("What was done to it"), ("method", "technique", "tool", "tool_version", "validated_module", "verification_method", "report",
                                    "after_confidentiality", "destination")),
        (_("Who did it"), ("done_by_name", "done_by_title", "done_by_contact", "done_on", "done_where")),
    )  # fmt: skip

    def __init__(self, *args: Any, client: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        items = [(str(one.id), one.title) for one in hardware_of(client.id)]
        self.fields["item_id"].choices = [("", _("none of the estate")), *items]  # type: ignore[attr-defined]

    def groups(self) -> list[dict[str, Any]]:
        """The parts of the form as its page shows them."""
        return [{"title": title, "fields": [self[name] for name in names]} for title, names in self.GROUPS]

    def clean_report(self) -> Any:
        """At most 50 MiB."""
        report = self.cleaned_data["report"]
        if report.size > BIGGEST_REPORT:
            raise forms.ValidationError(_("The report is larger than 50 MiB."))
        return report


class ValidateForm(forms.Form):
    """What the second person found."""

    accept = forms.ChoiceField(
        label=_("What you found"), widget=forms.RadioSelect,
        choices=[("yes", _("It is as recorded: issue the certificate")), ("no", _("Something is wrong: it is recorded anew"))],
    )  # fmt: skip
    where = _line(_("Where you looked"), 200, required=False)
    words = words_field("In your words", 3, required=False)


def _destruction(text: str) -> queries.MediaDestruction:
    row = queries.destruction_of(id_of(text))
    if row is None:
        raise Http404
    return row


@staff_door("destruction.record")
@_BOTH
def destruction_add(request: HttpRequest, client_id: str) -> HttpResponse:
    """Record that a medium was wiped or shredded."""
    client, actor = client_or_404(client_id), actor_of(request)
    back = reverse("staff:certificates", args=[client.id])
    title, contact = titled(actor.id, actor.role)
    initial = {"done_by_name": actor.name, "done_by_title": title, "done_by_contact": contact, "done_on": day_in(timezone.now(), zone())}  # fmt: skip
    form = DestructionForm(request.POST or None, request.FILES or None, client=client, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = dict(form.cleaned_data)
        report = data.pop("report")
        data["item_id"] = id_or_none(data["item_id"])
        done = record_destruction(
            actor=actor, client_id=client.id, what=NewDestruction(**data), report=report, report_name=report.name or "report",
            report_type=report.content_type or "application/octet-stream",
        )  # fmt: skip
        if not isinstance(done, Refusal):
            to = reverse("staff:destruction", args=[done.id])
            return answer(request, done, to, "Recorded. A second person looks at it now.")
        if done.status != 422:
            return answer(request, done, back, "")
        form_with_refusal(form, done, validated_module="purge_needs_module", done_on="The day it was done")
    return form_page(
        request, form, title="A medium was wiped or shredded", button="Record it", back=back, back_label=f"Certificates of {client.name}",
        groups=form.groups(), lede="The fields are those of a certificate by SP 800-88r2. What stays empty is printed as “not known”.",
    )  # fmt: skip


@staff_door("certificate.read")
@require_safe
def destruction(request: HttpRequest, destruction_id: str) -> HttpResponse:
    """One medium: as recorded, its report, and what the second person said."""
    row, actor = _destruction(destruction_id), actor_of(request)
    found = timeline_for(actor, Filters(subject=row.id), size=20)
    open_ = row.validated_at is None and row.rejected_at is None
    may = may_here(actor, row.client, "destruction.validate")
    mine = actor.id == row.done_by_ref or actor.name.casefold() == row.done_by_name.strip().casefold()
    return render(request, "staff/destruction.html", {
        "section": "clients", "client": row.client, **destruction_context(row), "may_validate": open_ and may and not mine,
        "mine": open_ and mine, "events": evidence_parts.events_of(found.lines, "/evidence/"), "size": found.covered,
    })  # fmt: skip


@staff_door("destruction.validate")
@_BOTH
def destruction_validate(request: HttpRequest, destruction_id: str) -> HttpResponse:
    """The second person's word."""
    row, actor = _destruction(destruction_id), actor_of(request)
    back = reverse("staff:destruction", args=[row.id])
    form = ValidateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        accept = data["accept"] == "yes"
        done = validate_destruction(
            actor=actor, destruction_id=row.id, accept=accept, where=data["where"], words=data["words"]
        )
        if not isinstance(done, Refusal):
            to = reverse("staff:certificate", args=[done.id]) if accept else back
            said = (
                "Validated. The certificate is issued."
                if accept
                else "Turned down. It has to be recorded anew."
            )
            return answer(request, done, to, said)
        if done.status != 422:
            return answer(request, done, back, "")
        form_with_refusal(form, done, where="Where you looked", words="What is wrong")
    context = destruction_context(row)
    lede = f"{context['name']}. Look at the medium or at what is left of it, and at the report; then say what you found."
    return form_page(request, form, title="Look at it as the second person", button="Put it on record", back=back, back_label=context["name"], lede=lede)  # fmt: skip


@staff_door("certificate.read")
@require_safe
def destruction_report(request: HttpRequest, destruction_id: str) -> Any:
    """The report as it came: a file of strangers, from the sandbox."""
    row = _destruction(destruction_id)
    if row.report is None:
        raise Http404
    return file_response(request, row.report, inline="show" in request.GET)
