# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes mail as a POST: signed raw bytes of a script of one's own, or a mail service's call in that service's form.

Whatever does not prove to be of the road's service gets 404 and leaves nothing, not even that the road exists. 2xx is
given only after the commit. What is authentic and cannot be taken (paused, no raw mail in it, our own failure) gets the
status by which that service keeps the mail and tries again, and a word of it on the road.
"""

import logging
from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from partwell.actions.correspondence.bucket_mail import NotFetched, fetch_mail
from partwell.actions.correspondence.hooks import confirm_topic, fresh, use_token
from partwell.actions.correspondence.receive import LARGEST, take_in
from partwell.actions.correspondence.reply_addresses import takes_mail
from partwell.actions.correspondence.road_settings import HOOK_DEFAULTS, service_of
from partwell.actions.correspondence.roads import note_progress, secret_of
from partwell.entrypoints.door.gate import open_door
from partwell.entrypoints.mailbox import signed
from partwell.entrypoints.mailbox.body import Unreadable, fields_of, read
from partwell.entrypoints.mailbox.services import (
    Call,
    Confirm,
    Handed,
    InBucket,
    NotRaw,
    authentic,
    mails_in,
    password_holds,
    topic_of,
)
from partwell.records.correspondence.queries import Road, webhook_road
from partwell.rules.mail_services import PARTWELL, MailService

log = logging.getLogger("partwell.webhook")


@open_door
@csrf_exempt
@require_http_methods(["POST", "HEAD"])
def take(request: HttpRequest, road_id: str) -> HttpResponse:
    """200 once the mail is committed; 404 unproved; 413 too large; else "later", in the service's own status."""
    road = webhook_road(_uuid(road_id)) if takes_mail() else None
    if road is None:
        raise Http404
    service = service_of(road.settings)
    if request.method == "HEAD":  # some ask so, when the address is set
        return HttpResponse()
    if service.code == PARTWELL:
        return signed.take(request, road, lambda problem: _later(road, service, problem))
    values = {**HOOK_DEFAULTS, **road.settings}
    if service.proof == "topic" and "Authorization" not in request.headers:
        # SNS sends what stands in the address only after it was asked.
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="Partwell"'})
    secret = secret_of(road).reveal()
    if service.basic and not password_holds(secret, values["user"], request.META):
        raise Http404  # before a byte of the body is read
    call = _call(request)
    if call is None:
        return HttpResponse(status=413)
    if not authentic(service.code, secret, values["user"], settings.ENV.url + request.path, call):
        raise Http404
    if service.proof == "topic" and topic_of(call) != values["topic"]:
        raise Http404
    if service.code == "mailgun" and not fresh(call.POST["timestamp"]):
        raise Http404
    if not road.enabled:
        return _later(road, service, "")
    try:
        found = mails_in(service.code, call)
    except NotRaw as error:
        return _later(road, service, str(error))
    if isinstance(found, InBucket):
        try:
            raw = fetch_mail(road, found.bucket, found.key)
        except NotFetched as error:
            return _later(road, service, str(error))
        found = [Handed(raw, found.sender, found.recipients)]
    if isinstance(found, Confirm):
        problem = confirm_topic(found.topic, found.token)
        return _later(road, service, problem) if problem else _taken(road, [])
    if service.code == "mailgun" and not use_token(road.id, call.POST["token"], found[0].raw):
        raise Http404
    if any(len(one.raw) > LARGEST for one in found):
        return HttpResponse(status=413)
    return _take(road, service, found)


def _call(request: HttpRequest) -> Call | None:
    """The call, read whole; None where it is too large. A broken form is a call without fields, and proves nothing."""
    body = read(request)
    if body is None:
        return None
    kind = request.headers.get("Content-Type", "")
    try:
        fields = fields_of(body, kind)
    except Unreadable:
        fields = fields_of(b"", "")
    return Call(fields, request.META, request.headers, body, request.content_type or "")


def _take(road: Road, service: MailService, found: Sequence[Handed]) -> HttpResponse:
    taken = []
    try:
        for one in found:
            to = [place.strip() for place in one.recipients if place.strip()]
            taken.append(take_in(one.raw, road="webhook", envelope_from=one.sender, envelope_to=to).id.hex)
    except Exception as error:  # noqa: BLE001  # whatever it is, the sender keeps the mail and tries again
        log.error("A mail could not be taken in: %s", type(error).__name__)
        return _later(
            road, service, f"What came could not be kept ({type(error).__name__}); the service tries again."
        )
    return _taken(road, taken)


def _taken(road: Road, ids: list[str]) -> HttpResponse:
    _note(road, "")
    return JsonResponse({"taken": len(ids), "ids": ids})


def _later(road: Road, service: MailService, problem: str) -> HttpResponse:
    """The status by which this service keeps the mail. ``problem`` goes onto the road and, in words, to the service."""
    if problem:
        _note(road, problem)
    words = problem or "This road is paused; try again later."
    return JsonResponse({"taken": 0, "problem": words}, status=service.later, headers={"Retry-After": "60"})


def _note(road: Road, error: str) -> None:
    try:
        note_progress(road.id, error=error)
    except Exception as problem:  # noqa: BLE001  # the database itself may be what failed; the mail is what counts
        log.error("A road's state could not be noted: %s", type(problem).__name__)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
