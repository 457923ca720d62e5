# SPDX-License-Identifier: Apache-2.0
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from sealed import ed25519

RFC8032 = [  # section 7.1, tests 1 to 3
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("key", "message", "signature"), RFC8032)
def test_vectors_of_the_standard(key: str, message: str, signature: str) -> None:
    assert ed25519.verify(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature))
    assert not ed25519.verify(bytes.fromhex(key), bytes.fromhex(message) + b"x", bytes.fromhex(signature))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
@settings(max_examples=60, deadline=None)
def test_agrees_with_another_implementation(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes_raw()
    signature = bytearray(private.sign(message))
    assert ed25519.verify(public, message, bytes(signature))
    signature[bit // 8] ^= 1 << bit % 8
    assert not ed25519.verify(public, message, bytes(signature))


def test_a_second_spelling_of_the_same_signature_is_refused() -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + ed25519.L
    assert not ed25519.verify(public, b"m", signature[:32] + s.to_bytes(32, "little"))


SMALL = [  # points of small order, and their encodings that are not canonical
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("encoding", SMALL)
def test_points_of_small_order_are_refused(encoding: str) -> None:
    point = bytes.fromhex(encoding)
    for message in (b"a", b"b", b"c", b"d", b"e", b"f", b"g", b"h"):
        assert not ed25519.verify(point, message, point + bytes(32))
        assert not ed25519.verify(point, message, SMALL_IDENTITY + bytes(32))
        private = Ed25519PrivateKey.from_private_bytes(b"\x05" * 32)
        assert not ed25519.verify(private.public_key().public_bytes_raw(), message, point + bytes(32))


SMALL_IDENTITY = bytes.fromhex(SMALL[0])


def test_wrong_lengths_are_refused() -> None:
    assert not ed25519.verify(b"", b"", b"")
    assert not ed25519.verify(bytes(32), b"", bytes(63))


def test_it_is_fast_enough() -> None:
    private = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
    public = private.public_key().public_bytes_raw()
    signed = [(bytes([i]), private.sign(bytes([i]))) for i in range(20)]
    best = 1.0
    for message, signature in signed:
        start = time.process_time()
        assert ed25519.verify(public, message, signature)
        best = min(best, time.process_time() - start)
    assert best < 0.015
