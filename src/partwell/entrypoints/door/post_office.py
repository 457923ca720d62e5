# SPDX-License-Identifier: AGPL-3.0-or-later
"""The local post office: what would have left, as pages. Only while no mail server is set and we serve loopback.

In the demo everybody may read it (it is how one visitor walks all four parties); otherwise owners only.
"""

import email
import email.policy
import re
from email.message import Message
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from partwell.connectors.catcher import Catcher, CaughtMessage
from partwell.connectors.errors import ConnectorError
from partwell.entrypoints.door.gate import View, open_door, staff_door
from partwell.entrypoints.door.headers import STRANGERS

NEWEST = 1000
EACH = 40
_LINK = re.compile(r"https?://[^\s<>\"']+")


def _door(view: View) -> View:
    """Nothing here with a real mail server or beyond loopback; open in the demo, else behind the staff's door."""
    behind = staff_door("post_office.read")(view)

    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.ENV.smtp or not settings.ENV.loopback:
            raise Http404
        return (view if settings.PARTWELL_DEMO else behind)(request, *args, **kwargs)

    inner.__doc__ = view.__doc__
    return open_door(inner)


def _catcher() -> Catcher:
    return Catcher(Path(settings.PARTWELL_HOME) / "inbox")


def _one(message_id: str) -> tuple[CaughtMessage, bytes]:
    catcher = _catcher()
    try:
        raw = catcher.read_message(message_id)
    except ConnectorError:
        raise Http404 from None
    return catcher.describe(message_id), raw


def _body(raw: bytes, kind: str) -> str:
    """The first part of this kind as text, however broken its declared encoding is."""
    parsed: Message[str, str] = email.message_from_bytes(raw, policy=email.policy.compat32)
    for part in parsed.walk():
        if part.get_content_type() == kind and part.get_content_disposition() != "attachment":
            data = part.get_payload(decode=True)
            if isinstance(data, bytes):
                try:
                    return data.decode(part.get_content_charset() or "utf-8", "replace")
                except LookupError:
                    return data.decode("utf-8", "replace")
    return ""


@_door
@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """The mails that were caught, newest first; of one person with ``?to=``."""
    wanted = request.GET.get("to", "").strip().lower()
    found = _catcher().list_messages(NEWEST)
    people = sorted({one for mail in found for one in mail.rcpt_tos})
    if wanted:
        found = [mail for mail in found if wanted in [one.lower() for one in mail.rcpt_tos]]
    page = Paginator(found, EACH).get_page(request.GET.get("page"))
    return render(request, "door/post_office.html", {"page": page, "people": people, "wanted": wanted})


@_door
@require_safe
def mail(request: HttpRequest, message_id: str) -> HttpResponse:
    """One mail: its envelope, its words, the links to this site, and the ways to see it whole."""
    described, raw = _one(message_id)
    text = _body(raw, "text/plain")
    ours = [one.rstrip(".,)") for one in _LINK.findall(text) if one.startswith(f"{settings.PARTWELL_URL}/")]
    context = {
        "mail": described,
        "rows": [
            (_("From"), described.header_from),
            (_("To, on the envelope"), ", ".join(described.rcpt_tos)),
            (_("To, in the header"), described.header_to),
        ],
        "text": text,
        "links": list(dict.fromkeys(ours)),
        "html": bool(_body(raw, "text/html")),
    }
    return render(request, "door/post_office_mail.html", context)


@_door
@xframe_options_sameorigin
@require_safe
def mail_html(request: HttpRequest, message_id: str) -> HttpResponse:
    """The HTML part in a sandbox: nothing runs, nothing loads, no link leads out."""
    html = _body(_one(message_id)[1], "text/html")
    if not html:
        raise Http404
    response = HttpResponse(html, content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = STRANGERS
    return response


@_door
@never_cache
@require_safe
def mail_raw(request: HttpRequest, message_id: str) -> HttpResponse:
    """The bytes as they were received."""
    response = HttpResponse(_one(message_id)[1], content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{message_id}.eml"'
    response["Content-Security-Policy"] = STRANGERS
    return response
