# SPDX-License-Identifier: AGPL-3.0-or-later
"""The vault's files, encrypted and hashed, against plain files of the same bytes."""

import io
import os
from functools import partial
from uuid import UUID

from benchmarks.measure import Options, Row, folder, now, rounds, row

CHUNK = 1 << 20


def run(options: Options) -> list[Row]:
    """Two lines: written (with fsync, as the vault does) and read."""
    from partwell.connectors.blobstore import LocalBlobStore

    size = 4 << 20 if options.small else 64 << 20
    content, key = os.urandom(size), os.urandom(32)
    with folder(options, 6 * size) as place:
        store = LocalBlobStore(place / "vault")
        aad = UUID(int=1).bytes
        plain, kept = place / "plain.bin", store.write(io.BytesIO(content), key, aad).blob_id
        plain.write_bytes(content)

        def sealing(_turn: int) -> float:
            began = now()
            made = store.write(io.BytesIO(content), key, aad)
            took = now() - began
            store.delete(made.blob_id)
            return took

        def writing(_turn: int) -> float:
            target, source = place / "one.bin", io.BytesIO(content)
            began = now()
            with target.open("wb", buffering=0) as out:
                while piece := source.read(CHUNK):
                    out.write(piece)
                os.fsync(out.fileno())
            took = now() - began
            target.unlink()
            return took

        def opening(_turn: int) -> float:
            began = now()
            with store.open(kept, key, aad) as reader:
                for _ in reader.chunks():
                    pass
            return now() - began

        def reading(_turn: int) -> float:
            began = now()
            with plain.open("rb", buffering=0) as file:
                while file.read(CHUNK):
                    pass
            return now() - began

        sides = {
            "sealed write": sealing,
            "plain write": writing,
            "sealed read": opening,
            "plain read": reading,
        }
        times = rounds(sides, 1 if options.small else options.rounds)
    line = partial(row, times, subject="vault", amount=float(size), unit="bytes")
    return [
        line("sealed write", "plain write", case=f"{size >> 20} MiB written", note="CRC-32 and SHA-256 in the same pass"),
        line("sealed read", "plain read", case=f"{size >> 20} MiB read", note="every byte authenticated"),
    ]  # fmt: skip
