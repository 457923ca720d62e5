# SPDX-License-Identifier: AGPL-3.0-or-later
"""Staff forward what reached them privately: it is filed under its original sender and date, and never sent as their own (R1, R2, R4)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from partwell.actions.correspondence.file_forwarded import Said, file_as_forwarded
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.evidence.check import check_ledger
from partwell.actions.files import read_file
from partwell.actions.releases import said
from partwell.entrypoints.theme.formats import digest_groups
from partwell.records.correspondence.models import Envelope, InboundMail, Message
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.people.models import StaffMember
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, done
from tests.flows.mail_cast import address, mail, mail_comes_in, signed, take
from tests.flows.mail_forwards import DAN, INLINE, THEO, WORDS, attached, original
from tests.flows.test_mail_in import KNOWN, MARA, started
from tests.flows.test_retention_pages import page, sent
from tests.support.worlds import World

OURS = "harbourline.example"
WHEN = datetime(2024, 10, 7, 8, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def ready(*, consent: bool = False) -> Cast:
    return started(consent=consent)


def dan(text: str, subject: str = "Fwd: Firewall", to: str = "", **headers: str) -> InboundMail:
    """A mail of Dan's, signed by our own domain, to the departure's address."""
    to = to or address()
    return take(signed(mail(f"Dan Frey <{DAN}>", to, subject, text, **headers), OURS), to=to, resolver=KNOWN)


def whole(*originals: bytes, **more: Any) -> InboundMail:
    to = address()
    return take(signed(attached(*originals, to=to, **more), OURS), to=to, resolver=KNOWN)


def refused(result: object, code: str) -> None:
    assert isinstance(result, Refusal) and result.code == code, result


def never_sent(row: InboundMail) -> None:
    """Nothing of it went to a new provider, and nothing as Dan's words."""
    assert not Envelope.objects.filter(to_provider=True, message=row.message).exists()
    assert not Message.objects.filter(author_name="Dan Frey").exists()


def test_forwards_are_filed_under_their_original_sender_and_date() -> None:
    """Every program's form is read in tests/importers/test_mail_forward.py; here two go the whole way."""
    c = ready()
    for form in ("gmail en", "outlook de"):
        subject, text = INLINE[form]
        row = dan(f"FYI\n\n{text}", subject)
        assert row.state == "held", row.decision
        assert (row.from_name, row.from_address, row.sent_at, row.subject) == (
            "Theo Brandt",
            THEO,
            WHEN,
            "Firewall",
        )
        assert (row.person.id if row.person else None, row.recipient, row.staff) == (
            c.theo.id,
            c.recipient,
            None,
        )
        message = Message.objects.get(inbound=row)
        assert (message.author_name, message.author_kind, message.written_at, message.text) == (
            "Theo Brandt",
            "provider",
            WHEN,
            WORDS,
        )
        assert (
            message.held
            and row.forwarded_by is not None
            and row.forwarded_by.name == "Dan Frey"
            and row.forwarded_at is not None
        )
        assert row.auth["proof"] == "none" and "keep no signature" in row.auth["dkim"]["why"]
        assert row.auth["forward"]["carrier"]["proof"] == "dkim"
        never_sent(row)


@pytest.mark.both_databases
def test_a_forward_of_an_unauthorised_provider_is_held_and_the_client_decides() -> None:
    c = ready()
    row = dan(f"He wrote to me again, annoying.\n\n{INLINE['gmail en'][1]}")
    told = Envelope.objects.get(kind="held_question")
    assert [one["address"] for one in told.recipients] == [MARA] and "Dan Frey" in told.text
    assert "annoying" not in told.text and WORDS.split("\n")[0] in told.text
    assert not Envelope.objects.filter(kind="fixed_acknowledgement").exists()
    mara, ines = browser_of(c.mara), browser_of(c.ines)
    shown = page(mara, f"/client/mail-in/{row.id}/")
    for words in (
        "Authorise them",
        "This is not ours",
        "forwarded by Dan Frey on",
        "Not provable",
        "Which model is the firewall?",
    ):
        assert words in shown, words
    assert "annoying" not in shown and "annoying" not in page(mara, "/client/messages/")
    assert "forwarded by Dan Frey on" in page(mara, "/client/messages/")
    for path in ("file/", "raw/"):
        page(mara, f"/client/mail-in/{row.id}/{path}", 404)
    assert row.message is not None
    staff = page(ines, f"/messages/{row.message.id}/")
    assert "forwarded by Dan Frey on" in staff and "Not provable" in staff
    assert "annoying" in page(ines, f"/mail-in/{row.id}/") and b"annoying" in read_file(row.raw)
    assert "annoying" in ines.get(f"/mail-in/{row.id}/raw/").content.decode()
    assert "forwarded by Dan Frey on" in page(ines, f"/clients/{c.northwick.id}/messages/")
    entry = Entry.objects.get(type="message.held")
    assert entry.client_ref == c.northwick.id and check_ledger().ok
    assert Job.objects.get(kind="mail.staff").payload["title"] == "Filed as forwarded: Firewall"
    never_sent(row)


@pytest.mark.both_databases
def test_an_original_attached_whole_is_judged_by_its_own_signature() -> None:
    c = ready(consent=True)
    inner = signed(original(parts=True), "alderrow.example")
    row = whole(inner, text="See below.")
    assert row.state == "filed" and row.auth["proof"] == "dkim" and row.warnings == []
    assert row.auth["domain"] == "alderrow.example" and row.auth["dns"]
    message = Message.objects.get(inbound=row)
    assert (message.audience, message.recipient, message.text) == ("all", c.recipient, WORDS)
    copy = Envelope.objects.get(message=message)
    assert (
        [one["address"] for one in copy.recipients] == [MARA]
        and "Forwarded to us by" in copy.text
        and "See below" not in copy.text
    )
    names = [part.name for part in row.parts.order_by("position")]
    assert names == ["Firewall.eml", "list.csv"]
    mara, ines = browser_of(c.mara), browser_of(c.ines)
    shown = page(mara, f"/client/mail-in/{row.id}/")
    assert (
        "list.csv" in shown
        and "Proved: its signature (DKIM) is of alderrow.example" in shown
        and "See below" not in shown
    )
    assert b"".join(mara.get(f"/client/mail-in/{row.id}/file/")) == inner
    own, whole_forward = digest_groups(row.auth["forward"]["sha256"]), digest_groups(row.raw_sha256)
    assert own in shown and whole_forward not in shown, "the digest is that of the file beside it"
    assert b"See below." in b"".join(ines.get(f"/mail-in/{row.id}/file/")), "the whole forward is kept for us"
    assert Entry.objects.filter(type="message.forwarded").count() == 1
    exported = next(
        one
        for one in said.load(said.keys(c.northwick.id), "client", c.northwick.id, None)
        if one.key.id == message.id
    )
    assert "forwarded by Dan Frey" in exported.who and exported.mails[-1].raw is not None
    assert read_file(exported.mails[-1].raw) == inner and "raw" in [what for what, *_ in exported.proofs]
    never_sent(row)


def test_a_broken_signature_inside_waits_and_a_forged_one_proves_nothing() -> None:
    ready()
    row = whole(signed(original(), "alderrow.example").replace(b"Which model", b"Whose model"))
    assert row.state == "waiting" and "signature" in row.decision and row.message is None
    assert whole(original(Subject="Another"), subject="Fwd: Another").auth["proof"] == "none"


def test_a_forwarded_mail_of_the_client_and_of_somebody_unknown() -> None:
    ready()
    text = INLINE["gmail en"][1]
    mine = dan(text.replace(THEO, MARA).replace("Theo Brandt", "Mara Ellery"))
    assert (mine.state, mine.sender_kind, mine.contact.name if mine.contact else "") == (
        "filed",
        "client",
        "Mara Ellery",
    )
    assert (
        Message.objects.get(inbound=mine).audience == "client"
        and not Envelope.objects.filter(message=mine.message).exists()
    )
    theirs = dan(text.replace(THEO, "who@knows.example").replace("Theo Brandt", "Stranger"), "Fwd: Other")
    assert (theirs.state, theirs.sender_kind) == ("held", "unknown")


def test_what_cannot_be_told_for_sure_waits_for_the_staff_member() -> None:
    c = ready(consent=True)
    text, inner = INLINE["gmail en"][1], original(Subject="Here already")
    take(inner, to=address())
    unreadable = attached(b"\xd0\xcf\x11\xe0 not a mail", to=address())
    rows = {
        "two": whole(original(), original(Subject="Other")),
        "here": whole(inner, subject="Fwd: Here already"),
        "unreadable": take(signed(unreadable, OURS), to=address(), resolver=KNOWN),
        "to a provider": dan(text, to=address("provider")),
        "no address": dan(text.replace(f"<{THEO}>", "")),
        "no date": dan(text.replace("Mon, Oct 7, 2024 at 10:12 AM", "10/7/2024")),
        "of us": dan(text.replace(THEO, "ines@harbourline.example")),
        "long": dan("Dear Mara, " * 40 + "\n\n" + text),
        "no header": dan("See what he says."),
        "quoting": dan(text, "Re: Firewall", In_Reply_To="<elsewhere@alderrow.example>"),
    }
    for why, row in rows.items():
        assert (
            row.state == "waiting"
            and row.message is None
            and row.decision.startswith("Dan Frey says what this is")
        ), (why, row.decision)
        job = Job.objects.get(key=f"staff:{row.id.hex}:unsure")
        assert job.payload["path"] == f"/mail-in/{row.id}/" and job.payload["staff"] == c.dan.id.hex
    assert not Message.objects.filter(author_name="Dan Frey").exists()
    shown = page(browser_of(c.dan), f"/mail-in/{rows['two'].id}/")
    assert "File as forwarded" in shown and "This was me" in shown


@pytest.mark.both_databases
def test_file_as_forwarded_with_sender_and_date_filled_in_and_changed() -> None:
    c = ready()
    to = address()
    row = take(mail(f"Dan Frey <{DAN}>", to, "Fwd: Firewall", INLINE["outlook de"][1]), to=to)
    assert row.state == "waiting" and "nothing proves it" in row.decision
    dan_, ines = browser_of(c.dan), browser_of(c.ines)
    shown = page(dan_, f"/mail-in/{row.id}/")
    assert (
        f'value="{THEO}"' in shown and 'value="2024-10-07T10:12"' in shown and 'value="Theo Brandt"' in shown
    )
    assert "File as forwarded" not in page(ines, f"/mail-in/{row.id}/")
    here = f"/mail-in/{row.id}/forwarded/"
    given = {"name": "Theo Brandt", "address": THEO, "written_at": "2024-10-07T10:12", "subject": "Firewall"}
    sent(ines, here, given, 409)
    assert "Give a day and an hour" in sent(dan_, here, {**given, "written_at": "yesterday"}, 422)
    sent(dan_, here, {**given, "address": "nonsense"}, 422)
    sent(dan_, here, {**given, "address": "ines@harbourline.example"}, 422)
    sent(dan_, here, {**given, "written_at": "2999-01-01T10:00"}, 422)
    to_page = sent(dan_, here, given)
    row.refresh_from_db()
    message = Message.objects.get(inbound=row)
    assert (
        to_page == f"/messages/{message.id}/"
        and row.state == "held"
        and message.held
        and message.text == WORDS
    )
    assert (message.author_name, message.written_at) == ("Theo Brandt", WHEN) and row.auth["forward"][
        "carrier"
    ]["proof"] == "none"
    sent(dan_, here, given, 409)
    never_sent(row)
    assert check_ledger().ok


def test_what_is_changed_by_hand_proves_nothing() -> None:
    c = ready()
    row = whole(signed(original(), "alderrow.example"), original(Subject="Other"))
    assert row.state == "waiting"
    moved = Said("Somebody", "who@knows.example", WHEN, "Firewall")
    refused(file_as_forwarded(actor=c.ines, mail_id=row.id, said=moved), "mail_not_yours")
    refused(file_as_forwarded(actor=c.mara, mail_id=row.id, said=moved), "not_found")
    refused(file_as_forwarded(actor=c.dan, mail_id=uuid4(), said=moved), "not_found")
    refused(file_as_forwarded(actor=c.kerstin, mail_id=row.id, said=moved), "not_your_role")
    refused(file_as_forwarded(actor=c.dan, mail_id=row.id, said=Said("A\nB", THEO, WHEN)), "header_injection")
    done(file_as_forwarded(actor=c.dan, mail_id=row.id, said=moved))
    row.refresh_from_db()
    assert (row.state, row.auth["proof"], row.auth["forward"]["how"]) == ("held", "none", "hand")
    page(browser_of(c.mara), f"/client/mail-in/{row.id}/file/", 404)


def test_a_forward_by_somebody_who_may_not_write_or_is_not_proved_files_nothing() -> None:
    ready()
    to, text = address(), INLINE["gmail en"][1]
    auditor = take(
        signed(mail("kerstin@harbourline.example", to, "Fwd: Firewall", text), OURS), to=to, resolver=KNOWN
    )
    assert auditor.state == "waiting" and auditor.forwarded_by is None
    forged = signed(mail(f"Dan Frey <{DAN}>", to, "Fwd: Firewall", text), OURS).replace(
        b"Which model", b"Whose model"
    )
    assert take(forged, to=to, resolver=KNOWN).state == "waiting"
    assert not Message.objects.filter(held=True).exists()


def test_others_forwards_are_their_own_words_and_their_mails_stay_unopened() -> None:
    ready()
    to = address()
    row = take(
        attached(original(parts=True), to=to, text="See this.", sender="Tom Okafor <tom@northwick.example>"),
        to=to,
    )
    assert (
        (row.state, row.sender_kind) == ("filed", "client")
        and row.forwarded_by is None
        and "forward" not in row.auth
    )
    assert [part.name for part in row.parts.all()] == ["Firewall.eml"]


def test_a_forward_joins_the_thread_of_its_original() -> None:
    c = ready(consent=True)
    out = Envelope.objects.get(to_provider=True, kind="message")
    row = whole(original(In_Reply_To=out.internet_message_id))
    assert Message.objects.get(inbound=row).answers == out.message
    assert row.internet_message_id and row.auth["forward"]["carrier_message_id"] != row.internet_message_id
    assert c.recipient == row.recipient and StaffMember.objects.get(pk=c.dan.id) == row.forwarded_by
    done(
        write_message(
            actor=c.ines,
            client_id=c.northwick.id,
            draft=Draft("Answer", "By page.", "all", c.recipient.id, row.message_id),
        )
    )
