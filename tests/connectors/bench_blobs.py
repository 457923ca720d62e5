# SPDX-License-Identifier: AGPL-3.0-or-later
"""Throughput of the encrypted store against a plain file, in one run: python -m tests.connectors.bench_blobs [MiB]."""

import io
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from partwell.connectors.blobstore import LocalBlobStore
from partwell.connectors.envelope import aad, new_data_key


def main(mebibytes: int) -> None:
    data, key = os.urandom(mebibytes << 20), new_data_key()
    place = aad("c", "m", "r", "f", 1)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        store = LocalBlobStore(Path(folder) / "blobs")
        start = time.perf_counter()
        with open(Path(folder) / "plain", "wb") as out:
            for at in range(0, len(data), 1 << 20):
                out.write(data[at : at + (1 << 20)])
            out.flush()
            os.fsync(out.fileno())
        plain_write = time.perf_counter() - start
        start = time.perf_counter()
        facts = store.write(io.BytesIO(data), key, place)
        write = time.perf_counter() - start
        start = time.perf_counter()
        with open(Path(folder) / "plain", "rb") as file:
            while file.read(1 << 20):
                pass
        plain_read = time.perf_counter() - start
        start = time.perf_counter()
        with store.open(facts.blob_id, key, place) as reader:
            for _ in reader.chunks():
                pass
            read = time.perf_counter() - start
            dice, times = random.Random(1), []
            for _ in range(200):
                start = time.perf_counter()
                reader.read_range(dice.randrange(len(data)), 4096)
                times.append(time.perf_counter() - start)
    print(
        f"write {mebibytes / write:.0f} MiB/s, plain {mebibytes / plain_write:.0f}: ratio {write / plain_write:.2f}"
    )
    print(
        f"read {mebibytes / read:.0f} MiB/s, plain {mebibytes / plain_read:.0f}: ratio {read / plain_read:.2f}"
    )
    print(f"4 KiB at random: median {sorted(times)[100] * 1000:.2f} ms")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
