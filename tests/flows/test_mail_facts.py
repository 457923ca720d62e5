# SPDX-License-Identifier: AGPL-3.0-or-later
"""What became of a mail, on the pages of each party as far as it may know; answers by mail come back to us (R1, R2)."""

import re
from pathlib import Path

import pytest

from partwell.actions.base import Deed
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.post import NO_ANSWER, Post, post
from partwell.connectors.smtp_values import Delivery, Outcome, Reply
from partwell.documents.mail_kinds import KINDS
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.correspondence.models import Envelope
from partwell.rules.actor import SYSTEM
from tests.documents.test_mails import sample
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.mail_cast import mail_comes_in
from tests.flows.test_bounces import attempt, report, to_everybody
from tests.support.worlds import ROOT

pytestmark = pytest.mark.both_databases
MARA, THEO = "mara@northwick.example", "theo@alderrow.example"


def pages(c: Cast, envelope: Envelope) -> tuple[str, str, str]:
    """The pages on which staff, client and provider read the message of this mail."""
    return (
        browser_of(c.ines).get(f"/messages/{envelope.message_id}/").content.decode(),
        browser_of(c.mara).get("/client/messages/").content.decode(),
        browser_of(c.theo).get("/provider/messages/").content.decode(),
    )


def test_each_state_stands_on_the_message_of_all_three() -> None:
    c = cast(signed=True, items=False)
    envelope = to_everybody(c)
    for words in pages(c, envelope):
        assert "Waits for its turn" in words
    claimed = done(deliver.claim(envelope.id))
    assert all("About to leave" in words for words in pages(c, envelope))
    assert claimed.claim and deliver.start_data(envelope.id, claimed.claim)
    assert all("Leaving now" in words for words in pages(c, envelope))
    deliver.settle(
        envelope.id,
        claimed.claim,
        Delivery(Outcome.UNKNOWN, 0, "silence after the final dot", {}, "final_dot"),
    )
    staff, client, provider = pages(c, envelope)
    assert "Nobody knows whether it left" in staff and "Nobody knows whether it left" in client
    assert "Nobody knows yet whether it left" in provider
    done(
        deliver.settle_unknown(
            actor=c.ines, envelope_id=envelope.id, outcome="send again", ground="They have nothing."
        )
    )
    claimed = done(deliver.claim(envelope.id))
    assert claimed.claim and deliver.start_data(envelope.id, claimed.claim)
    replies = {MARA: Reply(250, "ok for Mara"), THEO: Reply(250, "ok for Theo")}
    deliver.settle(
        envelope.id,
        claimed.claim,
        Delivery(Outcome.ACCEPTED, 250, "2.0.0 queued as 4F3", replies, "final_dot"),
    )
    staff, client, provider = pages(c, envelope)
    assert all("Left and accepted" in words for words in (staff, client, provider))
    # The steps with the servers' answers are on the staff's page; the provider's says nothing of the client's addresses.
    assert "ok for Mara" in staff and "queued as 4F3" in staff and "about to leave" in staff
    assert not {MARA, "ok for Mara", "4F3"} & set(re.findall(r"[\w@.]+(?: \w+)*", provider))
    assert "ok for Mara" not in provider and MARA not in provider


def test_the_provider_learns_nothing_of_a_bouncing_client_address() -> None:
    c = cast(signed=True, items=False)
    envelope = attempt(to_everybody(c), Outcome.ACCEPTED, 250, {MARA: 250, THEO: 250}, "final_dot")
    report(envelope, MARA)
    staff, client, provider = pages(c, envelope)
    assert "Came back" in staff and "Came back" in client and "user unknown" in staff
    assert "ame back" not in provider and "Left and accepted" in provider and MARA not in provider
    assert provider.count("By mail:") == 1
    report(envelope, THEO)
    assert "Came back from your address" in pages(c, envelope)[2]
    failed = attempt(to_everybody(c), Outcome.REFUSED, 550, {MARA: 250, THEO: 550})
    assert failed.state == "failed" and all("Could not be delivered" in words for words in pages(c, failed))


def test_waiting_for_an_address_of_the_client_is_no_word_to_the_provider() -> None:
    c = cast(signed=True, items=False)
    envelope = to_everybody(c)
    for address in (MARA, "mara.ellery@post.example", "tom@northwick.example"):
        newest = Envelope.objects.filter(to_provider=True, state="queued").latest("queued_at")
        attempt(newest, Outcome.REFUSED, 550, {address: 550})
    waits = Envelope.objects.get(stop_code="no_working_client_address")
    assert waits.message_id == envelope.message_id
    staff, client, provider = pages(c, envelope)
    assert "Waits until an address of the client works" in staff and "Waits until an address" in client
    assert (
        "Waits for its turn" in provider
        and "address" not in provider.partition("By mail:")[2].partition("</li>")[0]
    )


# Answers by mail -------------------------------------------------------------

OFFICE = {"sign_in", "staff_invitation", "office_note"}  # account mail: no envelope, no party of a departure


@pytest.mark.parametrize("outside", [False, True])
def test_each_kind_of_mail_to_a_party_carries_the_address_where_its_answer_comes_back(outside: bool) -> None:
    c = cast(signed=True, items=False)
    person = RecipientPerson.objects.select_related("recipient").get(pk=c.theo.id)
    with mail_comes_in(), Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        made = {}
        common = {"msp_name", "to_name", "client", "zone", "checkpoint", "checkpoint_at"}
        for kind in sorted(set(KINDS) - OFFICE):
            values = {name: value for name, value in sample(kind).items() if name not in common}
            item = Post(kind, f"kind:{kind}", values, persons=[person] if outside else [])
            made[kind] = done(post(deed, item))
        deed.record(
            "envelope.queued", subjects=[], public={"recipients": ["Mara Ellery"]}, to_client={"digest": "x"}
        )
    answers = {kind: one.reply_to for kind, one in made.items()}
    assert {kind for kind, where in answers.items() if not where} == set(NO_ANSWER)
    theirs = {where for kind, where in answers.items() if where}
    assert len(theirs) == 1 and re.fullmatch(r"reply\+[a-z2-7]{26}@parting\.example", theirs.pop())


def test_a_takeover_carries_it_on() -> None:
    c = cast(signed=True, items=False)
    with mail_comes_in():
        envelope = attempt(to_everybody(c), Outcome.REFUSED, 550, {MARA: 550})
        again = Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}")
        assert again.reply_to == envelope.reply_to != "" and again.head == envelope.head != {}


def test_envelopes_come_to_be_in_two_places_only() -> None:
    """What is proved here of ``post`` and of a takeover is proved of all mail."""
    found = [
        path.name
        for path in sorted((ROOT / "src/partwell").rglob("*.py"))
        if re.search(r"(?<!class )\bEnvelope\(\s*\n?\s*client", path.read_text())
    ]
    assert found == ["post.py", "takeover.py"] and Path(ROOT / "src/partwell/workers/relay.py").exists()


def test_the_contacts_language_picks_the_letter_of_a_takeover_too() -> None:
    c = cast(signed=True, items=False)
    done(change_contact(actor=c.ines, contact_id=c.mara.id, language="de"))
    envelope = attempt(to_everybody(c), Outcome.REFUSED, 550, {MARA: 550})
    again = Envelope.objects.get(dedupe_key__endswith=f":to:{envelope.id.hex}")
    assert "schreibt zu" in again.text and again.text == envelope.text
