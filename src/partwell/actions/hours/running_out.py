# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: the client hears once each that 80 %, 95 % and all of a departure's hours are used, in the deed that crosses it."""

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.hours.standing import HoursStanding
from partwell.records.correspondence.models import Envelope
from partwell.rules import hours
from partwell.rules.money import rounded


def warn_of(deed: Deed, how: HoursStanding, parts: tuple[hours.Part, ...]) -> None:
    """Queue the mail of the mark that ``parts`` cross, if any; call it before the entry's ``record``.

    Nothing is said twice a departure, however often time is taken back. A client without a working address
    stops no time from being recorded: its gate says so already.
    """
    drawn = sum(part.minutes for part in parts if part.source in (hours.Source.INCLUDED, hours.Source.BLOCK))
    mark = hours.mark_crossed(how.budget, drawn)
    if not mark or how.offboarding is None:
        return
    dedupe = f"hours:{how.offboarding.id.hex}:{mark}"
    if Envelope.objects.filter(dedupe_key=dedupe).exists():
        return
    budget, terms = how.budget, how.terms
    used = budget.used + drawn
    net = rounded(terms.hourly_rate * terms.block / 60, terms.currency)
    values = {
        "used_share": f"{mark} %" if mark == 100 else f"{used * 100 // budget.total} %",
        "total": hours.as_hours(budget.total),
        "used": hours.as_hours(used),
        "left": hours.as_hours(budget.total - used),
        "price": f"{net} {terms.currency} net for {hours.as_hours(terms.block)}",
        "portal_url": link("/client/hours/"),
    }
    post(deed, Post(kind="hours_running_out", dedupe=dedupe, values=values))
