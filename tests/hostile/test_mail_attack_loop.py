# SPDX-License-Identifier: AGPL-3.0-or-later
"""A new provider tries to be written to without the client: behind the actions' back, and by addresses that are two parties' (R2)."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from partwell.actions.authorisations.recipients import add_person, person_left
from partwell.actions.base import Deed
from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.correspondence.meetings import Invited, plan_meeting
from partwell.actions.correspondence.post import Post, envelope_digest, post
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.records.correspondence.models import Envelope
from partwell.records.guard import permit
from partwell.rules import loop
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from partwell.workers import relay
from tests.connectors.bad_smtp import Script, serving
from tests.flows.cast import Cast, cast, done
from tests.flows.test_meetings import what
from tests.hostile.test_mail_doors import MARA, THEO, smtp, written

HOME = "mara.ellery@post.example"
GMAIL, GOOGLEMAIL = "gmail.com", "googlemail.com"  # dots in their local parts are no part of the address


def raw_insert(row: Envelope) -> None:
    """Straight into the table, past actions and gate; the digest is true."""
    row.digest = envelope_digest(row)
    fields = Envelope._meta.concrete_fields
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = [field.get_db_prep_save(field.pre_save(row, True), connection) for field in fields]
    marks = ", ".join(["%s"] * len(fields))
    with transaction.atomic(), permit("schema"), connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO correspondence_envelope ({columns}) VALUES ({marks})", values)


def copied(c: Cast, envelope: Envelope, **changes: Any) -> Envelope:
    row = Envelope.objects.get(pk=envelope.pk)
    row.pk, row.internet_message_id, row.dedupe_key = uuid4(), f"<{uuid4().hex}@x.example>", uuid4().hex
    for name, value in changes.items():
        setattr(row, name, value)
    return row


def to(**people: str) -> list[dict[str, str]]:
    return [{"role": role, "name": "N", "address": address} for role, address in people.items()]


TRICKS: dict[str, tuple[bool, list[dict[str, str]]]] = {
    "the provider called client": (False, to(client=THEO)),
    "the provider called client, in capitals": (False, to(client=THEO.upper())),
    "the provider called second address": (False, to(client=MARA, second=THEO)),
    "the provider called ours": (False, to(client=MARA, msp=THEO)),
    "the provider with a role of its own": (True, to(client=MARA, provider="sunniva@alderrow.example", bcc=THEO)),
    "a client that nobody is": (True, to(client="nobody@void.example", provider=THEO)),
    "a client without an address": (True, to(client="", provider=THEO)),
    "another client's": (True, to(client="leo@quayside.example", provider=THEO)),
    "the client last": (True, to(provider=THEO, client=MARA)),
    "the flag denies the provider": (False, to(client=MARA, provider=THEO)),
    "the flag claims one": (True, to(client=MARA)),
    "roles in capitals": (True, [{"role": "Client", "name": "N", "address": MARA}, *to(provider=THEO)]),
}  # fmt: skip


@pytest.mark.both_databases
def test_the_database_takes_no_envelope_to_a_provider_in_disguise() -> None:
    c = cast(signed=True, items=False)
    envelope = written(c)
    raw_insert(copied(c, envelope))  # the true one is taken
    raw_insert(copied(c, envelope, recipients=to(client=HOME.upper(), provider=THEO)))
    for name, (flag, recipients) in TRICKS.items():
        with pytest.raises(Exception, match="R2: no envelope without a contact"):
            raw_insert(copied(c, envelope, to_provider=flag, recipients=recipients))
            pytest.fail(name)
    assert Envelope.objects.count() == Envelope.objects.filter(recipients__0__role="client").count()


@pytest.mark.both_databases
def test_an_address_that_became_the_providers_after_queueing_gets_nothing() -> None:
    """Behind the rules' back Theo is written in with an address that a queued mail to the client alone bears."""
    c = cast(signed=True, items=False)
    alone = Envelope.objects.get(
        message=done(write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("To you alone", "x")))
    )
    theo = c.person(c.theo)
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        deed.save(theo, email="Mara+x@northwick.example")
        deed.record("recipient.changed", subjects=[theo.id], public={"recipient": "Alder Row IT"})
    with serving(Script()) as script:
        refused = relay.deliver_one(alone.id, smtp(script))
    assert isinstance(refused, Refusal) and refused.code == "same_address" and not script.messages


@pytest.mark.both_databases
def test_what_was_taken_up_under_another_name_is_refused_in_words() -> None:
    """A second address, a colleague's invitation and the house's copy that are a provider's mailbox."""
    c = cast(signed=True, items=False)
    mara, theo = c.contact(c.mara), c.person(c.theo)
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        deed.save(theo, email="priya+it@harbourline.example")
        deed.save(mara, second_email="sunniva@alderrow.example")
        deed.record("recipient.changed", subjects=[theo.id], public={"recipient": "Alder Row IT"})
    refused = None
    try:
        plan_meeting(
            actor=c.ines, client_id=c.northwick.id, what=what(), invited=Invited(staff_ids=[c.priya.id])
        )
    except Exception as stopped:  # NotInTheLoop, or what the database says
        refused = getattr(stopped, "refusal", None)
    assert isinstance(refused, Refusal) and refused.code == "same_address"
    with Deed(c.ines) as deed:
        deed.lock(c.northwick.id)
        values = {"topic": "t", "sender": "s", "sender_firm": "f", "body": "b"}
        made = done(post(deed, Post("message", uuid4().hex, values, second=True)))
        deed.record(
            "envelope.queued",
            subjects=[made.id],
            public={"recipients": ["x"]},
            to_client={"digest": made.digest},
        )
    assert [one["address"] for one in made.recipients] == [MARA], "her second address is read by the provider"


SAME = [
    ("Theo@AlderRow.example", THEO),
    ("theo+northwick@alderrow.example", THEO),
    (" theo@alderrow.example ", THEO),
    ("theo@alderrow.example.", THEO),
    (f"t.h.e.o@{GMAIL}", f"theo@{GOOGLEMAIL}"),
    (f"Theo.Brandt+x@{GOOGLEMAIL}", f"theobrandt@{GMAIL}"),
]
REFUSED = ['"theo"@alderrow.example', "theo@alderrow.example.", "theo@[192.0.2.1]", "theo@alderröw.example", "th\u00e9o@alderrow.example",
           "theo@alderrow.example\u200b", "theo@alderrow.example,x@y.example", "theo@alderrow.example\r\nBcc: x@y.example", "ｔheo@alderrow.example",
           "theo(x)@alderrow.example", "theo@alderrow\u3002example", "<theo@alderrow.example>", "theo@@alderrow.example", "theo%x@y@alderrow.example"]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_mailbox_is_one_however_it_is_written(one: str, other: str) -> None:
    assert loop.mailbox_of(one) == loop.mailbox_of(other)


@pytest.mark.django_db
def test_no_way_of_writing_an_address_makes_one_mailbox_two_parties() -> None:
    c = cast(signed=True, items=False)
    done(add_person(actor=c.ines, recipient_id=c.recipient.id, name="G", email=f"alder.row@{GMAIL}"))
    for address in ("THEO@alderrow.example", "theo+client@ALDERROW.example", f"alderrow+x@{GOOGLEMAIL}"):
        for new in (
            NewContact("Eve", address),
            NewContact("Eve", "eve@northwick.example", second_email=address),
        ):
            refused = add_contact(actor=c.ines, client_id=c.northwick.id, contact=new)
            assert isinstance(refused, Refusal) and refused.code == "same_address", address
    for address in REFUSED:
        refused = add_contact(actor=c.ines, client_id=c.northwick.id, contact=NewContact("Eve", address))
        assert isinstance(refused, Refusal) and refused.code in ("address_invalid", "header_injection"), (
            address
        )
        other = add_person(actor=c.ines, recipient_id=c.recipient.id, name="Eve", email=address)
        assert isinstance(other, Refusal) and other.code in ("address_invalid", "header_injection"), address


@pytest.mark.django_db
def test_a_contact_who_left_and_came_back_as_the_provider_reads_nothing_of_the_clients() -> None:
    """Tom leaves Northwick for Alder Row and keeps his mailbox: what was queued to him as the client does not leave."""
    c = cast(signed=True, items=False)
    done(contact_left(actor=c.ines, contact_id=c.mara.id))
    envelope = written(c, "To Tom")
    assert envelope.recipients[0]["address"] == "tom@northwick.example"
    done(
        add_contact(
            actor=c.ines, client_id=c.northwick.id, contact=NewContact("Uma", "uma@northwick.example")
        )
    )
    done(contact_left(actor=c.ines, contact_id=c.tom.id))
    tom = done(
        add_person(actor=c.ines, recipient_id=c.recipient.id, name="Tom", email="tom@northwick.example")
    )
    with serving(Script()) as script:
        assert isinstance(relay.deliver_one(envelope.id, smtp(script)), Refusal)
    assert not script.messages and "RCPT" not in script.verbs
    back = add_contact(
        actor=c.ines, client_id=c.northwick.id, contact=NewContact("Tom", "tom@northwick.example")
    )
    assert isinstance(back, Refusal) and back.code == "same_address"
    done(person_left(actor=c.ines, person_id=tom.id))
    done(
        add_contact(
            actor=c.ines, client_id=c.northwick.id, contact=NewContact("Tom", "tom@northwick.example")
        )
    )


@pytest.mark.django_db
def test_a_frozen_envelope_cannot_be_turned_to_the_provider_by_sql() -> None:
    c = cast(signed=True, items=False)
    envelope = written(c)
    for column, value in (
        ("recipients", json.dumps(to(client=MARA, msp=THEO))),
        ("to_provider", False),
        ("client_contact_id", c.leo.id.hex),
        ("text", "Other words."),
        ("head", json.dumps({"from": ["Eve", THEO]})),
        ("reply_to", THEO),
    ):
        with (
            pytest.raises(Exception, match="an envelope is frozen once queued"),
            transaction.atomic(),
            permit("schema"),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"UPDATE correspondence_envelope SET {column} = %s WHERE id = %s", [value, envelope.id.hex]
            )
