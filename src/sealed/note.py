# SPDX-License-Identifier: Apache-2.0
"""C2SP signed-note v1.0.0 and tlog-checkpoint v1.0.0 (docs/formats/checkpoint.md), strictly.

Signatures of unknown keys are kept and ignored, so that witnesses' cosignatures (type 0x04) or
other algorithms can stand beside the log's own line later.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import ed25519
from .merkle import HASH_SIZE, MAX_SIZE

ED25519 = 0x01
MAX_NOTE = 1 << 20
MAX_SIGNATURES = 64
_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """The note, key or checkpoint is not well formed, or no trusted key signed it."""


def decode_base64(text: str) -> bytes:
    """Standard base64 in its one canonical spelling; NoteError for any other (spare bits too)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("This is not base64.") from None
    if base64.b64encode(data).decode() != text:
        raise NoteError("The base64 is not in its canonical form.")
    return data


def parse_decimal(text: str) -> int:
    """A whole number 0..2**63-1 without sign or leading zero; NoteError otherwise."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", text) or int(text) > MAX_SIZE:
        raise NoteError("This is not a whole number in canonical form.")
    return int(text)


def check_name(name: str) -> str:
    """A key name: not empty, no Unicode space, no plus, no control character."""
    if not name or "+" in name or " " in name or not name.isprintable():
        raise NoteError("A key name must not be empty and holds no spaces and no plus sign.")
    return name


@dataclass(frozen=True)
class VerifierKey:
    """An Ed25519 key that may sign notes: ``name+hash+base64(0x01 || key)``."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != 32:
            raise NoteError("An Ed25519 public key has 32 bytes.")

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name || 0x0A || 0x01 || key)."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public_key).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(bytes([ED25519]) + self.public_key).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


def format_vkey(name: str, public_key: bytes) -> str:
    """The verifier key as text, without a newline."""
    return str(VerifierKey(name, public_key))


def parse_vkey(text: str) -> VerifierKey:
    """Parse ``name+hash+base64``; NoteError if any character is wrong or the type is not Ed25519."""
    parts = text.split("+", 2)
    if len(parts) != 3:
        raise NoteError("A verifier key has the form name+hash+base64.")
    data = decode_base64(parts[2])
    if len(data) != 33 or data[0] != ED25519:
        raise NoteError("The verifier key is not an Ed25519 key (type 0x01).")
    key = VerifierKey(parts[0], data[1:])
    if parts[1] != key.key_id.hex():
        raise NoteError(
            "The verifier key's hash does not belong to its name and key: look for a typing error."
        )
    return key


@dataclass(frozen=True)
class Signature:
    """One signature line: who claims to sign, the four-byte key id, and the signature itself."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        encoded = base64.b64encode(self.key_id + self.signature).decode()
        return f"{_DASH}{self.name} {encoded}\n"


@dataclass(frozen=True)
class Note:
    """A parsed note: its text (with the final newline) and all its signature lines, in order."""

    text: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode()


@dataclass(frozen=True)
class Signer:
    """What is needed to sign: a name, the public key, and a call that signs bytes (64 bytes back)."""

    name: str
    public_key: bytes
    sign: Callable[[bytes], bytes]

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey(self.name, self.public_key)


def parse_note(data: bytes) -> Note:
    """Parse without trusting: NoteError unless the bytes are exactly what ``encode`` would write."""
    if len(data) > MAX_NOTE:
        raise NoteError("The note is too long.")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("The note is not UTF-8.") from None
    if _CONTROL.search(whole):
        raise NoteError("The note holds a control character.")
    split = whole.rfind("\n\n")
    if split < 0 or not whole.endswith("\n"):
        raise NoteError("The note has no signatures after an empty line.")
    lines = whole[split + 2 :].split("\n")[:-1]
    if not 1 <= len(lines) <= MAX_SIGNATURES:
        raise NoteError("The note has no signature or too many.")
    signatures = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH):
            raise NoteError("A signature line does not start with a dash and a space.")
        raw = decode_base64(encoded)
        if len(raw) < 5:
            raise NoteError("A signature is too short.")
        signatures.append(Signature(check_name(name), raw[:4], raw[4:]))
    note = Note(whole[: split + 1], tuple(signatures))
    if note.encode() != data:
        raise NoteError("The note is not in its canonical form.")
    return note


def sign(text: str, name: str, sign_callable: Callable[[bytes], bytes], public_key: bytes) -> bytes:
    """Return the signed note of ``text`` (which ends in a newline).

    The new signature is verified before it is returned: a key that does not fit its public
    half would otherwise publish what nobody can check.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteError("A note's text ends in a newline and holds no other control characters.")
    key = VerifierKey(name, public_key)
    signature = sign_callable(text.encode())
    if not ed25519.verify(public_key, text.encode(), signature):
        raise NoteError("The signing key does not fit its public key.")
    return Note(text, (Signature(name, key.key_id, signature),)).encode()


def verify(data: bytes, vkeys: Iterable[VerifierKey | str]) -> Note:
    """Return the parsed note if a trusted key signed it.

    NoteError if it is malformed, if no line is by one of ``vkeys``, or if a line that claims one
    of them does not verify. Lines of unknown keys are ignored and kept.
    """
    note = parse_note(data)
    known = {}
    for item in vkeys:
        key = parse_vkey(item) if isinstance(item, str) else item
        known[key.name, key.key_id] = key
    seen = set()
    for signature in note.signatures:
        identity = (signature.name, signature.key_id)
        trusted = known.get(identity)
        if trusted is None:
            continue
        if identity in seen:
            raise NoteError("The same key signed the note twice.")
        seen.add(identity)
        if not ed25519.verify(trusted.public_key, note.text.encode(), signature.signature):
            raise NoteError(f"The signature of {signature.name} is wrong.")
    if not seen:
        raise NoteError("No trusted key signed this note.")
    return note


@dataclass(frozen=True)
class Checkpoint:
    """The head of a log: its origin, the number of entries, and the root hash over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note text (tlog-checkpoint): origin, size, base64 root, extension lines."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Parse a note's text; NoteError unless it is exactly a checkpoint."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise NoteError("A checkpoint has at least three lines, none of them empty.")
        root = decode_base64(lines[2])
        if len(root) != HASH_SIZE:
            raise NoteError("The root hash of the checkpoint has not 32 bytes.")
        return cls(lines[0], parse_decimal(lines[1]), root, tuple(lines[3:]))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """The signed note of a checkpoint; the signer's name must be the origin."""
    if signer.name != checkpoint.origin:
        raise NoteError("The log's key name and the checkpoint's origin differ.")
    return sign(checkpoint.text(), signer.name, signer.sign, signer.public_key)


def verify_checkpoint(data: bytes, vkeys: Iterable[VerifierKey | str]) -> Checkpoint:
    """The checkpoint of a note that a trusted key *named like the origin* signed; else NoteError."""
    keys = [parse_vkey(item) if isinstance(item, str) else item for item in vkeys]
    checkpoint = Checkpoint.parse(parse_note(data).text)
    own = [key for key in keys if key.name == checkpoint.origin]
    if not own:
        raise NoteError("The checkpoint is of another log than the key.")
    verify(data, own)
    return checkpoint
