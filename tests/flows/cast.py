# SPDX-License-Identifier: AGPL-3.0-or-later
"""The whole cast, built through actions: two clients, their people, a departure, a new provider, an estate.

``cast()`` is everything up to the proposal; ``cast(signed=True)`` has Mara's signature carried by Priya's
call-back and the terms accepted by Theo. Words and addresses are invented (*.example).
"""

import io
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
from partwell.actions.authorisations.call_back import log_call_back
from partwell.actions.authorisations.propose import Scope, propose_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.authorisations.sign import sign_authorisation
from partwell.actions.base import Deed
from partwell.actions.clients.add_client import add_client
from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
from partwell.actions.clients.record_authority import record_authority
from partwell.actions.estate.add_item import add_item
from partwell.actions.estate.attach_document import attach_document
from partwell.actions.estate.record_handover import record_handover
from partwell.actions.estate.secrets import store_secret
from partwell.actions.estate.try_credential import label_untested
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.people.enter import person_actor
from partwell.actions.people.set_up import MspPolicy, actor_of, new_user, set_up
from partwell.actions.releases.gate import Target
from partwell.actions.releases.release_items import Outcome, release_items
from partwell.connectors.secret import Secret
from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.estate.models import Item
from partwell.records.people.models import StaffMember
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Channel, ContactRole, Destination, Party, Reason, RecipientKind, ScopePreset
from tests.support.kept import kept

PASSWORD = (
    "correct horse battery"  # of made-up devices, stored sealed; tests look for it where it must not be
)
Row = TypeVar("Row")


def today() -> date:
    """The day at Harbourline IT, in Berlin: an hour or two before midnight UTC it is already the next."""
    return timezone.localdate(timezone=ZoneInfo("Europe/Berlin"))


def done(result: Row | Refusal) -> Row:
    """The row of an action that must have worked here."""
    assert not isinstance(result, Refusal), result
    return result


@dataclass
class Cast:
    """Actors by first name, rows by what they are; ``items`` by a short name."""

    jonah: Actor
    ines: Actor
    dan: Actor
    priya: Actor
    kerstin: Actor
    northwick: Client
    quayside: Client
    mara: Actor
    tom: Actor
    leo: Actor
    recipient: Recipient
    theo: Actor
    sunniva: Actor
    items: dict[str, Item] = field(default_factory=dict)
    authorisation: Authorisation | None = None

    def person(self, actor: Actor) -> RecipientPerson:
        """The row of a provider's person."""
        return RecipientPerson.objects.select_related("recipient").get(pk=actor.id)

    def contact(self, actor: Actor) -> Contact:
        """The row of a client's contact."""
        return Contact.objects.get(pk=actor.id)

    def to_provider(self) -> Target:
        """Theo at Alder Row."""
        return Target(Party.PROVIDER, person=self.person(self.theo))

    def to_client(self) -> Target:
        """Mara at Northwick."""
        return Target(Party.CLIENT, contact=self.contact(self.mara))

    def ids(self, *names: str) -> list[UUID]:
        """Item ids by short name."""
        return [self.items[name].id for name in names]

    def release(self, *names: str, key: str = "k", target: Target | None = None) -> Outcome:
        """Dan releases these items to Theo (or ``target``)."""
        return done(
            release_items(
                actor=self.dan, client_id=self.northwick.id, target=target or self.to_provider(),
                item_ids=self.ids(*names), idempotency=key,
            )
        )  # fmt: skip


def _staff() -> dict[str, Actor]:
    owner = done(
        set_up(
            MspPolicy(name="Harbourline IT", email="desk@harbourline.example", time_zone="Europe/Berlin", phone="+49 30 5550 100"),
            owner_name="Jonah Reyes", owner_email="jonah@harbourline.example", owner_password=None,
        )
    )  # fmt: skip
    found = {"jonah": actor_of(owner)}
    for name, role in (
        ("Ines Duarte", "account_manager"),
        ("Dan Frey", "technician"),
        ("Priya Nair", "technician"),
        ("Kerstin Vogel", "auditor"),
    ):
        first = name.split()[0].lower()
        with Deed(found["jonah"]) as deed:
            user = new_user(f"{first}@harbourline.example", None)
            until = date(2099, 12, 31) if role == "auditor" else None
            row = deed.add(
                StaffMember(user=user, name=name, role=role, joined_at=deed.now, auditor_until=until)
            )
            deed.record("staff.joined", public={"person": name, "role": role}, subjects=[row.id])
        found[first] = actor_of(row)
    return found


def _client(ines: Actor, name: str, signatory: NewContact, *, deemed: bool = False) -> tuple[Client, Actor]:
    client = done(
        add_client(
            actor=ines, name=name, legal_name=f"{name} Ltd", domains=[signatory.email.rpartition("@")[2]]
        )
    )
    contact = done(add_contact(actor=ines, client_id=client.id, contact=signatory))
    done(record_authority(actor=ines, contact_id=contact.id, kind="Register extract"))
    terms = AgreementTerms(signed_on=date(2024, 1, 1), included_hours=Decimal(4), hourly_rate=Decimal(140), block_hours=Decimal(2),
                           currency="EUR", deemed_acceptance=deemed)  # fmt: skip
    done(record_agreement(actor=ines, client_id=client.id, terms=terms))
    return client, _actor("client", contact.id)


def _actor(kind: str, person_id: UUID) -> Actor:
    found = person_actor(kind, person_id, strength="link", address="192.0.2.7")
    assert found is not None
    return found


@kept
def cast(*, signed: bool = False, deemed: bool = False, items: bool = True) -> Cast:
    """The cast, built once and then copied. ``deemed``: Northwick's agreement says that silence is acceptance (R17)."""
    staff = _staff()
    ines, dan = staff["ines"], staff["dan"]
    mara_row = NewContact("Mara Ellery", "mara@northwick.example", ContactRole.SIGNATORY, title="Managing director",
                          second_email="mara.ellery@post.example", phone="+44 20 5550 123")  # fmt: skip
    northwick, mara = _client(ines, "Northwick Traders", mara_row, deemed=deemed)
    tom_row = done(
        add_contact(
            actor=ines, client_id=northwick.id, contact=NewContact("Tom Okafor", "tom@northwick.example")
        )
    )
    quayside, leo = _client(
        ines,
        "Quayside Dental",
        NewContact(
            "Leo Marsh", "leo@quayside.example", ContactRole.SIGNATORY, second_email="leo@home.example"
        ),
    )
    today = timezone.now()
    done(open_offboarding(actor=ines, client_id=northwick.id, notice=Notice(
        noticed_at=today, channel=Channel.MAIL, reason=Reason.NEW_PROVIDER, destination=Destination.NEW_MSP,
        end_of_service=today.date() + timedelta(days=60))))  # fmt: skip
    recipient = done(
        add_recipient(
            actor=ines, client_id=northwick.id, firm="Alder Row IT", kind=RecipientKind.NEW_PROVIDER
        )
    )
    theo = done(
        add_person(actor=ines, recipient_id=recipient.id, name="Theo Brandt", email="theo@alderrow.example")
    )
    sunniva = done(
        add_person(
            actor=ines, recipient_id=recipient.id, name="Sunniva Aas", email="sunniva@alderrow.example"
        )
    )
    northwick.refresh_from_db()
    made = Cast(northwick=northwick, quayside=quayside, mara=mara, tom=_actor("client", tom_row.id), leo=leo, recipient=recipient,
                theo=_actor("provider", theo.id), sunniva=_actor("provider", sunniva.id), **staff)  # fmt: skip
    if items:
        made.items = _estate(dan, northwick, quayside)
    if signed:
        sign(made)
    return made


def _estate(dan: Actor, northwick: Client, quayside: Client) -> dict[str, Item]:
    """Seven items of Northwick, each of another kind or standing, and one of Quayside."""
    plan = {
        "diagram": ("Network diagram", "diagrams", "document", {"owner": "client"}),
        "runbook": (
            "Month-end runbook",
            "process_docs",
            "document",
            {"owner": "client", "sensitivity": "sensitive"},
        ),
        "router": ("Edge router login", "admin_access", "credential", {"owner": "client", "critical": False}),
        "switch": ("Core switch", "hardware", "hardware", {"owner": "client"}),
        "unknown": ("Old camera plan", "diagrams", "document", {}),
        "script": ("Monitoring scripts", "other", "document", {"owner": "msp"}),
        "note": ("Call with counsel", "other", "document", {"owner": "client", "internal": True}),
    }
    made = {}
    for short, (title, category, kind, more) in plan.items():
        item = done(
            add_item(actor=dan, client_id=northwick.id, title=title, category=category, kind=kind, **more)
        )
        if kind == "document" and short in ("diagram", "runbook", "unknown"):
            item = _attach(dan, northwick, item, short)
        made[short] = item
    credential = made["router"]
    done(
        store_secret(
            actor=dan, client_id=northwick.id, item_id=credential.id, field="password", value=Secret(PASSWORD)
        )
    )
    done(
        record_handover(
            actor=dan,
            client_id=northwick.id,
            item_id=credential.id,
            account="admin",
            privilege="administrator",
        )
    )
    done(label_untested(actor=dan, client_id=northwick.id, item_ids=[credential.id]))
    done(
        record_handover(
            actor=dan, client_id=northwick.id, item_id=made["switch"].id, serial="SW-4711", condition="good"
        )
    )
    other = done(
        add_item(
            actor=dan,
            client_id=quayside.id,
            title="Quayside diagram",
            category="diagrams",
            kind="document",
            owner="client",
        )
    )
    made["foreign"] = _attach(dan, quayside, other, "foreign")
    return {short: Item.objects.select_related("document").get(pk=item.id) for short, item in made.items()}


def _attach(dan: Actor, client: Client, item: Item, short: str) -> Item:
    return done(
        attach_document(
            actor=dan,
            client_id=client.id,
            item_id=item.id,
            name=f"{short}.txt",
            stream=io.BytesIO(f"What {short} says.\n".encode() * 20),
        )
    )


def scope(cast: Cast, **changes: object) -> Scope:
    """Systems and documentation for both people at Alder Row, from today."""
    today = timezone.localdate()
    values: dict[str, object] = {
        "starts_on": today - timedelta(days=1), "ends_on": today + timedelta(days=90),
        "presets": (ScopePreset.SYSTEMS, ScopePreset.DOCUMENTATION), "person_ids": (cast.theo.id, cast.sunniva.id), **changes,
    }  # fmt: skip
    return Scope(**values)  # type: ignore[arg-type]


def propose(cast: Cast, **changes: object) -> Authorisation:
    """Ines puts an authorisation before Mara."""
    cast.authorisation = done(
        propose_authorisation(
            actor=cast.ines,
            recipient_id=cast.recipient.id,
            signatory_id=cast.mara.id,
            scope=scope(cast, **changes),
        )
    )
    return cast.authorisation


def sign(cast: Cast, *, terms: bool = True, **changes: object) -> Authorisation:
    """Mara signs, Priya calls her back, Theo (not yet Sunniva) accepts the terms."""
    row = propose(cast, **changes)
    done(
        sign_authorisation(
            actor=cast.mara,
            authorisation_id=row.id,
            shown_digest=row.text_digest,
            intent=True,
            electronic_form=True,
        )
    )
    done(log_call_back(actor=cast.priya, authorisation_id=row.id, confirmed=True))
    if terms:
        done(accept_terms(actor=cast.theo, shown_digest=terms_for(cast.recipient)[1]))
    cast.authorisation = Authorisation.objects.get(pk=row.id)
    assert cast.authorisation.state == "granted"
    return cast.authorisation
