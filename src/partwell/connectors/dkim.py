# SPDX-License-Identifier: AGPL-3.0-or-later
"""DKIM (RFC 6376, RFC 8463) judged narrowly, by the rules of PROOF.md, "Inbound mail".

A signature passes only if it is valid *and* says enough: its domain is the From domain or one above it, From, To,
Subject, Date and Message-ID are signed and stand once, the whole body is signed (no ``l=``), with SHA-256 and an RSA
key of 1024 bits or more, or Ed25519; it had not run out (``x=``) and its key is no test (``t=y``). Canonical headers are dkimpy's; the body is hashed as a stream, so that a large
mail costs no memory. It proves a domain, not a person.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import dkim
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.canonicalization import CanonicalizationPolicy
from dkim.util import parse_tag_value

from partwell.connectors.dns import Resolver

MUST_SIGN = (b"from", b"to", b"subject", b"date", b"message-id")
# Added to a signed mail unsigned, a second one of these would show other words, or other people, than were signed.
ONCE = (*MUST_SIGN, b"cc", b"content-type", b"content-transfer-encoding")
LEAST_BITS = 1024
_MOST_SIGNATURES, _MOST_HEADERS = 8, 512 * 1024
_CHUNK, _LONGEST, _END = 64 * 1024, 16 << 20, b"\r\n"
_DOMAIN = re.compile(
    rb"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}\.)*[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})+\Z"
)


@dataclass(frozen=True)
class Signature:
    """One signature's verdict. ``result``: pass, fail (wrong), weak (right, but says too little), error (no key could be had).

    ``why``: one sentence. ``aligned``: the domain is the From domain or above it.
    """

    result: str
    why: str
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    bits: int = 0
    aligned: bool = False
    signed: tuple[str, ...] = ()


@dataclass(frozen=True)
class DkimVerdict:
    """Over all signatures: ``pass`` if one passes, else the most telling of fail, weak, error; ``none`` without any."""

    result: str
    signatures: tuple[Signature, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """As it is kept beside the mail."""
        return {
            "result": self.result,
            "signatures": [{**asdict(one), "signed": list(one.signed)} for one in self.signatures],
        }

    @property
    def aligned_failure(self) -> bool:
        """A signature in the From domain's own name was wrong: forged, or changed on the way."""
        return any(one.result == "fail" and one.aligned for one in self.signatures)


def verify_file(path: Path, from_domain: str, dns: Resolver, *, at: datetime | None = None) -> DkimVerdict:
    """Judge every signature of the mail in ``path`` as of ``at`` (aware; its receipt). Never raises for any bytes: what trips
    the parser is a failure. Without ``at`` no signature has run out."""
    try:
        with path.open("rb") as stream:
            headers, start = read_headers(stream)
            marked = [place for place, (name, _) in enumerate(headers) if name.lower() == b"dkim-signature"]
            found = [
                _guarded(stream, start, headers, place, from_domain, dns, at)
                for place in marked[:_MOST_SIGNATURES]
            ]
    except Exception as error:  # noqa: BLE001  # a stranger's bytes: whatever happens, the mail is kept and nothing is proved
        return DkimVerdict(
            "fail", (Signature("fail", f"Its headers cannot be read ({type(error).__name__})."),)
        )
    if not found:
        return DkimVerdict("none")
    for wanted in ("pass", "fail", "weak", "error"):
        if any(one.result == wanted for one in found):
            return DkimVerdict(wanted, tuple(found))
    return DkimVerdict("none", tuple(found))


def read_headers(stream: BinaryIO) -> tuple[list[tuple[bytes, bytes]], int]:
    """Name and raw value (with CRLF line ends) of each header, and the offset of the body. ValueError beyond 512 KiB."""
    headers: list[tuple[bytes, bytes]] = []
    size, before = 0, stream.tell()
    while line := stream.readline(_CHUNK):
        size, before = size + len(line), before + len(line)
        if size > _MOST_HEADERS:
            raise ValueError("The headers are too long.")
        text = line.rstrip(b"\r\n")
        if not text:
            return headers, before
        if text[:1] in (b" ", b"\t") and headers:
            name, value = headers[-1]
            headers[-1] = (name, value + text + b"\r\n")
            continue
        name, colon, value = text.partition(b":")
        if colon and name.strip():
            headers.append((name, value + b"\r\n"))
        elif headers or not text.startswith((b"From ", b">From ")):
            return headers, before - len(line)  # neither header nor separator: the body begins with this line
    return headers, before


def _guarded(stream: BinaryIO, start: int, headers: list[tuple[bytes, bytes]], place: int, from_domain: str, dns: Resolver, at: datetime | None) -> Signature:  # fmt: skip
    try:
        return _judge(stream, start, headers, place, from_domain, dns, at)
    except Exception as error:  # noqa: BLE001  # vectors raise plain ValueError, KeyError and more (PROOF.md)
        return Signature("fail", f"It is malformed ({type(error).__name__}).")


def _judge(stream: BinaryIO, start: int, headers: list[tuple[bytes, bytes]], place: int, from_domain: str, dns: Resolver, at: datetime | None) -> Signature:  # fmt: skip
    tags = parse_tag_value(headers[place][1])
    domain, selector = tags[b"d"].lower(), tags[b"s"]
    algorithm = tags[b"a"].lower()
    names = [one.strip().lower() for one in tags[b"h"].split(b":")]
    canon = tags.get(b"c", b"simple/simple")
    head, _, tail = canon.partition(b"/")
    tail = tail or b"simple"
    shown: dict[str, Any] = {
        "domain": domain.decode("ascii", "replace")[:253],
        "selector": selector.decode("ascii", "replace")[:200],
        "algorithm": algorithm.decode("ascii", "replace")[:40],
        "aligned": aligned(domain.decode("ascii", "replace"), from_domain),
        "signed": tuple(dict.fromkeys(one.decode("ascii", "replace")[:80] for one in names[:60])),
    }
    if (
        tags[b"v"] != b"1"
        or not _DOMAIN.match(domain)
        or not _DOMAIN.match(selector + b"._domainkey." + domain)
    ):
        return Signature("fail", "It is malformed.", **shown)
    if b"i" in tags and not _within(tags[b"i"].rpartition(b"@")[2].lower(), domain):
        return Signature("fail", "It speaks for another domain than it signs with.", **shown)
    if algorithm not in (b"rsa-sha256", b"ed25519-sha256"):
        return Signature("weak", "It does not use SHA-256.", **shown)
    if at is not None and b"x" in tags and int(tags[b"x"]) < at.timestamp():
        return Signature("weak", "It had run out before the mail came.", **shown)
    answer = dns.ask(f"{shown['selector']}._domainkey.{shown['domain']}", "TXT")
    if answer.status == "error":
        return Signature("error", "Its key could not be asked for.", **shown)
    keys = [parse_tag_value(one.encode()) for one in answer.values if "p=" in one]
    if not keys:
        return Signature("fail", "There is no such key.", **shown)
    flags = [one.strip() for one in keys[0].get(b"t", b"").lower().split(b":")]
    if b"y" in flags:  # RFC 6376 §3.6.1: to be treated as if there were no signature, right or wrong
        return Signature("weak", "Its domain only tests signing.", **shown)
    if b"s" in flags and b"i" in tags and tags[b"i"].rpartition(b"@")[2].lower() != domain:
        return Signature("fail", "It speaks for another domain than its key allows.", **shown)
    key, shown["bits"] = _key(keys[0], algorithm)
    if key is None:
        return Signature("fail", "Its key was withdrawn or is of another kind.", **shown)
    stream.seek(start)
    if body_hash(stream, tail) != base64.b64decode(re.sub(rb"\s+", b"", tags[b"bh"])):
        if b"l" in tags:
            return Signature("weak", "It signs a part of the text only.", **shown)
        return Signature("fail", "The text was changed after it was signed.", **shown)
    policy = CanonicalizationPolicy.from_c_value(head + b"/" + tail)
    if not _signature_fits(
        key, headers, place, names, policy, base64.b64decode(re.sub(rb"\s+", b"", tags[b"b"]))
    ):
        return Signature(
            "fail", "The headers were changed after they were signed, or the key is another.", **shown
        )
    return Signature(*_enough(headers, names, tags, shown), **shown)


def _enough(headers: list[tuple[bytes, bytes]], names: list[bytes], tags: dict[bytes, bytes], shown: dict[str, Any]) -> tuple[str, str]:  # fmt: skip
    """What a valid signature must say beyond being valid."""
    if not shown["aligned"]:
        return "weak", "It is valid, and speaks for another domain than the sender's."
    if b"l" in tags:
        return "weak", "It signs a part of the text only."
    if shown["algorithm"].startswith("rsa") and shown["bits"] < LEAST_BITS:
        return "weak", f"Its key has {shown['bits']} bits; at least {LEAST_BITS} are asked for."
    missing = [one for one in MUST_SIGN if one not in names]
    if missing:
        return "weak", f"It does not sign {missing[0].decode()}."
    present = [name.strip().lower() for name, _ in headers]
    twice = [one for one in ONCE if present.count(one) > 1]
    if twice:
        return "weak", f"The header {twice[0].decode()} stands more than once."
    return "pass", f"Signed by {shown['domain']}."


def aligned(domain: str, from_domain: str) -> bool:
    """Whether ``domain`` is the From domain or one above it with a dot in it; nothing looser (no list of public suffixes is needed)."""
    domain, from_domain = domain.casefold().rstrip("."), from_domain.casefold().rstrip(".")
    return (
        bool(from_domain) and "." in domain and (from_domain == domain or from_domain.endswith("." + domain))
    )


def _within(name: bytes, domain: bytes) -> bool:
    return name == domain or name.endswith(b"." + domain)


def _key(tags: dict[bytes, bytes], algorithm: bytes) -> tuple[Any, int]:
    """The public key and its bits; (None, 0) where it was withdrawn, is of another kind or not for SHA-256 mail."""
    kind = tags.get(b"k", b"rsa").lower()
    raw = re.sub(rb"\s+", b"", tags.get(b"p", b""))
    hashes = [one.strip() for one in tags.get(b"h", b"sha256").lower().split(b":")]
    uses = [one.strip() for one in tags.get(b"s", b"*").lower().split(b":")]
    fits = tags.get(b"v", b"DKIM1") == b"DKIM1" and b"sha256" in hashes and (b"*" in uses or b"email" in uses)
    if not raw or not fits or not algorithm.startswith(kind + b"-"):
        return None, 0
    try:
        data = base64.b64decode(raw)
        if kind == b"ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(data), 256
        try:
            key = load_der_public_key(data)
        except ValueError:  # RFC 6376's own form: the bare PKCS#1 key
            numbers = dkim.crypto.parse_public_key(data)
            key = rsa.RSAPublicNumbers(numbers["publicExponent"], numbers["modulus"]).public_key()
    except (
        ValueError,
        TypeError,
        KeyError,
        binascii.Error,
        UnsupportedAlgorithm,
        dkim.crypto.UnparsableKeyError,
    ):
        return None, 0
    return (key, key.key_size) if isinstance(key, rsa.RSAPublicKey) else (None, 0)


def _signature_fits(key: Any, headers: list[tuple[bytes, bytes]], place: int, names: list[bytes],
                    policy: CanonicalizationPolicy, signature: bytes) -> bool:  # fmt: skip
    data = bytearray()

    class Sink:
        def update(self, piece: bytes) -> None:
            data.extend(piece)

    # Named once more than it stands, so that a second From added on the way breaks the signature.
    included = [*names, b"from"] if names.count(b"from") == 1 else list(names)
    included = [one for one in included if one]
    # hash_headers empties b= of the signature itself and takes the rest from the bottom up.
    canonical = policy.canonicalize_headers(headers)
    dkim.hash_headers(Sink(), policy, canonical, included, headers[place], parse_tag_value(headers[place][1]))
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, hashlib.sha256(bytes(data)).digest())  # RFC 8463: over the hash
        else:
            key.verify(signature, bytes(data), padding.PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def body_hash(stream: BinaryIO, canonicalisation: bytes) -> bytes:
    """SHA-256 of the canonical body from here on ("simple" or "relaxed"; else ValueError), in bounded memory."""
    if canonicalisation not in (b"simple", b"relaxed"):
        raise ValueError("Such a canonical form of the body does not exist.")
    digest = hashlib.sha256()
    blank = 0  # empty lines at the end are no part of it
    any_line = False
    for lines in _lines(stream, relaxed=canonicalisation == b"relaxed"):
        ended = len(lines)
        while lines.endswith(_END, 0, ended):
            ended -= 2
        # The first of these ends belongs to a line with something in it, unless nothing stands before.
        empty = (len(lines) - ended) // 2 - (1 if ended else 0)
        if ended:
            while blank:
                many = min(blank, 4096)
                digest.update(_END * many)
                blank -= many
            any_line = True
            digest.update(memoryview(lines)[: ended + 2])
        blank += empty
    if not any_line and canonicalisation == b"simple":
        digest.update(_END)
    return digest.digest()


def _lines(stream: BinaryIO, *, relaxed: bool) -> Iterator[bytes]:
    """Canonical lines with CRLF, as many at once as were read. A line of 16 MiB or more cannot be hashed: ValueError."""
    held = b""
    # As much again as is held, so that one long line is not copied for each piece of it.
    while piece := stream.read(max(_CHUNK, len(held))):
        held += piece
        first, last = held.find(b"\n"), held.rfind(b"\n") + 1
        if (first if last else len(held)) >= _LONGEST:
            raise ValueError("A line is too long.")
        if last:
            yield _canonical(held[:last], relaxed)
            held = held[last:]
    if held:
        yield _canonical(held + _END, relaxed)


def _canonical(lines: bytes, relaxed: bool) -> bytes:
    """Whole lines, each ended by LF or CRLF, in their canonical form."""
    lines = lines.replace(_END, b"\n").replace(b"\n", _END)
    return re.sub(rb"[ \t]+", b" ", lines).replace(b" \r\n", _END) if relaxed else lines
