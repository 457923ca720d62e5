# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files of a set in our own vault: put in, taken out."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from partwell.actions.retention.set_files import file_of, store_in_set
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of, staff_door
from partwell.entrypoints.staff.parts import answer, form_page, form_with_refusal, id_of
from partwell.entrypoints.staff.sets import view_or_404
from partwell.rules.refusals import Refusal


class FileForm(forms.Form):
    """One file, at most 64 GiB."""

    file = forms.FileField(label=gettext_lazy("File"), help_text=gettext_lazy("It is sealed under the set's own key; the client can download it."))  # fmt: skip


@staff_door("set.record")
@require_http_methods(["GET", "POST"])
def set_file_add(request: HttpRequest, set_id: str) -> HttpResponse:
    """Put a file into the set."""
    row = view_or_404(set_id).row
    back = reverse("staff:set", args=[row.id])
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        done = store_in_set(actor=actor_of(request), set_id=row.id, name=file.name or "file", stream=file)
        if not isinstance(done, Refusal) or done.code == "not_found":
            return answer(request, done, back, _("Stored, and on record with its digest."))
        form_with_refusal(form, done)
    return form_page(request, form, back=back, back_label=row.name, button=_("Put it in"),
                     title=_("Put a file into “%(name)s”") % {"name": row.name})  # fmt: skip


@staff_door("retention.read")
@require_safe
def set_file(request: HttpRequest, set_id: str, file_id: str) -> Any:
    """One file of the set, as a download."""
    file = file_of(actor=actor_of(request), set_id=id_of(set_id), file_id=id_of(file_id))
    if file is None:
        raise Http404
    return file_response(request, file)
