# SPDX-License-Identifier: AGPL-3.0-or-later
"""A bucket as a place, on a real server process (which, and what it cannot prove: tests/support/s3_server.py)."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from partwell.connectors import s3_calls
from partwell.connectors.errors import PathTrick, PlaceMissing, PlaceRefused
from partwell.connectors.places import Answer, Outcome, Place, Thing
from partwell.connectors.secret import Secret
from tests.support.s3_server import S3Server

PREFIX = "clients/northwick/"


def put(server: S3Server, bucket: str, *keys: str, **more: Any) -> None:
    client = server.client()
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=key.encode(), **more)


def what(place: Place) -> list[tuple[str, str]]:
    return [(thing.key.removeprefix(PREFIX), thing.kind) for thing in place.list()]


def empty(place: Place) -> list[Outcome]:
    outcomes = place.delete(list(place.list()))
    assert {one.state for one in outcomes} <= {"deleted"}, outcomes
    assert list(place.list()) == []
    return outcomes


# all of it --------------------------------------------------------------------


def test_every_version_marker_and_upload_is_listed_and_goes(s3_server: S3Server) -> None:
    bucket, client = s3_server.make_bucket(versioning=True), s3_server.client()
    put(s3_server, bucket, f"{PREFIX}a", f"{PREFIX}a", f"{PREFIX}b")
    client.delete_object(Bucket=bucket, Key=f"{PREFIX}a")
    upload = client.create_multipart_upload(Bucket=bucket, Key=f"{PREFIX}big")["UploadId"]
    client.upload_part(Bucket=bucket, Key=f"{PREFIX}big", UploadId=upload, PartNumber=1, Body=b"part")
    place = s3_server.place(bucket, PREFIX)
    assert what(place) == [
        ("a", "object"),
        ("a", "object"),
        ("a", "marker"),
        ("b", "object"),
        ("big", "upload"),
    ]
    things = list(place.list())
    assert [thing.latest for thing in things] == [False, False, True, True, False]
    assert things[0].size == len(f"{PREFIX}a") and things[0].modified.tzinfo is UTC and things[0].etag
    assert len({thing.version for thing in things}) == 5
    outcomes = empty(place)
    assert [(one.key, one.version, one.kind) for one in outcomes] == [
        (t.key, t.version, t.kind) for t in things
    ]
    assert "Versions" not in client.list_object_versions(Bucket=bucket)
    assert client.list_multipart_uploads(Bucket=bucket).get("Uploads", []) == []


def test_deleting_again_is_no_failure(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    put(s3_server, bucket, f"{PREFIX}a")
    s3_server.client().create_multipart_upload(Bucket=bucket, Key=f"{PREFIX}big")
    place = s3_server.place(bucket, PREFIX)
    things = list(place.list())
    place.delete(things)
    assert {one.state for one in place.delete(things)} <= {"deleted", "gone"}
    assert place.delete([]) == []


@pytest.mark.parametrize("mode", ["off", "suspended"])
def test_without_versioning_too(s3_server: S3Server, mode: str) -> None:
    bucket, client = s3_server.make_bucket(versioning=mode == "suspended"), s3_server.client()
    put(s3_server, bucket, f"{PREFIX}a", f"{PREFIX}b")
    if mode == "suspended":
        put(s3_server, bucket, f"{PREFIX}a")
        client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    place = s3_server.place(bucket, PREFIX)
    assert place.facts().versioning == mode
    assert len(list(place.list())) == (3 if mode == "suspended" else 2)
    empty(place)


def test_pages_beyond_a_thousand(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    s3_server.fill(bucket, PREFIX, 2300)
    s3_server.fill(bucket, PREFIX, 150)  # a second version of the first ones
    place = s3_server.place(bucket, PREFIX)
    things = list(place.list())
    assert len(things) == len({(thing.key, thing.version) for thing in things}) == 2450
    assert len(empty(place)) == 2450


def test_many_versions_of_one_key_over_pages(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    for _ in range(3):
        s3_server.fill(bucket, PREFIX, 1)
    for _ in range(40):
        s3_server.fill(bucket, PREFIX, 30)
    place = s3_server.place(bucket, PREFIX)
    assert len({(thing.key, thing.version) for thing in place.list()}) == 1203
    assert len(empty(place)) == 1203


def test_a_thousand_and_more_uploads(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket()
    s3_server.uploads(bucket, PREFIX, 1005, 700)
    place = s3_server.place(bucket, PREFIX)
    assert len({(thing.key, thing.version) for thing in place.list()}) == 1005
    empty(place)


@pytest.mark.parametrize(
    "key", ["a b", "x+y", "q%20", "per%cent", "tab\there", "eq=1&2", "ü/ß", "🙂", "<&>\"'", "a//b", "./x", "../x", "end/"]
)  # fmt: skip
def test_names_that_need_care(s3_server: S3Server, key: str) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    put(s3_server, bucket, PREFIX + key)
    put(s3_server, bucket, "other/" + key)
    place = s3_server.place(bucket, PREFIX)
    assert [thing.key for thing in place.list()] == [PREFIX + key]
    empty(place)
    assert len(list(s3_server.place(bucket, "other/").list())) == 1


def test_going_on_leaves_nothing_out(s3_server: S3Server) -> None:
    bucket, client = s3_server.make_bucket(versioning=True), s3_server.client()
    for key in ("a", "b", "b", "b", "b/c", "bb", "c"):
        put(s3_server, bucket, PREFIX + key)
    client.delete_object(Bucket=bucket, Key=f"{PREFIX}b")
    for key in ("b", "b", "z"):
        client.create_multipart_upload(Bucket=bucket, Key=PREFIX + key)
    place = s3_server.place(bucket, PREFIX)
    things = list(place.list())
    for number, thing in enumerate(things):
        rest = list(place.list(place.marker_of(thing)))
        assert set(things[number + 1 :]) <= set(rest)
        extra = [one for one in rest if one not in things[number + 1 :]]
        assert {one.key for one in extra} <= {thing.key}  # only versions of that very key may come again
        assert len(place.marker_of(thing)) < 3000
    # what came before is deleted by now, the marker's own thing too
    place.delete(things[:3])
    assert set(place.list(place.marker_of(things[2]))) == set(things[3:])
    for wrong in ("x", "[]", '["v"]', '["w", "x"]', '["v", "elsewhere/x"]'):
        with pytest.raises(PathTrick):
            list(place.list(wrong))


# locks ------------------------------------------------------------------------


def test_locks_are_told_and_hold(s3_server: S3Server) -> None:
    bucket, client = s3_server.make_bucket(lock=True), s3_server.client()
    until = datetime.now(UTC) + timedelta(days=30)
    for name, more in {
        "free": {},
        "gov": {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until},
        "comp": {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until},
        "held": {"ObjectLockLegalHoldStatus": "ON"},
    }.items():
        put(s3_server, bucket, PREFIX + name, **more)
    client.delete_object(Bucket=bucket, Key=f"{PREFIX}free")  # a marker carries no lock
    place = s3_server.place(bucket, PREFIX)
    assert place.facts().object_lock
    things = list(place.list())
    found = {(lock.key.removeprefix(PREFIX), lock.kind, lock.until) for lock in place.locks(things)}
    assert found == {
        ("gov", "governance", until.date()),
        ("comp", "compliance", until.date()),
        ("held", "legal_hold", None),
    }
    outcomes = place.delete(things)
    failed = {one.key.removeprefix(PREFIX): one.code for one in outcomes if one.state == "failed"}
    assert failed == dict.fromkeys(("gov", "comp", "held"), "AccessDenied")
    assert {key for key, _ in what(place)} == {"gov", "comp", "held"}
    client.put_object_legal_hold(Bucket=bucket, Key=f"{PREFIX}held", LegalHold={"Status": "OFF"})
    assert {one.state for one in place.delete([t for t in place.list() if t.key.endswith("held")])} == {
        "deleted"
    }


def test_a_locked_version_among_others_of_its_key(s3_server: S3Server) -> None:
    """The server leaves the version out of such an error: what is not said to be deleted counts as kept."""
    bucket = s3_server.make_bucket(lock=True)
    put(s3_server, bucket, f"{PREFIX}a")
    put(s3_server, bucket, f"{PREFIX}a", ObjectLockLegalHoldStatus="ON")
    put(s3_server, bucket, f"{PREFIX}a")
    place = s3_server.place(bucket, PREFIX)
    held = {lock.version for lock in place.locks(list(place.list()))}
    assert len(held) == 1
    outcomes = place.delete(list(place.list()))
    assert {one.version for one in outcomes if one.state == "failed"} == held
    assert {thing.version for thing in place.list()} == held


def test_no_lock_is_asked_for_where_the_bucket_has_none(s3_server: S3Server) -> None:
    heard: list[Answer] = []
    bucket = s3_server.make_bucket(versioning=True)
    put(s3_server, bucket, f"{PREFIX}a")
    place = s3_server.place(bucket, PREFIX, heard=heard.append)
    assert place.locks(list(place.list())) == []
    assert not any("retention" in answer.what for answer in heard)


# facts ------------------------------------------------------------------------


def test_facts_tell_what_a_date_hangs_on(s3_server: S3Server) -> None:
    bucket, client = s3_server.make_bucket(lock=True), s3_server.client()
    client.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 30}}},
    )  # fmt: skip
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [{"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "clients/"}, "NoncurrentVersionExpiration": {"NoncurrentDays": 14}}]},
    )  # fmt: skip
    copy = s3_server.make_bucket(versioning=True)
    client.put_bucket_replication(
        Bucket=bucket,
        ReplicationConfiguration={"Role": "arn:aws:iam::123456789012:role/r", "Rules": [{"ID": "r", "Status": "Enabled", "Priority": 1, "Filter": {"Prefix": ""}, "DeleteMarkerReplication": {"Status": "Disabled"}, "Destination": {"Bucket": f"arn:aws:s3:::{copy}"}}]},
    )  # fmt: skip
    facts = s3_server.place(bucket, PREFIX).facts()
    assert facts.reachable and facts.versioning == "on" and facts.object_lock and facts.unknown == ()
    assert facts.default_retention == "compliance, 30 days"
    assert (
        len(facts.replication) == 1
        and copy in facts.replication[0]
        and "deletions are not copied" in facts.replication[0]
    )
    assert facts.lifecycle == ("Rule old for clients/: deletes old versions after 14 days.",)
    assert {answer.what for answer in facts.raw} >= {"get_bucket_versioning", "get_object_lock_configuration"}
    assert all(answer.at.tzinfo is UTC and '"status":200' in answer.text for answer in facts.raw)


def test_what_may_not_be_asked_is_unknown_and_expected_to_be_hard(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(lock=True)
    put(s3_server, bucket, f"{PREFIX}a")
    key, secret = s3_server.user(
        {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListObjectsV2", "s3:ListBucketVersions"],
            "Resource": "*",
        }
    )
    place = s3_server.place(bucket, PREFIX, access_key=key, secret=Secret(secret))
    facts = place.facts()
    assert facts.versioning == "on" and facts.object_lock
    assert {"versioning", "incomplete uploads"} <= set(facts.unknown)
    things = list(s3_server.place(bucket, PREFIX).list())
    with pytest.raises(PlaceRefused, match="GetObjectRetention"):
        place.locks(things)
    with pytest.raises(PlaceRefused, match="ListBucketMultipartUploads"):
        list(place.list())  # half a listing would be no proof
    (outcome,) = place.delete(things)
    assert (outcome.state, outcome.code) == (
        "failed",
        "AccessDenied",
    ) and "s3:DeleteObjectVersion" in outcome.words
    assert len(list(s3_server.place(bucket, PREFIX).list())) == 1


# refusals ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "given", [{"secret": Secret("not-the-secret")}, {"access_key": "AKIANOBODYNOBODY0000"}]
)
def test_a_wrong_secret_is_refused_everywhere(s3_server: S3Server, given: dict[str, Any]) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    put(s3_server, bucket, f"{PREFIX}a")
    (thing,) = s3_server.place(bucket, PREFIX).list()
    place = s3_server.place(bucket, PREFIX, **given)
    calls: list[Any] = [
        place.facts,
        lambda: list(place.list()),
        lambda: place.locks([thing]),
        lambda: place.delete([thing]),
    ]
    for call in calls:
        with pytest.raises(PlaceRefused, match="access key or its secret") as refused:
            call()
        assert bucket in str(refused.value) and "not-the-secret" not in str(refused.value)
    assert len(list(s3_server.place(bucket, PREFIX).list())) == 1


def test_a_bucket_that_is_not_there_is_never_an_empty_one(s3_server: S3Server) -> None:
    place = s3_server.place("no-such-bucket-here", PREFIX)
    facts = place.facts()
    assert not facts.reachable and "no such bucket" in facts.raw[-1].text
    with pytest.raises(PlaceMissing):
        list(place.list())


def test_nobody_there(s3_server: S3Server) -> None:
    facts = s3_server.place("some-bucket", PREFIX, endpoint="http://127.0.0.1:9").facts()
    assert not facts.reachable and "no answer" in facts.raw[-1].text


def test_no_secret_shows_itself(s3_server: S3Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    heard: list[Answer] = []
    bucket = s3_server.make_bucket(versioning=True)
    put(s3_server, bucket, f"{PREFIX}a")
    place = s3_server.place(bucket, PREFIX, heard=heard.append)
    place.facts()
    empty(place)
    shown = " ".join(
        [repr(place), place.describe(), str(heard), caplog.text, repr(s3_server), repr(vars(place))]
    )
    assert s3_server.secret not in shown
    assert bucket in place.describe() and PREFIX in place.describe()


def test_the_machines_own_credentials_are_never_used(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    bucket = s3_server.make_bucket()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", s3_server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", s3_server.secret)
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:9\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    s3_calls._session.cache_clear()
    assert s3_server.place(bucket, PREFIX).facts().reachable
    with pytest.raises(PlaceRefused):
        s3_server.place(bucket, PREFIX, secret=Secret("wrong")).facts()


def test_things_of_a_folder_are_refused(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket()
    thing = Thing(f"{PREFIX}a", "", "file", 0, datetime.now(UTC), "", True)
    (outcome,) = s3_server.place(bucket, PREFIX).delete([thing])
    assert (outcome.state, outcome.code) == ("failed", "outside")


def test_a_plain_deletion_that_only_hides_is_told(s3_server: S3Server) -> None:
    bucket = s3_server.make_bucket(versioning=True)
    put(s3_server, bucket, f"{PREFIX}a")
    thing = Thing(f"{PREFIX}a", "", "object", 1, datetime.now(UTC), "", True)
    (outcome,) = s3_server.place(bucket, PREFIX).delete([thing])
    assert (outcome.state, outcome.code) == ("failed", "only_marked")
