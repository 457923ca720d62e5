# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real files of every kind go through preview, confirmation and undo."""

import zipfile
from pathlib import Path

import pytest

from partwell.actions.estate.secrets import see_secret
from partwell.actions.estate.undo_import import undo_import
from partwell.actions.files import read_file
from partwell.importers.base import Secret
from partwell.records.estate.models import Import, ImportLine, Item
from partwell.records.vault.models import SealedValue, StoredFile
from partwell.rules.refusals import Refusal
from tests.flows.estate_cast import cast, confirmed, staged
from tests.inputs import inputs
from tests.support.worlds import World

NAMES = ("Abshire and Sons", "Toy-Daniel", "Gislason-Hagenes")
KINDS = [
    ("csv_assets/snipeit/assets-sample.csv", "snipeit", {"options": {"client_names": NAMES}}),
    ("csv_assets/snipeit/licenses-sample.csv", "snipeit", {"options": {"client_names": NAMES}}),
    ("credentials/pass_import/lastpass.csv", "csv", {}),
    ("inventory_agent/glpi_json/computer_2.json", "glpi", {}),
    ("inventory_agent/glpi_json/networkequipment_1.json", "glpi", {}),
    ("net_audit/nmap/full_sudo6.xml", "nmap", {}),
    ("credentials/keepassxc/NewDatabase.kdbx", "keepass", {"password": Secret("a")}),
    ("credentials/keepassxc/Format300.kdbx", "keepass", {"password": Secret("a")}),
    ("credentials/keepassxc/bitwarden_export.json", "bitwarden", {}),
    ("credentials/keepassxc/bitwarden_encrypted_export.json", "bitwarden", {"password": Secret("a")}),
    ("diagrams/rack-diagram-simple-server.drawio", "documents", {}),
    ("documents/pdf/pdflatex-4-pages.pdf", "documents", {}),
    ("documents/screenshots/DHCP_instructions_1.png", "documents", {}),
    ("mail/paperless_simple_text.eml", "mail", {}),
]


@pytest.mark.parametrize(("path", "kind", "more"), KINDS, ids=[one[0] for one in KINDS])
def test_a_real_file_is_previewed_confirmed_and_undone(
    db_world: World, path: str, kind: str, more: dict[str, object]
) -> None:
    who = cast()
    batch = staged(who.dan, who.northwick, inputs(path), **more)
    assert batch.source == kind
    assert batch.state == "staged", batch.problem
    assert batch.item_count > 0
    assert not Item.objects.present().exists(), "nothing is written until confirmed"
    batch = confirmed(who.dan, batch)
    assert batch.state == "confirmed"
    assert Item.objects.present().filter(client=who.northwick).count() == batch.item_count
    assert not ImportLine.objects.filter(batch=batch).exclude(sealed=None).exists()
    again = staged(who.dan, who.northwick, inputs(path), **more)
    assert again.item_count == 0 or again.duplicate_count > 0, "the same file again is mostly duplicates"
    undone = undo_import(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(undone, Import), undone
    assert not Item.objects.present().exists()
    assert not SealedValue.objects.exclude(ciphertext=None).exists()


def test_a_key_file_opens_a_store_and_its_secret_is_seen_with_a_purpose(db_world: World) -> None:
    who = cast()
    batch = staged(
        who.dan,
        who.northwick,
        inputs("credentials/keepassxc/KeyFileProtected.kdbx"),
        password=Secret("a"),
        key_file=inputs("credentials/keepassxc/KeyFileProtected.key").read_bytes(),
    )
    assert batch.state == "staged", batch.problem
    confirmed(who.dan, batch)
    item = next(one for one in Item.objects.present() if one.secret_fields)
    field = item.secret_fields[0]
    assert isinstance(
        see_secret(actor=who.ines, client_id=who.northwick.id, item_id=item.id, field=field, purpose="x"),
        Refusal,
    )
    assert isinstance(
        see_secret(actor=who.dan, client_id=who.northwick.id, item_id=item.id, field=field, purpose=" "),
        Refusal,
    )
    found = see_secret(
        actor=who.dan, client_id=who.northwick.id, item_id=item.id, field=field, purpose="handover"
    )
    assert not isinstance(found, Refusal)
    assert found.reveal()


def test_documents_of_a_zip_keep_every_byte(db_world: World, tmp_path: Path) -> None:
    who = cast()
    wanted = {
        p.name: p.read_bytes()
        for p in (
            inputs("documents/pdf/habibi.pdf"),
            inputs("diagrams/lan_plan_1.xml"),
            inputs("mail/japanese.eml"),
            inputs("documents/screenshots/paperless_simple.jpg"),
        )
    }
    packed = tmp_path / "everything.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in wanted.items():
            archive.writestr(f"docs/{name}", data)
    batch = confirmed(who.dan, staged(who.dan, who.northwick, packed))
    assert batch.item_count == len(wanted)
    stored = {
        row.name: read_file(row)
        for row in StoredFile.objects.filter(pk__in=Item.objects.values("document_id"))
    }
    assert stored == wanted


def test_several_files_at_once_are_one_import(db_world: World) -> None:
    who = cast()
    batch = staged(
        who.dan,
        who.northwick,
        inputs("inventory_agent/glpi_json/computer_2.json"),
        inputs("csv_assets/snipeit/assets-sample.csv"),
        inputs("documents/pdf/habibi.pdf"),
        options={"client_names": NAMES},
    )
    assert batch.source == "files" and batch.state == "staged", batch.problem
    lines = list(ImportLine.objects.filter(batch=batch, outcome="item").values_list("line", flat=True))
    assert {line.split(",")[0] for line in lines} == {"computer_2.json", "assets-sample.csv", "habibi.pdf"}
    confirmed(who.dan, batch)
    hardware = Item.objects.present().filter(category="hardware")
    assert set(hardware.values_list("owner", flat=True)) == {"client"}, "the agreement says whose hardware is"
