# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where one client's prefix ends and another's begins."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partwell.connectors.errors import PathTrick
from partwell.connectors.s3 import S3Place, check_prefix
from partwell.connectors.s3_calls import check_bucket, check_endpoint
from partwell.connectors.secret import Secret
from tests.support.s3_server import S3Server


def put(server: S3Server, bucket: str, *keys: str) -> None:
    for key in keys:
        server.client().put_object(Bucket=bucket, Key=key, Body=b"x")


def test_a_prefix_of_another_clients_prefix_stays_apart(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    put(
        s3_server, bucket, "clients/ab/1", "clients/abc/1", "clients/ab", "clients/ab.txt", "clients/ab-old/1"
    )
    place = s3_server.place(bucket, "clients/ab")
    assert place.prefix == "clients/ab/"
    assert [thing.key for thing in place.list()] == ["clients/ab/1"]
    foreign = [thing for thing in s3_server.place(bucket).list() if not thing.key.startswith("clients/ab/")]
    assert {(one.state, one.code) for one in place.delete(foreign)} == {("failed", "outside")}
    assert {one.state for one in place.delete(list(place.list()))} == {"deleted"}
    assert list(place.list()) == []
    assert len(list(s3_server.place(bucket).list())) == 4


def test_one_object_by_its_whole_name(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    put(s3_server, bucket, "sets/ab.vbk", "sets/ab.vbk", "sets/ab.vbk.2", "sets/ab.vbk/x")
    place = s3_server.place(bucket, "sets/ab.vbk", single=True)
    assert [thing.key for thing in place.list()] == ["sets/ab.vbk"] * 2
    assert {one.state for one in place.delete(list(place.list()))} == {"deleted"}
    assert list(place.list()) == []
    assert len(list(s3_server.place(bucket).list())) == 2


@pytest.mark.parametrize("prefix", ["", "/", "/clients/ab", "clients//ab", "clients/../ab", "..", "./a", "a/ b/", "a\0b", "a\nb", "x" * 1001])  # fmt: skip
def test_such_prefixes_are_refused(prefix: str) -> None:
    with pytest.raises(PathTrick):
        check_prefix(prefix)


def test_the_whole_bucket_only_when_said() -> None:
    assert check_prefix("", whole_bucket=True) == ""
    with pytest.raises(PathTrick):
        check_prefix("clients/", whole_bucket=True)
    with pytest.raises(PathTrick):
        check_prefix("", whole_bucket=True, single=True)


@given(st.text(alphabet="ab/.- ", max_size=12), st.text(alphabet="ab/.- ", max_size=12))
def test_what_a_prefix_takes_in_lies_below_its_name(one: str, other: str) -> None:
    try:
        first, second = check_prefix(one), check_prefix(other)
    except PathTrick:
        return
    assert first.endswith("/") and check_prefix(first) == first
    if second.startswith(first):
        assert second.split("/")[: first.count("/")] == first.split("/")[:-1]
    places = [
        S3Place(endpoint="", region="", bucket="sets", prefix=p, access_key="", secret=Secret(""))
        for p in (first, second)
    ]
    apart = first.split("/")[:-1][: second.count("/")] != second.split("/")[:-1][: first.count("/")]
    assert places[0].overlaps(places[1]) is not apart
    assert places[1].overlaps(places[0]) is not apart


def test_overlaps_look_at_storage_bucket_and_prefix() -> None:
    def place(
        endpoint: str = "https://s3.example", bucket: str = "sets", prefix: str = "a/", **more: Any
    ) -> S3Place:
        return S3Place(
            endpoint=endpoint,
            region="",
            bucket=bucket,
            prefix=prefix,
            access_key="",
            secret=Secret(""),
            **more,
        )

    mine = place()
    assert mine.overlaps(place("https://S3.example:443/")) and mine.overlaps(place("http://s3.example"))
    assert mine.overlaps(place(prefix="", whole_bucket=True)) and mine.overlaps(
        place(prefix="a/x.vbk", single=True)
    )
    assert not mine.overlaps(place("https://other.example")) and not mine.overlaps(place(bucket="others"))
    assert not mine.overlaps(place(prefix="ab/")) and not mine.overlaps("a folder")
    assert place("").overlaps(place("https://s3.eu-central-1.amazonaws.com"))


@pytest.mark.parametrize("endpoint", ["s3.example", "ftp://s3.example", "https://", "https://me:pw@s3.example", "https://s3.example/bucket", "https://s3.example?x=1", "https://s3.example:port"])  # fmt: skip
def test_such_endpoints_are_refused(endpoint: str) -> None:
    with pytest.raises(PathTrick) as refused:
        check_endpoint(endpoint)
    assert "pw" not in str(refused.value)


@pytest.mark.parametrize("bucket", ["", "a/b", "a b", "../x", "a..b", "x" * 300])
def test_such_buckets_are_refused(bucket: str) -> None:
    with pytest.raises(PathTrick):
        check_bucket(bucket)
