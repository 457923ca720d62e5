# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether staff answered or forwarded, over every form that a mail may have; and what becomes of a forward, by its original sender."""

import dataclasses
import itertools

import pytest

from partwell.rules.inbound import Proof, Sender, SenderKind, State
from partwell.rules.inbound_forward import SHORT, Form, Kind, filed, tell, waits

C, P, S = SenderKind.CLIENT, SenderKind.PROVIDER, SenderKind.STAFF
A, F, U = Kind.ANSWER, Kind.FORWARD, Kind.UNSURE
# (how, marked, replies, thread) → what it is where nothing else speaks against it
TABLE = {
    ("", False): {"": A, "ours": A, "other": A},
    ("", True): {"": U, "ours": U, "other": U},
    ("inline", False): {"": (U, A), "ours": A, "other": U},  # without Re, with Re
    ("inline", True): {"": F, "ours": U, "other": F},
    ("attached", False): {"": U, "ours": U, "other": U},
    ("attached", True): {"": F, "ours": U, "other": F},
}


@pytest.mark.parametrize(
    ("how", "marked", "replies", "thread"),
    list(itertools.product(("", "inline", "attached"), (False, True), (False, True), ("", "ours", "other"))),
)
def test_every_form(how: str, marked: bool, replies: bool, thread: str) -> None:
    wanted = TABLE[how, marked][thread]
    wanted = wanted[replies] if isinstance(wanted, tuple) else wanted
    form = Form(how, 1 if how else 0, marked, replies, thread)
    kind, why = tell(form)
    assert kind is wanted, form
    assert bool(why) == (kind is U)
    # Whatever speaks against a forward makes it unsure, and never an answer out of it.
    for changes in (
        {"originals": 2}, {"sender": False}, {"dated": False}, {"here": True}, {"of_staff": True}, {"to_provider": True}, {"own_words": SHORT + 1},
    ):  # fmt: skip
        against = tell(dataclasses.replace(form, **changes))[0]  # type: ignore[arg-type]
        assert against is (U if wanted is F else wanted), changes
    assert tell(dataclasses.replace(form, own_words=SHORT))[0] is wanted
    assert (
        tell(dataclasses.replace(form, unread=True))[0] is wanted
    )  # says why it is unsure, changes nothing else


def test_a_mail_attached_without_a_word_and_under_its_own_subject_is_a_forward() -> None:
    form = Form("attached", 1, same_subject=True)
    assert tell(form)[0] is F
    assert (
        tell(dataclasses.replace(form, own_words=1))[0] is U
        and tell(dataclasses.replace(form, replies=True))[0] is U
    )


SENDERS = {
    "observer": (Sender(C, "Tom"), State.FILED, "client", False),
    "signatory": (Sender(C, "Mara", signatory=True), State.FILED, "client", False),
    "consented": (Sender(P, "Theo", "Alder Row IT", consent=True), State.FILED, "all", True),
    "before consent": (Sender(P, "Theo", "Alder Row IT"), State.HELD, "all", True),
    "unknown": (Sender(), State.HELD, "client", True),
}


@pytest.mark.parametrize(
    ("who", "proof", "confirmed"), list(itertools.product(SENDERS, Proof, (False, True)))
)
def test_what_becomes_of_a_forward(who: str, proof: Proof, confirmed: bool) -> None:
    sender, state, audience, told = SENDERS[who]
    found = filed(sender, "a@b.example", proof, "Dan", confirmed=confirmed)
    if proof is Proof.FAILED and who != "unknown" and not confirmed:
        assert (found.state, found.audience, found.tell_client) == (State.WAITING, "", False)
    else:
        assert (found.state, found.audience, found.tell_client) == (state, audience, told)
    assert not found.may_acknowledge and "Dan" in found.why and found.why.endswith(".")
    for flag in ("gone", "elsewhere", "ambiguous"):
        doubtful = filed(
            dataclasses.replace(sender, **{flag: True}), "a@b.example", proof, "Dan", confirmed=confirmed
        )  # type: ignore[arg-type]
        if confirmed:  # a person's word lifts the doubt, never the gate
            assert (doubtful.state, doubtful.audience) == (State.HELD, "client")
        else:
            assert doubtful.state is State.WAITING and not doubtful.tell_client


def test_what_one_of_us_wrote_is_never_filed_as_forwarded_and_unsure_waits() -> None:
    for proof, confirmed in itertools.product(Proof, (False, True)):
        assert (
            filed(Sender(S, "Ines"), "i@b.example", proof, "Dan", confirmed=confirmed).state is State.WAITING
        )
    assert (
        waits("Dan", "it holds more than one mail").why
        == "Dan says what this is: it holds more than one mail."
    )
