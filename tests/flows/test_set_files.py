# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set in our own vault: files put in by staff, taken out by the client, closed once the deletion has begun."""

import hashlib
import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from partwell.actions.retention.record_set import record_set
from partwell.actions.retention.set_facts import SetFacts
from partwell.actions.retention.set_files import store_in_set
from partwell.records.evidence.models import Entry
from partwell.records.vault.models import StoredFile
from partwell.rules.keeping import Place
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.deletion_cast import begin, ledger_is_whole, listed
from tests.flows.test_deletion_by_hand import people, vault_set

ARCHIVE = b"the archive of the accounts " * 4000


@pytest.fixture
def c(db_world: Any) -> Cast:
    return cast()


def set_of(c: Cast, place: Place = Place.VAULT) -> Any:
    said = {"console": "console.example"} if place is Place.VENDOR else {}
    return done(
        record_set(actor=c.ines, client_id=c.northwick.id, facts=SetFacts("Archive", "with us", place, said))
    )


@pytest.mark.both_databases
def test_staff_put_a_file_in_and_the_client_takes_it_out(c: Cast) -> None:
    row = set_of(c)
    dan, mara, tom = browser_of(c.dan), browser_of(c.mara), browser_of(c.tom)
    here = f"/sets/{row.id}/"
    assert "Nothing lies there" in dan.get(here).content.decode()
    sent = dan.post(f"{here}files/add/", {"file": SimpleUploadedFile("accounts.tar", ARCHIVE)})
    assert sent.status_code == 302 and sent["Location"] == here
    file = StoredFile.objects.get(name="accounts.tar")
    assert file.sha256 == hashlib.sha256(ARCHIVE).hexdigest() and file.unit.purpose == f"backup:{row.id.hex}"
    assert "accounts.tar" in dan.get(here).content.decode()
    assert Entry.objects.filter(type="file.stored").exists()
    ledger_is_whole()
    assert (
        f"/client/retention/sets/{row.id}/files/{file.id}/" in mara.get("/client/retention/").content.decode()
    )
    for browser, address in (
        (dan, f"{here}files/{file.id}/"),
        (tom, f"/client/retention/sets/{row.id}/files/{file.id}/"),
    ):
        answer = browser.get(address)
        assert b"".join(answer) == ARCHIVE and "attachment" in answer["Content-Disposition"]  # type: ignore[arg-type]


def test_what_cannot_be_put_in_is_refused_and_changes_nothing(c: Cast) -> None:
    row = set_of(c)
    before = StoredFile.objects.count()
    empty = store_in_set(actor=c.dan, set_id=row.id, name="none", stream=io.BytesIO())
    assert empty.code == "file_unreadable"  # type: ignore[union-attr]
    assert (
        store_in_set(actor=c.kerstin, set_id=row.id, name="x", stream=io.BytesIO(b"x")).code
        == "not_your_role"
    )  # type: ignore[union-attr]
    assert store_in_set(actor=c.mara, set_id=row.id, name="x", stream=io.BytesIO(b"x")).code == "not_found"  # type: ignore[union-attr]
    assert StoredFile.objects.count() == before


def test_a_set_that_lies_elsewhere_takes_no_file(c: Cast) -> None:
    row = set_of(c, Place.VENDOR)
    refused = store_in_set(actor=c.dan, set_id=row.id, name="x", stream=io.BytesIO(b"x"))
    assert refused.code == "not_in_vault"  # type: ignore[union-attr]
    answer = browser_of(c.dan).post(f"/sets/{row.id}/files/add/", {"file": SimpleUploadedFile("x.tar", b"x")})
    assert "does not lie in our vault" in answer.content.decode()


def test_another_client_and_strangers_find_nothing(c: Cast) -> None:
    row = set_of(c)
    file = done(store_in_set(actor=c.dan, set_id=row.id, name="a.tar", stream=io.BytesIO(ARCHIVE)))
    assert browser_of(c.leo).get(f"/client/retention/sets/{row.id}/files/{file.id}/").status_code == 404
    assert browser_of(c.mara).get(f"/client/retention/sets/{file.id}/files/{row.id}/").status_code == 404
    assert browser_of(c.dan).get(f"/sets/{file.id}/files/{file.id}/").status_code == 404


def test_nothing_is_put_in_once_the_deletion_has_begun(db_world: Any) -> None:
    c = people()
    row = vault_set(c)
    done(begin(listed(c, row), newer_agreed=True))
    refused = store_in_set(actor=c.dan, set_id=row.id, name="late.tar", stream=io.BytesIO(b"late"))
    assert refused.code == "choice_too_late"  # type: ignore[union-attr]
