# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clients, contacts, agreements, readiness and pauses as stories of Harbourline's office."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from partwell.actions.clients.add_backup_set import add_backup_set
from partwell.actions.clients.add_client import add_client
from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.add_site import add_site
from partwell.actions.clients.change_client import change_client
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.clients.lift_pause import lift_pause
from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
from partwell.actions.clients.record_authority import record_authority
from partwell.actions.clients.set_pause import set_pause
from partwell.actions.files import read_file
from partwell.actions.people.enter import make_link, session_of, use_link
from partwell.records.clients.models import Agreement, Contact
from partwell.records.clients.queries import readiness
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.rules.readiness import exit_facts
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Category, Owner
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

pytestmark = pytest.mark.both_databases


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(items=False)


def code(result: object) -> str:
    assert isinstance(result, Refusal), result
    return result.code


def test_a_client_is_added_once_and_only_by_the_office(story: Cast) -> None:
    made = done(
        add_client(
            actor=story.ines, name="Saltmarsh Print", domains=["@Saltmarsh.example", "saltmarsh.example"]
        )
    )
    assert made.domains == ["saltmarsh.example"]
    assert made.legal_name == "Saltmarsh Print"
    assert code(add_client(actor=story.ines, name="saltmarsh print")) == "duplicate"
    assert code(add_client(actor=story.dan, name="Another")) == "not_your_role"
    assert code(add_client(actor=story.ines, name=" ")) == "required"


def test_a_contact_outside_the_clients_domains_is_known_as_such(story: Cast) -> None:
    outside = done(
        add_contact(
            actor=story.ines,
            client_id=story.northwick.id,
            contact=NewContact("Mara at home", "mara@home.example"),
        )
    )
    assert outside.outside_domain
    done(
        change_client(
            actor=story.ines, client_id=story.northwick.id, domains=["northwick.example", "home.example"]
        )
    )
    outside.refresh_from_db()
    assert not outside.outside_domain


def test_a_contact_may_not_share_an_address_with_the_new_provider(story: Cast) -> None:
    refused = add_contact(
        actor=story.ines, client_id=story.northwick.id, contact=NewContact("Theo", "theo@alderrow.example")
    )
    assert code(refused) == "same_address"


def test_a_new_number_is_dated_anew(story: Cast) -> None:
    before = story.contact(story.mara).phone_on_file_at
    done(change_contact(actor=story.ines, contact_id=story.mara.id, title="Director"))
    assert story.contact(story.mara).phone_on_file_at == before
    done(change_contact(actor=story.ines, contact_id=story.mara.id, phone="+44 20 5550 999"))
    after = story.contact(story.mara).phone_on_file_at
    assert before is not None and after is not None and after > before


def test_who_leaves_the_client_is_signed_out_at_once(story: Cast) -> None:
    entered = use_link(make_link("client", story.tom.id), address="192.0.2.9", agent="test")
    assert not isinstance(entered, Refusal)
    assert session_of(entered[1], "client") is not None
    done(contact_left(actor=story.ines, contact_id=story.tom.id, reason="Changed jobs"))
    assert session_of(entered[1], "client") is None


def test_the_last_contact_with_a_working_address_stays(story: Cast) -> None:
    done(contact_left(actor=story.ines, contact_id=story.tom.id))
    assert code(contact_left(actor=story.ines, contact_id=story.mara.id)) == "contact_in_use"
    assert Contact.objects.get(pk=story.mara.id).left_at is None


def test_proof_of_authority_is_a_signatorys(story: Cast) -> None:
    assert (
        code(record_authority(actor=story.ines, contact_id=story.tom.id, kind="Letter")) == "not_a_signatory"
    )
    proof = done(record_authority(actor=story.ines, contact_id=story.mara.id, kind="Power of attorney", file=b"%PDF-1.4 deed",
                                  file_name="poa.pdf", file_type="application/pdf", valid_until=date(2030, 1, 1)))  # fmt: skip
    assert proof.file is not None and read_file(proof.file) == b"%PDF-1.4 deed"


def test_a_new_agreement_replaces_and_never_edits(story: Cast) -> None:
    terms = AgreementTerms(signed_on=date(2025, 5, 1), included_hours=Decimal("5"), hourly_rate=Decimal("150"), block_hours=Decimal(2),
                           currency="GBP", ownership={Category.SOFTWARE: Owner.VENDOR}, retention_months=12)  # fmt: skip
    new = done(
        record_agreement(
            actor=story.ines,
            client_id=story.northwick.id,
            terms=terms,
            document=b"signed",
            document_name="msa.pdf",
        )
    )
    old = Agreement.objects.get(client=story.northwick, version=1)
    assert (new.version, new.replaced_at, new.ownership) == (2, None, {"software": "vendor"})
    assert old.replaced_at is not None and old.included_hours == 4
    bad = AgreementTerms(
        signed_on=date(2025, 5, 1),
        included_hours=Decimal(-1),
        hourly_rate=Decimal(1),
        block_hours=Decimal(1),
        currency="GBP",
    )
    assert (
        code(record_agreement(actor=story.ines, client_id=story.northwick.id, terms=bad)) == "amount_invalid"
    )


def test_the_five_exit_facts_become_present_one_by_one(story: Cast) -> None:
    quayside = story.quayside.id

    def present() -> set[str]:
        return {
            fact.key
            for fact in exit_facts(readiness([quayside], timezone.localdate())[quayside])
            if fact.present
        }

    assert present() == {"signatory", "agreement"}
    done(
        add_backup_set(
            actor=story.ines,
            client_id=quayside,
            name="Server images",
            location="Coldshelf, Dublin",
            vendor_window_days=45,
        )
    )
    assert present() == {"signatory", "agreement", "backup_sets"}
    done(
        record_authority(
            actor=story.ines,
            contact_id=story.leo.id,
            kind="Old",
            valid_until=timezone.localdate() - timedelta(days=2),
        )
    )
    assert "signatory" in present(), "the register extract of before still stands"


def test_that_there_are_no_backups_is_a_known_fact(story: Cast) -> None:
    none = done(add_backup_set(actor=story.ines, client_id=story.quayside.id, none_kept=True))
    done(
        add_backup_set(
            actor=story.ines, client_id=story.quayside.id, name="Mail archive", location="Coldshelf"
        )
    )
    none.refresh_from_db()
    assert none.removed_at is not None, "the statement that there is none does not stand beside a set"


def test_nothing_is_held_back_for_a_debt_and_the_attempt_is_on_record(story: Cast) -> None:
    for actor in (story.jonah, story.ines, story.dan):
        assert (
            code(
                set_pause(
                    actor=actor, client_id=story.northwick.id, ground="debt", note="Two invoices unpaid"
                )
            )
            == "hostage"
        )
    assert Entry.objects.filter(type="refusal.recorded", client_ref=story.northwick.id).count() == 3
    assert (
        code(set_pause(actor=story.jonah, client_id=story.northwick.id, ground="mood", note="They were rude"))
        == "pause_unnamed"
    )
    assert (
        code(
            set_pause(actor=story.ines, client_id=story.northwick.id, ground="court_order", note="Order 7/26")
        )
        == "not_your_role"
    )


def test_a_lawful_pause_stands_until_an_owner_lifts_it(story: Cast) -> None:
    pause = done(
        set_pause(
            actor=story.jonah,
            client_id=story.northwick.id,
            ground="court_order",
            note="Order 7/26",
            file=b"order",
            file_name="order.pdf",
        )
    )
    assert pause.file is not None and pause.file.internal
    assert (
        code(set_pause(actor=story.jonah, client_id=story.northwick.id, ground="court_order", note="again"))
        == "duplicate"
    )
    assert code(lift_pause(actor=story.jonah, pause_id=pause.id, reason=" ")) == "required"
    assert (
        done(lift_pause(actor=story.jonah, pause_id=pause.id, reason="Order set aside")).lifted_at is not None
    )


def test_a_site_is_added(story: Cast) -> None:
    done(add_site(actor=story.ines, client_id=story.northwick.id, name="Warehouse", address="1 Dock Road"))
    assert code(add_site(actor=story.ines, client_id=story.northwick.id, name="warehouse")) == "duplicate"


def test_the_addresses_on_file_before_are_told_of_a_change(story: Cast) -> None:
    mara = story.mara
    row = Contact.objects.get(pk=mara.id)
    before = {row.email, row.second_email} - {""}
    done(change_contact(actor=story.ines, contact_id=row.id, email="mara.private@elsewhere.example"))
    told = Envelope.objects.get(kind="contact_changed")
    assert {one["address"] for one in told.recipients} == before
    assert "mara.private" not in str(told.recipients) + told.text
    done(change_contact(actor=story.ines, contact_id=row.id, title="Director"))
    assert Envelope.objects.filter(kind="contact_changed").count() == 1
