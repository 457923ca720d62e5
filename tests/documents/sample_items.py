# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows of an inventory, as documents are given them."""

import struct
import zlib
from datetime import date
from typing import Any

from partwell.rules.terms import Category

DIGEST = "b81d03fe77a02c495e1690d2fa3bc8e41b576d0a93ff284ce07ba5d14692cc38"


def inventory(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"NT-{n:04}",
            "title": f"Switch SW-{n}, 48 ports",
            "category": Category.HARDWARE,
            "owner": "client",
            "custodian": "msp",
            "location": "Northwick, rack 2",
            "recipient": "Alder Row IT GmbH",
            "method": "carried over",
            "version": "1",
            "digest": DIGEST,
            "proved": "photo by J. Reyes",
            "released": date(2026, 11, 20),
            "received": date(2026, 11, 21),
            "status": "confirmed",
            "objection": "",
        }
        for n in range(1, count + 1)
    ]


def png(width: int = 120, height: int = 40) -> bytes:
    """A small petrol-coloured PNG."""

    def chunk(tag: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + tag + body + struct.pack(">L", zlib.crc32(tag + body))

    rows = b"".join(b"\x00" + b"\x0f\x4f\x63" * width for _ in range(height))
    head = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
