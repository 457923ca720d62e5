# SPDX-License-Identifier: Apache-2.0
import base64

import pytest

from sealed import note
from sealed.note import Checkpoint, NoteError
from tests.sealed.fakelog import FakeLog, make_signer

# Published examples: golang.org/x/mod/sumdb/note's PeterNeumann and the C2SP specifications.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
ENOCH_KEY_NAME = "EnochRoot"


def test_a_published_note_verifies() -> None:
    parsed = note.verify(PETER_NOTE, [PETER])
    assert parsed.text.endswith("problem is.\n")
    assert note.format_vkey("PeterNeumann", note.parse_vkey(PETER).public_key) == PETER
    with pytest.raises(NoteError, match="wrong"):
        note.verify(PETER_NOTE.replace(b"answer", b"anwser"), [PETER])


def test_unknown_signers_are_ignored_and_kept() -> None:
    stranger, log = make_signer("witness.example/w", 9), make_signer()
    text = "hello\n"
    mixed = note.parse_note(note.sign(text, log.name, log.sign, log.public_key))
    cosigned = note.Note(
        text, (note.Signature("witness.example/w", b"\1\2\3\4", b"\x04" * 72), *mixed.signatures)
    )
    parsed = note.verify(cosigned.encode(), [log.vkey])
    assert parsed == cosigned
    with pytest.raises(NoteError, match="No trusted key"):
        note.verify(cosigned.encode(), [stranger.vkey])
    with pytest.raises(NoteError, match="twice"):
        note.verify(note.Note(text, mixed.signatures * 2).encode(), [log.vkey])


def test_a_key_that_does_not_fit_signs_nothing() -> None:
    with pytest.raises(NoteError, match="does not fit"):
        note.sign("x\n", "a", make_signer(seed=1).sign, make_signer(seed=2).public_key)
    for text in ("no newline", "tab\t\n", ""):
        with pytest.raises(NoteError):
            note.sign(text, "a", make_signer().sign, make_signer().public_key)


def _flip_spare_bits(data: bytes) -> bytes:
    # The signature of 68 bytes ends in "x=": the last letter has two bits that decode to nothing.
    head, last = data[:-3], data[-3:]
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return head + bytes([letters[letters.index(last[:1]) ^ 1]]) + last[1:]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda n: n + b"x",
        lambda n: n + b"\n",
        lambda n: n[:-1],
        lambda n: n.replace(b"\n\n", b"\n", 1),
        lambda n: n.replace(b"\n", b"\r\n"),
        lambda n: n.replace(b"\xe2\x80\x94 ", b"- "),
        lambda n: n.replace(b"\xe2\x80\x94 ", b"\xe2\x80\x94  "),
        lambda n: n[:-1] + b"=\n",
        lambda n: b"\xff" + n,
        lambda n: n.replace(b"PeterNeumann ", b"Peter+Neumann "),
        lambda n: n.replace(b" x08", b"\xc2\xa0x08"),
        lambda n: b"x" * (1 << 21) + n,
        _flip_spare_bits,
    ],
)
def test_other_spellings_of_a_note_are_refused(spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NoteError):
        note.verify(spoil(PETER_NOTE), [PETER])


@pytest.mark.parametrize(
    "text",
    [
        "", "a+b", "a+00000000+AAAA", PETER[:-1], PETER + "=", PETER.replace("c74f20a3", "C74F20A3"),
        PETER.replace("c74f20a3", "c74f20a4"), PETER.replace("Peter", "Pater"), " " + PETER, PETER + "\n",
    ],
)  # fmt: skip
def test_damaged_keys_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        note.parse_vkey(text)


def test_checkpoints() -> None:
    log = FakeLog()
    log.append("a.b", {})
    data = log.checkpoint()
    head = note.verify_checkpoint(data, [str(log.signer.vkey)])
    assert (head.origin, head.size) == (log.signer.name, 1)
    assert Checkpoint.parse(head.text()) == head
    extended = Checkpoint(head.origin, 1, head.root, ("extra",))
    assert Checkpoint.parse(extended.text()) == extended
    other = make_signer("other.example/x", 7)
    foreign = note.sign(head.text(), other.name, other.sign, other.public_key)
    with pytest.raises(NoteError):
        note.verify_checkpoint(foreign, [other.vkey])
    with pytest.raises(NoteError):
        note.sign_checkpoint(head, other)


@pytest.mark.parametrize(
    "lines",
    [
        ["o", "01"], ["o", "+1"], ["o", "-1"], ["o", "1 "], ["o", ""], ["", "1"], ["o", "9223372036854775808"],
        ["o", "\u0661"], ["o", "1", base64.b64encode(b"x" * 31).decode()], ["o", "1", "A" * 43 + "B="],
        ["o", "1", "A" * 43 + "=", ""],
    ],
)  # fmt: skip
def test_other_spellings_of_a_checkpoint_are_refused(lines: list[str]) -> None:
    if len(lines) == 2:
        lines = [*lines, "A" * 43 + "="]
    with pytest.raises(NoteError):
        Checkpoint.parse("\n".join(lines) + "\n")
    with pytest.raises(NoteError):
        Checkpoint.parse("o\n1\n" + "A" * 43 + "=")
