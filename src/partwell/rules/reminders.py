# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a signatory is reminded of an authorisation that waits for their signature (R1): on set days, each once, by nobody's click.

Silence is an answer too (R1: then what is theirs is released to the client alone), so reminders are few and can be switched off.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from partwell.rules.refusals import Refusal, refuse
from partwell.rules.waiting import Open, why_waits

USUAL = (3, 7)
OFF = "off"
LONGEST = 60
HOUR = time(8)  # nobody is reminded at midnight


@dataclass(frozen=True, slots=True)
class Waits:
    """An authorisation that may wait for a signature. ``proposed_at`` aware; ``sent``: steps that left already, from 1.

    ``signed``: it was, and waits for our call-back; ``portal``: it is signed in the portal, not on paper; ``reached``: mail
    reaches the signatory, who has not left; ``served``: the client is no inactive one, and no departure of it was closed on it.
    """

    proposed_at: datetime | None
    ends_on: date
    proposed: bool = True
    signed: bool = False
    portal: bool = True
    reached: bool = True
    served: bool = True
    open_now: Open = field(default_factory=Open)
    sent: frozenset[int] = frozenset()


def days_of(kept: str) -> tuple[int, ...]:
    """The days after the proposal as the settings keep them ("3 7"; "" is the usual, "off" none); a step of zero days is off."""
    if kept == OFF:
        return ()
    return tuple(int(one) for one in kept.split()) if kept else USUAL


def problem(kept: str) -> Refusal | None:
    """None where the settings may keep this."""
    if kept in ("", OFF):
        return None
    words = kept.split(" ")
    if not all(one.isascii() and one.isdigit() and len(one) < 4 for one in words):
        return refuse("invalid_input", where="The days of a reminder", problem="it is numbers, or off")
    found = kept_as(tuple(int(one) for one in words))
    return found if isinstance(found, Refusal) else None


def kept_as(days: tuple[int, ...]) -> str | Refusal:
    """How the settings keep them; the refusal of days that are no days, or not one after the other."""
    if any(not 0 <= one <= LONGEST for one in days):
        return refuse("invalid_input", where="The days of a reminder", problem=f"it is 0 to {LONGEST} days, 0 for none")  # fmt: skip
    on = [one for one in days if one]
    if on != sorted(set(on)):
        return refuse(
            "invalid_input", where="The days of a reminder", problem="the second comes after the first"
        )
    return " ".join(map(str, days)) if on else OFF


def due_step(one: Waits, days: tuple[int, ...], now: datetime, zone: str) -> int | None:
    """The step (from 1) whose reminder leaves now (aware), or None. Days are those of ``zone``, from eight o'clock.

    Only the newest step that has come: after a pause one mail leaves, never several. Nothing while a bill is overdue or
    a dispute or claim is open (``waiting.why_waits``): what staff would write waits then, and this is no haste.
    """
    local = now.astimezone(ZoneInfo(zone))
    asked = one.proposed and not one.signed and one.portal and one.reached and one.served
    if not asked or one.proposed_at is None or one.ends_on < local.date() or local.time() < HOUR:
        return None
    if why_waits("message", by_staff=True, open_now=one.open_now):
        return None
    since = one.proposed_at.astimezone(ZoneInfo(zone)).date()
    come = [
        step for step, after in enumerate(days, 1) if after and since + timedelta(days=after) <= local.date()
    ]
    if not come or any(step >= come[-1] for step in one.sent):
        return None
    return come[-1]
