# SPDX-License-Identifier: AGPL-3.0-or-later
"""When two copies are one mail: what servers add or change on the way is left out."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from partwell.connectors.dkim import body_hash, read_headers

_KEPT = (b"message-id", b"date", b"from", b"subject")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Fingerprint:
    """``sha256`` and ``size`` of the bytes as they came; ``base``: equal for copies of one mail by different roads."""

    sha256: str
    size: int
    base: str


def fingerprint(path: Path) -> Fingerprint:
    """Read the mail twice, in bounded memory. Never raises for any bytes; OSError where it cannot be read.

    ``base`` covers Message-ID, Date, From and Subject without their folding, and the body whatever its line ends.
    """
    whole, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK):
            whole.update(piece)
            size += len(piece)
        base = hashlib.sha256(b"partwell-mail-1\n")
        stream.seek(0)
        try:
            headers, start = read_headers(stream)
            for name in _KEPT:
                values = [
                    re.sub(rb"\s+", b" ", value).strip()
                    for found, value in headers
                    if found.strip().lower() == name
                ]
                base.update(name + b"\0" + b"\0".join(values) + b"\n")
            stream.seek(start)
            base.update(body_hash(stream, b"simple"))
        except (
            ValueError
        ):  # headers or a line beyond all measure: then only the very same bytes are the same mail
            base.update(whole.digest())
    return Fingerprint(whole.hexdigest(), size, base.hexdigest())
