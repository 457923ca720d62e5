# SPDX-License-Identifier: AGPL-3.0-or-later
"""What keeps a client's record: holds as people place them, laws, backups that are still there; and who hears of its end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.erasure import record
from partwell.actions.erasure.content import approve_erasure, propose_erasure
from partwell.actions.retention.lift_hold import ask_lift, lift_hold
from partwell.actions.retention.place_hold import HoldWish, place_hold
from partwell.actions.retention.record_set import record_set
from partwell.actions.retention.remove_set import remove_set
from partwell.actions.vault.destroy_unit import destroy_unit
from partwell.records.billing.models import ClientProfile
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Disclosure, ErasureRequest
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import StaffMember
from partwell.records.retention.models import Hold
from partwell.records.vault.models import KeyUnit
from partwell.rules.actor import SYSTEM
from partwell.rules.keeping import record_until
from partwell.rules.refusals import Refusal
from tests.flows.cast import cast, done
from tests.flows.keeping_cast import archive
from tests.flows.test_record_end import NAME, Former, findings, former, run_job
from tests.support.worlds import World


def lasting_hold(f: Former, **more: Any) -> Hold:
    """A court wants everything of Northwick kept."""
    day = timezone.now().date() + timedelta(days=90)
    wish = HoldWish(
        "Claim", "A claim is before the court.", "The court", day, **{"whole_client": True, **more}
    )
    return done(place_hold(actor=f.c.jonah, client_id=f.id, wish=wish))


@pytest.mark.both_databases
def test_a_real_hold_stops_every_way_to_erase_and_two_people_lift_it(db_world: World) -> None:
    """Hold rows as people place them, against proposal, approval, the job, a key unit, and content on request."""
    f = former(db_world)
    request = f.proposed()
    about = propose_erasure(actor=f.c.ines, client_id=f.id, basis="Tom asked for it.", about=f.c.tom.id)
    assert isinstance(about, ErasureRequest)
    hold = lasting_hold(f)
    for tried in (
        approve_erasure(actor=f.c.jonah, request_id=request.id, typed_name=NAME),
        approve_erasure(actor=f.c.jonah, request_id=about.id, typed_name=NAME),
        propose_erasure(actor=f.c.ines, client_id=f.id, basis="Again.", about=f.c.mara.id),
        destroy_unit(actor=SYSTEM, unit_id=KeyUnit.objects.filter(client_id=f.id)[0].id, held=False),
    ):
        assert isinstance(tried, Refusal) and tried.code == "erasure_held"
    assert not KeyUnit.objects.filter(client_id=f.id).exclude(destroying_at=None).exists()
    assert isinstance(lift_hold(actor=f.c.jonah, hold_id=hold.id), Refusal)
    done(ask_lift(actor=f.c.ines, hold_id=hold.id, reason="The claim was settled."))
    done(lift_hold(actor=f.c.jonah, hold_id=hold.id))
    done(approve_erasure(actor=f.c.jonah, request_id=request.id, typed_name=NAME))
    there = Disclosure.objects.count()
    lasting_hold(f)  # after the approval, before the job: it wins over all that is not done
    assert run_job().state == "failed"
    assert Client.objects.filter(pk=f.id).exists() and Disclosure.objects.count() > there
    assert not KeyUnit.objects.filter(client_id=f.id).exclude(destroying_at=None).exists()
    assert findings() == []


@pytest.mark.both_databases
def test_a_law_profile_lengthens_the_record_by_itself(db_world: World, settings: Any) -> None:
    """HIPAA wants documentation for six years; an installation that keeps five keeps six for that client alone."""
    settings.PARTWELL_RECORD_YEARS = 5
    f = former(db_world, years=6)
    assert record.months_of(f.id) == 60
    end = Offboarding.objects.get(client_id=f.id).end_of_service
    assert (shown := record.schedule_of(f.id)) is not None and shown.until == record_until(end, 5)
    with Deed(f.c.jonah) as deed:  # as set_profile writes it while the client is served
        deed.lock(f.id)
        deed.add(ClientProfile(client_id=f.id, code="hipaa", version=2, reason="A clinic.", set_by_id=f.c.jonah.id, set_at=deed.now))  # fmt: skip
        deed.record("client.changed", public={"what": "a law profile"})
    shown = record.schedule_of(f.id)
    assert shown is not None and shown.months == 72 and shown.until == record_until(end, 6)
    assert shown.due is (shown.until < timezone.now().date())
    shorter = record.keep_longer(actor=f.c.ines, client_id=f.id, months=66, reason="Less than the law.")
    assert isinstance(shorter, Refusal) and shorter.code == "record_shorter"


@pytest.mark.both_databases
def test_no_record_ends_over_backups_that_are_still_kept(db_world: World) -> None:
    """Else the end would take a set in the vault without list, notice or word about only copies, and forget the others."""
    f = former(db_world)
    row = done(record_set(actor=f.c.dan, client_id=f.id, facts=archive(name="Old tapes")))
    refused = record.propose_end(actor=f.c.ines, client_id=f.id)
    assert (
        isinstance(refused, Refusal)
        and refused.code == "record_keeps_sets"
        and "Old tapes" in refused.sentence
    )
    done(remove_set(actor=f.c.jonah, set_id=row.id, reason="It never was theirs.", never_existed=True))
    request = f.proposed()
    done(record_set(actor=f.c.dan, client_id=f.id, facts=archive(name="Found later")))
    refused = approve_erasure(actor=f.c.jonah, request_id=request.id, typed_name=NAME)
    assert isinstance(refused, Refusal) and refused.code == "record_keeps_sets"


def test_the_second_person_hears_of_a_proposal(db_world: World) -> None:
    f = former(db_world)
    request = f.proposed()
    note = Job.objects.get(key=f"office:erasure:{request.id.hex}")
    assert str(request.id) in note.payload["path"] and "the whole record" in note.payload["what"]
    mail = Envelope.objects.get(kind="erasure_proposed")
    assert mail.recipients[0]["name"] == f.c.mara.name
    assert "want a copy" in mail.text and "the second is you" not in mail.text


def test_alone_the_signatory_hears_that_they_decide(db_world: World) -> None:
    c = cast()
    with Deed(c.jonah) as deed:
        for row in StaffMember.objects.exclude(pk=c.jonah.id):
            deed.save(row, left_at=deed.now)
            deed.record("staff.left", public={"person": row.name})
    done(propose_erasure(actor=c.jonah, client_id=c.northwick.id, basis="Tom asked for it.", about=c.tom.id))
    mail = Envelope.objects.get(kind="erasure_proposed")
    assert "the second is you" in mail.text and "Tom asked for it." in mail.text
    assert not Job.objects.filter(key__startswith="office:erasure:").exists()
