# SPDX-License-Identifier: AGPL-3.0-or-later
"""Measurements as a Markdown table, so that docs/benchmarks.md can take it as it stands."""

from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Options, Row


def head(facts: dict[str, Any], options: Options) -> str:
    """The machine, and the table's first lines."""
    words = (
        f"{facts['cores']} cores ({facts['processor']}), {facts['memory_gib']} GiB, {facts['system']}, Python {facts['python']};"
        f" load {facts['load'][0]} before; counted: {facts['counted']}"
    )
    small = "A small run, to see that it runs: the figures say nothing.\n" if options.small else ""
    return (
        f"{small}{words}\n\n"
        "| what | against | ratio (lowest to highest) | aim | ours | other side |\n|---|---|---|---|---|---|"
    )


def lines(rows: Sequence[Row]) -> str:
    """One line each."""
    out = []
    for row in rows:
        aim = "" if row.aim is None else f"≤ {row.aim:g}" + ("" if row.ratio <= row.aim else ", missed")
        note = f"; {row.note}" if row.note else ""
        out.append(
            f"| {row.subject}: {row.case}{note} | {row.peer if row.subject != 'page' else 'none'} "
            f"| **{row.ratio:.2f}** ({row.lowest:.2f} to {row.highest:.2f}) | {aim} "
            f"| {_absolute(row, row.ours_s)} | {_absolute(row, row.peer_s)} |"
        )
    return "\n".join(out)


def _absolute(row: Row, seconds: float) -> str:
    rate = row.amount / seconds
    time = f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
    if row.unit == "bytes":
        return f"{time}, {rate / 2**20:,.0f} MiB/s"
    return f"{time}, {rate:,.0f} {row.unit}/s"


def foot(rows: Sequence[Row], facts: dict[str, Any]) -> str:
    """How many aims were met, and whether others were at work."""
    aimed = [row for row in rows if row.aim is not None]
    met = sum(row.ratio <= row.aim for row in aimed if row.aim is not None)
    return f"\nAims met: {met} of {len(aimed)}. Load after: {facts['load_after'][0]}."
