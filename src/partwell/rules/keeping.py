# SPDX-License-Identifier: AGPL-3.0-or-later
"""R6, R12, R13: until when a backup set is kept, what argues with that, and when people are told.

All days are calendar days of the MSP's zone. Nothing here decides between rules that contradict each other:
a conflict is shown with both sides and their sources, and a person settles it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from dateutil.relativedelta import relativedelta

from partwell.rules.dates import RETENTION_MONTHS, keep_until
from partwell.rules.refusals import show

__all__ = [
    "BINDING",
    "Choice",
    "Conflict",
    "Duty",
    "DutyKind",
    "KeepFacts",
    "Keeping",
    "Notice",
    "NoticeKind",
    "Place",
    "duties_of",
    "keeping",
    "next_notice_on",
    "notices_due",
    "window_alarm",
]


class Place(StrEnum):
    """Where a backup set lies, which is also how it can be emptied."""

    UNKNOWN = ""
    VAULT = "vault"  # under a key unit of our own vault
    BUCKET = "bucket"  # an S3-compatible bucket and prefix
    FOLDER = "folder"  # a directory or mounted share
    VENDOR = "vendor"  # a vendor's cloud that is emptied by hand in its console
    MEDIA = "media"  # drives and tapes: wiped or shredded, by hand too

    @property
    def label(self) -> str:
        """The place as people read it."""
        return _PLACES[self]

    @property
    def by_hand(self) -> bool:
        """Whether people empty it: Partwell guides them and keeps the proof."""
        return self in (Place.UNKNOWN, Place.VENDOR, Place.MEDIA)


_PLACES = {
    Place.UNKNOWN: "not said yet",
    Place.VAULT: "our vault",
    Place.BUCKET: "an S3-compatible bucket",
    Place.FOLDER: "a directory or mounted share",
    Place.VENDOR: "a vendor’s cloud",
    Place.MEDIA: "drives or tapes",
}


class Choice(StrEnum):
    """What the client decided about its backups and archives (R6; GDPR 28(3)(g) makes it the client's to decide)."""

    KEEP = "keep"
    DELETE_NOW = "delete_now"
    SHIP = "ship"
    DOWNLOAD = "download"

    @property
    def label(self) -> str:
        """The choice as the client reads it."""
        return _CHOICES[self]

    @property
    def returns(self) -> bool:
        """Whether the data is to reach the client before it is deleted here."""
        return self in (Choice.SHIP, Choice.DOWNLOAD)

    @property
    def lasting(self) -> bool:
        """Whether it brings the end nearer, which nothing brings back: R1's second factor is asked for."""
        return self is Choice.DELETE_NOW


_CHOICES = {
    Choice.KEEP: "keep as agreed, then delete",
    Choice.DELETE_NOW: "delete after the end of service, without waiting",
    Choice.SHIP: "return it on a drive, then delete",
    Choice.DOWNLOAD: "return it as a download, then delete",
}


class DutyKind(StrEnum):
    """What a law profile may ask of the time that data is kept."""

    INSTRUCTION = "instruction"  # keeping needs the client's recorded instruction
    AT_LEAST = "at_least"  # not before so many days or months after the end of service
    AT_MOST = "at_most"  # erased after so many days, unless a later date is agreed


@dataclass(frozen=True, slots=True)
class Duty:
    """One sentence of a law about how long *backup data* is kept; the evidence record has its own schedule."""

    profile: str
    article: str
    kind: DutyKind
    days: int = 0
    sentence: str = ""

    def day(self, end_of_service: date) -> date:
        """The day it speaks of, counted from the end of service."""
        return end_of_service + timedelta(days=self.days)


_DUTIES: Mapping[str, tuple[Duty, ...]] = MappingProxyType(
    {
        "gdpr": (
            Duty("gdpr", "Article 28(3)(g)", DutyKind.INSTRUCTION,
                 sentence="Delete or return is the client’s choice; keeping needs its recorded instruction."),
        ),
        "hipaa": (
            Duty("hipaa", "45 CFR 164.504(e)(2)(ii)(J)", DutyKind.INSTRUCTION,
                 sentence="Return or destroy, if feasible; keeping needs the client’s recorded instruction."),
        ),
        "eu_data_act": (
            Duty("eu_data_act", "Article 25(2)(g)", DutyKind.AT_LEAST, 30,
                 sentence="The client can retrieve its data for at least 30 days."),
            Duty("eu_data_act", "Article 25(2)(h)", DutyKind.AT_MOST, 30,
                 sentence="Full erasure after the retrieval period, unless a later date is agreed."),
        ),
    }
)  # fmt: skip


BINDING = tuple(_DUTIES)  # codes of the profiles that ask something of keeping


def duties_of(profiles: Iterable[str]) -> tuple[Duty, ...]:
    """What the law profiles of these codes ask of keeping; codes without such duties give none."""
    return tuple(duty for code in profiles for duty in _DUTIES.get(code, ()))


@dataclass(frozen=True, slots=True)
class KeepFacts:
    """What a set's date hangs from. ``months``: the agreement's or the MSP's policy; shorter than six lengthens to six
    unless ``shorter_agreed`` (the agreement says so in words). ``longer_until``: a later day agreed for this set."""

    end_of_service: date
    months: int = RETENTION_MONTHS
    shorter_agreed: bool = False
    longer_until: date | None = None
    choice: Choice | None = None
    chosen_on: date | None = None
    duties: tuple[Duty, ...] = ()
    client_back: bool = False  # it has come back since (R9), and may want what was to go


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two things that cannot both be kept; ``next_step`` says who settles it and how."""

    code: str
    sentence: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Keeping:
    """``until``: the last day it is kept. ``basis``: why that day, in one sentence."""

    until: date
    basis: str
    conflicts: tuple[Conflict, ...] = ()


def keeping(facts: KeepFacts) -> Keeping:
    """R6 and R12: the last day a set is kept and what argues with it.

    Six calendar months after the end of service, or what policy and agreement lengthen it to; the client's word
    to delete at once moves it to the end of service, its word to return leaves the date (the data must arrive first).
    """
    months = facts.months if facts.shorter_agreed else max(facts.months, RETENTION_MONTHS)
    until = keep_until(facts.end_of_service, months)
    basis = f"{months} calendar months after the end of service on {show(facts.end_of_service)}"
    if facts.longer_until is not None and facts.longer_until > until:
        until, basis = facts.longer_until, "a later day agreed for this set"
    if facts.choice is Choice.DELETE_NOW:
        until = max(facts.end_of_service, facts.chosen_on or facts.end_of_service)
        basis = "the client’s instruction to delete without waiting"
    return Keeping(until, basis, tuple(_conflicts(facts, until)))


def _conflicts(facts: KeepFacts, until: date) -> Iterable[Conflict]:
    asked = [one for one in facts.duties if one.kind is DutyKind.INSTRUCTION]
    if asked and facts.choice is None:
        yield Conflict(
            "instruction_missing",
            f"{asked[0].sentence} ({', '.join(one.article for one in asked)}) No choice of the client is on record.",
            "Ask the client’s signatory what shall happen to the data.",
        )
    if facts.client_back:
        yield Conflict(
            "client_back",
            f"The client has come back, and this set is to be deleted after {show(until)}.",
            "Ask the client whether it still wants that; a later day can be agreed for the set.",
        )
    for duty in facts.duties:
        day = duty.day(facts.end_of_service)
        if duty.kind is DutyKind.AT_LEAST and until < day:
            yield Conflict(
                "too_early",
                f"{duty.sentence} ({duty.article}) That is until {show(day)}, and the set would go after {show(until)}.",
                "Wait until that day, or record who advised otherwise.",
            )
        if duty.kind is DutyKind.AT_MOST and until > day and not _later_agreed(facts):
            yield Conflict(
                "too_late",
                f"{duty.sentence} ({duty.article}) That is {show(day)}, and the set would be kept until {show(until)}.",
                "Ask the client to agree to the later day, or to have it deleted earlier.",
            )


def _later_agreed(facts: KeepFacts) -> bool:
    # "as agreed" said by the client is an agreement to the later day; so is a day agreed for this very set
    return facts.choice is not None or facts.longer_until is not None


# --- R13: the vendor's window -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WindowAlarm:
    """A vendor would purge before the promise ends. ``cancel_from``: first day on which cancelling keeps the promise."""

    purged_on: date | None
    cancel_from: date
    sentence: str
    next_step: str


def window_alarm(
    *, vendor: str, window_days: int | None, until: date, cancel_on: date | None, today: date
) -> WindowAlarm | None:
    """R13: None while the vendor keeps the data as long as was promised.

    ``cancel_on``: the day on which the subscription ends or was ended, if known; ``window_days``: how long the vendor
    keeps data after that; None where nobody asked the vendor, which is an alarm of its own once a cancellation is known.
    A window shorter than the promise is one from the start: the alarm must come *before* anybody cancels.
    """
    if window_days is None:
        if cancel_on is None:
            return None
        return WindowAlarm(
            None, until,
            f"Nobody knows how long {vendor or 'the vendor'} keeps the data after {show(cancel_on)}.",
            "Ask the vendor for its purge window before the subscription is cancelled, and enter it.",
        )  # fmt: skip
    # The vendor may purge on the window's last day, so the promise needs the day after ``until``.
    earliest = until + timedelta(days=1) - timedelta(days=window_days)
    if cancel_on is None and today < earliest:
        return WindowAlarm(
            None, earliest,
            f"{vendor or 'The vendor'} purges {window_days} {'day' if window_days == 1 else 'days'} after cancellation; "
            f"{show(until)} was promised.",
            f"Do not cancel before {show(earliest)}; else copy the set to another place first, or ask the client to "
            "agree to the earlier day.",
        )  # fmt: skip
    if cancel_on is None or cancel_on >= earliest:
        return None
    purged = cancel_on + timedelta(days=window_days)
    late = purged <= today
    return WindowAlarm(
        purged,
        earliest,
        f"{vendor or 'The vendor'} purges {window_days} days after cancellation, on {show(purged)}; "
        f"{show(until)} was promised.",
        "Find out what is left, and tell the client today."
        if late
        else f"Do not cancel before {show(earliest)}; else copy the set to another place first, or ask the client to agree "
        "to the earlier day.",
    )


# --- notices ------------------------------------------------------------------------------------------------


class NoticeKind(StrEnum):
    """R6's notices to client and owner, in the order in which they come."""

    SIXTY = "sixty"
    THIRTY = "thirty"
    SEVEN = "seven"
    AFTER = "after"


_OFFSETS = (
    (NoticeKind.SIXTY, -60),
    (NoticeKind.THIRTY, -30),
    (NoticeKind.SEVEN, -7),
    (NoticeKind.AFTER, 1),
)
NOTICE_BEFORE = timedelta(
    days=7
)  # nothing is deleted sooner after the client was last told of the coming day


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice that is due: ``covers`` names earlier ones that it says with it because nobody was there to send them."""

    kind: NoticeKind
    due_on: date
    late: bool
    covers: tuple[NoticeKind, ...] = ()


def notices_due(until: date, today: date, given: Iterable[NoticeKind]) -> Notice | None:
    """The one notice to give today, or None. Never early, never twice, and never four at once after a year's absence.

    ``given``: kinds given (or covered) for this very ``until``. Notices whose day had passed when the set was recorded
    were never owed, but the newest of them is still given, so that the client hears once.
    """
    had = set(given)
    due = [(kind, until + timedelta(days=days)) for kind, days in _OFFSETS]
    open_ = [(kind, day) for kind, day in due if day <= today and kind not in had]
    if not open_:
        return None
    kind, day = open_[-1]
    later_given = any(one in had for one, _ in due[[k for k, _ in due].index(kind) + 1 :])
    if later_given:  # the clock was set back: what comes after it has been said
        return None
    return Notice(kind, day, late=day < today, covers=tuple(one for one, _ in open_[:-1]))


def next_notice_on(until: date, given: Iterable[NoticeKind]) -> date | None:
    """The day of the first notice that was neither given nor overtaken by a later one; None when the last was given."""
    had = set(given)
    last = max((n for n, (kind, _) in enumerate(_OFFSETS) if kind in had), default=-1)
    return None if last + 1 == len(_OFFSETS) else until + timedelta(days=_OFFSETS[last + 1][1])


def told_early_enough(
    until: date, today: date, told_on: date | None, *, at_clients_word: bool
) -> date | None:
    """None when the client was told of this very day at least seven days ago; else the first day on which it will have been.

    With the client's own instruction to delete at once nobody has to tell it.
    """
    if at_clients_word:
        return None
    if told_on is None:
        return max(today, until) + NOTICE_BEFORE
    ready = told_on + NOTICE_BEFORE
    return None if ready <= today else ready


def record_until(end_of_service: date, years: int, *, lawful_years: Iterable[int] = ()) -> date:
    """R4, R12: the last day of the evidence record of an inactive client; profiles may only lengthen it."""
    return end_of_service + relativedelta(years=max([years, *lawful_years]))
