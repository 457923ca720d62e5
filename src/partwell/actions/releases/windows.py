# SPDX-License-Identifier: AGPL-3.0-or-later
"""R17's facts of released lines: the window was fixed at release; a line approved later has as many days from then."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from partwell.actions.facts import zone
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules import silence
from partwell.rules.silence import ReceiptFacts
from partwell.rules.terms import Party


def window_days(release: Release, zone_name: str) -> int:
    """How many days the release's window has, as it was fixed: the day of release is day zero."""
    at = ZoneInfo(zone_name)
    last = (release.window_ends_at.astimezone(at) - timedelta(seconds=1)).date()
    return max((last - release.released_at.astimezone(at).date()).days, 0)


def receipt_facts(line: ReleaseLine, zone_name: str = "", *, deemed_acceptance: bool = False) -> ReceiptFacts:
    """A sent line as ``rules.silence`` sees it; needs ``release`` loaded."""
    name = zone_name or zone()
    # What left with the release keeps the moment that was fixed then, whatever zone the MSP moves to.
    at_once = line.sent_at is None or line.sent_at <= line.release.released_at
    return ReceiptFacts(
        released_at=line.sent_at or line.release.released_at,
        zone=name,
        party=Party(line.release.party),
        window_days=window_days(line.release, name),
        opened_at=line.opened_at,
        confirmed_at=line.answered_at if line.answer == "confirmed" else None,
        objected_at=line.answered_at if line.answer == "objected" else None,
        deemed_acceptance=deemed_acceptance,
        closes=line.release.window_ends_at if at_once else None,
    )


def closes_at(line: ReleaseLine, zone_name: str = "") -> datetime:
    """When the line's window closes (aware)."""
    return silence.closes_at(receipt_facts(line, zone_name))
