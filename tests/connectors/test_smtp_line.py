# SPDX-License-Identifier: AGPL-3.0-or-later
"""One connection for several messages: each still names its client first, and what was not taken ends the line (R1)."""

from typing import Any

import pytest

from partwell.connectors.smtp import Delivery, Line, Security, SmtpServer, transmit
from tests.connectors.bad_smtp import HANG_UP, SILENCE, Say, Script, serving
from tests.connectors.test_smtp import CLIENT, DATA, PROVIDER


def over(line: Line, script: Script, data: bytes = DATA, **more: Any) -> Delivery:
    """One more message over a line."""
    values = {"mail_from": "relay@msp.example", "client_rcpts": [CLIENT], "other_rcpts": [PROVIDER]} | more
    server = SmtpServer("127.0.0.1", script.port, security=Security.NONE, timeout=1.0)
    return transmit(server, data=data, on_data_started=lambda: True, line=line, **values)


def test_a_batch_goes_over_one_connection_and_each_names_its_client_first() -> None:
    with serving(Script()) as script, Line() as line:
        results = [over(line, script, DATA + b"%d\r\n" % number) for number in range(3)]
        line.end()
    assert [one.outcome for one in results] == ["accepted"] * 3
    each = ["MAIL", "RCPT", "RCPT", "DATA"]
    assert script.verbs == ["EHLO", *each, "RSET", *each, "RSET", *each, "QUIT"]
    assert all(CLIENT in script.said[place + 1] for place in (1, 6, 11))
    assert script.messages == [DATA + b"%d\r\n" % number for number in range(3)]
    assert all(list(one.per_recipient) == [CLIENT, PROVIDER] for one in results)


@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        ({"RCPT": Say("550 unknown", only=CLIENT)}, "refused"),
        ({"DATA": Say("451 later")}, "deferred"),
        ({"DOT": HANG_UP}, "unknown"),
        ({"DOT": Say("554 spam")}, "refused"),
    ],
)
def test_what_was_not_taken_ends_the_line(at: dict[str, Say], outcome: str) -> None:
    with serving(Script()) as script, Line() as line:
        assert over(line, script).outcome == "accepted"
        script.at = at
        assert over(line, script).outcome == outcome
        script.at = {}
        before = script.verbs.count("EHLO")
        assert over(line, script).outcome == "accepted" and script.verbs.count("EHLO") == before + 1


@pytest.mark.parametrize(
    "at", [{"RSET": HANG_UP}, {"RSET": Say("421 bye")}, {"RSET": Say("500 what")}, {"RSET": SILENCE}], ids=str
)
def test_a_server_that_ends_the_line_between_two_messages_costs_nothing(at: dict[str, Say]) -> None:
    with serving(Script()) as script, Line() as line:
        assert over(line, script).outcome == "accepted"
        script.at = at
        assert over(line, script).outcome == "accepted"
    assert script.messages == [DATA, DATA] and script.verbs.count("EHLO") == 2


def test_a_server_that_ends_the_line_at_mail_is_asked_once_more_and_no_more() -> None:
    with serving(Script()) as script, Line() as line:
        assert over(line, script).outcome == "accepted"
        script.at = {"MAIL": Say("421 enough")}
        later = over(line, script)
        assert (later.outcome, later.stage) == ("deferred", "mail") and script.verbs.count("MAIL") == 3
        script.at = {}
        assert over(line, script).outcome == "accepted"
    assert script.messages == [DATA, DATA]


def test_a_line_is_not_used_for_ever_nor_for_another_server() -> None:
    with serving(Script()) as script, serving(Script()) as other, Line() as line:
        for _ in range(51):
            assert over(line, script).outcome == "accepted"
        assert script.verbs.count("EHLO") == 2
        assert over(line, other).outcome == "accepted" and other.verbs[0] == "EHLO"
        assert over(line, other, mail_from="desk@another.example").outcome == "accepted"
        assert other.verbs.count("EHLO") == 2
