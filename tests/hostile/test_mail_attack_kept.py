# SPDX-License-Identifier: AGPL-3.0-or-later
"""What no column takes is kept all the same, and whatever signs a new provider writes, the client's copy leaves (R2, R4)."""

from collections.abc import Iterator
from typing import Any

import pytest

from partwell.actions.correspondence import receive
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.files import read_file
from partwell.records.correspondence.models import Envelope, InboundMail
from partwell.workers import relay
from tests.connectors.bad_smtp import Say, Script, serving
from tests.flows.cast import cast, done
from tests.flows.mail_cast import address, mail, mail_comes_in, signed, take
from tests.flows.test_mail_in import DAN, KNOWN, MARA, THEO, started
from tests.hostile.test_mail_doors import smtp, written


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


HALF = "=?utf-7?q?a+2D0-b+AAA-c?="  # half a surrogate pair and a NUL, as UTF-7 spells them
UTF7 = {"Content_Type": "text/plain; charset=utf-7"}


def unstorable() -> dict[str, bytes]:
    """Mails that name, say or date what no database holds."""
    there = address("provider")
    forward = "---------- Forwarded message ---------\nFrom: +2D0- +AAA- <a@b.example>\nDate: Mon, 1 Jan 0001 00:00:00 +2359\nSubject: +2D0-\n\n+2D0- +AAA-"
    return {
        "text": mail(THEO, there, "t1", "x +2D0- y +AAA- z", **UTF7),
        "html": mail(THEO, there, "t2", "<p>x +2D0- y &#xd83d; &#0;</p>", Content_Type="text/html; charset=utf-7"),
        "subject": mail(THEO, there, HALF),
        "name": mail(f"{HALF} <{THEO}>", there, "t3"),
        "recipient's name": mail(THEO, f"{HALF} <{there}>", "t4"),
        "file's name": mail(THEO, there, "t5", Content_Type=f'application/pdf; name="{HALF}"'),
        "ids": mail(THEO, there, "t6", Message_ID="<a\x00b@x>", References="<x\x00@y> <\xff@z>"),
        "media type": mail(THEO, there, "t7", Content_Type="te\x00xt/pl\xffain; charset=\x00"),
        "early": mail(THEO, there, "t8", Date="Mon, 1 Jan 0001 00:00:00 +2359"),
        "late": mail(THEO, there, "t9", Date="Fri, 31 Dec 9999 23:59:59 -2359"),
        "too late": mail(THEO, there, "t10", Date="Mon, 1 Jan 20240000 00:00:00 +0000"),
        "forwarded": signed(mail(DAN, address(), f"Fwd: {HALF}", forward, **UTF7), "harbourline.example"),
    }  # fmt: skip


@pytest.mark.both_databases
def test_what_no_database_holds_stops_no_mail() -> None:
    """Each once made the road say "later" for ever: the mail was never here, and behind IMAP it was tried again and again."""
    started(consent=True)
    for name, raw in unstorable().items():
        row = take(raw, to=address() if name == "forwarded" else address("provider"), resolver=KNOWN)
        assert read_file(row.raw) == raw and row.state in ("filed", "held", "waiting"), name
        row.refresh_from_db()
        assert "\x00" not in row.subject + row.text + row.from_name and row.subject.encode() is not None
    odd = take(mail(THEO, address("provider"), "t11"), to=address("provider"), sender="a\x00\ud83d@b.example")
    assert odd.envelope_from == "a?@b.example"
    for envelope in Envelope.objects.all():
        assert relay.message_of(envelope)


@pytest.mark.django_db
def test_what_nobody_foresaw_is_kept_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    started()
    whole, calls = receive._keep_in, []

    def once(*arguments: Any) -> InboundMail:
        calls.append(1)
        if len(calls) == 1:
            raise ValueError("a value that no column takes")
        return whole(*arguments)

    monkeypatch.setattr(receive, "_keep_in", once)
    raw = mail("who@knows.example", address(), Content_Type="application/pdf; name=a.pdf", text="x")
    row = take(raw, to=address())
    assert (
        row.state == "waiting" and "kept as it came" in " ".join(row.problems) and read_file(row.raw) == raw
    )
    assert not row.parts.exists() and row.message is None


SIGNS = [
    "👩\u200d💻 Cutover",
    "Soft\u00adware",
    "a\u200bb",
    "a\ue000b",
    "a\u0378b",
    "\u200b",
    "a\u202eb",
    "a\ufeffb",
    "a\u2028b",
    "x" * 300,
]


@pytest.mark.django_db
def test_no_sign_in_a_subject_keeps_the_client_out_of_the_loop() -> None:
    """An invisible sign in a new provider's subject, and its words stood in the record while the client's mail could not be built."""
    c = started(consent=True)
    for sign in SIGNS:
        row = take(mail(THEO, address("provider"), sign, f"Words {sign}"), to=address("provider"))
        assert row.state == "filed"
        copy = Envelope.objects.get(message=row.message)
        data = relay.message_of(copy)
        assert copy.recipients[0]["address"] == MARA and b"\nBcc:" not in data.partition(b"\r\n\r\n")[0]
        assert "\u202e" not in copy.subject
    said = done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft(SIGNS[0], "👩\u200d💻", "all", c.recipient.id)
        )
    )
    assert relay.message_of(Envelope.objects.get(message=said))


@pytest.mark.django_db
def test_our_own_address_written_by_a_stranger_is_not_passed_on_to_the_client() -> None:
    """ "Harbourline IT: pay to this account", from our own mail server, about a sender whom nobody knows."""
    started()
    before = Envelope.objects.count()
    for raw in (mail("Harbourline IT <Desk@harbourline.example>", address(), "Pay", "New account."),
                signed(mail("desk+x@harbourline.example", address(), "Pay 2"), "harbourline.example")):  # fmt: skip
        row = take(raw, to=address(), resolver=KNOWN)
        assert (row.state, row.message) == ("waiting", None) and "our own address" in row.decision
    assert Envelope.objects.count() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at", "state"),
    [
        ({"EHLO": Say("500 5.5.1 LHLO"), "HELO": Say("500 5.5.1 LHLO")}, "failed"),  # an LMTP server: nothing is said to it
        ({"RCPT": Say("251 2.1.5 not local, will forward", only=MARA)}, "accepted"),
        ({"RCPT": Say("252 2.1.5 cannot verify", only=MARA)}, "failed"),
        ({"RCPT": Say("550 5.1.1 no such client", only=MARA)}, "failed"),
        ({"DOT": Say("550 5.1.1 the client's mailbox is full\r\n250 2.0.0 the other's is not")}, "failed"),
        ({"DOT": Say("354 go on")}, "unknown"),
    ],
)  # fmt: skip
def test_a_server_that_takes_the_provider_alone_gets_no_text(at: dict[str, Say], state: str) -> None:
    c = cast(signed=True, items=False)
    envelope = written(c)
    with serving(Script(dict(at))) as script:
        relay.deliver_one(envelope.id, smtp(script))
    envelope.refresh_from_db()
    assert envelope.state == state and envelope.recipients[0]["address"] == MARA
    if "RCPT" in at and state != "accepted":
        assert THEO not in " ".join(script.said) and "DATA" not in script.verbs
    if "EHLO" in at:
        assert "MAIL" not in script.verbs
