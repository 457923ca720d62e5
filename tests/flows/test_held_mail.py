# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the client does about a mail that was held: two buttons in the mail itself, and on the page they lead to (R1)."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions.authorisations.recipients import add_person
from partwell.actions.base import Deed
from partwell.actions.clients.set_pause import set_pause
from partwell.actions.correspondence.accept_mail import accept_mail
from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.disown_mail import disown_question
from partwell.actions.correspondence.free_held import free_due
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.releases import said as said_of
from partwell.actions.releases.said_marks import HELD, marks_of, parties_of
from partwell.records.authorisations.models import Recipient
from partwell.records.correspondence.models import Envelope, InboundMail, Message
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.jobs.models import Job
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.pauses import PauseReason
from partwell.workers.calendar import TASKS
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, done, propose, sign
from tests.flows.mail_cast import address, dns, mail, mail_comes_in, signed, take
from tests.flows.mail_parts import parted
from tests.flows.test_mail_in import THEO, started
from tests.flows.test_retention_pages import page, sent
from tests.support.worlds import World

NEED = "wrote to us about you, and we did not answer"


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def test_the_mail_to_the_client_has_both_buttons_and_following_one_notes_nothing() -> None:
    c = started()
    row = take(mail("Stranger <who@knows.example>", address()), to=address())
    told, here = Envelope.objects.get(kind="held_question"), f"/client/mail-in/{row.id}/"
    for words, path in (("Authorise them", f"{here}authorise/"), ("This is not ours", f"{here}not-ours/")):
        assert f"{words}:\nhttp" in told.text and f"{path}\n" in told.text
        assert f'{path}"' in told.html and f">{words}</a>" in told.html
    mara, leo = browser_of(c.mara), browser_of(c.leo)
    assert "You chose to authorise them" in page(mara, f"{here}authorise/")
    assert "You chose “This is not ours”" in page(mara, f"{here}not-ours/")
    row.refresh_from_db()
    assert row.decided_at is None and not Entry.objects.filter(type="mail.disowned").exists()
    assert not Message.objects.filter(author_kind="client").exists(), "a scanner of mail follows links"
    for path in ("authorise/", "not-ours/"):
        page(leo, f"{here}{path}", 404)


def test_what_we_need_from_the_client_leads_there_and_goes_when_it_is_not_theirs() -> None:
    c = started()
    row = take(mail("Stranger <who@knows.example>", address()), to=address())
    mara, ines = browser_of(c.mara), browser_of(c.ines)
    here, asked = f"/client/mail-in/{row.id}/", "Asked before consent"
    home = page(mara, "/client/")
    assert NEED in home and here in home and asked in page(ines, "/messages/")
    sent(mara, f"{here}not-ours/")
    assert NEED not in page(mara, "/client/") and asked not in page(ines, "/messages/")
    assert "Was that a mistake?" in page(mara, here), "two buttons lie side by side on a phone"


def test_a_mail_that_the_office_assigned_is_decided_by_the_client_all_the_same() -> None:
    c = started()
    row = take(mail(f"Theo Brandt <{THEO}>", "reply@parting.example"), to="reply@parting.example")
    done(assign_mail(actor=c.ines, mail_id=row.id, client_id=c.northwick.id))
    row.refresh_from_db()
    mara, here = browser_of(c.mara), f"/client/mail-in/{row.id}/"
    assert row.state == "held" and "This is not ours" in page(mara, here)
    assert sent(mara, f"{here}not-ours/") == here
    row.refresh_from_db()
    assert row.decided_by_name == "Mara Ellery"


def asked(c: Cast, subject: str = "Firewall") -> Message:
    """Theo's question behind the sign-in."""
    return done(write_message(actor=c.theo, client_id=c.northwick.id, draft=Draft(subject, "Which model is it?")))  # fmt: skip


def from_provider(sender: str = THEO, *, proved: bool = True, **more: str) -> InboundMail:
    raw = mail(sender, address(), **more)
    domain = sender.strip(">").rpartition("@")[2]
    return take(signed(raw, domain) if proved else raw, to=address(), resolver=dns(domain))


def shown_to(provider: Actor) -> str:
    """What was said, as a new provider's page has it."""
    return page(browser_of(provider), "/provider/messages/").partition("<ol")[2].partition("</ol>")[0]


def again(row: Any) -> Any:
    return type(row).objects.get(pk=row.pk)


@pytest.mark.both_databases
def test_a_question_in_the_portal_has_the_same_two_buttons_as_a_mail() -> None:
    c = started()
    row = asked(c)
    told, here = Envelope.objects.get(kind="held_question"), f"/client/questions/{row.id}/"
    for words, path in (("Authorise them", f"{here}authorise/"), ("This is not ours", f"{here}not-ours/")):
        assert f"{words}:\nhttp" in told.text and f"{path}\n" in told.text
        assert f'{path}"' in told.html and f">{words}</a>" in told.html
    mara, tom, leo = browser_of(c.mara), browser_of(c.tom), browser_of(c.leo)
    for url in ("/client/", "/client/messages/"):
        assert here in page(mara, url)
    assert "You chose to authorise them" in page(mara, f"{here}authorise/")
    assert "You chose “This is not ours”" in page(mara, f"{here}not-ours/")
    assert "Somebody who signs for you decides" in page(tom, here) and "<button" not in page(tom, here).split("<main")[1]  # fmt: skip
    assert not Message.objects.filter(author_kind="client").exists() and again(row).decided_at is None
    for path in ("", "authorise/", "not-ours/"):
        page(leo, f"{here}{path}", 404)
    assert disown_question(actor=c.tom, message_id=row.id).code == "not_your_role"
    for stranger in (c.leo, c.theo, c.ines):
        assert disown_question(actor=stranger, message_id=row.id).code in ("not_found", "not_your_role")
    for _ in range(2):  # a second press is the same message
        assert sent(mara, f"{here}authorise/") == here
    wish = Message.objects.get(author_kind="client")
    assert wish.answers == row and "Alder Row IT" in wish.subject
    propose(c)
    assert "/client/authorisations/" in sent(mara, f"{here}authorise/")
    assert Entry.objects.filter(type="message.disowned").count() == 0


@pytest.mark.both_databases
def test_a_question_that_is_not_theirs_is_settled_once_and_its_writer_learns_nothing() -> None:
    c = started()
    row, known = asked(c), shown_to(c.theo)
    mara, ines, here = browser_of(c.mara), browser_of(c.ines), f"/client/questions/{row.id}/"
    assert sent(mara, f"{here}not-ours/") == here
    assert again(row).decision == "Mara Ellery says that this is not theirs."
    assert "says that this is not theirs" in page(mara, here) and "says that this is not theirs" in page(ines, f"/messages/{row.id}/")  # fmt: skip
    assert "Asked before consent" not in page(ines, "/messages/") and here not in page(mara, "/client/")
    assert "This is not ours</button>" not in page(mara, here)
    office = Job.objects.get(kind="mail.office", payload__title="Mara Ellery says: this is not ours")
    assert "Theo Brandt, Alder Row IT" in office.payload["what"]
    assert disown_question(actor=c.mara, message_id=row.id).code == "mail_settled"
    assert Entry.objects.filter(type="message.disowned").count() == 1
    assert "Which model is it?" in known and shown_to(c.theo) == known, "nothing is told, not even this"
    assert not Envelope.objects.filter(to_provider=True).exists()
    sign(c)
    assert again(row).released_at is None, "what the client disowned, an authorisation does not free"


def test_whoever_only_reads_is_told_who_decides_and_has_no_buttons() -> None:
    c = started()
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        deed.save(c.contact(c.mara), email_state="bouncing", second_email_state="bouncing")
        deed.record("contact.address_failed", subjects=[c.mara.id], public={"contact": "Mara Ellery"})
    row = asked(c)
    told = Envelope.objects.get(kind="held_question")
    words = " ".join(told.text.split())
    assert (
        told.recipients[0]["name"] == "Tom Okafor" and "tell whoever signs for Northwick Traders Ltd" in words
    )
    assert "Authorise them" not in words and f"/client/questions/{row.id}/" in words
    assert "Mail to Mara Ellery comes back, so this came to you" in words


@pytest.mark.both_databases
def test_when_the_authorisation_takes_effect_what_was_held_is_in_the_conversation() -> None:
    c = started()
    question, unknown = asked(c), from_provider("Nina Holt <nina@alderrow.example>", Subject="Licences")
    held, bare = from_provider(Subject="Ports"), from_provider(proved=False, Subject="Backups")
    alike = from_provider("Theo Brandt <theo@alderr0w.example>", Subject="Keys")
    assert {one.state for one in (held, unknown, bare, alike)} == {"held"}
    nina = done(add_person(actor=c.ines, recipient_id=c.recipient.id, name="Nina Holt", email="nina@alderrow.example"))  # fmt: skip
    before = Envelope.objects.filter(to_provider=True).count()
    assert free_due(now=timezone.now()) == 0, "nobody has consented yet"
    consent = sign(c, person_ids=(c.theo.id, nina.id))
    for row in (question, held.message, unknown.message):
        now = again(row)
        assert (
            now.released_at
            and now.held
            and not now.waits_for_consent
            and now.decided_by_name == "Mara Ellery"
        )
        assert (now.audience, now.recipient, now.author_kind) == ("all", c.recipient, "provider")
    assert again(unknown.message).author_id == nina.id
    assert [again(one).state for one in (held, unknown, bare, alike)] == ["filed", "filed", "held", "held"]
    entries = Entry.objects.filter(type="message.freed")
    assert entries.count() == 3
    assert EntrySubject.objects.filter(subject_ref=consent.id, entry_index__in=entries.values("index")).count() == 3  # fmt: skip
    sent_since = Envelope.objects.filter(to_provider=True).exclude(kind="terms_invitation").count()
    assert sent_since == before, "nobody is answered by it"
    answer = Draft("Re: Licences", "Twelve.", "all", c.recipient.id, answers=unknown.message.id)
    assert (
        done(write_message(actor=c.ines, client_id=c.northwick.id, draft=answer)).answers == unknown.message
    )
    assert again(alike.message).waits_for_consent and again(alike.message).recipient is None
    home, said = page(browser_of(c.mara), "/client/"), page(browser_of(c.mara), "/client/messages/")
    assert said.count(">Decide</a>") == 2, "what looks alike, and what nothing proves"
    assert f"/client/mail-in/{alike.id}/" in home and f"/client/mail-in/{unknown.id}/" not in home
    assert said.count("Authorisation 1 of Northwick Traders names") == 3
    assert "Authorisation 1 of Northwick Traders names Theo Brandt" in page(browser_of(c.ines), f"/messages/{question.id}/")  # fmt: skip
    assert free_due(now=timezone.now()) == 0 and Entry.objects.filter(type="message.freed").count() == 3
    # What nothing proves is a person's to take in; what merely looks alike is nobody's.
    ines = browser_of(c.ines)
    assert "Consent stands by now" in page(ines, f"/mail-in/{bare.id}/")
    assert "Consent stands by now" not in page(ines, f"/mail-in/{alike.id}/")
    assert accept_mail(actor=c.ines, mail_id=alike.id).code == "mail_settled"
    assert accept_mail(actor=c.dan, mail_id=bare.id).code == "not_your_role"
    sent(ines, f"/mail-in/{bare.id}/accept/")
    assert again(bare).decision == "Ines Duarte took it as Theo Brandt's; consent stands."
    assert (
        again(bare).state == "filed"
        and again(bare.message).released_at
        and Entry.objects.filter(type="message.freed").count() == 4
    )


def test_an_authorisation_that_begins_later_frees_it_on_that_day() -> None:
    c = started()
    row, held = asked(c), from_provider()
    today = timezone.localdate()
    sign(c, terms=False, starts_on=today + timedelta(days=3), person_ids=(c.theo.id,))
    assert again(row).waits_for_consent and again(held).state == "held"
    assert free_due(now=timezone.now()) == 0
    later = timezone.now() + timedelta(days=4)
    assert TASKS["held questions whose consent came"](later) == 2 and free_due(now=later) == 0
    assert again(row).released_at == later and again(held).state == "filed"


def test_once_the_client_asked_for_an_authorisation_both_sides_say_so_and_the_next_mail_is_asked() -> None:
    c = started()
    row = take(mail("Stranger <who@knows.example>", address()), to=address())
    other = take(mail("Another <who@else.example>", address(), "An offer"), to=address())
    mara, ines = browser_of(c.mara), browser_of(c.ines)
    here, there = f"/client/mail-in/{row.id}/", f"/client/mail-in/{other.id}/"
    home = page(mara, "/client/")
    assert here in home and there in home
    assert sent(mara, f"{here}authorise/") == here
    shown, home = page(mara, here), page(mara, "/client/")
    assert "Mara Ellery asked us on" in shown and ">Authorise them</button>" not in shown
    assert ">This is not ours</button>" in shown and here not in home and there in home
    assert "Mara Ellery asks for an authorisation to sign" in page(ines, "/messages/")
    assert "The client wants them authorised" in page(ines, f"/mail-in/{row.id}/")
    assert "The client decides" in page(ines, f"/mail-in/{other.id}/")
    assert "Mara Ellery asked on" in page(ines, f"/messages/{row.message_id}/")


def test_what_to_be_careful_of_stands_above_the_buttons_and_no_rule_is_named() -> None:
    c = started()
    row = take(mail("Theo Brandt <theo@alderr0w.example>", address()), to=address())
    for who, url, button in ((c.mara, f"/client/mail-in/{row.id}/", ">Authorise them<"), (c.ines, f"/mail-in/{row.id}/", ">Drop it<")):  # fmt: skip
        shown = page(browser_of(who), url)
        assert shown.index("looks like alderrow.example") < shown.index(button) and "(R1)" not in shown
    assert page(browser_of(c.ines), "/mail-in/").count("Nothing proves that it comes from") == 1


def test_what_waits_for_a_reading_is_on_top_for_whoever_may_read_it() -> None:
    c = started()
    done(set_pause(actor=c.jonah, client_id=c.northwick.id, ground=PauseReason.RIVAL_SIGNATORIES, note="Two directors disagree."))  # fmt: skip
    row = done(
        write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("Your complaint", "We looked."))
    )
    dan = browser_of(c.dan)
    assert "Not left yet" in page(dan, "/messages/") and "It leaves by itself on" in page(dan, "/messages/")
    assert sent(dan, f"/messages/{row.id}/send-now/") == f"/messages/{row.id}/"
    assert "Not left yet" not in page(dan, "/messages/")


def test_an_exported_correspondence_says_until_when_it_was_held_and_what_was_disowned() -> None:
    c = started()
    freed, not_theirs = asked(c, "Ports"), asked(c, "Keys")
    done(disown_question(actor=c.mara, message_id=not_theirs.id))
    lines: Any = [SimpleNamespace(key=SimpleNamespace(kind="message", id=row.id), facts={"held": True}, mails=[]) for row in (freed, not_theirs)]  # fmt: skip
    before = marks_of(lines, "client", "Europe/Berlin")
    assert before[freed.id].held == [HELD]
    assert before[not_theirs.id].held[0] == HELD and before[not_theirs.id].held[1].startswith("Disowned: ")
    sign(c)
    after = marks_of(lines, "provider", "Europe/Berlin")
    assert after[freed.id].held[0].startswith("Held until ") and after[not_theirs.id].held == [HELD]


def test_the_mail_itself_warns_of_a_look_alike_and_names_address_and_files() -> None:
    """Who decides from the mail, on a phone, sees before the buttons what stands above them on the page."""
    started()
    raw = parted("Theo Brandt <theo@alderow.example>", address())
    row = take(raw, to=address())
    told = Envelope.objects.get(kind="held_question")
    for words in (told.text, told.html):
        before = words.partition("Authorise them")[0]
        assert "looks like alderrow.example" in " ".join(before.split()) and "theo@alderow.example" in before
        assert "list.csv" in before and "Nothing proves" in " ".join(before.split())
    assert row.warnings


def test_a_provider_s_files_are_not_called_released_in_the_client_s_copy() -> None:
    c = started()
    sign(c)
    take(parted(f"Theo Brandt <{THEO}>", address()), to=address())
    told = Envelope.objects.filter(kind="message").latest("queued_at").text
    assert "list.csv" in told and "Released with it" not in told
    assert "Nothing proves that it comes from" in " ".join(told.split())


def test_many_mails_of_one_sender_are_one_line_of_what_we_need_from_the_client() -> None:
    c = started()
    rows = [
        take(mail("Stranger <who@knows.example>", address(), f"No {one}"), to=address()) for one in range(3)
    ]
    mara = browser_of(c.mara)
    home = page(mara, "/client/")
    assert home.count(NEED) == 1 and "There are 3 of these" in home
    for row in reversed(rows):
        assert NEED in page(mara, "/client/")
        sent(mara, f"/client/mail-in/{row.id}/not-ours/")
    assert NEED not in page(mara, "/client/")


def test_the_exported_correspondence_names_the_address_and_cautions_as_the_page_does() -> None:
    c = started()
    row = take(signed(mail("Theo Brandt <theo@alderow.example>", address()), "alderow.example") + b"changed", to=address(), resolver=dns("alderow.example"))  # fmt: skip
    assert row.auth["proof"] == "failed" and row.message_id is not None
    found = said_of.keys(c.northwick.id)
    came = marks_of(said_of.load(found, "client", c.northwick.id, None), "client", "UTC")[row.message_id].came
    assert "may be forged, or was changed on its way" in came[1], (
        "a broken signature is no word of the domain"
    )
    assert any("looks like alderrow.example" in one for one in came[2:])
    assert any("theo@alderow.example" in one for one in parties_of(c.northwick.id, found, "client", "N", ""))


def test_an_authorisation_for_somebody_unknown_begins_with_what_the_mail_said() -> None:
    """From the held mail to the form that names its sender: nothing is typed twice, and a caution goes along."""
    c = started()
    ines, path = browser_of(c.ines), f"/clients/{c.northwick.id}/consent/"
    row = take(mail("Nora Alder <nora@alder-r0w.example>", address(), "Hello"))
    link = f"{path}?mail={row.id}"
    assert link in page(ines, f"/mail-in/{row.id}/")
    shown = page(ines, link)
    assert (
        "Nora Alder wrote, and is not on file" in shown
        and "alder-r0w.example looks like alderrow.example" in shown
    )
    answer = ines.post(f"{path}firms/?mail={row.id}", {"firm": "Alder R0W", "kind": "new_provider"})
    firm = Recipient.objects.get(firm="Alder R0W")
    assert answer.headers["Location"] == f"{link}#firm-{firm.id}"
    assert 'value="nora@alder-r0w.example"' in page(ines, link)
    wrote = {"name": "Nora Alder", "email": "nora@alder-r0w.example"}
    answer = ines.post(f"{path}firms/{firm.id}/people/?mail={row.id}", wrote)
    assert answer.headers["Location"] == f"{path}firms/{firm.id}/authorise/"
    page(ines, answer.headers["Location"])
    # Of another client's mail, or of none, nothing is filled in.
    for other in (f"/clients/{c.quayside.id}/consent/?mail={row.id}", f"{path}?mail=nonsense"):
        assert "nora@" not in page(ines, other).replace("nora@alder-r0w.example · has not accepted", "")
