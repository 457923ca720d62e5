# SPDX-License-Identifier: AGPL-3.0-or-later
"""The end of a client's record: due, proposed, approved by a second person, erased to the last byte; the log still holds.

Markers of Northwick are planted wherever a person writes, then looked for in the raw files of the installation and of
the database. Quayside must be as it was.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.write_message import CLIENT, INTERNAL, Draft, write_message
from partwell.actions.erasure import bound, end_record, record
from partwell.actions.erasure.content import approve_erasure, propose_erasure
from partwell.actions.estate.secrets import store_secret
from partwell.actions.evidence.check import CheckOptions, check_ledger
from partwell.actions.evidence.log_store import copy_new
from partwell.actions.jobs import lease
from partwell.actions.people.enter import make_link
from partwell.connectors.catcher import Catcher
from partwell.connectors.secret import Secret
from partwell.records.base import Committed
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Disclosure, Entry, ErasureRequest, RowCommitment
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Offboarding
from partwell.records.vault.models import KeyUnit, Picture, StoredFile
from partwell.rules.keeping import record_until
from partwell.rules.refusals import Refusal
from partwell.rules.terms import ClientState
from partwell.workers import jobs, relay
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.kill import stage
from tests.support import postgres
from tests.support.worlds import World

NAME = "Northwick Traders"
MARKERS = (b"Northwick", b"northwick", b"Mara Ellery", b"Tom Okafor", b"Theo Brandt", b"PLANTED-")


@dataclass
class Former:
    """Northwick, long gone; ``request``: approved or not yet."""

    c: Cast
    world: World

    @property
    def id(self) -> Any:
        return self.c.northwick.id

    def proposed(self) -> ErasureRequest:
        return done(record.propose_end(actor=self.c.ines, client_id=self.id))

    def approved(self) -> ErasureRequest:
        return done(approve_erasure(actor=self.c.jonah, request_id=self.proposed().id, typed_name=NAME))


def former(world: World, *, years: int = 8) -> Former:
    """A departure with everything in it, its mail delivered to the local post office, closed ``years`` ago."""
    c = cast(signed=True)
    c.release("diagram")
    done(
        write_message(
            actor=c.ines,
            client_id=c.northwick.id,
            draft=Draft("PLANTED-subject", "PLANTED-text of a message", CLIENT),
        )
    )
    done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft("PLANTED-note", "PLANTED-inside", INTERNAL)
        )
    )
    done(
        write_message(
            actor=c.ines, client_id=c.quayside.id, draft=Draft("Quayside keeps this", "And this.", CLIENT)
        )
    )
    done(log_call(actor=c.dan, client_id=c.northwick.id, notes=CallNotes(with_whom="PLANTED-caller", summary="PLANTED-summary", happened_at=datetime.now(UTC))))  # fmt: skip
    done(store_secret(actor=c.dan, client_id=c.northwick.id, item_id=c.items["router"].id, field="password", value=Secret("PLANTED-password")))  # fmt: skip
    loose = files.store(
        c.dan, b"PLANTED-picture", client_id=None, name="PLANTED-picture.png", purpose="installation"
    )
    with Deed(c.dan) as deed:
        deed.lock(c.northwick.id)
        deed.add(loose)
        deed.add(Picture(client=c.northwick, subject_kind="item", subject_id=c.items["router"].id, file=loose, taken_by_name="Dan Frey", taken_at=deed.now))  # fmt: skip
        deed.record(
            "client.changed",
            public={"what": "a picture that came in before its client was known"},
        )
    make_link("client", c.mara.id)
    browser_of(c.mara).get("/client/")
    catcher = Catcher(world.home / "inbox")
    stop = catcher.start()
    try:
        with stage.mail_at(catcher.port):
            while relay.deliver_due():
                pass
    finally:
        stop()
    end = timezone.now().date() - timedelta(days=366 * years)
    with Deed(c.jonah) as deed:
        deed.lock(c.northwick.id)
        deed.save(
            Offboarding.objects.get(client=c.northwick),
            state="closed",
            end_of_service=end,
            closed_at=deed.now,
        )
        deed.save(Client.objects.get(pk=c.northwick.id), state=ClientState.INACTIVE)
        deed.record("client.changed", public={"what": "closed long ago"})
    copy_new()
    return Former(c, world)


def findings() -> list[str]:
    copy_new()
    report = check_ledger(options=CheckOptions(files=True))
    return [f"{one.code} {one.where}" for one in report.findings if one.code != "database-role"]


def found_in(folder: Path) -> dict[str, set[bytes]]:
    """File → markers, of every file below a folder, as raw bytes."""
    out = {}
    for file in folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            if hits := {marker for marker in MARKERS if marker in data}:
                out[str(file.relative_to(folder))] = hits
    return out


def run_job() -> Job:
    Job.objects.exclude(kind="record.end").filter(state="queued").update(state="done")
    assert jobs.run_one()
    return Job.objects.get(kind="record.end")


# the rule ----------------------------------------------------------------------


def test_the_last_day_is_counted_in_calendar_months() -> None:
    assert record_until(date(2024, 2, 29), 7) == date(2031, 2, 28)


@pytest.mark.both_databases
def test_before_its_day_or_under_hold_nobody_ends_a_record(
    db_world: World,
) -> None:
    f = former(db_world, years=6)
    shown = record.schedule_of(f.id)
    assert shown is not None and shown.months == 84 and not shown.due
    refused = record.propose_end(actor=f.c.ines, client_id=f.id)
    assert isinstance(refused, Refusal) and refused.code == "record_not_due"
    active = record.propose_end(actor=f.c.ines, client_id=f.c.quayside.id)
    assert isinstance(active, Refusal) and active.code == "record_in_use"
    with Deed(f.c.jonah) as deed:
        deed.lock(f.id)
        row = Offboarding.objects.get(client_id=f.id)
        deed.save(row, end_of_service=timezone.now().date() - timedelta(days=3000))
        deed.record("client.changed", public={"what": "an older end"})
    longer = done(
        record.keep_longer(actor=f.c.ines, client_id=f.id, months=180, reason="A tax audit is open.")
    )
    assert longer.months == 180
    assert isinstance(record.keep_longer(actor=f.c.ines, client_id=f.id, months=84, reason="Less."), Refusal)
    refused = record.propose_end(actor=f.c.ines, client_id=f.id)
    assert isinstance(refused, Refusal) and refused.code == "record_not_due"
    assert findings() == []


# the end --------------------------------------------------------------------------


@pytest.mark.both_databases
def test_at_its_end_no_byte_of_the_client_is_left_and_the_log_holds(db_world: World) -> None:
    f = former(db_world)
    kept = list(Entry.objects.order_by("index").values_list("index", "leaf_hash"))
    quayside = Disclosure.objects.filter(
        entry_uid__in=Entry.objects.filter(client_ref=f.c.quayside.id).values("uid")
    ).count()
    assert found_in(db_world.home), "the markers must be there to be looked for"
    mails = len(list((db_world.home / "inbox").glob("*.eml")))
    mara, old = browser_of(f.c.mara), Envelope.objects.filter(client_id=f.id).count()
    assert mara.get("/client/").status_code == 200 and old
    request = f.approved()
    assert Client.objects.filter(pk=f.id).exists(), "approving alone erases nothing"

    job = run_job()

    assert job.state == "done", job.error
    request = ErasureRequest.objects.get(pk=request.pk)
    assert request.state == "done" and request.counts["rows"] > 25 and request.counts["contents"] > 50
    assert findings() == []
    for group in bound.order():
        for model in group:
            assert not bound.rows_of(model, f.id).exists(), model
    assert not KeyUnit.objects.filter(client_id=f.id).exists()
    assert not StoredFile.objects.filter(name__startswith="PLANTED").exists()
    now = list(Entry.objects.order_by("index").values_list("index", "leaf_hash"))
    assert now[: len(kept)] == kept, "leaves stay"
    after = Disclosure.objects.filter(
        entry_uid__in=Entry.objects.filter(client_ref=f.c.quayside.id).values("uid")
    ).count()
    assert after == quayside
    salts = RowCommitment.objects.filter(version=2**31 - 1).values("row_ref")
    assert not RowCommitment.objects.filter(row_ref__in=salts).exclude(salt=b"").exists()
    assert mara.get("/client/").status_code in (302, 404), "her door is closed"
    assert len(list((db_world.home / "inbox").glob("*.eml"))) == mails - old
    connection.close()
    assert found_in(db_world.home) == {} and found_in(db_world.log) == {} and found_in(db_world.keys) == {}
    if db_world.kind == "postgresql":
        assert request.counts["left"] and "write-ahead log" in request.counts["left"][-1]
        _raw_postgresql(db_world)


def _raw_postgresql(world: World) -> None:
    """The database's own files after VACUUM FULL by the owner: nothing. Its log: what was found stands in docs/decisions/0017."""
    with psycopg.connect(world.owner_url.replace(postgres.OWNER, postgres.SUPER), autocommit=True) as admin:
        admin.execute("CHECKPOINT")
        row = admin.execute("SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()").fetchone()  # fmt: skip
        assert row is not None
        folder = Path(row[0])
        names = dict(admin.execute("SELECT pg_relation_filenode(oid)::text, relname FROM pg_class WHERE pg_relation_filenode(oid) IS NOT NULL").fetchall())  # fmt: skip
    hits = found_in(folder / "base" / str(row[1]))
    tables = {names.get(Path(one).name.split(".")[0], one) for one in hits}
    print("WAL", len(found_in(folder / "pg_wal")), "tables", tables)
    # Statistics keep samples of values until they are made anew; a superuser empties what is dead of them.
    assert tables <= {"pg_statistic", "pg_toast_2619"}, tables


def test_a_deletion_behind_the_programs_back_is_still_found(db_world: World) -> None:
    f = former(db_world)
    f.approved()
    assert run_job().state == "done"
    from partwell.records.clients.models import Contact

    leo = Contact.objects.get(email="leo@quayside.example")
    with db_world.behind() as behind:
        behind.execute("PRAGMA foreign_keys=OFF")
        behind.execute("DELETE FROM clients_contact WHERE id = ?", (leo.pk.hex,))
    assert findings() == [f"row-missing clients_contact {leo.pk.hex}"]


def test_a_row_that_comes_back_is_found(db_world: World) -> None:
    f = former(db_world)
    table, ref = Client._meta.db_table, f.id
    with db_world.behind() as behind:
        saved = behind.execute(f"SELECT * FROM {table} WHERE id = ?", (ref.hex,)).fetchone()
    f.approved()
    assert run_job().state == "done"
    with db_world.behind() as behind:
        behind.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(saved))})", saved)
    assert f"row-put-back {table} {ref.hex}" in findings()


def test_a_hold_stops_the_job_and_lifting_it_lets_it_go_on(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    f = former(db_world)
    f.approved()
    monkeypatch.setattr(end_record, "held", lambda *_: True)
    job = run_job()
    assert job.state == "failed" and "legal hold" in job.error
    assert (
        Client.objects.filter(pk=f.id).exists()
        and KeyUnit.objects.filter(client_id=f.id, destroyed_at=None).exists()
    )
    assert findings() == []
    monkeypatch.setattr(end_record, "held", lambda *_: False)
    done(record.go_on(actor=f.c.jonah, request_id=ErasureRequest.objects.get().pk))
    assert run_job().state == "done" and findings() == []


def test_a_hold_after_the_list_began_keeps_the_rows(db_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    f = former(db_world)
    f.approved()
    calls = iter([False] * 8)
    monkeypatch.setattr(end_record, "held", lambda *_: next(calls, True))
    assert run_job().state == "failed"
    assert (
        Client.objects.filter(pk=f.id).exists() and RowCommitment.objects.filter(version=2**31 - 1).exists()
    )
    assert findings() == []
    monkeypatch.setattr(end_record, "held", lambda *_: False)
    done(record.go_on(actor=f.c.jonah, request_id=ErasureRequest.objects.get().pk))
    assert run_job().state == "done" and findings() == []


def test_content_erased_before_and_the_record_afterwards(db_world: World) -> None:
    f = former(db_world)
    index = Entry.objects.filter(client_ref=f.id, type="contact.added").values_list("index", flat=True)[0]
    request = done(
        propose_erasure(actor=f.c.ines, client_id=f.id, basis="Tom Okafor asked for it", indexes=[index])
    )
    done(approve_erasure(actor=f.c.jonah, request_id=request.id, typed_name=NAME))
    f.approved()
    assert run_job().state == "done" and findings() == []
    connection.close()
    assert found_in(db_world.home) == {}


# what is a client's, and what is the house's ------------------------------------------


def test_every_committed_model_is_a_clients_or_the_houses() -> None:
    known = {*bound.paths(), *(model for group in bound.order() for model in group)}
    lost = [
        model._meta.label
        for model in apps.get_models()
        if issubclass(model, Committed)
        and model not in known
        and f"{model._meta.app_label}.{model.__name__}" not in bound.HOUSE
    ]
    assert lost == [], "lead them to a client by a key, or name them in bound.HOUSE"


def test_the_order_lets_no_row_go_before_what_refers_to_it() -> None:
    order = bound.order()
    place = {model: number for number, group in enumerate(order) for model in group}
    assert order[-1] == (Client,)
    for model, here in place.items():
        for field in model._meta.concrete_fields:
            other = field.related_model if field.is_relation else None
            if other in place and other is not model:
                assert here <= place[other], (model, other)  # type: ignore[index]


# kill -9 ------------------------------------------------------------------------------


def _work() -> None:
    job = lease.claim(["record.end"])
    assert job is not None
    lease.finish(job, end_record.run(job))


# Statements and commits of one end, each before and after; counted when this was written.
STEPS = 2280


@pytest.mark.parametrize("share", [0.02, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 0.97])
def test_killed_anywhere_it_goes_on_and_ends_the_same(db_world: World, share: float) -> None:
    f = former(db_world)
    f.approved()
    killed, _ = stage.run_killed(_work, max(1, int(share * STEPS)))
    assert killed
    assert findings() == [], "also half-way the check finds nothing wrong"
    Job.objects.filter(kind="record.end", state="running").update(
        lease_until=datetime.now(UTC) - timedelta(minutes=1)
    )
    assert run_job().state == "done" and findings() == []
    assert not Client.objects.filter(pk=f.id).exists()
    connection.close()
    assert found_in(db_world.home) == {}
