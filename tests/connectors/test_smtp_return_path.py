# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sender and the marks that a mail server is told (RFC 3461), and the plain sender where it refuses ours (R2)."""

import pytest

from tests.connectors.bad_smtp import HANG_UP, Say, Script, serving
from tests.connectors.test_smtp import CLIENT, PROVIDER, send

RETURNS = "reply+token@parting.example"


def test_the_return_path_is_named_and_each_recipient_has_a_mark_of_its_own() -> None:
    with serving(Script()) as script:
        delivery, _ = send(
            script, mail_from=RETURNS, plain_from="relay@msp.example", marks={CLIENT: "one@parting.example"}
        )
    assert delivery.outcome == "accepted"
    assert script.said[0] == "EHLO msp.example", "our own name, whatever the return path's domain"
    assert script.said[1].startswith(f"MAIL FROM:<{RETURNS}>") and not any(
        "ORCPT" in one for one in script.said
    )
    # The same of a server that has DSN (RFC 3461); aiosmtpd has not, so its options are judged as it would.
    with serving(Script({"RCPT": Say("250 2.1.5 OK", only="@")}, offer=("DSN",))) as script:
        send(script, mail_from=RETURNS, plain_from="relay@msp.example", marks={CLIENT: "one@parting.example"})
    assert [one for one in script.said if one.startswith("RCPT")] == [
        f"RCPT TO:<{CLIENT}> ORCPT=rfc822;one@parting.example", f"RCPT TO:<{PROVIDER}>",
    ]  # fmt: skip


@pytest.mark.parametrize("verb", ["MAIL", "RCPT"])
def test_a_server_that_refuses_our_return_path_is_given_the_plain_sender(verb: str) -> None:
    # Postfix with reject_sender_login_mismatch says so only at RCPT: that must not count as the client's refusal.
    with serving(
        Script({verb: Say("553 5.7.1 Sender address rejected: not owned by user", once=True)})
    ) as script:
        delivery, seen = send(script, mail_from=RETURNS, plain_from="relay@msp.example")
    assert delivery.outcome == "accepted" and seen == ["data_started"] and len(script.messages) == 1
    assert [reply.code for reply in delivery.per_recipient.values()] == [250, 250]
    named = [one.split()[1] for one in script.said if one.startswith("MAIL")]
    assert named == [f"FROM:<{RETURNS}>", "FROM:<relay@msp.example>"] and "RSET" in script.verbs


def test_who_is_refused_under_the_plain_sender_too_is_refused() -> None:
    for again in (
        Script({"RCPT": Say("550 unknown", only=CLIENT)}),
        Script({"RCPT": Say("550 unknown", only=CLIENT), "RSET": HANG_UP}),
    ):
        with serving(again) as script:
            delivery, seen = send(script, mail_from=RETURNS, plain_from="relay@msp.example")
        assert (delivery.outcome, delivery.stage, delivery.code) == ("refused", "rcpt", 550) and not seen
        assert delivery.per_recipient[CLIENT].code == 550 and not script.messages


def test_a_server_that_cannot_read_a_mark_has_the_mail_without() -> None:
    script = Script({"RCPT": Say("501 5.5.4 Bad ORCPT parameter", only="ORCPT")}, offer=("DSN",))
    with serving(script):
        delivery, _ = send(
            script, mail_from=RETURNS, plain_from="relay@msp.example", marks={CLIENT: "one@parting.example"}
        )
    assert delivery.outcome == "accepted" and delivery.per_recipient[CLIENT].code == 250
