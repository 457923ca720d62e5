# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of a mail that came in: the whole table of senders and proofs, loops, reports, and what looks alike."""

import dataclasses
import itertools

import pytest

from partwell.rules.inbound import (
    LONGEST_WAY,
    MailFacts,
    Proof,
    Sender,
    SenderKind,
    State,
    decide,
    look_alike,
    skeleton,
    warnings,
)

C, P, S, U = SenderKind.CLIENT, SenderKind.PROVIDER, SenderKind.STAFF, SenderKind.UNKNOWN
SENDERS = {
    "signatory": Sender(C, "Mara", signatory=True),
    "observer": Sender(C, "Tom"),
    "consented": Sender(P, "Theo", "Alder Row IT", consent=True),
    "before consent": Sender(P, "Theo", "Alder Row IT"),
    "staff": Sender(S, "Dan"),
    "unknown": Sender(),
}
F, H, W = State.FILED, State.HELD, State.WAITING
# sender → what becomes of it by proof: dkim, spf, none, failed
TABLE = {
    "signatory": (F, F, W, W),
    "observer": (F, F, F, W),
    "consented": (F, F, F, W),
    "before consent": (H, H, H, W),
    "staff": (F, F, W, W),
    "unknown": (H, H, H, H),
}
AUDIENCE = {
    "signatory": "client",
    "observer": "client",
    "consented": "all",
    "before consent": "all",
    "staff": "client",
    "unknown": "client",
}
TOLD = {"consented", "before consent", "staff", "unknown"}


def facts(who: str, proof: Proof = Proof.DKIM, **more: object) -> MailFacts:
    return MailFacts(matched=True, sender=SENDERS[who], proof=proof, from_address="a@b.example", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(("who", "proof"), list(itertools.product(SENDERS, Proof)))
def test_every_sender_with_every_proof(who: str, proof: Proof) -> None:
    found = decide(facts(who, proof))
    assert found.state is TABLE[who][list(Proof).index(proof)], found
    assert found.audience == ("" if found.state is W else AUDIENCE[who])
    assert found.tell_client == (found.state is not W and who in TOLD)
    assert found.may_acknowledge == (found.state is H and who == "before consent")
    assert found.why.endswith(".") and ("proof" in " ".join(found.warnings)) == (proof is Proof.FAILED)


@pytest.mark.parametrize("who", SENDERS)
def test_whatever_the_sender(who: str) -> None:
    for proof in Proof:
        base = facts(who, proof)
        for changes, state in (
            ({"ours": True}, State.LOOP), ({"hops": LONGEST_WAY + 1}, State.LOOP), ({"report": True}, State.BOUNCE),
            ({"matched": False}, State.UNMATCHED), ({"open": False}, W), ({"readable": False}, W), ({"froms": 2}, W), ({"froms": 0}, W),
        ):  # fmt: skip
            found = decide(dataclasses.replace(base, **changes))  # type: ignore[arg-type]
            assert (
                found.state is state
                and not found.audience
                and not found.tell_client
                and not found.may_acknowledge
            )
        for flag in ("gone", "elsewhere", "ambiguous"):
            sender = dataclasses.replace(base.sender, **{flag: True})  # type: ignore[arg-type]
            assert decide(dataclasses.replace(base, sender=sender)).state is W
        automatic = decide(dataclasses.replace(base, automatic=True))
        assert not automatic.may_acknowledge
        often = decide(dataclasses.replace(base, often=True)).state
        assert often is W or who in ("signatory", "observer", "staff")


def test_automatic_mail_of_staff_stays_inside_and_of_strangers_is_told_to_nobody() -> None:
    assert decide(facts("staff", automatic=True)).audience == "internal"
    assert decide(facts("staff", forwarded=True)).state is W
    assert not decide(facts("unknown", automatic=True)).tell_client
    assert decide(facts("before consent", automatic=True)).tell_client


def test_warnings_name_what_to_look_at() -> None:
    found = decide(dataclasses.replace(
        facts("unknown"), from_address="mara@northw1ck.example", from_name="mara@northwick.example", reply_to=("x@evil.example",),
        known_domains=("northwick.example",),
    )).warnings  # fmt: skip
    text = " ".join(found)
    assert (
        "looks like northwick.example" in text
        and "shows the address mara@northwick.example" in text
        and "x@evil.example" in text
    )


@pytest.mark.parametrize("domain", [
    "norhtwick.example", "n0rthwick.example", "n\u043erthwick.example", "northwick.test", "northwlck.example", "nortwick.example",
    "northwiick.example", "xn--nrthwick-n4a.example", "n\u00f6rthwick.example", "NORTHWlCK.example.",
])  # fmt: skip
def test_look_alikes_are_seen(domain: str) -> None:
    assert look_alike(domain, ["alderrow.example", "northwick.example"]) == "northwick.example"


@pytest.mark.parametrize("domain", ["northwick.example", "mail.northwick.example", "Northwick.example.", "quay.example", "", "southwark.example", "wick.example"])  # fmt: skip
def test_others_are_not(domain: str) -> None:
    assert look_alike(domain, ["northwick.example", "ab.example"]) == ""


def test_a_skeleton_is_what_a_reader_sees() -> None:
    assert skeleton("\u0440\u0430\u0443\u0440\u0430l.example") == skeleton("paypal.example")
    assert skeleton("rnicrosoft.example") == skeleton("microsoft.example")


@pytest.mark.parametrize(("name", "whose"), [
    ("Mara Ellery", "Mara Ellery"), ("ELLERY, Mara", "Mara Ellery"), ("Маra Еllery", "Mara Ellery"), ("Theo Brandt | Alder Row IT", "Alder Row IT"),
    ("Northwick", "Northwick"), ("Northwick Traders", ""), ("Mara", ""), ("Nora Pike", ""), ("", ""), ("Bo Li", ""),
])  # fmt: skip
def test_a_stranger_under_a_known_name_is_said_and_a_known_sender_is_not(name: str, whose: str) -> None:
    known = ("Mara Ellery", "Theo Brandt", "Alder Row IT", "Northwick", "", "Bo")
    facts = MailFacts(matched=True, from_address="x@else.example", from_name=name, known_names=known)
    said = [one for one in warnings(facts) if "goes by the name" in one]
    assert said == (
        [f"The sender goes by the name {whose}, which is on record with another address."] if whose else []
    )
    mine = dataclasses.replace(facts, sender=Sender(SenderKind.CLIENT, "Mara Ellery"))
    assert not any("goes by the name" in one for one in warnings(mine))
