# SPDX-License-Identifier: AGPL-3.0-or-later
"""What mutants of rules/consent.py survived: facts that nobody gave fail closed, and only the one named signs."""

from dataclasses import fields

import pytest

from partwell.rules import consent
from partwell.rules.terms import ScopePreset
from tests.rules.facts import granted, signing

CLOSED = {
    (consent.ItemFacts, "endpoint"): False,
    (consent.ItemFacts, "internal"): False,
    (consent.ItemFacts, "title_passed"): True,
    (consent.AuthorisationFacts, "terms_accepted"): False,
    (consent.SigningFacts, "on_paper"): False,
    (consent.SigningFacts, "scan"): False,
}


@pytest.mark.parametrize(("kind", "name"), CLOSED)
def test_a_fact_that_nobody_gave_fails_closed(kind: type, name: str) -> None:
    """Terms nobody accepted are not accepted, a scan nobody gave is none, an item nobody marked is ordinary."""
    default = {one.name: one.default for one in fields(kind)}[name]
    assert default is CLOSED[kind, name]


def test_only_the_one_whom_the_text_names_signs() -> None:
    """A second signatory of the same client signs their own text, not somebody else's."""
    mine = signing()
    assert consent.may_sign(mine) is None
    named = signing(named_id=mine.signer_id, named_name=mine.signer_name)
    assert consent.may_sign(named) is None
    other = consent.may_sign(signing(named_id="somebody else", named_name="Tom Okafor"))
    assert other is not None and other.code == "other_signatory" and "Tom Okafor" in other.sentence


def test_a_preset_narrows_only_from_what_holds_it() -> None:
    """Systems hold endpoints and nothing else: no other preset comes in by that door."""
    old = granted(presets=frozenset({ScopePreset.SYSTEMS}))
    within = {one for one in ScopePreset if consent._preset_within(one, old)}
    held = {one for one in ScopePreset if consent.PRESET_CATEGORIES[one] <= old.categories}
    assert within == {ScopePreset.SYSTEMS, ScopePreset.ENDPOINTS} | held
    for one in ScopePreset:  # exactly the categories of a preset hold it
        whole = granted(presets=frozenset(), categories=frozenset(consent.PRESET_CATEGORIES[one]))
        assert consent._preset_within(one, whole)
