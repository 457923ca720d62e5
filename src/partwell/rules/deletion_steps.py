# SPDX-License-Identifier: AGPL-3.0-or-later
"""Emptying a place by hand, step by step (R13, R15): what a person does in a vendor's console, and what proves it.

This is the common case. Each step says what to do in words, and asks for a picture or file of what was seen. For a place
that the program empties, only its replicas that expire by nobody's clock are steps.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from partwell.rules.keeping import Place
from partwell.rules.refusals import show

SIGN_IN, EXPORT, DELETE, BIN = "sign_in", "export", "delete", "recycle_bin"
SUBSCRIPTION, CONFIRMATION, CHECK = "subscription", "vendor_confirmation", "check"
REPLICA = "replica"
# Steps after which something is gone: a hold or pause stops them, the others harm nothing.
TAKES_AWAY = (DELETE, BIN, REPLICA, SUBSCRIPTION)
# Done when everything else is, with eyes that look again; and what may still come in by mail after that.
AFTERWARDS = (CHECK, CONFIRMATION)


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One step as it will be asked for. ``key`` is stable; replicas have a number behind it."""

    key: str
    title: str
    guidance: str
    proof_needed: bool = True


@dataclass(frozen=True, slots=True)
class SetFacts:
    """What of a set decides its steps. ``returns``: the data or an item goes to the client first."""

    name: str
    place: Place
    vendor: str = ""
    console: str = ""
    tenant: str = ""
    description: str = ""
    location: str = ""
    until: date | None = None
    window_days: int | None = None
    returns: bool = False
    replicas: tuple[Mapping[str, Any], ...] = ()


def kind_of(key: str) -> str:
    """What a step is, without its number."""
    return key.partition(":")[0]


def steps_for(facts: SetFacts) -> tuple[StepPlan, ...]:
    """The steps in their order. By hand: all of them; else one for each replica that does not expire by itself."""
    replicas = tuple(_replicas(facts))
    if not facts.place.by_hand:
        return replicas
    who = facts.vendor or "the vendor"
    where = facts.console or facts.location or who
    tenant = f" Choose the tenant {facts.tenant}, and compare its name twice." if facts.tenant else ""
    if facts.place is Place.MEDIA:
        return (
            StepPlan(SIGN_IN, "Take the media at hand", f"Compare what lies before you with the record: {facts.description or facts.location}. "
                     "Write serial numbers or labels into the words of this step."),
            *_export(facts),
            StepPlan(DELETE, "Wipe or destroy the media", "Use a tool that writes a report. Each piece gets a record of destruction of its own "
                     "(SP 800-88r2) with that report; name their serial numbers here and attach the report."),
            *replicas,
            StepPlan(CHECK, "Check what is left", "Count the media again, read a sample of the wiped ones, and attach what it showed."),
        )  # fmt: skip
    return (
        StepPlan(SIGN_IN, f"Sign in at {where}", f"Use your own account, not a shared one.{tenant} The picture shows tenant, account and the set "
                 f"“{facts.name}”."),
        *_export(facts),
        StepPlan(DELETE, "Delete the backups and archives", f"Delete everything of “{facts.name}”, all versions and restore points; stop its "
                 "schedules first, or it fills again tonight. The picture shows the console after the deletion."),
        *replicas,
        StepPlan(BIN, "Empty the recycle bin and what is kept after deletion", "Many consoles keep what was deleted (soft delete, recycle bin, "
                 "immutability, retention locks) for days or months. Empty it, or write down until when it stays; then this step waits till then."),
        StepPlan(SUBSCRIPTION, "Cancel the subscription, or say that it goes on", _window(facts, who), proof_needed=False),
        StepPlan(CONFIRMATION, f"Ask {who} for a written confirmation", "Ask that the data is deleted, copies and sub-processors included, and when "
                 "the last copy expires. Attach the answer. Without one the certificate says so: write whom you asked and when.",
                 proof_needed=False),
        StepPlan(CHECK, "Sign in again and look", "At best another day, and another person. The picture shows that nothing of the set is listed, the "
                 "recycle bin included."),
    )  # fmt: skip


def _export(facts: SetFacts) -> tuple[StepPlan, ...]:
    if not facts.returns:
        return ()
    return (
        StepPlan(EXPORT, "Export what is to be returned", "The client chose to have its data back. Export it, let it arrive, and open a sample "
                 "before anything is deleted; attach the client’s word that it arrived."),
    )  # fmt: skip


def _replicas(facts: SetFacts) -> Iterable[StepPlan]:
    for number, one in enumerate(facts.replicas, 1):
        if not facts.place.by_hand and one.get("expires_days") is not None:
            continue  # it goes by itself, and the effective day waits for it
        what = str(one.get("what") or "Copy")
        where = str(one.get("where") or "")
        firm = str(one.get("sub_processor") or "")
        at = ", ".join(part for part in (where, firm) if part) or "where it lies"
        words = f"Delete it at {at}."
        if firm:
            words += f" {firm} is a sub-processor: ask for its written confirmation and attach it."
        if one.get("expires_days") is not None:
            words += f" What cannot be deleted there expires after {one['expires_days']} days; the effective day waits for that."
        yield StepPlan(f"{REPLICA}:{number}", f"Delete the copy: {what} ({at})", words)


def _window(facts: SetFacts, who: str) -> str:
    words = "Only now, after everything is deleted: cancelling earlier lets the vendor purge on its own days, without proof."
    if facts.until is not None:
        words += f" The promise ran until {show(facts.until)}."
    if facts.window_days is not None:
        words += f" {who} keeps data for {facts.window_days} days after cancellation; the effective day waits for that unless it confirms in writing."
    return f"{words} If other clients use it, write that it goes on."
