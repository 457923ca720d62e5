# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail of strangers: every byte sequence gives a result or a sentence, never an exception."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partwell.importers import mailfile
from partwell.importers.base import ImportedItem, ImportRefused, Options
from tests.inputs import inputs

NOTICE = b"""Return-Path: <anna@client.example>
Received: from a by mx.msp.example; Tue, 3 Nov 2026 09:15:02 +0100
Date: Tue, 3 Nov 2026 09:14:58 +0100
From: =?utf-8?q?Anna_=C3=84rger?= <anna@client.example>
To: Service <service@msp.example>
Subject: Notice of
 termination
Message-ID: <n1@client.example>
In-Reply-To: <r@msp.example>
References: <q@msp.example> <r@msp.example>
Content-Type: text/plain; charset=utf-8

Dear team,

we end our agreement on 28 February 2027.

> On the old days you wrote
> something

Anna
"""


def test_notice() -> None:
    mail = mailfile.parse(NOTICE)
    assert mail.sender == "Anna Ärger <anna@client.example>"
    assert mail.subject == "Notice of termination"
    assert mail.references == ("<q@msp.example>", "<r@msp.example>")
    assert not mail.problems
    suggestion = mailfile.propose_notice(mail)
    assert suggestion.received_at == datetime(2026, 11, 3, 9, 15, 2, tzinfo=timezone(timedelta(hours=1)))
    assert suggestion.received_at.utcoffset() == timedelta(hours=1)
    assert suggestion.sender_address == "anna@client.example"
    assert suggestion.words == "Dear team,\n\nwe end our agreement on 28 February 2027."
    assert suggestion.doubts == ()


def test_doubts_are_said() -> None:
    raw = NOTICE.replace(
        b"Subject:", b"Reply-To: other@else.example\nAuto-Submitted: auto-replied\nSubject:"
    ).replace(b"Date: Tue, 3 Nov", b"Date: Tue, 27 Oct")
    doubts = " ".join(mailfile.propose_notice(mailfile.parse(raw)).doubts)
    for words in ("other@else.example", "sent by a program", "more than a day"):
        assert words in doubts


def test_every_real_mail() -> None:
    for path in sorted(inputs("mail").iterdir()):
        mail = mailfile.parse(path.read_bytes())
        assert mail.is_mail or mail.problems, path.name
        mailfile.propose_notice(mail)
    read = {path.name: mailfile.parse(path.read_bytes()) for path in inputs("mail").iterdir()}
    assert read["japanese.eml"].subject == "日本語メールテスト (testing Japanese emails)"
    assert "日本語が" in read["japanese.eml"].text
    assert read["mailparser_mail_test_12.eml"].sender.startswith("张先生")
    assert [one.name for one in read["smime_thunderbird-signed.eml"].attachments] == [
        "signed.jpg",
        "smime.p7s",
    ]
    assert read["delivery-status.eml"].automatic
    assert not read["paperless_broken.eml"].is_mail
    assert not read["attachments.tnef"].is_mail


def nested(depth: int) -> bytes:
    head = b"From: a@b\nDate: Tue, 3 Nov 2026 09:14:58 +0100\n"
    for level in range(depth):
        head += b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (level, level)
    return head + b"Content-Type: text/plain\n\nat the bottom\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        b"\x00" * 1000,
        b":" * 10_000,
        b"From:\n",
        b"From: \xff\xfe <\xff@\xff>\nSubject: \xff\n\n\xff",
        b"From: " + b"(" * 50_000 + b"\n\nx",
        b"From: " + b"a@b, " * 50_000 + b"\n\nx",
        b"To: " + b'"' * 9_999 + b"\n\nx",
        b"From: a@b\nSubject: =?utf-8?b?!!!?= =?nope-8?q?=FF?= =?unicode_escape?q?=5Cx41?=\n\nx",
        b"From: a@b\nDate: Foo, 99 Bar 99999 99:99:99 +9999\n\nx",
        b"From: a@b\nContent-Type: text/plain; charset=rot13\n\nx",
        b"From: a@b\nContent-Type: text/plain; charset*=''%ff\nContent-Transfer-Encoding: base64\n\n%%%",
        b"From: a@b\nContent-Type: \x00/\x00; name*0*=x; name*2*=y\nContent-Disposition: ;;;=\n\nx",
        b"From: a@b\nContent-Type: text/html\n\n<![CDATA[<!x <![if y]><p>hi",
        b"From: a@b\nMIME-Version: \n\n",
        b"From: @\nTo: [\nCc: <\nMessage-ID: [\nReferences: " + b"<x>" * 20_000 + b"\n\n",
        b"From: a@b\nContent-Type: message/rfc822\n\n" * 500,
        nested(30),
        nested(400),
        nested(1900),
        nested(3000),
    ],
)
def test_hostile_mail_never_raises(raw: bytes) -> None:
    mail = mailfile.parse(raw)
    assert mail.size == len(raw)
    assert len(mail.sha256) == 64
    mailfile.propose_notice(mail)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.sampled_from(
                [
                    b"From: ",
                    b"Date: ",
                    b"Subject: =?utf-8?q?",
                    b"?=",
                    b"\n",
                    b"\r\n",
                    b"Content-Type: multipart/mixed; boundary=x\n\n",
                    b"--x\n",
                    b"--x--\n",
                    b"Content-Type: message/rfc822\n\n",
                    b"Content-Transfer-Encoding: uuencode\n\n",
                    b'"',
                    b"<",
                    b"=\xff",
                ]
            ),
        ),
        max_size=40,
    )
)
def test_any_bytes(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    mail = mailfile.parse(raw)
    assert mail.is_mail or mail.problems
    mailfile.propose_notice(mail)


def test_depth_and_parts_are_said() -> None:
    assert "nests deeper" in " ".join(mailfile.parse(nested(30)).problems)
    many = b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n" + b"--x\n\nhello\n" * 1000 + b"--x--\n"
    assert "500 parts" in " ".join(mailfile.parse(many).problems)


def test_a_date_without_zone_is_utc() -> None:
    mail = mailfile.parse(b"From: a@b\nDate: Tue, 3 Nov 2026 09:14:58 -0000\n\nx")
    assert mail.date == datetime(2026, 11, 3, 9, 14, 58, tzinfo=UTC)


def test_html_becomes_text() -> None:
    assert (
        mailfile.html_to_text("<style>x{}</style><p>a &amp; b<br>c<script>evil()</script></p>") == "a & b\nc"
    )


def test_attachment_names_are_plain(tmp_path: Path) -> None:
    raw = (
        b"From: a@b\nContent-Type: multipart/mixed; boundary=x\n\n--x\n"
        b'Content-Disposition: attachment; filename="../../etc/passwd"\n\nhello\n--x--\n'
    )
    assert [(one.name, one.size) for one in mailfile.parse(raw).attachments] == [("passwd", 5)]


def test_the_file_itself_is_the_item(tmp_path: Path) -> None:
    path = tmp_path / "n.eml"
    path.write_bytes(NOTICE)
    (item,) = (one for one in mailfile.read(path, options=Options()) if isinstance(one, ImportedItem))
    assert item.file is not None
    assert item.file.read_bytes() == NOTICE
    path.write_bytes(b"hello")
    with pytest.raises(ImportRefused):
        list(mailfile.read(path, options=Options()))
