# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages: the same bytes for the same values, read back whole by another parser, no header smuggled."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partwell.connectors.addresses import Mailbox
from partwell.connectors.errors import AddressInvalid, MailInvalid
from partwell.connectors.mail_message import Attachment, OutgoingMail, build, new_message_id

MAIL = OutgoingMail(
    sender=Mailbox("relay@msp.example", "Northgate IT"),
    to=(Mailbox("anna@client.example", "Anna Żółć"),),
    subject="Your notice of 3 November",
    date=datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=1))),
    message_id="<abc.1@msp.example>",
    text="Dear Anna,\n\n.\nFrom here on: Grüße\n",
)
LINE = st.text(st.characters(blacklist_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co")), max_size=120)


def parsed(mail: OutgoingMail) -> EmailMessage:
    message = email.message_from_bytes(build(mail), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: Any, kind: str = "plain") -> str:
    return message.get_body((kind,)).get_payload(decode=True).decode().replace("\r\n", "\n")


def test_headers_and_text_read_back() -> None:
    full = replace(
        MAIL, cc=(Mailbox("tech@provider.example", 'Smith, "Bob"'),), reply_to=(Mailbox("case-1@msp.example"),),
        in_reply_to="<x@client.example>", references=("<w@client.example>", "<x@client.example>"),
        extra=(("Auto-Submitted", "auto-generated"), ("X-Partwell-Checkpoint", "42")),
    )  # fmt: skip
    message = parsed(full)
    assert message["From"].addresses[0].display_name == "Northgate IT"
    assert message["To"].addresses[0].display_name == "Anna Żółć"
    assert message["Cc"].addresses[0].display_name == 'Smith, "Bob"'
    assert message["Reply-To"] == "case-1@msp.example"
    assert message["Date"].datetime == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    assert message["Message-ID"] == "<abc.1@msp.example>" and message["In-Reply-To"] == "<x@client.example>"
    assert message["References"].split() == ["<w@client.example>", "<x@client.example>"]
    assert message["X-Partwell-Checkpoint"] == "42" and message["Bcc"] is None
    assert body(message) == MAIL.text + "\n"


def test_alternative_and_attachments() -> None:
    files = (
        Attachment("authorisation.pdf", "application/pdf", bytes(range(256)) * 40),
        Attachment("Übergabe – Netzplan (final) 東京.drawio", "application/xml", b"<mxfile/>"),
        Attachment("../../etc/passwd", "nonsense", b""),
        Attachment("notice.eml", "message/rfc822", build(MAIL)),
    )
    message = parsed(replace(MAIL, html="<p>Grüße</p>", attachments=files))
    assert message.get_content_type() == "multipart/mixed"
    assert body(message, "html") == "<p>Grüße</p>\n"
    read = [
        (part.get_filename(), part.get_content_type(), part.get_payload(decode=True))
        for part in message.iter_attachments()
    ]
    assert read == [
        ("authorisation.pdf", "application/pdf", files[0].content),
        ("Übergabe – Netzplan (final) 東京.drawio", "application/xml", b"<mxfile/>"),
        (".._.._etc_passwd", "application/octet-stream", b""),
        ("notice.eml", "application/octet-stream", build(MAIL)),
    ]


def test_same_values_same_bytes() -> None:
    mail = replace(MAIL, html="<p>x</p>", attachments=(Attachment("a", "text/csv", b"a,b"),))
    assert build(mail) == build(mail)
    assert build(mail) != build(replace(mail, message_id="<abc.2@msp.example>"))


@given(LINE, LINE, st.text(max_size=300).filter(lambda t: t.isascii() or t.isprintable()), LINE)
def test_whatever_is_typed_comes_back(subject: str, name: str, text: str, filename: str) -> None:
    mail = replace(
        MAIL, subject=subject, to=(Mailbox("a@b.example", name),), text=text,
        attachments=(Attachment(filename, "text/plain", text.encode()),),
    )  # fmt: skip
    raw = build(mail)
    assert raw.isascii()
    lines = raw.split(b"\r\n")
    assert all(len(line) <= 998 and b"\n" not in line and b"\r" not in line for line in lines)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert " ".join(str(message["Subject"]).split()) == " ".join(subject.split())
    assert [box.addr_spec for box in message["To"].addresses] == ["a@b.example"]
    # policy.default (3.11) keeps the white space between two encoded words of a name, against RFC 2047 (6.2)
    old = str(email.message_from_bytes(raw)["To"]).replace("\r\n", "")
    shown = str(make_header(decode_header(old.rpartition("<")[0]))) if name else ""
    if "=?" in old:
        assert " ".join(shown.split()) == " ".join(name.split())
    else:
        assert message["To"].addresses[0].display_name == name
    assert body(message) == text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    (part,) = message.iter_attachments()  # type: ignore[attr-defined]
    assert part.get_payload(decode=True) == text.encode()
    assert part.get_filename() == (filename.replace("/", "_").replace("\\", "_").strip() or "file")


@pytest.mark.parametrize(
    "bad", ["x\r\nBcc: thief@x.example", "x\nBcc: y", "x\ry", "a\x00b", "a\u2028b", "a\x85b", "\u202egnp.exe"]
)
def test_no_value_begins_a_header(bad: str) -> None:
    for mail in (
        replace(MAIL, subject=bad),
        replace(MAIL, sender=Mailbox("a@b.example", bad)),
        replace(MAIL, extra=(("X-Note", bad),)),
        replace(MAIL, attachments=(Attachment(bad, "text/plain", b""),)),
        replace(MAIL, message_id=f"<{bad}@x.example>"),
        replace(MAIL, in_reply_to=bad),
        replace(MAIL, references=(bad,)),
    ):
        with pytest.raises(MailInvalid):
            build(mail)
    with pytest.raises(AddressInvalid):
        build(replace(MAIL, to=(Mailbox(bad + "@b.example"),)))


@pytest.mark.parametrize("name", ["Bcc", "bcc", "From", "Content-Type", "Resent-Bcc", "X-A\r\nBcc", "X-A:"])
def test_no_bcc_and_no_second_header(name: str) -> None:
    with pytest.raises(MailInvalid):
        build(replace(MAIL, extra=((name, "x"),)))


def test_nobody_no_zone_half_a_character() -> None:
    for mail in (
        replace(MAIL, to=()),
        replace(MAIL, date=datetime(2026, 1, 1)),
        replace(MAIL, text="\ud800"),
        replace(MAIL, subject="\ud800"),
    ):
        with pytest.raises(MailInvalid):
            build(mail)


def test_new_message_ids_are_accepted_and_differ() -> None:
    one, two = new_message_id("msp.example"), new_message_id("msp.example")
    assert one != two and build(replace(MAIL, message_id=one))
