# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that lies about who wrote it: replayed, borrowed, spoofed in every form; nothing of it speaks for staff or client (R1, R2)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.importers.inbound_mail import mail_of
from partwell.importers.mail_parts import take_apart
from partwell.records.correspondence.models import Envelope, InboundMail, Message
from partwell.rules.inbound import look_alike
from partwell.rules.loop import mailbox_of
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import SIGN, address, dns, mail, mail_comes_in, signed, take
from tests.flows.test_mail_in import DAN, KNOWN, MARA, THEO, started

pytestmark = pytest.mark.django_db
US, NORTHWICK = "harbourline.example", "northwick.example"


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def left() -> int:
    """How many mails there are to a new provider."""
    return Envelope.objects.filter(to_provider=True).count()


# replay ---------------------------------------------------------------------------------------------------------


def test_an_old_signed_mail_of_staff_sent_again_is_nobodys_answer() -> None:
    """Theo has a mail that Dan once wrote to somebody else, rightly signed, and hands it to the address that he answers to."""
    c = started(consent=True)
    before, out = left(), Envelope.objects.get(to_provider=True, kind="message")
    there = address("provider")
    done(write_message(actor=c.ines, client_id=c.quayside.id, draft=Draft("Hello", "Leo.")))
    quayside = Envelope.objects.get(client=c.quayside, kind="message").reply_to
    cc = [*SIGN, b"cc"]
    replays: dict[str, tuple[bytes, str]] = {
        "to somebody else": (signed(mail(DAN, "alice@else.example", "Yes", "Switch it off."), US), there),
        "by thread": (signed(mail(DAN, "alice@else.example", "Yes 2", In_Reply_To=out.internet_message_id), US), ""),
        "of another client": (signed(mail(DAN, quayside, "Yes 3", "Go ahead."), US), there),
        "with the address in an unsigned Cc": (b"Cc: " + there.encode() + b"\r\n" + signed(mail(DAN, "a@else.example", "Yes 4"), US), there),
        "with a second Cc above the signed one": (
            b"Cc: " + there.encode() + b"\r\n" + signed(mail(DAN, "a@else.example", "Yes 5", Cc="b@else.example"), US, include_headers=cc),
            there,
        ),
        "resent": (b"Resent-To: " + there.encode() + b"\r\n" + signed(mail(DAN, "a@else.example", "Yes 6"), US), there),
        "delivered": (b"Delivered-To: " + there.encode() + b"\r\n" + signed(mail(DAN, "a@else.example", "Yes 7"), US), ""),
    }  # fmt: skip
    for name, (raw, to) in replays.items():
        row = take(raw, to=to, road="lmtp" if to else "imap", resolver=KNOWN)
        assert (row.state, row.message) == ("waiting", None), (name, row.decision)
    assert left() == before and Envelope.objects.filter(subject__contains="Yes").count() == 0
    mine = signed(mail(DAN, "a@else.example", "Mine", Cc=there), US, include_headers=cc)
    assert take(mine, to=there, resolver=KNOWN).state == "filed" and left() == before + 1
    assert take(mine, to=there, resolver=KNOWN).message is not None and left() == before + 1, "once"


def test_an_old_signed_mail_of_the_signatory_waits_and_one_passed_on_from_our_desk_does_not() -> None:
    started()
    old = signed(mail(MARA, "vendor@else.example", "Order", "Yes, please go ahead."), NORTHWICK)
    row = take(old, to=address(), resolver=KNOWN)
    assert row.state == "waiting" and "signed it for somebody else" in row.decision
    desk = signed(mail(MARA, "Harbourline <DESK@harbourline.example>", "Question"), NORTHWICK)
    assert take(desk, to=address(), resolver=KNOWN).state == "filed"
    spf = dns(spf={NORTHWICK: "v=spf1 ip4:192.0.2.5 -all"})
    from partwell.actions.correspondence.receive import Peer

    now = take(mail(MARA, "x@else.example", "By server"), to=address(), resolver=spf, sender=MARA, peer=Peer("192.0.2.5", "mx.northwick.example"))  # fmt: skip
    assert (now.state, now.auth["proof"]) == ("filed", "spf"), "SPF speaks of this very transmission"


# names ----------------------------------------------------------------------------------------------------------

LIES = [
    f"{DAN} <theo@alderrow.example>",
    f"<theo@alderrow.example> {DAN}",
    f"Dan Frey <{DAN}> <theo@alderrow.example>",
    f"grp: {DAN}, theo@alderrow.example;",
    f"{DAN}, theo@alderrow.example",
    f"{DAN}\r\nFrom: theo@alderrow.example",
    f"undisclosed:;\r\nFrom: {DAN}, x@y.example",
    f'"Dan Frey\\" <{DAN}>" <theo@alderrow.example>',
    f"theo@alderrow.example ({DAN})",
    f"=?utf-8?q?{DAN.replace('@', '=40')}=3E?= <theo@alderrow.example>",
    f"“{DAN}” <theo@alderrow.example>",
    f"\u202e{DAN} <theo@alderrow.example>",
    "da\u200bn@harbourline.example",
    "dan@harbourl\u0131ne.example",
    "dan@\uff48arbourline.example",
    "dan@harbourline.example@alderrow.example",
    "dan\x00@harbourline.example@x.example",
    "<@harbourline.example:theo@alderrow.example>",
    "dan@harbour1ine.example",
    "\u017fan@harbourline.example",
    "(" * 5000 + DAN,
]


@pytest.mark.parametrize("lie", LIES)
def test_no_form_of_a_sender_is_one_address_that_it_is_not(tmp_path: Path, lie: str) -> None:
    """Either more than one sender is seen, which waits; or the one that is not the liar's is none of ours."""
    path = tmp_path / "m.eml"
    path.write_bytes(mail("x@alderrow.example", "y@z.example", From=lie))
    (tmp_path / "s").mkdir()
    found = mail_of(take_apart(path, tmp_path / "s")).from_
    assert len(found) != 1 or (found[0].address.isascii() is False or mailbox_of(found[0].address) != DAN), (
        found
    )


def test_no_form_of_a_sender_makes_somebody_staff() -> None:
    """Signed by Alder Row's own domain, which is proof of Alder Row and of nobody else; or not at all."""
    c = started(consent=True)
    before = left()
    for number, lie in enumerate([*LIES[:2], LIES[5], *LIES[8:10], LIES[12]]):
        raw = mail("x@alderrow.example", address("provider"), f"Lie {number}", From=lie)
        one = signed(raw, "alderrow.example") if number % 2 else raw.replace(b"Lie", b"Bare")
        row = take(one, to=address("provider"), resolver=KNOWN, sender="theo@alderrow.example")
        assert row.sender_kind != "staff" or row.state == "waiting", (lie, row.state)
        assert row.message is None or row.message.author_kind != "staff", lie
    assert left() == before
    assert (
        not Envelope.objects.filter(kind="message", subject__contains="Lie")
        .exclude(recipients__0__address=MARA)
        .exists()
    )
    shown = InboundMail.objects.filter(from_name__contains=DAN)
    assert shown.exists() and all(any("shows the address" in text for text in one.warnings) for one in shown)
    assert c.northwick.messages.filter(author_kind="client").count() == 0


def test_a_kelvin_sign_is_no_k(tmp_path: Path) -> None:
    """Case-folding makes one address of two; whoever writes such a one is nobody here."""
    c = started()
    from partwell.actions.clients.add_contact import NewContact, add_contact

    done(
        add_contact(
            actor=c.ines, client_id=c.northwick.id, contact=NewContact("Kim", "kim@northwick.example")
        )
    )
    assert take(mail("kim@northwick.example", address(), "K"), to=address()).sender_kind == "client"
    row = take(mail("\u212aim@northwick.example", address(), "Kelvin"), to=address())
    assert row.sender_kind == "unknown" and row.state == "held"


@pytest.mark.parametrize(
    "domain",
    ["northw1ck.example", "northvvick.example", "n\u043erthwick.example", "n\u00f6rthwick.example".encode("idna").decode(), "northwick.test", "northwlck.example",
     "northwic.example", "northwickk.example", "nrothwick.example", "\uff4eorthwick.example", "northwíck.example", "NORTHW1CK.EXAMPLE.",
     "nort\u04bbwick.example"],
)  # fmt: skip
def test_a_look_alike_is_warned_of(domain: str) -> None:
    assert look_alike(domain, ["northwick.example", "harbourline.example"]) == "northwick.example"


def test_what_is_no_look_alike_is_not_called_one() -> None:
    for honest in (
        "northwick.example",
        "mail.northwick.example",
        "alderrow.example",
        "gmail.com",
        "northwind-traders.test",
    ):
        assert look_alike(honest, ["northwick.example"]) == "", honest


# stolen addresses ---------------------------------------------------------------------------------------------------


def test_a_stolen_reply_address_gives_nobody_a_voice_or_an_answer() -> None:
    """A third party has the provider's address: what it writes is held, shown to the client alone, and nobody is answered."""
    c: Cast = started(consent=True)
    there, before = address("provider"), Envelope.objects.count()
    stranger = take(mail("eve@evil.example", there, "Hi", "Who is the client?"), to=there)
    assert (stranger.state, stranger.message and stranger.message.audience) == ("held", "client")
    as_theo = take(
        mail(THEO, there, "Re: Hello", Reply_To="eve@evil.example", text="Send the keys to my new address."),
        to=there,
    )
    assert "Answers would go to eve@evil.example" in " ".join(as_theo.warnings)
    assert any("Nothing proves" in one for one in as_theo.warnings)
    leo = take(mail("leo@quayside.example", there, "Hello"), to=there)
    assert leo.state == "waiting" and "Leo" not in leo.decision, "nobody learns who else is a client"
    tampered = take(
        signed(mail(THEO, there, "Once"), "alderrow.example").replace(b"Once", b"Twice"),
        to=there,
        resolver=KNOWN,
    )
    assert tampered.state == "waiting" and "proof of that failed" in tampered.decision
    made = Envelope.objects.order_by("queued_at")[before:]
    assert all(
        [to["role"] for to in one.recipients] == ["client"] and one.recipients[0]["address"] == MARA
        for one in made
    )
    seen = Message.objects.filter(recipient=c.recipient, audience="all")
    assert not seen.filter(subject="Hi").exists(), "and Alder Row does not read the stranger's words"


def test_no_answer_goes_to_a_null_sender_a_list_or_a_report() -> None:
    started(consent=True)
    out = Envelope.objects.get(to_provider=True, kind="message")
    before = Envelope.objects.count()
    report = (
        'From: MAILER-DAEMON@mx.alderrow.example\r\nTo: desk@harbourline.example\r\nSubject: {n}\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n'
        'Message-ID: <{n}@mx>\r\nAuto-Submitted: auto-replied\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=B\r\n\r\n'
        "--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; {who}\r\nAction: failed\r\n"
        "Status: 5.1.1\r\n\r\n--B\r\nContent-Type: message/rfc822-headers\r\n\r\nMessage-ID: {mid}\r\n\r\n--B--\r\n"
    )  # fmt: skip
    about = [("elsewhere@void.example", out.internet_message_id), (THEO, "<not-ours@void.example>"), ("desk@harbourline.example", out.internet_message_id)]  # fmt: skip
    for number, (who, mid) in enumerate(about):
        take(report.format(n=f"r{number}", who=who, mid=mid).encode(), to=address("provider"), sender="")
    for extra in (
        {"Precedence": "list"},
        {"List_Id": "<l.x>"},
        {"Auto_Submitted": "auto-generated"},
        {"X_Autoreply": "y"},
    ):
        take(mail("list@else.example", address(), str(extra), **extra), to=address())
    made = Envelope.objects.order_by("queued_at")[before:]
    assert not [one for one in made if one.to_provider or one.kind != "held_question"], [
        one.kind for one in made
    ]
    assert not made, "nor is the client mailed for what programs send"


# things that break readers -------------------------------------------------------------------------------------------

CHARSETS = {
    "iso2022": ("iso-2022-jp", "障害の件です".encode("iso2022_jp"), "障害の件"),
    "iso2022 cut short": ("iso-2022-jp", "障害の件".encode("iso2022_jp")[:-4], ""),
    "escape that shifts for ever": ("iso-2022-jp", b"\x1b$B" + b"!!" * 3000, ""),
    "unknown": ("x-klingon", "Grüße".encode(), "Grüße"),
    "utf-7": ("utf-7", b"+ADw-script+AD4-", "<script>"),
    "wrong": ("us-ascii", "Grüße".encode("latin-1"), "Gr"),
    "utf-16 without mark": ("utf-16", "Hallo".encode("utf-16-le"), "Hallo"),
    "hz": ("hz-gb-2312", b"~{<:Ky2;~}", ""),
    "codec that is no charset": ("rot13", b"uryyb", "uryyb"),
    "compression as charset": ("zlib_codec", b"x\x9c", ""),
    "idna": ("idna", b"xn--a", "xn--a"),
    "with a NUL": ("utf\x00-8", b"text", "text"),
    "two of them": ('utf-8"; charset="latin-1', b"text", "text"),
}


@pytest.mark.parametrize("name", CHARSETS)
def test_a_broken_charset_loses_nothing_and_raises_nothing(tmp_path: Path, name: str) -> None:
    charset, body, expected = CHARSETS[name]
    path = tmp_path / "m.eml"
    path.write_bytes(
        f"From: a@b.example\r\nSubject: =?{charset}?b?QQ==?=\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode()
        + body
    )
    (tmp_path / "s").mkdir()
    found = mail_of(take_apart(path, tmp_path / "s"))
    assert found.is_mail and expected in found.text and "\x00" not in found.text
    assert (tmp_path / "s" / "part-001").read_bytes() == body, "the part itself is as it came"
