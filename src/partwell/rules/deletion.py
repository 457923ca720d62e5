# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6, R15 and PROOF.md, "Deletion": the life of one deletion, and what must be true before each step of it.

A deletion lives for months. Nothing is rounded up: what could not be deleted keeps it *partial* until it is tried
again or excepted by name, and a certificate says only what was verified by listing again and validated by a second person.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from partwell.rules.refusals import Refusal, refuse, show


class DeletionState(StrEnum):
    """Where a deletion stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    LISTED = "listed"  # the dry run said exactly what will go
    RUNNING = "running"
    PARTIAL = "partial"
    EXECUTED = "executed"  # everything on the list is gone or excepted
    VERIFIED = "verified"  # listed again: nothing of it is left
    VALIDATED = "validated"  # a second person looked at the outcome
    CERTIFIED = "certified"
    STOPPED = "stopped"  # by a hold
    CANCELLED = "cancelled"


_S = DeletionState
DELETION_MOVES: Mapping[DeletionState, Mapping[str, DeletionState]] = {
    _S.PROPOSED: {"approve": _S.APPROVED, "stop": _S.STOPPED, "cancel": _S.CANCELLED},
    # "begin" instead of list and start: a set that people empty by hand has no listing of ours.
    _S.APPROVED: {"list": _S.LISTED, "begin": _S.RUNNING, "stop": _S.STOPPED, "cancel": _S.CANCELLED},
    _S.LISTED: {"list": _S.LISTED, "start": _S.RUNNING, "stop": _S.STOPPED, "cancel": _S.CANCELLED},
    _S.RUNNING: {"finish": _S.EXECUTED, "fail": _S.PARTIAL, "stop": _S.STOPPED},
    # What is gone is gone: a deletion that has begun cannot be cancelled, only stopped, retried or excepted.
    # What came to light only afterwards is listed and shown before it goes too.
    _S.PARTIAL: {"list": _S.LISTED, "start": _S.RUNNING, "except": _S.EXECUTED, "stop": _S.STOPPED},
    _S.EXECUTED: {"verify": _S.VERIFIED, "find_left": _S.PARTIAL, "stop": _S.STOPPED},
    _S.VERIFIED: {"validate": _S.VALIDATED, "reject": _S.PARTIAL},
    _S.VALIDATED: {"certify": _S.CERTIFIED},
    # After a hold the world has moved: the dry run is made again before anything more goes.
    # What was stopped before anybody had approved it comes back as a proposal.
    _S.STOPPED: {"resume": _S.APPROVED, "repropose": _S.PROPOSED, "cancel": _S.CANCELLED},
    _S.CERTIFIED: {},
    _S.CANCELLED: {},
}

# States in which a hold still has something to save.
STOPPABLE = tuple(state for state, moves in DELETION_MOVES.items() if "stop" in moves)
OVER = (_S.CERTIFIED, _S.CANCELLED)
_WANTED = {
    "approve": "approved",
    "list": "listed",
    "begin": "begun",
    "start": "started",
    "finish": "finished",
    "fail": "left partial",
    "except": "excepted",
    "verify": "verified",
    "find_left": "called incomplete",
    "validate": "validated",
    "reject": "rejected",
    "certify": "certified",
    "stop": "stopped",
    "resume": "resumed",
    "repropose": "resumed",
    "cancel": "cancelled",
}


def after(current: DeletionState, move: str, what: str) -> DeletionState | Refusal:
    """The state after ``move``; a refusal that says where the deletion of ``what`` stands otherwise."""
    found = DELETION_MOVES[current].get(move)
    if found is None:
        return refuse("deletion_state", subject=what, state=current.value, wanted=_WANTED.get(move, move))
    return found


# --- two people (R15) ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Second:
    """Who agrees as the second person: a colleague (``staff``) or, in a one-person MSP, the client's signatory."""

    id: str
    name: str
    role: str  # owner, account_manager, technician or signatory


def may_second(
    first_id: str, first_role: str, second: Second, *, staff_count: int, what: str, owner_needed: bool = True
) -> Refusal | None:
    """R15: nobody approves their own; one of the two is an owner; the signatory seconds only in a one-person MSP.

    ``staff_count``: active members of staff who could have been the second (auditors do not count).
    """
    if not second.id or second.id == first_id:
        return refuse("second_person_needed", person=second.name or "One person", what=what)
    if second.role == "signatory":
        if staff_count > 1:
            return refuse("second_is_staff", what=what)
    elif second.role not in ("owner", "account_manager", "technician"):
        return refuse("second_person_needed", person=second.name, what=what)
    if owner_needed and "owner" not in (first_role, second.role):
        return refuse("owner_needed", what=what)
    return None


# --- what the dry run says of each thing --------------------------------------------------------------------


class LineVerdict(StrEnum):
    """What the dry run says of one thing found in the place."""

    GOES = "goes"
    LOCKED = "locked"  # Object Lock, legal hold or immutability of the storage
    NEWER = "newer"  # written after the service ended: perhaps somebody still uses it
    NOT_OURS = "not_ours"  # outside the set's own path, or of another client


@dataclass(frozen=True, slots=True)
class FoundThing:
    """One thing as the storage listed it, in plain values. ``modified_on``: its day in the MSP's zone."""

    within: bool
    locked_until: date | None = None
    locked_for_ever: bool = False  # a legal hold in the storage has no end
    modified_on: date | None = None


def judge(thing: FoundThing, *, today: date, end_of_service: date | None) -> LineVerdict:
    """What would happen to one thing; not ours wins over locked, locked over newer."""
    if not thing.within:
        return LineVerdict.NOT_OURS
    if thing.locked_for_ever or (thing.locked_until is not None and thing.locked_until >= today):
        return LineVerdict.LOCKED
    if end_of_service is not None and thing.modified_on is not None and thing.modified_on > end_of_service:
        return LineVerdict.NEWER
    return LineVerdict.GOES


# --- may it start -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartFacts:
    """What is asked at the click, by each step of the job, and before each batch that leaves.

    ``only_copies``: titles of client-owned items whose only copy lies in the set and that are neither handed over nor
    waived in writing. ``listed_digest``/``shown_digest``: of the dry run as stored and as the person saw it.
    ``told_until``: what ``keeping.told_early_enough`` gave. ``newer``/``not_ours``/``locked``: counts of the dry run;
    ``newer_agreed``: a person looked at the newer ones and said that they go too.
    """

    set_name: str
    held_by: tuple[str, ...] = ()
    paused_by: tuple[str, ...] = ()
    keep_until: date | None = None
    today: date | None = None
    only_copies: tuple[str, ...] = ()
    awaiting_return: bool = False
    told_until: date | None = None
    locked: int = 0
    newer: int = 0
    newer_agreed: bool = False
    not_ours: int = 0
    listed_digest: str = ""
    shown_digest: str = ""
    typed_name: str = ""


def may_propose(facts: StartFacts) -> Refusal | None:
    """What stops a deletion from being proposed at all: a hold, the date, the only copy."""
    if facts.held_by:
        return refuse("on_hold", item=facts.set_name)
    if facts.paused_by:
        return refuse("deletion_paused", subject=facts.set_name, why="; ".join(facts.paused_by))
    if facts.keep_until is None:
        return refuse("no_keep_date", subject=facts.set_name)
    if facts.today is None or facts.today <= facts.keep_until:
        return refuse("kept_until", subject=facts.set_name, day=facts.keep_until)
    if facts.awaiting_return:
        return refuse("return_first", subject=facts.set_name)
    if facts.only_copies:
        return refuse("only_copy", item=", ".join(facts.only_copies[:5]))
    return None


def may_run(facts: StartFacts) -> Refusal | None:
    """What is asked before each batch: all that stops a proposal, and what the storage holds back."""
    if (stopped := may_propose(facts)) is not None:
        return stopped
    if facts.not_ours:
        return refuse("not_ours", subject=facts.set_name, count=facts.not_ours)
    return None


def may_start(facts: StartFacts, *, by_hand: bool = False) -> Refusal | None:
    """Everything that must be true when a person starts the deletion, in the order in which it is best settled.

    ``by_hand``: people empty the place themselves, so there is no dry run whose digest they could have been shown.
    """
    if (stopped := may_run(facts)) is not None:
        return stopped
    if facts.told_until is not None:
        return refuse("not_told_yet", subject=facts.set_name, day=facts.told_until)
    if by_hand:
        return _name_typed(facts)
    if not facts.listed_digest or facts.listed_digest != facts.shown_digest:
        return refuse("list_changed", subject=facts.set_name)
    if facts.newer and not facts.newer_agreed:
        return refuse("newer_data", subject=facts.set_name, count=facts.newer)
    return _name_typed(facts)


def _name_typed(facts: StartFacts) -> Refusal | None:
    if facts.typed_name.strip() != facts.set_name:
        return refuse("name_not_typed", subject=facts.set_name)
    return None


def may_cancel(state: DeletionState, what: str, *, begun: bool) -> Refusal | None:
    """What is gone is gone: a deletion that has begun is stopped, retried or excepted, never called off as if nothing were."""
    found = after(state, "cancel", what)
    if isinstance(found, Refusal):
        return found
    return refuse("deletion_begun", subject=what) if begun else None


# --- the end ------------------------------------------------------------------------------------------------


def may_validate(executed_by: str, validator: Second, *, staff_count: int) -> Refusal | None:
    """SP 800-88r2: validation is a second person's: not whoever executed it."""
    return may_second(
        executed_by,
        "owner",
        validator,
        staff_count=staff_count,
        what="the outcome of a deletion",
        owner_needed=False,
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """What decides when a deletion is effective. Days in the MSP's zone; None: does not apply."""

    executed_on: date
    key_destroyed_on: date | None = None
    key_backup_days: int = 0
    replicas_expire_on: date | None = None
    vendor_window_days: int | None = None
    vendor_confirmed: bool = False


def effective_on(ending: Ending) -> date:
    """PROOF.md: the latest of key destruction, key-store backup expiry, and the last replica's or log's expiry.

    A vendor's window counts from the day of emptying unless the vendor confirmed in writing that it purged.
    """
    days = [ending.executed_on]
    if ending.key_destroyed_on is not None:
        days.append(ending.key_destroyed_on + timedelta(days=ending.key_backup_days))
    if ending.replicas_expire_on is not None:
        days.append(ending.replicas_expire_on)
    if ending.vendor_window_days and not ending.vendor_confirmed:
        days.append(ending.executed_on + timedelta(days=ending.vendor_window_days))
    return max(days)


def may_certify(what: str, *, effective: date, today: date, left: int, unproved: int) -> Refusal | None:
    """A certificate says only what is true: nothing left but what is excepted by name, every hand step proved, no undoing."""
    if left:
        return refuse("not_all_gone", subject=what, count=left)
    if unproved:
        return refuse("step_unproved", subject=what, count=unproved)
    if today < effective:
        return refuse("not_effective_yet", subject=what, day=effective)
    return None


def limits(place: str, *, key_backup_days: int, excepted: int, confirmed: bool) -> tuple[str, ...]:
    """What the certificate does not claim, in sentences (PROOF.md, "Deletion": absence cannot be proved)."""
    out = [
        (
            "That no copy exists anywhere cannot be proved. This certificate says what was listed, what the storage answered, "
            "and what a second person looked at afterwards."
        )
    ]
    if place == "vault":
        out.append(
            "The key was removed from its store; on solid-state and copy-on-write disks removal does not prove that its "
            f"bytes are gone. Backups of the key store are kept for {key_backup_days} days."
            if key_backup_days
            else "The key was removed from its store; on solid-state and copy-on-write disks removal does not prove that its "
            "bytes are gone. No backups of the key store are kept."
        )
    if place == "bucket":
        out.append(
            "What the storage service keeps behind its interface (its own replicas and logs) is attested by its operator."
        )
    if place == "folder":
        out.append(
            "Files were unlinked. Snapshots and backups of the share, and the disk’s own remains, are outside this certificate."
        )
    if place == "vendor":
        out.append(
            "Deletion at the vendor is attested by its written confirmation, which is attached."
            if confirmed
            else "The vendor gave no written confirmation; what is attested is what its console showed."
        )
    if excepted:
        out.append(f"{excepted} named exceptions were not deleted; they are listed above.")
    return tuple(out)


def overdue_words(until: date, today: date, state: str) -> str:
    """How a late promise is told to the client: plainly."""
    late = (today - until).days
    if late <= 0:
        return ""
    return f"To be deleted after {show(until)}; {late} {'day' if late == 1 else 'days'} late ({state})."
