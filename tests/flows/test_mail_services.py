# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail by the webhooks of mail services, in the shapes that each documents: what proves itself is taken once, whole, and nothing else."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.conf import settings
from django.test import Client as Browser

from partwell.actions.correspondence import hooks, receive
from partwell.actions.correspondence.roads import NewRoad, add_road, change_road
from partwell.actions.files import read_file
from partwell.connectors.https import HttpsAnswer
from partwell.connectors.secret import Secret
from partwell.entrypoints.mailbox import body, webhook
from partwell.records.correspondence.models import InboundMail, Road
from partwell.rules.mail_services import SERVICES
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, dns, mail, mail_comes_in
from tests.flows.test_mail_in import started

pytestmark = pytest.mark.usefixtures("db_world")
TOPIC = "arn:aws:sns:eu-west-1:111111111111:SES_Inbound"
SENDER = "who@knows.example"
_RSA = rsa.generate_private_key(65537, 2048)
POSTAL_KEY = base64.b64encode(
    _RSA.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
).decode()


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in(), mock.patch("partwell.actions.correspondence.inbound_auth.SystemResolver", dns):
        yield


@dataclass
class Call:
    """What a service posts: its body, its type, and what proves it."""

    body: bytes
    kind: str
    headers: dict[str, str] = field(default_factory=dict)


Maker = Callable[[str, str, str, bytes], Call]


def multipart(fields: dict[str, bytes | str], mark: str = "xYzZY") -> tuple[bytes, str]:
    """A form as services send it (RFC 7578), bytes as they are."""
    pieces = []
    for name, value in fields.items():
        whole = value.encode() if isinstance(value, str) else value
        pieces.append(
            f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + whole + b"\r\n"
        )
    return b"".join(pieces) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def basic(secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"partwell:{secret}".encode()).decode()}


def mailgun(url: str, secret: str, to: str, raw: bytes, *, stamp: int | None = None, token: str = "") -> Call:
    when, token = str(stamp or int(time.time())), token or uuid4().hex + uuid4().hex[:18]
    sign = hmac.new(secret.encode(), f"{when}{token}".encode(), hashlib.sha256).hexdigest()
    fields: dict[str, bytes | str] = {
        "recipient": to, "sender": SENDER, "from": SENDER, "subject": "A question", "body-mime": raw, "timestamp": when, "token": token,
        "signature": sign, "domain": "parting.example",
    }  # fmt: skip
    return Call(*multipart(fields))


def mailgun_urlencoded(url: str, secret: str, to: str, raw: bytes) -> Call:
    when, token = str(int(time.time())), uuid4().hex
    sign = hmac.new(secret.encode(), f"{when}{token}".encode(), hashlib.sha256).hexdigest()
    fields = {"recipient": to, "sender": SENDER, "body-mime": raw, "timestamp": when, "token": token, "signature": sign}  # fmt: skip
    return Call(urlencode(fields).encode(), "application/x-www-form-urlencoded")


def postmark(url: str, secret: str, to: str, raw: bytes) -> Call:
    said = {
        "FromName": "Who", "MessageStream": "inbound", "From": SENDER, "FromFull": {"Email": SENDER, "Name": "Who", "MailboxHash": ""},
        "To": to, "ToFull": [{"Email": to, "Name": "", "MailboxHash": "x"}], "Cc": "", "CcFull": [], "Bcc": "", "BccFull": [],
        "OriginalRecipient": to, "Subject": "A question", "MessageID": str(uuid4()), "ReplyTo": "", "MailboxHash": "x", "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
        "TextBody": "…", "HtmlBody": "", "StrippedTextReply": "", "Tag": "",
        "Headers": [{"Name": "Return-Path", "Value": f"<{SENDER}>"}, {"Name": "X-Spam-Status", "Value": "No"}],
        "Attachments": [], "RawEmail": raw.decode(),
    }  # fmt: skip
    return Call(json.dumps(said).encode(), "application/json; charset=utf-8", basic(secret))


def sendgrid(url: str, secret: str, to: str, raw: bytes) -> Call:
    fields: dict[str, bytes | str] = {
        "to": to, "email": raw, "dkim": "{@knows.example : pass}", "subject": "A question", "from": SENDER, "sender_ip": "192.0.2.7",
        "envelope": json.dumps({"to": [to], "from": SENDER}), "charsets": '{"to":"UTF-8","subject":"UTF-8","from":"UTF-8"}', "SPF": "pass",
    }  # fmt: skip
    return Call(*multipart(fields), basic(secret))


def sparkpost(url: str, secret: str, to: str, raw: bytes) -> Call:
    event = {
        "content": {"email_rfc822": base64.b64encode(raw).decode(), "email_rfc822_is_base64": True, "headers": [], "html": "", "subject": "", "text": "", "to": [to]},
        "customer_id": "1", "friendly_from": SENDER, "msg_from": SENDER, "rcpt_to": to, "webhook_id": "4", "protocol": "smtp",
    }  # fmt: skip
    return Call(json.dumps([{"msys": {"relay_message": event}}]).encode(), "application/json", basic(secret))


def mandrill(url: str, secret: str, to: str, raw: bytes) -> Call:
    event = {"event": "inbound", "ts": int(time.time()), "msg": {"raw_msg": raw.decode(), "email": to, "from_email": SENDER, "sender": None, "headers": {}}}  # fmt: skip
    params = {"mandrill_events": json.dumps([event])}
    signed = url + "".join(name + params[name] for name in sorted(params))
    sign = base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return Call(
        urlencode(params).encode(), "application/x-www-form-urlencoded", {"X-Mandrill-Signature": sign}
    )


def mailersend(url: str, secret: str, to: str, raw: bytes) -> Call:
    said = {
        "type": "inbound.message", "inbound_id": "1", "url": url, "created_at": "2026-11-23T10:00:00.000000Z",
        "data": {"object": "message", "id": uuid4().hex, "recipients": {"rcptTo": [{"email": to}], "to": {"raw": to, "data": [{"email": to}]}},
                 "from": {"email": SENDER, "raw": SENDER}, "sender": {"email": SENDER}, "subject": "A question", "headers": {}, "text": "", "html": "",
                 "raw": raw.decode(), "attachments": [], "spf_check": {"code": "+", "value": None}, "dkim_check": False},
    }  # fmt: skip
    whole = json.dumps(said).encode()
    return Call(
        whole,
        "application/json",
        {"Signature": hmac.new(secret.encode(), whole, hashlib.sha256).hexdigest()},
    )


def postal(url: str, secret: str, to: str, raw: bytes) -> Call:
    said = {"id": 233980, "rcpt_to": to, "mail_from": SENDER, "message": base64.b64encode(raw).decode(), "base64": True, "size": len(raw)}  # fmt: skip
    whole = json.dumps(said).encode()
    sign = base64.b64encode(_RSA.sign(whole, padding.PKCS1v15(), hashes.SHA1())).decode()  # noqa: S303  # as Postal signs
    return Call(whole, "application/json", {"X-Postal-Signature": sign if secret == POSTAL_KEY else "AAAA"})


def sns(secret: str, message: str, topic: str = TOPIC, kind: str = "Notification", **more: str) -> Call:
    number = str(uuid4())
    said = {"Type": kind, "MessageId": number, "TopicArn": topic, "Message": message, "Timestamp": "2026-11-23T10:00:00.000Z",
            "SignatureVersion": "1", "Signature": "x==", **more}  # fmt: skip
    headers = {"X-Amz-Sns-Message-Type": kind, "X-Amz-Sns-Message-Id": number, "X-Amz-Sns-Topic-Arn": topic, **basic(secret)}  # fmt: skip
    return Call(json.dumps(said).encode(), "text/plain; charset=UTF-8", headers)


def ses(url: str, secret: str, to: str, raw: bytes, encoding: str = "BASE64") -> Call:
    event = {
        "notificationType": "Received",
        "mail": {"timestamp": "2026-11-23T10:00:00.000Z", "source": SENDER, "messageId": uuid4().hex, "destination": [to]},
        "receipt": {"recipients": [to], "spamVerdict": {"status": "PASS"}, "action": {"type": "SNS", "topicArn": TOPIC, "encoding": encoding}},
        "content": base64.b64encode(raw).decode() if encoding == "BASE64" else raw.decode(),
    }  # fmt: skip
    return sns(secret, json.dumps(event))


def ses_utf8(url: str, secret: str, to: str, raw: bytes) -> Call:
    return ses(url, secret, to, raw, "UTF8")


MAKERS: dict[str, tuple[str, Maker]] = {
    "mailgun": ("mailgun", mailgun), "mailgun-urlencoded": ("mailgun", mailgun_urlencoded), "postmark": ("postmark", postmark),
    "sendgrid": ("sendgrid", sendgrid), "sparkpost": ("sparkpost", sparkpost), "mandrill": ("mandrill", mandrill),
    "mailersend": ("mailersend", mailersend), "postal": ("postal", postal), "ses": ("ses", ses), "ses-utf8": ("ses", ses_utf8),
}  # fmt: skip
KEEPS_BYTES = {"mailgun", "mailgun-urlencoded", "sendgrid", "sparkpost", "postal", "ses"}


def secret_for(service: str) -> str:
    return POSTAL_KEY if service == "postal" else "k" * 40


def road_of(c: Cast, service: str) -> Road:
    wanted = {"service": service, **({"topic": TOPIC} if service == "ses" else {})}
    return done(add_road(actor=c.jonah, road=NewRoad("webhook", SERVICES[service].name, Secret(secret_for(service)), wanted)))  # fmt: skip


def path_of(road: Road) -> str:
    return f"/mail/in/{road.id}/{SERVICES[road.settings['service']].ending}"


def post(road: Road, call: Call) -> Any:
    return Browser(enforce_csrf_checks=True).post(
        path_of(road), call.body, content_type=call.kind, headers=call.headers
    )


def made(maker: Maker, road: Road, to: str, raw: bytes, secret: str = "") -> Call:
    return maker(settings.ENV.url + path_of(road), secret or secret_for(road.settings["service"]), to, raw)


def test_each_service_hands_a_mail_over_and_only_with_its_own_proof() -> None:
    c = started()
    place = address()
    tried = set()
    for name, (service, maker) in MAKERS.items():
        road = road_of(c, service)
        raw = mail(SENDER, place, f"By {name}", "Zwölf Äpfel.\n--xYzZ\nend")
        before = InboundMail.objects.count()
        wrong = post(road, made(maker, road, place, raw, "x" * 40))
        assert (wrong.status_code, InboundMail.objects.count()) == (404, before), name
        call = made(maker, road, place, raw)
        if call.headers and "Authorization" in call.headers:
            bare = post(road, Call(call.body, call.kind, {k: v for k, v in call.headers.items() if k != "Authorization"}))  # fmt: skip
            assert bare.status_code == (401 if service == "ses" else 404), name
        answer = post(road, call)
        assert answer.status_code == 200, (name, answer.content)
        row = InboundMail.objects.get(subject=f"By {name}")
        assert read_file(row.raw) == raw, name
        assert (row.road, row.envelope_to) == ("webhook", [place]), name
        assert row.envelope_from == ("" if service == "mandrill" else SENDER), name
        assert post(road, call).status_code == 200 and InboundMail.objects.count() == before + 1, name
        road.refresh_from_db()
        assert road.last_good_at is not None and not road.last_error, name
        tried.add(service)
    assert tried == set(SERVICES) - {"partwell"}


def test_bytes_that_are_no_utf8_stay_as_they_came_where_the_service_carries_bytes() -> None:
    c = started()
    place = address()
    for name in sorted(KEEPS_BYTES):
        service, maker = MAKERS[name]
        road = road_of(c, service)
        raw = mail(SENDER, place, f"Latin by {name}").replace(b"Which model", b"Wh\xefch m\xf6del \x00\xff")
        assert post(road, made(maker, road, place, raw)).status_code == 200
        assert read_file(InboundMail.objects.get(subject=f"Latin by {name}").raw) == raw, name


@pytest.mark.both_databases
def test_a_signed_call_again_is_the_same_mail_and_its_proof_fits_no_other_and_no_other_day() -> None:
    c = started()
    road, place = road_of(c, "mailgun"), address()
    url, secret = "", secret_for("mailgun")
    token = "t" * 50
    first = mailgun(url, secret, place, mail(SENDER, place, "One"), token=token)
    assert post(road, first).status_code == 200 and post(road, first).status_code == 200
    assert post(road, mailgun(url, secret, place, mail(SENDER, place, "Two"), token=token)).status_code == 404
    old = mailgun(url, secret, place, mail(SENDER, place, "Three"), stamp=int(time.time()) - 25 * 3600)
    ahead = mailgun(url, secret, place, mail(SENDER, place, "Four"), stamp=int(time.time()) + 900)
    assert post(road, old).status_code == 404 and post(road, ahead).status_code == 404
    retried = mailgun(url, secret, place, mail(SENDER, place, "Five"), stamp=int(time.time()) - 8 * 3600)
    assert post(road, retried).status_code == 200
    assert sorted(one.subject for one in InboundMail.objects.all()) == ["Five", "One"]


def test_a_call_changed_on_the_way_proves_nothing() -> None:
    c = started()
    place = address()
    for name in ("mandrill", "mailersend", "postal"):
        service, maker = MAKERS[name]
        road = road_of(c, service)
        call = made(maker, road, place, mail(SENDER, place))
        call.body = call.body.replace(b"knows.example", b"other.example").replace(b"233980", b"233981")
        assert post(road, call).status_code == 404, name
    # Mandrill signs the address: a call to another road proves nothing here.
    one, two = road_of(c, "mandrill"), road_of(c, "mandrill")
    assert post(two, made(mandrill, one, place, mail(SENDER, place))).status_code == 404
    assert not InboundMail.objects.exists()


def test_200_comes_after_the_commit_and_what_is_not_kept_is_tried_again() -> None:
    c = started()
    place = address()
    for name, later in (("postmark", 503), ("postal", 429)):
        service, maker = MAKERS[name]
        road = road_of(c, service)
        call = made(maker, road, place, mail(SENDER, place, f"Later {name}"))
        with mock.patch.object(receive, "_keep", side_effect=OSError("the disk is full")):
            assert post(road, call).status_code == later
        road.refresh_from_db()
        assert "could not be kept" in road.last_error
        done(change_road(actor=c.jonah, road_id=road.id, enabled=False))
        assert (
            post(road, call).status_code == later
            and not InboundMail.objects.filter(subject=f"Later {name}").exists()
        )
        assert post(road, made(maker, road, place, b"x", "x" * 40)).status_code == 404
        done(change_road(actor=c.jonah, road_id=road.id, enabled=True))
        assert post(road, call).status_code == 200
        road.refresh_from_db()
        assert not road.last_error and InboundMail.objects.filter(subject=f"Later {name}").count() == 1


def test_a_service_that_sends_no_raw_mail_is_refused_in_words() -> None:
    c = started()
    place = address()
    for service, call, words in _without_raw(place):
        road = road_of(c, service)
        answer = post(road, call)
        assert answer.status_code in (503, 429) and words in answer.json()["problem"], (
            service,
            answer.content,
        )
        road.refresh_from_db()
        assert words in road.last_error
    assert not InboundMail.objects.exists()


def _without_raw(place: str) -> Iterator[tuple[str, Call, str]]:
    when, token, secret = str(int(time.time())), uuid4().hex, "k" * 40
    sign = hmac.new(secret.encode(), f"{when}{token}".encode(), hashlib.sha256).hexdigest()
    parsed: dict[str, bytes | str] = {"recipient": place, "body-plain": "Hi", "message-headers": "[]", "timestamp": when, "token": token, "signature": sign}  # fmt: skip
    yield "mailgun", Call(*multipart(parsed)), "ends in /mime"
    said = json.loads(postmark("", secret, place, b"x").body)
    del said["RawEmail"]
    yield "postmark", Call(json.dumps(said).encode(), "application/json", basic(secret)), "Include raw email"
    yield "sendgrid", Call(*multipart({"headers": "From: a", "text": "Hi"}), basic(secret)), "raw, full MIME"
    event = {"notificationType": "Received", "receipt": {"action": {"type": "S3", "bucketName": "b", "objectKey": "o"}}}  # fmt: skip
    yield "ses", sns(secret, json.dumps(event)), "name the bucket"
    event["receipt"] = {"action": {"type": "SNS"}}
    yield "ses", sns(secret, json.dumps(event)), "publish the mail itself"
    yield "postmark", Call(b'{"RawEmail": 5}', "application/json", basic(secret)), "fields"
    yield "sparkpost", Call(b"no json", "application/json", basic(secret)), "no JSON"


def test_what_is_too_large_or_broken_is_refused_before_anything_is_taken() -> None:
    c = started()
    place = address()
    road = road_of(c, "sendgrid")
    with mock.patch.object(body, "LARGEST_CALL", 5000):
        large = made(sendgrid, road, place, mail(SENDER, place, text="x" * 9000))
        assert post(road, large).status_code == 413
        lying = made(sendgrid, road, place, mail(SENDER, place, text="x" * 9000))
        answer = Browser().post(path_of(road), lying.body, content_type=lying.kind, headers=lying.headers, CONTENT_LENGTH="")  # fmt: skip
        assert answer.status_code == 413
    with mock.patch.object(webhook, "LARGEST", 100):
        assert post(road, made(sendgrid, road, place, mail(SENDER, place))).status_code == 413
    for broken in (b" ", b"--xYzZY", b"--xYzZY\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nno end", b"--xYzZY\r\n" * 2000):  # fmt: skip
        assert post(road, Call(broken, "multipart/form-data; boundary=xYzZY", basic(secret_for("sendgrid")))).status_code == 503  # fmt: skip
        assert (
            post(road_of(c, "mailgun"), Call(broken, "multipart/form-data; boundary=xYzZY")).status_code
            == 404
        )
    many = "&".join(f"f{number}=1" for number in range(2000)).encode()
    assert post(road_of(c, "mandrill"), Call(many, "application/x-www-form-urlencoded")).status_code == 404
    assert not InboundMail.objects.exists()


def test_amazon_is_asked_at_its_own_host_only_and_for_the_owners_topic_only() -> None:
    c = started()
    road, secret = road_of(c, "ses"), secret_for("ses")
    asked: list[str] = []

    def answers(url: str, **_: Any) -> HttpsAnswer:
        asked.append(url)
        return HttpsAnswer(200, b"")

    wish = {"kind": "SubscriptionConfirmation", "Token": "a1" * 40, "SubscribeURL": "https://evil.example/"}
    with mock.patch.object(hooks, "ask", answers):
        other = sns(secret, "You have chosen…", "arn:aws:sns:eu-west-1:222222222222:Other", **wish)
        assert post(road, other).status_code == 404 and not asked
        assert post(road, sns("x" * 40, "You have chosen…", **wish)).status_code == 404 and not asked
        assert post(road, sns(secret, "You have chosen…", **wish)).status_code == 200
        assert len(asked) == 1 and asked[0].startswith("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&")  # fmt: skip
        assert post(road, sns(secret, "x", **{**wish, "Token": "../../etc"})).status_code == 503
        assert len(asked) == 1
        assert post(road, sns(secret, "Successfully validated SNS topic for Amazon SES event publishing.")).status_code == 200  # fmt: skip
    with mock.patch.object(hooks, "ask", lambda url, **_: HttpsAnswer(302, b"")):
        assert post(road, sns(secret, "You have chosen…", **wish)).status_code == 503
    road.refresh_from_db()
    assert "HTTP 302" in road.last_error and secret not in road.last_error


def test_a_webhook_is_set_up_with_what_its_service_needs() -> None:
    c = started()
    for wrong in ({"service": "brevo"}, {"service": "ses"}, {"service": "ses", "topic": "https://evil.example"}, {"service": "postmark", "user": "a:b"},
                  {"service": "postmark", "user": "a\nb"}):  # fmt: skip
        road = NewRoad("webhook", "Hook", Secret("k" * 40), wrong)
        assert isinstance(add_road(actor=c.jonah, road=road), Refusal), wrong
    for secret in ("short", "k" * 39 + "ü", "k" * 20 + " " + "k" * 20):
        road = NewRoad("webhook", "Hook", Secret(secret), {"service": "postmark"})
        assert isinstance(add_road(actor=c.jonah, road=road), Refusal), secret
    row = road_of(c, "mandrill")
    assert Browser().head(path_of(row)).status_code == 200
    assert Browser().head(f"/mail/in/{uuid4()}/").status_code == 404
    # Another service would be proved by the old one's secret: it wants its own.
    assert isinstance(change_road(actor=c.jonah, road_id=row.id, settings={"service": "postmark"}), Refusal)
    done(
        change_road(actor=c.jonah, road_id=row.id, settings={"service": "postmark"}, secret=Secret("p" * 40))
    )
    row.refresh_from_db()
    assert post(row, postmark("", "p" * 40, address(), mail(SENDER, address()))).status_code == 200
