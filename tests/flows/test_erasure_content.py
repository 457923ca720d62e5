# SPDX-License-Identifier: AGPL-3.0-or-later
"""Content of entries erased on request: by two people, with an entry first, found when faked, shown as what it is (R4, R15)."""

import json
from typing import Any

import pytest

from partwell.actions.base import Deed
from partwell.actions.correspondence.write_message import CLIENT, Draft, write_message
from partwell.actions.erasure import content
from partwell.actions.erasure.content import (
    approve_erasure,
    decline_erasure,
    finish_erasures,
    propose_erasure,
)
from partwell.actions.evidence.check import check_ledger
from partwell.actions.evidence.log_store import copy_new
from partwell.records.evidence.models import Disclosure, Entry, EntrySubject, ErasureRequest, RowCommitment
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.people.models import StaffMember
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, cast, done
from tests.kill import stage
from tests.support import postgres
from tests.support.worlds import World

NAME = "Northwick Traders"
BASIS = "Tom Okafor asked for it, Art. 17 GDPR"


def codes() -> list[str]:
    copy_new()
    return [one.code for one in check_ledger().findings if one.code != "database-role"]


def entry_about_tom(c: Cast) -> Entry:
    """The entry that put Tom on the client's file."""
    indexes = EntrySubject.objects.filter(subject_ref=c.tom.id).values("entry_index")
    return Entry.objects.filter(index__in=indexes, type="contact.added").get()


def proposed(c: Cast, *indexes: int, by: Actor | None = None, **more: Any) -> ErasureRequest:
    return done(
        propose_erasure(actor=by or c.ines, client_id=c.northwick.id, basis=BASIS, indexes=indexes, **more)
    )


def said(uid: object) -> bytes:
    return b"".join(
        bytes(one) for one in Disclosure.objects.filter(entry_uid=uid).values_list("content", flat=True)
    )


@pytest.mark.both_databases
def test_one_proposes_another_approves_and_the_log_holds(db_world: World) -> None:
    c = cast()
    row = entry_about_tom(c)
    assert b"Tom Okafor" in said(row.uid)
    copy_new()
    request = proposed(c, row.index)
    assert b"Tom Okafor" in said(row.uid), "a proposal erases nothing"

    approved = done(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME))

    assert approved.state == "approved" and approved.finished_at is not None
    assert said(row.uid) == b"" and Entry.objects.filter(pk=row.pk).exists()
    copy_new()
    report = check_ledger()
    assert [one.code for one in report.findings if one.code != "database-role"] == []
    assert report.facts["disclosures_erased"] == len(request.targets)
    line = next(
        one
        for one in timeline_for(c.ines, Filters(client=c.northwick.id), size=200).lines
        if one.uid == row.uid
    )
    assert (
        "content erased on" in line.sentence
        and "by Jonah Reyes" in line.sentence
        and "Art. 17" in line.sentence
    )


def test_all_that_speaks_of_a_person_goes_and_nothing_of_others(db_world: World) -> None:
    c = cast(signed=True)
    before = set(Disclosure.objects.values_list("entry_uid", "label"))
    request = proposed(c, about=c.tom.id)
    done(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME))
    gone = before - set(Disclosure.objects.values_list("entry_uid", "label"))
    indexes = set(EntrySubject.objects.filter(subject_ref=c.tom.id).values_list("entry_index", flat=True))
    for uid, _ in gone:
        row = Entry.objects.get(uid=uid)
        assert row.client_ref == c.northwick.id and (row.index in indexes or row.actor_ref == c.tom.id)
    assert gone and codes() == []


def test_nobody_approves_their_own_and_one_of_the_two_is_an_owner(db_world: World) -> None:
    c = cast()
    row = entry_about_tom(c)
    own = proposed(c, row.index, by=c.jonah)
    refused = approve_erasure(actor=c.jonah, request_id=own.id, typed_name=NAME)
    assert isinstance(refused, Refusal) and refused.code == "second_person_needed"
    for stranger, code in (
        (c.dan, "not_your_role"),
        (c.kerstin, "not_your_role"),
        (c.leo, "not_found"),
        (c.theo, "not_found"),
        (c.tom, "not_your_role"),
    ):
        refused = approve_erasure(actor=stranger, request_id=own.id, typed_name=NAME)
        assert isinstance(refused, Refusal) and refused.code == code, stranger.name
    refused = approve_erasure(actor=c.mara, request_id=own.id, typed_name=NAME)
    assert isinstance(refused, Refusal) and refused.code == "erasure_not_yours"
    done(approve_erasure(actor=c.ines, request_id=own.id, typed_name=NAME))
    assert isinstance(approve_erasure(actor=c.ines, request_id=own.id, typed_name=NAME), Refusal)
    assert codes() == []


def test_two_account_managers_are_not_enough(db_world: World) -> None:
    c = cast()
    with Deed(c.jonah) as deed:
        deed.save(StaffMember.objects.get(pk=c.priya.id), role="account_manager")
        deed.record("staff.changed", public={"person": "Priya Nair", "role": "account_manager"})
    from partwell.actions.people.set_up import actor_of

    priya = actor_of(StaffMember.objects.get(pk=c.priya.id))
    request = proposed(c, entry_about_tom(c).index)
    refused = approve_erasure(actor=priya, request_id=request.id, typed_name=NAME)
    assert isinstance(refused, Refusal) and refused.code == "erasure_needs_owner"


def test_in_a_one_person_msp_the_signatory_is_the_second(db_world: World) -> None:
    c = cast()
    with Deed(c.jonah) as deed:
        for row in StaffMember.objects.exclude(pk=c.jonah.id):
            deed.save(row, left_at=deed.now)
            deed.record("staff.left", public={"person": row.name})
    request = proposed(c, entry_about_tom(c).index, by=c.jonah)
    assert isinstance(approve_erasure(actor=c.leo, request_id=request.id, typed_name=NAME), Refusal)
    done(approve_erasure(actor=c.mara, request_id=request.id, typed_name=NAME))
    assert said(entry_about_tom(c).uid) == b"" and codes() == []


def test_a_wrong_name_a_hold_and_a_no_erase_nothing(db_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    c = cast()
    row = entry_about_tom(c)
    request = proposed(c, row.index)
    refused = approve_erasure(actor=c.jonah, request_id=request.id, typed_name="Northwick")
    assert isinstance(refused, Refusal) and refused.code == "client_name_not_typed"
    monkeypatch.setattr(content, "held", lambda *_: True)
    refused = approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME)
    assert isinstance(refused, Refusal) and refused.code == "erasure_held"
    again = propose_erasure(actor=c.ines, client_id=c.northwick.id, basis=BASIS, indexes=[row.index])
    assert isinstance(again, Refusal) and again.code == "erasure_held"
    monkeypatch.setattr(content, "held", lambda *_: False)
    assert (
        done(decline_erasure(actor=c.jonah, request_id=request.id, why="It is needed.")).state == "declined"
    )
    assert isinstance(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME), Refusal)
    assert b"Tom Okafor" in said(row.uid) and codes() == []


def test_what_says_that_something_was_erased_cannot_be_erased(db_world: World) -> None:
    c = cast()
    request = proposed(c, entry_about_tom(c).index)
    done(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME))
    kept = list(
        Entry.objects.filter(type__in=("disclosure.erased", "erasure.proposed")).values_list(
            "index", flat=True
        )
    )
    refused = propose_erasure(actor=c.ines, client_id=c.northwick.id, basis=BASIS, indexes=kept)
    assert isinstance(refused, Refusal) and refused.code == "nothing_to_erase"
    other = propose_erasure(
        actor=c.ines, client_id=c.quayside.id, basis=BASIS, indexes=[entry_about_tom(c).index]
    )
    assert isinstance(other, Refusal) and other.code == "nothing_to_erase"


# behind the program's back ------------------------------------------------


def run(world: World, sql: str, *values: object) -> None:
    with world.behind(role=postgres.APP) as connection:
        mark = "?" if world.kind == "sqlite" else "%s"
        connection.execute(sql.replace("?", mark), values)


def ident(world: World, value: Any) -> object:
    return value.hex if world.kind == "sqlite" else value


@pytest.mark.both_databases
def test_the_database_refuses_to_let_content_go_without_an_erasure(db_world: World) -> None:
    c = cast()
    row = entry_about_tom(c)
    uid = ident(db_world, row.uid)
    attempts = [
        ("DELETE FROM evidence_disclosure WHERE entry_uid = ?", (uid,)),
        ("UPDATE evidence_disclosure SET content = salt WHERE entry_uid = ?", (uid,)),
        ("DELETE FROM evidence_rowcommitment WHERE entry_uid = ?", (uid,)),
        ("UPDATE evidence_rowcommitment SET salt = digest WHERE entry_uid = ?", (uid,)),
        ("DELETE FROM correspondence_envelope", ()),
    ]
    for sql, values in attempts:
        if "envelope" in sql:
            done(write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft(audience=CLIENT, subject="Hello", text="How do you do?")))  # fmt: skip
        with pytest.raises(Exception, match=r"append-only|never deleted"):
            run(db_world, sql, *values)
    request = proposed(c, row.index, labels=["public"])
    done(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME))
    with pytest.raises(Exception, match="append-only"):
        run(db_world, "DELETE FROM evidence_disclosure WHERE entry_uid = ?", uid)
    assert codes() == []


@pytest.mark.both_databases
def test_an_erasure_faked_in_the_database_is_found(db_world: World) -> None:
    """Whoever notes an erasure under an entry that erased something else gets the trigger's leave, and is found."""
    c = cast()
    first, second = (
        entry_about_tom(c),
        Entry.objects.filter(type="contact.added", client_ref=c.northwick.id).order_by("index").first(),
    )
    assert second is not None and first.uid != second.uid
    request = proposed(c, first.index)
    done(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME))
    real = RowCommitment.objects.filter(table="evidence_disclosure:public").get()
    position = RowCommitment.objects.filter(entry_uid=real.entry_uid).count()
    digest = bytes(real.digest)
    run(
        db_world,
        'INSERT INTO evidence_rowcommitment (entry_uid, position, "table", row_ref, version, salt, digest) VALUES (?, ?, ?, ?, ?, ?, ?)',
        ident(db_world, real.entry_uid), position, real.table, ident(db_world, second.uid), real.version, b"", digest,
    )  # fmt: skip
    run(
        db_world,
        "DELETE FROM evidence_disclosure WHERE entry_uid = ? AND label = 'public'",
        ident(db_world, second.uid),
    )
    assert "commitments-changed" in codes()


@pytest.mark.both_databases
def test_a_second_person_written_into_the_database_is_found(db_world: World) -> None:
    c = cast()
    request = proposed(c, entry_about_tom(c).index)
    run(
        db_world,
        "UPDATE evidence_erasurerequest SET state = 'approved', decided_by = ?, decided_by_name = 'Jonah Reyes' WHERE id = ?",
        ident(db_world, c.jonah.id),
        ident(db_world, request.id),
    )
    assert "row-changed" in codes() and "erasure-unrecorded" in codes()
    assert finish_erasures() == 0 and b"Tom Okafor" in said(entry_about_tom(c).uid)


def test_one_person_who_decided_alone_is_found(db_world: World) -> None:
    """The program's own deeds, with the rule of the second person taken out: only who decided tells."""
    c = cast()
    request = proposed(c, entry_about_tom(c).index)
    done(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME))
    with Deed(c.jonah) as deed:
        deed.lock(c.northwick.id)
        row = ErasureRequest.objects.get(pk=request.pk)
        deed.save(row, decided_by=row.proposed_by)
        deed.record("erasure.approved", public={"what": "something"})
    assert codes() == ["erasure-one-person"]


def test_content_put_back_is_not_taken_for_what_was_said(db_world: World) -> None:
    c = cast()
    row = entry_about_tom(c)
    request = proposed(c, row.index)
    done(approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME))
    run(db_world, "INSERT INTO evidence_disclosure (entry_uid, label, salt, content) VALUES (?, 'public', ?, ?)",
        row.uid.hex, b"s" * 32, json.dumps({"actor": "Ines Duarte", "client": NAME, "person": "Nobody"}).encode())  # fmt: skip
    assert "disclosure-changed" in codes()


# a crash -------------------------------------------------------------------


# Statements and commits of one approval, each before and after; counted when this was written.
STEPS = 66


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99])
def test_killed_while_approving_it_is_all_or_made_good(db_world: World, share: float) -> None:
    c = cast()
    row = entry_about_tom(c)
    request = proposed(c, row.index)
    killed, _ = stage.run_killed(
        lambda: approve_erasure(actor=c.jonah, request_id=request.id, typed_name=NAME),
        max(1, int(share * STEPS)),
    )
    assert killed
    finish_erasures()
    state = ErasureRequest.objects.get(pk=request.pk).state
    assert (said(row.uid) == b"") == (state == "approved")
    assert codes() == []
