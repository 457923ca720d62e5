# SPDX-License-Identifier: AGPL-3.0-or-later
"""A new provider's person says whether their own voice may be recorded, and takes it back at any time, consent or not.

They see what they were asked and their own answer: nobody else's, and no recording.
"""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from partwell.actions.correspondence.recording_asks import answer_recording
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.gate import actor_of, provider_door
from partwell.entrypoints.door.recording_words import answer_words
from partwell.entrypoints.door.refused import refusal_response
from partwell.entrypoints.provider_portal.common import frame
from partwell.records.correspondence import recording_queries as found
from partwell.rules.refusals import Refusal


@provider_door("recording.answer")
@require_safe
def recordings(request: HttpRequest) -> HttpResponse:
    """What this person was asked, the newest first."""
    _standing, context = frame(request, "recordings")
    voices = [
        {"row": one, "tone": tone, "word": word}
        for one in found.own_voices(actor_of(request))
        for tone, word in [answer_words(one.answer)]
    ]
    return render(request, "provider_portal/recordings.html", {**context, "voices": voices})


@provider_door("recording.answer")
@require_POST
def answer(request: HttpRequest, ask_id: str) -> HttpResponse:
    """One's own answer."""
    back = reverse("provider:recordings")
    result = answer_recording(actor=actor_of(request), ask_id=uuid_or_404(ask_id), given=request.POST.get("answer") == "yes")  # fmt: skip
    if isinstance(result, Refusal):
        return refusal_response(request, result, back=back)
    messages.success(request, _("Noted."))
    return HttpResponseRedirect(back)
