# SPDX-License-Identifier: AGPL-3.0-or-later
"""A set that people empty: guided steps with proof, taken back, left partial; and a set in our own vault (R13, R15)."""

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from partwell.actions import files
from partwell.actions.keys import key_store
from partwell.actions.retention.approve import approve_deletion
from partwell.actions.retention.hand_steps import do_step, leave_partial, undo_step
from partwell.actions.retention.list_things import ask_listing
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.run_deletion import except_left, start
from partwell.actions.retention.set_facts import Replica, SetFacts
from partwell.actions.retention.set_files import store_in_set
from partwell.actions.retention.stop import resume_deletion
from partwell.actions.retention.validate import reject, validate
from partwell.actions.retention.vault_place import VaultPlace, purpose_of
from partwell.actions.vault import destroy_unit as destroying
from partwell.records.jobs.models import Job
from partwell.records.retention.deletions import steps_of
from partwell.records.retention.models import HandStep
from partwell.records.vault.models import KeyUnit, StoredFile
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refused
from tests.flows.cast import Cast, done, today
from tests.flows.deletion_cast import (
    Stage,
    approved,
    begin,
    code,
    due_set,
    entries,
    ledger_is_whole,
    listed,
    people,
    proposed,
    validated,
    work,
)
from tests.flows.test_deletion import lift

PICTURE = b"\\x89PNG what the console showed"


@pytest.fixture
def c(db_world: object) -> Cast:
    """The people."""
    return people()


def cloud(**more: Any) -> SetFacts:
    """A set in a vendor's cloud with a replica at a sub-processor."""
    values: dict[str, Any] = {
        "name": "Cloud backups", "location": "the vendor's console", "place": Place.VENDOR,
        "whereabouts": {"console": "https://console.cloudvendor.example", "tenant": "northwick-prod"},
        "vendor": "Cloud Vendor", "vendor_window_days": 30,
        "replicas": (Replica("Second region", "Frankfurt", "Deep Storage Ltd", 14),), **more,
    }  # fmt: skip
    return SetFacts(**values)


def step(stage: Stage, key: str) -> HandStep:
    """The step of that key."""
    return next(one for one in steps_of(stage.id) if one.key.startswith(key))


def tick(stage: Stage, key: str, **more: Any) -> Any:
    """Dan ticks a step with a picture."""
    given: dict[str, Any] = {
        "actor": stage.c.dan,
        "words": "done",
        "proof": PICTURE,
        "proof_name": "console.png",
        **more,
    }
    return do_step(deletion_id=stage.id, step_id=step(stage, key).id, **given)


def begun(c: Cast, **more: Any) -> Stage:
    """Approved, and Dan has begun."""
    stage = approved(c, due_set(c, cloud(**more)))
    done(start(actor=c.dan, deletion_id=stage.id, typed_name="Cloud backups"))
    return stage


@pytest.mark.both_databases
def test_the_guided_way_from_sign_in_to_confirmation() -> None:
    c = people()
    stage = approved(c, due_set(c, cloud()))
    keys = [one.key for one in steps_of(stage.id)]
    assert keys == [
        "sign_in",
        "delete",
        "replica:1",
        "recycle_bin",
        "subscription",
        "vendor_confirmation",
        "check",
    ]
    assert (
        all(one.guidance for one in steps_of(stage.id))
        and "northwick-prod" in step(stage, "sign_in").guidance
    )
    assert "Deep Storage Ltd" in step(stage, "replica").title
    assert not Job.objects.filter(kind="deletion.list").exists()
    assert code(ask_listing(actor=c.dan, deletion_id=stage.id)) == "deletion_by_hand"
    done(tick(stage, "sign_in"))
    assert code(tick(stage, "delete")) == "deletion_state", (
        "nothing is taken away before somebody began it by name"
    )
    assert code(start(actor=c.dan, deletion_id=stage.id, typed_name="Cloud")) == "name_not_typed"
    done(start(actor=c.dan, deletion_id=stage.id, typed_name="Cloud backups"))
    assert code(tick(stage, "delete", proof=None)) == "proof_missing"
    assert code(tick(stage, "subscription")) == "step_unproved"
    assert code(tick(stage, "check")) == "step_unproved"
    for key in ("delete", "replica", "recycle_bin"):
        done(tick(stage, key))
    assert code(tick(stage, "delete")) == "deletion_step_done"
    assert stage.now().state == "running"
    done(tick(stage, "subscription", proof=None, words="It goes on for other clients."))
    row = stage.now()
    assert row.state == "executed" and row.executed_by_name == "Dan Frey"
    done(tick(stage, "check", actor=c.ines))
    assert stage.now().state == "verified"
    assert code(validate(actor=c.dan, deletion_id=stage.id)) == "second_person_needed"
    assert code(validate(actor=c.priya, deletion_id=stage.id)) == "step_unproved", (
        "the vendor was not even asked"
    )
    done(tick(stage, "vendor_confirmation", proof=None, words="Asked on Monday, no answer yet."))
    validated(stage)
    row = stage.now()
    assert row.effective_on == today() + timedelta(days=30) and not row.vendor_confirmed
    assert {one.proof_id is not None for one in steps_of(stage.id) if one.proof_needed} == {True}
    ledger_is_whole()


def test_the_vendors_letter_brings_the_day_nearer(c: Cast) -> None:
    stage = begun(c)
    for key in ("sign_in", "delete", "replica", "recycle_bin", "subscription", "check"):
        done(tick(stage, key))
    done(tick(stage, "vendor_confirmation"))
    assert stage.now().vendor_confirmed
    validated(stage)
    assert stage.now().effective_on == today() + timedelta(days=14), "the replica's own clock"


def test_a_mistake_is_taken_back_by_a_new_entry(c: Cast) -> None:
    stage = begun(c)
    for key in ("sign_in", "delete", "replica", "recycle_bin", "subscription"):
        done(tick(stage, key))
    assert stage.now().state == "executed"
    assert (
        code(undo_step(actor=c.dan, deletion_id=stage.id, step_id=step(stage, "recycle_bin").id, reason=""))
        == "required"
    )
    done(
        undo_step(
            actor=c.dan, deletion_id=stage.id, step_id=step(stage, "recycle_bin").id, reason="Wrong tenant."
        )
    )
    assert stage.now().state == "partial" and step(stage, "recycle_bin").done_at is None
    assert entries()[-1] == "deletion.step_undone"
    assert entries().count("deletion.step_done") == 5
    done(start(actor=c.dan, deletion_id=stage.id, typed_name="Cloud backups"))
    done(tick(stage, "recycle_bin"))
    assert stage.now().state == "executed"
    ledger_is_whole()


def test_partial_is_recorded_as_partial(c: Cast) -> None:
    stage = begun(c)
    done(tick(stage, "sign_in"))
    assert code(leave_partial(actor=c.dan, deletion_id=stage.id, left=0, words="none")) == "invalid_input"
    done(
        leave_partial(
            actor=c.dan, deletion_id=stage.id, left=2, words="Two restore points are immutable until May."
        )
    )
    row = stage.now()
    assert row.state == "partial" and row.failed_count == 2 and "immutable" in row.findings["why"]
    done(
        except_left(
            actor=c.jonah, deletion_id=stage.id, reason="Immutable.", things=["Restore point of 3 May"]
        )
    )
    assert stage.now().state == "partial", "one of two is named"
    done(
        except_left(
            actor=c.jonah, deletion_id=stage.id, reason="Immutable.", things=["Restore point of 4 May"]
        )
    )
    assert stage.now().state == "partial", "the steps themselves are not done"
    done(start(actor=c.dan, deletion_id=stage.id, typed_name="Cloud backups"))
    for key in ("delete", "replica", "recycle_bin", "subscription", "check", "vendor_confirmation"):
        done(tick(stage, key))
    validated(stage)
    assert len(stage.now().exceptions) == 2


def test_a_hold_stops_steps_that_take_away(c: Cast) -> None:
    stage = begun(c)
    done(tick(stage, "sign_in"))
    done(place_hold(actor=c.ines, client_id=c.northwick.id, wish=HoldWish(
        "Claim", "A claim.", "A court", today() + timedelta(days=9), whole_client=True)))  # fmt: skip
    assert stage.now().state == "stopped"
    assert code(tick(stage, "delete")) == "deletion_state"
    lift(c)
    done(resume_deletion(actor=c.dan, deletion_id=stage.id))
    assert stage.now().state == "approved" and step(stage, "sign_in").done_at is not None
    assert len(steps_of(stage.id)) == 7, "the steps are laid out once"
    done(start(actor=c.dan, deletion_id=stage.id, typed_name="Cloud backups"))
    for key in ("delete", "replica", "recycle_bin", "subscription"):
        done(tick(stage, key))
    assert stage.now().state == "executed"


def test_whoever_ticked_cannot_validate(c: Cast) -> None:
    stage = begun(c)
    for key in ("sign_in", "replica", "recycle_bin"):
        done(tick(stage, key))
    done(tick(stage, "delete", actor=c.priya))
    for key in ("subscription", "check", "vendor_confirmation"):
        done(tick(stage, key))
    assert code(validate(actor=c.priya, deletion_id=stage.id)) == "second_person_needed"
    done(reject(actor=c.jonah, deletion_id=stage.id, words="The picture shows another tenant."))
    assert stage.now().state == "partial" and step(stage, "check").done_at is None
    done(start(actor=c.dan, deletion_id=stage.id, typed_name="Cloud backups"))
    assert stage.now().state == "executed"
    done(tick(stage, "check"))
    done(validate(actor=c.jonah, deletion_id=stage.id))


def test_strangers_and_wrong_steps(c: Cast) -> None:
    stage = begun(c)
    other = proposed(c, due_set(c, cloud(name="Other", whereabouts={"console": "https://x.example"})))
    done(approve_deletion(actor=c.jonah, deletion_id=other.id))
    assert (
        code(do_step(actor=c.dan, deletion_id=stage.id, step_id=step(other, "sign_in").id, proof=b"x"))
        == "not_found"
    )
    assert (
        code(do_step(actor=c.leo, deletion_id=stage.id, step_id=step(stage, "sign_in").id, proof=b"x"))
        == "not_found"
    )
    assert (
        code(do_step(actor=c.mara, deletion_id=stage.id, step_id=step(stage, "sign_in").id, proof=b"x"))
        == "not_your_role"
    )
    assert code(do_step(actor=c.dan, deletion_id=UUID(int=4), step_id=UUID(int=5), proof=b"x")) == "not_found"


# --- our own vault ------------------------------------------------------------------------------------------


def vault_set(c: Cast) -> Any:
    """A set whose files lie under its own key unit."""
    row = due_set(c, SetFacts(name="Vault set", location="our vault", place=Place.VAULT))
    for n in range(3):
        done(
            store_in_set(
                actor=c.dan,
                set_id=row.id,
                name=f"disk-{n}.img",
                stream=io.BytesIO(f"image {n}".encode() * 40),
            )
        )
    return row


@pytest.mark.both_databases
def test_a_set_in_the_vault_goes_with_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    c = people()
    monkeypatch.setattr("django.conf.settings.PARTWELL_KEY_BACKUP_DAYS", 35)
    row = vault_set(c)
    stage = listed(c, row)
    assert stage.now().listed_count == 4, "three files and their key"
    done(begin(stage, newer_agreed=True))
    unit = KeyUnit.objects.get(purpose=purpose_of(row))
    work()
    now = stage.now()
    assert now.state == "verified" and now.deleted_count == 4, (now.state, now.findings)
    assert not key_store().exists(unit.kek_id) and not list(VaultPlace(row).list())
    with pytest.raises(Refused, match="destroyed"):
        files.read_file(StoredFile.objects.filter(unit=unit).first())  # type: ignore[arg-type]
    validated(stage)
    assert stage.now().effective_on == today() + timedelta(days=35)
    assert files.read_file(stage.now().listing)  # type: ignore[arg-type]  # the evidence has another key
    ledger_is_whole()


def test_a_hold_between_the_question_and_the_key(c: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    row = vault_set(c)
    stage = listed(c, row)
    done(begin(stage, newer_agreed=True))
    real = destroying._begin

    def held(*given: Any) -> Any:
        done(place_hold(actor=c.ines, client_id=c.northwick.id, wish=HoldWish(
            "Claim", "A claim.", "A court", today() + timedelta(days=9), whole_client=True)))  # fmt: skip
        return real(*given)

    monkeypatch.setattr(destroying, "_begin", held)
    work()
    now = stage.now()
    assert now.state == "stopped" and now.deleted_count == 0
    assert key_store().exists(KeyUnit.objects.get(purpose=purpose_of(row)).kek_id)
    assert len(list(VaultPlace(row).list())) == 4
