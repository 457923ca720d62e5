# SPDX-License-Identifier: AGPL-3.0-or-later
"""PDFs that go with a German mail are German, every sentence; what was signed or issued in its words is never translated."""

import re
import subprocess

import pytest

from partwell.documents.german import WORDS, translate
from partwell.documents.german_letters import LETTERS, SPOKEN
from partwell.documents.letter_words import WORDS as SENTENCES
from partwell.documents.pdf import TEMPLATES, render
from partwell.documents.texts import speaking
from partwell.documents.wording_of import WORDS as VALUES
from partwell.rules.returning import ONBOARDING, ExceptionKind

from . import samples

PLACES = re.compile(r"\{([a-z_]+)\}")


def said(template: str) -> list[str]:
    return re.findall(r'\bt\("((?:[^"\\]|\\.)*)"', (TEMPLATES / f"{template}.typ").read_text())


@pytest.mark.parametrize("template", ["lib", *SPOKEN])
def test_every_sentence_is_there_with_the_same_places(template: str) -> None:
    missing = [words for words in said(template) if words not in WORDS]
    assert said(template) and not missing


def test_the_table_names_only_what_is_said_and_keeps_its_places() -> None:
    for english, german in LETTERS.items():
        assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(german)), english
        assert german and german != english
    closed = [*ONBOARDING, *(one.label for one in ExceptionKind), *(w for each in VALUES.values() for w in each.values())]  # fmt: skip
    assert not [words for words in closed if words not in WORDS]


@pytest.mark.parametrize("template", SPOKEN)
def test_a_german_letter_holds_no_english_sentence(template: str) -> None:
    with speaking("de", translate):
        made = render(template, samples.letters()[template])
    text = subprocess.run(["pdftotext", "-raw", "-", "-"], input=made, capture_output=True, check=True).stdout.decode()  # fmt: skip
    flat = " ".join(text.split())
    left = [words for words in SENTENCES if len(words.split()) > 2 and "{" not in words and words in flat]
    assert not left and "Seite 1 von" in flat and re.search(rb"/Lang ?\(de\)", made)
    assert WORDS[said(template)[0]] in flat, "its title"
