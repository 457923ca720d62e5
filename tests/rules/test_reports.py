# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a delivery report is worth: the whole truth table, and its few sentences in words."""

import dataclasses
import itertools

import pytest

from partwell.rules.reports import LineFacts, Worth, worth

ROLES = ("", "client", "second", "provider", "msp")
FLAGS = ("failed", "returned", "marked", "provider_has_it", "other", "late", "brought")
ALL = [
    LineFacts(role=role, **dict(zip(FLAGS, values, strict=True)))
    for role in ROLES
    for values in itertools.product((False, True), repeat=len(FLAGS))
]


def believable(facts: LineFacts) -> bool:
    """The rule in other words: nothing speaks against it, and something proves it that this report's subject needs."""
    sound = bool(facts.role) and not (facts.brought or facts.other or facts.late)
    secret = facts.marked or (facts.returned and not facts.provider_has_it)
    return sound and (secret if facts.role in ("client", "second") else facts.marked or facts.returned)


def test_every_combination() -> None:
    assert len(ALL) == 640
    for facts in ALL:
        found = worth(facts)
        wanted = Worth.BELIEVED if believable(facts) else Worth.ASKED if facts.failed else Worth.KEPT
        assert found.worth is wanted, facts
        assert found.why.endswith(".")


@pytest.mark.parametrize("role", ["client", "second"])
def test_what_a_new_provider_on_the_mail_knows_never_tells_of_the_clients_address(role: str) -> None:
    knows = LineFacts(failed=True, role=role, returned=True, provider_has_it=True)
    assert worth(knows).worth is Worth.ASKED and "new provider" in worth(knows).why
    assert worth(dataclasses.replace(knows, marked=True)).worth is Worth.BELIEVED
    assert worth(dataclasses.replace(knows, provider_has_it=False)).worth is Worth.BELIEVED
    assert worth(dataclasses.replace(knows, returned=False)).worth is Worth.ASKED


def test_nothing_that_doubts_is_outdone_by_a_mark() -> None:
    sure = LineFacts(failed=True, role="client", returned=True, marked=True)
    assert worth(sure).worth is Worth.BELIEVED
    for doubt in ("other", "late", "brought"):
        assert worth(dataclasses.replace(sure, **{doubt: True})).worth is Worth.ASKED  # type: ignore[arg-type]
        assert worth(dataclasses.replace(sure, failed=False, **{doubt: True})).worth is Worth.KEPT  # type: ignore[arg-type]
