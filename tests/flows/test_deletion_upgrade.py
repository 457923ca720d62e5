# SPDX-License-Identifier: AGPL-3.0-or-later
"""A deletion lives for months: what an earlier Partwell had listed or begun goes on after the update, to its certificate."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from partwell.actions.retention import work_deletion
from partwell.actions.retention.certify import certify_due
from partwell.records.guard import permit
from partwell.records.jobs.models import Job
from partwell.records.retention.models import DeletionLine
from tests.flows.deletion_cast import (
    begin,
    due_set,
    fill,
    folder_facts,
    ledger_is_whole,
    listed,
    people,
    validated,
    work,
)
from tests.support.worlds import World


def migrate(to: str = "") -> None:
    with permit("schema"):
        call_command("migrate", "retention", *([to] if to else []), verbosity=0)


@pytest.mark.parametrize("earlier", ["0005", "0004"])
def test_what_was_begun_before_an_update_goes_on(
    db_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: str
) -> None:
    c, path = people(), tmp_path / "northwick"
    fill(path, 12)
    (path / "2024").mkdir()
    fill(path / "2024", 3)
    stage = listed(c, due_set(c, folder_facts(path)))
    begin(stage)

    def broken(*_: object) -> float:
        raise KeyboardInterrupt  # the machine goes down for the update, after the work had begun

    monkeypatch.setattr(work_deletion, "_leave_to_delete", broken)
    with pytest.raises(KeyboardInterrupt):
        work()
    monkeypatch.undo()
    (
        path / "2025" / "may" / "disk-0.vhdx"
    ).unlink()  # its deletion had left, and nobody wrote the answer down
    migrate(earlier)
    assert earlier == "0005" or "ident" not in _columns()
    migrate()
    assert len(set(DeletionLine.objects.values_list("ident", flat=True))) == DeletionLine.objects.count() > 10
    Job.objects.filter(kind="deletion.run").update(lease_until=timezone.now())  # the old worker is gone
    work()
    row = stage.now()
    assert (row.state, row.left_count) == ("verified", 0), row.findings
    assert path.is_dir() and not list(path.iterdir())
    validated(stage)
    # Days later the calendar looks, with the clock a year behind, right, and right again.
    now = timezone.now()
    assert certify_due(now=now.replace(year=now.year - 1, day=1)) == 0
    assert [certify_due(now=now), certify_due(now=now)] == [1, 0]
    assert stage.now().state == "certified"
    ledger_is_whole()


def _columns() -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        return [
            one.name
            for one in connection.introspection.get_table_description(cursor, "retention_deletionline")
        ]
