# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each mail service sends: whether a call is its own (by django-anymail's checks), and the mails in it, as bytes.

anymail would parse the mail before we have its bytes, so its parsing ends where the raw field begins. A call of a service
that holds no raw mail is refused in words that say what to switch on.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from anymail.webhooks.amazon_ses import AmazonSESInboundWebhookView
from anymail.webhooks.base import AnymailBaseWebhookView, AnymailCoreWebhookView
from anymail.webhooks.mailersend import MailerSendInboundWebhookView
from anymail.webhooks.mailgun import MailgunInboundWebhookView
from anymail.webhooks.mandrill import MandrillCombinedWebhookView
from anymail.webhooks.postal import PostalInboundWebhookView

from partwell.entrypoints.mailbox.body import Fields


class NotRaw(ValueError):
    """An authentic call without a mail as it came; ``str()`` says what to change in the service."""


@dataclass
class Call:
    """A call as anymail's checks read one (and write on: they keep what they parsed): its form, headers, and body."""

    POST: Fields
    META: Mapping[str, Any]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    content_type: str = ""
    encoding: str | None = None

    def json(self) -> Any:
        """The body as JSON; NotRaw where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise NotRaw("The call is no JSON; check the service's format.") from None


@dataclass(frozen=True)
class Handed:
    """One mail: its bytes, and the envelope as the service tells it."""

    raw: bytes = field(repr=False)
    sender: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True)
class Confirm:
    """Amazon SNS asks whether we want its topic."""

    topic: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class InBucket:
    """A mail that Amazon SES keeps in a bucket, and its envelope."""

    bucket: str
    key: str
    sender: str = ""
    recipients: tuple[str, ...] = ()


class _Basic(AnymailBaseWebhookView):
    """User and password alone, for services that sign nothing (and SendGrid, whose view only warns in addition)."""

    esp_name = "mail service"


class _Ses(AmazonSESInboundWebhookView):
    """SNS's checks without boto3: nothing is fetched by it."""

    def __init__(self, **kwargs: Any) -> None:
        AnymailBaseWebhookView.__init__(self, **kwargs)


_VIEWS: Mapping[str, Callable[[str, str, str], AnymailCoreWebhookView]] = {
    "mailgun": lambda secret, user, url: MailgunInboundWebhookView(webhook_signing_key=secret),
    "mandrill": lambda secret, user, url: MandrillCombinedWebhookView(webhook_key=secret, webhook_url=url),
    "mailersend": lambda secret, user, url: MailerSendInboundWebhookView(inbound_secret=secret),
    "postal": lambda secret, user, url: PostalInboundWebhookView(webhook_key=secret),
    "postmark": lambda secret, user, url: _Basic(webhook_secret=f"{user}:{secret}"),
    "sendgrid": lambda secret, user, url: _Basic(webhook_secret=f"{user}:{secret}"),
    "sparkpost": lambda secret, user, url: _Basic(webhook_secret=f"{user}:{secret}"),
    "ses": lambda secret, user, url: _Ses(webhook_secret=f"{user}:{secret}"),
}  # fmt: skip


def authentic(service: str, secret: str, user: str, url: str, call: Call) -> bool:
    """Whether the call proves to be the service's, under the road's secret. ``url``: as the service calls it (Mandrill signs it)."""
    if not secret:
        return False
    try:
        view = _VIEWS[service](secret, user, url)
        view.run_validators(call)
    except Exception:  # noqa: BLE001  # whatever breaks a check: the call is not proved
        return False
    return True


def password_holds(secret: str, user: str, meta: Mapping[str, Any]) -> bool:
    """Whether user and password in a call's headers are the road's; asked before its body is read."""
    return authentic("postmark", secret, user, "", Call(Fields({}), meta, {}, b""))


def mails_in(service: str, call: Call) -> list[Handed] | Confirm | InBucket:
    """The mails of an authentic call, or where one lies; none where it only says hello. Raises NotRaw."""
    try:
        return _READERS[service](call)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        if isinstance(error, NotRaw):
            raise
        raise NotRaw("The call has not the fields that the service documents; check its settings.") from None


def _bytes(text: str) -> bytes:
    # JSON carries text: what the service could not decode is lost there, not here.
    return text.encode("utf-8", "replace")


def _mailgun(call: Call) -> list[Handed]:
    raw = call.POST.raw("body-mime")
    if raw is None:
        raise NotRaw("Mailgun sent no raw mail; let the route forward to the address that ends in /mime.")
    return [Handed(raw, call.POST.get("sender", ""), (call.POST["recipient"],))]


def _mandrill(call: Call) -> list[Handed]:
    found = json.loads(call.POST["mandrill_events"])
    inbound = [one["msg"] for one in found if one.get("event") == "inbound"]
    return [Handed(_bytes(one["raw_msg"]), "", (one["email"],)) for one in inbound]


def _postmark(call: Call) -> list[Handed]:
    said = call.json()
    if "RawEmail" not in said:
        raise NotRaw("Postmark sent no raw mail; switch on “Include raw email content in JSON payload”.")
    first = (said.get("Headers") or [{}])[0]
    sender = (
        str(first.get("Value", "")).strip("<> ") if first.get("Name", "").lower() == "return-path" else ""
    )
    return [Handed(_bytes(said["RawEmail"]), sender, (str(said.get("OriginalRecipient", "")),))]


def _sendgrid(call: Call) -> list[Handed]:
    raw = call.POST.raw("email")
    if raw is None:
        raise NotRaw("SendGrid sent no raw mail; switch on “POST the raw, full MIME message”.")
    envelope = json.loads(call.POST.get("envelope", "{}"))
    return [Handed(raw, str(envelope.get("from", "")), tuple(str(one) for one in envelope.get("to", ())))]


def _sparkpost(call: Call) -> list[Handed]:
    found = []
    for one in call.json():
        relayed = one["msys"].get("relay_message")
        if relayed is None:
            continue  # its greeting, when the webhook is made
        content = relayed["content"]
        raw = content["email_rfc822"]
        whole = base64.b64decode(raw, validate=True) if content.get("email_rfc822_is_base64") else _bytes(raw)
        found.append(Handed(whole, str(relayed.get("msg_from", "")), (str(relayed.get("rcpt_to", "")),)))
    return found


def _mailersend(call: Call) -> list[Handed]:
    said = call.json()
    if said.get("type") != "inbound.message" or not said["data"].get("raw"):
        raise NotRaw("MailerSend sent no raw mail; give this address to an inbound route.")
    data = said["data"]
    people = data.get("recipients", {}).get("rcptTo", [])
    sender = str((data.get("sender") or {}).get("email", ""))
    return [Handed(_bytes(data["raw"]), sender, tuple(str(one["email"]) for one in people))]


def _postal(call: Call) -> list[Handed]:
    said = call.json()
    if not isinstance(said.get("message"), str):
        raise NotRaw("Postal sent no raw mail; let the HTTP endpoint send the raw message as JSON.")
    raw = (
        base64.b64decode(said["message"], validate=True)
        if said.get("base64") is True
        else _bytes(said["message"])
    )
    return [Handed(raw, str(said.get("mail_from", "")), (str(said.get("rcpt_to", "")),))]


def _ses(call: Call) -> list[Handed] | Confirm | InBucket:
    said = call.json()
    if said["Type"] == "SubscriptionConfirmation":
        return Confirm(said["TopicArn"], said["Token"])
    if said["Type"] != "Notification":
        return []
    try:
        event = json.loads(said["Message"])
    except ValueError:
        return []  # SES's own greeting to the topic
    if event.get("notificationType") != "Received":
        return []
    receipt = event.get("receipt", {})
    action, sender = receipt.get("action", {}), str(event.get("mail", {}).get("source", ""))
    recipients = tuple(str(one) for one in receipt.get("recipients", ()))
    if action.get("type") == "S3":
        return InBucket(str(action["bucketName"]), str(action["objectKey"]), sender, recipients)
    if action.get("type") != "SNS" or not event.get("content"):
        raise NotRaw(
            "Amazon SES sent no raw mail; let the receipt rule publish the mail itself to the SNS topic, or keep it in a bucket."
        )
    raw = event["content"]
    whole = base64.b64decode(raw, validate=True) if action.get("encoding") == "BASE64" else _bytes(raw)
    return [Handed(whole, sender, recipients)]


def topic_of(call: Call) -> str:
    """The SNS topic that a call names."""
    said = call.json()
    return str(said.get("TopicArn", "")) if isinstance(said, dict) else ""


_READERS: Mapping[str, Callable[[Call], list[Handed] | Confirm | InBucket]] = {
    "mailgun": _mailgun,
    "mandrill": _mandrill,
    "postmark": _postmark,
    "sendgrid": _sendgrid,
    "sparkpost": _sparkpost,
    "mailersend": _mailersend,
    "postal": _postal,
    "ses": _ses,
}
