# SPDX-License-Identifier: AGPL-3.0-or-later
"""The MSP's people: list, invite, change, leave; and the call-back that confirms a contact's passkey."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from partwell.actions.people import passkeys as keys
from partwell.actions.people.staff import (
    assigned_to,
    change_staff,
    end_invitation,
    invite_staff,
    staff_leaves,
)
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.people import queries
from partwell.rules import roles
from partwell.rules.refusals import Refusal
from partwell.rules.terms import StaffRole

ROLES = [(role.value, roles.ROLE_LABELS[role].capitalize()) for role in StaffRole]


class RoleForm(forms.Form):
    """A role, and an auditor's last day."""

    role = forms.ChoiceField(
        label=later("Role"), choices=ROLES, widget=forms.RadioSelect, initial=StaffRole.TECHNICIAN
    )
    auditor_until = forms.DateField(
        label=later("Last day, for an auditor"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
    )


class InviteForm(RoleForm):
    """Who is invited."""

    name = forms.CharField(label=later("Name"), max_length=120)
    email = forms.EmailField(label=later("Mail address"), max_length=254)
    field_order = ("name", "email", "role", "auditor_until")


@staff_door("staff.read")
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, with role; owners see invitations and who left."""
    owner = roles.may(actor_of(request).role, "staff.change") is None
    context = {
        "people": queries.staff_here(),
        "owner": owner,
        "gone": queries.staff_gone() if owner else [],
        "invitations": queries.invitations_open(timezone.now()) if owner else [],
    }
    return render(request, "staff/people.html", context)


def _form(request: HttpRequest, form: forms.Form, title: str, button: str, **more: Any) -> HttpResponse:
    context = {
        "title": title,
        "form": form,
        "button": button,
        "back": reverse("staff:people"),
        "back_label": _("People"),
        **more,
    }
    return render(request, "staff/form_page.html", context, status=422 if form.is_bound else 200)


@staff_door("staff.invite")
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody by mail; the link works once, for three days."""
    form = InviteForm(request.POST or None)
    if not form.is_valid():
        lede = _(
            "They get a mail with a link that works once, for three days, and set up password and second factor."
        )
        return _form(request, form, _("Invite somebody"), _("Send the invitation"), lede=lede)
    data = form.cleaned_data
    done = invite_staff(
        actor=actor_of(request),
        name=data["name"],
        email=data["email"],
        role=StaffRole(data["role"]),
        auditor_until=data["auditor_until"],
    )
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=reverse("staff:person_invite"))
    messages.success(request, _("The invitation is on its way to {address}.").format(address=done.email))
    return HttpResponseRedirect(reverse("staff:people"))


@staff_door("staff.invite")
@require_POST
def invitation_end(request: HttpRequest, invitation_id: str) -> HttpResponse:
    """Take an invitation back."""
    done = end_invitation(actor=actor_of(request), invitation_id=uuid_or_404(invitation_id))
    if isinstance(done, Refusal):
        return refusal_response(request, done)
    messages.success(request, _("The invitation of {name} works no longer.").format(name=done.name))
    return HttpResponseRedirect(reverse("staff:people"))


@staff_door("staff.change")
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, staff_id: str) -> HttpResponse:
    """One person: change the role, or let them leave."""
    row = queries.staff_member(uuid_or_404(staff_id))
    if row is None:
        raise Http404
    initial = {"role": row.role, "auditor_until": row.auditor_until}
    form = RoleForm(request.POST, initial=initial) if request.method == "POST" else RoleForm(initial=initial)
    if request.method != "POST" or not form.is_valid():
        context = {"row": row, "form": form, "assigned": _assigned(row.id)}
        return render(request, "staff/person.html", context, status=422 if request.method == "POST" else 200)
    done = change_staff(
        actor=actor_of(request),
        staff_id=row.id,
        role=StaffRole(form.cleaned_data["role"]),
        auditor_until=form.cleaned_data["auditor_until"],
    )
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=request.path)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect(reverse("staff:people"))


@staff_door("staff.leave")
@require_POST
def leave(request: HttpRequest, staff_id: str) -> HttpResponse:
    """Somebody leaves and loses everything at once; the name is typed, because it cannot be undone."""
    row = queries.staff_member(uuid_or_404(staff_id))
    if row is None:
        raise Http404
    if request.POST.get("typed_name", "").strip() != row.name:
        messages.error(request, _("The name does not match, so nothing happened."))
        return HttpResponseRedirect(reverse("staff:person", args=[row.id]))
    done = staff_leaves(actor=actor_of(request), staff_id=row.id)
    if isinstance(done, Refusal):
        return refusal_response(request, done, back=reverse("staff:person", args=[row.id]))
    messages.success(request, _("{name} left and lost all access.").format(name=row.name))
    if done[1]:
        return HttpResponseRedirect(reverse("staff:person", args=[row.id]))
    return HttpResponseRedirect(reverse("staff:people"))


def _assigned(staff_id: UUID) -> list[dict[str, str]]:
    words = {
        "client": _("Account manager of"),
        "offboarding": _("Owner of the departure of"),
        "step": _("Owner of the step"),
    }
    return [
        {"what": words[one.what], "name": one.name, "url": f"/clients/{one.client_id}/"}
        for one in assigned_to(staff_id)
    ]


@staff_door("passkey.confirm")
@require_http_methods(["GET", "HEAD", "POST"])
def passkey_call(request: HttpRequest, contact_id: str) -> HttpResponse:
    """The passkeys of a contact, and the call that confirms one: to a number on file before notice and enrolment."""
    found = keys.contact_for_call(uuid_or_404(contact_id))
    if found is None:
        raise Http404
    if request.method == "POST":
        done = keys.confirm_passkey(
            actor=actor_of(request),
            passkey_id=uuid_or_404(request.POST.get("passkey", "")),
            confirmed=request.POST.get("answer") == "yes",
            note=request.POST.get("note", "")[:2000],
        )
        if isinstance(done, Refusal):
            return refusal_response(request, done, back=request.path)
        messages.success(request, _("Confirmed.") if done.confirmed_at else _("The passkey is removed."))
        return HttpResponseRedirect(request.path)
    rows = [
        {"row": row, "since": keys.call_reference(row, found.client_id)} for row in keys.passkeys_of(found.id)
    ]
    return render(
        request,
        "staff/passkey_call.html",
        {"contact": found, "rows": rows, "client_url": f"/clients/{found.client_id}/"},
    )
