# SPDX-License-Identifier: AGPL-3.0-or-later
"""Drawings and PDFs shown in place: real ones are drawn, hostile ones are refused and nothing of them runs."""

import base64
import re
import zlib
from pathlib import Path

import pytest

from partwell.importers.base import ImportRefused
from partwell.importers.drawio_svg import guarded_svg, to_svg
from partwell.importers.pdf_preview import guarded_preview
from tests.inputs import inputs, inputs_matching

DRAWINGS = [*inputs_matching("diagrams/*.drawio"), *inputs_matching("diagrams/*.xml")]


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_real_drawings_are_drawn_from_plain_shapes_only(path: Path) -> None:
    svg = guarded_svg(path.read_bytes())
    assert set(re.findall(r"<([a-z]+)", svg)) <= {"svg", "g", "rect", "ellipse", "polyline", "text", "tspan"}
    assert svg.count("<rect") > 2


def test_what_stands_in_a_drawing_cannot_run() -> None:
    cell = (
        '<mxCell id="2" vertex="1" parent="1" value="&lt;script&gt;alert(1)&lt;/script&gt;&quot;&gt;&amp;lt;img onerror=x&amp;gt;" '
        'style="fillColor=url(javascript:alert(1));strokeColor=#12345&quot;/&gt;"><mxGeometry x="1e999" y="nan" width="9" height="9"/></mxCell>'
    )
    svg = to_svg(f"<mxGraphModel><root>{cell}</root></mxGraphModel>".encode())
    assert "<script" not in svg and "javascript" not in svg and "<img" not in svg


@pytest.mark.parametrize("data", [
    b"", b"no xml", b"<mxfile/>", b'<!DOCTYPE a [<!ENTITY b "c">]><mxfile><diagram>&b;</diagram></mxfile>',
    b"<mxfile><diagram>" + base64.b64encode(zlib.compressobj(9, zlib.DEFLATED, -15).compress(b"a") or b"AAAA") + b"</diagram></mxfile>",
], ids=["empty", "no-xml", "no-page", "entity", "cut"])  # fmt: skip
def test_hostile_drawings_are_refused(data: bytes) -> None:
    with pytest.raises(ImportRefused):
        guarded_svg(data)


def test_a_drawing_that_unpacks_without_end_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = base64.b64encode(packer.compress(b"%20" * (15 << 20)) + packer.flush())
    with pytest.raises(ImportRefused):
        guarded_svg(b"<mxfile><diagram>" + bomb + b"</diagram></mxfile>")


def test_a_real_pdf_is_drawn_and_others_are_refused() -> None:
    assert guarded_preview(inputs("documents/pdf/pdflatex-4-pages.pdf").read_bytes()).startswith(b"\x89PNG")
    for hostile in (b"", b"%PDF-1.7 nothing", inputs("documents/pdf/paperless_encrypted.pdf").read_bytes()):
        with pytest.raises(ImportRefused):
            guarded_preview(hostile)
