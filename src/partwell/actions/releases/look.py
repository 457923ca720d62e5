# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the pages of releases look up across nouns. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from uuid import UUID
from zoneinfo import ZoneInfo

from partwell.actions.facts import loop_contacts, zone
from partwell.actions.releases.gate import Judged, Target
from partwell.actions.releases.release_items import preview
from partwell.actions.releases.standing import Standing, standing_of
from partwell.actions.releases.windows import closes_at, receipt_facts
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.estate.models import Item
from partwell.records.people.queries import the_msp
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules import silence
from partwell.rules.handover import ReleaseWay
from partwell.rules.terms import Party


@dataclass(frozen=True)
class Choice:
    """Somebody a set can go to: ``key`` for the form, ``target``, how people read it, and how the consent stands."""

    key: str
    target: Target
    label: str
    standing: Standing | None


def client_row(client_id: UUID) -> Client | None:
    """The client, or None."""
    return Client.objects.filter(pk=client_id).first()


def clients_here() -> list[Client]:
    """All clients by name."""
    return list(Client.objects.order_by("name"))


def choices(client_id: UUID) -> list[Choice]:
    """To whom this client's items can go: its own people first, then the persons of recipients on its file."""
    out = []
    reachable = loop_contacts(client_id)
    others = Contact.objects.filter(client_id=client_id, left_at=None).exclude(
        pk__in=[one.pk for one in reachable]
    )
    for contact in [*reachable, *others]:
        if contact.role == "signatory" or contact in reachable:
            out.append(
                Choice(
                    f"c:{contact.id}",
                    Target(Party.CLIENT, contact=contact),
                    f"{contact.name} ({contact.role})",
                    None,
                )
            )
    standings: dict[UUID, Standing] = {}
    for person in persons_of(client_id):
        standing = standings.setdefault(person.recipient_id, standing_of(person.recipient_id))
        label = f"{person.name}, {person.recipient.firm}"
        out.append(Choice(f"p:{person.id}", Target(Party.PROVIDER, person=person), label, standing))
    return out


def persons_of(client_id: UUID) -> list[RecipientPerson]:
    """Everybody at a recipient of this client who has not left."""
    rows = RecipientPerson.objects.filter(recipient__client_id=client_id, left_at=None)
    return list(rows.select_related("recipient").order_by("recipient__firm", "name"))


def recipients_of(client_id: UUID) -> list[tuple[Recipient, Standing]]:
    """The client's recipient firms with how their consent stands."""
    rows = Recipient.objects.filter(client_id=client_id).select_related("client").order_by("firm")
    return [(row, standing_of(row.id)) for row in rows]


def items_for(client_id: UUID, item_ids: Sequence[UUID]) -> list[Item]:
    """The client's present items among these, in reading order."""
    rows = (
        Item.objects.present().filter(client_id=client_id, pk__in=list(item_ids)).select_related("document")
    )
    return list(rows.order_by("category", "title"))


def judged_items(client: Client, target: Target, item_ids: Sequence[UUID], way: ReleaseWay) -> list[Judged]:
    """The verdict on each item as it would be at the click; writes nothing."""
    return preview(client, target, items_for(client.id, item_ids), way=way)


def fingerprint(judged: Sequence[Judged]) -> str:
    """What a form showed: if anything of it is different at the click, it is shown again instead of released."""
    parts = sorted(
        f"{one.item.id.hex}:{one.decision.verdict}:{one.digest}:{','.join(reason.code for reason in one.decision.reasons)}"
        for one in judged
    )
    return sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class LineView:
    """A line as a recipient's page shows it."""

    line: ReleaseLine
    closes: datetime
    last: date
    open: bool
    shown: bool


def last_day(closes: datetime, zone_name: str = "") -> date:
    """The last day (MSP's zone) of a window that closes at this moment."""
    return (closes - timedelta(seconds=1)).astimezone(ZoneInfo(zone_name or zone())).date()


def line_views(lines: Sequence[ReleaseLine], now: datetime, *, stands: bool = True) -> list[LineView]:
    """Lines with their windows; without a standing authorisation only those whose window is still open (R17)."""
    name = zone()
    out = []
    for line in lines:
        closes = closes_at(line, name)
        facts = receipt_facts(line, name)
        if not silence.title_visible(facts, now, stands):
            continue
        used = any(one.claimed_at for one in line.reveals.all()) if line.method == "reveal" else False
        out.append(
            LineView(
                line,
                closes,
                last_day(closes, name),
                silence.may_answer(facts, now, line.title) is None,
                used,
            )
        )
    return out


def signatories_of(client_id: UUID) -> list[str]:
    """Names of the client's signatories."""
    rows = Contact.objects.filter(client_id=client_id, left_at=None, role="signatory").order_by("name")
    return list(rows.values_list("name", flat=True))


def client_of_recipient(recipient_id: UUID) -> Client:
    """The client whose things this recipient receives."""
    return Recipient.objects.select_related("client").get(pk=recipient_id).client


def released_by_key(client_id: UUID, key: str) -> UUID | None:
    """The release that an earlier click with this key made, if any."""
    return (
        Release.objects.filter(client_id=client_id, idempotency=key[:64]).values_list("pk", flat=True).first()
    )


def msp_name() -> str:
    """The MSP's name as people read it."""
    msp = the_msp()
    return msp.name if msp else "the service provider"
