# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes a mail as a signed POST: the raw bytes as the body, for services and scripts that cannot speak LMTP.

Headers: ``X-Partwell-Timestamp`` (Unix seconds, five minutes at most away), ``X-Envelope-From``, ``X-Envelope-To``
(addresses separated by commas), and ``X-Partwell-Signature``: hex HMAC-SHA256 under the road's secret of timestamp, LF,
envelope from, LF, envelope to, LF, body. Whatever does not verify gets 404 and leaves nothing, not even that the road exists.
"""

import hashlib
import hmac
import logging
import os
import tempfile
import time
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from partwell.actions.correspondence.receive import LARGEST, take_in
from partwell.actions.correspondence.reply_addresses import takes_mail
from partwell.actions.correspondence.roads import secret_of
from partwell.entrypoints.door.gate import open_door
from partwell.records.correspondence.queries import webhook_road

log = logging.getLogger("partwell.webhook")
AWAY = 300
_PIECE = 1 << 16


def signature(secret: str, timestamp: str, sender: str, recipients: str) -> "hmac.HMAC":
    """The HMAC before the body; ``update`` it with the body and compare its hex digest."""
    return hmac.new(secret.encode(), f"{timestamp}\n{sender}\n{recipients}\n".encode(), hashlib.sha256)


@open_door
@csrf_exempt
@require_POST
def take(request: HttpRequest, road_id: str) -> HttpResponse:
    """200 once the mail is committed; 404 for anything unverified; 413 too large; 503 when we could not keep it."""
    road = webhook_road(_uuid(road_id)) if takes_mail() else None
    secret = secret_of(road).reveal() if road is not None else ""
    stamp, given = (
        request.headers.get("X-Partwell-Timestamp", ""),
        request.headers.get("X-Partwell-Signature", ""),
    )
    sender, recipients = request.headers.get("X-Envelope-From", ""), request.headers.get("X-Envelope-To", "")
    fresh = (
        stamp.isascii() and stamp.isdecimal() and len(stamp) < 12 and abs(int(stamp) - time.time()) <= AWAY
    )
    if not secret or not fresh or len(given) != 64 or not given.isascii():
        raise Http404
    length = request.headers.get("Content-Length", "")
    if not length.isdecimal() or int(length) > LARGEST:
        return HttpResponse(status=413)
    handle, name = tempfile.mkstemp(prefix="hook-", suffix=".eml", dir=Path(settings.PARTWELL_HOME) / "tmp")
    path = Path(name)
    try:
        made = signature(secret, stamp, sender, recipients)
        with os.fdopen(handle, "wb") as out:
            while piece := request.read(_PIECE):
                made.update(piece)
                out.write(piece)
        if not hmac.compare_digest(made.hexdigest(), given.lower()):
            raise Http404
        try:
            row = take_in(
                path, road="webhook", envelope_from=sender, envelope_to=[one.strip() for one in recipients.split(",") if one.strip()]
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001  # whatever it is, the sender keeps the mail and tries again
            log.error("A mail could not be taken in: %s", type(error).__name__)
            return HttpResponse(status=503, headers={"Retry-After": "60"})
        return JsonResponse({"taken": True, "id": row.id.hex})
    finally:
        path.unlink(missing_ok=True)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
