# SPDX-License-Identifier: AGPL-3.0-or-later
"""An import as a whole: resumed after a crash without doubles, one entry over all rows, undone or refused as a whole."""

import contextlib
import json
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connections

from partwell.actions.base import Deed
from partwell.actions.estate import confirm_import as confirming
from partwell.actions.estate.add_item import add_item
from partwell.actions.estate.change_item import change_item, remove_item
from partwell.actions.estate.confirm_import import confirm_import
from partwell.actions.estate.record_handover import record_handover
from partwell.actions.estate.run_import import run_now
from partwell.actions.estate.start_import import discard_import, read_again
from partwell.actions.estate.try_credential import label_untested, second_credential, try_credential
from partwell.actions.estate.undo_import import undo_import
from partwell.records.estate.models import Import, ImportLine, Item, Trial
from partwell.records.evidence.models import Entry, RowCommitment
from partwell.records.jobs.models import Job
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules.refusals import Refusal
from sealed import entry
from tests.flows.estate_cast import cast, confirmed, staged
from tests.flows.test_cli import inside
from tests.support.worlds import World


def table(rows: int, start: int = 0) -> bytes:
    return (
        "Name,Serial,Category,Location,Notes\n"
        + "".join(f"pc-{n},SN{n:08},Laptop,Rack {n % 90},row {n}\n" for n in range(start, start + rows))
    ).encode()


@pytest.mark.both_databases
def test_a_crash_between_chunks_resumes_without_doubles_and_seals_every_row(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = cast()
    batch = staged(who.dan, who.northwick, ("many.csv", table(2500)))
    job = confirm_import(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(job, Job)
    written = confirming._write
    calls = []

    def crash(*args: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError("the machine went away")
        return written(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(confirming, "_write", crash)
    with pytest.raises(MemoryError):
        run_now(job)
    assert Item.objects.filter(batch=batch).count() == 1000
    assert not Item.objects.present().exists(), "nobody sees half an import"
    monkeypatch.setattr(confirming, "_write", written)
    done = run_now(Job.objects.get(pk=job.pk))
    assert done.state == "done", done.error
    assert Item.objects.present().filter(batch=batch).count() == 2500
    assert Item.objects.values("fingerprint").distinct().count() == 2500
    found = Entry.objects.get(type="import.confirmed")
    leaf = entry.parse_leaf(bytes(found.leaf))
    rows = RowCommitment.objects.filter(entry_uid=found.uid).order_by("position")
    number, root = entry.rows_root(
        (row.table, row.row_ref.hex, row.version, bytes(row.digest)) for row in rows
    )
    assert (leaf.rows_n, leaf.rows_root) == (number, root)
    assert number >= 2501, "items and the import itself"
    item = Item.objects.filter(batch=batch).order_by("?").first()
    assert item is not None
    commitment = RowCommitment.objects.get(row_ref=item.pk)
    assert entry.row_digest(bytes(commitment.salt), item.committed_fields()) == bytes(commitment.digest)


@pytest.mark.both_databases
def test_an_import_is_undone_as_a_whole_or_not_at_all(db_world: World) -> None:
    who = cast()
    c = who.northwick.id
    batch = confirmed(who.dan, staged(who.dan, who.northwick, ("a.csv", table(5))))
    item = Item.objects.present().order_by("title").first()
    assert item is not None
    change_item(actor=who.dan, client_id=c, item_id=item.id, title="renamed")
    refusal = undo_import(actor=who.dan, client_id=c, import_id=batch.id)
    assert isinstance(refusal, Refusal) and refusal.code == "import_items_changed"
    other = confirmed(who.dan, staged(who.dan, who.northwick, ("b.csv", table(5, 100))))
    released = Item.objects.filter(batch=other).first()
    assert released is not None
    with Deed(who.dan) as deed:
        deed.lock(c)
        release = deed.add(
            Release(
                client=who.northwick,
                number=1,
                party="client",
                released_at=deed.now,
                window_ends_at=deed.now,
                idempotency="x",
            )
        )
        deed.add(
            ReleaseLine(
                release=release,
                item=released,
                item_version=1,
                title=released.title,
                category="hardware",
                kind="hardware",
                method="on_site",
                digest="0" * 64,
                state="sent",
                sent_at=deed.now,
            )
        )
        deed.record(
            "release.sent",
            subjects=[release.id],
            public={"recipient": "Northwick Traders", "items": [released.title]},
        )
    refusal = undo_import(actor=who.dan, client_id=c, import_id=other.id)
    assert isinstance(refusal, Refusal) and refusal.code == "import_items_released"
    gone = remove_item(actor=who.dan, client_id=c, item_id=released.id, reason="a mistake")
    assert isinstance(gone, Refusal) and gone.code == "already_released"
    third = confirmed(who.dan, staged(who.dan, who.northwick, ("c.csv", table(5, 200))))
    assert isinstance(undo_import(actor=who.dan, client_id=c, import_id=third.id), Import)
    refusal = undo_import(actor=who.dan, client_id=c, import_id=third.id)
    assert isinstance(refusal, Refusal) and refusal.code == "import_undone"
    assert Item.objects.present().count() == 10


def test_what_changed_since_the_preview_is_noticed(db_world: World) -> None:
    who = cast()
    c = who.northwick.id
    first, second = (staged(who.dan, who.northwick, ("a.csv", table(5))) for _ in range(2))
    confirmed(who.dan, first)
    refusal = confirm_import(actor=who.dan, client_id=c, import_id=second.id)
    assert isinstance(refusal, Refusal) and refusal.code == "preview_stale"
    job = read_again(actor=who.dan, client_id=c, import_id=second.id)
    assert isinstance(job, Job)
    busy = confirm_import(actor=who.dan, client_id=c, import_id=second.id)
    assert isinstance(busy, Refusal) and busy.code == "busy"
    run_now(job)
    second.refresh_from_db()
    assert second.duplicate_count == 5 and second.item_count == 0
    assert isinstance(discard_import(actor=who.dan, client_id=c, import_id=second.id), Import)
    assert not ImportLine.objects.filter(batch=second).exists()
    assert isinstance(read_again(actor=who.dan, client_id=who.quayside.id, import_id=first.id), Refusal)


def test_who_left_writes_nothing_any_more(db_world: World) -> None:
    from partwell.records.people.models import StaffMember

    who = cast()
    batch = staged(who.dan, who.northwick, ("a.csv", table(5)))
    job = confirm_import(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(job, Job)
    with Deed(who.jonah) as deed:
        dan = StaffMember.objects.get(pk=who.dan.id)
        deed.save(dan, left_at=deed.now)
        deed.record("staff.left", subjects=[dan.id], public={"person": dan.name})
    assert run_now(job).state == "failed"
    assert not Item.objects.exists()


def test_r16_tries_second_person_and_labels(db_world: World) -> None:
    who = cast()
    c = who.northwick.id
    admin = add_item(
        actor=who.dan,
        client_id=c,
        title="Domain admin",
        category="admin_access",
        kind="credential",
        owner="client",
    )
    plain = add_item(
        actor=who.dan,
        client_id=c,
        title="Coffee machine",
        category="admin_access",
        kind="credential",
        owner="client",
    )
    assert isinstance(admin, Item) and isinstance(plain, Item)
    no = label_untested(actor=who.dan, client_id=c, item_ids=[admin.id, plain.id])
    assert isinstance(no, Refusal) and no.code == "credential_untested"
    assert label_untested(actor=who.dan, client_id=c, item_ids=[plain.id]) == 1
    no = try_credential(actor=who.dan, client_id=c, item_id=admin.id, outcome="cannot_be_tried")
    assert isinstance(no, Refusal) and no.code == "untestable_reason_missing"
    assert isinstance(
        try_credential(
            actor=who.dan, client_id=c, item_id=admin.id, outcome="cannot_be_tried", reason="it is in a safe"
        ),
        Trial,
    )
    own = second_credential(actor=who.dan, client_id=c, item_id=admin.id)
    assert isinstance(own, Refusal) and own.code == "second_person_needed"
    assert isinstance(second_credential(actor=who.ines, client_id=c, item_id=admin.id), Refusal), (
        "an account manager's role does not reach"
    )
    agreed = second_credential(actor=who.priya, client_id=c, item_id=admin.id)
    assert isinstance(agreed, Trial) and agreed.second_person_name == "Priya Nair"
    kept = record_handover(
        actor=who.dan,
        client_id=c,
        item_id=admin.id,
        account="northwick\\admin",
        privilege="Domain Admins",
        clients_account=True,
    )
    assert isinstance(kept, Item) and kept.handover["clients_account"] is True
    wrong = record_handover(actor=who.dan, client_id=c, item_id=admin.id, serial="x")
    assert isinstance(wrong, Refusal)
    stranger = change_item(actor=who.dan, client_id=who.quayside.id, item_id=admin.id, title="mine now")
    assert isinstance(stranger, Refusal) and stranger.status == 404


def peak() -> int:
    """The most memory that this process has held since ``peak_from_now``, in KiB; elsewhere than on Linux, ever."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(status.split("VmHWM:")[1].split()[0])


def peak_from_now() -> int:
    """Forget the peaks of earlier tests, beside which a greedy import would not show."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak()


@pytest.mark.slow
@pytest.mark.both_databases
def test_many_thousand_rows_in_bounded_memory_without_stopping_others(
    db_world: World, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    who = cast()
    path = tmp_path / "big.csv"
    # The same code whatever the number, and the suite has ten minutes: all of them nightly and in benchmarks/.
    rows = 100_000 if request.config.getoption("--nightly") else 10_000
    path.write_bytes(table(rows))
    waits: list[float] = []
    stop = threading.Event()

    def other_user() -> None:
        try:
            while not stop.is_set():
                begun = time.perf_counter()
                add_item(
                    actor=who.priya,
                    client_id=who.quayside.id,
                    title="a thing",
                    category="other",
                    kind="other",
                )
                waits.append(time.perf_counter() - begun)
                time.sleep(0.05)
        finally:
            connections.close_all()

    thread = threading.Thread(target=other_user)
    before = peak_from_now()
    begun = time.perf_counter()
    thread.start()
    try:
        batch = staged(who.dan, who.northwick, path)
        read = time.perf_counter() - begun
        assert batch.item_count == rows
        confirmed(who.dan, batch)
    finally:
        stop.set()
        thread.join()
    grown = (peak() - before) / 1024
    print(
        f"\n{db_world.kind}: read {read:.1f} s, all {time.perf_counter() - begun:.1f} s, memory +{grown:.0f} MiB, "
        f"others waited {max(waits):.2f} s at most, {len(waits)} times"
    )
    assert Item.objects.present().filter(client=who.northwick).count() == rows
    assert grown < 200
    assert max(waits) < 5
    assert Entry.objects.filter(type="import.confirmed").count() == 1


def test_the_command_reads_writes_and_says_so(db_world: World, tmp_path: Path) -> None:
    who = cast()
    path = tmp_path / "assets.csv"
    path.write_bytes(table(3))
    (tmp_path / "pw.txt").write_text("wrong-Qq8\n")

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        run = (
            "import django; django.setup()\nimport typer\nfrom partwell.entrypoints.cli.import_cmd import import_command\n"
            "app = typer.Typer()\napp.command()(import_command)\napp()"
        )
        environment = {
            **db_world.environment(),
            "DJANGO_SETTINGS_MODULE": "partwell.settings",
            "PYTHONPATH": "src",
        }
        return subprocess.run(
            [sys.executable, "-c", run, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            cwd=Path(__file__).resolve().parents[2],
        )

    dry = command(str(path), "--client", "Northwick Traders", "--dry-run", "--json")
    assert dry.returncode == 0, dry.stderr
    assert json.loads(dry.stdout)["items"] == 3
    assert not Import.objects.exists()
    done = command(str(path), "--client", "northwick traders", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result["items"] == 3 and UUID(hex=result["import"])
    assert Item.objects.present().filter(client=who.northwick).count() == 3
    # From here on in this process: what is asked is the answer.
    again = inside(db_world, "import", str(path), "--client", "Northwick Traders")
    assert again.returncode == 1 and "3 duplicates" in again.stdout
    assert inside(db_world, "import", str(path), "--client", "Nobody Ltd").returncode == 2
    absent = str(tmp_path / "absent.csv")
    assert inside(db_world, "import", absent, "--client", "Northwick Traders").returncode == 2
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "network diagram.txt").write_text("boxes and lines")
    (folder / "link.txt").symlink_to("/etc/passwd")
    packed = inside(db_world, "import", str(folder), "--client", "Northwick Traders", "--json")
    assert json.loads(packed.stdout)["items"] == 1, packed.stdout + packed.stderr


def test_a_crash_after_the_last_deed_still_wipes_the_originals(
    db_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = cast()
    batch = staged(who.dan, who.northwick, ("a.csv", b"Name,Password\nrouter,pw-Kk3\n"))
    job = confirm_import(actor=who.dan, client_id=who.northwick.id, import_id=batch.id)
    assert isinstance(job, Job)
    blob = batch.options["files"][0]["blob"]
    monkeypatch.setattr(confirming, "_finish", lambda *_: (_ for _ in ()).throw(MemoryError()))
    with pytest.raises(MemoryError):
        run_now(job)
    monkeypatch.undo()
    assert list((db_world.home / "vault").rglob(f"*{blob}*"))
    assert run_now(Job.objects.get(pk=job.pk)).state == "done"
    assert not list((db_world.home / "vault").rglob(f"*{blob}*"))
    assert not ImportLine.objects.exclude(sealed=None).exists()
