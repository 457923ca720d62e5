# SPDX-License-Identifier: AGPL-3.0-or-later
"""Any order of clicks, holds, files that come and go, and work: what was not approved is never gone, and no hold is passed.

Each example lives in an installation and folder of its own; actions are the real ones, refusals are part of the game.
"""

import tempfile
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.cancel import cancel_deletion
from partwell.actions.retention.lift_hold import ask_lift, lift_hold
from partwell.actions.retention.list_things import ask_listing
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.propose import propose_deletion
from partwell.actions.retention.run_deletion import except_left, start
from partwell.actions.retention.stop import resume_deletion, stop_deletion
from partwell.actions.retention.validate import reject, validate
from partwell.records.evidence.models import Entry
from partwell.records.retention.models import Deletion, DeletionLine, Hold
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from partwell.workers import jobs
from tests.flows.deletion_cast import due_set, fill, folder_facts, ledger_is_whole, people
from tests.support import worlds

WHO = st.sampled_from(["jonah", "ines", "dan", "priya", "kerstin", "mara", "leo"])
PROVED = ("verified", "validated")
SEEN: set[str] = set()


class Machine(RuleBasedStateMachine):
    """One set in one folder."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()

    @initialize()
    def begin(self) -> None:
        """A fresh installation with a set whose time has come."""
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        world = self.stack.enter_context(worlds.sqlite_world(folder / "world"))
        self.stack.enter_context(worlds.entered(world))
        self.c = people()
        self.path = folder / "north"
        fill(self.path, 3)
        self.row = due_set(self.c, folder_facts(self.path))
        self.approved: set[str] = set()  # what stood on a list when somebody started it
        self.number = 0
        self.mine: set[str] = set()  # files that this test took away itself

    def files(self) -> set[str]:
        """What lies there."""
        return {str(one.relative_to(self.path)) for one in self.path.rglob("*") if one.is_file()}

    def now(self) -> Deletion | None:
        """The newest deletion."""
        return Deletion.objects.select_related("backup_set").order_by("-proposed_at").first()

    def actor(self, who: str) -> Actor:
        """One of the people."""
        found = getattr(self.c, who)
        assert isinstance(found, Actor)
        return found

    def quiet(self, doing: Any) -> Any:
        """Do it; under a hold nothing may be gone afterwards that was there before."""
        before, held = self.files(), Hold.objects.filter(lifted_at=None).exists()
        result = doing()
        if held:
            assert before <= self.files(), "something went under a hold"
        return result

    @rule(who=WHO)
    def propose(self, who: str) -> None:
        """Somebody proposes."""
        self.quiet(
            lambda: propose_deletion(actor=self.actor(who), set_id=self.row.id, reason="Time is over.")
        )

    @rule(who=WHO)
    def approve(self, who: str) -> None:
        """Somebody approves."""
        if row := self.now():
            self.quiet(lambda: approve_deletion(actor=self.actor(who), deletion_id=row.id))

    @rule(times=st.integers(1, 3))
    def work(self, times: int) -> None:
        """The worker does what is due."""
        self.quiet(lambda: [jobs.run_one() for _ in range(times)])

    @rule(who=WHO)
    def list_again(self, who: str) -> None:
        """Somebody asks for a new list."""
        if row := self.now():
            self.quiet(lambda: ask_listing(actor=self.actor(who), deletion_id=row.id))

    @rule(who=WHO, stale=st.booleans(), agreed=st.booleans())
    def begin_it(self, who: str, stale: bool, agreed: bool) -> None:
        """Somebody starts what is listed, or an old digest."""
        if row := self.now():
            digest = "0" * 64 if stale else row.listed_digest
            lines = set(
                DeletionLine.objects.filter(deletion=row)
                .exclude(code="appeared")
                .values_list("key", flat=True)
            )
            found = self.quiet(lambda: start(actor=self.actor(who), deletion_id=row.id, shown_digest=digest,
                                             typed_name=row.backup_set.name, newer_agreed=agreed))  # fmt: skip
            if not isinstance(found, Refusal):
                assert not stale or row.state == "running"
                self.approved |= lines

    def _forward(self) -> None:
        """What the right person would do next; most of the clicks of others are refused."""
        c, row = self.c, self.now()
        state = row.state if row else "none"
        SEEN.add(state)
        if row is None or state == "cancelled":
            self.propose("dan")
        elif state == "proposed":
            self.approve("jonah")
        elif state in ("approved", "running", "executed"):
            self.work(2)
        elif state in ("listed", "partial"):
            self.begin_it("dan", False, True)
        elif state == "stopped":
            self.lift()
            self.quiet(lambda: resume_deletion(actor=c.dan, deletion_id=row.id))
        elif state == "verified":
            self.quiet(lambda: validate(actor=c.priya, deletion_id=row.id))

    @rule()
    def forward(self) -> None:
        """One step on."""
        self._forward()

    @rule(times=st.integers(2, 6))
    def on_and_on(self, times: int) -> None:
        """Several steps on."""
        for _ in range(times):
            self._forward()

    @rule()
    def hold(self) -> None:
        """A hold on everything."""
        if not Hold.objects.filter(lifted_at=None).exists():
            place_hold(actor=self.c.ines, client_id=self.c.northwick.id, wish=HoldWish(
                "Claim", "A claim.", "A court", timezone.now().date() + timedelta(days=9), whole_client=True))  # fmt: skip

    @rule()
    def lift(self) -> None:
        """Two people lift it."""
        for one in Hold.objects.filter(lifted_at=None):
            ask_lift(actor=self.c.ines, hold_id=one.id, reason="Settled.")
            lift_hold(actor=self.c.jonah, hold_id=one.id)

    @rule(who=WHO, what=st.sampled_from(["stop", "resume", "cancel", "validate", "reject", "except"]))
    def decide(self, who: str, what: str) -> None:
        """Any other click by anybody."""
        if (row := self.now()) is None:
            return
        actor = self.actor(who)
        failed = list(row.lines.filter(state="failed").values_list("id", flat=True))
        self.quiet(
            {
                "stop": lambda: stop_deletion(actor=actor, deletion_id=row.id, why="Wait."),
                "resume": lambda: resume_deletion(actor=actor, deletion_id=row.id),
                "cancel": lambda: cancel_deletion(actor=actor, deletion_id=row.id, reason="No."),
                "validate": lambda: validate(actor=actor, deletion_id=row.id),
                "reject": lambda: reject(actor=actor, deletion_id=row.id, words="No."),
                "except": lambda: except_left(
                    actor=actor, deletion_id=row.id, reason="It stays.", line_ids=failed
                ),
            }[what]
        )

    @rule()
    def somebody_writes(self) -> None:
        """A backup job that nobody stopped."""
        self.number += 1
        folder = self.path / "2025"
        folder.mkdir(exist_ok=True)
        (folder / f"late-{self.number}.vhdx").write_text("late")

    @rule()
    def somebody_deletes(self) -> None:
        """A file goes without us."""
        if there := sorted(self.files()):
            (self.path / there[0]).unlink()
            self.mine.add(there[0])

    @invariant()
    def nothing_goes_that_was_not_approved(self) -> None:
        """Each file that is gone stood on a list that somebody started, or this test took it."""
        if not hasattr(self, "path"):
            return
        written = {f"2025/may/disk-{n}.vhdx" for n in range(3)} | {
            f"2025/late-{n}.vhdx" for n in range(1, self.number + 1)
        }
        gone = written - self.files()
        assert gone <= self.approved | self.mine, gone - self.approved - self.mine

    @invariant()
    def two_people_and_one_proof(self) -> None:
        """Approved and validated by another; what is verified was listed again and left nothing unnamed."""
        if not hasattr(self, "path"):
            return
        for row in Deletion.objects.all():
            assert row.approved_by_ref is None or row.approved_by_ref != row.proposed_by_ref
            assert row.validated_by_ref is None or row.validated_by_ref != row.executed_by_ref
            assert row.started_at is None or row.approved_by_ref is not None
            if row.state in PROVED:
                assert (
                    row.verification is not None
                    and row.left_count <= len(row.exceptions)
                    and row.failed_count == 0
                )
                assert Entry.objects.filter(type="deletion.verified").exists()

    def teardown(self) -> None:
        """Whatever was clicked, the ledger is whole."""
        try:
            if hasattr(self, "path"):
                ledger_is_whole()
        finally:
            self.stack.close()


@pytest.mark.slow
def test_any_order_of_clicks(request: pytest.FixtureRequest) -> None:
    nightly = bool(request.config.getoption("--nightly"))
    with request.getfixturevalue("django_db_blocker").unblock():
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Machine,
            settings=settings(
                max_examples=200 if nightly else 15,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert {"listed", "running", "verified", "validated", "stopped"} <= SEEN, "the game no longer gets far"
