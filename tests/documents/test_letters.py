# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each letter: its words, its standards, the same bytes, and what strangers' names do to it."""

import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from partwell.documents import glyphs, letter_words, pdf
from partwell.documents.letters import LETTERS
from partwell.documents.pdf import TEMPLATES, authorisation_data, qr_svg, readable_colour, render
from partwell.documents.texts import DocumentError, moment_text, speaking

from . import samples

needs_poppler = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
LETTER_NAMES = sorted(LETTERS)


def words(pdf: bytes) -> str:
    """The text of a PDF, in one line."""
    done = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", LETTER_NAMES)
def test_each_letter_is_archivable_tagged_and_the_same_twice(name: str) -> None:
    data = samples.letters()[name]
    pdf = render(name, data)
    assert pdf == render(name, data)
    assert b'pdfaid:part="2"' in pdf or b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"pdfaid:conformance" in pdf and b"pdfuaid:part" in pdf
    assert b"/StructTreeRoot" in pdf or b"/MarkInfo" in pdf
    assert b"D:20261123" in pdf


@needs_poppler
@pytest.mark.parametrize("name", LETTER_NAMES)
def test_each_letter_carries_checkpoint_key_entry_and_the_words_about_the_seal(name: str) -> None:
    said = words(render(name, samples.letters()[name]))
    flat = squeezed(said)
    for line in samples.CHECKPOINT.split("\n"):
        assert squeezed(line) in flat
    assert squeezed(samples.PROOF["vkey"]) in flat
    assert "Entry 18190 of the log" in said and samples.PROOF["entry_url"] in flat
    assert "it does not prove who Harbourline IT is" in said
    assert "Page 1 of" in said


@needs_poppler
def test_only_our_fonts_are_used_and_all_are_embedded() -> None:
    shown = subprocess.run(
        ["pdffonts", "-"],
        input=render("authorisation", samples.letters()["authorisation"]),
        capture_output=True,
    ).stdout.decode()
    rows = shown.splitlines()[2:]
    assert rows and all("Partwell" in row and " yes yes yes" in row for row in rows), shown


@needs_poppler
def test_the_authorisation_says_every_paragraph_and_its_digest() -> None:
    data = samples.letters()["authorisation"]
    flat = squeezed(words(render("authorisation", data)))
    for paragraph in data["text"]:
        for piece in (paragraph["text"], paragraph["label"], *paragraph["lines"]):
            assert squeezed(piece) in flat, piece
    assert data["text_digest"] in flat
    assert "simpleelectronicsignature" in flat and "advanced" not in flat
    for value in samples.SIGNATURE.values():
        if isinstance(value, str):
            assert squeezed(value) in flat


@needs_poppler
def test_unsigned_text_says_so() -> None:
    data = samples.letters()["authorisation"] | {"signature": None, "received_by": None, "proof": None}
    said = words(render("authorisation", data))
    assert "Without a signature it allows nothing." in said


@needs_poppler
@pytest.mark.parametrize("name", LETTER_NAMES)
def test_hostile_names_stay_words(name: str) -> None:
    data = samples.letters()[name]
    data["to"] = {"name": samples.HOSTILE, "address": [samples.HOSTILE]}
    data["reference"] = samples.HOSTILE
    data["msp"] = data["msp"] | {"name": "M {client} {msp} #x"}
    flat = squeezed(words(render(name, data)))
    assert squeezed('#read("/etc/passwd")') in flat
    assert squeezed("<script>alert(1)</script>") in flat
    assert "root:x:" not in flat


@pytest.mark.parametrize("name", LETTER_NAMES)
@pytest.mark.parametrize(
    "client", [samples.LONG, samples.POLISH, samples.JAPANESE, "שלום", "👋 Ltd", "a\u202eb\x00c"]
)
def test_any_name_gives_a_letter(name: str, client: str) -> None:
    data = samples.letters()[name] | samples.common(client)
    assert render(name, data).startswith(b"%PDF-1.7")


@needs_poppler
def test_polish_and_umlauts_are_drawn_and_japanese_stands_as_numbers() -> None:
    data = samples.letters()["closing_letter"] | samples.common(samples.POLISH)
    said = words(render("closing_letter", data))
    assert samples.POLISH in said and "Unicode number" not in said
    said = words(render("closing_letter", data | samples.common(samples.JAPANESE)))
    assert "[U+682A]" in squeezed(said) and "They stand as their Unicode number" in said


def test_an_installation_may_add_fonts(tmp_path: Path) -> None:
    (tmp_path / "own.ttf").write_bytes((glyphs.FONTS / "PartwellMono-Regular.ttf").read_bytes())
    assert glyphs.coverage(tmp_path)[1] == ("Partwell Mono",)
    assert render("call_summary", samples.letters()["call_summary"], more_fonts=tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "x.ttf").write_bytes(b"\x00\x01\x00\x00\x00\x05 nothing")
    with pytest.raises(DocumentError, match=r"x\.ttf"):
        glyphs.coverage(broken)


@needs_poppler
def test_three_hundred_items_are_all_there() -> None:
    data = samples.letters()["handover_inventory"] | {"rows": samples.inventory(300)}
    said = words(render("handover_inventory", data))
    assert all(f"NT-{number:04}" in said for number in range(1, 301))
    facts = samples.authorisation_facts(items=tuple((f"N{n}", f"Item {n}") for n in range(300)))
    said = words(render("authorisation", samples.letters()["authorisation"] | authorisation_data(facts)))
    assert all(f"Item {number}" in said for number in range(300))


@pytest.mark.parametrize("name", LETTER_NAMES)
def test_only_the_required_fields_are_enough(name: str) -> None:
    letter, full = LETTERS[name], samples.letters()[name]
    bare: dict[str, Any] = {key: full[key] for key in letter.required}
    bare |= {"msp": {"name": "M"}, "to": {"name": "C"}, "date": full["date"], "zone": "UTC"}
    assert render(name, bare)
    for row in ("lines", "rows"):
        if row in bare:
            assert render(name, bare | {row: []})


@pytest.mark.parametrize("name", LETTER_NAMES)
def test_rows_with_nothing_but_their_name_are_enough(name: str) -> None:
    data = samples.letters()[name]
    for key, allowed in LETTERS[name].rows:
        named = {"title", "system"} & allowed
        if named and key != "text":
            data[key] = [dict.fromkeys(named, "Name")]
            with pytest.raises(DocumentError, match="without"):
                render(name, data | {key: [{}]})
    if data.get("signature"):
        data["signature"] = {"name": "Mara Ellery"}
    assert render(name, data | {"proof": {"checkpoint": None}})


@pytest.mark.parametrize("name", LETTER_NAMES)
def test_a_missing_or_unknown_field_is_refused_by_name(name: str) -> None:
    data = samples.letters()[name]
    with pytest.raises(DocumentError, match="password"):
        render(name, data | {"password": "hunter2"})
    gone = sorted(LETTERS[name].required)[0]
    with pytest.raises(DocumentError, match=gone):
        render(name, {key: value for key, value in data.items() if key != gone})


def test_a_credential_receipt_has_no_place_for_a_secret() -> None:
    data = samples.letters()["credential_receipt"]
    data["lines"][0]["secret"] = "hunter2"
    with pytest.raises(DocumentError, match="secret") as caught:
        render("credential_receipt", data)
    assert "hunter2" not in str(caught.value)


def test_times_without_a_zone_and_unknown_letters_are_refused() -> None:
    data = samples.letters()["closing_letter"]
    with pytest.raises(DocumentError, match="zone"):
        render("closing_letter", data | {"closed_at": datetime(2026, 1, 1)})
    with pytest.raises(DocumentError, match="no letter"):
        render("love_letter", data)
    with pytest.raises(DocumentError, match="time zone"):
        moment_text(samples.PROOF["checkpoint_at"], "Mars/Olympus")


def test_logo_and_colour() -> None:
    data = samples.letters()["call_summary"]
    data["msp"] |= {"logo": samples.png(), "colour": "#ffee00"}
    assert b"/Image" in render("call_summary", data)
    data["msp"]["logo"] = b"<svg onload=alert(1)>"
    with pytest.raises(DocumentError, match="PNG"):
        render("call_summary", data)
    assert readable_colour("#0f4f63") == "#0f4f63"
    assert readable_colour("#ffee00") != "#ffee00"
    with pytest.raises(DocumentError, match="colour"):
        readable_colour('#fff");#read("/etc/passwd')


def test_the_word_list_holds_every_sentence_of_the_templates_and_translates_them() -> None:
    used = set()
    for template in TEMPLATES.glob("*.typ"):
        used |= set(re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', template.read_text()))
    assert used == set(letter_words.WORDS)
    with speaking("de", lambda words: "Wir sind auseinander" if words == "We have parted" else words):
        german = render("closing_letter", samples.letters()["closing_letter"])
    assert german != render("closing_letter", samples.letters()["closing_letter"])


def test_every_template_is_a_letter_and_the_other_way_round() -> None:
    assert {path.stem for path in TEMPLATES.glob("*.typ")} - {"lib"} == set(LETTERS)


def test_a_qr_code_is_a_drawing_without_scripts() -> None:
    svg = qr_svg('https://x.example/"><script>')
    assert svg.startswith("<svg") and "script" not in svg


@needs_poppler
def test_a_digest_that_is_copied_out_of_a_letter_is_the_digest() -> None:
    """A sign of no width between its lines would make it another one, and nobody could see why."""
    text = words(render("correspondence", samples.letters()["correspondence"]))
    assert "cd" * 32 in squeezed(text) and "\u200b" not in text


def test_a_long_letter_is_typeset_in_a_process_of_its_own_and_is_the_same() -> None:
    data = samples.letters()["correspondence"]
    data["items"] = [
        {**data["items"][0], "number": str(number), "text": "日本 ü #read"} for number in range(60)
    ]
    made = render("correspondence", data)
    with mock.patch.object(pdf, "APART", 100):
        assert render("correspondence", data) == made
    with (
        mock.patch.object(pdf, "_START", "raise SystemExit(3)"),
        pytest.raises(DocumentError, match="ended early"),
    ):
        render("correspondence", data)
