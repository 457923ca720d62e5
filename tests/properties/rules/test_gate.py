# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1 for any authorisation and item, and any course of an offboarding."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import event, given
from hypothesis import strategies as st

from partwell.rules.consent import AuthorisationFacts, ItemFacts, narrowing_only, resolve_scope, standing
from partwell.rules.handover import ReleaseWay
from partwell.rules.lifecycle import CLIENT_MOVES, ENVELOPE_MOVES, client_after, envelope_after
from partwell.rules.loop import address_problem, mailbox_of
from partwell.rules.refusals import Refusal
from partwell.rules.release import ApprovalFacts, ReleaseFacts, decide
from partwell.rules.terms import (
    Access,
    AuthorisationState,
    Category,
    ClientState,
    EnvelopeState,
    ItemKind,
    Owner,
    Party,
    RecipientKind,
    ScopePreset,
    SecondFactor,
    Sensitivity,
    Verdict,
)

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
IDS = st.sampled_from(["i1", "i2", "i3", "i4"])
FEW = st.frozensets(IDS, max_size=2)
OFTEN = st.sampled_from([True, True, True, False])

ITEMS = st.builds(
    ItemFacts, id=IDS, title=st.just("Thing"), kind=st.sampled_from(ItemKind), category=st.sampled_from(Category),
    owner=st.sampled_from(Owner), sensitivity=st.sampled_from(Sensitivity), endpoint=st.booleans(),
    internal=OFTEN.map(lambda value: not value), title_passed=OFTEN,
)  # fmt: skip
AUTHORISATIONS = st.builds(
    AuthorisationFacts,
    id=st.just("a1"),
    state=st.sampled_from([AuthorisationState.GRANTED] * 6 + list(AuthorisationState)),
    version=st.integers(1, 3),
    recipient_id=st.just("r1"),
    recipient_name=st.just("Northwind IT"),
    person_ids=st.frozensets(st.sampled_from(["p1", "p2"]), min_size=1),
    starts_on=st.integers(-20, 2).map(lambda days: date(2026, 3, 10) + timedelta(days=days)),
    ends_on=st.integers(-2, 20).map(lambda days: date(2026, 3, 10) + timedelta(days=days)),
    presets=st.frozensets(st.sampled_from(ScopePreset)),
    categories=st.frozensets(st.sampled_from(Category), max_size=3),
    item_ids=FEW,
    excluded_item_ids=st.one_of(st.just(frozenset()), FEW),
    excluded_categories=st.frozensets(st.sampled_from(Category), max_size=1),
    access=st.sampled_from(Access),
    second_factor=st.sampled_from([*SecondFactor, None]),
    terms_accepted=OFTEN,
)
APPROVALS = st.one_of(
    st.none(),
    st.builds(ApprovalFacts, IDS, st.sampled_from(["d1", "d2"]), st.just("r1"), st.just("a1"),
              st.integers(1, 3), OFTEN),
)  # fmt: skip
RELEASES = st.builds(
    ReleaseFacts, now=st.just(NOW), client_name=st.just("C"), client_state=st.sampled_from(ClientState),
    item=ITEMS, party=st.just(Party.PROVIDER), recipient_id=st.just("r1"), recipient_name=st.just("N"),
    person_id=st.sampled_from(["p1", "p2"]), person_name=st.just("Jo"), digest=st.just("d1"),
    way=st.sampled_from(ReleaseWay), encrypted=st.booleans(), recipient_kind=st.sampled_from(RecipientKind),
    authorisation=st.one_of(st.none(), AUTHORISATIONS), client_address_works=OFTEN, approval=APPROVALS,
    debt=st.booleans(),
)  # fmt: skip


@given(RELEASES)
def test_what_is_sent_to_others_is_consented_and_the_clients(facts):
    decision = decide(facts)
    event(decision.verdict.value)
    assert (decision.refusal is not None) is (decision.verdict is Verdict.REFUSE)
    assert bool(decision.reasons) is (decision.verdict is not Verdict.SEND)
    if decision.verdict is not Verdict.REFUSE:
        assert facts.authorisation is not None
        assert standing(facts.authorisation, facts.now) is None
        assert facts.person_id in facts.authorisation.person_ids
        assert facts.item.owner in (Owner.CLIENT, Owner.UNKNOWN)
        assert not facts.item.internal
        assert facts.client_address_works
    if decision.verdict is Verdict.SEND:
        assert facts.authorisation is not None
        in_scope = facts.item.id in resolve_scope(facts.authorisation, [facts.item]).item_ids
        approved = facts.approval is not None and facts.approval.approved
        assert approved or (in_scope and facts.item.sensitivity is Sensitivity.NORMAL)


@given(RELEASES)
def test_withdrawing_consent_refuses_everything(facts):
    if facts.authorisation is not None:
        facts = replace(facts, authorisation=replace(facts.authorisation, withdrawn_at=NOW))
    assert decide(facts).verdict is Verdict.REFUSE


@given(RELEASES, APPROVALS)
def test_an_approval_never_turns_refuse(facts, approval):
    if decide(replace(facts, approval=None)).verdict is Verdict.REFUSE:
        assert decide(replace(facts, approval=approval)).verdict is Verdict.REFUSE


@given(RELEASES)
def test_a_debt_never_matters(facts):
    assert decide(replace(facts, debt=True)) == decide(replace(facts, debt=False))


@given(AUTHORISATIONS, AUTHORISATIONS, st.lists(ITEMS, unique_by=lambda found: found.id))
def test_a_narrowing_resolves_to_no_more(old, new, items):
    passes = narrowing_only(old, new, items) is None
    event("narrows" if passes else "widens")
    if passes:
        assert (
            set(resolve_scope(new, items).item_ids) <= set(resolve_scope(old, items).item_ids) | old.item_ids
        )
        later = [replace(found, id=f"later {found.id}") for found in items]
        assert set(resolve_scope(new, later).item_ids) <= set(resolve_scope(old, later).item_ids)


@given(AUTHORISATIONS, st.data())
def test_dropping_parts_is_a_narrowing(old, data):
    new = replace(
        old,
        presets=frozenset(data.draw(st.sets(st.sampled_from(sorted(old.presets)))))
        if old.presets
        else old.presets,
        excluded_item_ids=old.excluded_item_ids | data.draw(FEW),
        item_ids=old.item_ids - data.draw(FEW),
        access=Access.READ,
        ends_on=old.ends_on - timedelta(days=data.draw(st.integers(0, 5))),
    )
    assert narrowing_only(old, new) is None


@given(st.lists(st.sampled_from(["open", "withdraw", "close", "return", "onboard", "abandon"]), max_size=30))
def test_any_course_of_a_client_stays_in_the_table(moves):
    state = ClientState.ACTIVE
    for move in moves:
        after = client_after(state, move)
        if isinstance(after, Refusal):
            assert move not in CLIENT_MOVES[state]
            continue
        # A client never becomes inactive or active again without having departed or returned.
        assert (state, after) not in {
            (ClientState.ACTIVE, ClientState.INACTIVE),
            (ClientState.INACTIVE, ClientState.ACTIVE),
            (ClientState.INACTIVE, ClientState.DEPARTING),
        }
        state = after


MOVES = sorted({move for row in ENVELOPE_MOVES.values() for move in row})


@given(st.lists(st.sampled_from(MOVES), max_size=40))
def test_a_message_that_left_never_leaves_again_unsettled(moves):
    state, started, settled_unsent = EnvelopeState.QUEUED, False, False
    for move in moves:
        after = envelope_after(state, move)
        if isinstance(after, Refusal):
            continue
        if after is EnvelopeState.DATA_STARTED:
            # Sent twice only after a refusal by the server or a person's word that it had not left.
            assert not started or settled_unsent
            started, settled_unsent = True, False
        if after is EnvelopeState.FAILED:
            settled_unsent = True
        assert state not in {EnvelopeState.ACCEPTED, EnvelopeState.STOPPED}
        state = after


@given(st.text(max_size=40))
def test_an_accepted_address_is_one_plain_mailbox(text):
    if address_problem(text, "It") is None:
        assert text.isascii()
        assert text.count("@") == 1
        assert not set(text) & set(' ,;<>"()[]\\\r\n\0')
        assert mailbox_of(text) == mailbox_of(text.upper())


@given(
    st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,5})?@[a-z]{1,8}\.example", fullmatch=True),
    st.sampled_from("\r\n\0\t\x85"),
)
def test_a_control_character_anywhere_is_found(address, control):
    assert address_problem(address, "It") is None
    for cut in range(len(address) + 1):
        refusal = address_problem(address[:cut] + control + address[cut:], "It")
        assert refusal is not None
        assert refusal.code == "header_injection"
