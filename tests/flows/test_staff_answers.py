# SPDX-License-Identifier: AGPL-3.0-or-later
"""Staff answer from their own mail program: gate, client, wait and record as on the page; files stay; whatever does not leave is told (R1, R2)."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.clients.set_pause import set_pause
from partwell.actions.correspondence import deliver, tell_staff
from partwell.actions.correspondence.accept_mail import accept_mail
from partwell.actions.correspondence.bring_mail import bring_mail
from partwell.actions.correspondence.waiting import let_leave, stop_waiting
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.evidence.check import check_ledger
from partwell.actions.people.account_mail import body_of
from partwell.records.correspondence.models import Envelope, InboundMail, Message
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.people.models import AccountMail
from partwell.rules.pauses import PauseReason
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, mail, mail_comes_in, signed, take
from tests.flows.mail_parts import parted
from tests.flows.test_mail_in import DAN, KNOWN, started
from tests.flows.test_retention_pages import page
from tests.support.worlds import World

OURS = "harbourline.example"


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def dan(to: str, subject: str = "Re: Hello", text: str = "Ten is fine.", raw: bytes = b"") -> InboundMail:
    raw = raw or mail(f"Dan Frey <{DAN}>", to, subject, text)
    return take(signed(raw, OURS), to=to, resolver=KNOWN)


def told(c: Cast) -> list[str]:
    """Titles of what Dan is told, in order."""
    rows = Job.objects.filter(kind="mail.staff", payload__staff=c.dan.id.hex).order_by("created_at")
    return [row.payload["title"] for row in rows]


def disputed(c: Cast) -> None:
    """Two signatories quarrel: a lawful pause is in force."""
    done(
        set_pause(
            actor=c.jonah,
            client_id=c.northwick.id,
            ground=PauseReason.RIVAL_SIGNATORIES,
            note="Two directors disagree.",
        )
    )


@pytest.mark.both_databases
def test_an_answer_by_mail_is_written_as_on_the_page() -> None:
    c = started(consent=True)
    row = dan(address("provider"))
    message = Message.objects.get(inbound=row)
    assert (row.state, message.author_id, message.author_name, message.audience) == (
        "filed",
        c.dan.id,
        "Dan Frey",
        "all",
    )
    out = Envelope.objects.get(message=message)
    assert [one["role"] for one in out.recipients] == [
        "client",
        "provider",
        "provider",
    ] and out.authorisation == c.authorisation
    page_one = done(
        write_message(
            actor=c.dan,
            client_id=c.northwick.id,
            draft=Draft("Re: Hello", "Ten is fine.", "all", c.recipient.id),
        )
    )
    other = Envelope.objects.get(message=page_one)
    assert (other.recipients, other.reply_to, other.kind, other.authorisation) == (
        out.recipients,
        out.reply_to,
        out.kind,
        out.authorisation,
    )
    assert (
        Entry.objects.filter(type="message.written").count() == 4
        and not Entry.objects.filter(type="message.received").exists()
    )
    assert told(c) == [] and check_ledger().ok


@pytest.mark.both_databases
def test_in_a_dispute_it_waits_for_half_an_hour_or_a_colleague() -> None:
    c = started(consent=True)
    disputed(c)
    row = dan(address("provider"), "You are wrong", "It is your fault.")
    message = Message.objects.get(inbound=row)
    envelope = Envelope.objects.get(message=message)
    assert (
        message.waits_until is not None
        and message.waits_until - timezone.now() > timedelta(minutes=29)
        and "dispute" in message.waits_why
    )
    assert envelope.id not in deliver.due() and envelope.id in deliver.due(message.waits_until)
    assert isinstance(early := deliver.claim(envelope.id), Refusal) and early.code == "message_waits"
    assert "You are wrong" not in page(browser_of(c.mara), "/client/messages/")
    page(browser_of(c.mara), f"/client/mail-in/{row.id}/", 404)
    entry = Entry.objects.get(type="message.waits")
    assert entry.client_ref == c.northwick.id and told(c) == ["Your message has not left yet: You are wrong"]
    own = let_leave(actor=c.dan, message_id=message.id)
    assert isinstance(own, Refusal) and own.code == "own_message_read"
    done(let_leave(actor=c.ines, message_id=message.id))
    assert envelope.id in deliver.due()
    stopped = dan(address("provider"), "More", "And more.")
    assert stopped.message_id is not None
    done(stop_waiting(actor=c.dan, message_id=stopped.message_id))
    assert Envelope.objects.get(message=stopped.message).state == "stopped"


def test_files_stay_here_and_the_author_is_told_what_to_do() -> None:
    c = started(consent=True)
    to = address("provider")
    row = dan(to, raw=parted(f"Dan Frey <{DAN}>", to))
    message = Message.objects.get(inbound=row)
    out = Envelope.objects.get(message=message)
    assert row.state == "filed" and not out.documents and "list.csv" not in out.text + out.html
    assert told(c) == ["Sent without what was attached: A list"]
    job = Job.objects.get(kind="mail.staff")
    assert "list.csv" in job.payload["what"] and "release" in job.payload["next_step"]
    assert tell_staff.run(job) == {"sent": True}
    mail_ = AccountMail.objects.get(to=DAN, state="queued")
    said = body_of(mail_)
    assert (
        "Sent without what was attached" in said["subject"]
        and "list.csv" in said["text"]
        and ["Auto-Submitted", "auto-replied"] in said["headers"]
    )
    dan_, mara = browser_of(c.dan), browser_of(c.mara)
    shown = page(dan_, f"/messages/{message.id}/")
    assert "list.csv" in shown and "went to nobody" in shown
    assert "list.csv" not in page(mara, f"/client/mail-in/{row.id}/")
    part = row.parts.get(name="list.csv")
    for path in ("file/", "raw/", f"parts/{part.id}/"):
        page(mara, f"/client/mail-in/{row.id}/{path}", 404)
    assert b"".join(dan_.get(f"/mail-in/{row.id}/parts/{part.id}/")).startswith(b"a,b")


@pytest.mark.both_databases
def test_what_the_page_would_refuse_waits_and_the_author_is_told_why() -> None:
    c = started(consent=True)
    to = address("provider")
    assert c.authorisation is not None
    dan(to, "Empty", "\n")
    dan(to, "Long", "x" * 20_001)
    dan(to, "Unfilled", "Dear {contact}, …")
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id, words="No more"))
    late = dan(to, "Late", "The password is in the safe.")
    titles = told(c)
    assert (
        titles[0] == "Your mail did not leave: Empty"
        and titles[1] == "Your mail did not leave: Long"
        and titles[-1] == "Your mail did not leave: Late"
    )
    waiting = InboundMail.objects.filter(state="waiting")
    assert waiting.count() == len(titles) and not Message.objects.filter(author_name="Dan Frey").exists()
    job = Job.objects.get(key=f"staff:{late.id.hex}:refused")
    refusal = accept_mail(actor=c.dan, mail_id=late.id)
    assert isinstance(refusal, Refusal), "and the page refuses it for the same reason"
    assert (
        refusal.sentence in job.payload["what"]
        and refusal.next_step in job.payload["next_step"]
        and late.decision == refusal.sentence
    )
    assert refusal.sentence in page(browser_of(c.dan), f"/mail-in/{late.id}/")


def test_one_note_an_hour_about_mails_in_somebody_s_name() -> None:
    c = started()
    for number in range(3):
        row = take(mail(f"Dan Frey <{DAN}>", address(), f"Forged {number}", "Pay now."), to=address())
        assert row.state == "waiting"
    assert told(c) == ["A mail says that it is from you, and nothing proves it"]


def test_a_mail_brought_in_as_a_file_sends_nothing() -> None:
    c = started(consent=True)
    to = address("provider")
    answer = signed(mail(f"Dan Frey <{DAN}>", to, "Re: Hello", "Ten is fine."), OURS)
    row = done(bring_mail(actor=c.ines, stream=BytesIO(answer), resolver=KNOWN))
    assert (row.state, row.road, row.client) == (
        "waiting",
        "upload",
        c.northwick,
    ) and "brought in as a file" in row.decision
    assert not Message.objects.filter(author_name="Dan Frey").exists()
    lost = mail("Stranger <who@knows.example>", "desk@harbourline.example")
    placed = done(bring_mail(actor=c.ines, stream=BytesIO(lost), client_id=c.northwick.id, resolver=KNOWN))
    assert (placed.state, placed.client) == ("held", c.northwick)
    assert Entry.objects.filter(type="mail.kept", actor_ref=c.ines.id).exists()
    for who, data, client, code in ((c.kerstin, lost, None, "not_your_role"), (c.mara, lost, None, "not_found"), (c.dan, lost, c.northwick.id, "not_your_role"),
                                    (c.ines, b"", None, "invalid_input"), (c.ines, lost, uuid4(), "not_found")):  # fmt: skip
        result = bring_mail(actor=who, stream=BytesIO(data), client_id=client, resolver=KNOWN)
        assert isinstance(result, Refusal) and result.code == code, (who.name, result)
    dan_ = browser_of(c.dan)
    assert "Bring a mail in" in page(dan_, "/mail-in/") and "Bring a mail in" not in page(
        browser_of(c.kerstin), "/mail-in/"
    )
    made = dan_.post("/mail-in/bring/", {"file": SimpleUploadedFile("a.eml", mail("b@knows.example", to))})
    assert (
        made.status_code == 302
        and InboundMail.objects.filter(from_address="b@knows.example", road="upload").exists()
    )
    assert dan_.post("/mail-in/bring/", {}).status_code == 302
