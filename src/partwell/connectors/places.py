# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where backup sets lie, as plain values: what is there, what locks it, what happened to it (PROOF.md, "Deletion").

A :class:`Place` is a bucket with a prefix (s3.py) or a folder (folder.py). Its ways are the same for both:
``facts`` before a date is promised, ``list`` for the dry run, ``locks`` on what was listed, ``delete`` in
steps that may be repeated, and ``list`` again, which is the only proof: an empty listing of a place that
answered. What a place cannot do at all is an error of errors.py (``PlaceError``), in a sentence without a secret.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

ThingKind = Literal["object", "marker", "upload", "file", "link", "folder"]
LockKind = Literal["governance", "compliance", "legal_hold"]
Versioning = Literal["on", "suspended", "off", "n/a"]
OutcomeState = Literal["deleted", "gone", "failed"]

BATCH = 1000
"""Things at most in one question to a storage; ``delete`` cuts longer lists itself."""


@dataclass(frozen=True)
class Thing:
    """One thing that takes up room or a name: a version, delete marker, incomplete upload, file, link or folder.

    ``key``: the whole object key, or the path below the root with "/" between (bytes that are no UTF-8
    as ``\\xhh``, a backslash doubled: folder.py). ``version``: the version id, the upload's id, or for a file what tells
    it from a newer one of the same name; empty for a folder. ``size`` in bytes (0: marker, upload, folder).
    ``modified`` is aware UTC. ``latest``: the version that an ordinary reader would see; always true for files.
    ``links``: names that the same bytes have on the file system; above 1, deleting this name leaves the bytes.
    """

    key: str
    version: str
    kind: ThingKind
    size: int
    modified: datetime
    etag: str
    latest: bool
    links: int = 1


@dataclass(frozen=True)
class Lock:
    """What keeps one version from being deleted now. ``until``: last day (UTC) of it; None: until somebody lifts it."""

    key: str
    version: str
    kind: LockKind
    until: date | None


@dataclass(frozen=True)
class Answer:
    """What the storage answered to ``what``, raw but without secrets, and when (aware UTC): evidence."""

    at: datetime
    what: str
    text: str


@dataclass(frozen=True)
class PlaceFacts:
    """What has to be known before a date of deletion is promised.

    ``reachable`` false: nothing else is known, and the last answer in ``raw`` is the sentence why.
    ``default_retention``: like "compliance, 30 days", or empty. ``replication`` and ``lifecycle``: one sentence
    each rule that bears on deletion. ``unknown``: which of these the storage would not tell (no permission, not implemented there);
    where Object Lock may not be
    asked for, ``object_lock`` is true, so that every version is asked. ``identity``: what this place is; another value
    later means that something else lies there now (a share that is not mounted looks empty).
    """

    reachable: bool
    versioning: Versioning
    object_lock: bool
    default_retention: str
    replication: tuple[str, ...]
    lifecycle: tuple[str, ...]
    raw: tuple[Answer, ...]
    unknown: tuple[str, ...] = ()
    identity: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of one thing. ``deleted``: the storage says it is not there any more. ``gone``: it was not there.

    ``failed``: it is still there. ``code`` is the storage's own (``AccessDenied``) or one of ours (``changed``,
    ``outside``, ``not_empty``, ``no_permission``, ``read_only``, ``link_in_path``, ``other_device``); ``words`` a sentence.
    """

    key: str
    version: str
    kind: ThingKind
    state: OutcomeState
    code: str
    words: str


# a class with a method `list` cannot say list[…] behind it
Locks = list[Lock]
Outcomes = list[Outcome]


class Place(Protocol):
    """A place whose things can be told and deleted. All but ``describe`` and ``overlaps`` may raise ``PlaceError``."""

    def facts(self) -> PlaceFacts:
        """Ask the place what it is. Unreachable is an answer (``reachable=False``); refused and expired raise."""

    def list(self, after: str = "") -> Iterator[Thing]:
        """Everything there: every version, marker, incomplete upload, file, link and folder, one by one.

        Contents come before their folder. ``after``: a value of ``marker_of``; what came up to it is left out.
        """

    def marker_of(self, thing: Thing) -> str:
        """The text (below 3 KiB) that lets ``list`` go on behind this thing, also when it is deleted by then."""

    def locks(self, things: Sequence[Thing]) -> Locks:
        """The locks that hold now; costs nothing where the place has no object lock."""

    def delete(self, things: Sequence[Thing]) -> Outcomes:
        """Delete exactly these; one outcome each, in the same order. May be repeated: what is not there is no failure.

        Failure of a single thing is an outcome. A place that answers no more raises, and the error's
        ``outcomes`` are those of the things before.
        """

    def describe(self) -> str:
        """The place in words that a person knows it by, without secrets."""

    def overlaps(self, other: object) -> bool:
        """Whether something could lie in both."""
