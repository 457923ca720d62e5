# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hostile mail: every real mail at hand and those made to break, deceive or flood; each is kept whole, and nothing leaves by it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from partwell.actions.correspondence import receive
from partwell.actions.evidence.check import check_ledger
from partwell.actions.files import read_file
from partwell.actions.people.configure import configure_msp
from partwell.records.correspondence.models import Envelope, InboundMail, InboundPart, Message
from tests.flows.cast import done
from tests.flows.mail_cast import address, dns, mail, mail_comes_in, signed, take
from tests.flows.test_mail_in import KNOWN, MARA, THEO, started
from tests.inputs import inputs, inputs_matching
from tests.support.worlds import World

pytestmark = pytest.mark.usefixtures("db_world")


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def kept(raw: bytes) -> InboundMail:
    """Take it in at the departure's address; whatever it is, its bytes are there afterwards and nothing lies about."""
    row = take(raw, to=address())
    assert read_file(row.raw) == raw and row.client is not None
    assert not list((Path(settings.PARTWELL_HOME) / "tmp").iterdir())
    return row


def test_every_real_mail_is_kept_whole_and_answered_by_nobody() -> None:
    started()
    before = Envelope.objects.count()
    found = inputs_matching("mail/*") or [inputs("mail")]
    for path in found:
        row = kept(path.read_bytes())
        assert row.state in ("held", "waiting"), (path.name, row.state)
    assert InboundMail.objects.count() == len(found)
    assert {one.kind for one in Envelope.objects.order_by("queued_at")[before:]} <= {"held_question"}
    by_name = {
        path.name: InboundMail.objects.get(
            raw_sha256=__import__("hashlib").sha256(path.read_bytes()).hexdigest()
        )
        for path in found
    }
    assert "日本語" in by_name["japanese.eml"].subject and "日本語" in by_name["japanese.eml"].text
    assert (
        by_name["paperless_broken.eml"].state == "waiting" and by_name["attachments.tnef"].state == "waiting"
    )
    smime = by_name["smime_thunderbird-signed.eml"]
    assert (
        "signature (S/MIME or PGP)" in " ".join(smime.problems)
        and smime.parts.filter(name="smime.p7s").exists()
    )
    assert check_ledger().ok


@pytest.mark.parametrize(
    "name", ["nested", "parts", "headers", "boundary", "charset", "base64", "line", "empty", "nul"]
)
def test_bombs_are_kept_raw_and_quick(name: str) -> None:
    started()
    head = f"From: who@knows.example\r\nTo: x\r\nSubject: s\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <{name}@x>\r\nMIME-Version: 1.0\r\n"
    multi = 'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    made = {
        "nested": head + "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(5000)) + "\r\nx",
        "parts": head + multi + "--b\r\n\r\nx\r\n" * 100_000,
        "headers": head + "".join(f"X-{n}: {'y' * 200}\r\n" for n in range(20_000)) + "\r\nx",
        "boundary": head + f'Content-Type: multipart/mixed; boundary="{"-" * 400}"\r\n\r\n--x\r\n\r\nx\r\n',
        "charset": head + "Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\u0041 \\N{BULLET}",
        "base64": head + "Content-Transfer-Encoding: base64\r\n\r\n" + "=A=A===" * 5000,
        "line": head + "\r\n" + "x" * (20 << 20),
        "empty": "",
        "nul": "\x00" * 100_000,
    }[name].encode()  # fmt: skip
    began = time.monotonic()
    row = kept(made)
    assert time.monotonic() - began < 60
    if name in ("nested", "parts"):
        assert "kept whole and was not taken apart" in " ".join(row.problems) and not row.parts.exists()


def test_headers_cannot_be_injected_into_what_we_send() -> None:
    started()
    raw = mail("=?utf-8?q?Eve=0D=0ABcc=3A_x=40evil.example?= <who@knows.example>", address(),
               "=?utf-8?q?Hello=0D=0ABcc=3A_all=40evil.example?=", "text\r\nBcc: y@evil.example")  # fmt: skip
    row = kept(raw)
    told = Envelope.objects.get(kind="held_question")
    from partwell.workers.relay import message_of

    out = message_of(told)
    assert (
        b"\nBcc:" not in out.split(b"\r\n\r\n")[0] and "\n" not in row.subject and "\n" not in row.from_name
    )
    assert [one["address"] for one in told.recipients] == [MARA]


def test_a_spoofed_sender_is_nobody_for_sure() -> None:
    started()
    assert kept(mail(f'"{MARA}" <eve@evil.example>', address())).sender_kind == "unknown"
    look = kept(mail("Mara Ellery <mara@northw1ck.example>", address()))
    assert "looks like northwick.example" in " ".join(look.warnings) and look.sender_kind == "unknown"
    two = kept(mail(f"{MARA}, eve@evil.example", address()))
    assert two.state == "waiting" and two.message is None
    other = signed(mail(MARA, address()), "evil.example")
    row = take(other, to=address(), resolver=dns("evil.example"))
    assert row.state == "waiting" and row.auth["dkim"]["result"] == "weak"
    double = b"From: eve@evil.example\r\n" + signed(mail(MARA, address()), "northwick.example")
    assert take(double, to=address(), resolver=KNOWN).state == "waiting"
    assert not Message.objects.filter(author_kind="client").exists()


def test_nothing_that_comes_by_mail_is_consent() -> None:
    c = started()
    raw = signed(
        mail(MARA, address(), "I authorise Alder Row IT", "Send them everything. I sign this."),
        "northwick.example",
    )
    take(raw, to=address(), resolver=KNOWN)
    held = kept(mail(THEO, address(), "Thanks"))
    assert held.state == "held" and not c.northwick.authorisations.exclude(state="draft").exists()


def test_programs_are_never_acknowledged_and_people_once() -> None:
    c = started()
    done(configure_msp(actor=c.jonah, changes={"automatic_acknowledgement": True}))
    for extra in (
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"List_Id": "<l.example>"},
        {"X_Autoreply": "yes"},
    ):
        assert kept(mail(THEO, address(), str(extra), **extra)).automatic
    assert take(mail(THEO, address(), "Bounce-like"), to=address(), sender="").automatic
    assert not Envelope.objects.filter(kind="fixed_acknowledgement").exists()
    kept(mail(THEO, address(), "A person asks"))
    kept(mail(THEO, address(), "and asks again"))
    answer = Envelope.objects.get(kind="fixed_acknowledgement")
    assert answer.reply_to == "" and [one["role"] for one in answer.recipients] == ["client", "provider"]


def test_a_flood_reaches_the_record_and_not_the_client() -> None:
    started()
    for number in range(receive.HELD_AN_HOUR + 4):
        kept(mail("who@knows.example", address(), f"No. {number}"))
    assert Envelope.objects.filter(kind="held_question").count() == receive.HELD_AN_HOUR
    assert InboundMail.objects.filter(state="waiting").count() == 4


def test_a_vacation_answer_makes_no_loop() -> None:
    started(consent=True)
    out = Envelope.objects.get(to_provider=True, kind="message")
    for number in range(3):
        raw = signed(
            mail(
                MARA, address(), f"Out of office {number}", "Back on Monday.", Auto_Submitted="auto-replied"
            ),
            "northwick.example",
        )
        assert take(raw, to=address(), resolver=KNOWN).state == "filed"
    sent = Envelope.objects.count()
    assert (
        take(
            mail("desk@harbourline.example", address(), Message_ID=out.internet_message_id), to=address()
        ).state
        == "loop"
    )
    far = mail("who@knows.example", address())
    assert take(b"Received: from a by b\r\n" * 80 + far, to=address()).state == "loop"
    assert Envelope.objects.count() == sent


def test_what_is_sealed_or_odd_is_kept_whole() -> None:
    started()
    pgp = mail("who@knows.example", address(), Content_Type='multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b', text=(
        "--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream\n\n-----BEGIN PGP MESSAGE-----\n--b--"))  # fmt: skip
    assert "encrypted" in " ".join(kept(pgp).problems)
    smime = mail("who@knows.example", address(), "s", Content_Type="application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
                 Content_Transfer_Encoding="base64", text="MIAGCSqGSIb3DQEHA6CAMIACAQAx")  # fmt: skip
    row = kept(smime)
    assert "encrypted" in " ".join(row.problems) and row.parts.get().name == "smime.p7m"
    tnef = inputs("mail/attachments.tnef").read_bytes()
    import base64

    body = base64.encodebytes(tnef).decode()
    outlook = mail("who@knows.example", address(), "t", Content_Type="application/ms-tnef; name=winmail.dat",
                   Content_Transfer_Encoding="base64", text=body)  # fmt: skip
    row = kept(outlook)
    packed = {part.name: part.file for part in row.parts.all()}
    assert read_file(packed.pop("winmail.dat")) == tnef and "winmail.dat" in " ".join(row.problems)
    assert sorted(packed) == ["ZAPPA_~2.JPG", "bookmark.htm"]
    assert (
        read_file(packed["ZAPPA_~2.JPG"]).startswith(b"\xff\xd8\xff") and packed["bookmark.htm"].size == 85805
    )
    invite = mail(
        "who@knows.example",
        address(),
        "i",
        Content_Type="text/calendar; method=REQUEST; charset=utf-8",
        text="BEGIN:VCALENDAR\nEND:VCALENDAR",
    )
    row = kept(invite)
    assert row.parts.get().media_type == "text/calendar" and "calendar invitation" in " ".join(row.problems)
    name = mail(
        "who@knows.example", address(), "n", Content_Type="application/pdf; name=../../etc/passwd", text="x"
    )
    assert kept(name).parts.get().name == "passwd"
    assert all(part.file.client_id == part.mail.client_id for part in InboundPart.objects.all())


def test_what_breaks_the_reader_is_kept_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    started()
    from partwell.importers.base import ImportRefused

    def dies(*_: Any) -> Any:
        raise ImportRefused(
            "parser_died", "Reading this file broke the program that reads such files.", "", ""
        )
        yield

    monkeypatch.setattr(receive, "read_guarded", dies)
    row = kept(mail("who@knows.example", address()))
    assert row.state == "waiting" and "broke the program" in " ".join(row.problems)


MEASURE = """
import os, resource, sys
from pathlib import Path
import django
django.setup()
from partwell.actions.correspondence.receive import take_in
from partwell.connectors.dns import TableResolver
from partwell.importers import fork_server
def most():  # getrusage would count what whoever started this process had
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = most()
take_in(Path(sys.argv[1]), road="lmtp", envelope_from="who@knows.example", envelope_to=[sys.argv[2]], resolver=TableResolver({}))
fork_server.end()  # its children count once it has gone
print(before // 1024, most() // 1024, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def test_a_mail_of_150_mb_costs_little_memory(db_world: World, tmp_path: Path) -> None:
    started()
    path = tmp_path / "big.eml"
    with path.open("wb") as out:
        out.write(
            mail(
                "who@knows.example",
                address(),
                Content_Type="application/octet-stream; name=big.bin",
                Content_Transfer_Encoding="base64",
                text="",
            )
        )
        line = b"QUJD" * 19 + b"\r\n"
        while out.tell() < 149 << 20:
            out.write(line * 10_000)
    environment = {
        **db_world.environment(),
        "PARTWELL_MAIL_ADDRESS": "reply@parting.example",
        "PYTHONPATH": "src",
    }
    root = Path(__file__).resolve().parents[2]
    done_ = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), address()],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done_.returncode == 0, done_.stderr[-3000:]
    before, after, child = (int(one) for one in done_.stdout.split())
    assert after - before < 60 and child < 150, done_.stdout
    row = InboundMail.objects.get()
    assert row.size == path.stat().st_size and row.parts.get().file.size > 100 << 20
