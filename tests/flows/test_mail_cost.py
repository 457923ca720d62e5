# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one mail costs in questions to the database: baselines that a change may lower, and must not raise unseen (speed is a feature).

A stranger's mail pays more than a client's: it becomes a held question and a mail to the client. What is read of the ledger's
tree depends on where its end stands, so those reads are not counted.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partwell.actions.correspondence.write_message import ALL, CLIENT, Draft, write_message
from partwell.connectors.smtp import Delivery, Outcome, Security, SmtpServer
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope, InboundMail
from partwell.workers import relay
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, dns, mail, mail_comes_in, signed, take
from tests.flows.test_mail_in import MARA, started

pytestmark = pytest.mark.both_databases

BASELINES = {
    "a client's mail": 37,
    "a client's mail with three files": 38,
    "a stranger's mail": 41,
    "a mail that we have": 2,
    "a message to the client": 46,
    "a message to the client and the new provider": 56,
}


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def asked(what: Callable[[], Any]) -> int:
    """How many statements it takes."""
    with CaptureQueriesContext(connection) as seen:
        what()
    return len([one for one in seen.captured_queries if not one["sql"].startswith('SELECT "level", "index", "hash"')])  # fmt: skip


def with_files(sender: str, to: str, count: int) -> bytes:
    part = "--b\r\nContent-Type: application/pdf; name=a{0}.pdf\r\nContent-Disposition: attachment; filename=a{0}.pdf\r\n\r\nx{0}\r\n"
    body = "--b\r\nContent-Type: text/plain\r\n\r\nHere they are.\r\n" + "".join(part.format(one) for one in range(count))  # fmt: skip
    return mail(sender, to, "Files", body + "--b--", Content_Type="multipart/mixed; boundary=b")


def test_a_mail_in_asks_no_more_than_it_did() -> None:
    started()
    to = address()
    take(signed(mail(MARA, to, "The first"), "northwick.example"), to=to, resolver=dns("northwick.example"))
    take(mail("who@knows.example", to, "The first"), to=to)
    raws = {
        "a client's mail": signed(mail(MARA, to), "northwick.example"),
        "a client's mail with three files": signed(with_files(MARA, to, 3), "northwick.example"),
        "a stranger's mail": mail("other@knows.example", to),
    }
    costs = {name: asked(lambda raw=raw: take(raw, to=to, resolver=dns("northwick.example"))) for name, raw in raws.items()}  # type: ignore[misc]  # fmt: skip
    assert set(InboundMail.objects.values_list("state", flat=True)) == {"filed", "held"}
    costs["a mail that we have"] = asked(lambda: take(raws["a client's mail"], to=to))
    assert costs == {name: BASELINES[name] for name in costs}


def test_a_mail_in_asks_no_more_the_more_people_and_mails_there_are() -> None:
    c = started()
    to = address()
    for number in range(3):
        take(mail("who@knows.example", to, f"Mail {number}"), to=to)
    few = asked(lambda: take(mail("who@knows.example", to, "Few"), to=to))
    _more_people(c)
    assert asked(lambda: take(mail("who@knows.example", to, "Many"), to=to)) == few


def _more_people(c: Cast) -> None:
    from partwell.actions.clients.add_contact import NewContact, add_contact
    from partwell.rules.terms import ContactRole

    for number in range(8):
        person = NewContact(f"Ada {number}", f"ada{number}@northwick.example", ContactRole.OBSERVER)
        done(add_contact(actor=c.ines, client_id=c.northwick.id, contact=person))
    assert Contact.objects.filter(client=c.northwick).count() > 8


def test_a_mail_out_asks_no_more_than_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    c = started(consent=True)

    def taken(_server: Any, *, on_data_started: Callable[[], bool], **_: Any) -> Delivery:
        return Delivery(Outcome.ACCEPTED if on_data_started() else Outcome.FAILED, 250, "2.0.0 Ok", {}, "final_dot")  # fmt: skip

    monkeypatch.setattr(relay, "transmit", taken)
    server = SmtpServer("127.0.0.1", 1, Security.NONE)
    costs = {}
    for name, audience in (
        ("a message to the client", CLIENT),
        ("a message to the client and the new provider", ALL),
    ):
        for subject in ("The first", "The second"):
            draft = Draft(subject, "We hand over on Monday.", audience, c.recipient.id if audience == ALL else None)  # fmt: skip
            row = done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
            envelope = Envelope.objects.get(message=row)
            costs[name] = asked(lambda envelope=envelope: relay.deliver_one(envelope.id, server))  # type: ignore[misc]
            envelope.refresh_from_db()
            assert envelope.state == "accepted"
    assert costs == {name: BASELINES[name] for name in costs}
