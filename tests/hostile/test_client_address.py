# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client in the loop is the client: not the new provider, and not the MSP's own people under the client's name (R2)."""

import pytest

from partwell.actions.authorisations.recipients import add_person
from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.correspondence.post import addressed
from partwell.actions.facts import loop_contacts
from partwell.actions.people.set_up import new_user
from partwell.records.clients.models import Contact
from partwell.records.guard import permit
from partwell.records.people.models import StaffMember
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases


def code(result: object) -> str:
    """What an action was refused with, or "done"."""
    return result.code if isinstance(result, Refusal) else "done"


@pytest.mark.parametrize(
    "ours", ["ines@harbourline.example", "INES+northwick@Harbourline.example", "desk@harbourline.example"]
)
def test_staff_cannot_stand_in_for_the_client(ours: str) -> None:
    c = cast(signed=True, items=False)
    assert code(change_contact(actor=c.ines, contact_id=c.mara.id, email=ours)) == "invalid_input"
    assert code(change_contact(actor=c.ines, contact_id=c.mara.id, second_email=ours)) == "invalid_input"
    new = NewContact("Nobody Much", ours)
    assert code(add_contact(actor=c.ines, client_id=c.northwick.id, contact=new)) == "invalid_input"
    assert loop_contacts(c.northwick.id)[0].email == "mara@northwick.example"


def test_an_account_that_takes_a_contacts_address_ends_its_place_in_the_loop() -> None:
    c = cast(signed=True, items=False)
    with permit("deed"):  # an invitation to staff that was accepted after the contact was on file
        StaffMember.objects.filter(pk=c.dan.id).update(user=new_user("mara@northwick.example", None))
    assert [one.name for one in loop_contacts(c.northwick.id)] == ["Tom Okafor"]
    found = addressed(c.northwick.id, [c.person(c.theo)], c.contact(c.mara), False)
    assert not isinstance(found, Refusal) and found[0].name == "Tom Okafor"
    assert code(contact_left(actor=c.ines, contact_id=c.tom.id)) == "contact_in_use"


@pytest.mark.parametrize("theirs", ["theo@alderrow.example", "Theo+x@ALDERROW.example"])
def test_the_new_providers_mailbox_is_no_address_of_the_client(theirs: str) -> None:
    c = cast(signed=True, items=False)
    assert code(change_contact(actor=c.ines, contact_id=c.mara.id, email=theirs)) == "same_address"
    assert code(change_contact(actor=c.ines, contact_id=c.mara.id, second_email=theirs)) == "same_address"


@pytest.mark.parametrize("theirs", ["mara.ellery+it@post.example", "TOM@northwick.example"])
def test_the_clients_mailboxes_are_no_address_of_a_provider(theirs: str) -> None:
    c = cast(items=False)
    made = add_person(actor=c.ines, recipient_id=c.recipient.id, name="Mara too", email=theirs)
    assert code(made) == "same_address"


def test_a_contact_who_left_is_on_no_envelope() -> None:
    c: Cast = cast(signed=True, items=False)
    done(contact_left(actor=c.ines, contact_id=c.mara.id))
    found = addressed(c.northwick.id, [c.person(c.theo)], Contact.objects.get(pk=c.mara.id), True)
    assert not isinstance(found, Refusal)
    assert [one["address"] for one in found[1]] == ["tom@northwick.example", "theo@alderrow.example"]
