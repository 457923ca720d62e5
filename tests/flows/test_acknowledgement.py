# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1's one fixed acknowledgement to an unauthorised new provider: off by default, once a sender, no fact, the client has a copy."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.people.configure import configure_msp
from partwell.connectors.catcher import Catcher
from partwell.connectors.smtp import Security, SmtpServer
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.evidence.models import Entry
from partwell.records.guard import permit
from partwell.workers.relay import deliver_one, message_of
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases
KIND = "fixed_acknowledgement"


def switch(c: Cast, on: bool) -> None:
    done(configure_msp(actor=c.jonah, changes={"automatic_acknowledgement": on}))


def ask(c: Cast, who: str = "theo", words: str = "Which model is it?") -> Message:
    return done(
        write_message(actor=getattr(c, who), client_id=c.northwick.id, draft=Draft("Firewall", words))
    )


def acknowledgements() -> list[Envelope]:
    return list(Envelope.objects.filter(kind=KIND).order_by("queued_at"))


def test_it_is_off_by_default() -> None:
    c = cast(items=False)
    assert ask(c).held and not acknowledgements()
    assert "we answered nothing" in " ".join(Envelope.objects.get(kind="held_question").text.split())


def test_each_sender_gets_one_and_the_client_is_on_it() -> None:
    c = cast(items=False)
    switch(c, True)
    ask(c)
    ask(c, words="And now?")
    first = acknowledgements()
    assert len(first) == 1 and Entry.objects.filter(type="message.acknowledged").count() == 1
    assert [(one["role"], one["address"]) for one in first[0].recipients] == [
        ("client", "mara@northwick.example"),
        ("provider", "theo@alderrow.example"),
    ]
    told = [" ".join(one.text.split()) for one in Envelope.objects.filter(kind="held_question")]
    assert sorted("one fixed acknowledgement" in one for one in told) == [False, True]
    ask(c, "sunniva")
    theirs, hers = acknowledgements()
    assert (theirs.subject, theirs.text, theirs.html) == (hers.subject, hers.text, hers.html)
    assert message_of(hers)


def test_it_states_no_fact_and_its_headers_name_no_client() -> None:
    c = cast(items=False)
    switch(c, True)
    ask(c)
    raw = message_of(acknowledgements()[0])
    read = message_from_bytes(raw, policy=policy.default)
    assert [one.addr_spec for one in read["To"].addresses] == ["theo@alderrow.example"] and read["Cc"] is None
    assert read["Auto-Submitted"] == "auto-replied", "no vacation program answers it (RFC 3834)"
    whole = str(read).casefold() + acknowledgements()[0].text.casefold()
    for word in ("northwick", "mara", "firewall", "checkpoint", "5550"):
        assert word not in whole


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Catcher]:
    catcher = Catcher(tmp_path / "inbox")
    stop = catcher.start()
    yield catcher
    stop()


def server(office: Catcher) -> SmtpServer:
    return SmtpServer(office.host, office.port, Security.NONE, timeout=5)


def test_it_leaves_by_the_relay_to_the_client_first_and_never_twice(office: Catcher) -> None:
    c = cast(items=False)
    switch(c, True)
    ask(c)
    mail = acknowledgements()[0]
    deliver_one(mail.id, server(office))
    deliver_one(mail.id, server(office))
    mail.refresh_from_db()
    assert mail.state == "accepted"
    assert [one.rcpt_tos for one in office.list_messages()] == [
        ("mara@northwick.example", "theo@alderrow.example")
    ]


def test_a_withdrawn_consent_leads_here_too_and_switching_it_off_stops_what_is_queued(
    office: Catcher,
) -> None:
    c = cast(items=False, signed=True)
    switch(c, True)
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))  # type: ignore[union-attr]
    assert ask(c).held
    mail = acknowledgements()[0]
    switch(c, False)
    deliver_one(mail.id, server(office))
    mail.refresh_from_db()
    assert mail.state == "stopped" and not office.list_messages()


def test_without_an_address_of_the_client_nothing_is_acknowledged() -> None:
    c = cast(items=False)
    switch(c, True)
    with permit("deed"):
        Contact.objects.filter(client=c.northwick).update(
            email_state="bouncing", second_email_state="bouncing"
        )
    assert ask(c).held and not acknowledgements()
