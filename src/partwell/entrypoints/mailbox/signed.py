# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our own signed POST: the raw bytes as the body, for scripts and servers that cannot speak LMTP.

Headers: ``X-Partwell-Timestamp`` (Unix seconds, five minutes at most away), ``X-Envelope-From``, ``X-Envelope-To``
(addresses separated by commas), and ``X-Partwell-Signature``: hex HMAC-SHA256 under the road's secret of timestamp, LF,
envelope from, LF, envelope to, LF, body.
"""

import hashlib
import hmac
import logging
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse

from partwell.actions.correspondence.receive import LARGEST, take_in
from partwell.actions.correspondence.roads import note_progress, secret_of
from partwell.records.correspondence.queries import Road

log = logging.getLogger("partwell.webhook")
AWAY = 300
_PIECE = 1 << 16


def signature(secret: str, timestamp: str, sender: str, recipients: str) -> "hmac.HMAC":
    """The HMAC before the body; ``update`` it with the body and compare its hex digest."""
    return hmac.new(secret.encode(), f"{timestamp}\n{sender}\n{recipients}\n".encode(), hashlib.sha256)


def take(request: HttpRequest, road: Road, later: Callable[[str], HttpResponse]) -> HttpResponse:
    """200 once the mail is committed; Http404 for anything unverified; 413 too large; ``later`` when it is not kept now."""
    secret = secret_of(road).reveal()
    stamp, given = (
        request.headers.get("X-Partwell-Timestamp", ""),
        request.headers.get("X-Partwell-Signature", ""),
    )
    sender, recipients = request.headers.get("X-Envelope-From", ""), request.headers.get("X-Envelope-To", "")
    near = stamp.isascii() and stamp.isdecimal() and len(stamp) < 12 and abs(int(stamp) - time.time()) <= AWAY
    if not secret or not near or len(given) != 64 or not given.isascii():
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
        if not road.enabled:
            return later("")
        try:
            row = take_in(
                path, road="webhook", envelope_from=sender, envelope_to=[one.strip() for one in recipients.split(",") if one.strip()]
            )  # fmt: skip
            note_progress(road.id)
        except Exception as error:  # noqa: BLE001  # whatever it is, the sender keeps the mail and tries again
            log.error("A mail could not be taken in: %s", type(error).__name__)
            return later(f"What came could not be kept ({type(error).__name__}); its sender tries again.")
        return JsonResponse({"taken": True, "id": row.id.hex})
    finally:
        path.unlink(missing_ok=True)
