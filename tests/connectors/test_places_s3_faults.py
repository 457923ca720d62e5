# SPDX-License-Identifier: AGPL-3.0-or-later
"""A storage that throttles, whose credentials end half-way, that breaks off, lies or lacks half of S3."""

from collections.abc import Callable
from typing import Any

import pytest

from partwell.connectors.errors import (
    PathTrick,
    PlaceCredentialsExpired,
    PlaceError,
    PlaceMissing,
    PlaceRefused,
    PlaceThrottled,
    PlaceUnreachable,
)
from partwell.connectors.places import Answer
from partwell.connectors.secret import Secret
from tests.support.s3_faults import Fault, anything, deleting, faults_before, listing
from tests.support.s3_server import S3Server

PREFIX = "clients/northwick/"


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    made = s3_server.make_bucket(versioning=True)
    s3_server.fill(made, PREFIX, 1500)
    return made


def one_key(server: S3Server) -> str:
    made = server.make_bucket(versioning=True)
    server.fill(made, PREFIX, 3)
    return made


def left(server: S3Server, bucket: str) -> int:
    return len(list(server.place(bucket, PREFIX).list()))


def asks(query: str) -> Callable[[str, str], bool]:
    return lambda method, path: query in path.partition("?")[2].split("&")


# patience ---------------------------------------------------------------------


def test_throttling_is_waited_out_longer_each_time(s3_server: S3Server, bucket: str) -> None:
    waits: list[float] = []
    with faults_before(s3_server.endpoint, Fault(anything, times=3), Fault(deleting, times=2)) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint, sleep=waits.append, patience=1.0)
        things = list(place.list())
        assert len(things) == 1500
        assert {one.state for one in place.delete(things)} == {"deleted"}
    assert len(waits) == 5
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2 <= waits[2] <= 4
    assert left(s3_server, bucket) == 0


def test_patience_is_bounded(s3_server: S3Server) -> None:
    waits: list[float] = []
    with faults_before(s3_server.endpoint, Fault(anything)) as proxy:
        place = s3_server.place(
            one_key(s3_server), PREFIX, endpoint=proxy.endpoint, sleep=waits.append, attempts=8
        )
        with pytest.raises(PlaceThrottled, match="go on later"):
            list(place.list())
        assert len(proxy.asked) == 8
    assert len(waits) == 7 and max(waits) <= 20


@pytest.mark.parametrize(
    ("status", "code"), [(503, "ServiceUnavailable"), (429, "TooManyRequests"), (503, "")]
)
def test_throttling_by_other_names(s3_server: S3Server, status: int, code: str) -> None:
    with (
        faults_before(s3_server.endpoint, Fault(anything, status=status, code=code)) as proxy,
        pytest.raises(PlaceThrottled),
    ):
        list(s3_server.place("some-bucket", PREFIX, endpoint=proxy.endpoint, attempts=2).list())


def test_throttling_of_single_keys_inside_an_answer(s3_server: S3Server) -> None:
    bucket = one_key(s3_server)

    def slow(body: bytes) -> bytes:
        return (
            b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            + b"".join(
                f"<Error><Key>{t.key}</Key><VersionId>{t.version}</VersionId><Code>SlowDown</Code></Error>".encode()
                for t in things
            )
            + b"</DeleteResult>"
        )

    things = list(s3_server.place(bucket, PREFIX).list())
    waits: list[float] = []
    with faults_before(s3_server.endpoint, Fault(deleting, "instead", times=2, body=slow)) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint, sleep=waits.append)
        assert {one.state for one in place.delete(things)} == {"deleted"}
        assert len(waits) == 2
    with faults_before(s3_server.endpoint, Fault(deleting, "instead", body=slow)) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint, attempts=3)
        assert {(one.state, one.code) for one in place.delete(things)} == {("failed", "SlowDown")}


# credentials that end ----------------------------------------------------------


def test_credentials_that_end_half_way_lose_nothing(s3_server: S3Server, bucket: str) -> None:
    things = list(s3_server.place(bucket, PREFIX).list())
    with faults_before(s3_server.endpoint, Fault(deleting, status=400, code="ExpiredToken", skip=1)) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint)
        with pytest.raises(PlaceCredentialsExpired, match="enter new ones") as expired:
            place.delete(things)
        assert len(proxy.asked) == 2  # no patience for what cannot get better
    done = expired.value.outcomes
    assert len(done) == 1000 and {one.state for one in done} == {"deleted"}
    assert left(s3_server, bucket) == 500
    assert isinstance(expired.value, PlaceRefused)
    # with new credentials the same call again ends it
    assert {one.state for one in s3_server.place(bucket, PREFIX).delete(things)} == {"deleted"}
    assert left(s3_server, bucket) == 0


def test_credentials_that_end_while_listing_never_pass_for_the_end(s3_server: S3Server, bucket: str) -> None:
    with faults_before(s3_server.endpoint, Fault(listing, status=400, code="ExpiredToken", skip=1)) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint)
        seen = []
        with pytest.raises(PlaceCredentialsExpired):
            for thing in place.list():
                seen.append(thing)
    assert len(seen) == 1000
    assert len(list(s3_server.place(bucket, PREFIX).list(place.marker_of(seen[-1])))) in (500, 501)


# broken connections --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["hang_up", "hang_up_after"])
def test_a_lost_answer_is_asked_for_again(s3_server: S3Server, bucket: str, kind: Any) -> None:
    things = list(s3_server.place(bucket, PREFIX).list())
    with faults_before(
        s3_server.endpoint, Fault(deleting, kind, times=2), Fault(listing, "hang_up", times=1)
    ) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint)
        assert {one.state for one in place.delete(things)} == {"deleted"}
        assert list(place.list()) == []


def test_nobody_there_any_more(s3_server: S3Server) -> None:
    bucket = one_key(s3_server)
    things = list(s3_server.place(bucket, PREFIX).list())
    with faults_before(s3_server.endpoint, Fault(anything, "hang_up")) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint, attempts=2)
        assert not place.facts().reachable
        with pytest.raises(PlaceUnreachable) as lost:
            place.delete(things)
        assert lost.value.outcomes == ()
    assert left(s3_server, bucket) == 3


@pytest.mark.parametrize("page", [b"<html>Sign in to the network</html>", b"<html><br>Sign in", b"", b"{}"])
def test_an_answer_of_something_else_is_no_empty_listing(s3_server: S3Server, page: bytes) -> None:
    """A sign-in page of a network parses as a listing of nothing, and that would be proof."""
    bucket = one_key(s3_server)
    with faults_before(s3_server.endpoint, Fault(anything, "instead", body=lambda body: page)) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint, attempts=2)
        assert not place.facts().reachable
        with pytest.raises(PlaceUnreachable):
            list(place.list())
    with (
        faults_before(s3_server.endpoint, Fault(asks("uploads"), "instead", body=lambda body: page)) as proxy,
        pytest.raises(PlaceUnreachable),
    ):
        list(s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint, attempts=2).list())


# other answers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "error", "word"),
    [
        (403, "SignatureDoesNotMatch", PlaceRefused, "secret"),
        (403, "RequestTimeTooSkewed", PlaceRefused, "clock"),
        (301, "PermanentRedirect", PlaceRefused, "region"),
        (400, "AuthorizationHeaderMalformed", PlaceRefused, "region"),
        (404, "NoSuchBucket", PlaceMissing, "no such bucket"),
        (403, "AccessDenied", PlaceRefused, "ListBucketVersions"),
        (500, "InternalError", PlaceUnreachable, "trouble"),
        (418, "Teapot", PlaceRefused, "Teapot"),
    ],
)
def test_each_refusal_has_its_kind_and_its_remedy(
    s3_server: S3Server, status: int, code: str, error: type[PlaceError], word: str
) -> None:
    with (
        faults_before(s3_server.endpoint, Fault(anything, status=status, code=code)) as proxy,
        pytest.raises(error, match=word) as said,
    ):
        list(s3_server.place("some-bucket", PREFIX, endpoint=proxy.endpoint, attempts=2).list())
    assert "some-bucket" in str(said.value) and str(said.value).endswith(".")
    assert type(said.value) is error


def test_a_question_that_cannot_be_said_for_many_is_put_one_by_one(s3_server: S3Server) -> None:
    bucket = one_key(s3_server)
    with faults_before(s3_server.endpoint, Fault(deleting, status=400, code="MalformedXML")) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint)
        assert {one.state for one in place.delete(list(place.list()))} == {"deleted"}
        assert [method for method, _ in proxy.asked].count("DELETE") == 3
    assert left(s3_server, bucket) == 0


def test_a_storage_without_versions_and_uploads(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket()
    s3_server.fill(bucket, PREFIX, 1100)
    missing = {"status": 501, "code": "NotImplemented"}
    plan = [
        Fault(asks(name), **missing)
        for name in ("versions", "uploads", "versioning", "object-lock", "replication")
    ]  # type: ignore[arg-type]
    with faults_before(s3_server.endpoint, *plan) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint)
        facts = place.facts()
        assert set(facts.unknown) == {"versioning", "Object Lock", "replication", "incomplete uploads"}
        assert not facts.object_lock
        things = list(place.list())
        assert len(things) == 1100 and {thing.version for thing in things} == {""}
        assert len(list(place.list(place.marker_of(things[999])))) in (100, 101)
        assert {one.state for one in place.delete(things)} == {"deleted"}
        assert list(place.list()) == []


def test_a_lock_question_that_is_forbidden_counts_as_locked(s3_server: S3Server) -> None:
    with faults_before(
        s3_server.endpoint, Fault(asks("object-lock"), status=403, code="AccessDenied")
    ) as proxy:
        facts = s3_server.place(one_key(s3_server), PREFIX, endpoint=proxy.endpoint).facts()
        assert facts.object_lock and facts.unknown == ("Object Lock",)


def test_a_second_factor_for_deletion_is_told(s3_server: S3Server) -> None:
    def on(body: bytes) -> bytes:
        return body.replace(
            b"<Status>Enabled</Status>", b"<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"
        )

    with faults_before(s3_server.endpoint, Fault(asks("versioning"), "instead", body=on)) as proxy:
        facts = s3_server.place(one_key(s3_server), PREFIX, endpoint=proxy.endpoint).facts()
        assert facts.versioning == "on" and "MFA" in facts.lifecycle[0]


def test_credentials_that_end_while_locks_are_asked_end_it_at_once(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(lock=True)
    s3_server.fill(bucket, PREFIX, 300)
    heard: list[Answer] = []
    things = list(s3_server.place(bucket, PREFIX).list())
    with faults_before(
        s3_server.endpoint, Fault(asks("retention"), status=400, code="ExpiredToken", skip=20)
    ) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint, heard=heard.append)
        with pytest.raises(PlaceCredentialsExpired):
            place.locks(things)
        assert len(proxy.asked) < 150
    assert s3_server.place(bucket, PREFIX, heard=heard.append).locks(things) == []
    assert '"asked":300' in heard[-1].text


def test_a_listing_of_others_things_is_not_believed(s3_server: S3Server) -> None:
    bucket = one_key(s3_server)

    def foreign(body: bytes) -> bytes:
        return body.replace(b"<Key>clients/northwick/", b"<Key>clients/quayside/")

    with (
        faults_before(s3_server.endpoint, Fault(listing, "instead", body=foreign)) as proxy,
        pytest.raises(PathTrick, match="outside of the prefix"),
    ):
        list(s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint).list())


def test_a_listing_in_a_circle_ends(s3_server: S3Server) -> None:
    bucket = one_key(s3_server)

    def more(body: bytes) -> bytes:
        return body.replace(b"<IsTruncated>false</IsTruncated>", b"<IsTruncated>true</IsTruncated>")

    with (
        faults_before(s3_server.endpoint, Fault(listing, "instead", body=more)) as proxy,
        pytest.raises(PlaceUnreachable, match="circle"),
    ):
        list(s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint).list())


def test_an_answer_that_leaves_things_out_is_no_deletion(s3_server: S3Server) -> None:
    bucket = one_key(s3_server)
    silent = b'<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>'
    with faults_before(s3_server.endpoint, Fault(deleting, "instead", body=lambda body: silent)) as proxy:
        place = s3_server.place(bucket, PREFIX, endpoint=proxy.endpoint)
        assert {(one.state, one.code) for one in place.delete(list(place.list()))} == {
            ("failed", "no_answer")
        }


def test_a_storages_words_are_cleaned_of_secrets(s3_server: S3Server) -> None:
    bucket, token = one_key(s3_server), "session-token-that-nobody-may-see"
    heard: list[Answer] = []
    words = f"{token} {s3_server.secret}\n"
    things = list(s3_server.place(bucket, PREFIX).list())[:1]
    place = s3_server.place(bucket, PREFIX, session_token=Secret(token), heard=heard.append)
    said = place._settle(things, [0], {"Errors": [{"Key": things[0].key, "Code": "Odd", "Message": words}]})
    place._calls.hear("delete_objects", {"errors": [{"Message": words}]})
    shown = said[0].words + heard[0].text
    assert token not in shown and s3_server.secret not in shown and "…" in shown
