# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set whose time has come, in a real folder or bucket, and the way to its deletion. Words and addresses are invented."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.propose import propose_deletion
from partwell.actions.retention.record_set import record_set
from partwell.actions.retention.run_deletion import start
from partwell.actions.retention.set_facts import SetFacts
from partwell.actions.retention.validate import validate
from partwell.connectors.secret import Secret
from partwell.records.clients.models import Client
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.retention.models import BackupSet, Deletion, SetNotice
from partwell.rules.keeping import NoticeKind, Place
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Channel, Destination, Reason
from partwell.workers import jobs
from tests.flows.cast import Cast, _client, _staff, done
from tests.flows.cast import NewContact as Person
from tests.support.kept import kept

NAME = "Nightly backups"


@dataclass
class Stage:
    """Who acts, the set, and its deletion once proposed."""

    c: Cast
    row: BackupSet
    deletion: Deletion | None = None

    @property
    def id(self) -> UUID:
        """The deletion's id."""
        assert self.deletion is not None
        return self.deletion.id

    def now(self) -> Deletion:
        """The deletion as it stands, with its set."""
        self.deletion = Deletion.objects.select_related("backup_set", "client").get(pk=self.id)
        return self.deletion


@kept
def people(*, alone: bool = False) -> Cast:
    """The MSP (``alone``: its owner only) and two clients; nobody is leaving, so nothing here gives a set its date."""
    from partwell.rules.terms import ContactRole

    staff = _staff()
    if alone:
        from partwell.records.people.models import StaffMember

        with Deed(staff["jonah"]) as deed:
            for member in StaffMember.objects.exclude(pk=staff["jonah"].id):
                deed.save(member, left_at=deed.now)
            deed.record("staff.left", public={"person": "all but one"})
    northwick, mara = _client(
        staff["ines"] if not alone else staff["jonah"], "Northwick Traders",
        Person("Mara Ellery", "mara@northwick.example", ContactRole.SIGNATORY, second_email="mara.ellery@post.example"),
    )  # fmt: skip
    quayside, leo = _client(
        staff["ines"] if not alone else staff["jonah"], "Quayside Dental",
        Person("Leo Marsh", "leo@quayside.example", ContactRole.SIGNATORY, second_email="leo@home.example"),
    )  # fmt: skip
    return Cast(northwick=northwick, quayside=quayside, mara=mara, tom=mara, leo=leo, recipient=None, theo=mara,
                sunniva=mara, **staff)  # type: ignore[arg-type]  # fmt: skip


def due_set(
    c: Cast, facts: SetFacts, *, secret: Secret | None = None, client: Client | None = None, told: bool = True
) -> BackupSet:
    """A recorded set of a client whose service ended more than six months ago; ``told``: its notices went out in time."""
    from partwell.records.offboardings.models import Offboarding

    owner, client = c.jonah, client or c.northwick
    if not Offboarding.objects.filter(client=client).exists():
        end = timezone.now().date() - timedelta(days=200)
        done(open_offboarding(actor=owner, client_id=client.id, notice=Notice(
            noticed_at=timezone.now() - timedelta(days=290), channel=Channel.MAIL, reason=Reason.NEW_PROVIDER,
            destination=Destination.NEW_MSP, end_of_service=end)))  # fmt: skip
    row = done(record_set(actor=owner, client_id=client.id, facts=facts, secret=secret))
    until = row.keep_until
    assert until is not None and until < timezone.now().date()
    if told:
        with Deed(owner) as deed:
            deed.lock(row.client_id)
            deed.add(SetNotice(backup_set=row, kind=NoticeKind.SIXTY, until=until, due_on=until - timedelta(days=60),
                               given_on=until - timedelta(days=60), given_at=deed.now - timedelta(days=70)))  # fmt: skip
            deed.record("client.changed", subjects=[row.id], public={"what": "the test's notice"})
    return row


def folder_facts(path: Path, name: str = NAME, **more: Any) -> SetFacts:
    """A set in a folder."""
    return SetFacts(
        name=name, location="the backup server", place=Place.FOLDER, whereabouts={"path": str(path)}, **more
    )


def bucket_facts(server: Any, bucket: str, prefix: str, name: str = NAME, **more: Any) -> SetFacts:
    """A set in a bucket of the test's server."""
    said = {"endpoint": more.pop("endpoint", server.endpoint), "region": server.region, "bucket": bucket, "prefix": prefix,
            "access_key": more.pop("access_key", server.access_key), "path_style": True}  # fmt: skip
    return SetFacts(name=name, location="the object storage", place=Place.BUCKET, whereabouts=said, **more)


def fill(path: Path, count: int = 5) -> None:
    """A folder with files of long ago in it."""
    import os

    (path / "2025" / "may").mkdir(parents=True)
    for number in range(count):
        file = path / "2025" / "may" / f"disk-{number}.vhdx"
        file.write_bytes(b"backup of a disk " * (number + 1))
        os.utime(file, (1_000_000_000, 1_000_000_000))


def proposed(c: Cast, row: BackupSet) -> Stage:
    """Dan proposes."""
    return Stage(
        c,
        row,
        done(propose_deletion(actor=c.dan, set_id=row.id, reason="Kept six months; the time is over.")),
    )


def approved(c: Cast, row: BackupSet) -> Stage:
    """Dan proposes, Jonah (the owner) approves."""
    stage = proposed(c, row)
    done(approve_deletion(actor=c.jonah, deletion_id=stage.id))
    return stage


def work(times: int = 20) -> list[Job]:
    """Run every job that is due, as the worker does; gives them as they ended."""
    for _ in range(times):
        if not jobs.run_one():
            break
    return list(Job.objects.order_by("created_at"))


def listed(c: Cast, row: BackupSet) -> Stage:
    """Approved, and the dry run made."""
    stage = approved(c, row)
    work()
    assert stage.now().state == "listed", [(job.kind, job.state, job.error) for job in Job.objects.all()]
    return stage


def started(c: Cast, row: BackupSet, **more: Any) -> Stage:
    """Listed, and started by Dan; the work has not begun."""
    stage = listed(c, row)
    begin(stage, **more)
    return stage


def begin(stage: Stage, **more: Any) -> Deletion | Refusal:
    """Dan starts what he was shown."""
    row = stage.now()
    given: dict[str, Any] = {"shown_digest": row.listed_digest, "typed_name": row.backup_set.name, **more}
    result = start(actor=given.pop("actor", stage.c.dan), deletion_id=row.id, **given)
    stage.now()
    return result


def validated(stage: Stage) -> Deletion:
    """Priya looks and agrees."""
    return done(validate(actor=stage.c.priya, deletion_id=stage.id, words="I looked at both listings."))


def entries(kind: str = "deletion.") -> list[str]:
    """Types of the entries of deletions, in order."""
    return list(Entry.objects.filter(type__startswith=kind).order_by("index").values_list("type", flat=True))


def code(result: Any) -> str:
    """What somebody was refused with, or "done"."""
    return result.code if isinstance(result, Refusal) else "done"


def ledger_is_whole() -> None:
    """``partwell ledger check`` has nothing to say."""
    from partwell.actions.evidence.check import check_ledger

    report = check_ledger()
    assert report.ok, report.findings
