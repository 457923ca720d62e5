# SPDX-License-Identifier: AGPL-3.0-or-later
"""A notice is recorded: typed in, or from a mail file that is kept byte for byte and proposes the fields."""

import base64
import binascii
from datetime import datetime
from typing import Any

from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.clients.add_contact import NewContact
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.read_notice import read_notice
from partwell.documents.wording_of import WORDS
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.door.moments import MomentField
from partwell.entrypoints.staff.clients import client_or_404
from partwell.entrypoints.staff.parts import (
    answer,
    day_field,
    form_page,
    form_with_refusal,
    id_or_none,
    staff_choices,
    words_field,
)
from partwell.records.clients import queries
from partwell.rules.loop import mailbox_of
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Channel, ClientState, Destination, Reason

# What a page may carry of a mail between two requests; a larger one is chosen again with the form.
CARRIED = 1_500_000


def _choices(kind: str) -> list[tuple[str, str]]:
    return [(value, words[:1].upper() + words[1:]) for value, words in WORDS[kind].items()]


class NoticeForm(forms.Form):
    """What the client said, and what we asked at once."""

    file = forms.FileField(
        label="The notice itself",
        required=False,
        help_text="A mail (.eml) is read and proposes the fields; any file is kept byte for byte.",
    )
    received = MomentField(label="Reached us")
    channel = forms.ChoiceField(label="How it reached us", choices=_choices("channel"))
    notice_from_id = forms.ChoiceField(label="Who gave notice", required=False)
    text = words_field("What it says", 6, required=False)
    clause = forms.CharField(label="Clause of the agreement", max_length=120, required=False)
    renewal_note = words_field(
        "What would renew meanwhile",
        2,
        required=False,
        help_text="Licences, lines and terms that run on if nobody acts.",
    )
    reason = forms.ChoiceField(label="Why they leave", choices=[("", "choose"), *_choices("reason")])
    destination = forms.ChoiceField(
        label="Where things go", choices=[("", "choose"), *_choices("destination")]
    )
    end_of_service = day_field("Last day of service")
    owner_id = forms.ChoiceField(label="Who owns this departure here")
    outside_contact_id = forms.ChoiceField(label="Contact outside the domain that migrates", required=False)
    outside_name = forms.CharField(label="Or a new contact: name", max_length=160, required=False)
    outside_email = forms.EmailField(label="Address outside the domain", required=False)
    outside_phone = forms.CharField(label="Telephone", max_length=40, required=False)
    pain_1 = forms.CharField(label="First pain point", required=False, max_length=1000)
    pain_2 = forms.CharField(label="Second", required=False, max_length=1000)
    pain_3 = forms.CharField(label="Third", required=False, max_length=1000)
    pain_4 = forms.CharField(label="Fourth", required=False, max_length=1000)
    pain_5 = forms.CharField(label="Fifth", required=False, max_length=1000)
    kept = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, contacts: list[Any], me: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(one.id), f"{one.name}, {one.email}") for one in contacts]
        self.fields["notice_from_id"].choices = [("", "somebody not on file"), *people]  # type: ignore[attr-defined]
        outside = [(str(one.id), f"{one.name}, {one.email}") for one in contacts]
        self.fields["outside_contact_id"].choices = [("", "not given yet"), *outside]  # type: ignore[attr-defined]
        self.fields["owner_id"].choices = staff_choices("")  # type: ignore[attr-defined]
        self.fields["owner_id"].initial = me

    def clean(self) -> dict[str, Any]:
        """A new contact needs both name and address."""
        data = super().clean() or {}
        if bool(data.get("outside_name")) != bool(data.get("outside_email")):
            self.add_error("outside_email", "A new contact needs a name and an address.")
        return data

    def groups(self) -> list[dict[str, Any]]:
        """In the order in which people have it before them."""

        def of(*names: str) -> list[Any]:
            return [self[name] for name in names]

        return [
            {"title": "As it came", "fields": of("file"), "button": {"name": "read", "label": "Read this mail into the form"}},
            {"title": "The notice", "fields": of("received", "channel", "notice_from_id", "text", "clause", "renewal_note")},
            {"title": "The departure", "fields": of("reason", "destination", "end_of_service", "owner_id")},
            {"title": "So that we do not lose them on the way", "text": "Mail to the domain that moves will stop working one day. Ask for an address elsewhere.",
             "fields": of("outside_contact_id", "outside_name", "outside_email", "outside_phone")},
            {"title": "What did not go well", "text": "Up to five points, in the client's own words. They are answered if the client ever returns.",
             "fields": of("pain_1", "pain_2", "pain_3", "pain_4", "pain_5")},
        ]  # fmt: skip

    def notice(self, raw: bytes | None, name: str, kind: str, sender: str) -> Notice:
        """As the action takes it."""
        data = self.cleaned_data
        outside = (
            NewContact(data["outside_name"], data["outside_email"], phone=data["outside_phone"])
            if data["outside_email"]
            else None
        )
        return Notice(
            noticed_at=data["received"], channel=Channel(data["channel"]), reason=Reason(data["reason"]),
            destination=Destination(data["destination"]), end_of_service=data["end_of_service"], text=data["text"],
            clause=data["clause"], renewal_note=data["renewal_note"], notice_from_id=id_or_none(data["notice_from_id"]),
            owner_id=id_or_none(data["owner_id"]), outside_contact_id=id_or_none(data["outside_contact_id"]), outside=outside,
            pain_points=[data[f"pain_{n}"] for n in range(1, 6)], file=raw, file_name=name, file_type=kind, file_from=sender,
        )  # fmt: skip


def _carry(raw: bytes, name: str, kind: str = "") -> str:
    """The notice's own bytes, signed, for the second look at the form: nothing is stored before it is confirmed."""
    return signing.dumps([name, kind, base64.b64encode(raw).decode()], salt="notice", compress=True)


def _carried(text: str) -> tuple[bytes, str, str] | None:
    try:
        name, kind, data = signing.loads(text, salt="notice", max_age=6 * 3600)
        return base64.b64decode(data, validate=True), str(name), str(kind)
    except (signing.BadSignature, ValueError, binascii.Error):
        return None


@staff_door("offboarding.open")
@require_safe
def notice_new(request: HttpRequest) -> HttpResponse:
    """Whose notice it is: the active clients, by name."""
    words = request.GET.get("q", "")[:200]
    rows = [one for one in queries.active_clients(words) if one.state == ClientState.ACTIVE]
    return render(
        request,
        "staff/notice_new.html",
        {"section": "departures", "rows": rows[:60], "more": max(0, len(rows) - 60), "words": words},
    )


@staff_door("offboarding.open")
@require_http_methods(["GET", "POST"])
def notice(request: HttpRequest, client_id: str) -> HttpResponse:
    """Type it in, or upload it: "Read this mail" fills the form from it, and a person confirms every field."""
    client, actor = client_or_404(client_id), actor_of(request)
    contacts = queries.contacts_of(client.id)
    made: dict[str, Any] = {"contacts": contacts, "me": str(client.account_manager_id or actor.id)}
    now = timezone.now().replace(second=0, microsecond=0)
    notes: list[dict[str, str]] = []
    if request.method != "POST":
        form = NoticeForm(initial={"received": now, "channel": Channel.MAIL}, **made)
    elif request.POST.get("read"):
        form, notes = _read(request, client, contacts, made, now)
    else:
        form = NoticeForm(request.POST, request.FILES, **made)
        done = _record(request, client, form) if form.is_valid() else None
        if done is not None:
            return done
        _keep_chosen(request, form)
    if form["kept"].value():
        notes.append(
            {
                "title": "The file you chose is kept with this form; nothing is recorded yet.",
                "text": "Look at each field, then record the notice. The file goes with it, byte for byte.",
                "tone": "waiting",
            }
        )
    return form_page(
        request, form, title=f"{client.name} gives notice", groups=form.groups(), button="Record the notice",
        back=reverse("staff:client", args=[client.id]), back_label=client.name,
        section="departures", notes=notes,
    )  # fmt: skip


def _with_typed(typed: str, read: str) -> str:
    """What was typed stays, with what the mail says after it; reading the same mail again adds nothing."""
    typed = typed.replace("\r\n", "\n").strip()
    return typed if read in typed else f"{typed}\n\n{read}".strip()


def _keep_chosen(request: HttpRequest, form: NoticeForm) -> None:
    """A browser forgets a chosen file when the form comes back; what is not too large stays with the form."""
    file = request.FILES.get("file")
    if file is None:
        return
    file.seek(0)
    raw = file.read()
    if len(raw) <= CARRIED:
        kept = _carry(raw, file.name or "notice.eml", file.content_type or "")
        form.data = {**form.data.dict(), "kept": kept} if isinstance(form.data, QueryDict) else form.data
    else:
        form.add_error("file", "Choose the file once more; it is too large to be kept with this form.")


def _read(
    request: HttpRequest, client: Any, contacts: list[Any], made: dict[str, Any], now: datetime
) -> tuple[NoticeForm, list[dict[str, str]]]:
    """The form filled from an uploaded mail, with what is doubtful beside it."""
    typed = {
        name: request.POST.get(name, "")
        for name in NoticeForm.base_fields
        if name not in ("file", "kept") and request.POST.get(name)
    }
    file = request.FILES.get("file")
    if file is None:
        typed["kept"] = request.POST.get("kept", "")
        return NoticeForm(initial={"received": now, **typed}, **made), [
            {"title": "No file was chosen.", "text": "Choose the mail (.eml) first.", "tone": "waiting"}]  # fmt: skip
    raw = file.read()
    found = read_notice(actor=actor_of(request), raw=raw, name=file.name or "notice.eml")
    if isinstance(found, Refusal):
        if len(raw) <= CARRIED:
            typed["kept"] = _carry(raw, file.name or "notice", file.content_type or "")
        return NoticeForm(initial={"received": now, **typed}, **made), [
            {"title": found.sentence, "text": "It can be recorded all the same; its fields are typed in.", "tone": "waiting"}]  # fmt: skip
    sender = next((one for one in contacts if mailbox_of(one.email) in found.sender.casefold()), None)
    proposed: dict[str, Any] = {
        **typed, "channel": Channel.MAIL, "text": _with_typed(typed.get("text", ""), f"{found.subject}\n\n{found.words}".strip()),
        "received": found.sent_at or now,
        "notice_from_id": str(sender.id) if sender else typed.get("notice_from_id", ""),
    }  # fmt: skip
    notes = [
        {"title": doubt, "text": "Look at it before you record the notice.", "tone": "waiting"}
        for doubt in found.doubts
    ]
    if sender is None:
        notes.append(
            {
                "title": f"The mail says it is from {found.sender or 'nobody'}.",
                "text": "No contact on file has that address.",
                "tone": "waiting",
            }
        )
    if len(raw) <= CARRIED:
        proposed["kept"] = _carry(raw, file.name or "notice.eml")
    else:
        notes.append(
            {
                "title": "The mail is too large to be kept with this form.",
                "text": "Choose it once more before you record the notice.",
                "tone": "waiting",
            }
        )
    return NoticeForm(initial=proposed, **made), notes


def _record(request: HttpRequest, client: Any, form: NoticeForm) -> HttpResponse | None:
    """Call the action; None when its refusal now stands above the form."""
    raw, name, kind, sender = None, "", "application/octet-stream", ""
    if (file := form.cleaned_data.get("file")) is not None:
        raw, name, kind = file.read(), file.name, file.content_type or kind
    elif form.cleaned_data.get("kept"):
        carried = _carried(form.cleaned_data["kept"])
        if carried is None:
            form.add_error("file", "The mail was kept too long with this form; choose it again.")
            return None
        raw, name, kind = carried[0], carried[1], carried[2] or kind
    if raw is not None and (name.casefold().endswith(".eml") or kind == "message/rfc822"):
        kind = "message/rfc822"
        found = read_notice(actor=actor_of(request), raw=raw, name=name)
        sender = "" if isinstance(found, Refusal) else found.sender
    result = open_offboarding(
        actor=actor_of(request), client_id=client.id, notice=form.notice(raw, name, kind, sender)
    )
    if isinstance(result, Refusal) and result.status in (409, 422):
        form_with_refusal(
            form,
            result,
            end_of_service="The end of service",
            received="The moment of the notice",
            outside_email="The contact's address|same_address|duplicate",
            outside_name="The contact's name",
        )
        return None
    if isinstance(result, Refusal):
        return answer(request, result, reverse("staff:client", args=[client.id]), "")
    to = reverse("staff:offboarding", args=[result.id])
    return answer(
        request,
        result,
        to,
        f"The departure of {client.name} is open. Next: acknowledge the notice and propose a plan.",
    )
