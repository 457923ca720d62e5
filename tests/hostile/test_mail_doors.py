# SPDX-License-Identifier: AGPL-3.0-or-later
"""No way exists to mail a new provider without the client: every door is tried, and every way a mail server can fail (R2)."""

import ssl
from email import message_from_bytes
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from partwell.actions.authorisations.recipients import add_person
from partwell.actions.base import Deed
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.post import Post, envelope_digest, post
from partwell.actions.correspondence.write_message import Draft, NotInTheLoop, write_message
from partwell.connectors.smtp import Security, SmtpServer
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from partwell.workers import relay
from tests.connectors.bad_smtp import HANG_UP, SILENCE, Say, Script, serving
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

MARA, TOM, THEO = "mara@northwick.example", "tom@northwick.example", "theo@alderrow.example"


def smtp(script: Script, security: Security = Security.NONE) -> SmtpServer:
    return SmtpServer("127.0.0.1", script.port, security, timeout=1)


def written(c: Cast, subject: str = "Cutover") -> Envelope:
    """A message of Ines to Alder Row, queued."""
    row = done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft(subject, "Friday.", "all", c.recipient.id)
        )
    )
    return Envelope.objects.get(message=row)


def bounce(contact: Contact, *fields: str) -> None:
    with Deed(SYSTEM) as deed:
        deed.lock(contact.client_id)
        deed.save(contact, **dict.fromkeys(fields, "bouncing"))
        deed.record("contact.address_failed", subjects=[contact.id], public={"contact": contact.name})


def everyone_has_the_client() -> None:
    """What must hold of every envelope there is, whoever made it."""
    for one in Envelope.objects.all():
        roles = [to["role"] for to in one.recipients]
        assert roles[0] == "client" and one.client_contact.client_id == one.client_id
        assert one.to_provider == ("provider" in roles) and envelope_digest(one) == one.digest


# doors -------------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_every_door_that_writes_puts_the_client_first() -> None:
    c = cast(signed=True)
    first = written(c)
    page = {"to": f"all:{c.recipient.id}", "subject": "By page", "text": "x", "key": "k",
            "bcc": "theo@alderrow.example", "cc": "x@evil.example", "recipients": "[]", "contact": str(c.leo.id)}  # fmt: skip
    assert browser_of(c.dan).post(f"/clients/{c.northwick.id}/messages/write/", page).status_code == 302
    answer = Draft(
        "Re: Cutover", "Reply to all but the client.", "all", c.recipient.id, answers=first.message_id
    )
    for author in (c.dan, c.mara, c.theo):
        done(write_message(actor=author, client_id=c.northwick.id, draft=answer))
    from django.utils import timezone

    done(
        log_call(
            actor=c.dan,
            client_id=c.northwick.id,
            notes=CallNotes("Theo", "Said.", timezone.now(), recipient_id=c.recipient.id, to_provider=True),
        )
    )
    c.release("diagram")
    everyone_has_the_client()
    sent = list(Envelope.objects.filter(to_provider=True))
    assert len(sent) >= 6
    for one in sent:
        data = message_from_bytes(relay.message_of(one))
        assert data["Bcc"] is None and MARA in f"{data['To']} {data['Cc']}"
        assert "evil.example" not in data.as_string().partition("\n\n")[0]


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "trick",
    ["x\r\nBcc: theo@alderrow.example", "x\nTo: theo@alderrow.example", "x\x0bBcc: t@e.example", "x\x00y"],
)
def test_a_header_in_a_subject_is_refused(trick: str) -> None:
    c = cast(signed=True, items=False)
    refused = write_message(
        actor=c.ines, client_id=c.northwick.id, draft=Draft(trick, "y", "all", c.recipient.id)
    )
    assert isinstance(refused, Refusal) and refused.code == "header_injection"


@pytest.mark.both_databases
def test_an_address_that_is_both_client_and_provider_stands_for_neither() -> None:
    c = cast(signed=True, items=False)
    for theirs in ("Mara+it@northwick.example", MARA.upper(), "mara.ellery@post.example"):
        refused = add_person(actor=c.ines, recipient_id=c.recipient.id, name="Mara", email=theirs)
        assert isinstance(refused, Refusal) and refused.code == "same_address"
    # Behind the rules' back: Theo's own mailbox as the client's second address, with the first one dead.
    mara = c.contact(c.mara)
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        deed.save(mara, second_email="Theo+client@ALDERROW.example", email_state="bouncing")
        deed.record("contact.address_failed", subjects=[mara.id], public={"contact": mara.name})
    # It takes nothing over: Tom is the one who is reached, and may not be taken off.
    kept = contact_left(actor=c.ines, contact_id=c.tom.id)
    assert isinstance(kept, Refusal) and kept.code == "contact_in_use"
    assert written(c, "To Tom").recipients[0]["address"] == "tom@northwick.example"
    bounce(c.contact(c.tom), "email_state")
    before = Envelope.objects.count()
    with pytest.raises(NotInTheLoop):
        write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("x", "y", "all", c.recipient.id))
    assert Envelope.objects.count() == before


@pytest.mark.both_databases
def test_a_contact_who_left_or_bounces_between_click_and_transmission() -> None:
    c = cast(signed=True, items=False)
    for gone in ("left", "bouncing"):
        envelope = written(c, gone)
        contact = Contact.objects.get(pk=envelope.client_contact_id)
        if gone == "left":
            done(contact_left(actor=c.ines, contact_id=contact.id))
        else:
            bounce(contact, "email_state", "second_email_state")
        with serving(Script()) as script:
            relay.deliver_one(envelope.id, smtp(script))
        assert not script.messages and THEO not in " ".join(script.said)
        envelope.refresh_from_db()
        assert envelope.state in ("stopped", "queued") and envelope.answer + envelope.stop_code
    everyone_has_the_client()


@pytest.mark.both_databases
def test_no_post_to_a_provider_with_a_foreign_or_missing_contact() -> None:
    c = cast(signed=True, items=False)
    values = {"topic": "t", "sender": "s", "sender_firm": "f", "body": "b"}
    with Deed(c.ines) as deed:
        deed.lock(c.northwick.id)
        item = Post("message", uuid4().hex, values, persons=[c.person(c.theo)], contact=c.contact(c.leo))
        made = post(deed, item)
        assert (
            isinstance(made, Envelope) and made.recipients[0]["address"] == MARA
        )  # Leo of another client is passed over
        deed.record(
            "envelope.queued",
            subjects=[made.id],
            public={"recipients": ["x"]},
            to_client={"digest": made.digest},
        )
    for actor in (c.mara, c.tom):
        bounce(c.contact(actor), "email_state", "second_email_state")
    with Deed(c.ines) as deed:
        deed.lock(c.northwick.id)
        refused = post(deed, Post("message", uuid4().hex, values, persons=[c.person(c.theo)]))
        assert isinstance(refused, Refusal) and refused.code == "no_working_client_address"
    everyone_has_the_client()


# the server ---------------------------------------------------------------------------------------------------

FAILS: list[tuple[dict[str, Say], tuple[str, ...], str]] = [
    ({"GREETING": Say("421 4.3.2 busy")}, (), "queued"),
    ({"GREETING": HANG_UP}, (), "queued"),
    ({"EHLO": HANG_UP}, (), "queued"),
    ({"MAIL": Say("451 4.7.1 greylisted, come back")}, (), "queued"),
    ({"MAIL": Say("550 5.7.1 not you")}, (), "failed"),
    ({"RCPT": Say("450 4.7.1 greylisted", only=THEO)}, (), "queued"),
    ({"RCPT": Say("450 4.2.1 full", only=MARA)}, (), "queued"),
    ({"RCPT": Say("550 5.1.1 unknown", only=THEO)}, (), "failed"),
    ({"RCPT": Say("550 5.1.1 unknown", only=MARA)}, (), "failed"),
    ({"RCPT": HANG_UP}, (), "queued"),
    ({"DATA": Say("451 4.3.0 later")}, (), "queued"),
    ({"DATA": Say("554 5.6.0 no")}, (), "failed"),
    ({"DATA": HANG_UP}, (), "queued"),
    ({"DOT": Say("451 4.3.0 later")}, (), "queued"),
    ({"DOT": Say("554 5.7.1 spam")}, (), "failed"),
    ({"DOT": HANG_UP}, (), "unknown"),
    ({"DOT": SILENCE}, (), "unknown"),
    ({}, ("8BITMIME", "SMTPUTF8", "SIZE"), "accepted"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("at", "hidden", "state"), FAILS)
def test_whatever_the_server_does_the_state_is_true_and_nothing_is_lost_or_sent_twice(
    at: dict[str, Say], hidden: tuple[str, ...], state: str
) -> None:
    c = cast(signed=True, items=False)
    envelope = written(c)
    built = relay.message_of(envelope)
    with serving(Script(dict(at), hide=hidden)) as script:
        relay.deliver_one(envelope.id, smtp(script))
    envelope.refresh_from_db()
    assert envelope.state == state and envelope.attempts == 1 and (envelope.answer or state == "accepted")
    # No text was ended by its dot before every recipient was taken; a refused one hears no DATA.
    assert ("DATA" in script.verbs) == bool({"DATA", "DOT"} & set(at) or not at)
    if state == "queued":
        assert envelope.next_attempt_at > envelope.queued_at and envelope.id not in deliver.due()  # back-off
    with serving(Script()) as well:
        for _ in range(3):  # a restarted relay, however often, with a server that is well again
            relay.deliver_one(envelope.id, smtp(well))
    taken = [message_from_bytes(one)["Message-ID"] for one in well.messages]
    assert taken == ([envelope.internet_message_id] if state == "queued" else [])
    envelope.refresh_from_db()
    assert envelope.state == ("accepted" if state == "queued" else state)
    assert relay.message_of(envelope) == built, "the same bytes and Message-ID for ever"
    if state == "unknown":
        done(
            deliver.settle_unknown(
                actor=c.ines, envelope_id=envelope.id, outcome="send again", ground="Mara has nothing."
            )
        )
        with serving(Script()) as asked:
            relay.deliver_one(envelope.id, smtp(asked))
        assert [message_from_bytes(one)["Message-ID"] for one in asked.messages] == [
            envelope.internet_message_id
        ]


@pytest.mark.django_db
def test_tls_that_is_required_and_missing_sends_nothing() -> None:
    c = cast(signed=True, items=False)
    envelope = written(c)
    with serving(Script()) as script:
        relay.deliver_one(envelope.id, smtp(script, Security.STARTTLS))
    envelope.refresh_from_db()
    assert envelope.state == "failed" and "STARTTLS" in envelope.answer and not script.messages
    assert "MAIL" not in script.verbs and ssl.HAS_TLSv1_2


@pytest.mark.django_db
def test_retries_wait_longer_each_time_and_end() -> None:
    c = cast(signed=True, items=False)
    envelope, waits = written(c), []
    with serving(Script({"RCPT": Say("451 4.7.1 greylisted")})) as script:
        for _ in range(deliver.GIVE_UP):
            relay.deliver_one(envelope.id, smtp(script))
            envelope.refresh_from_db()
            waits.append(envelope.next_attempt_at)
    assert envelope.state == "failed" and envelope.attempts == deliver.GIVE_UP and not script.messages
    gaps: list[Any] = [(after - before).total_seconds() for before, after in pairwise(waits[:8])]
    assert gaps == sorted(gaps) and deliver.LONGEST_WAIT.total_seconds() == 3600
