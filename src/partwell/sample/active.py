# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients that stay: one that is ready to part at any time, one nearly, one not at all (R10)."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

from partwell.actions.clients.add_backup_set import add_backup_set
from partwell.actions.clients.add_site import add_site
from partwell.actions.clients.record_agreement import AgreementTerms
from partwell.actions.estate.add_item import add_item
from partwell.actions.estate.attach_document import attach_document
from partwell.actions.estate.record_handover import record_handover
from partwell.rules.terms import Category
from partwell.sample import made
from partwell.sample.steps import OURS, House, Person, done, file, new_client, take_in

TERMS = AgreementTerms(
    signed_on=date(2023, 9, 1),
    included_hours=Decimal(4),
    hourly_rate=Decimal(120),
    block_hours=Decimal(2),
    currency="GBP",
    exit_clause="12",
    ownership=OURS,
)


def load(house: House) -> None:
    """Quayside Dental, Lowmoor Veterinary, Fenwick Bakery."""
    _quayside(house)
    _lowmoor(house)
    new_client(house, "Fenwick & Daughters Bakery", domain="fenwick.example", served_since=date(2024, 11, 1),
               people=[Person("Hazel Fenwick", "hazel@fenwick.example", "Owner")])  # fmt: skip


def paper(house: House, client: Any, title: str, category: Category, *lines: str, **more: Any) -> Any:
    """An item with its document, added by hand."""
    row = done(
        add_item(
            actor=house.dan,
            client_id=client,
            title=title,
            category=category,
            kind="document",
            owner="client",
            **more,
        )
    )
    stream = io.BytesIO(made.pdf(title, lines or ["As agreed with the client."]))
    return done(
        attach_document(actor=house.dan, client_id=client, item_id=row.id, name=f"{title}.pdf", stream=stream)
    )


def client_admin(house: House, client: Any, account: str) -> None:
    """Administrator access that the client itself holds (R3: a role of a named account of theirs)."""
    row = done(add_item(actor=house.dan, client_id=client, title="Administrator account of the client", category="admin_access",
                        kind="credential", owner="client", custodian="client"))  # fmt: skip
    done(record_handover(actor=house.dan, client_id=client, item_id=row.id, account=account, privilege="global administrator",
                         system="Cloud tenant", named_role="Global administrator", clients_account=True))  # fmt: skip


def _quayside(house: House) -> None:
    client, _ = new_client(
        house, "Quayside Dental", legal_name="Quayside Dental Ltd", domain="quayside.example", served_since=date(2019, 2, 1),
        people=[Person("Leo Marsh", "leo@quayside.example", "Principal", "leo@home.example", "+44 20 5550 210", signs=True)], terms=TERMS)  # fmt: skip
    done(add_site(actor=house.ines, client_id=client, name="Practice", address="3 Quayside"))
    done(add_backup_set(actor=house.ines, client_id=client, name="Patient system, nightly", location="Practice server, second copy at Tarn Cloud",
                        vendor="Tarn", vendor_window_days=30))  # fmt: skip
    take_in(
        house.dan,
        client,
        file("others/quayside-assets.csv"),
        options={"client_names": ["Quayside Dental Ltd"]},
    )
    client_admin(house, client, "leo.admin@quayside.example")
    for title, category in (("Network diagram", Category.DIAGRAMS), ("Reception procedures", Category.PROCESS_DOCS),
                            ("Security audit 2026", Category.AUDIT_REPORTS), ("Training for new nurses", Category.TRAINING)):  # fmt: skip
        paper(house, client, title, category)


def _lowmoor(house: House) -> None:
    client, _ = new_client(
        house, "Lowmoor Veterinary Practice", domain="lowmoor.example", served_since=date(2021, 6, 1),
        people=[Person("Agnes Thorne", "agnes@lowmoor.example", "Partner", "agnes.thorne@post.example", "+44 20 5550 330", signs=True),
                Person("Bram Vos", "bram@lowmoor.example", "Practice manager")], terms=TERMS)  # fmt: skip
    take_in(
        house.priya,
        client,
        file("others/lowmoor-assets.csv"),
        options={"client_names": ["Lowmoor Veterinary Practice"]},
    )
    paper(house, client, "Network diagram", Category.DIAGRAMS)
    done(
        add_backup_set(
            actor=house.ines, client_id=client, name="Practice NAS, nightly", location="Consulting room 4"
        )
    )
