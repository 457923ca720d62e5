# SPDX-License-Identifier: Apache-2.0
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealed.canonical import MAX_INT, CanonicalError, dumps, loads_strict

values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INT, MAX_INT) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def test_keys_are_sorted_as_rfc_8785_says() -> None:
    # RFC 8785 3.2.3, its example: UTF-16 puts the emoji before the Hebrew presentation form.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    written = json.loads(dumps(dict.fromkeys(keys, 0)), object_pairs_hook=list)
    assert [key for key, _ in written] == ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]


def test_strings_are_escaped_as_rfc_8785_says() -> None:
    text = "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/\x7f\u2028"
    assert dumps(text) == b'"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\x7f\xe2\x80\xa8"'
    assert dumps([None, True, False, 0, -1, {}, []]) == b"[null,true,false,0,-1,{},[]]"


@given(values)
def test_what_was_written_is_read_back(value: Any) -> None:
    data = dumps(value)
    assert loads_strict(data) == value
    assert json.loads(data) == value


@pytest.mark.parametrize(
    "value",
    [1.5, 1.0, float("nan"), float("inf"), 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1: 2}, b"x", {3}],
)
def test_values_without_a_canonical_form_are_refused(value: Any) -> None:
    with pytest.raises(CanonicalError):
        dumps({"a": [value]})


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}', b'{"b":1,"a":2}', b'{"a": 1}', b'{"a":1}\n', b"1.0", b"1e3", b"-0", b"01", b"NaN",
        b"Infinity", b'"\\u0041"', b'"\\/"', b'"\\u001F"', b'"\\ud800"', b'"\xff"', b"\xef\xbb\xbf1", b"", b"[1,]",
        b"9007199254740992", b"1" * 5000, b"[" * 100_000, b"[" * 80 + b"]" * 80,
    ],
)  # fmt: skip
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        loads_strict(data)
