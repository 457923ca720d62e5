# SPDX-License-Identifier: AGPL-3.0-or-later
"""Destroying a key unit: nothing that it sealed can be read, every page says so, and a crash at any place is made good."""

from pathlib import Path

import pytest
from django.test import override_settings
from django.utils import timezone

from partwell.actions.evidence.check import CheckOptions, check_ledger
from partwell.actions.evidence.log_store import copy_new
from partwell.actions.files import read_file
from partwell.actions.keys import blob_store, key_store
from partwell.actions.releases.bundle_scope import Order, gather
from partwell.actions.vault import destroy_unit as module
from partwell.actions.vault.destroy_unit import Destroyed, destroy_unit, resume_destroyed
from partwell.records.evidence.models import Entry
from partwell.records.vault.models import KeyUnit, SealedValue, StoredFile
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal, Refused
from partwell.rules.terms import Party
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast
from tests.kill import stage
from tests.support.worlds import World


def unit_of(c: Cast, purpose: str) -> KeyUnit:
    return KeyUnit.objects.get(client=c.northwick, purpose=purpose)


def clean() -> None:
    copy_new()
    report = check_ledger(options=CheckOptions(files=True))
    assert [(one.code, one.where) for one in report.findings] == []


@pytest.mark.both_databases
@override_settings(PARTWELL_KEY_BACKUP_DAYS=30)
def test_a_destroyed_unit_takes_its_own_files_and_nothing_else(db_world: World) -> None:
    c = cast(signed=True)
    record, credentials = unit_of(c, "record"), unit_of(c, "credentials")
    held_back = SealedValue.objects.filter(unit=credentials).count()
    file = StoredFile.objects.filter(unit=record).select_related("unit").first()
    assert file is not None and held_back and read_file(file)

    done = destroy_unit(actor=SYSTEM, unit_id=record.id, held=False, basis="The client asked for it.")

    assert isinstance(done, Destroyed) and done.files == StoredFile.objects.filter(unit=record).count()
    assert (done.effective_on - timezone.now().date()).days in (29, 30, 31)
    assert not key_store().exists(record.kek_id) and key_store().exists(credentials.kek_id)
    assert not any(blob_store().exists(one.blob_id) for one in StoredFile.objects.filter(unit=record))
    assert SealedValue.objects.filter(unit=credentials).exclude(ciphertext=None).count() == held_back
    types = list(
        Entry.objects.filter(type__startswith="key.de").order_by("index").values_list("type", flat=True)
    )
    assert types == ["key.destruction_begun", "key.destroyed"]
    with pytest.raises(Refused) as refused:
        read_file(StoredFile.objects.get(pk=file.pk))
    assert "was destroyed on" in refused.value.refusal.sentence
    copy_new()
    report = check_ledger(options=CheckOptions(files=True))
    assert [one.code for one in report.findings if one.code != "database-role"] == [] and report.facts[
        "files_of_destroyed_keys"
    ] == done.files
    # Again: nothing happens twice.
    before = Entry.objects.count()
    assert destroy_unit(actor=SYSTEM, unit_id=record.id, held=False) == done
    assert Entry.objects.count() == before


def test_secrets_of_a_destroyed_unit_are_emptied(db_world: World) -> None:
    c = cast(signed=True)
    unit = unit_of(c, "credentials")
    done = destroy_unit(actor=SYSTEM, unit_id=unit.id, held=False)
    assert isinstance(done, Destroyed) and done.values > 0
    assert not SealedValue.objects.filter(unit=unit).exclude(ciphertext=None).exists()
    clean()


def test_a_page_that_leads_to_a_destroyed_file_says_so(db_world: World) -> None:
    c = cast(signed=True)
    item = next(one for one in c.items.values() if one.document_id)
    destroy_unit(actor=SYSTEM, unit_id=unit_of(c, "record").id, held=False)
    browser = browser_of(c.dan)
    page = browser.get(f"/clients/{c.northwick.id}/items/{item.id}/")
    assert page.status_code == 200
    for name in (f"files/{item.document_id}/", f"files/{item.document_id}/?inline=1"):
        answer = browser.get(f"/clients/{c.northwick.id}/items/{item.id}/{name}")
        assert answer.status_code == 409 and "was destroyed on" in answer.content.decode()
    for name in ("preview.png", "diagram.svg"):
        assert browser.get(f"/clients/{c.northwick.id}/items/{item.id}/{name}").status_code in (404, 409)
    copy_new()
    bundle = Order(c.northwick.id, Party.CLIENT)
    contents = gather(bundle, timezone.now())
    assert not [part for part in contents.parts if part.file.unit_id == unit_of(c, "record").id]
    assert any("destroyed on record" in why for why in contents.left_out)


def test_a_hold_stops_it_and_a_stranger_may_not(db_world: World) -> None:
    c = cast(signed=True)
    unit = unit_of(c, "record")
    refused = destroy_unit(actor=SYSTEM, unit_id=unit.id, held=True)
    assert isinstance(refused, Refusal) and refused.code == "erasure_held"
    assert isinstance(destroy_unit(actor=c.jonah, unit_id=unit.id, held=False), Refusal)
    house = KeyUnit.objects.get(client=None, purpose="installation")
    assert isinstance(destroy_unit(actor=SYSTEM, unit_id=house.id, held=False), Refusal)
    assert key_store().exists(unit.kek_id) and key_store().exists(house.kek_id)
    clean()


def test_a_hold_between_asking_and_destroying_wins(db_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    c = cast(signed=True)
    unit = unit_of(c, "record")
    with monkeypatch.context() as patch:
        patch.setattr(type(key_store()), "destroy", lambda *_: (_ for _ in ()).throw(OSError("broken off")))
        with pytest.raises(OSError):
            destroy_unit(actor=SYSTEM, unit_id=unit.id, held=False)
    monkeypatch.setattr(module, "hold_covers", lambda *_: True)
    assert resume_destroyed() == 0 and key_store().exists(unit.kek_id)
    monkeypatch.setattr(module, "hold_covers", lambda *_: False)
    assert resume_destroyed() == 1 and not key_store().exists(unit.kek_id)
    clean()


# Statements and commits of one destruction, each before and after; counted when this was written.
STEPS = 120


@pytest.mark.parametrize("share", [0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.97])
def test_killed_at_any_place_it_is_resumed(db_world: World, share: float) -> None:
    c = cast(signed=True)
    unit = unit_of(c, "credentials")
    folder = Path(db_world.keys)
    killed, _ = stage.run_killed(
        lambda: destroy_unit(actor=SYSTEM, unit_id=unit.id, held=False), max(1, int(share * STEPS))
    )
    assert killed
    resumed = resume_destroyed()
    if not resumed:  # died before it was asked for, or after the last commit
        destroy_unit(actor=SYSTEM, unit_id=unit.id, held=False)
    assert not (folder / f"{unit.kek_id}.key").exists()
    fresh = KeyUnit.objects.get(pk=unit.pk)
    assert fresh.destroyed_at and fresh.emptied_at
    assert Entry.objects.filter(type="key.destroyed").count() == 1
    clean()
