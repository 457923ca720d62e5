# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates of destruction: only of what was validated and has taken effect, numbered without gaps, and true word for word."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from partwell.actions import files
from partwell.actions.evidence.check import check_ledger
from partwell.actions.retention import certify as certifying
from partwell.actions.retention.certify import certify, certify_due
from partwell.actions.retention.media import record_destruction, validate_destruction
from partwell.documents.signing import check_pdf_signature
from partwell.records.billing.models import Series
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.people.models import StaffMember
from partwell.records.retention.models import BackupSet, Certificate, Deletion, MediaDestruction
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from partwell.workers.calendar import TASKS
from partwell.workers.jobs import run_one
from tests.documents.test_letters import words
from tests.flows.cast import today
from tests.flows.deleted import backup_set, deleted, drive, wiped
from tests.world import Cast, cast, done

pytestmark = pytest.mark.both_databases
NOW = timezone.now


@pytest.fixture
def c(db_world: Any) -> Cast:
    return cast(items=False)


def code(result: object) -> str:
    return result.code if isinstance(result, Refusal) else "no refusal"


def jobs() -> None:
    while run_one():
        pass


def test_a_validated_deletion_is_certified_on_its_day_by_the_calendar(c: Cast) -> None:
    row = deleted(c, backup_set(c), effective=NOW().date() + timedelta(days=3))
    assert certify_due() == 0 and Certificate.objects.count() == 0
    later = NOW() + timedelta(days=3)
    assert TASKS["certificates whose day has come"](later) == 1
    assert TASKS["certificates whose day has come"](later + timedelta(days=400)) == 0
    made = Certificate.objects.get()
    row.refresh_from_db()
    assert made.number == 1 and made.issued_by_name == "Partwell" and row.state == "certified"
    assert row.certified_at == later and BackupSet.objects.get().gone_at == later
    assert Entry.objects.get(uid=made.entry_uid).type == "certificate.issued"


def test_the_letter_carries_every_field_and_goes_to_the_client_and_its_second_address(c: Cast) -> None:
    deleted(c, backup_set(c))
    made = done(certify(actor=c.ines, deletion_id=Deletion.objects.get().id))
    jobs()
    made.refresh_from_db()
    assert made.letter is not None
    pdf = files.read_file(made.letter)
    assert check_pdf_signature(pdf).ok and b"<pdfaid:part>2</pdfaid:part>" in pdf
    text = words(pdf)
    flat = text.replace(" ", "")
    for section in made.fields["sections"]:
        for label, lines in section["rows"]:
            assert label.replace(" ", "") in flat, label
            for line in lines:
                assert line.replace(" ", "") in flat, line
    for limit in made.limits:
        assert limit.replace(" ", "") in flat
    assert "CD-1" in text and made.fields["attested"].replace(" ", "") in flat
    entry = Entry.objects.get(uid=made.entry_uid)
    assert (
        f"Entry {entry.index} of the log" in text and f"/proof/{made.entry_uid.hex}/".replace(" ", "") in flat
    )
    envelope = Envelope.objects.get(kind="certificate_issued")
    assert [one["role"] for one in envelope.recipients] == ["client", "second"]
    assert envelope.documents[0]["sha256"] == made.letter.sha256 and "CD-1" in envelope.subject
    jobs()
    assert Envelope.objects.filter(kind="certificate_issued").count() == 1


def test_exceptions_are_named_and_what_is_left_stays_on_the_calendar(c: Cast) -> None:
    named = [{"key": f"northwick/locked/{n:04}.vbk", "version": f"v{n}", "why": ""} for n in range(300)]
    row = deleted(c, backup_set(c), exceptions=named, left_count=300)
    made = done(certify(actor=c.jonah, deletion_id=row.id))
    kept = BackupSet.objects.get()
    assert kept.gone_at is None and "300 named exceptions" in " ".join(made.limits)
    jobs()
    made.refresh_from_db()
    assert made.letter is not None
    text = words(files.read_file(made.letter)).replace(" ", "")
    assert all(one["key"] in text for one in named) and "ObjectLockuntil2031" in text
    assert text.count("Page") > 5
    envelope = Envelope.objects.get(kind="certificate_issued")
    assert "except what is named below" in envelope.text


@pytest.mark.parametrize(
    "state",
    ["proposed", "approved", "listed", "running", "partial", "executed", "verified", "stopped", "cancelled"],
)
def test_no_other_state_is_certified(c: Cast, state: str) -> None:
    row = deleted(c, backup_set(c), state=state)
    assert code(certify(actor=c.jonah, deletion_id=row.id)) == "deletion_state"
    assert certify_due(now=NOW() + timedelta(days=4000)) == 0
    assert not Certificate.objects.exists() and BackupSet.objects.get().gone_at is None


def test_what_is_not_effective_not_gone_or_not_proved_is_refused(c: Cast) -> None:
    early = deleted(c, backup_set(c, "early"), effective=today() + timedelta(days=1))
    assert code(certify(actor=c.jonah, deletion_id=early.id)) == "not_effective_yet"
    left = deleted(
        c, backup_set(c, "left"), left_count=2, exceptions=[{"key": "a", "version": "", "why": "locked"}]
    )
    assert code(certify(actor=c.jonah, deletion_id=left.id)) == "not_all_gone"
    hand = deleted(c, backup_set(c, "hand", place="vendor"), by_hand=True, steps=2, unproved=1)
    assert code(certify(actor=c.jonah, deletion_id=hand.id)) == "step_unproved"
    without = deleted(c, backup_set(c, "without", place="vendor"), by_hand=True)
    assert code(certify(actor=c.jonah, deletion_id=without.id)) == "step_unproved"
    grown = {"what": "replica", "where": "Dublin", "expires_days": 90}  # put on record after the validation
    late = deleted(c, backup_set(c, "late", replicas=[grown]))
    assert code(certify(actor=c.jonah, deletion_id=late.id)) == "not_effective_yet"
    undated = deleted(c, backup_set(c, "whole"))
    assert certify_due() == 1  # only the last, which is whole
    assert code(certify(actor=c.jonah, deletion_id=undated.id)) == "deletion_state"


def test_who_may_and_strangers(c: Cast) -> None:
    row = deleted(c, backup_set(c))
    assert code(certify(actor=c.dan, deletion_id=row.id)) == "not_your_role"
    assert code(certify(actor=c.kerstin, deletion_id=row.id)) == "not_your_role"
    assert code(certify(actor=c.mara, deletion_id=row.id)) == "not_found"
    assert code(certify(actor=c.theo, deletion_id=row.id)) == "not_found"


def test_an_inactive_client_is_certified_too(c: Cast) -> None:
    row = deleted(c, backup_set(c))
    with_state(c.northwick, "inactive", c)
    assert not isinstance(certify(actor=SYSTEM, deletion_id=row.id), Refusal)
    made = validate_destruction(actor=c.priya, destruction_id=wiped(c).id, accept=True, where="Workshop")
    assert isinstance(made, Certificate)


def with_state(client: Client, state: str, c: Cast) -> None:
    from partwell.actions.base import Deed

    with Deed(c.ines) as deed:
        row = deed.lock(client.id)
        deed.save(row, state=state)
        deed.record("client.became", public={"state": state})


def test_a_crash_between_number_and_commit_leaves_no_gap(c: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = deleted(c, backup_set(c, "one")), deleted(c, backup_set(c, "two"))
    done(certify(actor=c.jonah, deletion_id=first.id))

    def crash(*_: object, **__: object) -> list[str]:
        raise RuntimeError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(certifying, "_said", crash)
        with pytest.raises(RuntimeError, match="killed"):
            certify(actor=c.jonah, deletion_id=second.id)
    second.refresh_from_db()
    assert second.state == "validated" and Series.objects.get(code="certificate").next_number == 2
    assert done(certify(actor=c.jonah, deletion_id=second.id)).number == 2


def test_two_connections_number_without_gap_or_twin(c: Cast) -> None:
    rows = [
        deleted(c, backup_set(c, f"set {n}", client=c.northwick if n % 2 else c.quayside)) for n in range(6)
    ]
    problems: list[Exception] = []

    def work(some: list[Deletion]) -> None:
        try:
            for row in some:
                for _ in range(2):  # asked twice: one certificate
                    certify(actor=c.jonah, deletion_id=row.id)
        except Exception as problem:  # a thread's failure is told by the test
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(part,)) for part in (rows[0::2], rows[1::2], rows)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert not problems
    assert sorted(Certificate.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
    assert check_ledger().ok


def test_a_drive_is_recorded_by_one_and_validated_by_another(c: Cast) -> None:
    row = wiped(c)
    assert row.report is not None and files.read_file(row.report).startswith(b"%PDF")
    assert (
        code(validate_destruction(actor=c.dan, destruction_id=row.id, accept=True, where="Workshop"))
        == "second_person_needed"
    )
    assert (
        code(validate_destruction(actor=c.leo, destruction_id=row.id, accept=True, where="x")) == "not_found"
    )
    assert (
        code(validate_destruction(actor=c.mara, destruction_id=row.id, accept=True, where="x"))
        == "second_is_staff"
    )
    assert (
        code(validate_destruction(actor=c.tom, destruction_id=row.id, accept=True, where="x"))
        == "not_your_role"
    )
    assert code(validate_destruction(actor=c.priya, destruction_id=row.id, accept=True)) == "required"
    made = done(
        validate_destruction(
            actor=c.priya, destruction_id=row.id, accept=True, where="Workshop", words="Read 100 sectors."
        )
    )
    assert isinstance(made, Certificate) and made.number == 1
    assert (
        code(validate_destruction(actor=c.jonah, destruction_id=row.id, accept=True, where="x"))
        == "destruction_settled"
    )
    jobs()
    made.refresh_from_db()
    assert made.letter is not None
    text = words(files.read_file(made.letter))
    for said in (
        "WX21D-4711",
        "Western Digital",
        "nwipe",
        "0.37",
        "Priya Nair",
        "Read 100 sectors.",
        "not known",
        "Workshop",
    ):
        assert said in text, said
    assert check_ledger().ok


def test_the_one_named_as_having_done_it_is_no_second(c: Cast) -> None:
    row = done(
        record_destruction(
            actor=c.ines, client_id=c.northwick.id, what=drive(done_by_name=" dan frey "), report=b"x"
        )
    )
    assert (
        code(validate_destruction(actor=c.dan, destruction_id=row.id, accept=True, where="x"))
        == "second_person_needed"
    )


def test_alone_the_signatory_is_the_second(c: Cast) -> None:
    row = done(
        record_destruction(
            actor=c.jonah,
            client_id=c.northwick.id,
            what=drive(done_by_name="Shred & Sons", method="destroy"),
            report=b"slip",
        )
    )
    leave_alone(c)
    made = done(validate_destruction(actor=c.mara, destruction_id=row.id, accept=True, where="Their yard"))
    assert isinstance(made, Certificate) and "Mara Ellery" in str(made.fields)


def leave_alone(c: Cast) -> None:
    from partwell.actions.base import Deed

    with Deed(c.jonah) as deed:
        for member in StaffMember.objects.exclude(pk=c.jonah.id):
            deed.save(member, left_at=deed.now)
            deed.record("staff.left", public={"person": member.name}, subjects=[member.id])


def test_what_a_record_cannot_be_without(c: Cast) -> None:
    def tried(report: bytes | None = b"x", **more: Any) -> str:
        return code(
            record_destruction(actor=c.dan, client_id=c.northwick.id, what=drive(**more), report=report)
        )

    assert tried(report=None) == "media_incomplete" and tried(serial=" ") == "media_incomplete"
    assert tried(method="purge") == "purge_needs_module" and tried(method="erase") == "invalid_input"
    assert tried(done_on=NOW().date() + timedelta(days=2)) == "invalid_input"
    assert tried(technique="x" * 201) == "invalid_input"
    assert tried(item_id=c.northwick.id) == "not_found"
    assert not MediaDestruction.objects.exists()
    assert tried(method="purge", validated_module="FIPS 140-3, certificate 4711") == "no refusal"
    assert tried(method="clear", serial="wx21d-4711") == "duplicate"


def test_a_wrong_record_is_turned_down_and_made_anew(c: Cast) -> None:
    row = wiped(c)
    assert code(validate_destruction(actor=c.priya, destruction_id=row.id, accept=False)) == "required"
    back = done(
        validate_destruction(
            actor=c.priya, destruction_id=row.id, accept=False, words="Another serial is on the label."
        )
    )
    assert isinstance(back, MediaDestruction) and back.rejected_by_name == "Priya Nair"
    assert not Certificate.objects.exists()
    again = wiped(c, source="NAS-2, bay 4")
    assert again.id != row.id
