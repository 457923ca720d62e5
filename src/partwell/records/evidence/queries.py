# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions to the ledger: whose entries, what of them may be read, and each as a sentence. A fixed number of queries a page."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.apps import apps
from django.core.paginator import Page, Paginator
from django.db.models import F, Max, Q, QuerySet

from partwell.records.evidence.erasures import Erased, erased_of
from partwell.records.evidence.models import Checkpoint, Disclosure, Entry, EntrySubject, LogState
from partwell.rules import events
from partwell.rules.actor import Actor
from partwell.rules.refusals import show
from sealed import canonical
from sealed import entry as leaf

# R4: that there is an internal note is the MSP's own business too.
# So is a message that waits or was stopped: once it leaves, message.written says so to all.
INSIDE = ("note.written", "message.waits", "message.read_over", "message.stopped")
MAIL = "envelope"
RECEIPTS = ("receipt.confirmed", "receipt.objected", "credential.rotated")
LABELS = {"staff": ("public", "client", "internal"), "client": ("public", "client"), "provider": ("public",)}
KINDS = ("acceptance", "agreement", "authorisation", "bundle", "call", "client", "contact", "credential", "disclosure", "envelope", "erasure", "estate", "import",
         "item", "key", "ledger", "message", "msp", "note", "offboarding", "plan", "receipt", "recipient", "record", "refusal", "release", "sign_in", "staff")  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One entry as people read it. ``contents``: label → field → value, only what the reader may see."""

    index: int
    uid: UUID
    type: str
    at: datetime
    who: str
    text: str
    sentence: str
    contents: dict[str, dict[str, Any]] = field(default_factory=dict)
    client: str = ""
    client_id: UUID | None = None
    mail: UUID | None = None  # the envelope whose last state this line tells
    erased: dict[str, "Erased"] = field(default_factory=dict)  # label → how that content was erased
    earlier: int = 0  # entries of the same mail that this line stands for

    @property
    def internal(self) -> bool:
        """Stays inside (R4)."""
        return self.type in INSIDE

    @property
    def state(self) -> str:
        """The tone of its dot: what was refused or stopped, what was objected to, what was confirmed."""
        noun, _, verb = self.type.partition(".")
        if noun == "refusal" or verb in ("refused", "stopped", "failed", "address_failed", "unknown"):
            return "refusing"
        if verb in ("objected", "declined", "asked", "held", "requeued", "withdrawn"):
            return "waiting"
        return "open" if verb in ("confirmed", "granted", "approved", "accepted", "sent", "signed") else ""

    @property
    def note(self) -> str:
        """The client's name where entries of many stand together."""
        return self.client

    @property
    def url(self) -> str:
        """Filled in by the door; a mark without an address leads to the staff's proof page."""
        return f"/proof/{self.uid.hex}/"


@dataclass(frozen=True)
class Filters:
    """What a reader asks for: an entry's noun, days (inclusive, in ``zone``), one person, one subject; ``only``: of these entries."""

    noun: str = ""
    first: date | None = None
    last: date | None = None
    person: UUID | None = None
    subject: UUID | None = None
    client: UUID | None = None
    oldest_first: bool = False
    without: str = ""  # a noun to leave out: a short account needs no line for each mail's way
    only: frozenset[int] | None = None
    fold: bool = True  # one line a mail, with its last state; never where one subject is asked for


@dataclass(frozen=True)
class Timeline:
    """One page of lines, and how many entries the newest checkpoint covers."""

    lines: list[Line]
    page: "Page[Any]"
    covered: int


def labels_of(actor: Actor) -> tuple[str, ...]:
    """Which contents this actor may read; none for anybody else."""
    return LABELS.get(actor.kind, ())


def entries_of(
    kind: str, client_id: UUID | None = None, recipient_id: UUID | None = None
) -> "QuerySet[Entry]":
    """The entries of a party: staff all (or one client's), a client its own, a provider those of its own firm."""
    rows = Entry.objects.all()
    if kind == "staff":
        return rows.filter(client_ref=client_id) if client_id else rows
    if kind == "client" and client_id:
        return rows.filter(client_ref=client_id).exclude(type__in=INSIDE)
    if kind == "provider" and client_id and recipient_id:
        return rows.filter(client_ref=client_id, recipient_ref=recipient_id).exclude(type__in=INSIDE)
    return rows.none()


def visible_to(actor: Actor) -> "QuerySet[Entry]":
    """Every entry that this actor may know of."""
    return entries_of(actor.kind, None if actor.is_staff else actor.client_id, actor.recipient_id)


def own_receipts(actor: Actor, release_ids: Iterable[UUID], item_ids: Iterable[UUID]) -> frozenset[int]:
    """Numbers of the entries by which the actor's side answered for these items of these releases (R17); one query."""

    def about(ids: Iterable[UUID]) -> Any:
        return EntrySubject.objects.filter(subject_ref__in=list(ids)).values("entry_index")

    rows = visible_to(actor).filter(type__in=RECEIPTS)
    found = rows.filter(index__in=about(release_ids)).filter(index__in=about(item_ids))
    return frozenset(found.values_list("index", flat=True))


def _filtered(rows: "QuerySet[Entry]", wanted: Filters, zone: str) -> "QuerySet[Entry]":
    at = ZoneInfo(zone)
    if wanted.without:
        rows = rows.exclude(type__startswith=f"{wanted.without}.")
    if wanted.client:
        rows = rows.filter(client_ref=wanted.client)
    if wanted.noun:
        rows = rows.filter(type__startswith=wanted.noun + ".")
    if wanted.first:
        rows = rows.filter(recorded_at__gte=datetime.combine(wanted.first, time.min, at))
    if wanted.last:
        rows = rows.filter(recorded_at__lt=datetime.combine(wanted.last + timedelta(days=1), time.min, at))
    if wanted.person:
        rows = rows.filter(actor_ref=wanted.person)
    if wanted.subject:
        rows = rows.filter(
            index__in=EntrySubject.objects.filter(subject_ref=wanted.subject).values("entry_index")
        )
    if wanted.only is not None:
        rows = rows.filter(index__in=wanted.only)
    if wanted.fold and not wanted.subject and wanted.noun in ("", MAIL) and wanted.without != MAIL:
        rows = _last_of_each_mail(rows)
    return rows.order_by("index" if wanted.oldest_first else "-index")


def _envelopes() -> "QuerySet[Any]":
    return apps.get_model("correspondence", "Envelope")._default_manager.all()


def _last_of_each_mail(rows: "QuerySet[Entry]") -> "QuerySet[Entry]":
    """Without a mail's entry that a later one of the same mail follows *among these rows*: what the reader may not
    see, or did not ask for, neither hides a line nor tells that it exists."""
    mails = rows.filter(type__startswith=f"{MAIL}.").order_by().values("index")
    # An entry's subjects are its client and recipient too: only the envelope's own id ties a mail together.
    # "+ 0" keeps SQLite from trying every envelope with every entry: 45 s for 5,000 mails, else a few hundredths.
    own = EntrySubject.objects.filter(subject_ref__in=_envelopes().values("pk"))
    own = own.annotate(at=F("entry_index") + 0).filter(at__in=mails)
    last = own.order_by().values("subject_ref").annotate(last=Max("entry_index")).values("last")
    return rows.filter(~Q(type__startswith=f"{MAIL}.") | Q(index__in=last))


def _with_mails(lines: list[Line], rows: "QuerySet[Entry]") -> list[Line]:
    """The lines of mails with how many of ``rows`` stand behind each; two queries, none without a mail."""
    mine = [line.index for line in lines if line.type.startswith(f"{MAIL}.")]
    if not mine:
        return lines
    named = EntrySubject.objects.filter(entry_index__in=mine, subject_ref__in=_envelopes().values("pk"))
    of = dict(named.values_list("entry_index", "subject_ref"))
    seen = rows.filter(type__startswith=f"{MAIL}.").values("index")
    behind = EntrySubject.objects.filter(subject_ref__in=set(of.values())).annotate(at=F("entry_index") + 0)
    behind = behind.filter(at__in=seen)
    count = Counter(behind.values_list("subject_ref", flat=True))
    return [
        replace(line, mail=of[line.index], earlier=count[of[line.index]] - 1) if line.index in of else line
        for line in lines
    ]


def timeline_for(
    actor: Actor, wanted: Filters | None = None, *, page: int | str = 1, size: int = 50, zone: str = "UTC"
) -> Timeline:
    """A page of the timeline as this actor may see it; newest first. ``page`` may be anything a stranger typed.

    Seven queries at most, whatever the page holds: count, entries, contents, clients' names, mails' entries (two),
    newest checkpoint.
    """
    wanted = wanted or Filters()
    found = Paginator(_filtered(visible_to(actor), wanted, zone), size).get_page(page)
    rows = list(found.object_list)
    lines = lines_of(rows, labels_of(actor), names=actor.is_staff and not wanted.client)
    if wanted.fold and not wanted.subject:
        lines = _with_mails(lines, visible_to(actor))
    return Timeline(lines, found, covered())


def covered() -> int:
    """How many entries the newest checkpoint covers."""
    return Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0


def disclosed(uids: Sequence[UUID], labels: Iterable[str]) -> dict[UUID, dict[str, tuple[bytes, Any]]]:
    """uid → label → (salt, content), for entries and labels that the reader may see. Content that cannot be read is left out."""
    out: dict[UUID, dict[str, tuple[bytes, Any]]] = defaultdict(dict)
    for start in range(0, len(uids), 400):
        for one in Disclosure.objects.filter(entry_uid__in=uids[start : start + 400], label__in=list(labels)):
            try:
                out[one.entry_uid][one.label] = (bytes(one.salt), canonical.loads_strict(bytes(one.content)))
            except canonical.CanonicalError:
                continue
    return out


def lines_of(rows: Sequence[Entry], labels: Sequence[str], *, names: bool = False) -> list[Line]:
    """Entries as sentences, in the order given. ``names``: with the client's name (one query more)."""
    contents = disclosed([row.uid for row in rows], labels)
    clients: dict[UUID, str] = {}
    if names:
        refs = {row.client_ref for row in rows if row.client_ref}
        clients = dict(
            apps.get_model("clients", "Client")._default_manager.filter(pk__in=refs).values_list("pk", "name")
        )
    gone = erased_of([row.uid for row in rows if _lacks(row, contents[row.uid], labels, len(rows) == 1)])
    return [
        _line(
            row,
            {label: content for label, (_, content) in contents[row.uid].items()},
            clients,
            gone.get(row.uid, {}),
            labels,
        )
        for row in rows
    ]


def _lacks(row: Entry, there: dict[str, Any], labels: Sequence[str], closely: bool) -> bool:
    """Whether the entry committed to content that its reader might see and that is not there."""
    if "public" in labels and "public" not in there:
        return True
    if (
        not closely
    ):  # reading 100,000 leaves for a bundle takes seconds, and its sentences need only the public content
        return False
    try:
        return bool((leaf.parse_leaf(bytes(row.leaf)).commitments.keys() & set(labels)) - there.keys())
    except leaf.EntryError:
        return False


def _line(
    row: Entry,
    contents: dict[str, dict[str, Any]],
    clients: dict[UUID, str],
    gone: dict[str, "Erased"],
    labels: Sequence[str],
) -> Line:
    public = contents.get("public", {})
    erased = {label: one for label, one in gone.items() if label in labels}
    if "client" not in labels:  # on what ground stays between the client and the MSP
        erased = {label: replace(one, by="", basis="") for label, one in erased.items()}
    sentence = (
        erased_sentence(row.type, erased["public"]) if "public" in erased else sentence_of(row.type, public)
    )
    who = str(public.get("actor", ""))
    text = sentence[len(who) :].lstrip() if who and sentence.startswith(who + " ") else sentence
    return Line(row.index, row.uid, row.type, row.recorded_at, who if text != sentence else "", text, sentence, contents,
                clients.get(row.client_ref, "") if row.client_ref else "", row.client_ref, erased=erased)  # fmt: skip


def erased_sentence(type_: str, erased: "Erased") -> str:
    """What stands in place of a sentence whose content was erased on record."""
    by = f" by {erased.by}" if erased.by else ""
    basis = f", {erased.basis.rstrip('.')}" if erased.basis else ""
    return f"{type_.replace('_', ' ').replace('.', ', ').capitalize()}: content erased on {show(erased.at.date())}{by}{basis}."


def sentence_of(type_: str, public: dict[str, Any]) -> str:
    """The sentence; a plain one for an entry whose content was erased or whose type a newer version wrote."""
    try:
        return events.sentence_of(type_, public)
    except events.EventError:
        return f"{type_.replace('_', ' ').replace('.', ', ')}: what it said can no longer be read."


def entry_by_uid(actor: Actor, uid: UUID) -> Entry | None:
    """One entry that this actor may know of, else None."""
    return visible_to(actor).filter(uid=uid).first()


def entry_by_index(actor: Actor, index: int) -> Entry | None:
    """As ``entry_by_uid``, by its number in the log."""
    return visible_to(actor).filter(index=index).first() if 0 <= index < 2**63 else None


def log_state() -> LogState | None:
    """The log's origin and verifier key; None before set-up."""
    return LogState.objects.filter(pk=1).first()


def entry_total() -> int:
    """How many entries the log has."""
    return Entry.objects.count()


def entries_about(subjects: Iterable[UUID], *prefixes: str) -> dict[UUID, int]:
    """The first entry about each subject whose type begins with one of ``prefixes`` (none given: any), by its number.

    Two queries for each 500 subjects.
    """
    wanted, out = list(dict.fromkeys(subjects)), dict[UUID, int]()
    kinds = Q()
    for prefix in prefixes:
        kinds |= Q(type__startswith=prefix)
    for start in range(0, len(wanted), 500):
        few = wanted[start : start + 500]
        pairs = list(
            EntrySubject.objects.filter(subject_ref__in=few).values_list("entry_index", "subject_ref")
        )
        rows = Entry.objects.filter(kinds, index__in={index for index, _ in pairs})
        kept = set(rows.values_list("index", flat=True))
        for index, subject in sorted(pairs, reverse=True):
            if index in kept:
                out[subject] = index
    return out
