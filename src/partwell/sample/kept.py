# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the sample's clients have in backups: where it lies, what a vendor does with it, and one legal hold."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.record_set import record_set
from partwell.actions.retention.set_facts import Replica, SetFacts
from partwell.rules.keeping import Place
from partwell.sample.steps import House, done

TARN = {"console": "console.tarn.example", "tenant": "harbourline"}


def northwick(house: House, client_id: Any) -> None:
    """Two sets: one on the warehouse's own share, one in a vendor's cloud that is emptied by hand."""
    done(record_set(actor=house.ines, client_id=client_id, facts=SetFacts(
        "Nightly, all servers", "nw-bk01 in the warehouse", Place.FOLDER, {"path": "/srv/nw-bk01/nightly"},
        contents="backup", copies=1, payer="client")))  # fmt: skip
    done(record_set(actor=house.ines, client_id=client_id, facts=SetFacts(
        "Second copy", "Tarn Cloud, region north", Place.VENDOR, TARN, contents="backup", copies=2,
        replicas=[Replica("a replica of every snapshot", "region south", "Tarn Storage Ltd", 30)],
        vendor="Tarn", vendor_window_days=30, payer="msp")))  # fmt: skip


def pellam(house: House, client_id: Any) -> None:
    """A hold: whatever becomes of the dispute, nothing of this client is deleted meanwhile."""
    done(record_set(actor=house.ines, client_id=client_id, facts=SetFacts(
        "Files and mail", "Tarn Cloud, region north", Place.VENDOR, {**TARN, "tenant": "pellam"}, copies=1, vendor="Tarn",
        vendor_window_days=60, payer="msp")))  # fmt: skip
    done(place_hold(actor=house.jonah, client_id=client_id, wish=HoldWish(
        "Partners' dispute", "Both partners' counsel ask that nothing be deleted until the court has decided.",
        "Counsel of both partners", timezone.localdate() + timedelta(days=90), whole_client=True)))  # fmt: skip


def harrow(house: House, client_id: Any) -> None:
    """The archive of a client who has left: kept for six months, then deleted."""
    done(record_set(actor=house.ines, client_id=client_id, facts=SetFacts(
        "Archive of the despatch system", "Tarn Cloud, region north", Place.VENDOR, {**TARN, "tenant": "harrow"},
        contents="archive", copies=1, vendor="Tarn", vendor_window_days=60, payer="msp")))  # fmt: skip
