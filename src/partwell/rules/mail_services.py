# SPDX-License-Identifier: AGPL-3.0-or-later
"""The mail services that may hand mail over to us by webhook: how each proves itself, and what its owner sets there.

Only services that give the mail as it came are here: raw bytes are what is kept and what a signature is judged by
(PROOF.md, "Inbound mail"). Brevo, Mailjet and Resend give it taken apart or as an address to fetch it from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PARTWELL = "partwell"
SHORTEST_SECRET = 32
SHORTEST_PASSWORD = 20


@dataclass(frozen=True)
class MailService:
    """``proof``: signed (its own key), basic (user and password in the address) or topic (basic, and the SNS topic's name).

    ``later``: the HTTP status by which it keeps a mail and tries again. ``ending``: what its address must end in.
    ``set_up``: what to do in the service.
    """

    code: str
    name: str
    proof: str
    secret: str
    set_up: str
    ending: str = ""
    later: int = 503

    @property
    def shortest(self) -> int:
        """Signs that its secret has at least: ours to choose, or given by the service."""
        if self.code == PARTWELL:
            return SHORTEST_SECRET
        return 8 if self.proof == "signed" else SHORTEST_PASSWORD

    @property
    def basic(self) -> bool:
        """Whether user and password stand in the address."""
        return self.proof != "signed"


_PASSWORD = "The password that stands in its address"  # noqa: S105  # a label
SERVICES: Mapping[str, MailService] = {
    one.code: one
    for one in (
        MailService(
            PARTWELL, "A script or server of your own", "signed", "The secret by which it signs",
            "It posts the raw bytes and signs them; docs/install.md says how.",
        ),
        MailService(
            "mailgun", "Mailgun", "signed", "The HTTP webhook signing key",
            "In a route, forward to this address. It ends in /mime, so that Mailgun sends the raw mail.", ending="mime",
        ),
        MailService(
            "postmark", "Postmark", "basic", _PASSWORD,
            "Give this address as the inbound stream's webhook, and switch on “Include raw email content in JSON payload”.",
        ),
        MailService(
            "sendgrid", "SendGrid", "basic", _PASSWORD,
            "Give this address under Inbound Parse, and switch on “POST the raw, full MIME message”.",
        ),
        MailService(
            "ses", "Amazon SES", "topic", _PASSWORD,
            "In a receipt rule, publish to an SNS topic (encoding Base64) and subscribe this address to the topic. SNS carries "
            "150 KB a mail; where larger ones come, let the rule deliver to an S3 bucket, with that topic, and name the bucket here.",
        ),
        MailService(
            "mandrill", "Mandrill", "signed", "The webhook key",
            "Give this address as the route of an inbound domain.",
        ),
        MailService(
            "mailersend", "MailerSend", "signed", "The inbound route's signing secret",
            "Give this address as the forwarding address of an inbound route.",
        ),
        MailService(
            "sparkpost", "SparkPost", "basic", _PASSWORD,
            "Give this address as the target of a relay webhook.",
        ),
        MailService(
            "postal", "Postal", "signed", "The public key, as the server's DKIM record shows it",
            "Add this address as an HTTP endpoint that takes the raw message as JSON.",
            # It gives up at once on 5xx and tries again on anything else.
            later=429,
        ),
    )
}  # fmt: skip
