# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails that leave by themselves at the steps of the letters: the office's words first, then what the record says, in one language."""

import pytest

from partwell.documents.german import translate
from partwell.documents.mail_kinds import KINDS
from partwell.documents.mails import compose
from partwell.documents.texts import speaking
from partwell.rules.letters import STEPS

from .samples import CHECKPOINT
from .test_mails import sample

WORDS = {
    "letter_subject": "A word\nof ours",
    "letter_text": "Dear all,\n\nfirst line\nsecond line\n\nInes <b>Duarte</b>, Harbourline IT",
}


@pytest.mark.parametrize("kind", sorted(STEPS))
def test_the_offices_words_stand_first_and_the_facts_stay(kind: str) -> None:
    bare, mail = compose(kind, sample(kind)), compose(kind, sample(kind) | WORDS)
    assert mail.subject == "A word of ours" and mail.text.startswith("Dear all,\n\nfirst line\nsecond line\n")
    assert (
        "Hello Mara Ellery" not in mail.text
        and "Ines <b>Duarte</b>" in mail.text
        and "Ines &lt;b&gt;" in mail.html
    )
    words, facts = mail.text.split("What our record says", 1)
    assert CHECKPOINT in facts and CHECKPOINT not in words
    # Nothing that the step itself says is lost: facts, what is asked, by when, the link, the checkpoint.
    assert " ".join(facts.split()) == " ".join(bare.text.partition("Hello Mara Ellery,")[2].split())


@pytest.mark.parametrize("kind", sorted({*STEPS, "message", "return_quote"}))
@pytest.mark.parametrize("full", [True, False])
def test_in_german_no_english_is_left(kind: str, full: bool) -> None:
    missed: set[str] = set()

    def german(words: str) -> str:
        found = translate(words)
        if found == words and words not in OURS:
            missed.add(words)
        return found

    OURS = {
        "{topic} ({client})",
        "April",
        "August",
        "September",
        "November",
        "Alder Row",
        "why",
        "12",
        "Release",
        "full",
    }
    data = sample(kind) | WORDS
    for name in () if full else KINDS[kind][2]:
        data.pop(name, None)
    with speaking("de", german):
        mail = compose(kind, data)
    assert (
        not missed and 'lang="de"' in mail.html and (kind not in STEPS or "Was unsere Akte sagt" in mail.text)
    )
