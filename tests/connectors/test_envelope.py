# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sealed values: what goes in comes out, in its own place only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partwell.connectors.envelope import OVERHEAD, aad, check_aad, new_data_key, open_value, seal_value
from partwell.connectors.errors import AssociatedDataMisused, SealBroken

KEY = new_data_key()
PLACE = aad("client-1", "vault.secret", "row-1", "password", 1)
TEXTS = st.text(min_size=1, max_size=20)


@given(st.binary(max_size=5000))
def test_round_trip(plain: bytes) -> None:
    sealed = seal_value(KEY, plain, PLACE)
    assert open_value(KEY, sealed, PLACE) == plain
    assert len(sealed) == len(plain) + OVERHEAD


def test_same_value_seals_differently_each_time() -> None:
    assert len({seal_value(KEY, b"same", PLACE) for _ in range(100)}) == 100


@given(st.binary(max_size=40), st.data())
def test_any_flipped_bit_is_found(plain: bytes, data: st.DataObject) -> None:
    sealed = bytearray(seal_value(KEY, plain, PLACE))
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(SealBroken):
        open_value(KEY, bytes(sealed), PLACE)


def test_every_truncation_and_extension_is_found() -> None:
    sealed = seal_value(KEY, b"firewall admin", PLACE)
    for bad in (*(sealed[:cut] for cut in range(len(sealed))), sealed + b"\0", b"\0" + sealed):
        with pytest.raises(SealBroken):
            open_value(KEY, bad, PLACE)


@pytest.mark.parametrize(
    "other",
    [
        aad("client-2", "vault.secret", "row-1", "password", 1),
        aad("client-1", "vault.other", "row-1", "password", 1),
        aad("client-1", "vault.secret", "row-2", "password", 1),
        aad("client-1", "vault.secret", "row-1", "otp", 1),
        aad("client-1", "vault.secret", "row-1", "password", 2),
        aad("client-1v", "ault.secret", "row-1", "password", 1),
    ],
)
def test_another_place_does_not_open(other: bytes) -> None:
    with pytest.raises(SealBroken):
        open_value(KEY, seal_value(KEY, b"x", PLACE), other)


def test_another_key_does_not_open() -> None:
    with pytest.raises(SealBroken):
        open_value(new_data_key(), seal_value(KEY, b"x", PLACE), PLACE)


@given(*(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS, st.integers(1, 9)) for _ in range(2)))
def test_two_places_never_look_alike(one: tuple, other: tuple) -> None:  # type: ignore[type-arg]
    assert (aad(*one) == aad(*other)) == (one == other)
    check_aad(aad(*one))


@given(st.binary(max_size=80))
def test_made_up_associated_data_is_refused(made_up: bytes) -> None:
    for bad in (made_up, PLACE + made_up[:1] + b"\0", PLACE[:-1]):
        with pytest.raises(AssociatedDataMisused):
            seal_value(KEY, b"x", bad)
        with pytest.raises(AssociatedDataMisused):
            open_value(KEY, b"x" * 60, bad)


@pytest.mark.parametrize(
    "parts",
    [
        ("", "m", "r", "f", 1),
        ("c", "m", None, "f", 1),
        ("c", "m", "r", "f", 0),
        ("c", "m", "r", "f", True),
        ("c", "m", "r", "f", "1"),
    ],
)
def test_a_place_with_a_gap_is_refused(parts: tuple) -> None:  # type: ignore[type-arg]
    with pytest.raises(AssociatedDataMisused):
        aad(*parts)


@pytest.mark.parametrize("key", [b"", b"k" * 16, b"k" * 33, "k" * 32])
def test_a_key_of_another_size_is_refused(key: bytes) -> None:
    with pytest.raises(AssociatedDataMisused):
        seal_value(key, b"x", PLACE)


def test_errors_show_neither_key_nor_value() -> None:
    with pytest.raises(SealBroken) as caught:
        open_value(KEY, seal_value(new_data_key(), b"hunter2", PLACE), PLACE)
    assert "hunter2" not in str(caught.value) and caught.value.__cause__ is None
