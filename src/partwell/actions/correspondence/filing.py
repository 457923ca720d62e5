# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a mail that came in is filed by, and which message of the conversation it answers."""

from dataclasses import dataclass
from uuid import UUID

from partwell.actions.correspondence.report_trust import Report
from partwell.actions.correspondence.sender import Matched
from partwell.records.authorisations.models import Recipient
from partwell.records.correspondence.models import InboundMail, Message
from partwell.rules.inbound import Verdict
from partwell.rules.refusals import Refusal

OUTSIDE = ("all", "client")


@dataclass(frozen=True)
class Filing:
    """What a mail is filed by: its row (perhaps not yet saved), who wrote it, the verdict, what its parts are called.

    ``files``: names of what a person attached, pictures within the text aside. ``refusal``: why what staff wrote does not leave.
    ``past_us``: addresses of a new provider to which what staff wrote went straight, too. ``words``: of the original, where staff forwarded it; None where the mail's own words count.
    """

    mail: InboundMail
    sender: Matched
    verdict: Verdict
    attachments: tuple[str, ...] = ()
    report: Report | None = None  # on the delivery of a mail of ours
    files: tuple[str, ...] = ()
    refusal: Refusal | None = None
    words: str | None = None
    past_us: tuple[str, ...] = ()


def answered(
    client_id: UUID, mail: InboundMail, recipient: Recipient | None, audience: str
) -> Message | None:
    """The newest message of the thread (In-Reply-To, then References from the end) that this one's readers may see."""
    seen = Message.objects.filter(client_id=client_id, audience__in=OUTSIDE)
    if audience == "all":
        seen = seen.filter(recipient=recipient, audience="all")
    for one in [mail.in_reply_to, *reversed(mail.references)][:50]:
        if not one:
            continue
        found = (
            seen.filter(envelopes__internet_message_id=one[:200]).first()
            or seen.filter(inbound__internet_message_id=one[:300]).first()
        )
        if found is not None:
            return found
    return None
