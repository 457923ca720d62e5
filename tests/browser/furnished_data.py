# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Northwick sees of its own data: sets in danger, held, chosen and late, the only copy of a thing, deletions by hand."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from partwell.actions.retention.lift_hold import ask_lift
from partwell.actions.retention.object import object_to_deletion
from partwell.actions.retention.only_copies import name_only_copy
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.set_facts import Replica
from partwell.rules.keeping import Choice
from tests.flows.cast import Cast, done
from tests.flows.deleted import backup_set, deleted
from tests.flows.keeping_cast import archive, choose, images, kept

LONG = "Branch office archives of Wuppertal-Vohwinkel, Llanfairpwllgwyngyll and Donaudampfschiffahrtshafen, 2009 to 2024"
REPLICAS = [Replica("Second copy", "Oslo", "Deep Storage Ltd", 14), Replica("Offline copy")]


def data(c: Cast) -> dict[str, Any]:
    """Ids by the names that addresses give them."""
    today = timezone.now().date()
    first = kept(c, images(replicas=REPLICAS))
    danger = kept(c, archive(cancel_on=today + timedelta(days=1)))
    kept(c, archive(name=LONG, whereabouts={"console": "Coldshelf, the second account"}))
    copies = [
        done(name_only_copy(actor=c.dan, set_id=first.id, item_id=c.items[name].id))
        for name in ("switch", "router")
    ]
    done(choose(c.mara, c.northwick.id, Choice.SHIP, danger.id, words="By the end of the month, please."))
    wish = HoldWish(
        "Claim of Tarn Freight", "Everything about the outage of March", "Counsel of Northwick", today + timedelta(days=90),
        set_ids=[danger.id], internal_note="Our insurer pays",
    )  # fmt: skip
    hold = done(place_hold(actor=c.jonah, client_id=c.northwick.id, wish=wish))
    done(ask_lift(actor=c.ines, hold_id=hold.id, reason="The claim was settled in May."))
    backup_set(c, "Old tapes")
    done(
        object_to_deletion(
            actor=c.mara, client_id=c.northwick.id, set_id=first.id, words="We are being audited."
        )
    )
    named = [{"key": f"northwick/locked-{n}.vbk", "version": "", "why": "locked"} for n in range(3)]
    gone = deleted(
        c,
        backup_set(c, "Cloud mailboxes"),
        state="verified",
        exceptions=named,
        steps=3,
        unproved=1,
        left_count=3,
    )
    stopped = deleted(
        c, backup_set(c, "Old web shop"), state="stopped", stopped_why="The hold “Claim” was placed."
    )
    return {
        "data set": first.id,
        "data copy": copies[0].id,
        "data deletion": gone.id,
        "data deletion stopped": stopped.id,
    }
