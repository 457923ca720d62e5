# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cast where consent is concerned: signatories with numbers on file for years, a new provider, a contractor, an estate."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
from partwell.actions.authorisations.letter import run as write_letter
from partwell.actions.authorisations.propose import Scope, propose_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.base import Deed
from partwell.actions.people import passkeys
from partwell.actions.people.enter import person_actor, session_of, use_link
from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson
from partwell.records.clients.models import AuthorityProof, Client, Contact
from partwell.records.estate.models import Item
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import PortalSession
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from partwell.rules.terms import RecipientKind, ScopePreset
from tests.connectors.test_webauthn import Authenticator
from tests.flows.estate_cast import Cast, cast
from tests.support.kept import kept

LONG_AGO = datetime(2024, 3, 4, 9, 0, tzinfo=UTC)


@dataclass
class ConsentCast:
    """Who and what a consent is about; ``staff`` holds Jonah, Ines, Dan, Priya and Kerstin."""

    staff: Cast
    mara: Contact
    tom: Contact
    leo: Contact
    alder: Recipient
    theo: RecipientPerson
    sunniva: RecipientPerson
    offboarding: Offboarding | None
    items: dict[str, Item] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.staff.northwick

    def scope(self, **more: Any) -> Scope:
        """Documentation for Theo and Sunniva, for a hundred days, unless ``more`` says otherwise."""
        today = timezone.localdate()
        given: dict[str, Any] = {
            "starts_on": today, "ends_on": today + timedelta(days=100), "presets": [ScopePreset.DOCUMENTATION],
            "person_ids": [self.theo.id, self.sunniva.id], **more,
        }  # fmt: skip
        return Scope(**given)

    def proposed(self, by: Actor | None = None, **more: Any) -> Authorisation:
        """An authorisation put before Mara by Ines (or ``by``)."""
        row = propose_authorisation(
            actor=by or self.staff.ines,
            recipient_id=more.pop("recipient_id", self.alder.id),
            signatory_id=self.mara.id,
            scope=self.scope(**more),
        )
        assert not isinstance(row, Refusal), row
        return row


def contact_of(
    actor: Actor, client: Client, name: str, role: str, *, proof: bool = True, **more: Any
) -> Contact:
    """A contact on file since 2024, with proof of authority if a signatory."""
    first = name.split()[0].lower()
    with Deed(actor, now=LONG_AGO) as deed:
        deed.client = client
        row = deed.add(
            Contact(**{
                "client": client, "name": name, "role": role, "title": "Managing director", "email": f"{first}@{client.name.split()[0].lower()}.example",
                "second_email": f"{first}@home.example", "phone": "+49 40 1234567", "phone_on_file_at": LONG_AGO, "added_at": LONG_AGO, **more,
            })
        )  # fmt: skip
        if role == "signatory" and proof:
            deed.add(
                AuthorityProof(
                    contact=row,
                    kind="Register extract HRB 12345",
                    checked_by_id=actor.id,
                    checked_at=LONG_AGO,
                )
            )
        deed.record("contact.added", subjects=[row.id], public={"contact": row.name, "role": row.role})
    return row


def item_of(
    actor: Actor, client: Client, title: str, category: str, kind: str = "document", **more: Any
) -> Item:
    """An item of the client's, unless ``more`` says otherwise."""
    with Deed(actor) as deed:
        deed.client = client
        row = deed.add(
            Item(
                **{
                    "client": client,
                    "title": title,
                    "category": category,
                    "kind": kind,
                    "owner": "client",
                    "added_at": deed.now,
                    **more,
                }
            )
        )
        deed.record("item.added", subjects=[row.id], public={"item": row.title})
    return row


@kept
def consent_cast(*, departing: bool = True) -> ConsentCast:
    """Northwick, departing since ten days (unless ``departing`` is False), and Alder Row IT on its file."""
    staff = cast()
    jonah, client = staff.jonah, staff.northwick
    mara = contact_of(jonah, client, "Mara Ellery", "signatory")
    tom = contact_of(jonah, client, "Tom Okafor", "observer")
    leo = contact_of(jonah, staff.quayside, "Leo Marsh", "signatory")
    offboarding = None
    if departing:
        with Deed(jonah) as deed:
            row = deed.lock(client.id)
            today = timezone.localdate()
            offboarding = deed.add(
                Offboarding(
                    client=row, reason="new_provider", destination="new_msp", channel="letter", noticed_at=deed.now - timedelta(days=10),
                    received_by_id=jonah.id, notice_from=mara, end_of_service=today + timedelta(days=60), keep_until=today + timedelta(days=240),
                    owner_id=jonah.id, opened_at=deed.now,
                )
            )  # fmt: skip
            deed.save(row, state="departing")
            deed.record("offboarding.opened", subjects=[offboarding.id], public={"effective": offboarding.end_of_service.isoformat()},
                        to_client={"notice_on": "2026-01-01", "channel": "letter", "reason": "new_provider", "destination": "new_msp"})  # fmt: skip
        client.refresh_from_db()
    alder = add_recipient(
        actor=jonah, client_id=client.id, firm="Alder Row IT", kind=RecipientKind.NEW_PROVIDER
    )
    assert isinstance(alder, Recipient)
    people = [add_person(actor=jonah, recipient_id=alder.id, name=name, email=email)
              for name, email in (("Theo Brandt", "theo@alderrow.example"), ("Sunniva Aas", "sunniva@alderrow.example"))]  # fmt: skip
    theo, sunniva = people
    assert isinstance(theo, RecipientPerson) and isinstance(sunniva, RecipientPerson)
    made = ConsentCast(staff, mara, tom, leo, alder, theo, sunniva, offboarding)
    from partwell.actions.files import store

    pdf = store(
        jonah, b"%PDF-1.7 a diagram", client_id=client.id, name="network.pdf", media_type="application/pdf"
    )
    with Deed(jonah) as deed:
        deed.lock(client.id)
        deed.add(pdf)
        deed.record("item.changed", subjects=[pdf.id], public={"item": "network.pdf"})
    for key, title, category, kind, more in (
        ("diagram", "Network diagram, head office", "diagrams", "document", {"document": pdf}),
        ("process", "How the shop closes", "process_docs", "document", {"document": pdf}),
        ("laptop", "Laptop NW-014", "hardware", "hardware", {"endpoint": True, "details": {"serial": "X1"}}),
        ("admin", "Administrator of the Microsoft 365 tenant", "admin_access", "credential", {}),
        ("ours", "Our monitoring scripts", "process_docs", "document", {"owner": "msp"}),
        (
            "nobody",
            "Diagram of unknown origin",
            "diagrams",
            "document",
            {"owner": "unknown", "document": pdf},
        ),
    ):
        made.items[key] = item_of(jonah, client, title, category, kind, **more)
    return made


def actor(who: Contact | RecipientPerson) -> Actor:
    """Somebody who came in by a mailed link."""
    found = person_actor(
        "client" if isinstance(who, Contact) else "provider", who.id, strength="link", address="192.0.2.7"
    )
    assert found is not None
    return found


def session_for(who: Contact | RecipientPerson) -> tuple[PortalSession, str]:
    """A portal session and its cookie."""
    from partwell.actions.people.enter import make_link

    kind = "client" if isinstance(who, Contact) else "provider"
    used = use_link(make_link(kind, who.id), address="192.0.2.7", agent="test")
    assert not isinstance(used, Refusal)
    session = session_of(used[1], kind)
    assert session is not None
    return session, used[1]


def enrol(contact: Contact, *, when: datetime | None = None) -> tuple[Authenticator, PortalSession]:
    """A passkey of the contact, enrolled now or ``when``; the device and a live session."""
    from django.conf import settings

    device = Authenticator()
    device.origin, device.rp_id = settings.PARTWELL_URL, passkeys.rp_id()
    session, _ = session_for(contact)
    options = passkeys.registration_options(actor=actor(contact), session=session)
    assert isinstance(options, str)
    row = passkeys.register_passkey(actor=actor(contact), session=session, response=device.create(options))
    assert not isinstance(row, Refusal), row
    if when is not None:
        with Deed(actor(contact)) as deed:
            deed.lock(contact.client_id)
            deed.save(row, created_at=when)
            deed.record("passkey.added", subjects=[row.id], to_client={"label": row.label})
    return device, session


def use_passkey(
    device: Authenticator, session: PortalSession, contact: Contact, digest: str
) -> dict[str, Any]:
    """The kept assertion of a document of that digest."""
    options = passkeys.signing_options(session, contact, bytes.fromhex(digest))
    assert isinstance(options, str), options
    kept = passkeys.verify_passkey_for_document(session, contact, device.get(options), bytes.fromhex(digest))
    assert isinstance(kept, dict), kept
    return kept


def letters() -> list[dict[str, Any]]:
    """Write every letter that waits, as the worker would."""
    done = []
    for job in Job.objects.filter(kind="letter.authorisation", state="queued").order_by("created_at"):
        done.append(write_letter(job))
        Job.objects.filter(pk=job.pk).update(state="done")
    return done


def accepted_terms(person: RecipientPerson) -> None:
    """The person accepts the terms as they stand."""
    _, digest = terms_for(person.recipient)
    assert not isinstance(accept_terms(actor=actor(person), shown_digest=digest), Refusal)


def fresh(row: Authorisation | UUID) -> Authorisation:
    """The row as it stands."""
    return Authorisation.objects.select_related("recipient", "signatory").get(
        pk=row if isinstance(row, UUID) else row.pk
    )
