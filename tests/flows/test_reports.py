# SPDX-License-Identifier: AGPL-3.0-or-later
"""Delivery reports: what proves itself is acted upon at once; what nobody can prove waits for a person, on page and API (R2)."""

from collections.abc import Iterator

import pytest
from django.test import override_settings

from partwell.actions.base import Deed
from partwell.actions.correspondence import return_paths
from partwell.actions.correspondence.delivery import delivery_facts
from partwell.actions.correspondence.judge_report import judge_report
from partwell.actions.evidence.check import check_ledger
from partwell.connectors.smtp import Security, SmtpServer
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Bounce, Envelope, InboundMail, Message
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from partwell.workers import relay
from tests.api.caller import caller, problem
from tests.connectors.bad_smtp import Say, Script, serving
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast
from tests.flows.mail_cast import dns, dsn, mail, mail_comes_in, returned, signed, take
from tests.flows.test_bounces import HOME, MARA, first, sent, to_everybody

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def test_a_report_that_proves_itself_takes_over_at_once_by_every_road() -> None:
    c = cast(signed=True, items=False)
    for road in ("lmtp", "webhook", "imap"):
        shared = sent(c)
        place = returned(shared)
        raw = dsn(shared, "someone@far.example", original=return_paths.mark_of(shared.id, MARA))
        # Who reads a mailbox has the recipient from the headers alone.
        headed = raw.replace(b"To: desk@harbourline.example", b"To: " + place.encode())
        row = take(
            headed if road == "imap" else raw,
            road=road,
            sender="",
            to="" if road == "imap" else place.upper(),
        )
        assert row.state == "bounce" and c.contact(c.mara).email_state == "bouncing", road
        found = Bounce.objects.get(envelope=shared)
        assert (found.address, found.role, found.status) == (MARA, "client", "5.1.1")
        again = Envelope.objects.get(dedupe_key__endswith=f":to:{shared.id.hex}")
        assert first(again) == HOME and again.state == "queued" and not again.to_provider
        with Deed(SYSTEM) as deed:  # the next mail goes there once more
            deed.lock(c.northwick.id)
            deed.save(Contact.objects.get(pk=c.mara.id), email_state="ok")
            deed.record("contact.address_failed", subjects=[c.mara.id], public={"contact": "Mara Ellery"})
    assert "envelope.bounced" in [one.type for one in delivery_facts(c.ines, shared)]


def test_a_mail_that_no_new_provider_has_needs_its_return_path_alone_and_each_that_came_back_is_sent_on() -> (
    None
):
    c = cast(signed=True, items=False)
    one, other = sent(c, to_provider=False), sent(c, to_provider=False)
    assert take(dsn(one, MARA), to=returned(one), sender="").state == "bounce"
    # The second that was under way to the same address; here without a word on which mail it is.
    assert take(dsn("", MARA), to=returned(other), sender="").state == "bounce"
    for envelope in (one, other):
        assert first(Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}")) == HOME
    assert Entry.objects.filter(type="contact.address_failed").count() == 1 and check_ledger().ok


def forged(c: Cast) -> tuple[Envelope, InboundMail]:
    envelope = sent(c)
    return envelope, take(dsn(envelope, MARA), to=returned(envelope), sender="")


@pytest.mark.both_databases
def test_a_person_says_that_the_address_does_fail() -> None:
    c = cast(signed=True, items=False)
    envelope, row = forged(c)
    page = browser_of(c.ines).get("/mail-in/").content.decode()
    assert "A report nobody can prove" in page and "Look into it" in page and "Reports to look at" in page
    page = browser_of(c.ines).get(f"/mail-in/{row.id}/").content.decode()
    assert (
        "Does this address fail?" in page and "550 no such user" in page and f"/mails/{envelope.id}/" in page
    )
    assert "This address does fail" in page and "Drop it" not in page
    assert "This address does fail" not in browser_of(c.dan).get(f"/mail-in/{row.id}/").content.decode()
    assert "nobody can prove" in browser_of(c.ines).get(f"/mails/{envelope.id}/").content.decode()
    where = f"/mail-in/{row.id}/report/"
    for told in ({"verdict": "true", "ground": " ", "address": MARA}, {"verdict": "true", "ground": "x"},
                 {"verdict": "true", "ground": "x", "address": "theo@alderrow.example"}):  # fmt: skip
        assert browser_of(c.ines).post(where, told).status_code == 422
    assert browser_of(c.ines).post(where, {"verdict": "true", "ground": "Her office says so.", "address": MARA}).status_code == 302  # fmt: skip
    row.refresh_from_db()
    assert (row.state, row.decided_by_name, row.decision) == ("bounce", "Ines Duarte", "Her office says so.")
    assert c.contact(c.mara).email_state == "bouncing" and first(sent(c)) == HOME
    assert Envelope.objects.filter(dedupe_key__endswith=f":to:{envelope.id.hex}").exists()
    types = list(Entry.objects.order_by("-index").values_list("type", flat=True)[:30])
    assert {"envelope.believed", "envelope.bounced", "contact.address_failed", "envelope.taken_over"} <= set(
        types
    )
    again = judge_report(actor=c.ines, mail_id=row.id, true=False, ground="x")
    assert isinstance(again, Refusal) and again.code == "mail_settled"
    assert check_ledger().ok


def test_a_person_says_that_it_is_not_true_by_the_api() -> None:
    c = cast(signed=True, items=False)
    envelope, row = forged(c)
    assert Job.objects.filter(kind="mail.office").count() == 1
    ines, dan = caller(c.jonah, c.ines), caller(c.jonah, c.dan)
    assert [one["id"] for one in ines.ok("GET", "/mail-in?state=doubted")["items"]] == [str(row.id)]
    line = ines.ok("GET", f"/mail-in/{row.id}")["report"]
    assert line["envelope_id"] == str(envelope.id) and line["lines"][0]["worth"] == "asked"
    problem(
        dan.post(f"/mail-in/{row.id}/report", {"true": True, "ground": "x", "addresses": [MARA]}),
        409,
        "not_your_role",
    )
    problem(ines.post(f"/mail-in/{row.id}/accept"), 409, "mail_settled")
    problem(ines.post(f"/mail-in/{row.id}/drop", {"reason": "x"}), 409, "mail_settled")
    shown = ines.ok("POST", f"/mail-in/{row.id}/report", {"true": False, "ground": "She has it, she says."})
    assert shown["state"] == "dropped" and shown["decided_by_name"] == "Ines Duarte"
    assert c.contact(c.mara).email_state == "ok" and not Bounce.objects.exists()
    assert Entry.objects.filter(type="envelope.disbelieved").count() == 1
    # A report that proves itself is believed all the same, whatever was said of the forged one.
    raw = dsn(envelope, MARA, original=return_paths.mark_of(envelope.id, MARA))
    assert take(raw, to=returned(envelope), sender="").state == "bounce"
    assert c.contact(c.mara).email_state == "bouncing" and check_ledger().ok


def test_a_vacation_program_that_answers_to_the_return_path_is_filed() -> None:
    c = cast(signed=True, items=False)
    alone = sent(c, to_provider=False)
    place = returned(alone)
    raw = signed(
        mail(f"Mara Ellery <{MARA}>", place, "Away", "Back on Monday.", Auto_Submitted="auto-replied"),
        "northwick.example",
    )
    row = take(raw, to=place, sender="", resolver=dns("northwick.example"))
    assert (row.state, row.client, row.automatic) == ("filed", c.northwick, True)
    assert Message.objects.get(inbound=row).author_name == "Mara Ellery"


def test_a_server_that_refuses_our_return_path_after_the_text_has_the_mail_under_the_plain_sender() -> None:
    """Microsoft 365 says "not allowed to send as" only then. It has not taken the mail, so none is sent twice."""
    c = cast(signed=True, items=False)
    envelope = to_everybody(c)
    named = []
    for script in (
        Script({"DOT": Say("550 5.7.60 Client does not have permissions to send as this sender")}),
        Script(),
    ):
        with serving(script):
            left = relay.deliver_one(envelope.id, SmtpServer("127.0.0.1", script.port, Security.NONE))
        assert isinstance(left, Envelope)
        named += [
            (left.state, line.partition("<")[2].partition(">")[0])
            for line in script.said
            if line.startswith("MAIL")
        ]
        envelope.refresh_from_db()
    assert named == [("queued", returned(envelope)), ("accepted", "desk@harbourline.example")]
    assert c.contact(c.mara).email_state == "ok"


def test_without_an_address_for_mail_our_mails_leave_as_before() -> None:
    c = cast(signed=True, items=False)
    with override_settings(PARTWELL_MAIL_ADDRESS=""), serving(Script(offer=("DSN",))) as script:
        left = relay.deliver_one(to_everybody(c).id, SmtpServer("127.0.0.1", script.port, Security.NONE))
    assert isinstance(left, Envelope) and left.state == "accepted"
    assert script.said[1].startswith("MAIL FROM:<desk@harbourline.example>") and "ORCPT" not in "".join(
        script.said
    )
    with override_settings(PARTWELL_MAIL_ADDRESS="a-very-long-name-for-mail@parting.example"):
        assert return_paths.path_of(left.id) == ""  # no room for a return path in 64 signs: as before, too
