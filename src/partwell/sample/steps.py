# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the sample's stories share: going on only with what worked, real imports, jobs and mail done here and now."""

import contextlib
import dataclasses
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings

from partwell.actions.clients.add_client import add_client
from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
from partwell.actions.clients.record_authority import record_authority
from partwell.actions.estate.confirm_import import confirm_import
from partwell.actions.estate.run_import import run_now
from partwell.actions.estate.start_import import start_import, work_of
from partwell.actions.people.enter import person_actor
from partwell.connectors.catcher import Catcher
from partwell.importers.base import Secret
from partwell.records.estate.queries import ItemQuery, import_of, items_page
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, Refused
from partwell.rules.terms import Category, ContactRole, Owner
from partwell.sample import made
from partwell.workers import jobs, relay

Row = TypeVar("Row")

OURS = dict.fromkeys((Category.HARDWARE, Category.SOFTWARE, Category.ONSITE_DATA, Category.ADMIN_ACCESS, Category.PROCESS_DOCS, Category.DIAGRAMS, Category.AUDIT_REPORTS, Category.TRAINING), Owner.CLIENT)  # fmt: skip


class SampleRefused(Refused):
    """A step of the sample was refused: the message says which client's and why."""


def done(result: Row | Refusal | None) -> Row:
    """What an action gave; a refusal ends the loading with its sentence."""
    if isinstance(result, Refusal):
        raise SampleRefused(result)
    assert result is not None
    return result


@dataclass
class House:
    """The MSP's people as actors, and what to say while the sample is loaded."""

    jonah: Actor
    ines: Actor
    dan: Actor
    priya: Actor
    kerstin: Actor
    say: Callable[[str], None] = lambda words: None
    clients: dict[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True)
class Person:
    """Somebody at a client."""

    name: str
    email: str
    title: str = ""
    second: str = ""
    phone: str = ""
    signs: bool = False


def new_client(
    house: House,
    name: str,
    *,
    domain: str,
    people: Sequence[Person],
    terms: AgreementTerms | None = None,
    **facts: Any,
) -> tuple[UUID, dict[str, Actor]]:
    """A client with contacts, proof of the signatory's authority, and (with ``terms``) the agreement with its document."""
    client = done(
        add_client(actor=house.ines, name=name, domains=[domain], account_manager_id=house.ines.id, **facts)
    )
    actors = {}
    for one in people:
        row = done(add_contact(actor=house.ines, client_id=client.id, contact=NewContact(
            one.name, one.email, ContactRole.SIGNATORY if one.signs else ContactRole.OBSERVER, title=one.title,
            second_email=one.second, phone=one.phone)))  # fmt: skip
        if one.signs:
            extract = made.pdf(
                "Register extract", [client.legal_name, f"May represent the company alone: {one.name}"]
            )
            done(record_authority(actor=house.ines, contact_id=row.id, kind="Register extract", file=extract,
                                  file_name="register-extract.pdf", file_type="application/pdf"))  # fmt: skip
        actors[one.name] = portal("client", row.id)
    if terms is not None:
        paper = made.pdf(terms.title, [f"Harbourline IT and {client.legal_name}", f"Signed on {terms.signed_on.isoformat()}",
                                       f"Notice: {terms.notice_days} days", f"Included hours: {terms.included_hours}"])  # fmt: skip
        done(
            record_agreement(
                actor=house.ines,
                client_id=client.id,
                terms=terms,
                document=paper,
                document_name="service-agreement.pdf",
            )
        )
    house.clients[name] = client.id
    house.say(f"{name} is on file")
    return client.id, actors


def portal(kind: str, person_id: UUID) -> Actor:
    """A contact or recipient's person as they come in by a mailed link, from a documentation address."""
    return done(person_actor(kind, person_id, strength="link", address="203.0.113.24"))


def take_in(
    actor: Actor, client_id: UUID, *uploads: tuple[str, bytes], password: str = "", **more: Any
) -> int:
    """One import, read, previewed and confirmed by the real importers; gives how many items it brought."""
    streams = [(name, io.BytesIO(data)) for name, data in uploads]
    batch = done(
        start_import(
            actor=actor,
            client_id=client_id,
            uploads=streams,
            password=Secret(password) if password else None,
            **more,
        )
    )
    run_now(work_of(batch)[0])
    staged = import_of(client_id, batch.id)
    assert staged is not None
    if staged.state != "staged":
        raise RuntimeError(f"{', '.join(name for name, _ in uploads)}: {staged.problem}")
    run_now(done(confirm_import(actor=actor, client_id=client_id, import_id=batch.id)))
    return staged.item_count


def file(name: str) -> tuple[str, bytes]:
    """One of the committed sample files, as an upload."""
    path = made.FILES / name
    return path.name, path.read_bytes()


def items(client_id: UUID, **query: Any) -> list[Any]:
    """A client's present items that fit, by title; at most 500."""
    return list(items_page(client_id, ItemQuery(**query), 1, 500).object_list)


def item(client_id: UUID, words: str, **query: Any) -> Any:
    """The first item whose title holds these words."""
    found = items(client_id, words=words, **query)
    if not found:
        raise LookupError(f"The sample has no item named “{words}”.")
    return found[0]


def run_jobs() -> int:
    """Do all durable work that is due (letters, bundles); gives how many jobs ran."""
    count = 0
    while jobs.run_one():
        count += 1
    return count


@contextlib.contextmanager
def post_office() -> Iterator[Callable[[], None]]:
    """A mail catcher on a free port whose inbox is this home's: ``deliver()`` sends all that is queued, to nobody else."""
    catcher = Catcher(Path(settings.PARTWELL_HOME) / "inbox")
    stop = catcher.start("127.0.0.1", 0)
    server = dataclasses.replace(relay.server(), host=catcher.host, port=catcher.port)

    def deliver() -> None:
        while relay.deliver_due(server):
            pass

    try:
        yield deliver
    finally:
        stop()
