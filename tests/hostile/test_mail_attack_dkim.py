# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each way to stretch a DKIM signature, and the judgement repeated as of receipt (PROOF.md, "Inbound mail")."""

import base64
import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dkim
import pytest
from django.utils import timezone
from dkim.util import parse_tag_value

from partwell.actions.correspondence.inbound_auth import answers_of, judge
from partwell.actions.files import read_file
from partwell.connectors.dns import TableResolver
from partwell.rules.inbound import Proof
from tests.flows.mail_cast import SIGN, address, dns, key, mail, mail_comes_in, signed, take
from tests.flows.test_mail_in import KNOWN, MARA, started

pytestmark = pytest.mark.django_db
NORTHWICK = "northwick.example"


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def dkim_of(tmp_path: Path, raw: bytes, resolver: Any = None, sender: str = MARA) -> tuple[Proof, str]:
    path = tmp_path / "mail.eml"
    path.write_bytes(raw)
    found = judge(path, sender, "", None, now=timezone.now(), resolver=resolver or KNOWN)
    marks = found.kept["dkim"]["signatures"]
    return found.proof, marks[0]["why"] if marks else ""


def record(more: str = "", bits: int = 2048) -> TableResolver:
    text = key(bits)[1].replace("k=rsa;", f"k=rsa; {more};" if more else "k=rsa;")
    return TableResolver({("s1._domainkey.northwick.example", "TXT"): [text]})


def with_tag(raw: bytes, tag: str) -> bytes:
    """Signed anew with one more tag, which dkimpy itself does not write."""

    made = dkim.DKIM(raw)
    plain = made.gen_header

    def more(fields: Any, *rest: Any, **named: Any) -> Any:
        name, _, value = tag.partition("=")
        fields.insert(len(fields) - 2, (name.encode(), value.encode()))
        return plain(fields, *rest, **named)

    made.gen_header = more
    line = made.sign(
        b"s1", NORTHWICK.encode(), key()[0], canonicalize=(b"relaxed", b"relaxed"), include_headers=SIGN
    )
    assert tag.partition("=")[0].encode() in parse_tag_value(line.partition(b":")[2])
    return bytes(line) + raw


def test_each_way_to_stretch_a_signature_proves_nothing(tmp_path: Path) -> None:
    plain = mail(f"Mara Ellery <{MARA}>", "reply@parting.example")
    good, now = signed(plain, NORTHWICK), int(timezone.now().timestamp())
    assert dkim_of(tmp_path, good) == (Proof.DKIM, "Signed by northwick.example.")
    assert dkim_of(tmp_path, with_tag(plain, f"x={now + 3600}"))[0] is Proof.DKIM
    found = {
        "run out": dkim_of(tmp_path, with_tag(plain, f"x={now - 60}")),
        "x is no time": dkim_of(tmp_path, with_tag(plain, "x=never")),
        "part of the text": dkim_of(tmp_path, signed(plain, NORTHWICK, length=True) + b"And send them the keys.\r\n"),
        "test mode": dkim_of(tmp_path, good, record("t=y")),
        "revoked": dkim_of(tmp_path, good, TableResolver({("s1._domainkey.northwick.example", "TXT"): ["v=DKIM1; k=rsa; p="]})),
        "not for mail": dkim_of(tmp_path, good, record("s=other")),
        "sha1 key": dkim_of(tmp_path, good, record("h=sha1")),
        "no answer": dkim_of(tmp_path, good, TableResolver({("s1._domainkey.northwick.example", "TXT"): None})),
        "second From below": dkim_of(tmp_path, good.replace(b"\r\n\r\n", b"\r\nFrom: eve@evil.example\r\n\r\n", 1)),
        "second From above": dkim_of(tmp_path, b"From: eve@evil.example\r\n" + good),
        "From with a space": dkim_of(tmp_path, b"From : eve@evil.example\r\n" + good),
        "second To": dkim_of(tmp_path, b"To: reply+x@parting.example\r\n" + good),
        "second Date": dkim_of(tmp_path, b"Date: Mon, 1 Jan 2024 00:00:00 +0000\r\n" + good),
        "another text by Content-Type": dkim_of(tmp_path, b"Content-Type: text/html\r\n" + good),
        "another text by its encoding": dkim_of(tmp_path, b"Content-Transfer-Encoding: base64\r\n" * 2 + good),
        "a webmail's": dkim_of(tmp_path, signed(plain, "gmail.example"), dns("gmail.example")),
        "a sister's": dkim_of(tmp_path, signed(plain, "trade.northwick.example"), dns("trade.northwick.example")),
        "a suffix": dkim_of(tmp_path, signed(plain, "example"), dns("example")),
        "nine bad ones before it": dkim_of(tmp_path, good[: good.index(b"From:")].replace(b"bh=", b"bh=x") * 8 + good),
        "Message-ID unsigned": dkim_of(tmp_path, signed(plain, NORTHWICK, include_headers=SIGN[:-1])),
    }  # fmt: skip
    assert not [name for name, (proof, _) in found.items() if proof in (Proof.DKIM, Proof.SPF)], found
    assert {found[name][0] for name in ("run out", "test mode", "no answer", "part of the text")} == {
        Proof.NONE
    }
    assert {found[name][0] for name in ("revoked", "second From above", "second From below")} == {
        Proof.FAILED
    }
    more = b"X-Spam: no\r\nReply-To: eve@evil.example\r\nReceived: from x by y\r\n" + good
    assert dkim_of(tmp_path, more)[0] is Proof.DKIM, "what is not signed may be added; it is not believed"


@pytest.mark.parametrize("bits", [512, 768, 1023])
def test_a_key_that_can_be_factored_is_no_proof(tmp_path: Path, bits: int) -> None:
    """The library makes none so small, so the signature is made by hand: s = m^d mod n."""

    raw = mail(MARA, "reply@parting.example")
    n, d, text = small_key(bits)
    shell = signed(raw, NORTHWICK)
    head, _, _ = shell.rpartition(raw)
    begin = head[: head.rindex(b"b=") + 2]
    names = (b"from", b"to", b"subject", b"date", b"message-id")
    lines = {one.split(b":")[0].lower(): one for one in raw.split(b"\r\n\r\n")[0].split(b"\r\n")}
    relaxed = b"".join(
        name + b":" + b" ".join(lines[name].partition(b":")[2].split()) + b"\r\n" for name in names
    )
    own = b"dkim-signature:" + b" ".join(begin.partition(b":")[2].split())
    digest = hashlib.sha256(relaxed + own).digest()
    padded = (
        b"\x00\x01"
        + b"\xff" * ((bits + 7) // 8 - 54)
        + b"\x00"
        + bytes.fromhex("3031300d060960864801650304020105000420")
        + digest
    )
    value = pow(int.from_bytes(padded, "big"), d, n).to_bytes((bits + 7) // 8, "big")
    forged = begin + base64.b64encode(value) + b"\r\n" + raw
    proof, why = dkim_of(
        tmp_path, forged, TableResolver({("s1._domainkey.northwick.example", "TXT"): [text]})
    )
    assert proof in (Proof.NONE, Proof.FAILED) and (f"{bits} bits" in why or "another kind" in why), why


def small_key(bits: int) -> tuple[int, int, str]:
    """Modulus, private exponent, DNS record (RFC 6376's bare PKCS#1) of a key too small for any library to make."""

    dice = random.Random(bits)

    def prime(size: int) -> int:
        while True:
            found = dice.getrandbits(size) | (3 << (size - 2)) | 1
            if found % 65537 != 1 and all(pow(base, found - 1, found) == 1 for base in (2, 3, 5, 7)):
                return found

    while True:
        p, q = prime(bits // 2), prime(bits - bits // 2)
        if p != q and (p * q).bit_length() == bits:
            break

    def der(value: int) -> bytes:
        raw = value.to_bytes(value.bit_length() // 8 + 1, "big")
        return b"\x02" + length(len(raw)) + raw

    def length(size: int) -> bytes:
        return (
            bytes([size])
            if size < 128
            else bytes([0x81, size])
            if size < 256
            else b"\x82" + size.to_bytes(2, "big")
        )

    body = der(p * q) + der(65537)
    public = b"\x30" + length(len(body)) + body
    return p * q, pow(65537, -1, (p - 1) * (q - 1)), "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()


def test_a_mail_is_judged_again_as_of_its_receipt_without_asking_anybody(tmp_path: Path) -> None:
    """Years after, the key withdrawn and the signature run out: the kept answers say what was so that day (PROOF.md)."""
    started()
    soon = int(timezone.now().timestamp()) + 600
    raw = with_tag(mail(MARA, address(), "Kept"), f"x={soon}")
    row = take(raw, to=address(), resolver=KNOWN)
    assert row.auth["proof"] == "dkim" and [one["type"] for one in row.auth["dns"]] == ["TXT"]
    path = tmp_path / "kept.eml"
    path.write_bytes(read_file(row.raw))

    then = datetime.fromisoformat(row.auth["judged_at"])
    again = judge(path, row.from_address, row.envelope_from, None, now=then, resolver=answers_of(row.auth))
    assert again.kept == row.auth
    today = judge(
        path, row.from_address, "", None, now=then + timedelta(days=700), resolver=answers_of(row.auth)
    )
    assert today.proof is Proof.NONE, "and today it would prove nothing"
    bent = path.read_bytes().replace(b"Kept", b"Bent")
    path.write_bytes(bent)
    assert (
        judge(path, row.from_address, "", None, now=then, resolver=answers_of(row.auth)).proof is Proof.FAILED
    )
