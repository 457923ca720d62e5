# SPDX-License-Identifier: AGPL-3.0-or-later
"""A client's address that bounces: the office is told, another address of the client takes over, and only then mail waits (R2)."""

import json
from email import message_from_string
from typing import Any

import pytest

from partwell.actions.base import Deed
from partwell.actions.clients.address_works import address_works
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.bounced import note_bounce
from partwell.actions.correspondence.delivery import came_back, delivery_facts, other_ways
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.facts import open_offboarding
from partwell.connectors.smtp_values import Delivery, Outcome, Reply
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Bounce, Envelope
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.guard import permit
from partwell.records.jobs.models import Job
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases

MARA, TOM, HOME = "mara@northwick.example", "tom@northwick.example", "mara.ellery@post.example"
DSN = """\
From: Mail Delivery System <MAILER-DAEMON@mx.harbourline.example>
To: desk@harbourline.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

The mail system could not deliver your message.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.harbourline.example
Arrival-Date: Mon, 23 Nov 2026 10:00:00 +0100

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.northwick.example
Diagnostic-Code: smtp; 550 5.1.1 <{address}>: user unknown

--B
Content-Type: message/rfc822-headers

Message-ID: {message_id}

--B--
"""


def report(envelope: Envelope, address: str, action: str = "failed", status: str = "5.1.1") -> Bounce | None:
    """Take in a delivery status of one recipient, as a mail server writes it."""
    words = DSN.format(address=address, action=action, status=status, message_id=envelope.internet_message_id)
    mail: Any = message_from_string(words)
    part: Any = mail.get_payload()[1].get_payload()[1]
    with Deed(SYSTEM) as deed:
        deed.lock(envelope.client_id)
        row = Envelope.objects.get(pk=envelope.pk)
        return note_bounce(deed, row, part["Final-Recipient"].partition(";")[2], part["Action"], part["Status"],
                           part["Diagnostic-Code"].partition(";")[2])  # fmt: skip


def sent(c: Cast, *, to_provider: bool = True) -> Envelope:
    """A message that left and was accepted."""
    draft = Draft(
        "Cutover",
        "Friday at six.",
        "all" if to_provider else "client",
        c.recipient.id if to_provider else None,
    )
    row = done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
    envelope = done(deliver.claim(Envelope.objects.get(message=row).id))
    token = envelope.claim
    assert token and deliver.start_data(envelope.id, token)
    return deliver.settle(
        envelope.id, token, Delivery(Outcome.ACCEPTED, 250, "2.0.0 queued as 4F3", {}, "final_dot")
    )


def first(envelope: Envelope) -> str:
    return str(envelope.recipients[0]["address"])


def test_a_bounced_client_address_is_taken_over_at_once_and_visibly() -> None:
    c = cast(signed=True, items=False)
    envelope = sent(c)
    row = report(envelope, MARA.upper())
    assert row is not None and (row.role, row.address, row.status) == ("client", MARA, "5.1.1")
    assert c.contact(c.mara).email_state == "bouncing"
    again = other_ways(envelope)["became"]
    assert again is not None and again.state == "queued" and not again.to_provider
    # Her own other address: the same person keeps the same rights, now and in what is written next.
    assert [one["address"] for one in again.recipients] == [HOME] and again.text == envelope.text
    assert again.internet_message_id != envelope.internet_message_id
    assert again.in_reply_to == envelope.internet_message_id
    assert other_ways(again)["instead_of"] == envelope
    types = list(Entry.objects.order_by("-index").values_list("type", flat=True)[:3])
    assert set(types) >= {"envelope.bounced", "contact.address_failed", "envelope.taken_over"}
    alarm = Job.objects.get(kind="mail.office")
    assert HOME in alarm.payload["what"] and "Tom Okafor" not in alarm.payload["what"]
    assert "Mara Ellery" in alarm.payload["title"]
    assert first(sent(c)) == HOME
    for who, url in ((c.ines, f"/mails/{envelope.id}/"), (c.mara, f"/client/mails/{envelope.id}/")):
        page = browser_of(who).get(url).content.decode()
        assert "Came back" in page and "user unknown" in page and HOME in page
    told = [one.type for one in delivery_facts(c.ines, envelope)]
    assert told == ["message.written", "envelope.claimed", "envelope.data_started", "envelope.accepted", "envelope.bounced", "envelope.taken_over"]  # fmt: skip
    offboarding = browser_of(c.ines).get(f"/clients/{c.northwick.id}/").content.decode()
    assert "Mail comes back" in offboarding


def test_the_same_report_twice_is_one_and_a_delay_takes_nothing_over() -> None:
    c = cast(signed=True, items=False)
    envelope = sent(c)
    assert report(envelope, MARA, "delayed", "4.4.1") is not None
    assert c.contact(c.mara).email_state == "ok" and other_ways(envelope)["became"] is None
    assert report(envelope, MARA) == report(envelope, MARA)
    assert Envelope.objects.filter(dedupe_key__contains=":to:").count() == 1
    assert Job.objects.filter(kind="mail.office").count() == 1
    assert came_back([envelope]) == {envelope.id: [MARA]}


def test_a_report_about_somebody_who_is_not_on_the_mail_changes_nothing() -> None:
    c = cast(signed=True, items=False)
    envelope = sent(c)
    before = Entry.objects.count()
    for address in (TOM, "leo@quayside.example", "", "mara@northwick.example.evil.example"):
        assert report(envelope, address) is None
    assert report(envelope, MARA, "expelled") is None
    assert Entry.objects.count() == before and not Bounce.objects.exists()


def test_when_the_second_address_fails_too_the_other_contact_takes_over() -> None:
    c = cast(signed=True, items=False)
    envelope = sent(c)
    report(envelope, MARA)
    again = Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}")
    mine = deliver.claim(again.id)
    assert isinstance(mine, Envelope)
    token = mine.claim
    assert token and deliver.start_data(again.id, token)
    again = deliver.settle(again.id, token, Delivery(Outcome.ACCEPTED, 250, "ok", {}, "final_dot"))
    assert first(again) == HOME
    report(again, HOME)
    assert c.contact(c.mara).second_email_state == "bouncing"
    last = Envelope.objects.get(dedupe_key__endswith=f":to:{again.id.hex}")
    assert first(last) == TOM
    assert first(sent(c)) == TOM
    page = browser_of(c.ines).get(f"/clients/{c.northwick.id}/").content.decode()
    assert "Mail there comes back" in page


def test_who_took_over_and_why_is_told_to_staff_to_the_client_and_in_the_mail() -> None:
    c = cast(signed=True, items=False)
    client, home = f"/clients/{c.northwick.id}/", "/client/"
    told = {
        "Mail to the client’s first contact": (c.ines, client),
        "Mail to Mara Ellery comes back": (c.mara, home),
    }
    for words, (who, url) in told.items():
        assert words not in browser_of(who).get(url).content.decode()
    assert "comes back" not in sent(c).text
    report(sent(c), MARA)
    own = Envelope.objects.get(dedupe_key__contains=":to:")
    for (who, url), words in (((c.ines, client), "every message goes to their own second address"), ((c.mara, home), "Everything goes to the second address instead")):  # fmt: skip
        page = browser_of(who).get(url).content.decode()
        assert words in page and MARA in page and HOME in page
    alone = sent(c, to_provider=False)
    assert first(alone) == HOME and "came to your second one" in " ".join(alone.text.split())
    assert "second one" not in " ".join(sent(c).text.split())  # a new provider reads that one too
    report(own, HOME)
    for (who, url), words in (((c.ines, client), "Tom Okafor, who reads and cannot sign,"), ((c.tom, "/client/messages/"), "stays with Mara Ellery")):  # fmt: skip
        page = browser_of(who).get(url).content.decode()
        assert words in page and TOM in page
    alone = sent(c, to_provider=False)
    assert first(alone) == TOM and "Mail to Mara Ellery comes back, so this came to you" in " ".join(alone.text.split())  # fmt: skip
    entry = Entry.objects.filter(type="contact.address_failed").order_by("-index")[0]
    said = Disclosure.objects.get(entry_uid=entry.uid, label="client")
    assert json.loads(bytes(said.content))["instead"] == f"Tom Okafor <{TOM}>"
    done(contact_left(actor=c.ines, contact_id=c.mara.id))
    assert "comes back" not in browser_of(c.tom).get(home).content.decode()


def test_the_second_address_is_in_the_loop_where_nobody_else_is() -> None:
    c = cast(signed=True, items=False)
    done(contact_left(actor=c.ines, contact_id=c.tom.id))
    report(sent(c), MARA)
    assert first(sent(c)) == HOME


def test_with_no_address_left_mail_to_the_provider_waits_and_then_goes() -> None:
    c = cast(signed=True, items=False)
    waiting = done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft("Cutover", "Soon.", "all", c.recipient.id)
        )
    )
    envelope = Envelope.objects.get(message=waiting)
    for actor, fields in ((c.mara, ("email_state", "second_email_state")), (c.tom, ("email_state",))):
        with Deed(SYSTEM) as deed:
            deed.lock(c.northwick.id)
            deed.save(Contact.objects.get(pk=actor.id), **dict.fromkeys(fields, "bouncing"))
            deed.record("contact.address_failed", subjects=[actor.id], public={"contact": actor.name})
    refused = deliver.claim(envelope.id)
    assert isinstance(refused, Refusal) and refused.code == "no_working_client_address"
    envelope.refresh_from_db()
    assert (envelope.state, envelope.stop_code, envelope.claim) == (
        "queued",
        "no_working_client_address",
        None,
    )
    entries = Entry.objects.count()
    assert isinstance(deliver.claim(envelope.id), Refusal)  # an hour later: no second entry, no second wait
    assert Entry.objects.count() == entries and envelope.id not in deliver.due()
    assert (
        "Waits until an address of the client works"
        in browser_of(c.ines).get(f"/mails/{envelope.id}/").content.decode()
    )
    another = write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("More", "x", "client"))
    assert not isinstance(another, Refusal)  # kept on its page, mailed to nobody
    done(address_works(actor=c.ines, contact_id=c.tom.id, ground="He answered a test mail."))
    assert envelope.id in deliver.due()
    assert isinstance(deliver.claim(envelope.id), Refusal)  # it names Mara, so it is set aside …
    again = Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}")
    assert first(again) == TOM and [one["role"] for one in again.recipients] == [
        "client",
        "provider",
        "provider",
    ]
    assert isinstance(deliver.claim(again.id), Envelope)
    envelope.refresh_from_db()
    assert (envelope.state, envelope.stop_code) == ("stopped", "client_address_taken_over")


def test_a_new_address_frees_what_waits() -> None:
    c = cast(signed=True, items=False)
    envelope = sent(c, to_provider=False)
    report(envelope, MARA)
    done(change_contact(actor=c.ines, contact_id=c.mara.id, email="mara@new.example"))
    assert c.contact(c.mara).email_state == "ok"
    assert first(sent(c)) == "mara@new.example"
    assert report(envelope, MARA, status="5.2.1") is not None  # the old address is no longer hers
    assert c.contact(c.mara).email_state == "ok"


def test_a_refusal_at_rcpt_sends_the_whole_mail_another_way() -> None:
    c = cast(signed=True, items=False)
    row = done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft("Cutover", "Soon.", "all", c.recipient.id)
        )
    )
    claimed = done(deliver.claim(Envelope.objects.get(message=row).id))
    token = claimed.claim
    assert token
    failed = deliver.settle(
        claimed.id,
        token,
        Delivery(Outcome.REFUSED, 550, "no such user", {MARA: Reply(550, "no such user")}, "rcpt"),
    )
    assert (failed.state, failed.stop_code) == ("failed", "client_address_taken_over")
    again = Envelope.objects.get(dedupe_key__endswith=f":to:{failed.id.hex}")
    assert first(again) == HOME and {one["address"] for one in again.recipients[1:]} == {
        "theo@alderrow.example",
        "sunniva@alderrow.example",
    }
    assert isinstance(deliver.claim(again.id), Envelope)
    assert (
        "Mail to Mara Ellery comes back"
        in browser_of(c.ines).get(f"/offboardings/{open_offboarding(c.northwick.id).id}/").content.decode()
    )


def test_a_provider_who_bounces_is_told_to_the_office_and_changes_no_contact() -> None:
    c = cast(signed=True, items=False)
    envelope = sent(c)
    assert report(envelope, "theo@alderrow.example") is not None
    assert c.contact(c.mara).email_state == "ok" and Job.objects.filter(kind="mail.office").count() == 1
    assert not Envelope.objects.filter(dedupe_key__contains=":to:").exists()


def test_who_may_say_that_an_address_works_again() -> None:
    c = cast(items=False)
    for actor in (c.dan, c.kerstin, c.mara, c.theo):
        assert isinstance(address_works(actor=actor, contact_id=c.mara.id, ground="x"), Refusal)
    refused = address_works(actor=c.ines, contact_id=c.mara.id, ground=" ")
    assert isinstance(refused, Refusal) and refused.code == "required"
    envelope = sent(c, to_provider=False)
    report(envelope, MARA)
    page = browser_of(c.ines).post(
        f"/clients/{c.northwick.id}/contacts/{c.mara.id}/works/", {"ground": "She called."}
    )
    assert page.status_code == 302 and c.contact(c.mara).email_state == "ok"


def attempt(
    envelope: Envelope, outcome: Outcome, code: int, replies: dict[str, int], stage: str = "rcpt"
) -> Envelope:
    """One attempt that the server answers so; the envelope as it stands then."""
    claimed = done(deliver.claim(envelope.id))
    assert claimed.claim
    words = {address: Reply(answer, "says the server") for address, answer in replies.items()}
    return deliver.settle(claimed.id, claimed.claim, Delivery(outcome, code, "says the server", words, stage))


def to_everybody(c: Cast) -> Envelope:
    draft = Draft("Cutover", "Soon.", "all", c.recipient.id)
    return Envelope.objects.get(
        message=done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
    )


def test_an_address_that_is_put_off_again_and_again_is_taken_over_too() -> None:
    c = cast(signed=True, items=False)
    envelope = to_everybody(c)
    for _ in range(deliver.GIVE_UP - 1):
        assert attempt(envelope, Outcome.DEFERRED, 451, {MARA: 451}).state == "queued"
    assert c.contact(c.mara).email_state == "ok" and not Job.objects.filter(kind="mail.office").exists()
    last = attempt(envelope, Outcome.DEFERRED, 451, {MARA: 451})
    assert (last.state, last.stop_code) == ("failed", "client_address_taken_over")
    assert c.contact(c.mara).email_state == "bouncing" and Job.objects.filter(kind="mail.office").count() == 1
    again = Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}")
    assert first(again) == HOME and again.to_provider and isinstance(deliver.claim(again.id), Envelope)


def test_refused_everywhere_it_waits_for_an_address_and_is_not_lost() -> None:
    c = cast(signed=True, items=False)
    done(contact_left(actor=c.ines, contact_id=c.tom.id))
    envelope = to_everybody(c)
    attempt(envelope, Outcome.REFUSED, 550, {MARA: 550})
    again = Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}")
    last = attempt(again, Outcome.REFUSED, 550, {HOME: 550})
    assert (last.state, last.stop_code) == (
        "queued",
        "no_working_client_address",
    ) and last.id not in deliver.due()
    done(address_works(actor=c.ines, contact_id=c.mara.id, ground="She answered a test mail."))
    assert last.id in deliver.due()
    assert (
        isinstance(deliver.claim(last.id), Envelope)
        or Envelope.objects.filter(dedupe_key__endswith=f":to:{last.id.hex}").exists()
    )


def test_a_server_that_is_down_for_days_loses_nothing_and_says_so() -> None:
    c = cast(signed=True, items=False)
    envelope = to_everybody(c)
    for _ in range(deliver.GIVE_UP + 1):
        assert attempt(envelope, Outcome.DEFERRED, 0, {}, "connect").state == "queued"
    with permit("deed"):
        Envelope.objects.filter(pk=envelope.id).update(attempts=129)
    lost = attempt(envelope, Outcome.DEFERRED, 0, {}, "connect")
    assert lost.state == "failed" and not lost.stop_code and c.contact(c.mara).email_state == "ok"
    assert "could not be sent" in Job.objects.get(kind="mail.office").payload["title"]
    ines = browser_of(c.ines)
    assert "could not be delivered" in ines.get("/messages/").content.decode()
    assert "send it again" in ines.get(f"/mails/{lost.id}/").content.decode()
    for outcome, ground, status in (
        ("arrived", "x", 422),
        ("send again", " ", 422),
        ("send again", "The server is up.", 302),
    ):
        assert (
            ines.post(f"/mails/{lost.id}/settle/", {"outcome": outcome, "ground": ground}).status_code
            == status
        )
    lost.refresh_from_db()
    assert lost.state == "queued" and isinstance(deliver.claim(lost.id), Envelope)


def test_a_new_provider_who_refuses_mail_leaves_it_to_a_person() -> None:
    c = cast(signed=True, items=False)
    failed = attempt(to_everybody(c), Outcome.REFUSED, 550, {MARA: 250, "theo@alderrow.example": 550})
    assert failed.state == "failed" and c.contact(c.mara).email_state == "ok"
    assert Job.objects.filter(kind="mail.office").count() == 1
    left = browser_of(c.ines).post(
        f"/mails/{failed.id}/settle/", {"outcome": "left as it is", "ground": "Theo has moved on."}
    )
    assert left.status_code == 302
    failed.refresh_from_db()
    assert failed.state == "failed" and failed.settled_by_name == "Ines Duarte"
    assert "could not be delivered" not in browser_of(c.ines).get("/messages/").content.decode()
