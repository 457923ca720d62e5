# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who of us hears by mail that a client or new provider wrote, and answers that mail: gate, client and record as on the page (R1, R2)."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence import deliver, tell_of_message
from partwell.actions.correspondence.accept_mail import accept_mail
from partwell.actions.correspondence.digests import choice_of, choose_digest, unsubscribe, unsubscribe_url
from partwell.actions.correspondence.write_message import ALL, CLIENT, Draft, write_message
from partwell.actions.evidence.check import check_ledger
from partwell.connectors.smtp import Delivery, Outcome
from partwell.records.correspondence.models import Envelope, InboundMail, Message
from partwell.records.jobs.models import Job
from partwell.records.people.models import StaffMember
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal
from partwell.workers import relay
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.mail_cast import address, mail, mail_comes_in, signed, take
from tests.flows.mail_parts import parted
from tests.flows.test_mail_in import KNOWN, started
from tests.flows.test_retention_pages import page
from tests.support.worlds import World

THEO, MARA, INES = "theo@alderrow.example", "mara@northwick.example", "ines@harbourline.example"


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def looked_after(c: Cast) -> Cast:
    """Northwick with Ines as its account manager, so that she is told."""
    who = StaffMember.objects.get(pk=c.ines.id)
    with Deed(SYSTEM) as deed:
        client = deed.lock(c.northwick.id)
        deed.save(client, account_manager=who)
        deed.record("client.changed", subjects=[client.id], public={"what": "the account manager", "client": client.name})  # fmt: skip
    return c


def email_of(who: Actor) -> str:
    return StaffMember.objects.select_related("user").get(pk=who.id).user.email


def jobs(who: Actor | None = None) -> list[Job]:
    rows = Job.objects.filter(kind="mail.message").order_by("created_at", "key")
    return list(rows.filter(payload__staff=who.id.hex) if who else rows)


def got(who: Actor, monkeypatch: pytest.MonkeyPatch) -> list[EmailMessage]:
    """The bytes that leave for this person, of every mail that waits to be told of."""
    sent: list[EmailMessage] = []

    def server(_smtp: Any, *, client_rcpts: list[str], data: bytes, **_more: Any) -> Delivery:
        if client_rcpts == [email_of(who)]:
            sent.append(message_from_bytes(data, policy=policy.default))
        return Delivery(outcome=Outcome.ACCEPTED, per_recipient={}, code=250, text="ok", stage="data")

    for job in jobs():
        tell_of_message.run(job)
    monkeypatch.setattr(relay, "transmit", server)
    relay.deliver_account_mail(limit=500)
    return sent


def words(one: EmailMessage) -> str:
    body = one.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def write(c: Cast, by: Actor, text: str, audience: str = CLIENT, answers: Message | None = None) -> Message:
    draft = Draft("A question", text, audience, c.recipient.id if audience == ALL and by.is_staff else None, answers.id if answers else None)  # fmt: skip
    return done(write_message(actor=by, client_id=c.northwick.id, draft=draft))


def reply(one: EmailMessage, by: str, text: str = "Ten is fine.", **headers: str) -> InboundMail:
    """What this person's mail program sends when they press Answer."""
    to = str(one["Reply-To"])
    about = " ".join(filter(None, (str(one["References"] or ""), str(one["Message-ID"]))))
    quoted = "\n".join("> " + line for line in words(one).splitlines())
    raw = mail(by, to, f"Re: {one['Subject']}", f"{text}\n\nOn Monday somebody wrote:\n{quoted}", In_Reply_To=str(one["Message-ID"]), References=about, **headers)  # fmt: skip
    return take(signed(raw, "harbourline.example"), to=to, resolver=KNOWN)


@pytest.mark.both_databases
def test_the_account_manager_is_told_what_a_client_wrote_and_answers_that_mail(monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    c = looked_after(started())
    asked = write(c, c.mara, "May we keep the firewall?\n-- \nYours, Mara")
    assert [job.payload["staff"] for job in jobs()] == [c.ines.id.hex], "told in the deed of the message"
    (one,) = got(c.ines, monkeypatch)
    assert one["Reply-To"] == address("departure") and one["Auto-Submitted"] == "auto-generated"
    said = words(one)
    assert (
        "Mara Ellery" in said and "> May we keep the firewall?" in said and f"/messages/{asked.id}/" in said
    )
    assert "your words go to Northwick Traders Ltd" in " ".join(said.split())
    carried = Envelope.objects.get(message=asked)
    assert one["In-Reply-To"] == carried.internet_message_id in str(one["References"])
    row = reply(one, f"Ines Duarte <{email_of(c.ines)}>")
    answer = Message.objects.get(inbound=row)
    assert (row.state, answer.author_id, answer.audience, answer.answers_id) == ("filed", c.ines.id, "client", asked.id)  # fmt: skip
    assert [to["role"] for to in Envelope.objects.get(message=answer).recipients] == ["client"]
    assert "Ten is fine." in page(browser_of(c.mara), "/client/messages/")
    assert len(jobs()) == 1 and check_ledger().ok, "nobody is told of our own words"


@pytest.mark.both_databases
def test_who_wrote_in_the_thread_is_told_and_a_providers_words_are_answered_to_both(monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    c = looked_after(started(consent=True))
    ours = write(c, c.dan, "Monday at ten?", ALL)
    theirs = write(c, c.theo, "At eleven?\nRegards", ALL, ours)
    assert {job.payload["staff"] for job in jobs()} == {c.ines.id.hex, c.dan.id.hex}
    (one,) = got(c.dan, monkeypatch)
    assert one["Reply-To"] == address("provider") and "> At eleven?" in words(one)
    row = reply(one, f"Dan Frey <{email_of(c.dan)}>", "Eleven it is.")
    answer = Message.objects.get(inbound=row)
    assert (answer.answers_id, answer.audience, row.state) == (theirs.id, "all", "filed")
    out = Envelope.objects.get(message=answer)
    assert [to["role"] for to in out.recipients] == ["client", "provider", "provider"]
    assert out.id in deliver.due() and "Eleven it is." in page(browser_of(c.theo), "/provider/messages/")
    assert "Eleven it is." in page(browser_of(c.mara), "/client/messages/") and check_ledger().ok


def test_before_consent_only_that_it_is_there_and_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    c = looked_after(started())
    raw = mail(f"Theo Brandt <{THEO}>", address(), "The albatross", "Send me the albatross password.")
    row = take(signed(raw, "alderrow.example"), to=address(), resolver=KNOWN)
    assert row.state == "held"
    (one,) = got(c.ines, monkeypatch)
    said = words(one)
    assert one["Reply-To"] is None and one["References"] is None and f"/mail-in/{row.id}/" in said
    assert "albatross" not in said + str(one["Subject"]) and "albatross" not in str(jobs()[0].payload)
    write(c, c.theo, "On the page: pelican.", ALL)
    *_, two = got(c.ines, monkeypatch)
    assert two["Reply-To"] is None and "pelican" not in words(two) and "/messages/" in words(two)


def test_a_mail_that_waits_is_named_and_told_once_somebody_let_it_in(monkeypatch: pytest.MonkeyPatch) -> None:
    c = looked_after(started())
    raw = parted(f"Mara Ellery <{MARA}>", address())
    row = take(raw, to=address(), resolver=KNOWN)
    assert row.state == "waiting"
    (one,) = got(c.ines, monkeypatch)
    assert one["Reply-To"] is None and f"/mail-in/{row.id}/" in words(one) and "list.csv" not in words(one)
    done(accept_mail(actor=c.jonah, mail_id=row.id))
    *_, two = got(c.ines, monkeypatch)
    assert "list.csv" in words(two) and two["Reply-To"] == address("departure")
    assert str(two["In-Reply-To"]) == row.internet_message_id
    assert not list(two.iter_attachments()), "files are named and not sent"


def test_where_nobody_looks_after_the_client_the_owner_is_told_and_who_left_is_not() -> None:
    c = started()
    write(c, c.mara, "Hello?")
    assert {job.payload["staff"] for job in jobs()} == {c.jonah.id.hex}
    job = jobs()[0]
    job.payload["staff"] = c.dan.id.hex
    with Deed(SYSTEM) as deed:
        staff = StaffMember.objects.get(pk=c.dan.id)
        deed.save(staff, left_at=timezone.now())
        deed.record("staff.left", subjects=[staff.id], public={"person": staff.name})
    assert tell_of_message.run(job) == {"sent": False}


def test_who_chose_the_digest_gets_no_mail_about_each_message() -> None:
    c = looked_after(started())
    refused = choose_digest(actor=c.ines, rhythm="off", messages="digest")
    assert isinstance(refused, Refusal) and refused.code == "invalid_input"
    assert isinstance(choose_digest(actor=c.mara, rhythm="daily", messages="digest"), Refusal)
    browser = browser_of(c.ines)
    assert "A mail about each message" in page(browser, "/me/")
    assert browser.post("/me/", {"rhythm": "daily", "zone": "", "messages": "digest"}).status_code == 302
    write(c, c.mara, "Are you there?")
    assert jobs() == []
    choice = choice_of(c.ines)
    assert choice is not None and choice.messages == "digest"
    unsubscribe(unsubscribe_url(choice.id).rstrip("/").rpartition("/")[2])
    write(c, c.mara, "Are you there now?")
    assert len(jobs(c.ines)) == 1, "without a digest each message is told"
    assert "When a client or new provider writes" not in page(browser_of(c.mara), "/client/digest/")


def test_beyond_so_many_within_an_hour_one_mail_is_for_all_the_rest(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    settings.PARTWELL_MESSAGE_MAILS = 2
    c = looked_after(started())
    for number in range(5):
        write(c, c.mara, f"Number {number}")
    single, rest = [job for job in jobs() if not job.payload["more"]], [job for job in jobs() if job.payload["more"]]  # fmt: skip
    assert len(single) == 2 and [job.payload["more"] for job in rest] == [3]
    assert timezone.now() < rest[0].due_at <= timezone.now() + timedelta(hours=1)
    subjects = [str(one["Subject"]) for one in got(c.ines, monkeypatch)]
    assert len(subjects) == 3 and "3 more messages came within this hour" in subjects[-1]


def test_automatic_answers_are_told_to_nobody_and_no_loop_comes_of_it(monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    c = looked_after(started())
    write(c, c.mara, "Hello?")
    (one,) = got(c.ines, monkeypatch)
    before = (Job.objects.count(), Envelope.objects.count())
    away = reply(one, f"Ines Duarte <{email_of(c.ines)}>", "I am away.", Auto_Submitted="auto-replied")
    assert away.automatic and away.message is not None and away.message.audience == "internal"
    bounced = one.as_bytes(policy=policy.SMTP)  # a mailbox that sends all it gets back to the reply address
    back = take(bounced, to=str(one["Reply-To"]), resolver=KNOWN)
    assert back.automatic and back.state in ("waiting", "held")
    out = mail(f"Mara Ellery <{MARA}>", address(), "Out of office", "Back on Monday.", Auto_Submitted="auto-replied")  # fmt: skip
    assert take(signed(out, "northwick.example"), to=address(), resolver=KNOWN).automatic
    assert (Job.objects.count(), Envelope.objects.count()) == before


def test_without_an_address_for_mail_it_is_told_and_cannot_be_answered(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    settings.PARTWELL_MAIL_ADDRESS = ""
    c = looked_after(cast(items=False))
    write(c, c.mara, "Hello?")
    (one,) = got(c.ines, monkeypatch)
    assert one["Reply-To"] is None and "> Hello?" in words(one) and "write on the page" in words(one)
