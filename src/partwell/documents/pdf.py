# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters as PDF: typst, PDF/A-2a and PDF/UA-1, tagged, the same bytes for the same data.

Data goes in as JSON through ``sys_inputs`` and is never read as markup. Fonts are ours alone, never the
system's, and the document's date is the one passed in, so that two machines make the same file.
"""

import io
import json
import re
import struct
import subprocess
import sys
import threading
from dataclasses import asdict
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from partwell.documents.glyphs import FONTS, coverage, printable
from partwell.documents.letter_words import WORDS
from partwell.documents.letters import LETTERS
from partwell.documents.texts import DocumentError, _, day_text, language, plain
from partwell.documents.wording import AuthorisationFacts, authorisation_text, text_digest

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS = ["a-2a", "ua-1"]
LOGO_LIMIT = 512 * 1024
DEFAULT_COLOUR = "#0f4f63"  # petrol ink, the accent of the pages
_typst = threading.Lock()  # one compiler is shared, and it holds the data of the letter in hand


def render(template: str, data: dict[str, Any], *, more_fonts: Path | None = None) -> bytes:
    """The letter ``template`` (a name of ``LETTERS``) as PDF bytes.

    ``data``: the fields that ``letters.py`` lists, always with ``msp`` (name, address lines, colour
    "#rrggbb", logo PNG bytes or None, line for the foot), ``to`` (name, address lines), ``date`` (the
    letter's day, which is also the file's) and ``zone`` (IANA, in which moments are written). ``proof``
    holds entry, entry_url (printed and as QR code), checkpoint, checkpoint_at and vkey. Moments are aware
    datetimes. ``sealed`` says that the caller will sign the file, and prints what such a seal proves.
    Raises DocumentError naming a missing, unknown or unusable field.
    """
    letter = LETTERS.get(template)
    if letter is None:
        raise DocumentError(f"There is no letter {template!r}; the letters are {', '.join(LETTERS)}.")
    full = letter.complete(template, data)
    if full.get("act", "narrowed") not in ("narrowed", "withdrawn"):
        raise DocumentError(f"The letter {template} takes as act narrowed or withdrawn.")
    zone = full["zone"]
    logo = full["msp"].get("logo")
    values = plain(full | {"msp": {k: v for k, v in full["msp"].items() if k != "logo"}}, zone)
    values, unprintable = _drawable(values, more_fonts)
    day = _day(full["date"], zone)
    values |= {
        "date": day_text(day),
        "day": [day.year, day.month, day.day],
        "lang": language(),
        "words": {words: _(words) for words in WORDS},
        "more-fonts": list(coverage(more_fonts)[1]),
        "unprintable": unprintable,
        "sealed": bool(full["sealed"]),
        "reference": values["reference"] or "",
    }
    values["msp"] = {"address": [], "line": values["msp"]["name"]} | {
        k: v for k, v in values["msp"].items() if v
    }
    values["msp"] |= {"colour": readable_colour(full["msp"].get("colour")), "logo": _logo(logo)}
    values["to"] = {"address": []} | values["to"]
    if values["proof"] and full["proof"].get("entry_url"):
        values["proof"]["qr"] = qr_svg(full["proof"]["entry_url"])
    long = len(values.get("items") or ()) > APART
    return (_compile_apart if long else _compile)(template, values, day, more_fonts)


def authorisation_data(facts: AuthorisationFacts, *, version: str = "1", lang: str = "en") -> dict[str, Any]:
    """The four ``text…`` fields of the letter ``authorisation``: the same words as the page, with their digest."""
    paragraphs = authorisation_text(facts, version=version, language=lang)
    return {
        "text": [asdict(each) | {"lines": list(each.lines)} for each in paragraphs],
        "text_version": version,
        "text_language": lang,
        "text_digest": text_digest(paragraphs, version=version, language=lang),
    }


def qr_svg(address: str) -> str:
    """A QR code of ``address`` as SVG; plain black on white, so that any camera reads it."""
    import segno

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        out, kind="svg", border=2, scale=4, dark="#17242a", light="#ffffff", xmldecl=False, nl=False
    )
    return out.getvalue().decode()


def readable_colour(colour: str | None) -> str:
    """``colour`` ("#rrggbb"), darkened as far as text on white needs (4.5:1, WCAG); without one, petrol ink."""
    if not colour:
        return DEFAULT_COLOUR
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise DocumentError("The MSP's colour is not of the form #rrggbb; correct it in the settings.")
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    while _contrast_on_white(parts) < 4.5:
        parts = [part * 94 // 100 for part in parts]
    return "#" + "".join(f"{part:02x}" for part in parts)


def _contrast_on_white(parts: list[int]) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in parts)
    ]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


def _drawable(value: Any, more: Path | None) -> tuple[Any, bool]:
    """``value`` with every string made printable, and whether one had to be changed."""
    if isinstance(value, str):
        return printable(value, more)
    if isinstance(value, list):
        pairs = [_drawable(each, more) for each in value]
        return [pair[0] for pair in pairs], any(pair[1] for pair in pairs)
    if isinstance(value, dict):
        drawn = {key: _drawable(each, more) for key, each in value.items()}
        return {key: pair[0] for key, pair in drawn.items()}, any(pair[1] for pair in drawn.values())
    return value, False


def _day(value: Any, zone: str) -> date:
    if isinstance(value, datetime):
        from zoneinfo import ZoneInfo

        return value.astimezone(ZoneInfo(zone)).date()
    if isinstance(value, date):
        return value
    raise DocumentError("A letter's date must be a date; it fixes the bytes of the file.")


def _logo(raw: bytes | None) -> list[int] | None:
    """The logo as typst takes bytes through JSON. Only PNG, at most 512 KiB and 4,000 pixels a side."""
    if not raw:
        return None
    if not raw.startswith(b"\x89PNG\r\n\x1a\n") or len(raw) > LOGO_LIMIT or len(raw) < 33:
        raise DocumentError("The MSP's logo must be a PNG of at most 512 KiB; replace it in the settings.")
    width, height = struct.unpack(">LL", raw[16:24])
    if not (0 < width <= 4000 and 0 < height <= 4000):
        raise DocumentError("The MSP's logo is larger than 4,000 pixels a side; replace it in the settings.")
    return list(raw)


@lru_cache(maxsize=4)
def _compiler(more: Path | None) -> Any:
    import typst

    places: list[Any] = [str(FONTS)] + ([str(more)] if more else [])
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=places)
    return typst.Compiler(root=str(TEMPLATES), font_paths=fonts)


APART = 50
"""Rows beyond which a letter is typeset in a process of its own: the typesetter keeps some 30 MB of every hundred pages for ever."""
_SRC = str(Path(__file__).resolve().parents[2])
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from partwell.documents.pdf import apart_main; apart_main()"
)


def _compile_apart(template: str, values: dict[str, Any], day: date, more: Path | None) -> bytes:
    """As ``_compile``; the memory is gone with the process."""
    request = json.dumps([template, values, day.isoformat(), str(more) if more else None])
    try:
        made = subprocess.run(
            [sys.executable, "-I", "-B", "-c", _START, _SRC], input=request.encode(), capture_output=True, timeout=900, check=False
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DocumentError(f"The letter {template} could not be typeset ({type(error).__name__}).") from None
    if made.returncode or not made.stdout.startswith(b"%PDF-"):
        told = made.stderr.decode(errors="replace") if made.returncode == 1 else ""
        raise DocumentError(
            told.strip() or f"The letter {template} could not be typeset; its process ended early."
        )
    return made.stdout


def apart_main() -> None:
    """In that process: one letter from standard input, its PDF on standard output; ends with 1 and a sentence where it fails."""
    template, values, day, more = json.load(sys.stdin)
    try:
        sys.stdout.buffer.write(
            _compile(template, values, date.fromisoformat(day), Path(more) if more else None)
        )
    except DocumentError as error:
        sys.stderr.write(str(error))
        sys.exit(1)


def _compile(template: str, values: dict[str, Any], day: date, more: Path | None) -> bytes:
    import typst

    with _typst:
        try:
            made = _compiler(more).compile(
                str(TEMPLATES / f"{template}.typ"),
                format="pdf",
                sys_inputs={"data": json.dumps(values, ensure_ascii=False, sort_keys=True)},
                pdf_standards=STANDARDS,
                timestamp=datetime(day.year, day.month, day.day, tzinfo=UTC),
            )
        except typst.TypstError as problem:
            # the diagnostic may quote a line of the letter, so only its first sentence goes on
            raise DocumentError(
                f"The letter {template} could not be typeset: {problem.message[:160]}"
            ) from None
    assert isinstance(made, bytes)
    return made
