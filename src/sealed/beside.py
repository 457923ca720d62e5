# SPDX-License-Identifier: Apache-2.0
"""Large contents: SHA-256 runs in a thread beside reading, CRC-32 and writing.

hashlib, zlib and files let other threads run while they work on a piece, so a large file takes about
as long as its hash alone. For small files a thread would cost more than it saves.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

LARGE = 8 << 20
PIECE = 1 << 20


def digest_beside(
    readinto: Callable[[memoryview], int | None],
    update: Callable[[memoryview], object],
    each: Callable[[memoryview], object],
    size: int | None = None,
) -> tuple[int, int]:
    """Read to the end, or ``size`` bytes: (CRC-32, bytes read).

    ``update`` (a hash) sees every piece in order, in another thread; ``each`` sees it here, before it counts
    as read. Errors of all three come out; then no thread is left.
    """
    buffers = (memoryview(bytearray(PIECE)), memoryview(bytearray(PIECE)))
    hashing: list[Future[object] | None] = [None, None]
    crc = done = turn = 0
    with ThreadPoolExecutor(1, "sealed-digest") as thread:
        while size is None or done < size:
            if (before := hashing[turn]) is not None:
                before.result()  # until then its bytes must not be overwritten
            buffer = buffers[turn] if size is None else buffers[turn][: size - done]
            piece = buffer[: readinto(buffer) or 0]
            if not piece:
                break
            hashing[turn] = thread.submit(update, piece)
            crc = zlib.crc32(piece, crc)
            each(piece)
            done += len(piece)
            turn ^= 1
        for last in hashing:
            if last is not None:
                last.result()
    return crc, done
