# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes into a handover bundle, for whom, and what stays out and why. Decides by the gate; reads only.

To the client: everything of theirs, with the receipts, letters and messages they may see. To a new provider:
exactly what was released to it and whose consent stands now. Internal and privileged records never (R4).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from partwell.actions.facts import newest_trials, pauses
from partwell.actions.releases.bundle_words import inventory_row, reasons_text, receipts_of
from partwell.actions.releases.gate import Target, judge, judge_again
from partwell.actions.releases.said import Key, keys
from partwell.actions.releases.standing import standing_of
from partwell.records.authorisations.models import Authorisation, Recipient
from partwell.records.clients.models import Agreement, AuthorityProof, Client
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Item
from partwell.records.offboardings.models import Acceptance, Offboarding
from partwell.records.releases.models import ReleaseLine
from partwell.records.vault.models import KeyUnit, Picture, StoredFile
from partwell.rules.handover import ReleaseWay
from partwell.rules.pauses import paused
from partwell.rules.refusals import Refusal, Refused, refuse
from partwell.rules.terms import Category, ItemKind, Owner, Party, Verdict

IN_BUNDLE = ("bundle", "encrypted_bundle")


@dataclass(frozen=True)
class Order:
    """What was asked for. ``categories``: empty means all. ``recipient_id``: for a new provider. ``only``: "correspondence" for
    what was said and nothing else."""

    client_id: UUID
    party: Party
    recipient_id: UUID | None = None
    categories: tuple[str, ...] = ()
    correspondence: bool = True
    credentials: bool = False
    age: tuple[str, ...] = ()
    only: str = ""

    @classmethod
    def of(cls, payload: dict[str, Any]) -> "Order":
        """From a job's payload."""
        return cls(UUID(hex=payload["client"]), Party(payload["party"]),
                   UUID(hex=payload["recipient"]) if payload.get("recipient") else None, tuple(payload.get("categories", ())),
                   bool(payload.get("correspondence", True)), bool(payload.get("credentials")), tuple(payload.get("age", ())),
                   str(payload.get("only", "")))  # fmt: skip

    def payload(self) -> dict[str, Any]:
        """For a job's payload."""
        return {"client": self.client_id.hex, "party": self.party.value, "recipient": self.recipient_id.hex if self.recipient_id else "",
                "categories": list(self.categories), "correspondence": self.correspondence, "credentials": self.credentials,
                "age": list(self.age), **({"only": self.only} if self.only else {})}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One stored file: the folder it lies in, and what people call it. ``item``: whose document it is."""

    folder: str
    file: StoredFile
    title: str
    item: UUID | None = None


@dataclass
class Contents:
    """What a bundle holds: inventory rows, files, secrets to be opened at the end, words, and what was left out."""

    order: Order
    client: Client
    name: str
    consent: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    secrets: list[Item] = field(default_factory=list)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    said: list[Key] = field(default_factory=list)
    # Whose file was written; known when what was said is (R2: each only while everybody agrees).
    recordings: list[UUID] = field(default_factory=list)
    lines: list[ReleaseLine] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def gather(order: Order, now: datetime) -> Contents:
    """Everything of the order as it stands at ``now`` (aware). Raises Refused where nothing may go at all."""
    client = Client.objects.get(pk=order.client_id)
    if (refusal := paused(pauses(client.id))) is not None:
        raise Refused(refusal)
    if order.credentials and not order.age:
        raise Refused(refuse("bundle_with_secrets_needs_key"))
    if order.only:
        out = _only_said(order, client, now)
        _without_destroyed(out)
        return out
    out = (
        _for_client(order, client, now) if order.party is Party.CLIENT else _for_provider(order, client, now)
    )
    _without_destroyed(out)
    return out


def _without_destroyed(out: Contents) -> None:
    """Files whose key was destroyed are named, not taken: nobody can open them any more."""
    units = KeyUnit.objects.filter(
        pk__in={part.file.unit_id for part in out.parts}, destroyed_at__isnull=False
    )
    gone = set(units.values_list("pk", flat=True))
    lost = [part for part in out.parts if part.file.unit_id in gone]
    if lost:
        out.parts = [part for part in out.parts if part.file.unit_id not in gone]
        out.left_out.append(
            f"{len(lost)} files: they were destroyed on record, with the key that could open them."
        )


def _lines(client_id: UUID, **more: Any) -> list[ReleaseLine]:
    query = ReleaseLine.objects.filter(release__client_id=client_id, **more)
    return list(query.select_related("item__document", "item__site", "document", "release__person__recipient", "release__contact",
                                     "release__recipient", "release__authorisation").order_by("release__number", "category", "title"))  # fmt: skip


# to the client -----------------------------------------------------------


def _for_client(order: Order, client: Client, now: datetime) -> Contents:
    out = Contents(order, client, client.legal_name or client.name)
    query = Item.objects.present().filter(client=client, internal=False)
    if order.categories:
        query = query.filter(category__in=order.categories)
    items = list(query.select_related("document", "site").order_by("category", "title", "pk"))
    out.lines = [line for line in _lines(client.id) if not line.item.internal]
    by_item: dict[UUID, list[ReleaseLine]] = defaultdict(list)
    for line in out.lines:
        by_item[line.item_id].append(line)
    with_file = [item for item in items if item.document is not None and not item.document.internal]
    allowed, reasons = _judged(client, with_file, now)
    trials = newest_trials(item.id for item in items if item.kind == ItemKind.CREDENTIAL)
    for item in items:
        out.rows.append(inventory_row(item, by_item.get(item.id, ()), trials.get(item.id), client))
        if item.id in allowed and item.document is not None:
            out.parts.append(Part(f"documents/{item.category}", item.document, item.title, item.id))
    out.left_out += reasons_text(reasons)
    _client_secrets(out, [item for item in items if item.secret_fields], now)
    _client_papers(out, client)
    out.receipts = receipts_of(out.lines)
    if order.correspondence:
        out.said = keys(client.id)
    elif order.party is Party.CLIENT:
        out.left_out.append("Messages and calls: they were not asked for.")
    _pictures(out, {item.id for item in items})
    if order.categories:
        out.left_out.append(
            "Other categories than "
            + ", ".join(Category(one).label for one in order.categories)
            + ": they were not asked for."
        )
    out.left_out.append(
        "The service provider's internal notes, and what is privileged: they are not the client's."
    )
    return out


def _judged(client: Client, items: Sequence[Item], now: datetime) -> tuple[set[UUID], dict[str, list[str]]]:
    """Whose document may go to the client now, and for the others reason → titles."""
    allowed: set[UUID] = set()
    reasons: dict[str, list[str]] = defaultdict(list)
    for one in judge(client, Target(Party.CLIENT), items, now=now, way=ReleaseWay.BUNDLE, encrypted=True)[0]:
        why = [reason for reason in one.decision.reasons if reason.code != "recipient_unknown"]
        if not why:
            allowed.add(one.item.id)
        else:
            reasons[why[0].code].append(one.item.title)
    return allowed, reasons


def _client_secrets(out: Contents, items: Sequence[Item], now: datetime) -> None:
    theirs = [item for item in items if item.owner == Owner.CLIENT]
    if not theirs:
        return
    if not out.order.credentials:
        out.left_out.append(
            f"Passwords and other secrets of {len(theirs)} items: they are handed over one by one, or in an encrypted bundle."
        )
        return
    purged = [item for item in theirs if item.copy_purged_at]
    allowed, reasons = _judged(out.client, [item for item in theirs if not item.copy_purged_at], now)
    out.secrets = [item for item in theirs if item.id in allowed]
    out.left_out += reasons_text(reasons, "The secrets of ")
    if purged:
        out.left_out.append(
            f"The secrets of {len(purged)} items: the service provider's copies have been purged."
        )


def _client_papers(out: Contents, client: Client) -> None:
    """Agreement, notice, authorisations, acceptance, and every letter that was mailed to the client."""
    found: list[tuple[str, StoredFile | None, str]] = []
    for one in Agreement.objects.filter(client=client).select_related("document"):
        found.append(("agreement", one.document, f"{one.title}, version {one.version}"))
    for proof in AuthorityProof.objects.filter(contact__client=client).select_related("file", "contact"):
        found.append(("authority", proof.file, f"{proof.kind} of {proof.contact.name}"))
    for consent in Authorisation.objects.filter(client=client).select_related(
        "document", "scan", "change_document", "recipient"
    ):
        title = f"Authorisation {consent.version} for {consent.recipient.firm}"
        found += [("authorisations", consent.document, title), ("authorisations", consent.scan, f"{title}, as received"),
                  ("authorisations", consent.change_document, f"{title}, as changed")]  # fmt: skip
    for leaving in Offboarding.objects.filter(client=client).select_related("notice_file", "acknowledgement"):
        found += [
            ("notice", leaving.notice_file, "The notice, as received"),
            ("notice", leaving.acknowledgement, "Acknowledgement of the notice"),
        ]
    for acceptance in Acceptance.objects.filter(offboarding__client=client).select_related("document"):
        found.append(("acceptance", acceptance.document, f"Acceptance {acceptance.version}"))
    pinned = [
        UUID(hex=one["file"])
        for documents in Envelope.objects.filter(client=client).values_list("documents", flat=True)
        for one in documents
    ]
    for start in range(0, len(pinned), 400):
        letters = StoredFile.objects.filter(pk__in=pinned[start : start + 400], client=client)
        found += [("letters", letter, letter.name) for letter in letters]
    seen = {part.file.id for part in out.parts}
    for folder, file, title in found:
        if file is not None and not file.internal and file.id not in seen:
            seen.add(file.id)
            out.parts.append(Part(folder, file, title))


def _only_said(order: Order, client: Client, now: datetime) -> Contents:
    """What was said and nothing else: of a client all that its portal shows, of a new provider what it was part of."""
    if order.party is Party.CLIENT:
        out = Contents(order, client, client.legal_name or client.name)
        out.said = keys(client.id)
    else:
        if order.recipient_id is None:
            raise Refused(refuse("recipient_unknown"))
        recipient = Recipient.objects.get(pk=order.recipient_id, client=client)
        if (refusal := standing_of(recipient.id, None, now).refusal) is not None:
            raise Refused(refusal)
        out = Contents(order, client, recipient.firm)
        out.said = keys(client.id, recipient.id)
    _pictures(out, set())
    out.left_out += ["Everything but what was said: it was not asked for.", NOT_SAID]
    return out


NOT_SAID = "Notes that stay with the service provider, and mail that came in and is in no conversation yet."


def _pictures(out: Contents, items: set[UUID]) -> None:
    subjects = items | {one.id for one in out.said}
    pictures = (
        Picture.objects.filter(client=out.client, internal=False, file__internal=False)
        .select_related("file")
        .order_by("taken_at")
    )
    for picture in pictures:
        if picture.subject_id in subjects:
            out.parts.append(
                Part("pictures", picture.file, picture.caption or picture.file.name, picture.subject_id)
            )


# to a new provider -------------------------------------------------------


def _for_provider(order: Order, client: Client, now: datetime) -> Contents:
    if order.recipient_id is None:
        raise Refused(refuse("recipient_unknown"))
    recipient = Recipient.objects.get(pk=order.recipient_id, client=client)
    if (refusal := standing_of(recipient.id, None, now).refusal) is not None:
        raise Refused(refusal)
    out = Contents(order, client, recipient.firm)
    lines = _lines(client.id, release__party=Party.PROVIDER, release__recipient=recipient, state="sent")
    if order.categories:
        lines = [line for line in lines if line.category in order.categories]
    refused: dict[str, list[str]] = defaultdict(list)
    first: Refusal | None = None
    for line, why in zip(lines, passes(client, lines, now), strict=True):
        if why is None:
            out.lines.append(line)
        else:
            first = first or why
            refused[why.code].append(line.title)
    if not out.lines:
        raise Refused(first or refuse("bundle_empty", recipient=recipient.firm))
    consent = next(
        (line.release.authorisation for line in reversed(out.lines) if line.release.authorisation), None
    )
    out.consent = f"Authorisation {consent.version} of {client.legal_name or client.name}" if consent else ""
    trials = newest_trials(line.item_id for line in out.lines if line.kind == ItemKind.CREDENTIAL)
    hidden = 0
    for line in out.lines:
        out.rows.append(inventory_row(line.item, [line], trials.get(line.item_id), client, line=line))
        if line.document is not None and not line.document.internal:
            out.parts.append(Part(f"documents/{line.category}", line.document, line.title, line.item_id))
        if line.kind == ItemKind.CREDENTIAL:
            if order.credentials and line.method in IN_BUNDLE and not line.item.copy_purged_at:
                out.secrets.append(line.item)
            else:
                hidden += 1
    out.receipts = receipts_of(out.lines)
    if order.correspondence:
        out.said = keys(client.id, recipient.id)
    out.left_out += reasons_text(refused)
    if hidden:
        out.left_out.append(
            f"The secrets of {hidden} items: they are shown once in the portal, or handed over in an encrypted bundle."
        )
    out.left_out.append("Whatever has not been released to you.")
    return out


def passes(
    client: Client, lines: Iterable[ReleaseLine], now: datetime, person: Any = None
) -> list[Refusal | None]:
    """The gate now, line by line in their order; ``person``: who fetches, where it is not the one of the release."""
    listed = list(lines)
    groups: dict[UUID, list[ReleaseLine]] = defaultdict(list)
    for line in listed:
        groups[line.release_id].append(line)
    found: dict[UUID, Refusal | None] = {}
    for group in groups.values():
        release = group[0].release
        if person is not None:
            release.person = person
        for line, why in zip(group, judge_again(client, release, group, now), strict=True):
            found[line.id] = why
    return [found[line.id] for line in listed]


def still_all(
    order: Order, client: Client, line_ids: Iterable[str], now: datetime, person: Any = None
) -> Refusal | None:
    """The first reason why a bundle with these lines may not leave now (R1: checked when it actually leaves)."""
    if (refusal := paused(pauses(client.id))) is not None:
        return refusal
    if order.party is Party.CLIENT:
        return None
    if order.recipient_id is None:
        return refuse("recipient_unknown")
    if (refusal := standing_of(order.recipient_id, person.id if person else None, now).refusal) is not None:
        return refusal
    wanted = {UUID(hex=one) for one in line_ids}
    lines = [
        line
        for line in _lines(client.id, release__recipient_id=order.recipient_id, state="sent")
        if line.id in wanted
    ]
    if len(lines) != len(wanted):
        return refuse("bundle_empty", recipient="this recipient")
    return next((why for why in passes(client, lines, now, person) if why is not None), None)


__all__ = ["IN_BUNDLE", "Contents", "Order", "Part", "Verdict", "gather", "passes", "still_all"]
