# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is signed but not encrypted is read, and a bare invitation is words; whatever is broken costs nothing."""

import base64
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from partwell.importers.base import ImportedItem, Options, Understood
from partwell.importers.inbound_mail import MailRead, from_wire_facts, read
from partwell.importers.mail_invite import in_words
from partwell.importers.mail_smime import _Tree, signed_content

INNER = b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nSigned w\xc3\xb6rds.\r\n--i\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n--i--\r\n"  # fmt: skip


@cache
def signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nora")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
    )
    made = made.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC)).not_valid_after(
        datetime(2036, 1, 1, tzinfo=UTC)
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(INNER).add_signer(made.sign(key, hashes.SHA256()), key, hashes.SHA256())  # fmt: skip
    return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def taken(tmp_path: Path, body: bytes, kind: str) -> tuple[MailRead, list[str]]:
    mail, spool = tmp_path / "mail", tmp_path / "parts"
    spool.mkdir()
    head = f"From: n@x.example\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    mail.write_bytes(head.encode() + base64.encodebytes(body))
    found = list(read(mail, options=Options(spool=spool)))
    facts = next(one.facts for one in found if isinstance(one, Understood))
    names = [
        one.file.name
        for one in found
        if isinstance(one, ImportedItem) and one.file and not one.details["body"]
    ]
    return from_wire_facts(facts), names


def test_words_and_files_of_a_signed_mail_stand_beside_the_file_that_stays_whole(tmp_path: Path) -> None:
    mail, names = taken(tmp_path, signed(), "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m")
    assert mail.text == "Signed wörds." and names == ["smime.p7m", "a.pdf"]
    assert "signed" in mail.marks and "encrypted" not in mail.marks


def test_a_signed_mail_that_does_not_say_so_is_not_called_encrypted(tmp_path: Path) -> None:
    assert taken(tmp_path, signed(), "application/x-pkcs7-mime; name=smime.p7m")[0].marks == ("signed",)


def test_what_openssl_writes_in_pieces_of_unknown_length_is_the_same(tmp_path: Path) -> None:
    key, cert, words = tmp_path / "k.pem", tmp_path / "c.pem", tmp_path / "w"
    words.write_bytes(INNER * 400)
    run = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", str(key), "-out", str(cert), "-subj", "/CN=N"]  # fmt: skip
    subprocess.run(run, check=True, capture_output=True)
    sign = ["openssl", "cms", "-sign", "-binary", "-nodetach", "-stream", "-outform", "DER", "-signer", str(cert), "-inkey", str(key), "-in", str(words)]  # fmt: skip
    made = subprocess.run(sign, check=True, capture_output=True).stdout
    assert made[1] == 0x80 and signed_content(made) == INNER * 400


@pytest.mark.parametrize(
    "broken", [b"", b"0", b"0\x80" * 5000, b"0\x84\xff\xff\xff\xff", b"\x1f" * 50, bytes(range(256))]
)
def test_bytes_that_are_no_signed_mail_have_no_content(broken: bytes) -> None:
    assert signed_content(broken) == b""
    made = signed()
    for cut in range(0, len(made), 37):
        signed_content(made[:cut])
        signed_content(made[:cut] + broken[:50] + made[cut + 1 :])


def test_a_bare_invitation_is_words(tmp_path: Path) -> None:
    calendar = (
        'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Handover\\, part\r\n  two\r\nDTSTART;TZID="Europe/Berlin":20261201T100000\r\n'
        "DTEND:20261201T103000Z\r\nORGANIZER;CN=Nora Pike:mailto:n@x.example\r\nDESCRIPTION:Bring\\nthe keys\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    mail, names = taken(tmp_path, calendar.encode(), "text/calendar; method=REQUEST; charset=utf-8")
    assert mail.text == (
        "Invitation: Handover, part two\nFrom: 2026-12-01 10:00 (Europe/Berlin)\nUntil: 2026-12-01 10:30 UTC\nBy: Nora Pike <n@x.example>\n\nBring\nthe keys"
    )
    assert names == ["invitation.ics"] and in_words(b"\xff\x00BEGIN:VEVENT") == "" and in_words(b"") == ""
    answer = calendar.replace("REQUEST", "REPLY").replace(
        "DESCRIPTION", "ATTENDEE;PARTSTAT=DECLINED:mailto:m@x.example\r\nX-A"
    )
    assert "m@x.example: declined" in in_words(answer.encode())


def test_more_pieces_than_any_honest_mail_has_are_not_counted() -> None:
    many = b"\x30\x80" + b"\x04\x00" * 300_001
    with pytest.raises(ValueError, match="not of S/MIME"):
        _Tree(many).element(0, len(many))
