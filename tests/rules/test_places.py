# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a set lies has one spelling, and no two sets overlap however they are written (R6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partwell.rules.keeping import Place
from partwell.rules.places import Spelled, overlap, spell, within
from partwell.rules.refusals import Refusal


def bucket(prefix="northwick", bucket="backups", endpoint="https://s3.tarn.example", **more):
    return spell(Place.BUCKET, {"endpoint": endpoint, "bucket": bucket, "prefix": prefix, **more}, "Images")


def folder(path, resolved=""):
    return spell(Place.FOLDER, {"path": path, "resolved": resolved}, "Images")


def key(found):
    assert isinstance(found, Spelled), found
    assert found.key
    return found.key


SAME = [
    (bucket("a"), bucket("a/")),
    (bucket("a/"), bucket("a/b/")),
    (bucket("a/b"), bucket("a")),
    (bucket("a"), bucket("A")),  # careful: letters' case does not count
    (bucket("a"), bucket("a", endpoint="http://s3.tarn.example:80/")),
    (bucket("a"), bucket("a", endpoint="S3.Tarn.Example.")),
    (bucket("a"), bucket("a", endpoint="https://backups.s3.tarn.example")),
    (
        bucket("a", endpoint="https://s3.amazonaws.com"),
        bucket("a", endpoint="https://s3.eu-central-1.amazonaws.com"),
    ),
    (bucket("", whole_bucket=True), bucket("a/b")),
    (bucket("caf\u00e9"), bucket("cafe\u0301")),
    (folder("/srv/backups"), folder("/srv/backups/northwick")),
    (folder("/srv//backups/./northwick/"), folder("/srv/backups/northwick")),
    (folder("/srv/Backups"), folder("/srv/backups")),
    (folder("//nas/share/x"), folder("\\\\nas\\share\\x")),
    (folder("/mnt/link", "/srv/backups/northwick"), folder("/srv/backups")),
]
APART = [
    (bucket("a/"), bucket("ab/")),
    (bucket("a"), bucket("a-b")),
    (bucket("a/b"), bucket("a/c")),
    (bucket("a"), bucket("a", bucket="other")),
    (bucket("a"), bucket("a", endpoint="https://s3.other.example")),
    (bucket("a"), bucket("a", endpoint="https://s3.tarn.example:9000")),
    (folder("/srv/a"), folder("/srv/ab")),
    (folder("/srv/a/b"), folder("/srv/a/c")),
    (folder("/srv/a"), bucket("a")),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_place_by_two_names(one, other):
    assert overlap(key(one), key(other))
    assert overlap(key(other), key(one))


@pytest.mark.parametrize(("one", "other"), APART)
def test_two_places(one, other):
    assert not overlap(key(one), key(other))
    assert not overlap(key(other), key(one))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (bucket(""), "invalid_input"),
        (bucket("a", whole_bucket=True), "invalid_input"),
        (bucket("/a"), "invalid_input"),
        (bucket("a//b"), "invalid_input"),
        (bucket("a/../b"), "invalid_input"),
        (bucket("a/.."), "invalid_input"),
        (bucket("./a"), "invalid_input"),
        (bucket("x" * 700), "invalid_input"),
        (bucket(bucket="a/b"), "invalid_input"),
        (bucket(bucket=""), "place_incomplete"),
        (bucket(endpoint=""), "place_incomplete"),
        (bucket(endpoint="https://user:x@s3.tarn.example"), "invalid_input"),
        (bucket(endpoint="ftp://s3.tarn.example"), "invalid_input"),
        (bucket(endpoint="https://s3.tarn.example/backups"), "invalid_input"),
        (bucket(endpoint="https://s3.tarn.example:x"), "invalid_input"),
        (folder(""), "place_incomplete"),
        (folder("backups"), "invalid_input"),
        (folder("/"), "invalid_input"),
        (folder("/srv/.."), "invalid_input"),
        (folder("/srv/x", "/"), "invalid_input"),
        (folder("/srv/../etc"), "invalid_input"),
        (spell(Place.VENDOR, {}, "Images"), "place_incomplete"),
        (spell(Place.MEDIA, {}, "Images"), "place_incomplete"),
    ],
)
def test_what_is_no_place(found, code):
    assert isinstance(found, Refusal)
    assert found.code == code
    assert "user:x" not in str(found)


def test_places_that_cannot_overlap_have_no_key():
    for place, said in (
        (Place.VAULT, {}),
        (Place.UNKNOWN, {"path": "/x"}),
        (Place.VENDOR, {"console": "Tarn"}),
    ):
        found = spell(place, said, "Images")
        assert isinstance(found, Spelled)
        assert found.key == ""
        assert "path" not in found.whereabouts
    assert not overlap("", "")


NAMES = st.lists(st.text("abAB.-_ é", min_size=1, max_size=4), min_size=1, max_size=4).map("/".join)


@given(NAMES, NAMES)
def test_overlap_is_what_a_storage_would_list(one, other):
    first, second = bucket(one), bucket(other)
    if isinstance(first, Refusal) or isinstance(second, Refusal):
        return
    a, b = str(first.whereabouts["prefix"]), str(second.whereabouts["prefix"])
    if a.startswith(b) or b.startswith(a):
        assert overlap(first.key, second.key)
    if overlap(first.key, second.key) and len(first.key) >= len(second.key):
        assert second.key in within(first.key), "what lies around a place is found by exact names"
