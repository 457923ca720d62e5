#!/usr/bin/env python3
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job on real input: a client's whole departure, from files that nobody on this project wrote.

``python examples/main_job.py [--inputs DIR] [--out DIR]`` makes an installation of its own under DIR, takes real
inventories, credential stores, audits, diagrams, documents and mails through notice, signature, release, objection,
receipt, bundle, acceptance and closing, and checks everything from outside. It prints a log with figures and ends
with code 1 on any surprise. People are played, steps are not: each is the action that the doors call, mails go
through a real SMTP conversation, sign-ins through links read out of the mails that arrived.

Where the world behind the files does not exist, that is said on record: a login is really tried at a local web server that
stands for the client's router, all other credentials are recorded as not to be tried, with a second person.
"""

import argparse
import re
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from house import Log, Surprise, done, expect, refused, run, size_of

ROOT = Path(__file__).resolve().parents[1]
AGENT = "main_job.py"
NAMES = ("Abshire and Sons", "Toy-Daniel", "Gislason-Hagenes")  # what this client is called in Snipe-IT's export

# (what, the importer that must recognise it, files, how it opens)
SOURCES: tuple[tuple[str, str, tuple[str, ...], dict[str, str]], ...] = (
    ("agent inventories", "glpi", ("inventory_agent/glpi_json/computer_2_partial_dbs.json", "inventory_agent/glpi_json/computer_3.json",
     "inventory_agent/glpi_json/networkequipment_1.json", "inventory_agent/glpi_json/printer_1.json",
     "inventory_agent/ocs_fusion_xml/12.xml"), {}),
    ("asset tables", "snipeit", ("csv_assets/snipeit/assets-sample.csv", "csv_assets/snipeit/licenses-sample.csv"), {}),
    ("credential store, password", "keepass", ("credentials/keepassxc/NewDatabase.kdbx",), {"password": "a"}),
    ("credential store, password and key file", "keepass", ("credentials/keepassxc/KeyFileProtected.kdbx",),
     {"password": "a", "key": "credentials/keepassxc/KeyFileProtected.key"}),
    ("credential store with attachments", "keepass", ("credentials/pass_import/keepass.kdbx",), {"password": "correct horse battery staple"}),
    ("credential export, locked", "bitwarden", ("credentials/keepassxc/bitwarden_encrypted_export.json",), {"password": "a"}),
    ("network audits", "nmap", ("net_audit/nmap/full_sudo6.xml", "net_audit/nmap/2_hosts_version.xml"), {}),
    ("vulnerability reports", "documents", ("net_audit/vuln/openvas__many_vuln.xml", "net_audit/vuln/tenable_nessus__nessus_with_cvssv3.nessus"), {}),
    ("diagrams", "documents", ("diagrams/rack-diagram-simple-server.drawio", "diagrams/NetworkDiagram.xml", "diagrams/Floorplan.xml"), {}),
    ("documents", "documents", ("documents/pdf/pdflatex-4-pages.pdf", "documents/pdf/crazyones-pdfa.pdf", "documents/pdf/habibi.pdf",
     "documents/pdf/paperless_encrypted.pdf", "documents/screenshots/DHCP_instructions_1.png", "documents/screenshots/paperless_simple.jpg"), {}),
    ("mails", "mail", ("mail/smime_thunderbird-signed.eml", "mail/japanese.eml", "mail/paperless_eml_with_umlaut.eml"), {}),
)  # fmt: skip
BROKEN = (
    ("credentials/keepassxc/BrokenHeaderHash.kdbx", "a"),
    ("credentials/keepassxc/Format200.kdbx", "a"),
    ("credentials/keepassxc/basic.kdb", "a"),
    ("credentials/keepassxc/NewDatabase.kdbx", "not its password"),
)
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
                        owner_name="Jonah Reyes", owner_email="jonah@harbourline.example", owner_password="made up for one run 1"))  # fmt: skip
    world.jonah = actor_of(owner)
    for name, role in (("Ines Duarte", StaffRole.ACCOUNT_MANAGER), ("Dan Frey", StaffRole.TECHNICIAN), ("Priya Nair", StaffRole.TECHNICIAN)):
        short = name.split()[0].lower()
        done(invite_staff(actor=world.jonah, name=name, email=f"{short}@harbourline.example", role=role))
        token = link_from_mail(world, f"{short}@harbourline.example", "invited")
        setattr(world, short, actor_of(done(accept_invitation(token=token, name=name, password="made up for one run 2"))))
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
    world.client = done(add_client(actor=world.ines, name="Northwick Traders", legal_name="Northwick Traders Ltd", domains=["northwick.example"]))
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
    done(add_backup_set(actor=world.ines, client_id=world.client.id, name="Nightly", location="NAS in the warehouse"))
    world.log.fact("Agreement's document, SHA-256", row.document.sha256[:16] + "…")
    world.log.fact("Proof of authority, SHA-256", proof.file.sha256[:16] + "…")
    world.mara = sign_in(world, "client", "mara@northwick.example")


def estate(world: World) -> None:
    """Every real file through preview and confirmation; broken ones are refused in a sentence."""
    from partwell.actions.estate.classify_items import ItemFilter, classify_items
    from partwell.actions.estate.start_import import discard_import
    from partwell.records.estate.models import Item

    world.log.step("3. The estate from real files")
    world.log.say(f"  {'source':<42}{'files':>6}{'bytes':>11}{'items':>7}{'dupl.':>7}{'left out':>9}")
    totals = [0, 0, 0, 0, 0]
    for what, kind, names, opens in SOURCES:
        batch = take_in(world, names, opens, kind)
        row = [len(names), sum(len(world.read(name)) for name in names), batch.item_count, batch.duplicate_count, batch.left_out_count]
        totals = [a + b for a, b in zip(totals, row, strict=True)]
        world.log.say(f"  {what:<42}{row[0]:>6}{row[1]:>11,}{row[2]:>7}{row[3]:>7}{row[4]:>9}")
    world.log.say(f"  {'in all':<42}{totals[0]:>6}{totals[1]:>11,}{totals[2]:>7}{totals[3]:>7}{totals[4]:>9}")
    world.log.figures |= dict(zip(("files", "bytes read", "items", "duplicates", "lines left out"), totals, strict=True))
    for name, password in BROKEN:
        batch = stage(world, (name,), {"password": password})
        expect(batch.state == "refused", f"{name} should have been refused, and is {batch.state}.")
        done(discard_import(actor=world.dan, client_id=world.client.id, import_id=batch.id, reason="cannot be opened"))
        world.log.say(f"  refused: {batch.problem}")
    present = Item.objects.present().filter(client=world.client)
    expect(present.count() == totals[2], "The estate does not hold what the imports said.")
    unknown = present.filter(owner="unknown").count()
    done(classify_items(actor=world.dan, client_id=world.client.id, rule=ItemFilter(owner="unknown"), sets={"owner": "client"}))
    # One mail is the service provider's own; two logins are the kind that R16 calls critical.
    mail = present.filter(batch__source="mail").order_by("title").first()
    done(classify_items(actor=world.dan, client_id=world.client.id, rule=ItemFilter(item_ids=(mail.id,)), sets={"owner": "msp"}))
    logins = tuple(present.filter(kind="credential").order_by("-title").values_list("id", flat=True)[:2])
    done(classify_items(actor=world.dan, client_id=world.client.id, rule=ItemFilter(item_ids=logins), sets={"critical": True}))
    world.log.fact("Owner unknown after the imports, settled in bulk", unknown, "unknown owners settled")
    done(classify_items(actor=world.dan, client_id=world.client.id, rule=ItemFilter(words="habibi"), sets={"sensitivity": "sensitive"}))
    for category in sorted({one for one in present.values_list("category", flat=True)}):
        world.log.fact(f"Items: {category.replace('_', ' ')}", present.filter(category=category).count())


def stage(world: World, names: tuple[str, ...], opens: dict[str, str]) -> Any:
    """Upload and preview."""
    import io

    from partwell.actions.estate.run_import import run_now
    from partwell.actions.estate.start_import import start_import, work_of
    from partwell.importers.base import Secret
    from partwell.records.estate.models import Import, Item

    before = Item.objects.present().count()
    batch = done(start_import(
        actor=world.dan, client_id=world.client.id, uploads=[(Path(name).name, io.BytesIO(world.read(name))) for name in names],
        options={"client_names": NAMES}, password=Secret(opens["password"]) if opens.get("password") else None,
        key_file=world.read(opens["key"]) if opens.get("key") else None))  # fmt: skip
    run_now(work_of(batch)[0])
    expect(Item.objects.present().count() == before, "A preview wrote into the estate.")
    return Import.objects.get(pk=batch.id)


def take_in(world: World, names: tuple[str, ...], opens: dict[str, str], kind: str) -> Any:
    """Upload, preview, confirm."""
    from partwell.actions.estate.confirm_import import confirm_import
    from partwell.actions.estate.run_import import run_now

    batch = stage(world, names, opens)
    expect(batch.state == "staged", f"{names}: {batch.problem}")
    expect(all(one["kind"] == kind for one in batch.options["files"]), f"{names} were not recognised as {kind}.")
    run_now(done(confirm_import(actor=world.dan, client_id=world.client.id, import_id=batch.id)))
    batch.refresh_from_db()
    expect(batch.state == "confirmed", f"{names} are {batch.state}.")
    return batch


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
    expect(hashlib.sha256(kept).digest() == hashlib.sha256(raw).digest(), "The notice was not kept byte for byte.")
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
    from partwell.actions.authorisations.propose import Scope, propose_authorisation
    from partwell.actions.authorisations.recipients import add_person, add_recipient
    from partwell.actions.authorisations.sign import log_call_back, read_authorisation, sign_authorisation
    from partwell.actions.people.enter import ask_for_link
    from partwell.actions.releases.gate import Target
    from partwell.actions.releases.release_items import release_items
    from partwell.records.authorisations.models import Authorisation
    from partwell.records.estate.models import Item
    from partwell.rules.terms import Party, RecipientKind, ScopePreset
    from partwell.workers import jobs

    world.log.step("5. Authorisation and terms")
    world.recipient = done(add_recipient(actor=world.ines, client_id=world.client.id, firm="Alder Row IT", kind=RecipientKind.NEW_PROVIDER))
    theo = done(add_person(actor=world.ines, recipient_id=world.recipient.id, name="Theo Brandt", email="theo@alderrow.example"))
    expect(ask_for_link("provider", "theo@alderrow.example", address="192.0.2.9") == 0, "A provider got a link before consent.")
    diagram = Item.objects.present().filter(client=world.client, category="diagrams").first()
    early = release_items(actor=world.dan, client_id=world.client.id, target=Target(Party.PROVIDER, person=theo), item_ids=[diagram.id], idempotency="early")
    world.log.fact("Before consent", refused(early, "no_authorisation"))
    today = timezone.localdate()
    row = done(propose_authorisation(actor=world.ines, recipient_id=world.recipient.id, signatory_id=world.mara.id, scope=Scope(
        starts_on=today, ends_on=today + timedelta(days=90), presets=(ScopePreset.SYSTEMS, ScopePreset.DOCUMENTATION), person_ids=(theo.id,))))  # fmt: skip
    done(read_authorisation(actor=world.mara, authorisation_id=row.id, agent=AGENT))
    done(sign_authorisation(actor=world.mara, authorisation_id=row.id, shown_digest=row.text_digest, intent=True, electronic_form=True, agent=AGENT))
    world.log.fact("By the one who prepared it", refused(log_call_back(actor=world.ines, authorisation_id=row.id, confirmed=True), "callback_by_preparer"))
    row = done(log_call_back(actor=world.priya, authorisation_id=row.id, confirmed=True, note="Reached on the number on file."))
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

    from main_job_end import accept, bundles, check_from_outside, close
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
        for chapter in (people, client, estate, notice, consent, records, release, ask, receive, bundles, accept, close, check_from_outside):
            chapter(world)
    finally:
        stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The main job on real input.")
    parser.add_argument("--inputs", type=Path, default=ROOT.parent / "shared" / "inputs", help="folder of real files (default ../shared/inputs)")
    parser.add_argument("--out", type=Path, help="where home, log, figures and bundles go (default a new temporary folder)")
    args = parser.parse_args()
    if not args.inputs.is_dir():
        sys.exit(f"There are no real files at {args.inputs}; give their folder with --inputs.")
    where = (args.out or Path(tempfile.mkdtemp(prefix="partwell-main-job-"))).resolve()
    inputs = args.inputs.resolve()
    sys.exit(run(lambda log: main(log, inputs), where))
