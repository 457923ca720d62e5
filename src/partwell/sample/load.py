# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loads the sample MSP into an empty home, through real importers and actions only.

What is recorded is recorded now: the ledger's times are the clock's, and nothing is dated back. What people
*say* of earlier days (since when a client is served, when an agreement was signed, yesterday's notice) is a
claim and is entered as one. A call-back needs a number that was on file before the notice (R1), so the
departures that are signed begin the moment the sample is loaded.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count

from partwell.actions.base import Deed
from partwell.actions.evidence.log_store import copy_new
from partwell.actions.people.enter import make_link
from partwell.records.people.queries import the_msp
from partwell.rules.refusals import Refused, refuse
from partwell.sample import active, departing, northwick
from partwell.sample.people import harbourline
from partwell.sample.steps import House, post_office, run_jobs

Progress = Callable[[str, int, int], None]
STEPS = 19


@dataclass(frozen=True)
class Sample:
    """What was loaded. ``links``: party → demo address; empty unless PARTWELL_DEMO is 1 on loopback."""

    client_name: str
    client_id: str
    offboarding_id: str
    counts: dict[str, int]
    links: dict[str, str] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """The form of ``partwell sample --json``."""
        values = asdict(self)
        name, client_id = values.pop("client_name"), values.pop("client_id")
        return {
            "client": {"name": name, "id": client_id},
            "offboarding": values["offboarding_id"],
            "counts": values["counts"],
            "links": values["links"],
        }


def load_sample(progress: Progress | None = None) -> Sample:
    """Load it; ``progress(words, done, total)`` is called at each step. Raises Refused for a home that is in use.

    The sample writes to no mail server but its own: its mails land in this home's inbox.
    """
    if the_msp() is not None:
        raise Refused(refuse("home_not_empty"))
    count = 0

    def say(words: str) -> None:
        nonlocal count
        count += 1
        if progress is not None:
            progress(words, min(count, STEPS), STEPS)

    house = harbourline()
    house.say = say
    say("Harbourline IT and its people")
    with post_office() as deliver:
        active.load(house)
        story = northwick.load(house)
        departing.load(house)
        run_jobs()
        deliver()
        departing.close_harrow(house, deliver)
        run_jobs()
        deliver()
    say("letters and mails")
    with Deed(house.jonah) as deed:
        deed.record("sample.loaded", subjects=[story.offboarding.id])
    copy_new()
    return Sample(
        client_name=story.client.name,
        client_id=str(story.client.id),
        offboarding_id=str(story.offboarding.id),
        counts=_counts(house, story),
        links=_links(house, story),
    )


def _counts(house: House, story: "northwick.Story") -> dict[str, int]:
    client = story.client
    owners = {row["owner"]: row["n"] for row in client.items.values("owner").annotate(n=Count("pk"))}
    return {
        "clients": len(house.clients),
        "items": sum(owners.values()),
        "items_of_unknown_owner": owners.get("unknown", 0),
        "releases": client.releases.count(),
        "messages": client.messages.count(),
        "mails": client.envelopes.count(),
    }


def _links(house: House, story: "northwick.Story") -> dict[str, str]:
    """One sign-in link a party, in the demo only: bound to loopback by settings.PARTWELL_DEMO."""
    if not settings.PARTWELL_DEMO:
        return {}
    people = (
        ("owner", "staff", house.jonah),
        ("account manager", "staff", house.ines),
        ("technician", "staff", house.dan),
        ("auditor", "staff", house.kerstin),
        ("client's signatory", "client", story.mara),
        ("new provider's technician", "provider", story.theo),
    )
    return {
        f"{actor.name} ({party})": f"{settings.PARTWELL_URL}/in/{make_link(kind, actor.id, demo=True)}/"
        for party, kind, actor in people
    }
