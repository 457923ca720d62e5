# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters: every one brought along is sound in every language; unknown and secret places are refused; filling reads nothing twice."""

import pytest

from partwell.rules.letter_seeds import SEEDS
from partwell.rules.letters import (
    KINDS,
    LANGUAGES,
    LETTERS,
    OUTSIDE,
    PLACES,
    REQUIRED,
    STEPS,
    UNKNOWN,
    WHEN,
    check,
    fill,
    fill_all,
    language_of,
    places_of,
    unfilled,
)


def test_every_step_has_a_letter_in_every_language() -> None:
    assert set(SEEDS) == set(LETTERS) and len(LETTERS) == 9
    for key, texts in SEEDS.items():
        assert set(texts) == set(LANGUAGES), key
        for subject, text in texts.values():
            assert check(key, subject, text) is None, (key, subject)
            filled = fill(subject + text, dict.fromkeys(PLACES, "x"))
            assert "{" not in filled and not unfilled(filled)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello {client}", ""),
        ("Hello {password}", "letter_place_unknown"),
        ("Hello {client.id}", "letter_place_unknown"),
        ("Hello {client[0]}", "letter_place_unknown"),
        ("Hello {client!r}", "letter_place_unknown"),
        ("Hello {client:>999999999}", "letter_place_unknown"),
        ("Hello {}", "letter_place_unknown"),
        ("Hello {0}", "letter_place_unknown"),
        ("Hello {client", "letter_broken"),
        ("Hello client}", "letter_broken"),
        ("Hello", "letter_place_missing"),
        ("Hello {{client}}", "letter_place_missing"),
        ("Hello {client}\x00", "invalid_input"),
        (" ", "required"),
        ("x" * 8001, "invalid_input"),
    ],
)
def test_what_may_stand_in_a_letter(text: str, code: str) -> None:
    found = check("welcome_back", "Subject", text)
    assert (found.code if found else "") == code


def test_a_subject_is_one_line() -> None:
    found = check("reminder", "Hello\nBcc: everybody", "x")
    assert found is not None and found.code == "header_injection"


def test_values_are_not_read_again() -> None:
    assert fill("{client}, {msp}", {"client": "{msp} {contact}", "msp": "H"}) == "{msp} {contact}, H"
    assert fill("{client} {recipient}", {"client": "N", "recipient": ""}) == "N {recipient}"
    assert unfilled("for {recipient}", "on {end_of_service} {other}") == ["recipient", "end_of_service"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("fr", "en"), ("", "en"), ("en-GB", "en")],
)
def test_language(wanted: str, found: str) -> None:
    assert language_of(wanted) == found


def test_each_letter_says_what_its_step_must_and_no_more_than_its_readers_may_know() -> None:
    assert set(REQUIRED) == set(WHEN) == set(LETTERS) and set(KINDS) == set(STEPS.values()) == set(LETTERS)
    for key, needed in REQUIRED.items():
        assert set(needed) <= set(places_of(key)), key
        for name in needed:
            text = " ".join("{" + one + "}" for one in needed if one != name) + "."
            found = check(key, "Subject", text)
            assert found is not None and found.code == "letter_place_missing" and name in found.sentence
    for key in OUTSIDE:  # a new provider reads it (R1)
        text = " ".join("{" + one + "}" for one in REQUIRED[key])
        for name in ("hours_left", "keep_until", "end_of_service"):
            found = check(key, "Subject", text + " {" + name + "}")
            assert found is not None and found.code == "letter_place_unknown"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_what_leaves_by_itself_never_has_a_brace(language: str) -> None:
    for key, texts in SEEDS.items():
        known = {"client": "N", "msp": "H", "portal": "https://h.example/client/", "contact": "M"}
        for words in texts[language]:
            assert "{" not in fill_all(words, known, language), key
    assert fill_all("{writer}, {msp}", {"msp": "H"}, language) == "H"
    assert fill_all("{writer}, {msp}", {"msp": "H", "writer": "I"}, language) == "I, H"
    assert set(UNKNOWN[language]) | {"client", "msp", "portal", "writer"} == set(PLACES)
