# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job's estate: every real file through preview and confirmation; broken ones refused in a sentence."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from house import done, expect

if TYPE_CHECKING:
    from main_job import World

# What this client is called in Snipe-IT's export.
NAMES = ("Abshire and Sons", "Toy-Daniel", "Gislason-Hagenes")

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


def estate(world: "World") -> None:
    """Every real file through preview and confirmation; broken ones are refused in a sentence."""
    from partwell.actions.estate.classify_items import ItemFilter, classify_items
    from partwell.actions.estate.start_import import discard_import
    from partwell.records.estate.models import Item

    world.log.step("3. The estate from real files")
    world.log.say(f"  {'source':<42}{'files':>6}{'bytes':>11}{'items':>7}{'dupl.':>7}{'left out':>9}")
    totals = [0, 0, 0, 0, 0]
    for what, kind, names, opens in SOURCES:
        batch = take_in(world, names, opens, kind)
        row = [
            len(names),
            sum(len(world.read(name)) for name in names),
            batch.item_count,
            batch.duplicate_count,
            batch.left_out_count,
        ]
        totals = [a + b for a, b in zip(totals, row, strict=True)]
        world.log.say(f"  {what:<42}{row[0]:>6}{row[1]:>11,}{row[2]:>7}{row[3]:>7}{row[4]:>9}")
    world.log.say(f"  {'in all':<42}{totals[0]:>6}{totals[1]:>11,}{totals[2]:>7}{totals[3]:>7}{totals[4]:>9}")
    world.log.figures |= dict(
        zip(("files", "bytes read", "items", "duplicates", "lines left out"), totals, strict=True)
    )
    for name, password in BROKEN:
        batch = stage(world, (name,), {"password": password})
        expect(batch.state == "refused", f"{name} should have been refused, and is {batch.state}.")
        done(
            discard_import(
                actor=world.dan, client_id=world.client.id, import_id=batch.id, reason="cannot be opened"
            )
        )
        world.log.say(f"  refused: {batch.problem}")
    present = Item.objects.present().filter(client=world.client)
    expect(present.count() == totals[2], "The estate does not hold what the imports said.")
    unknown = present.filter(owner="unknown").count()
    done(
        classify_items(
            actor=world.dan,
            client_id=world.client.id,
            rule=ItemFilter(owner="unknown"),
            sets={"owner": "client"},
        )
    )
    # One mail is the service provider's own; two logins are the kind that R16 calls critical.
    mail = present.filter(batch__source="mail").order_by("title").first()
    done(
        classify_items(
            actor=world.dan,
            client_id=world.client.id,
            rule=ItemFilter(item_ids=(mail.id,)),
            sets={"owner": "msp"},
        )
    )
    logins = tuple(present.filter(kind="credential").order_by("-title").values_list("id", flat=True)[:2])
    done(
        classify_items(
            actor=world.dan,
            client_id=world.client.id,
            rule=ItemFilter(item_ids=logins),
            sets={"critical": True},
        )
    )
    world.log.fact("Owner unknown after the imports, settled in bulk", unknown, "unknown owners settled")
    done(
        classify_items(
            actor=world.dan,
            client_id=world.client.id,
            rule=ItemFilter(words="habibi"),
            sets={"sensitivity": "sensitive"},
        )
    )
    for category in sorted(set(present.values_list("category", flat=True))):
        world.log.fact(f"Items: {category.replace('_', ' ')}", present.filter(category=category).count())


def stage(world: "World", names: tuple[str, ...], opens: dict[str, str]) -> Any:
    """Upload and preview."""

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


def take_in(world: "World", names: tuple[str, ...], opens: dict[str, str], kind: str) -> Any:
    """Upload, preview, confirm."""
    from partwell.actions.estate.confirm_import import confirm_import
    from partwell.actions.estate.run_import import run_now

    batch = stage(world, names, opens)
    expect(batch.state == "staged", f"{names}: {batch.problem}")
    expect(
        all(one["kind"] == kind for one in batch.options["files"]), f"{names} were not recognised as {kind}."
    )
    run_now(done(confirm_import(actor=world.dan, client_id=world.client.id, import_id=batch.id)))
    batch.refresh_from_db()
    expect(batch.state == "confirmed", f"{names} are {batch.state}.")
    return batch
