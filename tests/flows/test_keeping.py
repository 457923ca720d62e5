# SPDX-License-Identifier: AGPL-3.0-or-later
"""Backups are promised, dated, decided about and announced (R6, R8, R12, R13)."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.law_profiles import set_profile
from partwell.actions.evidence.check import check_ledger
from partwell.actions.offboardings.move_dates import decide_date, propose_date
from partwell.actions.offboardings.withdraw_notice import withdraw_notice
from partwell.actions.retention import look, office
from partwell.actions.retention.choices import ask_choices, choice_text, choice_wanted
from partwell.actions.retention.keep_dates import keep_dates
from partwell.actions.retention.notices import give_notices
from partwell.actions.retention.record_set import change_set, has_secret, record_return
from partwell.records.clients.models import Agreement, Contact
from partwell.records.correspondence.models import Envelope
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import PlanStep
from partwell.records.retention.models import BackupSet, DataChoice, Deletion, SetNotice
from partwell.records.vault.models import SealedValue
from partwell.rules.dates import keep_until
from partwell.rules.keeping import Choice
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, cast, done
from tests.flows.keeping_cast import (
    KEY,
    archive,
    choose,
    code,
    deletion_of,
    departure,
    disclosed,
    images,
    kept,
    moment,
    told,
)
from tests.flows.signing_in import mails_to
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(items=False)


def fresh(row: BackupSet) -> BackupSet:
    return BackupSet.objects.get(pk=row.pk)


def mails(kind: str) -> list[Envelope]:
    return list(Envelope.objects.filter(kind=kind).order_by("queued_at", "id"))


# --- sets


def test_a_set_says_where_it_lies_and_its_secret_is_never_shown(story: Cast, db_world: World) -> None:
    row = kept(story, secret=True)
    assert row.whereabouts["prefix"] == "northwick/images/"
    assert row.keep_until == keep_until(departure(story).end_of_service)
    assert has_secret(row.id)
    sealed = SealedValue.objects.get(subject_id=row.id, field="storage")
    assert KEY.encode() not in bytes(sealed.ciphertext or b"")
    assert KEY not in disclosed()
    assert "AKNORTH" not in disclosed("public", "client")
    changed = done(change_set(actor=story.dan, set_id=row.id, facts=images(copies=3)))
    assert has_secret(row.id), "what was not entered anew stays"
    assert changed.copies == 3
    facts = told("backup_set.changed")
    assert (facts["before"], facts["after"]) == ({"copies": 2}, {"copies": 3})
    assert check_ledger().ok


def test_the_client_is_asked_once_and_told_of_what_comes_later(story: Cast) -> None:
    kept(story)
    (asked,) = mails("choice_asked")
    assert "Server images" in asked.text
    assert "keep them as agreed" in asked.text
    assert [one["role"] for one in asked.recipients] == ["client", "msp"]
    kept(story, archive())
    assert len(mails("choice_asked")) == 1
    (later,) = mails("retention_dates")
    assert "Mail archive" in later.text
    assert ask_choices() == 0
    wanted = choice_wanted(story.northwick.id)
    assert wanted is not None
    assert [one.name for one in wanted.sets] == ["Mail archive", "Server images"]
    assert choice_wanted(story.quayside.id) is None


# --- the choice


def test_mara_decides_and_changes_her_mind(story: Cast) -> None:
    row = kept(story)
    client, end = story.northwick.id, departure(story).end_of_service
    text = choice_text(client, Choice.DELETE_NOW)
    assert not isinstance(text, Refusal)
    assert "cannot be brought back" in text.text
    made = done(choose(story.mara, client, Choice.DELETE_NOW, words="We have a copy.", agent="Firefox"))
    assert made.text == text.text
    assert (made.strength, made.address, made.agent) == ("link", "192.0.2.7", "Firefox")
    assert (fresh(row).keep_until, fresh(row).keep_basis) == (
        end,
        "the client’s instruction to delete without waiting",
    )
    (receipt,) = mails("choice_made")
    assert [one["role"] for one in receipt.recipients] == ["client", "second", "msp"]
    assert "We have a copy." in receipt.text
    assert choice_wanted(client) is None
    assert code(choose(story.mara, client, Choice.DELETE_NOW)) == "choice_stands"
    done(choose(story.mara, client, Choice.KEEP))
    assert fresh(row).keep_until == keep_until(end)
    done(choose(story.mara, client, Choice.SHIP, row.id))
    view = look.set_view(row.id)
    assert view is not None
    assert view.awaits_return
    done(record_return(actor=story.dan, set_id=row.id, words="Drive 7 arrived."))
    view = look.set_view(row.id)
    assert view is not None
    assert not view.awaits_return
    assert DataChoice.objects.filter(replaced_at=None).count() == 2
    assert PlanStep.objects.filter(key="retention_choice", done_at=None).count() == 0
    assert check_ledger().ok


def test_a_choice_is_signed_as_it_was_shown_by_who_may(story: Cast) -> None:
    row = kept(story)
    client = story.northwick.id
    assert code(choose(story.tom, client, Choice.KEEP)) == "not_your_role"
    assert code(choose(story.leo, client, Choice.KEEP)) == "not_found"
    assert code(choose(story.ines, client, Choice.KEEP)) == "not_found"
    assert code(choose(story.mara, client, Choice.KEEP, shown_digest="0" * 64)) == "shown_other_text"
    assert code(choose(story.mara, client, Choice.KEEP, intent=False)) == "intent_missing"
    assert code(choice_text(story.quayside.id, Choice.KEEP)) == "nothing_to_choose"
    assert code(choose(story.leo, story.quayside.id, Choice.KEEP)) == "nothing_to_choose"
    foreign = kept(
        story,
        images(name="Patients", whereabouts={**images().whereabouts, "prefix": "quayside"}),
        client=story.quayside.id,
    )
    assert code(choose(story.mara, client, Choice.KEEP, foreign.id)) == "not_found"
    assert not DataChoice.objects.exists()
    deletion = deletion_of(story, row, "running", started_at=timezone.now())
    assert code(choose(story.mara, client, Choice.KEEP)) == "choice_too_late"
    assert code(choose(story.mara, client, Choice.KEEP, row.id)) == "choice_too_late"
    assert deletion.state == "running"


def test_a_later_day_cancels_what_was_agreed_for_an_earlier_one(story: Cast) -> None:
    row = kept(story)
    done(choose(story.mara, story.northwick.id, Choice.DELETE_NOW))
    deletion = deletion_of(story, fresh(row), "approved")
    done(choose(story.mara, story.northwick.id, Choice.KEEP))
    assert Deletion.objects.get(pk=deletion.pk).state == "cancelled"


# --- dates move


def test_an_agreed_date_moves_every_set_before_and_after(story: Cast) -> None:
    row, other = (
        kept(story),
        kept(story, archive(longer_until=date(2040, 1, 1), longer_reason="Asked by their auditor")),
    )
    gone = departure(story)
    later = gone.end_of_service + timedelta(days=31)
    asked = done(
        propose_date(actor=story.ines, offboarding_id=gone.id, effective_on=later, reason="Migration")
    )
    moves = {
        one["what"]: (one["before"], one["after"])
        for one in asked.effects
        if str(one["key"]).startswith("set:")
    }
    assert moves["Kept until: Server images"] == (
        keep_until(gone.end_of_service).isoformat(),
        keep_until(later).isoformat(),
    )
    assert moves["Kept until: Mail archive"] == ("2040-01-01", "2040-01-01")
    assert fresh(row).keep_until == keep_until(gone.end_of_service), "nothing moves before the client agrees"
    kept(story, images(name="Late find", whereabouts={**images().whereabouts, "prefix": "late"}))
    done(decide_date(actor=story.mara, change_id=asked.id, agree=True))
    assert (fresh(row).keep_until, fresh(row).end_of_service) == (keep_until(later), later)
    assert fresh(other).keep_until == date(2040, 1, 1)
    assert departure(story).keep_until == fresh(row).keep_until
    assert check_ledger().ok


def test_a_withdrawn_notice_clears_days_and_choices(story: Cast) -> None:
    row = kept(story)
    done(choose(story.mara, story.northwick.id, Choice.DELETE_NOW))
    done(withdraw_notice(actor=story.mara, offboarding_id=departure(story).id))
    row = fresh(row)
    assert (row.keep_until, row.end_of_service, row.keep_basis, row.look_on) == (None, None, "", None)
    assert not DataChoice.objects.filter(replaced_at=None).exists()
    assert give_notices(now=moment(date(2039, 1, 1))) == 0
    assert keep_dates() == 0
    assert check_ledger().ok


def test_the_calendar_brings_in_line_what_a_deed_has_missed(story: Cast) -> None:
    row = kept(story)
    with Deed(story.jonah) as deed:  # an agreement that came in another way, and a set of before this release
        deed.lock(story.northwick.id)
        agreement = Agreement.objects.get(client=story.northwick, replaced_at=None)
        deed.save(agreement, retention_months=12)
        old = deed.add(
            BackupSet(client=story.northwick, name="Old tapes", location="Cellar", recorded_at=deed.now)
        )
        deed.record("client.changed", subjects=[agreement.id], public={"what": "agreement"})
    until = keep_until(departure(story).end_of_service, 12)
    assert keep_dates() == 2
    assert (fresh(row).keep_until, fresh(old).keep_until, departure(story).keep_until) == (
        until,
        until,
        until,
    )
    assert "Old tapes" in mails("retention_dates")[-1].text
    assert keep_dates() == 0


def test_conflicts_are_shown_and_not_settled(story: Cast) -> None:
    row = kept(story)
    done(set_profile(actor=story.ines, client_id=story.northwick.id, code="gdpr", reason="Personal data"))
    now = timezone.now()
    (view,) = look.in_conflict(now).rows
    assert [one.code for one in view.conflicts] == ["instruction_missing"]
    assert fresh(row).keep_until == keep_until(departure(story).end_of_service)
    done(choose(story.mara, story.northwick.id, Choice.KEEP))
    assert look.in_conflict(now).rows == ()


# --- alarms


def test_a_vendors_window_rings_before_anybody_cancels_and_once_a_fact(story: Cast) -> None:
    row = kept(story, archive())
    jobs = Job.objects.filter(kind="mail.office")
    assert jobs.count() == 1
    office.run(jobs.get())
    (mail,) = mails_to("desk@harbourline.example")
    assert "Do not cancel before" in mail["text"]
    (view,) = look.with_alarms(timezone.now()).rows
    assert view.alarm is not None
    give_notices()
    keep_dates()
    assert jobs.count() == 1
    done(change_set(actor=story.dan, set_id=row.id, facts=archive(cancel_on=departure(story).end_of_service)))
    assert jobs.count() == 2, "another fact is another alarm"
    done(change_set(actor=story.dan, set_id=row.id, facts=archive(vendor_window_days=400)))
    assert look.with_alarms(timezone.now()).rows == ()
    assert jobs.count() == 2
    assert check_ledger().ok


# --- notices


def test_four_notices_come_once_each_on_their_day(story: Cast) -> None:
    row, _ = kept(story), kept(story, archive())
    until = fresh(row).keep_until
    assert until is not None
    given = []
    for offset in range(-64, 4):
        count = give_notices(now=moment(until + timedelta(days=offset)))
        count += give_notices(now=moment(until + timedelta(days=offset), 20))
        if count:
            given.append((offset, count))
    assert given == [(-60, 2), (-30, 2), (-7, 2), (1, 2)]
    found = mails("retention_notice")
    assert len(found) == 4 * 2, "one mail a contact and day, with both sets"
    first = next(one for one in found if one.client_contact_id == story.mara.id)
    assert [one["role"] for one in first.recipients] == ["client", "second", "msp"]
    for words in (
        "Server images",
        "Mail archive",
        "Coldshelf, Dublin",
        "object",
        "ask for a copy",
        "have not said yet",
    ):
        assert words in first.text
    assert sum(one["role"] == "msp" for mail in found for one in mail.recipients) == 4
    assert look.due(moment(until)).rows
    (late, _) = look.late(moment(until + timedelta(days=3))).rows
    assert "3 days late" in late.overdue
    assert check_ledger().ok


def test_a_year_without_workers_and_a_clock_set_back(story: Cast) -> None:
    row = kept(story)
    until = fresh(row).keep_until
    assert until is not None
    assert give_notices(now=moment(until + timedelta(days=365))) == 1
    notice = SetNotice.objects.get()
    assert (notice.kind, notice.covers) == ("after", ["sixty", "thirty", "seven"])
    for offset in (-90, -60, -7, 0, 1, 400):
        assert give_notices(now=moment(until + timedelta(days=offset))) == 0
    assert len(mails("retention_notice")) == 2
    assert look.views([fresh(row)], moment(until))[0].told


def test_nobody_can_be_reached(story: Cast) -> None:
    row = kept(story)
    until = fresh(row).keep_until
    assert until is not None
    with Deed(story.ines) as deed:
        deed.lock(story.northwick.id)
        for one in Contact.objects.filter(client=story.northwick):
            deed.save(one, email_state="bouncing", second_email_state="bouncing")
        deed.record("client.changed", subjects=[story.northwick.id], public={"what": "addresses"})
    when = moment(until - timedelta(days=60))
    assert give_notices(now=when) == 0
    assert not SetNotice.objects.exists()
    (view,) = look.not_told(moment(until - timedelta(days=59))).rows
    assert not view.told
    with Deed(story.ines) as deed:
        deed.lock(story.northwick.id)
        deed.save(Contact.objects.get(pk=story.mara.id), email_state="ok")
        deed.record("client.changed", subjects=[story.northwick.id], public={"what": "addresses"})
    assert give_notices(now=moment(until - timedelta(days=58))) == 1


def test_a_moved_day_is_announced_anew(story: Cast) -> None:
    row = kept(story)
    until = fresh(row).keep_until
    assert until is not None
    assert give_notices(now=moment(until - timedelta(days=60))) == 1
    done(
        change_set(
            actor=story.ines,
            set_id=row.id,
            facts=images(longer_until=until + timedelta(days=100), longer_reason="Asked by Mara"),
        )
    )
    assert fresh(row).keep_until == until + timedelta(days=100)
    assert give_notices(now=moment(until - timedelta(days=30))) == 0
    assert give_notices(now=moment(until + timedelta(days=40))) == 1
    assert code(
        change_set(
            actor=story.ines,
            set_id=row.id,
            facts=images(longer_until=until - timedelta(days=1), longer_reason="x"),
        )
    ) == ("shorter_than_rule")
    assert (
        code(
            change_set(
                actor=story.ines, set_id=row.id, facts=images(longer_until=until + timedelta(days=200))
            )
        )
        == "longer_without_reason"
    )
