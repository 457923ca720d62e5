# SPDX-License-Identifier: AGPL-3.0-or-later
"""Letters: every one brought along is sound in every language; unknown and secret places are refused; filling reads nothing twice."""

import pytest

from partwell.rules.letter_seeds import SEEDS
from partwell.rules.letters import LANGUAGES, LETTERS, PLACES, check, fill, language_of, unfilled


def test_every_step_has_a_letter_in_every_language() -> None:
    assert set(SEEDS) == set(LETTERS) and len(LETTERS) == 9
    for key, texts in SEEDS.items():
        assert set(texts) == set(LANGUAGES), key
        for subject, text in texts.values():
            assert check(subject, text) is None, (key, subject)
            filled = fill(subject + text, dict.fromkeys(PLACES, "x"))
            assert "{" not in filled and not unfilled(filled)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hello {client}", ""),
        ("Hello {{client}}", ""),
        ("Hello {password}", "letter_place_unknown"),
        ("Hello {client.id}", "letter_place_unknown"),
        ("Hello {client[0]}", "letter_place_unknown"),
        ("Hello {client!r}", "letter_place_unknown"),
        ("Hello {client:>999999999}", "letter_place_unknown"),
        ("Hello {}", "letter_place_unknown"),
        ("Hello {0}", "letter_place_unknown"),
        ("Hello {client", "letter_broken"),
        ("Hello client}", "letter_broken"),
        (" ", "required"),
        ("x" * 8001, "invalid_input"),
    ],
)
def test_what_may_stand_in_a_letter(text: str, code: str) -> None:
    found = check("Subject", text)
    assert (found.code if found else "") == code


def test_a_subject_is_one_line() -> None:
    found = check("Hello\nBcc: everybody", "x")
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
