# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files of strangers go out from a sandboxed answer: own CSP sandbox, nosniff, download by default, Range honoured."""

import re
from collections.abc import Collection

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from partwell.actions.files import chunks, readable
from partwell.entrypoints.door.headers import STRANGERS
from partwell.records.vault.queries import StoredFile

SHOWN = {"image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"}
# What a page's own player plays: sound and film of recordings.
PLAYED = {
    "audio/wav", "audio/mp4", "audio/ogg", "audio/flac", "audio/mpeg", "audio/aac", "audio/amr",
    "video/mp4", "video/webm", "video/quicktime", "video/x-matroska", "video/x-msvideo",
}  # fmt: skip
_RANGE = re.compile(r"bytes=([0-9]*)-([0-9]*)\Z")


def continues(request: HttpRequest) -> bool:
    """Whether a request goes on with a download that broke off: one range that begins after the first byte.

    A header that :func:`file_response` does not honour, or that asks for the end or the whole, is a download of its own.
    """
    match = _RANGE.match(request.headers.get("Range", ""))
    return bool(match and match[1] and int(match[1][:18]) > 0)


def file_response(
    request: HttpRequest, file: StoredFile, *, inline: bool = False, shown: Collection[str] = SHOWN
) -> HttpResponse | StreamingHttpResponse:
    """Stream a vault file. ``inline`` only shows kinds on ``shown``. Django's FileResponse ignores Range, so it is done here.

    The caller has checked who may have it. One range is honoured (206), several are answered whole, an
    impossible one gets 416.
    """
    readable(file)  # before the answer begins: a stream cannot turn into a refusal
    start, end, status = 0, file.size - 1, 200
    match = _RANGE.match(request.headers.get("Range", ""))
    if match and (match[1] or match[2]) and file.size:
        if match[1]:
            start, end = (
                int(match[1][:18]),
                min(int(match[2][:18]) if match[2] else file.size - 1, file.size - 1),
            )
        else:
            start = max(file.size - int(match[2][:18]), 0)
        if start > end or start >= file.size:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.size}"})
        status = 206
    show = inline and file.media_type in shown
    kind = file.media_type if show else "application/octet-stream"
    response = StreamingHttpResponse(chunks(file, start, end - start + 1), status=status, content_type=kind)
    response.headers["Content-Length"] = str(end - start + 1)
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["ETag"] = f'"{file.sha256}"'
    if status == 206:
        response.headers["Content-Range"] = f"bytes {start}-{end}/{file.size}"
    response.headers["Content-Disposition"] = content_disposition_header(not show, file.name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = STRANGERS
    return response
