#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job on real input: a client's whole departure, from files that nobody on this project wrote.

``python examples/main_job.py [--inputs DIR] [--out DIR]`` makes an installation of its own under DIR, takes real
inventories, credential stores, audits, diagrams, documents and mails through notice, signature, release, objection,
receipt, handover bundles, acceptance and closing, and checks everything from outside. It prints a log with figures and ends
with code 1 on any surprise. People are played, steps are not: each is the action that the doors call, mails go
through a real SMTP conversation, sign-ins through links read out of the mails that arrived.

Where the world behind the files does not exist, that is said on record: a login is really tried at a local web server that
stands for the client's router, all other credentials are recorded as not to be tried, with a second person.
"""

import argparse
import re
import secrets
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from house import Log, Surprise, done, expect, refused, run

ROOT = Path(__file__).resolve().parents[1]
AGENT = "main_job.py"

NOTICE = "mail/dkim_gmail.eml"


@dataclass
class World:
    """Who and what the chapters share; actors by first name."""

    log: Log
    inputs: Path
    deliver: Any
    inbox: Any
    jonah: Any = None
    ines: Any = None
    dan: Any = None
    priya: Any = None
    mara: Any = None
    theo: Any = None
    client: Any = None
    offboarding: Any = None
    recipient: Any = None
    keys: dict[str, str] = field(default_factory=dict)

    def read(self, name: str) -> bytes:
        """The bytes of a real file."""
        return (self.inputs / name).read_bytes()


def people(world: World) -> None:
    """The MSP sets itself up; its staff join by the invitations that arrive in the inbox."""
    from partwell.actions.people.set_up import MspPolicy, actor_of, set_up
    from partwell.actions.people.staff import accept_invitation, invite_staff
    from partwell.rules.terms import StaffRole

    world.log.step("1. The service provider and its people")
    owner = done(set_up(MspPolicy(name="Harbourline IT", email="desk@harbourline.example", time_zone="Europe/Berlin"),
                        owner_name="Jonah Reyes", owner_email="jonah@harbourline.example", owner_password=secrets.token_urlsafe(18)))  # fmt: skip
    world.jonah = actor_of(owner)
    for name, role in (
        ("Ines Duarte", StaffRole.ACCOUNT_MANAGER),
        ("Dan Frey", StaffRole.TECHNICIAN),
        ("Priya Nair", StaffRole.TECHNICIAN),
    ):
        short = name.split()[0].lower()
        done(invite_staff(actor=world.jonah, name=name, email=f"{short}@harbourline.example", role=role))
        token = link_from_mail(world, f"{short}@harbourline.example", "invited")
        setattr(
            world,
            short,
            actor_of(done(accept_invitation(token=token, name=name, password=secrets.token_urlsafe(18)))),
        )
        world.log.fact("Invited, link read from the mail, joined", f"{name}, {role.value}")


def link_from_mail(world: World, address: str, kind: str) -> str:
    """The token of the newest link of this kind in the newest mail to ``address``, delivered by SMTP just now."""
    world.deliver()
    for caught in world.inbox.list_messages():
        if address in caught.rcpt_tos:
            mail = message_from_bytes(world.inbox.read_message(caught.message_id), policy=policy.default)
            body = mail.get_body(("plain",))
            found = re.search(rf"/{kind}/([A-Za-z0-9_-]+)/", body.get_content() if body else "")
            if found:
                return found[1]
    raise Surprise(f"No mail with a link for {address} arrived.")


def sign_in(world: World, kind: str, address: str) -> Any:
    """A contact or provider's person comes in by the link mailed to them; gives their actor, keeps the session's key."""
    from partwell.actions.people.enter import ask_for_link, person_actor, session_of, use_link

    expect(ask_for_link(kind, address, address="192.0.2.8") == 1, f"No sign-in link went to {address}.")
    link, key = done(use_link(link_from_mail(world, address, "in"), address="192.0.2.8", agent=AGENT))
    expect(session_of(key, kind) is not None, "The session does not live.")
    world.keys[address] = key
    world.log.fact("Signed in by a mailed link", address)
    return person_actor(kind, link.person_id, strength="link", address="192.0.2.8")


def client(world: World) -> None:
    """The client with agreement, signatory and proof of authority; the documents are real PDFs."""
    from partwell.actions.clients.add_backup_set import add_backup_set
    from partwell.actions.clients.add_client import add_client
    from partwell.actions.clients.add_contact import NewContact, add_contact
    from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
    from partwell.actions.clients.record_authority import record_authority
    from partwell.rules.terms import Category, ContactRole, Owner

    world.log.step("2. The client, its agreement and its signatory")
    world.client = done(
        add_client(
            actor=world.ines,
            name="Northwick Traders",
            legal_name="Northwick Traders Ltd",
            domains=["northwick.example"],
        )
    )
    mara = done(add_contact(actor=world.ines, client_id=world.client.id, contact=NewContact(
        "Mara Ellery", "mara@northwick.example", ContactRole.SIGNATORY, title="Managing director",
        second_email="mara.ellery@post.example", phone="+44 20 5550 123")))  # fmt: skip
    proof = done(record_authority(actor=world.ines, contact_id=mara.id, kind="Register extract",
                                  file=world.read("documents/pdf/libre-office-link.pdf"), file_name="register-extract.pdf"))  # fmt: skip
    ours = {one: Owner.CLIENT for one in Category if one is not Category.OTHER}
    row = done(record_agreement(actor=world.ines, client_id=world.client.id, document=world.read("documents/pdf/minimal-document.pdf"),
                                document_name="agreement.pdf", terms=AgreementTerms(
        signed_on=date(2022, 4, 1), included_hours=Decimal(4), hourly_rate=Decimal(120), block_hours=Decimal(2), currency="EUR",
        ownership=ours)))  # fmt: skip
    done(
        add_backup_set(
            actor=world.ines, client_id=world.client.id, name="Nightly", location="NAS in the warehouse"
        )
    )
    world.log.fact("Agreement's document, SHA-256", row.document.sha256[:16] + "…")
    world.log.fact("Proof of authority, SHA-256", proof.file.sha256[:16] + "…")
    world.mara = sign_in(world, "client", "mara@northwick.example")


def notice(world: World) -> None:
    """The notice as a real mail, kept byte for byte; acknowledgement, plan, approval."""
    import hashlib

    from django.utils import timezone

    from partwell.actions.clients.add_contact import NewContact
    from partwell.actions.files import read_file
    from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
    from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
    from partwell.actions.offboardings.propose_plan import propose_plan
    from partwell.actions.offboardings.read_notice import read_notice
    from partwell.rules.terms import Channel, Destination, Reason
    from partwell.workers import jobs

    world.log.step("4. Notice, acknowledgement and plan")
    raw = world.read(NOTICE)
    read = done(read_notice(actor=world.ines, raw=raw, name="notice.eml"))
    world.log.fact("The mail says it is from", read.sender)
    for doubt in read.doubts:
        world.log.say(f"    doubt: {doubt}")
    world.offboarding = done(open_offboarding(actor=world.ines, client_id=world.client.id, notice=Notice(
        noticed_at=timezone.now(), channel=Channel.MAIL, reason=Reason.NEW_PROVIDER, destination=Destination.NEW_MSP,
        end_of_service=timezone.localdate() + timedelta(days=60), text=read.words, notice_from_id=world.mara.id,
        outside=NewContact("Edda Lindqvist", "edda@post.example"), pain_points=["Answers took too long."],
        file=raw, file_name="notice.eml", file_from=read.sender)))  # fmt: skip
    kept = read_file(world.offboarding.notice_file)
    expect(
        hashlib.sha256(kept).digest() == hashlib.sha256(raw).digest(),
        "The notice was not kept byte for byte.",
    )
    done(acknowledge_notice(actor=world.ines, offboarding_id=world.offboarding.id))
    while jobs.run_one():
        pass
    world.deliver()
    world.offboarding.refresh_from_db()
    expect(world.offboarding.acknowledged_at, "The acknowledgement was not filed.")
    done(propose_plan(actor=world.ines, offboarding_id=world.offboarding.id))
    world.log.fact("Notice kept byte for byte", f"{len(raw)} bytes")
    world.log.fact("Steps of the plan", world.offboarding.steps.count(), "steps of the plan")


def consent(world: World) -> None:
    """Refused before consent; then proposed, read, signed, called back by a second employee; terms accepted."""
    from django.utils import timezone

    from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
    from partwell.actions.authorisations.call_back import log_call_back
    from partwell.actions.authorisations.propose import Scope, propose_authorisation
    from partwell.actions.authorisations.recipients import add_person, add_recipient
    from partwell.actions.authorisations.sign import read_authorisation, sign_authorisation
    from partwell.actions.people.enter import ask_for_link
    from partwell.actions.releases.gate import Target
    from partwell.actions.releases.release_items import release_items
    from partwell.records.authorisations.models import Authorisation
    from partwell.records.estate.models import Item
    from partwell.rules.terms import Party, RecipientKind, ScopePreset
    from partwell.workers import jobs

    world.log.step("5. Authorisation and terms")
    world.recipient = done(
        add_recipient(
            actor=world.ines, client_id=world.client.id, firm="Alder Row IT", kind=RecipientKind.NEW_PROVIDER
        )
    )
    theo = done(
        add_person(
            actor=world.ines,
            recipient_id=world.recipient.id,
            name="Theo Brandt",
            email="theo@alderrow.example",
        )
    )
    expect(
        ask_for_link("provider", "theo@alderrow.example", address="192.0.2.9") == 0,
        "A provider got a link before consent.",
    )
    diagram = Item.objects.present().filter(client=world.client, category="diagrams").first()
    early = release_items(
        actor=world.dan,
        client_id=world.client.id,
        target=Target(Party.PROVIDER, person=theo),
        item_ids=[diagram.id],
        idempotency="early",
    )
    world.log.fact("Before consent", refused(early, "no_authorisation"))
    today = timezone.localdate()
    row = done(propose_authorisation(actor=world.ines, recipient_id=world.recipient.id, signatory_id=world.mara.id, scope=Scope(
        starts_on=today, ends_on=today + timedelta(days=90), presets=(ScopePreset.SYSTEMS, ScopePreset.DOCUMENTATION), person_ids=(theo.id,))))  # fmt: skip
    done(read_authorisation(actor=world.mara, authorisation_id=row.id, agent=AGENT))
    done(
        sign_authorisation(
            actor=world.mara,
            authorisation_id=row.id,
            shown_digest=row.text_digest,
            intent=True,
            electronic_form=True,
            agent=AGENT,
        )
    )
    world.log.fact(
        "By the one who prepared it",
        refused(
            log_call_back(actor=world.ines, authorisation_id=row.id, confirmed=True), "callback_by_preparer"
        ),
    )
    row = done(
        log_call_back(
            actor=world.priya, authorisation_id=row.id, confirmed=True, note="Reached on the number on file."
        )
    )
    expect(row.state == "granted", "The call-back did not carry the signature.")
    while jobs.run_one():
        pass
    row = Authorisation.objects.get(pk=row.id)
    expect(row.document is not None, "The signed letter was not filed.")
    world.log.fact("Items that the signatory was shown", len(row.shown_items), "items in scope at signing")
    world.log.fact("Signed letter (PAdES)", f"{row.document.size:,} bytes")
    world.theo = sign_in(world, "provider", "theo@alderrow.example")
    done(accept_terms(actor=world.theo, shown_digest=terms_for(world.recipient)[1], agent=AGENT))
    world.log.fact("Terms accepted by", "Theo Brandt")


def main(log: Log, inputs: Path) -> None:
    """All chapters in order, with a mail catcher on a free port of loopback."""
    import dataclasses

    from django.conf import settings
    from main_job_bundles import bundles
    from main_job_end import accept, check_from_outside, close
    from main_job_estate import estate
    from main_job_handover import ask, receive, records, release

    from partwell.connectors.catcher import Catcher
    from partwell.workers import relay

    catcher = Catcher(Path(settings.PARTWELL_HOME) / "inbox")
    stop = catcher.start("127.0.0.1", 0)
    server = dataclasses.replace(relay.server(), host=catcher.host, port=catcher.port)

    def deliver() -> None:
        while relay.deliver_due(server):
            pass

    world = World(log, inputs, deliver, catcher)
    try:
        for chapter in (
            people,
            client,
            estate,
            notice,
            consent,
            records,
            release,
            ask,
            receive,
            bundles,
            accept,
            close,
            check_from_outside,
        ):
            chapter(world)
    finally:
        stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The main job on real input.")
    parser.add_argument(
        "--inputs",
        type=Path,
        default=ROOT.parent / "shared" / "inputs",
        help="folder of real files (default ../shared/inputs)",
    )
    parser.add_argument(
        "--out", type=Path, help="where home, log, figures and bundles go (default a new temporary folder)"
    )
    args = parser.parse_args()
    if not args.inputs.is_dir():
        sys.exit(f"There are no real files at {args.inputs}; give their folder with --inputs.")
    where = (args.out or Path(tempfile.mkdtemp(prefix="partwell-main-job-"))).resolve()
    inputs = args.inputs.resolve()
    sys.exit(run(lambda log: main(log, inputs), where))
