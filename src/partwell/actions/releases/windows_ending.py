# SPDX-License-Identifier: AGPL-3.0-or-later
"""Before a window closes in which something is unanswered, everybody concerned hears of it once (R17, R2)."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import zone
from partwell.actions.releases.standing import standing_of
from partwell.actions.releases.windows import closes_at
from partwell.records.correspondence.models import Envelope
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal
from partwell.rules.silence import tells_of_end
from partwell.rules.terms import Party


def tell_windows_ending(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Mail each release whose window closes soon with lines unanswered, once a day of closing; gives how many mails.

    A new provider is on it only while its authorisation stands: else the client alone hears of it. Without an
    address of the client nothing is sent, and the portals show the day as before.
    """
    moment, house = now or timezone.now(), zone()
    found: dict[tuple[UUID, date], list[ReleaseLine]] = defaultdict(list)
    open_lines = ReleaseLine.objects.filter(state="sent", answer="", window_outcome="")
    # A line that was approved later has its own, later window: those of the last months are looked at.
    lately = open_lines.filter(
        release__window_ends_at__gt=moment - timedelta(days=120),
        release__window_ends_at__lte=moment + timedelta(days=4),
    )
    for line in lately.select_related("release__client", "release__person__recipient", "release__contact"):
        closes = closes_at(line, house)
        if tells_of_end(sent_at=line.sent_at, closes_at=closes, now=moment):
            last = (closes - timedelta(seconds=1)).astimezone(ZoneInfo(house)).date()
            found[line.release_id, last].append(line)
    keys = {pair: f"window:{pair[0].hex}:{pair[1].isoformat()}" for pair in found}
    told = set(
        Envelope.objects.filter(dedupe_key__in=list(keys.values())).values_list("dedupe_key", flat=True)
    )
    done = 0
    for pair, lines in sorted(found.items(), key=lambda one: (one[0][1], one[0][0].hex)):
        if keys[pair] not in told:
            done += _tell(actor, lines[0].release, pair[1], [line.id for line in lines], keys[pair], now)
    return done


def _tell(
    actor: Actor, release: Release, last: date, line_ids: list[UUID], key: str, now: datetime | None
) -> int:
    with Deed(actor, now=now) as deed:
        deed.lock(release.client_id)
        lines = list(
            ReleaseLine.objects.filter(pk__in=line_ids, state="sent", answer="", window_outcome="").order_by(
                "category", "title"
            )
        )
        if not lines or Envelope.objects.filter(dedupe_key=key).exists():
            return 0
        person = release.person if release.party == Party.PROVIDER else None
        if person is not None and person.left_at is not None:
            person = None
        standing = standing_of(person.recipient_id, person.id, deed.now) if person else None
        outside = person if standing is not None and standing.stands else None
        firm = release.recipient.firm if release.recipient else ""
        mail = post(
            deed,
            Post(
                kind="window_ending",
                dedupe=key,
                persons=[outside] if outside else [],
                contact=release.contact,
                authorisation=standing.authorisation if outside and standing else None,
                release=release,
                values={
                    "number": str(release.number),
                    "recipient_firm": firm or (release.contact.name if release.contact else release.client.name),
                    "items": [{"title": line.title, "note": ""} for line in lines],
                    "window_until": last,
                    "portal_url": link("/provider/" if outside else "/client/"),
                },
            ),
        )  # fmt: skip
        if isinstance(mail, Refusal):
            return 0
        deed.record(
            "receipt.window_ends_soon",
            recipient=release.recipient_id if outside else None,
            subjects=[release.id, *(line.item_id for line in lines)],
            public={"items": [line.title for line in lines], "day": last.isoformat()},
            to_client={"digest": mail.digest},
        )
        return 1
