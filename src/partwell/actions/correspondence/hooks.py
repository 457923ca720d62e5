# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a mail service's calls leave beside the mail: used one-time tokens, and Amazon's question whether we want its topic."""

import hashlib
import re
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.receive import MAILBOX
from partwell.actions.correspondence.road_settings import TOPIC
from partwell.connectors.https import HttpsFailed, ask
from partwell.records.correspondence.models import HookToken

KEPT = timedelta(hours=24)
"""How old a signed call may be: services try again for eight hours, with the stamp of the first time."""


def fresh(stamp: str, now: datetime | None = None) -> bool:
    """Whether a call's stamp (Unix seconds) is neither older than a day nor five minutes ahead."""
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
        return False
    age = (now or timezone.now()).timestamp() - int(stamp)
    return -300 <= age <= KEPT.total_seconds()


def use_token(road_id: UUID, token: str, raw: bytes) -> bool:
    """Whether a one-time token is new, or comes again with the same mail. A used one with another mail is a forgery."""
    digest, token = hashlib.sha256(raw).hexdigest(), hashlib.sha256(token.encode()).hexdigest()
    try:
        with Deed(MAILBOX) as deed:
            HookToken.objects.filter(seen_at__lt=deed.now - 2 * KEPT).delete()
            row, _ = HookToken.objects.get_or_create(
                road_id=road_id, token=token, defaults={"digest": digest, "seen_at": deed.now}
            )
    except IntegrityError:  # two at once
        row = HookToken.objects.get(road_id=road_id, token=token)
    return bool(row.digest == digest)


def confirm_topic(topic: str, token: str) -> str:
    """Tell Amazon SNS that we want this topic; "" once it is confirmed, else a sentence. Asks Amazon's own host only."""
    found = TOPIC.fullmatch(topic)
    if found is None or not re.fullmatch(r"[0-9a-fA-F]{32,1024}", token):
        return "Amazon asked for a subscription that cannot be read; subscribe again."
    ending = "amazonaws.com.cn" if found[1].startswith("cn-") else "amazonaws.com"
    query = urlencode({"Action": "ConfirmSubscription", "TopicArn": topic, "Token": token})
    try:
        answer = ask(f"https://sns.{found[1]}.{ending}/?{query}", seconds=10.0)
    except HttpsFailed as error:
        return f"The subscription is not confirmed: {error}"
    return "" if answer.status == 200 else f"Amazon SNS does not confirm the subscription (HTTP {answer.status}); subscribe again."  # fmt: skip
