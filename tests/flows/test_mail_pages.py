# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of mail that came in: what waits and who settles it, what a message page shows of its mail, the client's word on held mail."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence.accept_mail import accept_mail
from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.disown_mail import disown_mail
from partwell.actions.correspondence.drop_mail import drop_mail
from partwell.actions.correspondence.roads import secret_of
from partwell.actions.evidence.check import check_ledger
from partwell.actions.files import read_file
from partwell.actions.keys import blob_store
from partwell.actions.retention import office
from partwell.entrypoints.door.mail_in import sanitised
from partwell.records.correspondence.models import Envelope, InboundMail, Message, Road
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import AccountMail
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import done, propose
from tests.flows.mail_cast import address, mail, mail_comes_in, signed, take
from tests.flows.mail_parts import parted
from tests.flows.test_mail_in import DAN, KNOWN, MARA, THEO, started
from tests.flows.test_retention_pages import page, sent
from tests.support.worlds import World


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


def refused(result: object, code: str) -> Refusal:
    assert isinstance(result, Refusal) and result.code == code, result
    return result


def nobodys(sender: str = "Stranger <who@knows.example>") -> InboundMail:
    row = take(parted(sender, "reply@parting.example"), to="reply@parting.example")
    assert row.state == "unmatched" and row.client_id is None
    return row


@pytest.mark.both_databases
def test_a_mail_of_nobody_is_assigned_and_moves_under_the_clients_key() -> None:
    c = started()
    row = nobodys(f"Theo Brandt <{THEO}>")
    raw, blob = read_file(row.raw), row.raw.blob_id
    refused(assign_mail(actor=c.dan, mail_id=row.id, client_id=c.northwick.id), "not_your_role")
    refused(assign_mail(actor=c.mara, mail_id=row.id, client_id=c.northwick.id), "not_found")
    refused(assign_mail(actor=c.ines, mail_id=row.id, client_id=uuid4()), "not_found")
    done(assign_mail(actor=c.ines, mail_id=row.id, client_id=c.northwick.id))
    row.refresh_from_db()
    assert (row.state, row.client, row.recipient) == ("held", c.northwick, c.recipient)
    assert row.raw.client == c.northwick and row.raw.unit.client == c.northwick and read_file(row.raw) == raw
    assert all(one.file.client == c.northwick for one in row.parts.all()) and row.parts.count() == 2
    assert not blob_store().exists(blob) and check_ledger().ok
    assert row.message is not None and row.message.held and row.offboarding is not None
    assert Envelope.objects.filter(kind="held_question").count() == 1
    assert not Envelope.objects.filter(to_provider=True).exists()
    assert Entry.objects.filter(type="mail.assigned").count() == 1
    refused(assign_mail(actor=c.ines, mail_id=row.id, client_id=c.quayside.id), "mail_settled")
    again = take(raw, to="reply@parting.example")
    assert again.id == row.id, "the same mail by another road is the same mail"


def test_an_assigned_mail_of_staff_waits_for_that_person() -> None:
    c = started()
    raw = signed(
        mail(f"Dan Frey <{DAN}>", "reply@parting.example", "Note", "All well."), "harbourline.example"
    )
    row = take(raw, to="reply@parting.example", resolver=KNOWN)
    assert row.state == "unmatched"
    done(assign_mail(actor=c.ines, mail_id=row.id, client_id=c.northwick.id))
    row.refresh_from_db()
    assert row.state == "waiting" and row.staff is not None and row.message is None
    refused(accept_mail(actor=c.ines, mail_id=row.id), "mail_not_yours")
    done(accept_mail(actor=c.dan, mail_id=row.id))
    row.refresh_from_db()
    assert row.state == "filed" and row.message is not None and row.message.author_name == "Dan Frey"
    assert Envelope.objects.filter(message=row.message).count() == 1


def test_a_copy_of_what_the_client_has_is_not_assigned_twice() -> None:
    c = started()
    raw = mail("Stranger <who@knows.example>", address(), Message_ID="")
    take(raw, to=address())
    row = take(raw, to="reply@parting.example")
    if row.state == "unmatched":  # without a Message-ID nothing says that it is the same mail
        refused(assign_mail(actor=c.ines, mail_id=row.id, client_id=c.northwick.id), "mail_is_a_copy")
    done(drop_mail(actor=c.ines, mail_id=row.id, reason="A copy"))


@pytest.mark.both_databases
def test_an_unproved_answer_of_staff_is_theirs_only_if_they_say_so_and_passes_the_gate() -> None:
    c = started(consent=True)
    to = address("provider")
    row = take(parted(f"Dan Frey <{DAN}>", to), to=to)
    assert row.state == "waiting"
    ines, dan = browser_of(c.ines), browser_of(c.dan)
    assert "This was me" not in page(ines, f"/mail-in/{row.id}/") and "Only Dan Frey" in page(
        ines, f"/mail-in/{row.id}/"
    )
    sent(ines, f"/mail-in/{row.id}/accept/", status=409)
    assert "This was me" in page(dan, f"/mail-in/{row.id}/")
    to_page = sent(dan, f"/mail-in/{row.id}/accept/")
    message = Message.objects.get(author_name="Dan Frey")
    assert (
        to_page == f"/messages/{message.id}/"
        and message.recipient == c.recipient
        and message.audience == "all"
    )
    out = Envelope.objects.get(message=message)
    assert (
        out.to_provider
        and {one["role"] for one in out.recipients} >= {"client", "provider"}
        and not out.documents
    )
    sent(dan, f"/mail-in/{row.id}/accept/", status=409)
    assert Message.objects.filter(author_name="Dan Frey").count() == 1 and check_ledger().ok


def test_the_gate_refuses_what_it_would_refuse_on_the_page() -> None:
    c = started(consent=True)
    to = address("provider")
    assert c.authorisation is not None
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id, words="No more"))
    row = take(mail(f"Dan Frey <{DAN}>", to, "Hello", "The password is in the safe."), to=to)
    assert isinstance(accept_mail(actor=c.dan, mail_id=row.id), Refusal)
    row.refresh_from_db()
    assert row.state == "waiting" and not Message.objects.filter(author_name="Dan Frey").exists()


def test_the_office_takes_in_a_clients_mail_as_unproved_and_never_as_consent() -> None:
    c = started()
    row = take(mail(f"Mara Ellery <{MARA}>", address(), "I agree", "Release it all."), to=address())
    refused(accept_mail(actor=c.dan, mail_id=row.id), "not_your_role")
    done(accept_mail(actor=c.ines, mail_id=row.id))
    row.refresh_from_db()
    assert row.state == "filed" and row.message is not None
    assert (row.message.author_name, row.message.audience) == ("Mara Ellery", "client")
    assert "nothing proved it" in row.decision and "Nothing proves" in " ".join(row.warnings)
    shown = page(browser_of(c.ines), f"/messages/{row.message.id}/")
    assert "Not proved" in shown and "Nothing proves" in shown


def test_what_waits_is_listed_and_dropped_with_a_reason() -> None:
    c = started()
    row = nobodys()
    ines, dan, kerstin = (browser_of(one) for one in (c.ines, c.dan, c.kerstin))
    assert "1 mail that waits" in page(ines, "/messages/")
    for show in ("", "?show=unmatched"):
        listed = page(kerstin, f"/mail-in/{show}")
        assert (
            "who@knows.example" in listed
            and "Nothing proves that it comes from knows.example" in listed
            and "reply@parting.example" in listed
        )
    assert "Nothing waits" in page(ines, "/mail-in/?show=held")
    assert "Drop it" not in page(dan, f"/mail-in/{row.id}/") and "Drop it" in page(
        ines, f"/mail-in/{row.id}/"
    )
    sent(dan, f"/mail-in/{row.id}/drop/", {"reason": "No"}, 409)
    sent(ines, f"/mail-in/{row.id}/drop/", {"reason": " "}, 422)
    assert sent(ines, f"/mail-in/{row.id}/drop/", {"reason": "An advertisement"}) == "/mail-in/"
    row.refresh_from_db()
    assert row.state == "dropped" and row.decision == "An advertisement" and read_file(row.raw)
    assert Entry.objects.filter(type="mail.dropped").count() == 1
    sent(ines, f"/mail-in/{row.id}/drop/", {"reason": "Again"}, 409)
    assert "An advertisement" in page(ines, f"/mail-in/{row.id}/")


def test_a_message_page_shows_its_mail_and_strangers_words_stay_in_a_sandbox() -> None:
    c = started()
    row = take(parted("tom@northwick.example", address(), Cc="Theo <theo@alderrow.example>"), to=address())
    assert row.message is not None
    ines = browser_of(c.ines)
    shown = page(ines, f"/messages/{row.message.id}/")
    for words in (
        "Plain words first.",
        "tom@northwick.example",
        "theo@alderrow.example",
        "our mail server",
        "list.csv",
        "Not proved",
        row.raw_sha256[:4],
    ):
        assert words in shown, words
    assert "steal()" not in shown and "spy.example" not in shown
    here = f"/mail-in/{row.id}"
    html = ines.get(f"{here}/html/")
    body = html.content.decode()
    assert "Good <b>day</b>" in body and not any(
        bad in body for bad in ("script", "steal", "img", "spy", "onclick", "javascript")
    )
    policy = html.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox;") and "default-src 'none'" in policy and "img-src 'none'" in policy
    raw = ines.get(f"{here}/raw/")
    assert (
        raw.headers["Content-Type"].startswith("text/plain")
        and b"onclick" in raw.content
        and "sandbox" in raw.headers["Content-Security-Policy"]
    )
    assert raw.headers["X-Content-Type-Options"] == "nosniff"
    whole = ines.get(f"{here}/file/")
    assert b"".join(whole) == read_file(row.raw) and "attachment" in whole.headers["Content-Disposition"]
    part = row.parts.get(name="list.csv")
    file = ines.get(f"{here}/parts/{part.id}/")
    assert b"1,2" in b"".join(file) and "attachment" in file.headers["Content-Disposition"]
    page(ines, f"{here}/parts/{uuid4()}/", 404)
    page(ines, "/mail-in/nonsense/", 404)


def test_sanitising_takes_what_would_load_run_or_lie_outside() -> None:
    for bad in (
        '<svg><script>x</script></svg>', '<a href="data:text/html,x">x</a>', '<form action="https://spy.example"><input></form>', "<style>@import 'https://spy.example'</style>",
        '<table background="https://spy.example/x"><td background="https://spy.example/y">x</td></table>', '<meta http-equiv="refresh" content="0;url=https://spy.example">',
        '<math><mtext><img src=x onerror=x></mtext></math>', '<video src="https://spy.example/v"></video>', '<link rel=stylesheet href="https://spy.example">', '<base href="https://spy.example">',
    ):  # fmt: skip
        clean = sanitised(bad)
        assert not any(
            word in clean for word in ("spy.example", "script", "onerror", "data:", "<img", "<form", "<svg")
        ), (bad, clean)
    assert "deep" in sanitised("<div>" * 20_000 + "deep")


# --- the client ---------------------------------------------------------------------------------------------------


@pytest.mark.both_databases
def test_the_client_says_of_a_held_mail_that_it_is_not_theirs_and_the_office_sees_it() -> None:
    c = started()
    row = take(parted("Stranger <who@knows.example>", address()), to=address())
    mara, tom, leo, ines = (browser_of(one) for one in (c.mara, c.tom, c.leo, c.ines))
    here = f"/client/mail-in/{row.id}/"
    assert here in page(mara, "/client/messages/")
    shown = page(mara, here)
    assert (
        "Authorise them" in shown
        and "This is not ours" in shown
        and "who@knows.example" in shown
        and "list.csv" in shown
    )
    assert "Authorise them" not in page(tom, here)
    sent(tom, f"{here}not-ours/", status=409)
    assert sent(mara, f"{here}not-ours/") == here
    row.refresh_from_db()
    assert row.state == "held" and row.decided_by_name == "Mara Ellery"
    assert (
        Entry.objects.filter(type="mail.disowned").count() == 1
        and not Envelope.objects.filter(to_provider=True).exists()
    )
    note = Job.objects.get(kind="mail.office", key=f"office:disowned:{row.id.hex}")
    assert "this is not ours" in note.payload["title"] and note.payload["path"] == f"/mail-in/{row.id}/"
    assert (
        office.run(note) == {"sent": True}
        and AccountMail.objects.filter(to="desk@harbourline.example").count() == 1
    )
    sent(mara, f"{here}not-ours/", status=409)
    assert Job.objects.filter(key__startswith="office:disowned:").count() == 1
    assert "Mara Ellery says that this is not theirs" in page(mara, here)
    assert "The client says it is not theirs" in page(ines, "/mail-in/") and "1 mail that waits" in page(
        ines, "/messages/"
    )
    for path in ("", "file/", "raw/", "html/", f"parts/{row.parts.all()[0].id}/"):
        page(leo, f"{here}{path}", 404)
    sent(leo, f"{here}not-ours/", status=404)
    sent(leo, f"{here}authorise/", status=404)
    assert check_ledger().ok


def test_authorise_leads_to_the_words_to_sign_or_asks_for_them_once() -> None:
    c = started()
    row = take(mail(f"Theo Brandt <{THEO}>", address()), to=address())
    mara = browser_of(c.mara)
    here = f"/client/mail-in/{row.id}/"
    assert sent(mara, f"{here}authorise/") == here
    sent(mara, f"{here}authorise/")
    asked = Message.objects.filter(subject="Please prepare an authorisation for Theo Brandt")
    assert [one.author_name for one in asked] == ["Mara Ellery"] and asked[0].answers == row.message
    assert asked[0].audience == "client"
    proposed = propose(c)
    assert sent(mara, f"{here}authorise/") == f"/client/authorisations/{proposed.id}/"


def test_a_client_sees_no_mail_that_waits_and_a_provider_none_at_all() -> None:
    c = started(consent=True)
    waits = take(parted(f"Dan Frey <{DAN}>", address("provider")), to=address("provider"))
    filed = take(parted("tom@northwick.example", address()), to=address())
    mara, theo, leo = browser_of(c.mara), browser_of(c.theo), browser_of(c.leo)
    page(mara, f"/client/mail-in/{waits.id}/", 404)
    assert "Plain words first." in page(mara, f"/client/mail-in/{filed.id}/")
    html = mara.get(f"/client/mail-in/{filed.id}/html/")
    assert b"steal" not in html.content and "sandbox" in html.headers["Content-Security-Policy"]
    for browser in (mara, theo, leo):
        for path in (
            "/mail-in/",
            f"/mail-in/{filed.id}/",
            f"/mail-in/{filed.id}/file/",
            f"/mail-in/{filed.id}/raw/",
        ):
            assert browser.get(path).status_code in (302, 404), path
    assert theo.get(f"/client/mail-in/{filed.id}/").status_code in (302, 404)
    refused(drop_mail(actor=c.theo, mail_id=waits.id, reason="x"), "not_found")
    refused(disown_mail(actor=c.theo, mail_id=filed.id), "not_found")
    refused(disown_mail(actor=c.leo, mail_id=filed.id), "not_found")


# --- the roads ----------------------------------------------------------------------------------------------------


def test_the_owner_adds_tries_switches_and_removes_roads_and_no_secret_is_shown_again() -> None:
    c = started()
    jonah, ines = browser_of(c.jonah), browser_of(c.ines)
    assert "No road yet" in page(jonah, "/settings/mail/")
    for path in ("/settings/mail/", "/settings/mail/add/imap/"):
        assert ines.get(path).status_code == 409, path
    page(jonah, "/settings/mail/add/pigeon/", 404)
    given = {"name": "The mailbox", "host": "127.0.0.1", "port": "1", "security": "none", "user": "reply", "auth": "password",
             "secret": "a-password-of-ours", "folder": "INBOX", "after": "seen", "into": ""}  # fmt: skip
    answer = sent(jonah, "/settings/mail/add/imap/", {**given, "host": "mail.example"}, 422)
    assert "without TLS" in answer and "a-password-of-ours" not in answer
    assert sent(jonah, "/settings/mail/add/imap/", given) == "/settings/mail/"
    sent(
        jonah,
        "/settings/mail/add/webhook/",
        {"name": "The service", "service": "partwell", "secret": "short"},
        422,
    )
    sent(
        jonah,
        "/settings/mail/add/webhook/",
        {"name": "The service", "service": "partwell", "secret": "s" * 40},
    )
    road = Road.objects.get(kind="imap")
    sent(ines, f"/settings/mail/{road.id}/try/", status=409)
    sent(jonah, f"/settings/mail/{road.id}/try/")
    shown = page(jonah, "/settings/mail/")
    assert "Does not work now" in shown and "does not answer by IMAP" in shown and "/mail/in/" in shown
    assert "a-password-of-ours" not in shown and "s" * 40 not in shown
    sent(jonah, f"/settings/mail/{road.id}/switch/", {"on": "0"})
    assert "Paused" in page(jonah, "/settings/mail/")
    changed = {key: value for key, value in given.items() if key != "secret"} | {
        "folder": "Parting",
        "name": "The other name",
    }
    form = page(jonah, f"/settings/mail/{road.id}/")
    assert "INBOX" in form and "a-password-of-ours" not in form and "Leave it empty" in form
    assert ines.get(f"/settings/mail/{road.id}/").status_code == 409
    assert sent(jonah, f"/settings/mail/{road.id}/", changed) == "/settings/mail/"
    road.refresh_from_db()
    assert (
        road.settings["folder"] == "Parting"
        and secret_of(road).reveal() == "a-password-of-ours"
        and not road.enabled
    )
    # Another server would be shown the secret: it wants its own.
    answer = sent(jonah, f"/settings/mail/{road.id}/", {**changed, "host": "localhost"}, 422)
    assert "password or token" in answer and "a-password-of-ours" not in answer
    sent(jonah, f"/settings/mail/{road.id}/", {**changed, "secret": "another-of-ours"})
    road.refresh_from_db()
    assert secret_of(road).reveal() == "another-of-ours" and "another-of-ours" not in page(
        jonah, "/settings/mail/"
    )
    sent(jonah, f"/settings/mail/{road.id}/remove/")
    road.refresh_from_db()
    assert (
        road.removed_at is not None
        and road.sealed is None
        and "The mailbox" not in page(jonah, "/settings/mail/")
    )


def test_the_address_of_a_departure_stands_with_its_correspondence() -> None:
    c = started()
    row = Offboarding.objects.get(client=c.northwick)
    assert f"Write to: {address()}" in page(browser_of(c.dan), f"/clients/{c.northwick.id}/messages/")
    assert row.client == c.northwick and address() not in page(
        browser_of(c.dan), f"/clients/{c.quayside.id}/messages/"
    )
