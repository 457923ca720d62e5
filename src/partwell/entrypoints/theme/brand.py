# SPDX-License-Identifier: AGPL-3.0-or-later
"""The MSP's colour as a stylesheet of its own: no inline style, contrast kept (WCAG 1.4.3).

The MSP's row gives name and colour. ``settings.THEME_BRAND`` may name a callable ``(request) -> dict`` with ``name``,
``accent`` ("#rrggbb") and ``logo_url`` instead; before set-up the product's own name and colour stand.
"""

import colorsys
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from partwell.entrypoints.door.gate import open_door

DEFAULT_ACCENT = "#0f4f63"
LIGHT_GROUND, DARK_GROUND = "#ebebe4", "#1f2b30"
CONTRAST = 4.6  # a little above 4.5, so that rounding to hex never falls below


def _rgb(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))  # type: ignore[return-value]


def _hex(rgb: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(max(0.0, min(1.0, c)) * 255):02x}" for c in rgb)


def clean_colour(value: object) -> str:
    """A colour as ``#rrggbb`` in lower case. Raises ValueError, naming the remedy, for anything else."""
    text = str(value or "").strip().lower()
    if re.fullmatch(r"#[0-9a-f]{3}", text):
        text = "#" + "".join(c * 2 for c in text[1:])
    if not re.fullmatch(r"#[0-9a-f]{6}", text):
        raise ValueError("A colour is written as # and six hexadecimal digits, for example #0f4f63.")
    return text


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two ``#rrggbb`` colours as WCAG 2 defines it (1 to 21)."""

    def light(colour: str) -> float:
        parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour)]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    first, second = sorted((light(one), light(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """``share`` of the first colour laid over the second."""
    a, b = _rgb(one), _rgb(other)
    return _hex(
        (
            a[0] * share + b[0] * (1 - share),
            a[1] * share + b[1] * (1 - share),
            a[2] * share + b[2] * (1 - share),
        )
    )


def readable(colour: str, grounds: tuple[str, ...], darker: bool) -> str:
    """The colour, darkened or lightened in small steps until it reads on every ground."""
    hue, light, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    for _ in range(101):
        found = _hex(colorsys.hls_to_rgb(hue, light, saturation))
        if all(contrast(found, ground) >= CONTRAST for ground in grounds):
            return found
        light = max(0.0, light - 0.01) if darker else min(1.0, light + 0.01)
    return "#000000" if darker else "#ffffff"


def _family(accent: str, dark: bool) -> dict[str, str]:
    sheet, ground = ("#172125", DARK_GROUND) if dark else ("#fffffd", LIGHT_GROUND)
    tint = mix(accent, sheet, 0.14 if dark else 0.11)
    shade = readable(accent, (sheet, ground, tint), not dark)
    return {
        "accent": shade,
        "accent-hover": mix(shade, "#ffffff" if dark else "#000000", 0.78),
        "mark": shade,
        "accent-tint": tint,
        "accent-soft": mix(shade, sheet, 0.38),
        "on-accent": "#0b1c22" if contrast(shade, "#0b1c22") > contrast(shade, "#ffffff") else "#ffffff",
    }


def brand_sheet(brand: Mapping[str, Any]) -> str:
    """The stylesheet for a brand dict; an unreadable or missing accent falls back to the product's."""
    try:
        accent = clean_colour(brand.get("accent"))
    except ValueError:
        accent = DEFAULT_ACCENT
    if accent == DEFAULT_ACCENT:
        return "/* the product's own colours */\n"
    rows = {
        dark: "".join(f"--pw-{name}:{value};" for name, value in _family(accent, dark).items())
        for dark in (False, True)
    }
    return f":root{{{rows[False]}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{rows[True]}}}}}\n"


def current_brand(request: HttpRequest | None) -> dict[str, Any]:
    """Name, accent and logo of the MSP whose door this is."""
    source = getattr(settings, "THEME_BRAND", None)
    found: Mapping[str, Any] | None = None
    if source:
        found = (import_string(source) if isinstance(source, str) else source)(request)
    elif apps.is_installed("partwell.records.people"):
        from partwell.records.people.queries import the_msp  # only where the records are installed

        msp = the_msp()
        found = {"name": msp.name, "accent": msp.colour} if msp else None
    return {"name": "Partwell", "accent": DEFAULT_ACCENT, "logo_url": "", **(found or {})}


@open_door
def brand_css(request: HttpRequest) -> HttpResponse:
    """GET /theme/brand.css: the accent of the MSP, with an ETag (304 when unchanged)."""
    sheet = brand_sheet(current_brand(request))
    tag = f'"{hashlib.sha256(sheet.encode()).hexdigest()[:20]}"'
    response: HttpResponse
    if tag in request.headers.get("If-None-Match", ""):
        response = HttpResponseNotModified()
    else:
        response = HttpResponse(sheet, content_type="text/css; charset=utf-8")
    response["ETag"] = tag
    response["Cache-Control"] = "no-cache"
    return response


def brand_css_path() -> str:
    """Where the stylesheet is served: by name ``theme:brand_css``, else the plain path."""
    try:
        return reverse("theme:brand_css")
    except NoReverseMatch:
        return "/theme/brand.css"
