# SPDX-License-Identifier: AGPL-3.0-or-later
"""A hold stops what it covers at once and is lifted by two; the only copy of what is the client's never goes (R6, R15)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.evidence.check import check_ledger
from partwell.actions.people.passkeys import still_holds
from partwell.actions.releases.receive import confirm_receipt, object_to_receipt
from partwell.actions.retention import look
from partwell.actions.retention.lift_hold import ask_lift, decline_lift, lift_hold
from partwell.actions.retention.only_copies import (
    name_only_copy,
    record_handed_over,
    unname_only_copy,
    waive_only_copies,
    waiver_text,
)
from partwell.actions.retention.place_hold import HoldWish, place_hold, remind_of_holds, review_hold
from partwell.actions.retention.remove_set import remove_set
from partwell.records.correspondence.models import Envelope
from partwell.records.jobs.models import Job
from partwell.records.people.models import StaffMember
from partwell.records.releases.models import ReleaseLine
from partwell.records.retention import queries
from partwell.records.retention.models import Deletion, Hold, OnlyCopy
from partwell.records.vault.models import SealedValue
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, cast, done
from tests.flows.keeping_cast import (
    archive,
    code,
    deletion_of,
    departure,
    disclosed,
    images,
    kept,
    moment,
    told,
)
from tests.flows.strong_signing import over
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(items=False)


def wish(**more: object) -> HoldWish:
    said = {"title": "Claim of Tarn Freight", "description": "Everything about the outage of March", "asked_by": "Counsel of Northwick",
            "review_on": timezone.localdate() + timedelta(days=90), "internal_note": "Our insurer pays", **more}  # fmt: skip
    return HoldWish(**said)  # type: ignore[arg-type]


def alone(story: Cast) -> None:
    """Everybody but Jonah leaves: a one-person MSP."""
    with Deed(story.jonah) as deed:
        for one in StaffMember.objects.exclude(pk=story.jonah.id):
            deed.save(one, left_at=deed.now)
        deed.record("staff.joined", public={"person": "nobody", "role": "owner"})


def test_a_hold_stops_every_deletion_it_covers_in_the_same_deed(story: Cast) -> None:
    row, other = kept(story), kept(story, archive())
    foreign = kept(
        story,
        images(name="Patients", whereabouts={**images().whereabouts, "prefix": "q"}),
        client=story.quayside.id,
    )
    running, waits = (
        deletion_of(story, row, "running", listed_count=10, deleted_count=4),
        deletion_of(story, other, "proposed"),
    )
    assert (
        code(
            place_hold(
                actor=story.ines, client_id=story.northwick.id, wish=wish(set_ids=[row.id, foreign.id])
            )
        )
        == "not_found"
    )
    hold = done(place_hold(actor=story.ines, client_id=story.northwick.id, wish=wish(set_ids=[row.id])))
    assert Deletion.objects.get(pk=running.pk).state == "stopped"
    assert hold.title in Deletion.objects.get(pk=running.pk).stopped_why
    assert Deletion.objects.get(pk=waits.pk).state == "proposed"
    assert queries.held(story.northwick.id, row.id) == [hold.title]
    assert queries.held(story.northwick.id, other.id) == []
    assert queries.held(story.northwick.id) == [hold.title]
    assert queries.held(story.quayside.id) == []
    done(
        place_hold(
            actor=story.jonah, client_id=story.northwick.id, wish=wish(title="All of it", whole_client=True)
        )
    )
    assert Deletion.objects.get(pk=waits.pk).state == "stopped"
    assert queries.held(story.northwick.id, row.id) == [hold.title, "All of it"]
    late = kept(story, images(name="Late find", whereabouts={**images().whereabouts, "prefix": "late"}))
    assert queries.held(story.northwick.id, late.id) == ["All of it"], (
        "a hold on everything covers what comes later"
    )
    assert "Our insurer pays" not in disclosed("public", "client")
    assert "Our insurer pays" in disclosed("internal")
    assert {one.row.id for one in look.held(timezone.now()).rows} == {row.id, other.id, late.id}
    until = late.keep_until
    assert until is not None
    assert look.late(moment(until + timedelta(days=9))).rows == (), "what a hold keeps is not late"
    assert check_ledger().ok


def test_a_hold_says_who_asked_what_it_covers_and_when_it_is_looked_at(story: Cast) -> None:
    client, row = story.northwick.id, kept(story)
    for more in ({"title": " "}, {"asked_by": ""}, {"description": ""}, {"review_on": timezone.localdate()}, {},
                 {"whole_client": True, "set_ids": [row.id]}):  # fmt: skip
        assert code(place_hold(actor=story.ines, client_id=client, wish=wish(**more))) == "hold_incomplete"
    assert (
        code(place_hold(actor=story.dan, client_id=client, wish=wish(whole_client=True))) == "not_your_role"
    )
    assert code(place_hold(actor=story.mara, client_id=client, wish=wish(whole_client=True))) == "not_found"
    hold = done(place_hold(actor=story.ines, client_id=client, wish=wish(whole_client=True)))
    assert remind_of_holds() == 0
    day = moment(hold.review_on)
    assert (
        remind_of_holds(now=day),
        remind_of_holds(now=day),
        remind_of_holds(now=day + timedelta(days=9)),
    ) == (1, 0, 0)
    assert Job.objects.filter(kind="mail.office").count() == 1
    again = timezone.localdate() + timedelta(days=200)
    assert (
        code(review_hold(actor=story.ines, hold_id=hold.id, review_on=again, words=" ")) == "hold_incomplete"
    )
    done(review_hold(actor=story.ines, hold_id=hold.id, review_on=again, words="The claim goes on"))
    assert (remind_of_holds(now=day), remind_of_holds(now=moment(again))) == (0, 1)


def test_two_people_lift_a_hold(story: Cast) -> None:
    row = kept(story)
    hold = done(place_hold(actor=story.jonah, client_id=story.northwick.id, wish=wish(set_ids=[row.id])))
    assert code(lift_hold(actor=story.jonah, hold_id=hold.id)) == "lift_not_asked"
    done(ask_lift(actor=story.ines, hold_id=hold.id, reason="The claim is settled"))
    assert code(lift_hold(actor=story.ines, hold_id=hold.id)) == "second_person_needed"
    assert code(lift_hold(actor=story.mara, hold_id=hold.id)) == "second_is_staff"
    assert code(decline_lift(actor=story.mara, hold_id=hold.id, reason="No")) == "second_is_staff"
    assert code(lift_hold(actor=story.dan, hold_id=hold.id)) == "not_your_role"
    assert code(lift_hold(actor=story.leo, hold_id=hold.id)) == "not_found"
    assert code(ask_lift(actor=story.mara, hold_id=hold.id, reason="x")) == "not_found"
    done(decline_lift(actor=story.jonah, hold_id=hold.id, reason="Counsel has not said so"))
    assert code(lift_hold(actor=story.jonah, hold_id=hold.id)) == "lift_not_asked"
    done(ask_lift(actor=story.ines, hold_id=hold.id, reason="Counsel says so"))
    done(lift_hold(actor=story.jonah, hold_id=hold.id))
    assert queries.held(story.northwick.id, row.id) == []
    assert code(lift_hold(actor=story.jonah, hold_id=hold.id)) == "hold_lifted"
    assert code(ask_lift(actor=story.ines, hold_id=hold.id, reason="x")) == "hold_lifted"
    assert not Envelope.objects.filter(kind="hold_lift_asked").exists()
    assert check_ledger().ok


def test_two_managers_need_an_owner(story: Cast) -> None:
    hold = done(place_hold(actor=story.jonah, client_id=story.northwick.id, wish=wish(whole_client=True)))
    with Deed(story.jonah) as deed:
        deed.save(StaffMember.objects.get(pk=story.priya.id), role="account_manager")
        deed.record("staff.joined", public={"person": "Priya Nair", "role": "account_manager"})
    from partwell.actions.people.set_up import actor_of

    priya = actor_of(StaffMember.objects.get(pk=story.priya.id))
    done(ask_lift(actor=story.ines, hold_id=hold.id, reason="Settled"))
    assert code(lift_hold(actor=priya, hold_id=hold.id)) == "owner_needed"


def test_in_a_one_person_msp_the_signatory_is_the_second(story: Cast) -> None:
    hold = done(place_hold(actor=story.jonah, client_id=story.northwick.id, wish=wish(whole_client=True)))
    alone(story)
    done(ask_lift(actor=story.jonah, hold_id=hold.id, reason="Settled"))
    mail = Envelope.objects.get(kind="hold_lift_asked")
    assert "the second is you" in mail.text.replace("\n", " ")
    assert code(lift_hold(actor=story.tom, hold_id=hold.id)) == "not_your_role"
    assert code(lift_hold(actor=story.leo, hold_id=hold.id)) == "not_found"
    done(lift_hold(actor=story.mara, hold_id=hold.id))
    assert Hold.objects.get(pk=hold.pk).lifted_by_name == "Mara Ellery"


# --- only copies


def test_the_only_copy_is_settled_by_the_clients_receipt(db_world: World) -> None:
    story = cast(signed=True)
    row = kept(story)
    item = story.items["diagram"]
    copy = done(name_only_copy(actor=story.dan, set_id=row.id, item_id=item.id))
    assert code(name_only_copy(actor=story.dan, set_id=row.id, item_id=item.id)) == "duplicate"
    assert queries.only_copies_left(row.id) == [item.title]
    story.release("diagram", key="p")
    lines = list(ReleaseLine.objects.filter(item=item))
    done(confirm_receipt(actor=story.theo, line_ids=[one.id for one in lines]))
    assert queries.only_copies_left(row.id) == [item.title], (
        "what the new provider has, the client has not received"
    )
    story.release("diagram", key="c", target=story.to_client())
    line = ReleaseLine.objects.get(item=item, release__party="client")
    done(confirm_receipt(actor=story.mara, line_ids=[line.id]))
    assert queries.only_copies_left(row.id) == []
    assert "received by Mara Ellery" in OnlyCopy.objects.get(pk=copy.pk).handed_over_words
    done(object_to_receipt(actor=story.mara, reasons={line.id: "The file is empty"}))
    assert queries.only_copies_left(row.id) == [item.title]
    assert check_ledger().ok


def test_the_only_copy_is_waived_in_writing_or_explained(db_world: World) -> None:
    story = cast()
    row, client = kept(story), story.northwick.id
    first = done(name_only_copy(actor=story.dan, set_id=row.id, item_id=story.items["diagram"].id))
    second = done(name_only_copy(actor=story.dan, set_id=row.id, item_id=story.items["switch"].id))
    third = done(name_only_copy(actor=story.dan, set_id=row.id, item_id=story.items["router"].id))
    text = waiver_text(client, [first.id])
    assert not isinstance(text, Refusal)
    said = {"client_id": client, "copy_ids": [first.id], "shown_digest": text.digest, "intent": True}
    assert code(waive_only_copies(actor=story.tom, **said)) == "not_your_role"
    assert code(waive_only_copies(actor=story.leo, **said)) == "not_found"
    assert code(waive_only_copies(actor=story.leo, **{**said, "client_id": story.quayside.id})) == "not_found"
    assert code(waive_only_copies(actor=story.jonah, **said)) == "not_found"
    assert code(waive_only_copies(actor=story.mara, **{**said, "shown_digest": "x"})) == "shown_other_text"
    assert code(waive_only_copies(actor=story.mara, **{**said, "intent": False})) == "intent_missing"
    # R1: the mailed link that brought her in is not enough, nor a phone of after the notice, nor one used on other words.
    assert code(waive_only_copies(actor=story.mara, **said)) == "passkey_for_lasting"
    young = over(story.mara, text.digest, days_ago=0)
    assert code(waive_only_copies(actor=story.mara, **said, passkey=young)) == "passkey_too_young"
    elsewhere = over(story.mara, "00" * 32)
    assert code(waive_only_copies(actor=story.mara, **said, passkey=elsewhere)) == "passkey_refused"
    theirs = over(story.leo, text.digest)
    assert code(waive_only_copies(actor=story.mara, **said, passkey=theirs)) == "not_found"
    assert queries.only_copies_left(row.id) and not OnlyCopy.objects.exclude(waived_at=None).exists()
    done(waive_only_copies(actor=story.mara, **said, passkey=over(story.mara, text.digest)))
    assert still_holds(told("only_copy.waived")["passkey"], bytes.fromhex(text.digest))
    kept_row = OnlyCopy.objects.get(pk=first.pk)
    assert (kept_row.waiver, kept_row.waived_by_id) == (text.text, story.mara.id)
    assert told("only_copy.waived")["strength"] == "portal session by link"
    assert [one["role"] for one in Envelope.objects.get(kind="only_copy_waived").recipients] == [
        "client",
        "second",
        "msp",
    ]
    done(unname_only_copy(actor=story.dan, copy_id=second.id, reason="It is in their own archive too"))
    done(record_handed_over(actor=story.dan, copy_id=third.id, words="Handed over on a drive"))
    assert code(record_handed_over(actor=story.dan, copy_id=third.id, words="Again")) == "already_decided"
    told_of = list(Envelope.objects.filter(kind="message").order_by("queued_at"))
    assert [one["role"] for one in told_of[0].recipients] == ["client", "second", "msp"]
    assert "their own archive" in told_of[0].text and "object on your page" in told_of[0].text
    assert "Handed over on a drive" in told_of[1].text
    assert queries.only_copies_left(row.id) == []
    assert code(name_only_copy(actor=story.dan, set_id=row.id, item_id=row.id)) == "not_found"


# --- off the list


def test_what_was_promised_leaves_the_list_by_its_deletion_only(story: Cast) -> None:
    row = kept(story, secret=True)
    held = done(place_hold(actor=story.jonah, client_id=story.northwick.id, wish=wish(set_ids=[row.id])))
    assert (
        code(remove_set(actor=story.jonah, set_id=row.id, reason="A mistake", never_existed=True))
        == "on_hold"
    )
    done(ask_lift(actor=story.ines, hold_id=held.id, reason="Over"))
    done(lift_hold(actor=story.jonah, hold_id=held.id))
    assert code(remove_set(actor=story.ines, set_id=row.id, reason="A mistake")) == "set_promised"
    assert (
        code(remove_set(actor=story.ines, set_id=row.id, reason="A mistake", never_existed=True))
        == "set_promised"
    )
    assert code(remove_set(actor=story.dan, set_id=row.id, reason="A mistake")) == "not_your_role"
    assert code(remove_set(actor=story.jonah, set_id=row.id, reason=" ", never_existed=True)) == "required"
    done(remove_set(actor=story.jonah, set_id=row.id, reason="It is Quayside's", never_existed=True))
    assert queries.set_of(row.id) is None
    assert SealedValue.objects.get(subject_id=row.id).ciphertext is None
    assert "recorded by mistake" in Envelope.objects.get(kind="message").text
    again = kept(story)
    deletion_of(story, again, "proposed")
    assert (
        code(remove_set(actor=story.jonah, set_id=again.id, reason="x", never_existed=True))
        == "deletion_open"
    )
    free = kept(
        story,
        images(name="Patients", whereabouts={**images().whereabouts, "prefix": "q"}),
        client=story.quayside.id,
    )
    done(remove_set(actor=story.ines, set_id=free.id, reason="Sold"))
    assert departure(story).state == "open"
    assert check_ledger().ok
