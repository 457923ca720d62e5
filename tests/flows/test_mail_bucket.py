# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails that Amazon SES keeps in a bucket because SNS carries 150 KB: fetched from a real S3 server, whole, by a key that may only read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from partwell.actions.correspondence import bucket_mail
from partwell.actions.correspondence.roads import NewRoad, add_road, change_road
from partwell.actions.files import read_file
from partwell.connectors.secret import Secret
from partwell.records.correspondence.models import InboundMail, Road
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, mail
from tests.flows.test_mail_in import started
from tests.flows.test_mail_services import SENDER, TOPIC, Call, _comes_in, path_of, post, sns
from tests.support.s3_server import S3Server

pytestmark = pytest.mark.usefixtures("db_world", "_comes_in")
SECRET = "k" * 40
READS = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
__all__ = ["_comes_in"]


@pytest.fixture
def bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(bucket_mail, "ENDPOINT", s3_server.endpoint)
    yield s3_server.make_bucket()


def road_of(c: Cast, bucket: str, key: tuple[str, str]) -> Road:
    wanted = {"service": "ses", "topic": TOPIC, "bucket": bucket, "access_key": key[0]}
    return done(add_road(actor=c.jonah, road=NewRoad("webhook", "SES", Secret(SECRET), wanted, storage=Secret(key[1]))))  # fmt: skip


def told(bucket: str, key: str, to: str) -> Call:
    """What SES says through the topic when it has stored a mail (its S3 action)."""
    event = {
        "notificationType": "Received",
        "mail": {"timestamp": "2026-11-23T10:00:00.000Z", "source": SENDER, "messageId": key, "destination": [to]},
        "receipt": {"recipients": [to], "action": {
            "type": "S3", "topicArn": TOPIC, "bucketName": bucket, "objectKeyPrefix": "in", "objectKey": f"in/{key}"}},
    }  # fmt: skip
    return sns(SECRET, json.dumps(event))


def put(s3: S3Server, bucket: str, key: str, raw: bytes, **more: Any) -> None:
    s3.client().put_object(Bucket=bucket, Key=f"in/{key}", Body=raw, **more)


def test_a_mail_above_sns_is_fetched_whole_and_once(s3_server: S3Server, bucket: str) -> None:
    c, place = started(), address()
    road = road_of(c, bucket, s3_server.user(READS))
    raw = mail(SENDER, place, "A large one").replace(
        b"Which model", b"Wh\xefch \x00\xff" + b"model " * 50_000
    )
    put(s3_server, bucket, "one", raw)
    call = told(bucket, "one", place)
    assert post(road, call).status_code == 200 and post(road, call).status_code == 200
    row = InboundMail.objects.get()
    assert read_file(row.raw) == raw and len(raw) > 250_000
    assert (row.road, row.envelope_from, row.envelope_to) == ("webhook", SENDER, [place])
    assert s3_server.client().head_object(Bucket=bucket, Key="in/one")["ContentLength"] == len(raw), (
        "nothing is deleted there"
    )


def test_what_cannot_be_fetched_is_told_and_tried_again(
    s3_server: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    c, place = started(), address()
    key = s3_server.user(READS)
    road = road_of(c, bucket, key)
    put(
        s3_server,
        bucket,
        "locked",
        b"x",
        Metadata={"x-amz-key-v2": "wrapped", "x-amz-cek-alg": "AES/GCM/NoPadding"},
    )
    put(s3_server, bucket, "large", b"x" * 3000)
    other = s3_server.make_bucket()
    put(s3_server, other, "one", mail(SENDER, place))

    def says(call: Call, words: str) -> None:
        answer = post(road, call)
        assert answer.status_code == 503 and words in answer.json()["problem"], answer.content
        road.refresh_from_db()
        assert words in road.last_error and key[1] not in road.last_error

    says(told(bucket, "gone", place), "no object of that name")
    says(told(other, "one", place), "another bucket")
    says(told(bucket, "x" * 1100, place), "cannot be one")
    says(told(bucket, "\ud800", place), "cannot be one")
    says(told(bucket, "locked", place), "message encryption")
    with monkeypatch.context() as patch:
        patch.setattr(bucket_mail, "LARGEST", 2000)
        says(told(bucket, "large", place), "stays in the bucket as in/large")
    done(change_road(actor=c.jonah, road_id=road.id, storage=Secret("w" * 40)))
    road.refresh_from_db()
    says(told(bucket, "one", place), "enter both again")
    may_not = s3_server.user({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"})
    done(change_road(actor=c.jonah, road_id=road.id, settings={"access_key": may_not[0]}, storage=Secret(may_not[1])))  # fmt: skip
    road.refresh_from_db()
    says(told(bucket, "one", place), "s3:GetObject")
    assert not InboundMail.objects.exists()
    wrong = told(bucket, "one", place)
    wrong.headers.update(sns("x" * 40, "").headers)
    assert post(road, wrong).status_code == 404, "without the road's own proof nobody makes us fetch anything"


def test_a_bucket_beside_a_road_wants_its_key_and_goes_with_it(s3_server: S3Server, bucket: str) -> None:
    c, place = started(), address()
    key = s3_server.user(READS)
    whole = {"service": "ses", "topic": TOPIC, "bucket": bucket, "access_key": key[0], "region": ""}
    for wrong, secret in (
        ({"bucket": "No_Bucket"}, key[1]), ({"access_key": ""}, key[1]), ({"access_key": "no id"}, key[1]), ({"region": "x"}, key[1]),
        ({"service": "postmark", "topic": ""}, key[1]), ({"bucket": "", "access_key": ""}, key[1]), ({}, ""), ({}, "short"),
    ):  # fmt: skip
        made = NewRoad("webhook", "SES", Secret(SECRET), {**whole, **wrong}, storage=Secret(secret))
        assert isinstance(add_road(actor=c.jonah, road=made), Refusal), (wrong, secret)
    plain = {"service": "ses", "topic": TOPIC}
    road = done(add_road(actor=c.jonah, road=NewRoad("webhook", "SES", Secret(SECRET), plain)))
    put(s3_server, bucket, "one", mail(SENDER, place, "Fetched later"))
    call = told(bucket, "one", place)
    assert "name the bucket" in post(road, call).json()["problem"]
    named = {"bucket": bucket, "access_key": key[0]}
    assert isinstance(change_road(actor=c.jonah, road_id=road.id, settings=named), Refusal), (
        "its key is wanted"
    )
    done(change_road(actor=c.jonah, road_id=road.id, settings=named, storage=Secret(key[1])))
    road.refresh_from_db()
    assert path_of(road) and post(road, call).status_code == 200, "the road's own secret stayed"
    # A key is shown to no other bucket; without a bucket there is none.
    assert isinstance(
        change_road(actor=c.jonah, road_id=road.id, settings={"bucket": "another-bucket"}), Refusal
    )
    done(change_road(actor=c.jonah, road_id=road.id, settings={"bucket": "", "access_key": ""}))
    road.refresh_from_db()
    assert "name the bucket" in post(road, told(bucket, "two", place)).json()["problem"]
