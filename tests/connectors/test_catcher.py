# SPDX-License-Identifier: AGPL-3.0-or-later
"""The local mail catcher, spoken to by our own relay's connector."""

from pathlib import Path

import pytest

from partwell.connectors.catcher import Catcher
from partwell.connectors.errors import ConnectorError
from partwell.connectors.mail_message import build
from partwell.connectors.smtp import Delivery, Security, SmtpServer, transmit
from tests.connectors.test_mail_message import MAIL


def deliver(catcher: Catcher, data: bytes) -> Delivery:
    return transmit(
        SmtpServer(catcher.host, catcher.port, Security.NONE, timeout=5), mail_from="relay@msp.example",
        client_rcpts=["anna@client.example"], other_rcpts=["tech@provider.example"], data=data,
        on_data_started=lambda: True,
    )  # fmt: skip


def test_what_left_is_on_the_disk_byte_for_byte(tmp_path: Path) -> None:
    catcher = Catcher(tmp_path / "inbox")
    stop = catcher.start()
    try:
        data = build(MAIL)
        assert deliver(catcher, data).outcome == "accepted"
        hostile = (
            b"Subject: =?nowhere?q?y?= =?utf-8?b?/////?= \x1b[2J\r\nFrom: a@\xff\r\nTo: (((\r\n\r\n.\r\n"
        )
        assert deliver(catcher, hostile).outcome == "accepted"
    finally:
        stop()
        stop()
    newest, first = catcher.list_messages()
    assert first.subject == MAIL.subject and first.header_to == "Anna Żółć <anna@client.example>"
    assert first.rcpt_tos == ("anna@client.example", "tech@provider.example")
    assert first.size == len(data) and first.received_at.utcoffset() is not None
    assert catcher.read_message(first.message_id) == data
    assert catcher.read_message(newest.message_id) == hostile and "\x1b" not in newest.subject
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "inbox").iterdir())
    assert [m.message_id for m in catcher.list_messages(limit=1)] == [newest.message_id]


def test_a_full_disk_is_not_answered_with_250(tmp_path: Path) -> None:
    catcher = Catcher(tmp_path / "inbox")
    stop = catcher.start()
    try:
        (tmp_path / "inbox").rename(tmp_path / "gone")
        delivery = deliver(catcher, build(MAIL))
        assert (delivery.outcome, delivery.code) == ("deferred", 451)
    finally:
        stop()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])  # noqa: S104  refused is the point
def test_loopback_only(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConnectorError, match="loopback only"):
        Catcher(tmp_path).start(host)


def test_a_taken_port_is_a_sentence_and_a_port_is_free_after_stop(tmp_path: Path) -> None:
    first, second = Catcher(tmp_path), Catcher(tmp_path)
    stop = first.start()
    with pytest.raises(ConnectorError, match="choose another port"):
        second.start(port=first.port)
    stop()
    second.start(port=first.port)()


@pytest.mark.parametrize(
    "bad", ["", "../x", "20261123T093000.000000Z-" + "0" * 16 + "\n", "20261123T093000.000000Z-" + "0" * 16]
)
def test_no_such_message(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ConnectorError):
        Catcher(tmp_path).read_message(bad)


def test_a_message_without_its_side_file_is_still_shown(tmp_path: Path) -> None:
    (tmp_path / "20261123T093000.000000Z-0123456789abcdef.eml").write_bytes(build(MAIL))
    (message,) = Catcher(tmp_path).list_messages()
    assert message.rcpt_tos == () and message.subject == MAIL.subject
