# SPDX-License-Identifier: AGPL-3.0-or-later
"""The estate's part of the cast: Harbourline IT, Northwick Traders, and Quayside Dental, who must see nothing."""

import io
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from partwell.actions.base import Deed
from partwell.actions.estate.confirm_import import confirm_import
from partwell.actions.estate.run_import import run_now
from partwell.actions.estate.start_import import start_import, work_of
from partwell.actions.people.set_up import MspPolicy, actor_of, new_user, set_up
from partwell.records.clients.models import Agreement, Client
from partwell.records.estate.models import Import
from partwell.records.jobs.models import Job
from partwell.records.people.models import StaffMember
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from tests.support.kept import kept


@dataclass
class Cast:
    """Actors and clients, by first name."""

    jonah: Actor
    ines: Actor
    dan: Actor
    priya: Actor
    kerstin: Actor
    northwick: Client
    quayside: Client


@kept
def cast() -> Cast:
    """Set the MSP up with its staff and two clients, through actions' deeds."""
    owner = set_up(
        MspPolicy(name="Harbourline IT", email="desk@harbourline.example"),
        owner_name="Jonah Reyes",
        owner_email="jonah@harbourline.example",
        owner_password="a long enough one",
    )
    assert isinstance(owner, StaffMember)
    jonah = actor_of(owner)
    staff = {}
    for name, role in (
        ("Ines Duarte", "account_manager"),
        ("Dan Frey", "technician"),
        ("Priya Nair", "technician"),
        ("Kerstin Vogel", "auditor"),
    ):
        with Deed(jonah) as deed:
            user = new_user(f"{name.split()[0].lower()}@harbourline.example", "a long enough one")
            row = deed.add(
                StaffMember(
                    user=user,
                    name=name,
                    role=role,
                    joined_at=deed.now,
                    auditor_until=date(2099, 1, 1) if role == "auditor" else None,
                )
            )
            deed.record("staff.joined", public={"person": name, "role": role}, subjects=[row.id])
        staff[name.split()[0].lower()] = actor_of(row)
    return Cast(
        jonah=jonah,
        northwick=client_of(jonah, "Northwick Traders", "Northwick Traders Ltd"),
        quayside=client_of(jonah, "Quayside Dental", "Quayside Dental Ltd"),
        **staff,
    )


def client_of(actor: Actor, name: str, legal_name: str) -> Client:
    """A client with an agreement under which hardware is theirs."""
    with Deed(actor) as deed:
        client = deed.add(Client(name=name, legal_name=legal_name, added_at=deed.now))
        deed.client = client
        deed.record("client.added", subjects=[client.id])
        deed.add(
            Agreement(
                client=client,
                version=1,
                signed_on=date(2024, 1, 1),
                included_hours=Decimal(4),
                hourly_rate=Decimal(140),
                block_hours=Decimal(2),
                currency="EUR",
                ownership={"hardware": "client", "diagrams": "client"},
                recorded_at=deed.now,
            )
        )
        deed.record("agreement.recorded", subjects=[client.id], to_client={"terms": "as signed"})
    return client


def staged(actor: Actor, client: Client, *files: Path | tuple[str, bytes], **more: Any) -> Import:
    """Start an import and run its reading here."""
    uploads = [
        (one[0], io.BytesIO(one[1])) if isinstance(one, tuple) else (one.name, io.BytesIO(one.read_bytes()))
        for one in files
    ]
    batch = start_import(actor=actor, client_id=client.id, uploads=uploads, **more)
    assert not isinstance(batch, Refusal), batch
    job = run_now(work_of(batch)[0])
    assert job.state == "done", job.error
    return Import.objects.get(pk=batch.id)


def confirmed(actor: Actor, batch: Import, **more: Any) -> Import:
    """Confirm and write here."""
    job = confirm_import(actor=actor, client_id=batch.client_id, import_id=batch.id, **more)
    assert isinstance(job, Job), job
    job = run_now(job)
    assert job.state == "done", job.error
    return Import.objects.get(pk=batch.id)
