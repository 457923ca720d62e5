# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person may see of mail that came in; each with a fixed number of queries."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from partwell.records.correspondence.models import Envelope, InboundMail, InboundPart, Message, Road
from partwell.records.correspondence.queries import messages_visible_to
from partwell.rules.actor import Actor

__all__ = ["InboundMail", "InboundPart", "Road"]

# A held mail lies here until somebody decided; one that the client disowned, until the office dropped it.
BEFORE_A_PERSON = ("waiting", "doubted", "unmatched", "loop", "held")
# What each tab of the office's list holds, and what its number counts: one and the same. "ours" waits for the office
# itself; what is held and undecided waits for the client.
_LIES = {
    "": Q(state__in=BEFORE_A_PERSON),
    "ours": Q(state__in=("waiting", "doubted", "unmatched")) | Q(state="held", decided_at__isnull=False),
    **{one: Q(state=one) for one in BEFORE_A_PERSON},
}
_WITH = ("client", "address__recipient", "raw__unit", "message", "staff", "recipient", "forwarded_by")


def mails_in_visible_to(actor: Actor) -> "QuerySet[InboundMail]":
    """Staff: all. A client: what became a message that it reads. A new provider: none; it has its own mailbox."""
    rows = InboundMail.objects.select_related(*_WITH)
    if actor.is_staff:
        return rows
    if actor.kind != "client":
        return rows.none()
    seen = messages_visible_to(actor).values("pk")
    return rows.filter(client=actor.client_id, message__in=seen)


def lies(show: str = "") -> "QuerySet[InboundMail]":
    """What lies before a person, for staff: "" all of it, "ours" what waits for the office, or one of ``BEFORE_A_PERSON``."""
    return InboundMail.objects.select_related(*_WITH).filter(_LIES.get(show, _LIES[""]))


def waiting_page(number: Any, show: str = "", size: int = 25) -> "Page[InboundMail]":
    """:func:`lies`, newest first."""
    return Paginator(lies(show).order_by("-received_at", "-pk"), size).get_page(number)


def waiting_counts() -> dict[str, int]:
    """How many mails :func:`lies` gives for each name. One query; every page's number is one of these."""
    rows = InboundMail.objects.filter(_LIES[""]).order_by()
    names = {f"n{place}": show for place, show in enumerate(_LIES)}
    found = rows.aggregate(**{name: Count("pk", filter=_LIES[show]) for name, show in names.items()})
    return {show: found[name] for name, show in names.items()}


def mail_in_seen(actor: Actor, mail_id: UUID) -> InboundMail | None:
    """One mail, or None for a stranger."""
    return mails_in_visible_to(actor).filter(pk=mail_id).first()


def mail_in_of(actor: Actor, message_id: UUID) -> InboundMail | None:
    """The mail that a message came by, or None."""
    return mails_in_visible_to(actor).filter(message=message_id).first()


def authorise_key(asked: InboundMail | Message) -> str:
    """The key of the one message by which a client asks us to prepare an authorisation for whoever wrote a held mail or question."""
    return f"authorise:{asked.id.hex}"


def asked_to_authorise(held: "Iterable[InboundMail | Message]") -> dict[UUID, Message]:
    """The client's words "please prepare an authorisation", by held mail or question; without those that nobody asked for. One query."""
    keys = {f"message:{one.client_id.hex}:{authorise_key(one)}": one.id for one in held if one.client_id}
    rows = Envelope.objects.filter(dedupe_key__in=keys).select_related("message")
    return {keys[row.dedupe_key]: row.message for row in rows if row.message is not None}


def parts_of(mail: InboundMail) -> list[InboundPart]:
    """What came with it, in order, with its files."""
    if "parts" in getattr(mail, "_prefetched_objects_cache", ()):
        return sorted(mail.parts.all(), key=lambda one: one.position)
    return list(mail.parts.select_related("file__unit").order_by("position"))


def shown_outside(mail: InboundMail) -> tuple[bool, frozenset[int] | None]:
    """What of a mail the client may open besides its words: the file as it came, and which parts (None: all).

    What staff attach leaves only as a release. What staff forwarded shows the original that was attached whole and what came with
    it; the forward around it, with their remark, stays inside (R4).
    """
    if mail.forwarded_by_id is not None:
        noted = mail.auth.get("forward") or {}
        return False, frozenset(noted.get("parts", ())) if noted.get("how") == "attached" else frozenset()
    return (False, frozenset()) if mail.sender_kind == "staff" else (True, None)


def parts_shown(mail: InboundMail, *, outside: bool) -> list[InboundPart]:
    """Its parts as staff (all) or the client (``outside``) may open them."""
    places = shown_outside(mail)[1] if outside else None
    return [one for one in parts_of(mail) if places is None or one.position in places]


def raw_shown(mail: InboundMail, *, outside: bool) -> Any:
    """The file of the mail as it came, or of a forward the original that was attached to it; None where the client has only its words."""
    if not outside or shown_outside(mail)[0]:
        return mail.raw
    originals = (
        one
        for one in parts_shown(mail, outside=True)
        if one.file.sha256 == (mail.auth.get("forward") or {}).get("sha256")
    )
    return next((one.file for one in originals), None)


def part_seen(actor: Actor, mail_id: UUID, part_id: UUID) -> InboundPart | None:
    """One part of a mail that the actor may open, or None."""
    mail = mail_in_seen(actor, mail_id)
    if mail is None:
        return None
    return next((one for one in parts_shown(mail, outside=not actor.is_staff) if one.id == part_id), None)


def road_here(road_id: UUID) -> Road | None:
    """A road that was not removed, or None."""
    return Road.objects.filter(pk=road_id, removed_at=None).first()


def roads_here() -> list[Road]:
    """Every road that was not removed, in the order in which they were added."""
    return list(Road.objects.filter(removed_at=None).order_by("added_at"))
