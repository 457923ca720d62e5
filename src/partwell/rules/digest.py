# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a digest is due: at seven in the reader's own zone, daily, or on Mondays. Never twice, and after a pause once."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

HOUR = time(7)
# What is no news: mails' own ways (the digest's too), the log's and sign-in's housekeeping, and notes that stay inside (R4).
NOT_NEWS = ("envelope.", "digest.", "calendar_feed.", "sign_in.", "ledger.", "note.", "key.")


class Rhythm(StrEnum):
    """How often somebody wants a digest."""

    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"


SPAN = {Rhythm.DAILY: timedelta(days=1), Rhythm.WEEKLY: timedelta(days=7)}


def slot(rhythm: Rhythm, now: datetime, zone: str) -> date:
    """The day of the newest digest that should have left by ``now`` (aware), as ``zone`` counts days."""
    local = now.astimezone(ZoneInfo(zone))
    day = local.date() if local.time() >= HOUR else local.date() - timedelta(days=1)
    return day - timedelta(days=day.weekday()) if rhythm is Rhythm.WEEKLY else day


def due(rhythm: Rhythm, now: datetime, zone: str, chosen_at: datetime, last: date | None) -> date | None:
    """The day of the digest to send now, or None. ``last``: of the one before; ``chosen_at`` (aware): the first comes after it."""
    if rhythm is Rhythm.OFF:
        return None
    day = slot(rhythm, now, zone)
    if chosen_at >= datetime.combine(day, HOUR, ZoneInfo(zone)):
        return None
    return day if last is None or last < day else None
