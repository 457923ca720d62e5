# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person may see of what is said and sent, each with a fixed number of queries."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value

from partwell.records.correspondence.models import Call, Envelope, Meeting, Message, Road
from partwell.rules.actor import Actor
from partwell.rules.terms import EnvelopeState

__all__ = ["Call", "Envelope", "Meeting", "Message", "Road"]

OUTSIDE = ("all", "client")  # R4: internal and privileged notes are in no portal


def messages_visible_to(actor: Actor, *, stands: bool = True) -> "QuerySet[Message]":
    """Messages an actor may read. ``stands``: a provider's authorisation; without it only its own held questions."""
    if actor.is_staff:
        return Message.objects.all()
    if actor.kind == "client":
        return _left(Message.objects.filter(client=actor.client_id, audience__in=OUTSIDE))
    if actor.kind == "provider":
        rows = _left(
            Message.objects.filter(client=actor.client_id, recipient=actor.recipient_id, audience="all")
        )
        return rows if stands else rows.filter(held=True)
    return Message.objects.none()


def _left(rows: "QuerySet[Message]") -> "QuerySet[Message]":
    """Without what waits and has not been tried: until it leaves it is inside (rules/waiting.py)."""
    tried = Envelope.objects.filter(message=OuterRef("pk"), attempts__gt=0)
    return rows.filter(Q(waits_until=None) | Exists(tried))


def calls_visible_to(actor: Actor) -> "QuerySet[Call]":
    """Calls: staff and their client. A provider has the summary by mail where it was chosen."""
    if actor.is_staff:
        return Call.objects.all()
    return Call.objects.filter(client=actor.client_id) if actor.kind == "client" else Call.objects.none()


def envelopes_visible_to(actor: Actor) -> "QuerySet[Envelope]":
    """Mails: staff all, the client its own. A provider reads its mail in its mailbox."""
    if actor.is_staff:
        return Envelope.objects.all()
    if actor.kind != "client":
        return Envelope.objects.none()
    waits = Q(message__waits_until__isnull=False, attempts=0)
    return Envelope.objects.filter(client=actor.client_id).exclude(waits)


def meetings_visible_to(actor: Actor) -> "QuerySet[Meeting]":
    """Meetings: staff and their client. A provider has the invitation by mail."""
    if actor.is_staff:
        return Meeting.objects.all()
    return (
        Meeting.objects.filter(client=actor.client_id) if actor.kind == "client" else Meeting.objects.none()
    )


def meeting_seen(actor: Actor, meeting_id: UUID) -> Meeting | None:
    """One meeting, or None for a stranger."""
    rows = meetings_visible_to(actor).select_related("client", "recipient", "call")
    return rows.filter(pk=meeting_id).first()


def meetings_page(actor: Actor, client_id: UUID, number: Any, size: int = 25) -> "Page[Meeting]":
    """Every meeting with a client, the latest first."""
    rows = meetings_visible_to(actor).filter(client=client_id).select_related("recipient")
    return Paginator(rows.order_by("-starts_at", "id"), size).get_page(number)


def meetings_ahead(actor: Actor, client_id: UUID, now: datetime) -> list[Meeting]:
    """Planned meetings that are not over, the next first; ten at most."""
    rows = meetings_visible_to(actor).filter(client=client_id, state="planned", ends_at__gt=now)
    return list(rows.order_by("starts_at", "id")[:10])


def meeting_mails(meeting_id: UUID) -> list[Envelope]:
    """The invitations, changes and cancellations of a meeting, oldest first."""
    rows = Envelope.objects.filter(dedupe_key__startswith=f"meeting:{meeting_id.hex}:")
    return list(rows.order_by("queued_at"))


def promises_due(client_id: UUID, until: date) -> list[Call]:
    """Open promises of calls whose day is ``until`` or earlier, the oldest first; twenty at most."""
    rows = Call.objects.filter(client=client_id, promise_kept_at=None, promised_for__lte=until)
    return list(rows.exclude(promised="").order_by("promised_for", "id")[:20])


@dataclass(frozen=True)
class Said:
    """One message or call of a conversation, with the mail that carried it."""

    kind: str
    at: datetime
    row: Any
    envelope: Envelope | None  # the newest: where an address came back, another mail took over
    mails: tuple[Envelope, ...] = ()  # all of them, the first one first

    @property
    def inside(self) -> bool:
        """A note that stays with the MSP."""
        return self.kind == "message" and self.row.audience not in OUTSIDE


@dataclass(frozen=True)
class SaidPage:
    """A page of a conversation: ``page`` for the pager, ``said`` its rows."""

    page: "Page[Any]"
    said: list[Said]


def said_page(
    actor: Actor, client_id: UUID | None, number: Any, *, stands: bool = True, size: int = 25
) -> SaidPage:
    """Messages and calls together, newest first; five queries whatever the length."""
    text = CharField()
    messages = messages_visible_to(actor, stands=stands)
    calls = calls_visible_to(actor)
    if client_id is not None:
        messages, calls = messages.filter(client=client_id), calls.filter(client=client_id)
    first = (
        messages.order_by()
        .annotate(sort=Value("message", text), at=F("written_at"))
        .values_list("sort", "id", "at")
    )
    second = (
        calls.order_by()
        .annotate(sort=Value("call", text), at=F("happened_at"))
        .values_list("sort", "id", "at")
    )
    page = Paginator(first.union(second, all=True).order_by("-at"), size).get_page(number)
    keys = [(sort, row_id, at) for sort, row_id, at in page.object_list]
    found: dict[Any, Any] = {}
    wanted = [row_id for sort, row_id, _ in keys if sort == "message"]
    rows = Message.objects.filter(pk__in=wanted).select_related(
        "client", "recipient", "answers", "inbound__forwarded_by"
    )
    found.update({row.id: row for row in rows})
    called = [row_id for sort, row_id, _ in keys if sort == "call"]
    found.update(
        {row.id: row for row in Call.objects.filter(pk__in=called).select_related("client", "recipient")}
    )
    carried: dict[Any, list[Envelope]] = {}
    by_call = {f"call:{row_id.hex}": row_id for row_id in called}
    mails = Envelope.objects.filter(Q(message__in=wanted) | Q(dedupe_key__in=list(by_call)))
    if actor.kind == "provider":  # its own mail alone: who else got one is not its to know
        mails = mails.filter(to_provider=True, recipient=actor.recipient_id)
    for one in mails.order_by("queued_at"):
        carried.setdefault(one.message_id or by_call[one.dedupe_key], []).append(one)
    said = []
    for sort, row_id, at in keys:
        own = carried.get(row_id, [])
        said.append(Said(sort, at, found[row_id], own[-1] if own else None, tuple(own)))
    return SaidPage(page, said)


def message_seen(actor: Actor, message_id: UUID, *, stands: bool = True) -> Message | None:
    """One message, or None for a stranger."""
    return (
        messages_visible_to(actor, stands=stands)
        .select_related("client", "recipient", "release")
        .filter(pk=message_id)
        .first()
    )


def answers_to_call(actor: Actor, call_id: UUID) -> list[Message]:
    """What people answered by mail to the summary of a call or to a correction of it, the oldest first; fifty at most."""
    summaries = Envelope.objects.filter(dedupe_key__startswith=f"call:{call_id.hex}").values(
        "internet_message_id"
    )
    rows = messages_visible_to(actor).filter(inbound__in_reply_to__in=summaries)
    return list(rows.select_related("recipient").order_by("written_at", "id")[:50])


def call_seen(actor: Actor, call_id: UUID) -> Call | None:
    """One call, or None for a stranger."""
    return calls_visible_to(actor).select_related("client", "recipient").filter(pk=call_id).first()


def envelope_seen(actor: Actor, envelope_id: UUID) -> Envelope | None:
    """One mail as it is frozen, or None for a stranger."""
    rows = envelopes_visible_to(actor).select_related("client", "release", "message", "client_contact")
    return rows.filter(pk=envelope_id).first()


def envelopes_of_message(actor: Actor, message_id: UUID) -> list[Envelope]:
    """The mails that carry a message, the first one first: a takeover makes a second."""
    return list(envelopes_visible_to(actor).filter(message=message_id).order_by("queued_at"))


def envelopes_of_release(release_id: UUID) -> list[Envelope]:
    """The mails of a release, oldest first."""
    return list(Envelope.objects.filter(release=release_id).order_by("queued_at"))


def envelopes_page(actor: Actor, client_id: UUID, number: Any, size: int = 25) -> "Page[Envelope]":
    """Every mail about a client, newest first."""
    return Paginator(
        envelopes_visible_to(actor).filter(client=client_id).order_by("-queued_at"), size
    ).get_page(number)


def to_settle(actor: Actor) -> list[Envelope]:
    """Mails of which nobody knows whether they left, and those that could not be delivered; a person must say."""
    lost = Q(state=EnvelopeState.FAILED, settled_by_name="") & ~Q(stop_code="client_address_taken_over")
    rows = envelopes_visible_to(actor).filter(Q(state=EnvelopeState.UNKNOWN) | lost)
    return list(rows.select_related("client").order_by("data_started_at", "queued_at")[:100])


def waiting_for_reading(now: datetime, client_id: UUID | None = None) -> list[Message]:
    """Messages of staff that have not left: they wait for their time or for a colleague's reading, the next to leave first."""
    queued = Envelope.objects.filter(message=OuterRef("pk"), state=EnvelopeState.QUEUED, attempts=0)
    rows = Message.objects.filter(Exists(queued), waits_until__gt=now, read_by_name="").select_related(
        "client"
    )
    rows = rows.filter(client=client_id) if client_id else rows
    return list(rows.order_by("waits_until")[:20])


def held_open(client_id: UUID | None = None) -> list[Message]:
    """Questions that came before consent and that nobody has settled ("this is not ours" settles one, an authorisation too), newest first."""
    return list(held_undecided(client_id).order_by("-written_at")[:20])


def held_page(number: Any, size: int) -> "Page[Message]":
    """:func:`held_undecided` of every client, newest first; its paginator has how many there are."""
    return Paginator(held_undecided().order_by("-written_at", "-id"), size).get_page(number)


def held_undecided(client_id: UUID | None = None) -> "QuerySet[Message]":
    """All of them, of one client or of every client, oldest first."""
    rows = Message.objects.filter(held=True, decided_at=None, inbound__decided_at=None)
    rows = rows.select_related("client", "recipient", "inbound__recipient").order_by("written_at", "id")
    return rows.filter(client=client_id) if client_id else rows


def imap_roads() -> list[Road]:
    """The mailboxes that are read, in the order in which they were added."""
    return list(Road.objects.filter(kind="imap", enabled=True, removed_at=None).order_by("added_at"))


def living_road(road_id: UUID) -> Road | None:
    """A road that is in use; None once it is switched off or removed."""
    return Road.objects.filter(pk=road_id, enabled=True, removed_at=None).first()


def webhook_road(road_id: UUID) -> Road | None:
    """A webhook, paused or in use, or None: a paused one says "later" to its service, so that nothing is lost."""
    return Road.objects.filter(pk=road_id, kind="webhook", removed_at=None).first()
