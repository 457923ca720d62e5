# SPDX-License-Identifier: AGPL-3.0-or-later
"""DKIM and SPF judged as PROOF.md says: published vectors, our own signatures bent one way each, and records that mislead."""

import hashlib
import io
import re
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from partwell.connectors.dkim import aligned, body_hash, verify_file
from partwell.connectors.dns import Remembering, TableResolver
from partwell.connectors.mail_same import fingerprint
from partwell.connectors.spf import check
from tests.flows.mail_cast import dns, key, mail, signed
from tests.inputs import inputs

# RFC 8463, appendix A; Google's published key of selector 20120113.
FOOTBALL = (
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b"
    "yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
)
GOOGLE = (
    "k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1Kd87/UeJjenpabgbFwh+eBCsSTrqmwIYYvywlbhbqoo2DymndFkbjOVIPIldNs/m40K"
    "F+yzMn1skyoxcTUGCQs8g3FgD2Ap3ZB5DekAo5wMmk4wimDO+U8QzI3SD07y2+07wlNWwIt8svnxgdxGkVbbhzY8i+RQ9DpSVpPbF7ykQxtKXkv/ahW3KjVi"
    "iAH+ghvvIhkx4xYSIc9oSwVmAl5OctMEeWUwg8Istjqz8BZeTWbf41fbNhte7Y+YqZOwq1Sd0DbvYAD9NOZK9vlfuac0598HY+vtSBczUiKERHv1yRbcaQtZ"
    "Fh5wtiRrN04BLUTD21MycBX5jYchHjPY/wIDAQAB"
)
BRISBANE = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
VECTORS = TableResolver(
    {
        ("brisbane._domainkey.football.example.com", "TXT"): [BRISBANE],
        ("test._domainkey.football.example.com", "TXT"): [FOOTBALL],
        ("20120113._domainkey.gmail.com", "TXT"): [GOOGLE],
    }
)
FROM, TO = "Ana <ana@sender.example>", "reply@parting.example"


def judged(tmp_path: Path, raw: bytes, resolver: Any = None, domain: str = "sender.example") -> Any:
    path = tmp_path / "mail.eml"
    path.write_bytes(raw)
    return verify_file(
        path, domain, resolver or dns("sender.example", "mail.sender.example", "other.example")
    )


def test_the_published_vectors() -> None:
    both = verify_file(inputs("mail/dkim_rfc8463.eml"), "football.example.com", VECTORS)
    assert [one.result for one in both.signatures] == ["pass", "pass"] and both.signatures[
        0
    ].algorithm == "ed25519-sha256"
    assert verify_file(inputs("mail/dkim_gmail.eml"), "gmail.com", VECTORS).result == "pass"
    assert verify_file(inputs("mail/dkim_gmail.eml"), "xamarin.com", VECTORS).result == "weak"
    gone = verify_file(inputs("mail/dkim_gmail.eml"), "gmail.com", TableResolver({}))
    assert gone.result == "fail" and "no such key" in gone.signatures[0].why
    silent = verify_file(
        inputs("mail/dkim_gmail.eml"),
        "gmail.com",
        TableResolver({("20120113._domainkey.gmail.com", "TXT"): None}),
    )
    assert silent.result == "error" and not silent.aligned_failure
    assert (
        verify_file(inputs("mail/paperless_eml_with_umlaut.eml"), "volkswagen.de", VECTORS).result == "fail"
    )


@pytest.mark.parametrize(
    "canon",
    [(b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple"), (b"simple", b"relaxed")],
)
@pytest.mark.parametrize("text", ["Hello.", "", "a  b \t c  \n\n\n", "\n\nx\n.\n..\n", "long " * 3000])
def test_our_own_signatures_pass_and_agree_with_dkimpy(tmp_path: Path, canon: Any, text: str) -> None:
    import dkim

    raw = signed(mail(FROM, TO, text=text), "sender.example", canonicalize=canon)
    assert judged(tmp_path, raw).result == "pass"
    assert dkim.verify(raw, dnsfunc=lambda *_a, **_k: key()[1].encode())
    assert judged(tmp_path, raw.replace(b"\r\n", b"\n")).result == "pass"  # as a mailbox on Unix keeps it
    assert judged(tmp_path, b"Received: x\r\n" + raw).result == "pass"


@pytest.mark.parametrize(("bent", "result", "why"), [
    (lambda raw: raw.replace(b"Which model", b"Whose model"), "fail", "changed after"),
    (lambda raw: raw.replace(b"A question", b"A Question!"), "fail", "headers were changed"),
    (lambda raw: b"From: Mara <mara@sender.example>\r\n" + raw, "fail", "headers were changed"),
    (lambda raw: b"Subject: Another\r\n" + raw, "weak", "more than once"),
    (lambda raw: raw.replace(b"d=sender.example", b"d=sender.exampel"), "fail", "another domain"),
    (lambda raw: raw.replace(b"v=1;", b"v=2;"), "fail", "malformed"),
    (lambda raw: raw.replace(b"s=s1;", b""), "fail", "malformed"),
    (lambda raw: raw.replace(b"a=rsa-sha256", b"a=rsa-sha1"), "weak", "SHA-256"),
])  # fmt: skip
def test_each_bend_is_found(tmp_path: Path, bent: Any, result: str, why: str) -> None:
    found = judged(tmp_path, bent(signed(mail(FROM, TO), "sender.example")))
    assert found.result == result and why in found.signatures[0].why, found


def test_a_valid_signature_must_say_enough(tmp_path: Path) -> None:
    part = signed(mail(FROM, TO), "sender.example", length=True)
    assert judged(tmp_path, part).signatures[0].why == "It signs a part of the text only."
    assert judged(tmp_path, part + b"More, appended.\r\n").result == "weak"
    few = signed(mail(FROM, TO), "sender.example", include_headers=[b"from", b"to", b"date", b"message-id"])
    assert judged(tmp_path, few).signatures[0].why == "It does not sign subject."
    other = judged(tmp_path, signed(mail(FROM, TO), "other.example"))
    assert (other.result, other.signatures[0].aligned, other.aligned_failure) == ("weak", False, False)
    below = judged(tmp_path, signed(mail(FROM, TO), "mail.sender.example"))
    assert below.result == "weak"  # below the From domain is somebody else
    above = judged(
        tmp_path, signed(mail("a@mail.sender.example", TO), "sender.example"), domain="mail.sender.example"
    )
    assert above.result == "pass"


def test_a_short_or_withdrawn_key_does_not_count(tmp_path: Path) -> None:
    import dkim

    private, record = key(1024)
    raw = mail(FROM, TO)
    line = dkim.sign(
        raw,
        b"s1",
        b"sender.example",
        private,
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
    )
    assert (
        judged(
            tmp_path, line + raw, TableResolver({("s1._domainkey.sender.example", "TXT"): [record]})
        ).result
        == "pass"
    )
    for bad in ("v=DKIM1; k=rsa; p=", record.replace("v=DKIM1", "v=DKIM2"), record.replace("k=rsa", "k=rsa; h=sha1"),
                record.replace("k=rsa", "k=rsa; s=tlsrpt"), "v=DKIM1; p=////", "v=DKIM1; k=ed25519; p=AAAA", "nonsense"):  # fmt: skip
        assert (
            judged(
                tmp_path, line + raw, TableResolver({("s1._domainkey.sender.example", "TXT"): [bad]})
            ).result
            == "fail"
        ), bad
    import partwell.connectors.dkim as ours

    try:
        ours.LEAST_BITS = 2048
        short = judged(
            tmp_path, line + raw, TableResolver({("s1._domainkey.sender.example", "TXT"): [record]})
        )
        assert short.result == "weak" and "1024 bits" in short.signatures[0].why
    finally:
        ours.LEAST_BITS = 1024


def test_no_bytes_make_it_raise(tmp_path: Path) -> None:
    raw = signed(mail(FROM, TO), "sender.example")
    for place in range(0, min(len(raw), 900), 7):
        for sign in (b"\x00", b"\xff", b";", b"=", b"\r\n", b""):
            judged(tmp_path, raw[:place] + sign + raw[place + 1 :])
    for whole in (
        b"",
        b"\r\n",
        b"DKIM-Signature:\r\n\r\n",
        b"DKIM-Signature: a=b;;=;\r\n\r\n",
        b"x" * 600_000,
        b"DKIM-Signature: v=1\r\n" * 500 + b"\r\n",
    ):
        assert judged(tmp_path, whole).result in ("none", "fail")


def test_alignment_is_narrow() -> None:
    assert aligned("a.example", "a.example") and aligned("a.example", "mail.A.example.")
    assert (
        not aligned("mail.a.example", "a.example")
        and not aligned("example", "a.example")
        and not aligned("a.example", "")
    )
    assert not aligned("a.example", "ba.example")


def test_copies_have_one_fingerprint(tmp_path: Path) -> None:
    def base(raw: bytes) -> str:
        path = tmp_path / "m"
        path.write_bytes(raw)
        return fingerprint(path).base

    raw = mail(FROM, TO)
    same = {base(raw), base(raw.replace(b"\r\n", b"\n")), base(b"Received: a\r\n\tb\r\n" + raw), base(raw + b"\r\n\r\n"),
            base(raw.replace(b"Subject: A question", b"Subject: A\r\n question"))}  # fmt: skip
    assert len(same) == 1
    assert (
        len({base(raw), base(raw + b"x"), base(b"junk"), base(b"other"), base(b""), base(b"x" * (17 << 20))})
        == 6
    )


RECORDS = {
    "ok.example": "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 a:host.example mx include:more.example -all",
    "more.example": "v=spf1 ip4:198.51.100.7 ?all", "soft.example": "v=spf1 ~all", "redirect.example": "v=spf1 redirect=ok.example",
    "macro.example": "v=spf1 exists:%{ir}.%{l1r-}._spf.%{d2} -all", "twice.example": "v=spf1 -all", "bad.example": "v=spf1 fnord -all",
    "loop.example": "v=spf1 include:loop.example -all", "many.example": "v=spf1 " + " ".join(f"a:h{one}.example" for one in range(12)) + " -all",
    "void.example": "v=spf1 a:n1.example a:n2.example a:n3.example -all", "missing.example": "v=spf1 include:nowhere.example -all",
    "late.example": "v=spf1 include:silent.example -all", "wrong.example": "v=spf1 ip4:not-an-address -all", "slash.example": "v=spf1 a:host.example/24 -all",
}  # fmt: skip
TABLE: dict[Any, Any] = {(name, "TXT"): [record] for name, record in RECORDS.items()}
TABLE[("twice.example", "TXT")] = ["v=spf1 -all", "v=spf1 +all"]
TABLE[("silent.example", "TXT")] = None
TABLE.update({("host.example", "A"): ["203.0.113.5"], ("ok.example", "MX"): ["10 mx.example"], ("mx.example", "A"): ["203.0.113.9"],
              ("7.2.0.192.ana._spf.macro.example", "A"): ["127.0.0.2"], **{(f"h{one}.example", "A"): ["10.0.0.1"] for one in range(12)}})  # fmt: skip


@pytest.mark.parametrize(("ip", "domain", "result"), [
    ("192.0.2.1", "ok.example", "pass"), ("2001:db8::5", "ok.example", "pass"), ("203.0.113.5", "ok.example", "pass"),
    ("203.0.113.9", "ok.example", "pass"), ("198.51.100.7", "ok.example", "pass"), ("198.51.100.8", "ok.example", "fail"),
    ("::ffff:192.0.2.1", "ok.example", "pass"), ("192.0.2.1", "soft.example", "softfail"), ("192.0.2.1", "redirect.example", "pass"),
    ("192.0.2.7", "macro.example", "pass"), ("192.0.2.8", "macro.example", "fail"), ("192.0.2.1", "twice.example", "permerror"),
    ("192.0.2.1", "bad.example", "permerror"), ("192.0.2.1", "loop.example", "permerror"), ("192.0.2.1", "many.example", "permerror"),
    ("192.0.2.1", "void.example", "permerror"), ("192.0.2.1", "missing.example", "permerror"), ("192.0.2.1", "late.example", "temperror"),
    ("192.0.2.1", "wrong.example", "permerror"), ("203.0.113.77", "slash.example", "pass"), ("192.0.2.1", "none.example", "none"),
    ("nonsense", "ok.example", "none"),
])  # fmt: skip
def test_spf_says_what_the_record_says(ip: str, domain: str, result: str) -> None:
    dns_ = Remembering(TableResolver(TABLE))
    found = check(ip, f"ana@{domain}", "helo.example", domain, dns_)
    assert found.result == result, found
    assert len(dns_.answers) <= 30


def test_an_empty_sender_stands_for_the_helo_name() -> None:
    found = check("192.0.2.1", "<>", "ok.example", "ok.example", TableResolver(TABLE))
    assert (found.result, found.domain, found.aligned) == ("pass", "ok.example", True)
    assert not check("192.0.2.1", "x@ok.example", "h", "other.example", TableResolver(TABLE)).aligned


def by_lines(raw: bytes, canonicalisation: str) -> bytes:
    """RFC 6376, 3.4.3 and 3.4.4, line after line."""
    lines = raw.split(b"\n")
    last = lines.pop()  # what no LF ends, its CR included
    lines = [*(line.removesuffix(b"\r") for line in lines), *([last] if last else [])]
    if canonicalisation == "relaxed":
        lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    text = b"".join(line + b"\r\n" for line in lines)
    return hashlib.sha256(text or (b"\r\n" if canonicalisation == "simple" else b"")).digest()


@settings(max_examples=400, deadline=None)
@given(
    pieces=st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"\t", b"a", b"bc" * 40]), max_size=60),
    chunk=st.sampled_from([1, 3, 7, 64]),
)
def test_a_body_has_one_hash_however_it_is_read(pieces: list[bytes], chunk: int) -> None:
    raw = b"".join(pieces)
    for canonicalisation in ("simple", "relaxed"):
        with mock.patch("partwell.connectors.dkim._CHUNK", chunk):
            found = body_hash(io.BytesIO(raw), canonicalisation.encode())
        assert found == by_lines(raw, canonicalisation), (raw, canonicalisation)


def test_a_line_beyond_all_measure_is_not_hashed() -> None:
    longest = b"x" * ((16 << 20) - 2) + b"\r\n"
    assert body_hash(io.BytesIO(b"a\r\n" + longest), b"simple") == by_lines(b"a\r\n" + longest, "simple")
    for raw in (b"a\r\n" + b"x" * (16 << 20) + b"\r\n", b"x" * (17 << 20)):
        with pytest.raises(ValueError, match="too long"):
            body_hash(io.BytesIO(raw), b"simple")
