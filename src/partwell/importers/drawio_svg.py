# SPDX-License-Identifier: AGPL-3.0-or-later
"""A draw.io drawing as a plain SVG: boxes, lines and words, so that a network diagram can be shown in place.

Understood: pages plain or compressed, vertices with place, size, fill, stroke and label, groups, edges between
them or by points. Not understood, and drawn as a plain box with its label: icons of shape libraries, pictures,
rotation, curved lines. Nothing of the file reaches the SVG but numbers, ``#rrggbb`` colours and escaped words.
"""

import base64
import html
import math
import os
import re
import subprocess
import sys
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from partwell.importers.base import ImportRefused, Options
from partwell.importers.limits import MIB, Limits

MOST_CELLS = 20_000
MOST_XML = 32 * MIB
MOST_PAGES = 20
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z|#[0-9a-fA-F]{3}\Z")
_TAG = re.compile(r"<[^>]{0,2000}>")
_BREAK = re.compile(r"<(?:br|/div|/p|/li)\b[^>]{0,200}>", re.I)
_REFUSED = ImportRefused(
    "drawing_broken", "This drawing cannot be drawn here.", remedy="Download it and open it in draw.io."
)


@dataclass
class _Cell:
    id: str
    parent: str
    label: str
    style: dict[str, str]
    vertex: bool
    edge: bool
    source: str = ""
    target: str = ""
    x: float = 0.0
    y: float = 0.0
    w: float = 0.0
    h: float = 0.0
    points: list[tuple[float, float]] = field(default_factory=list)
    ends: dict[str, tuple[float, float]] = field(default_factory=dict)
    placed: tuple[float, float] | None = None


def to_svg(data: bytes) -> str:
    """All pages of a drawing under each other, as one SVG. ImportRefused where it is no drawing. Decodes in this process."""
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(data, forbid_dtd=True)
        models = (
            [root]
            if root.tag == "mxGraphModel"
            else [_page(page) for page in list(root.iter("diagram"))[:MOST_PAGES]]
        )
        drawn = [_draw(_cells(model)) for model in models if model is not None]
    except ImportRefused:
        raise
    except Exception:  # noqa: BLE001  # a stranger's XML fails in many ways; all mean the same to whoever looks
        raise _REFUSED from None
    drawn = [one for one in drawn if one[0]]
    if not drawn:
        raise _REFUSED
    width, top, body = max(one[1] for one in drawn), 0.0, []
    for shapes, _, height in drawn:
        body.append(f'<g transform="translate(0 {top:.1f})">{shapes}</g>')
        top += height + 20
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.1f} {max(top - 20, 1):.1f}" width="{width:.0f}" height="{max(top - 20, 1):.0f}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="12"><rect width="100%" height="100%" fill="#ffffff"/>{"".join(body)}</svg>'
    )


def _page(page: Any) -> Any:
    from defusedxml.ElementTree import fromstring

    model = page.find("mxGraphModel")
    if model is not None:
        return model
    packed = (page.text or "").strip()
    if not packed:
        return None
    worker = zlib.decompressobj(-15)
    raw = worker.decompress(base64.b64decode(packed), MOST_XML)
    if worker.unconsumed_tail:
        raise ImportRefused(
            "too_large",
            "This drawing is too large to be drawn here.",
            remedy="Download it and open it in draw.io.",
        )
    return fromstring(unquote(raw.decode("utf-8", "replace")), forbid_dtd=True)


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return 0.0
    return number if math.isfinite(number) and abs(number) < 1e6 else 0.0


def _cells(model: Any) -> dict[str, _Cell]:
    cells: dict[str, _Cell] = {}
    wrappers = {
        id(inner): outer
        for outer in model.iter()
        if outer.tag in ("object", "UserObject")
        for inner in outer.iter("mxCell")
    }
    for element in model.iter("mxCell"):
        if len(cells) >= MOST_CELLS:
            raise ImportRefused(
                "too_large",
                "This drawing has too many shapes to be drawn here.",
                remedy="Download it and open it in draw.io.",
            )
        outer = wrappers.get(id(element))
        name = (outer.get("id") if outer is not None else element.get("id")) or ""
        label = (outer.get("label") if outer is not None else element.get("value")) or ""
        style = dict(part.partition("=")[::2] for part in (element.get("style") or "").split(";") if part)
        cell = _Cell(
            name,
            element.get("parent") or "",
            _words(label),
            style,
            element.get("vertex") == "1",
            element.get("edge") == "1",
            element.get("source") or "",
            element.get("target") or "",
        )
        geometry = element.find("mxGeometry")
        if geometry is not None:
            cell.x, cell.y, cell.w, cell.h = (
                _number(geometry.get(key)) for key in ("x", "y", "width", "height")
            )
            for point in geometry.iter("mxPoint"):
                place = (_number(point.get("x")), _number(point.get("y")))
                if point.get("as") in ("sourcePoint", "targetPoint"):
                    cell.ends[point.get("as")] = place
                elif point.get("as") is None:
                    cell.points.append(place)
        cells[name] = cell
    return cells


def _words(label: str) -> str:
    text = html.unescape(_TAG.sub("", _BREAK.sub("\n", label)))
    return "".join(c for c in text if c == "\n" or (c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF))[
        :400
    ].strip()


def _origin(cell: _Cell, cells: dict[str, _Cell], depth: int = 0) -> tuple[float, float]:
    if cell.placed is None:
        parent = cells.get(cell.parent)
        left, top = (
            _origin(parent, cells, depth + 1)
            if parent is not None and parent.vertex and parent is not cell and depth < 50
            else (0.0, 0.0)
        )
        cell.placed = (left + cell.x, top + cell.y)
    return cell.placed


def _colour(style: dict[str, str], key: str, otherwise: str) -> str:
    value = style.get(key, "")
    return value if _COLOUR.match(value) else "none" if value == "none" else otherwise


def _draw(cells: dict[str, _Cell]) -> tuple[str, float, float]:
    boxes: list[str] = []
    lines: list[str] = []
    xs: list[float] = []
    ys: list[float] = []
    for cell in cells.values():
        if cell.vertex and not (cells.get(cell.parent) and cells[cell.parent].edge):
            x, y = _origin(cell, cells)
            xs += [x, x + max(cell.w, 1)]
            ys += [
                y,
                y
                + max(cell.h, 1)
                + (14 if cell.label and cell.style.get("verticalLabelPosition") == "bottom" else 0),
            ]
            boxes.append(_box(cell, x, y))
        elif cell.edge:
            path = _path(cell, cells)
            if len(path) > 1:
                xs += [p[0] for p in path]
                ys += [p[1] for p in path]
                points = " ".join(f"{a:.1f},{b:.1f}" for a, b in path)
                lines.append(
                    f'<polyline points="{points}" fill="none" stroke="{_colour(cell.style, "strokeColor", "#5b6770")}" stroke-width="1.3"/>'
                )
                if cell.label:
                    middle = path[len(path) // 2 - (len(path) % 2 == 0)], path[len(path) // 2]
                    lines.append(
                        _text(
                            cell.label,
                            (middle[0][0] + middle[1][0]) / 2,
                            (middle[0][1] + middle[1][1]) / 2,
                            "#333333",
                        )
                    )
    if not boxes and not lines:
        return "", 0, 0
    left, top = min(xs) - 12, min(ys) - 12
    return (
        f'<g transform="translate({-left:.1f} {-top:.1f})">{"".join(lines)}{"".join(boxes)}</g>',
        max(xs) - left + 12,
        max(ys) - top + 12,
    )


def _path(cell: _Cell, cells: dict[str, _Cell]) -> list[tuple[float, float]]:
    parent = cells.get(cell.parent)
    dx, dy = _origin(parent, cells) if parent is not None and parent.vertex else (0.0, 0.0)

    def end(name: str, point: str) -> list[tuple[float, float]]:
        other = cells.get(name)
        if other is not None and other.vertex:
            x, y = _origin(other, cells)
            return [(x + other.w / 2, y + other.h / 2)]
        return [(cell.ends[point][0] + dx, cell.ends[point][1] + dy)] if point in cell.ends else []

    return (
        end(cell.source, "sourcePoint")
        + [(x + dx, y + dy) for x, y in cell.points]
        + end(cell.target, "targetPoint")
    )


def _box(cell: _Cell, x: float, y: float) -> str:
    plain = "text" in cell.style or cell.style.get("shape") == "image" or "group" in cell.style
    fill = _colour(cell.style, "fillColor", "none" if plain else "#f6f8f9")
    stroke = _colour(
        cell.style, "strokeColor", "none" if "text" in cell.style or "group" in cell.style else "#8a949b"
    )
    if "ellipse" in cell.style:
        shape = f'<ellipse cx="{x + cell.w / 2:.1f}" cy="{y + cell.h / 2:.1f}" rx="{cell.w / 2:.1f}" ry="{cell.h / 2:.1f}" fill="{fill}" stroke="{stroke}"/>'
    else:
        round_ = 6 if cell.style.get("rounded") == "1" else 1
        shape = f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(cell.w, 0):.1f}" height="{max(cell.h, 0):.1f}" rx="{round_}" fill="{fill}" stroke="{stroke}"/>'
    if not cell.label:
        return shape
    below = cell.style.get("verticalLabelPosition") == "bottom"
    middle = (
        y + cell.h + 12
        if below
        else y + 14
        if cell.style.get("verticalAlign") == "top" or "swimlane" in cell.style
        else y + cell.h / 2
    )
    return shape + _text(
        cell.label,
        x + cell.w / 2,
        middle,
        _colour(cell.style, "fontColor", "#1d2529").replace("none", "#1d2529"),
    )


def _text(label: str, x: float, y: float, colour: str) -> str:
    rows = [row for row in label.split("\n") if row.strip()][:8]
    first = y - (len(rows) - 1) * 7 + 4
    spans = "".join(
        f'<tspan x="{x:.1f}" y="{first + 14 * i:.1f}">{html.escape(row[:80])}</tspan>'
        for i, row in enumerate(rows)
    )
    return f'<text text-anchor="middle" fill="{colour}">{spans}</text>'


_START = "import sys; sys.path.insert(0, sys.argv[1]); from partwell.importers.drawio_svg import child_main; child_main()"


def guarded_svg(data: bytes) -> str:
    """``to_svg`` in a child process with bounds on memory and time. A crash or a hang is an ImportRefused."""
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-B", "-c", _START, str(Path(__file__).resolve().parents[2])],
            input=data,
            capture_output=True,
            timeout=20,
            env={"PATH": os.defpath},
            cwd=Path(os.sep),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _REFUSED from None
    if done.returncode or not done.stdout.startswith(b"<svg"):
        raise _REFUSED
    return done.stdout.decode()


def child_main() -> None:
    """The child of ``guarded_svg``: the drawing in, the SVG or nothing out."""
    import defusedxml.ElementTree  # noqa: F401  (loaded before the process is confined)

    from partwell.importers.sandbox import _confine

    data = sys.stdin.buffer.read()
    _confine(Options(limits=Limits(cpu_seconds=15, memory=512 * MIB)))
    try:
        sys.stdout.buffer.write(to_svg(data).encode())
    except ImportRefused:
        sys.exit(1)
    sys.stdout.buffer.flush()
