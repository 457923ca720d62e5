# SPDX-License-Identifier: AGPL-3.0-or-later
"""Roles, readiness and the plan's fixed points."""

from datetime import date, timedelta
from itertools import product

import pytest

from partwell.rules.plan import PlanFacts, PlanStep, may_finish, order, propose_plan
from partwell.rules.readiness import DOCUMENTED, ReadinessFacts, exit_facts, score
from partwell.rules.refusals import Refusal
from partwell.rules.roles import ROLES, VERBS, auditor_stands, may, second_person, who_may
from partwell.rules.terms import Category, ContactRole, Destination, Phase, Reason, StaffRole
from partwell.rules.verb_words import VERB_WORDS

READ_ONLY = {"read", "check", "preview", "hear"}


def test_the_whole_matrix_follows_the_table():
    for role, verb in product(ROLES, VERBS):
        refusal = may(role, verb)
        assert (refusal is None) is (role in VERBS[verb])
        if refusal is not None:
            assert refusal.code == "not_your_role"
            assert refusal.status == 409
            assert VERB_WORDS[verb] in refusal.sentence and verb not in str(refusal)


def test_every_verb_has_words_and_no_other():
    assert set(VERB_WORDS) == set(VERBS)
    assert not [
        words for words in VERB_WORDS.values() if "." in words or "_" in words or words != words.strip()
    ]
    refusal = may("auditor", "estate.import")
    assert str(refusal) == (
        "As auditor you may not import files. Ask an owner or an account manager or a technician."
    )


def test_every_role_of_the_domain_is_known():
    assert {*(r.value for r in StaffRole), *(r.value for r in ContactRole), "person", "system"} == set(ROLES)
    assert all(set(roles) <= set(ROLES) and roles for roles in VERBS.values())


def test_what_the_domain_page_forbids():
    verbs = {role: {verb for verb in VERBS if may(role, verb) is None} for role in ROLES}
    assert {verb for verb in VERBS if verb.startswith("credential.")} & verbs["account_manager"] == set()
    assert "credential.see" not in verbs["auditor"]
    # how they themselves are told, and whether their own voice is kept: nothing of anybody else's
    own = {"digest.choose", "feed.make", "recording.answer"}
    assert {verb.split(".")[1] for verb in verbs["auditor"] - own} <= READ_ONLY
    assert {verb.split(".")[1] for verb in verbs["observer"] - own} <= READ_ONLY | {"own"}
    assert who_may("authorisation.sign") == who_may("acceptance.sign") == ("signatory",)
    assert who_may("date.agree") == who_may("release.approve") == ("signatory",)
    assert "note.read" not in verbs["signatory"] | verbs["observer"] | verbs["person"]
    assert "estate.read" not in verbs["person"]
    assert not [verb for verb in VERBS if verb.split(".")[1] in {"erase", "edit"}]


def test_an_unknown_verb_or_role_fails_closed():
    unknown_verb, stranger = may("owner", "evidence.erase"), may("visitor", "client.read")
    assert unknown_verb is not None
    assert unknown_verb.code == "rule_missing"
    assert stranger is not None
    assert stranger.status == 404
    assert who_may("evidence.erase") == ()


def test_an_auditors_time_ends():
    today = date(2026, 3, 10)
    assert auditor_stands(today, today) is None
    for until in (None, today - timedelta(days=1)):
        refusal = auditor_stands(until, today)
        assert refusal is not None
        assert refusal.code == "auditor_expired"


@pytest.mark.parametrize(("first", "second", "ok"), [("a", "b", True), ("a", "a", False), ("a", "", False)])
def test_nobody_approves_their_own(first, second, ok):
    assert (second_person(first, second, "Ana", "withdrawal") is None) is ok


def test_readiness_as_a_whole_table():
    for signatory, admin, docs, terms, sets in product((False, True), repeat=5):
        documented = frozenset(DOCUMENTED if docs else DOCUMENTED[1:])
        facts = ReadinessFacts(signatory, admin, documented, terms, sets)
        found = exit_facts(facts)
        assert [fact.present for fact in found] == [signatory, admin, docs, terms, sets]
        assert all(bool(fact.todo) is not fact.present for fact in found)
        assert score(facts) == signatory + admin + docs + terms + sets


def test_a_waived_category_counts_and_a_missing_one_is_named():
    lacking = ReadinessFacts(True, True, frozenset(DOCUMENTED[1:]), True, True)
    assert Category.TRAINING.label in exit_facts(lacking)[2].todo
    waived = ReadinessFacts(True, True, frozenset(DOCUMENTED[1:]), True, True, frozenset({Category.TRAINING}))
    assert score(waived) == 5


def plan(reason=Reason.NEW_PROVIDER, destination=Destination.NEW_MSP, days=90):
    start = date(2026, 3, 1)
    steps = propose_plan(PlanFacts(reason, destination, start, start + timedelta(days=days)))
    assert not isinstance(steps, Refusal)
    return steps


@pytest.mark.parametrize(
    ("reason", "destination", "keys"),
    [
        (
            Reason.NEW_PROVIDER,
            Destination.NEW_MSP,
            {"authorisation", "joint_meeting", "release_both", "objections_end"},
        ),
        (Reason.IN_HOUSE, Destination.CLIENT_STAFF, {"release_client", "admin_training"}),
        (Reason.SOLD, Destination.ACQUIRER_IT, {"acquirer_authority", "signatory_change", "authorisation"}),
        (
            Reason.CLOSES,
            Destination.NOBODY,
            {"preservation", "attorney_contact", "longer_retention", "delete_backups"},
        ),
        (Reason.MSP_ENDS, Destination.NEW_MSP, {"contract_clause", "no_hostage"}),
    ],
)
def test_what_each_reason_adds(reason, destination, keys):
    assert keys <= {step.key for step in plan(reason, destination)}


def test_releases_to_the_client_alone_ask_for_no_authorisation():
    keys = {step.key for step in plan(Reason.IN_HOUSE, Destination.CLIENT_STAFF)}
    assert not keys & {"authorisation", "recipient_terms", "joint_meeting", "release_both"}
    assert "cut_over" not in {step.key for step in plan(Reason.CLOSES, Destination.NOBODY)}


def test_an_end_before_the_notice_is_refused():
    facts = PlanFacts(Reason.SOLD, Destination.NEW_MSP, date(2026, 3, 2), date(2026, 3, 1))
    refusal = propose_plan(facts)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "date_before_notice"


def test_a_step_waits_for_those_before_it():
    steps = plan()
    blocked = may_finish("registrant", steps, frozenset())
    assert blocked is not None
    assert blocked.code == "plan_step_blocked"
    assert "registrar" in blocked.sentence
    assert may_finish("registrant", steps, frozenset({"registrar"})) is None
    done = may_finish("freeze", steps, frozenset({"freeze"}))
    assert done is not None
    assert done.code == "plan_step_done"


def test_a_circle_is_an_error():
    day = date(2026, 3, 1)
    with pytest.raises(ValueError, match="wait for each other"):
        order(
            [
                PlanStep("a", "A", Phase.PLAN, "owner", day, ("b",)),
                PlanStep("b", "B", Phase.PLAN, "owner", day, ("a",)),
            ]
        )
