# SPDX-License-Identifier: AGPL-3.0-or-later
"""PDFs that go with a German mail are German, every sentence; what was signed or issued in its words is never translated."""

import ast
import inspect
import re
import subprocess
from datetime import date
from pathlib import Path

import pytest

import partwell
from partwell.actions.billing.letter import WITHOUT_TAX
from partwell.actions.billing.statement_letter import HOURS_WORDS, MONEY_WORDS
from partwell.actions.billing.statement_letter import SHAPES as STATEMENT_SHAPES
from partwell.actions.correspondence.post import composed
from partwell.actions.retention.certificate_letter import SHAPES, said_lines
from partwell.documents.german import WORDS, translate
from partwell.documents.german_letters import LETTERS, SPOKEN
from partwell.documents.letter_words import WORDS as SENTENCES
from partwell.documents.mail_kinds import KINDS
from partwell.documents.mail_parts import cautions
from partwell.documents.mails import CHOICES, compose
from partwell.documents.pdf import TEMPLATES, render
from partwell.documents.stored_words import CAUTIONS, again
from partwell.documents.texts import plain, speaking
from partwell.documents.wording_of import WORDS as VALUES
from partwell.rules import inbound
from partwell.rules.certificate import DataFacts, Part, of_data
from partwell.rules.dates import DATE_LABELS
from partwell.rules.hours import UnusedRule
from partwell.rules.keeping import Choice, Place
from partwell.rules.refusals import REFUSALS
from partwell.rules.returning import ONBOARDING, ExceptionKind
from partwell.rules.statement import unused_words

from . import samples
from .test_mails import common, sample

ASKED = ("narrowed", "out_of_scope", "excluded", "unknown_owner", "sensitive")

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
    assert WORDS[said(template)[0]].partition("{")[0] in flat, "its title"


# To our own people, who read English; and R1's fixed words, whose language would be a fact about whom they do not name.
NOT_SPOKEN = {"staff_message", "staff_note", "office_note", "staff_invitation", "fixed_acknowledgement"}


@pytest.mark.parametrize("variant", range(3))
def test_every_mail_to_a_client_or_a_new_provider_has_german_for_all_its_own_words(variant: int) -> None:
    missing: dict[str, set[str]] = {}
    for kind in KINDS.keys() - NOT_SPOKEN:
        english: set[str] = set()

        def noted(words: str, english: set[str] = english) -> str:
            if words not in {*WORDS, "why"} and re.search("[a-z]{3}", re.sub(r"\{\w+\}", "", words)):
                english.add(words)
            return translate(words)

        values = sample(kind, text="1234")
        for name, all_of in CHOICES.items():
            if name in values:
                values[name] = all_of[variant % len(all_of)]
        if variant == 2:
            values = {key: one for key, one in values.items() if key not in KINDS[kind][2]}
        with speaking("de", noted):
            compose(kind, values)
        if english:
            missing[kind] = english
    assert not missing


def test_words_of_ours_among_the_facts_are_there_too() -> None:
    marked = set()
    for file in Path(partwell.__file__).parent.glob("actions/**/*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "phrase":
                either = [node.args[0].body, node.args[0].orelse] if isinstance(node.args[0], ast.IfExp) else [node.args[0]]  # fmt: skip
                marked |= {str(one.value) for one in either if isinstance(one, ast.Constant)}
    labels = [label for label, _name in (*HOURS_WORDS, *MONEY_WORDS)]
    closed = [*labels, *map(unused_words, UnusedRule), *DATE_LABELS.values(), *(one.label for one in Choice), *WITHOUT_TAX.values(),
              *SHAPES, *STATEMENT_SHAPES, *CAUTIONS, *(REFUSALS[code].sentence for code in ASKED)]  # fmt: skip
    assert len(marked) > 25 and not [
        words for words in {*marked, *closed} if words not in WORDS and "}, {" not in words
    ]
    for english, german in WORDS.items():
        assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(german)), english


def test_a_certificate_is_said_again_and_what_people_typed_stays() -> None:
    facts = DataFacts("Hours", "Files", Place.VAULT, "our vault", kept_until=date(2026, 11, 24), listed_digest="ab", attested_by="Ines Duarte",
                      people=(Part("Approved", "Dan Frey", "Technician", date(2026, 11, 24), "Berlin"),))  # fmt: skip
    fields = of_data(facts).as_data()
    rows = [(label, lines) for one in fields["sections"] for label, lines in one["rows"]]
    lines = [line for _label, found in rows for line in found]
    with speaking("de", translate):
        said = {
            line: plain(again(line, SHAPES), "UTC") for line in [*lines, fields["attested"], fields["method"]]
        }
        labels = {
            plain(again(label, ()), "UTC"): plain(said_lines(label, found), "UTC") for label, found in rows
        }
    assert said["Date: 24 November 2026"] == "Tag: 24. November 2026" and said["not known"] == "nicht bekannt"
    assert (
        said[fields["attested"]]
        == "Bescheinigt von Ines Duarte, gestützt auf die Liste von vorher und die Prüfung durch eine zweite Person."
    )
    assert said[fields["method"]].startswith("Clear: Eine Wiederherstellung") and said[
        fields["method"]
    ].endswith("kein geprüftes Modul genannt")
    assert labels["Datenbestand"] == ["Hours"] and labels["Art des Ortes"] == ["unsere Ablage"]
    assert labels["Aufbewahrt bis"] == ["24. November 2026"] and labels["Vertraulichkeit vorher"] == [
        "nicht bekannt"
    ]
    assert "Verfahren" in labels and said["Title: Technician"] == "Funktion: Technician"


def test_what_states_no_fact_has_no_language() -> None:
    values = common(to_name="", checkpoint=None)
    assert composed("fixed_acknowledgement", "de", values) == composed("fixed_acknowledgement", "en", values)


def test_every_caution_about_a_mail_is_said_in_german() -> None:
    facts = {"domain": "a1derrow.example", "address": "x@a1derrow.example", "who": "theo@alderrow.example", "known": "alderrow.example", "shown": "dan@harbourline.example", "name": "Mara Ellery"}  # fmt: skip
    english = [one.format_map(facts) for one in CAUTIONS]
    rule = re.sub(r"{[^{}]*}", "{}", inspect.getsource(inbound.warnings))
    assert all(re.sub(r"{[^{}]*}", "{}", one) in rule for one in CAUTIONS) and rule.count(
        "found.append("
    ) == len(CAUTIONS)
    with speaking("de", translate):
        assert cautions(english) == [WORDS[one].format_map(facts) for one in CAUTIONS]
