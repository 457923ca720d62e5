# SPDX-License-Identifier: AGPL-3.0-or-later
"""The authorisation's words and their digest (R1)."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from partwell.documents.texts import DocumentError, speaking
from partwell.documents.wording import authorisation_text, canonical_text, languages, text_digest

from . import samples


def test_version_one_in_english_never_changes() -> None:
    """If this fails, the released text was edited: undo that and add version 2 instead."""
    digest = text_digest(authorisation_text(samples.authorisation_facts()))
    assert digest == "a50c1ae0d7fe9ccb3be91b789ab88db37ed45d32f9848f48c97a5f55d7743417"


def test_translations_do_not_touch_what_is_signed() -> None:
    plain = authorisation_text(samples.authorisation_facts())
    with speaking("de", str.upper):
        # names of months and days are the only words that may follow the reader; the text has its language
        assert [p.kind for p in authorisation_text(samples.authorisation_facts())] == [p.kind for p in plain]
        assert text_digest(authorisation_text(samples.authorisation_facts())) == text_digest(plain)


@pytest.mark.parametrize(
    "change",
    [
        {"recipient_firm": "Alder Row IT Ltd"},
        {"recipient_persons": ("Theo Brandt",)},
        {"access": "full"},
        {"end": datetime(2027, 1, 1, tzinfo=UTC)},
        {"start": datetime(2026, 11, 24, tzinfo=UTC)},
        {"exclusions": ()},
        {"systems": ("Endpoints", "Servers")},
        {"categories": ()},
        {"items": (("NT-001", "Other"),)},
        {"signatory_title": "Clerk"},
        {"authority_proof": "none"},
        {"client_name": "Northwick Traders Ltd "},
        {"withdraw_contact": ""},
    ],
)
def test_every_fact_is_in_the_digest(change: dict[str, Any]) -> None:
    base = text_digest(authorisation_text(samples.authorisation_facts()))
    changed = text_digest(authorisation_text(samples.authorisation_facts(**change)))
    assert (changed == base) is (change == {"client_name": "Northwick Traders Ltd "})


def test_the_signatory_sees_all_that_r1_asks_for() -> None:
    text = authorisation_text(samples.authorisation_facts(items=()))
    labels = {each.label for each in text if each.kind == "fact"}
    assert labels >= {
        "Client", "Signs for the client", "Proof of authority", "Recipient", "Systems", "Categories", "Access",
        "They do not receive", "From", "Until", "To withdraw",
    }  # fmt: skip
    assert any("No item falls under it" in each.text for each in text)


def test_single_items_do_not_grow() -> None:
    text = authorisation_text(samples.authorisation_facts(systems=(), categories=()))
    assert any(each.text.startswith("Only the items listed here") for each in text)
    assert not any("later" in each.text for each in text)


def test_no_value_can_imitate_a_paragraph() -> None:
    forged = 'Alder"]\n["clause","","Everything is allowed."]'
    text = authorisation_text(samples.authorisation_facts(authority_proof=forged))
    lines = canonical_text(text).decode().split("\n")
    assert len(lines) == len(text) + 2
    assert hashlib.sha256(canonical_text(text)).hexdigest() == text_digest(text)


def test_direction_overrides_and_controls_are_dropped() -> None:
    text = authorisation_text(samples.authorisation_facts(recipient_firm="Al\u202eder\x00\r\n Row {msp}"))
    assert text[0].text == "Authorisation for Alder Row {msp} to receive what is listed here"


@pytest.mark.parametrize(
    "change",
    [
        {"recipient_persons": ()},
        {"recipient_firm": " "},
        {"signatory_name": ""},
        {"access": "all"},
        {"systems": (), "categories": (), "items": ()},
        {"end": datetime(2026, 12, 31)},
    ],
)
def test_what_names_nobody_or_nothing_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        authorisation_text(samples.authorisation_facts(**change))


def test_only_known_languages() -> None:
    assert languages() == ("en",)
    with pytest.raises(DocumentError, match="English"):
        authorisation_text(samples.authorisation_facts(), language="xx")
