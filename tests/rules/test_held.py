# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1: what was held comes into the conversation when an authorisation takes effect; never what is merely alike or unproved."""

from dataclasses import replace
from itertools import product

import pytest

from partwell.rules.inbound import Proof, Sender, SenderKind
from partwell.rules.inbound_accepted import stays_held

NAMED = Sender(SenderKind.PROVIDER, "Theo", "Alder Row", consent=True)
PROVED = (None, Proof.DKIM, Proof.SPF)  # None: written signed in


@pytest.mark.parametrize("proof", PROVED)
def test_whoever_an_authorisation_names_and_is_proved_is_heard(proof):
    assert stays_held(NAMED, proof) is None


@pytest.mark.parametrize("proof", [Proof.NONE, Proof.FAILED])
def test_nothing_proves_it_so_a_person_says(proof):
    assert "a person says so" in stays_held(NAMED, proof)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"consent": False}, "No authorisation that stands names Theo."),
        ({"gone": True}, "Theo is recorded as having left."),
        ({"gone": True, "consent": False}, "Theo is recorded as having left."),
        ({"elsewhere": True}, "Nobody whom"),
        ({"ambiguous": True}, "Nobody whom"),
        ({"house": True}, "Nobody whom"),
        ({"kind": SenderKind.UNKNOWN}, "Nobody whom"),
        ({"kind": SenderKind.CLIENT}, "Nobody whom"),
        ({"kind": SenderKind.STAFF}, "Nobody whom"),
    ],
)
def test_each_doubt_alone_holds_it_whatever_proves_it(changes, why):
    for proof in (*PROVED, Proof.NONE, Proof.FAILED):
        assert stays_held(replace(NAMED, **changes), proof).startswith(why)


def test_of_all_cases_exactly_the_named_and_proved_are_freed():
    freed = 0
    for kind, *flags in product(SenderKind, *[(False, True)] * 5):
        gone, elsewhere, ambiguous, house, consent = flags
        sender = Sender(kind, "Theo", "Alder Row", False, gone, elsewhere, ambiguous, house, consent)
        for proof in (None, *Proof):
            sure = kind is SenderKind.PROVIDER and consent and not (gone or elsewhere or ambiguous or house)
            assert (stays_held(sender, proof) is None) == (sure and proof in PROVED)
            freed += stays_held(sender, proof) is None
    assert freed == len(PROVED)
