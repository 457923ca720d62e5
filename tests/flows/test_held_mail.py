# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the client does about a mail that was held: two buttons in the mail itself, and on the page they lead to (R1)."""

from collections.abc import Iterator

import pytest

from partwell.actions.clients.set_pause import set_pause
from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.evidence.models import Entry
from partwell.rules.pauses import PauseReason
from tests.flows.browser_of import browser_of
from tests.flows.cast import done
from tests.flows.mail_cast import address, mail, mail_comes_in, take
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
