# SPDX-License-Identifier: AGPL-3.0-or-later
"""Encryption to an age key: read back by pyrage, digest of what was written, sentences for wrong keys."""

import hashlib
import io
from pathlib import Path

import pyrage
import pytest

from partwell.connectors.age import check_recipient, encrypt_file, encrypt_stream
from partwell.connectors.errors import AgeError, RecipientInvalid

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())


@pytest.mark.parametrize("size", [0, 1, 65536, 3_000_001])
def test_round_trip_and_digest(size: int) -> None:
    plain, other = b"p" * size, pyrage.x25519.Identity.generate()
    target = io.BytesIO()
    facts = encrypt_stream(io.BytesIO(plain), target, [RECIPIENT, str(other.to_public())])
    written = target.getvalue()
    assert (facts.size, facts.sha256) == (len(written), hashlib.sha256(written).hexdigest())
    assert pyrage.decrypt(written, [IDENTITY]) == plain == pyrage.decrypt(written, [other])


def test_streaming_in_small_memory() -> None:
    import tracemalloc

    class Zeros(io.RawIOBase):
        left = 200 << 20

        def read(self, size: int = -1) -> bytes:
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    class Nowhere(io.RawIOBase):
        def write(self, data: object) -> int:
            return len(data)  # type: ignore[arg-type]

    tracemalloc.start()
    facts = encrypt_stream(Zeros(), Nowhere(), [RECIPIENT])  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert facts.size > 200 << 20 and peak < 4 << 20


def test_file_is_whole_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(b"bundle" * 1000)
    facts = encrypt_file(tmp_path / "bundle.zip", tmp_path / "bundle.zip.age", [RECIPIENT])
    written = (tmp_path / "bundle.zip.age").read_bytes()
    assert facts.sha256 == hashlib.sha256(written).hexdigest()
    assert pyrage.decrypt(written, [IDENTITY]) == b"bundle" * 1000
    with pytest.raises(FileNotFoundError):
        encrypt_file(tmp_path / "none", tmp_path / "none.age", [RECIPIENT])
    with pytest.raises(RecipientInvalid):
        encrypt_file(tmp_path / "bundle.zip", tmp_path / "none.age", ["age1x"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["bundle.zip", "bundle.zip.age"]


def test_a_disk_that_fails() -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    with pytest.raises(AgeError, match="free space"):
        encrypt_stream(io.BytesIO(b"x" * 100_000), Full(), [RECIPIENT])


def test_recipient_is_trimmed_and_lowered() -> None:
    assert check_recipient(f"  {RECIPIENT}\n") == RECIPIENT == check_recipient(RECIPIENT.upper())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "begins with age1"), ("age1", "62 characters"), ("hello", "begins with age1"),
        (str(IDENTITY), "private key"), (str(IDENTITY).lower(), "private key"),
        ("ssh-ed25519 AAAA", "SSH key"), ("age1yubikey1" + "q" * 50, "begins with age1"),
        (RECIPIENT[:-1] + ("q" if RECIPIENT[-1] != "q" else "p"), "typing error"),
        (RECIPIENT + "\n" + RECIPIENT, "begins with age1"),
    ],
    # Fixed names: the keys are made anew in every process, and the processes must agree on the tests.
    ids=["empty", "too short", "a word", "private", "private in lower case", "ssh", "yubikey", "typing error", "two"],
)  # fmt: skip
def test_wrong_keys_get_a_sentence_that_repeats_nothing(text: str, sentence: str) -> None:
    with pytest.raises(RecipientInvalid, match=sentence) as caught:
        check_recipient(text)
    assert len(text) < 12 or text not in str(caught.value)


def test_nobody() -> None:
    with pytest.raises(RecipientInvalid):
        encrypt_stream(io.BytesIO(b"x"), io.BytesIO(), [])
