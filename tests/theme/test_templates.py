# SPDX-License-Identifier: AGPL-3.0-or-later
"""No template of the project carries a script or a style of its own: the content policy would silence it."""

import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "partwell"
TEMPLATES = sorted(p for p in SOURCE.rglob("templates/**/*.html") if "/mail/" not in p.as_posix())
STATIC = SOURCE / "entrypoints" / "theme" / "static" / "theme"

FORBIDDEN = {
    "an inline style": re.compile(r"<[a-zA-Z][^>]*\sstyle\s*="),
    "a style element": re.compile(r"<style\b", re.I),
    "an inline script": re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>", re.I),
    "an event attribute": re.compile(r"<[a-zA-Z][^>]*\son[a-z]+\s*=", re.I),
    "a javascript: address": re.compile(r"(href|src|action)\s*=\s*[\"']?\s*javascript:", re.I),
    "htmx evaluation": re.compile(r"\bhx-on\b|hx-vals\s*=\s*[\"']js:", re.I),
    "something of another host": re.compile(r"(src|<link[^>]+href)\s*=\s*[\"'](https?:)?//", re.I),
    "autoescape switched off": re.compile(r"{%\s*autoescape\s+off|\|\s*safe\s*[}|]"),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_template_keeps_the_content_policy(path: Path) -> None:
    text = re.sub(r"{%\s*comment.*?endcomment\s*%}", "", path.read_text(encoding="utf-8"), flags=re.S)
    found = {
        name: match.group(0)[:80] for name, pattern in FORBIDDEN.items() if (match := pattern.search(text))
    }
    assert not found, f"{path.name}: {found}"


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.css")), ids=lambda p: p.name)
def test_stylesheets_load_nothing_from_elsewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for address in re.findall(r"url\(\s*[\"']?([^\"')]+)", text):
        assert not re.match(r"(https?:|//|data:)", address), address
        assert (path.parent / address).is_file(), address


def test_what_is_vendored_has_its_licence() -> None:
    vendor, fonts = STATIC / "vendor", STATIC / "fonts"
    assert (vendor / "LICENSE-tabler.txt").is_file()
    assert (vendor / "LICENSE-htmx.txt").is_file()
    assert len(list(fonts.glob("LICENSE-*.txt"))) == 3
    assert sum(p.stat().st_size for p in STATIC.rglob("*") if p.is_file()) < 600_000
