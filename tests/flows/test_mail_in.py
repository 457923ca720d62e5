# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail comes in: from the reply address of a mail into the conversation, held before consent, once however it came (R1, R2, R4)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.reply_addresses import departure_address
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.evidence.check import check_ledger
from partwell.actions.files import read_file
from partwell.actions.offboardings.withdraw_notice import withdraw_notice
from partwell.records.correspondence.models import Bounce, Envelope, InboundMail, Message, ReplyAddress
from partwell.records.evidence.models import Disclosure, Entry
from partwell.workers.calendar import TASKS
from tests.flows.cast import Cast, cast, done
from tests.flows.mail_cast import address, dns, dsn, mail, mail_comes_in, returned, signed, take

pytestmark = pytest.mark.both_databases
MARA, THEO, DAN = "mara@northwick.example", "theo@alderrow.example", "dan@harbourline.example"
KNOWN = dns("northwick.example", "alderrow.example", "harbourline.example", "quayside.example")


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def started(*, consent: bool = False) -> Cast:
    """The cast after Ines wrote to Mara (and with consent to Alder Row), so that reply addresses exist."""
    c = cast(items=False, signed=consent)
    done(
        write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("Handover", "We begin on Monday."))
    )
    if consent:
        done(
            write_message(
                actor=c.ines,
                client_id=c.northwick.id,
                draft=Draft("Hello", "Monday at ten?", "all", c.recipient.id),
            )
        )
    return c


def test_every_mail_carries_an_address_that_cannot_be_guessed() -> None:
    started(consent=True)
    to_client = Envelope.objects.get(subject__contains="Handover")
    to_both = Envelope.objects.get(to_provider=True, kind="message")
    assert to_client.reply_to == address("departure") and to_both.reply_to == address("provider")
    tokens = set(ReplyAddress.objects.values_list("token", flat=True))
    assert len(tokens) == 2 and all(len(one) == 26 for one in tokens)
    assert {one.reply_to for one in Envelope.objects.exclude(reply_to="")} == {
        address("departure"),
        address("provider"),
    }


def test_a_proved_answer_of_the_signatory_lands_in_the_thread() -> None:
    started()
    out = Envelope.objects.get(subject__contains="Handover")
    raw = signed(
        mail(
            f"Mara Ellery <{MARA}>",
            out.reply_to,
            "Re: Handover",
            "Fine.",
            In_Reply_To=out.internet_message_id,
        ),
        "northwick.example",
    )
    row = take(raw, to=out.reply_to, resolver=KNOWN)
    assert (row.state, row.sender_kind, row.auth["proof"]) == (
        "filed",
        "client",
        "dkim",
    ) and row.warnings == []
    assert (
        row.auth["dns"][0]["name"] == "s1._domainkey.northwick.example"
        and row.auth["dns"][0]["status"] == "ok"
    )
    message = Message.objects.get(inbound=row)
    assert (message.author_name, message.audience, message.text, message.held) == (
        "Mara Ellery",
        "client",
        "Fine.",
        False,
    )
    assert message.answers == out.message
    assert read_file(row.raw) == raw and row.raw.client_id == row.client_id
    assert Entry.objects.filter(type="message.received").count() == 1
    assert not Envelope.objects.filter(message=message).exists()
    assert check_ledger().ok


def test_a_claim_to_be_the_signatory_waits_without_proof() -> None:
    started()
    row = take(mail(MARA, address(), "Do release everything", "I agree."), to=address())
    assert row.state == "waiting" and row.message is None and "nothing proves it" in row.decision
    assert (
        Entry.objects.filter(type="mail.kept").count() == 1
        and not Message.objects.filter(author_kind="client").exists()
    )


def test_a_wrong_signature_disproves() -> None:
    started()
    raw = signed(mail("tom@northwick.example", address()), "northwick.example").replace(
        b"Which model", b"Whose model"
    )
    row = take(raw, to=address(), resolver=KNOWN)
    assert (row.state, row.auth["proof"]) == ("waiting", "failed") and "may be forged" in " ".join(
        row.warnings
    )


def test_before_consent_a_new_provider_is_held_and_the_client_told() -> None:
    c = started()
    row = take(mail(f"Theo Brandt <{THEO}>", address()), to=address())
    message = Message.objects.get(inbound=row)
    assert (row.state, message.held, message.recipient, message.audience) == (
        "held",
        True,
        c.recipient,
        "all",
    )
    told = Envelope.objects.get(kind="held_question")
    assert [one["address"] for one in told.recipients] == [MARA] and not told.to_provider
    assert "we answered nothing" in " ".join(told.text.split())
    assert not Envelope.objects.filter(to_provider=True).exists()


def test_somebody_unknown_is_held_too() -> None:
    started()
    row = take(mail("Stranger <who@knows.example>", address()), to=address())
    assert (row.state, row.sender_kind) == ("held", "unknown")
    message = Message.objects.get(inbound=row)
    assert message.author_kind == "unknown" and message.audience == "client" and message.held
    assert Envelope.objects.filter(kind="held_question").count() == 1


def test_with_consent_mail_flows_and_the_client_has_a_copy() -> None:
    c = started(consent=True)
    raw = signed(mail(THEO, address("provider"), "Ports", "Which are open?"), "alderrow.example")
    row = take(raw, to=address("provider"), resolver=KNOWN)
    message = Message.objects.get(inbound=row)
    assert (row.state, message.audience, message.recipient) == ("filed", "all", c.recipient)
    copy = Envelope.objects.get(message=message)
    assert [one["address"] for one in copy.recipients] == [MARA] and copy.reply_to == address("departure")


def test_staff_answer_from_their_own_program_through_the_gate() -> None:
    c = started(consent=True)
    raw = signed(mail(DAN, address("provider"), "Re: Hello", "Ten is fine."), "harbourline.example")
    row = take(raw, to=address("provider"), resolver=KNOWN)
    message = Message.objects.get(inbound=row)
    assert (row.state, message.author_kind, message.audience) == ("filed", "staff", "all")
    sent = Envelope.objects.get(message=message)
    assert [one["role"] for one in sent.recipients] == ["client", "provider", "provider"]
    unproved = take(
        mail(DAN, address("provider"), "Re: Hello", "The password is here."), to=address("provider")
    )
    assert unproved.state == "waiting" and "nothing proves it" in unproved.decision
    from partwell.actions.authorisations.end import withdraw_authorisation

    assert c.authorisation is not None
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    late = take(
        signed(mail(DAN, address("provider"), "More", "And eleven."), "harbourline.example"),
        to=address("provider"),
        resolver=KNOWN,
    )
    assert late.state == "waiting" and not Message.objects.filter(inbound=late).exists()
    auditor = signed(mail("kerstin@harbourline.example", address(), "Hm", "I read."), "harbourline.example")
    assert take(auditor, to=address(), resolver=KNOWN).state == "waiting"


def test_a_copy_by_two_roads_is_one_mail() -> None:
    started()
    raw = mail("Stranger <who@knows.example>", address())
    first = take(raw, to=address())
    on_the_way = (
        b"Received: from a by b; Mon, 1 Jan 2024 00:00:00 +0000\nDelivered-To: x@y.example\n"
        + raw.replace(b"\r\n", b"\n")
    )
    assert take(on_the_way, road="imap").id == first.id
    assert take(raw, to=address()).id == first.id
    assert InboundMail.objects.count() == 1 and Message.objects.filter(author_kind="unknown").count() == 1


def test_an_unplaced_copy_gives_way_to_a_placed_one() -> None:
    started()
    raw = mail("Stranger <who@knows.example>", "desk@harbourline.example")
    first = take(raw, road="imap")
    assert (first.state, first.client) == ("unmatched", None) and first.raw.client_id is None
    second = take(raw, to=address())
    first.refresh_from_db()
    assert second.state == "held" and first.state == "dropped"
    assert take(b"X-More: 1\r\n" + raw, road="imap").id in (first.id, second.id)
    assert InboundMail.objects.count() == 2
    assert check_ledger().ok


def test_two_at_once_become_one() -> None:
    started()
    raw = mail("Stranger <who@knows.example>", address())
    unplaced = mail("Stranger <who@knows.example>", "desk@harbourline.example")
    place = address()

    def both(one: bytes) -> object:
        try:
            return take(one, to=place if one is raw else "").id
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(both, [raw, raw, unplaced, unplaced]))
    assert found[0] == found[1] and found[2] == found[3]
    assert InboundMail.objects.count() == 2 and Envelope.objects.filter(kind="held_question").count() == 1


def test_a_mail_to_two_clients_is_one_for_each() -> None:
    c = started()
    done(write_message(actor=c.ines, client_id=c.quayside.id, draft=Draft("Hello", "A word.")))
    mine, theirs = address("departure"), address("client")
    raw = mail("Stranger <who@knows.example>", f"{mine}, {theirs}")
    from partwell.actions.correspondence.receive import take_in

    take_in(raw, road="lmtp", envelope_from="who@knows.example", envelope_to=[mine, theirs], resolver=dns())
    rows = InboundMail.objects.order_by("received_at")
    assert {row.client_id for row in rows} == {c.northwick.id, c.quayside.id}
    assert all(row.raw.client_id == row.client_id for row in rows)


def test_somebody_of_another_client_waits() -> None:
    started()
    row = take(
        signed(mail("leo@quayside.example", address()), "quayside.example"), to=address(), resolver=KNOWN
    )
    assert (
        row.state == "waiting"
        and row.contact is None
        and not Envelope.objects.filter(kind="held_question").exists()
    )


def test_ours_come_back_is_a_loop_and_a_report_is_a_bounce() -> None:
    started()
    out = Envelope.objects.get(subject__contains="Handover")
    loop = take(mail("desk@harbourline.example", address(), Message_ID=out.internet_message_id), to=address())
    assert loop.state == "loop" and loop.message is None
    done(deliver.claim(out.id))
    token = Envelope.objects.get(pk=out.id).claim
    assert token and deliver.start_data(out.id, token)
    row = take(dsn(out, MARA, "nobody@else.example"), road="imap", to=returned(out))
    assert row.state == "bounce" and row.client == out.client and row.automatic
    found = Bounce.objects.get(envelope=out)
    assert (found.address, found.role, found.action, found.status) == (MARA, "client", "failed", "5.1.1")
    assert Entry.objects.filter(type="mail.reported").count() == 1
    assert check_ledger().ok


def test_after_the_notice_is_withdrawn_its_address_waits() -> None:
    c = started()
    old = address()
    from partwell.records.offboardings.models import Offboarding

    departure = Offboarding.objects.get(client=c.northwick)
    done(withdraw_notice(actor=c.ines, offboarding_id=departure.id, words="They stay."))
    row = take(mail("who@knows.example", old), to=old)
    assert row.state == "waiting" and row.client == c.northwick and "no longer in use" in row.decision


def test_at_defaults_nothing_has_an_address() -> None:
    from django.test import override_settings

    with override_settings(PARTWELL_MAIL_ADDRESS=""):
        started(consent=True)
        assert not ReplyAddress.objects.exists() and not Envelope.objects.exclude(reply_to="").exists()


def test_a_departure_that_no_mail_told_of_yet_has_an_address_all_the_same() -> None:
    """As when the owner sets an address for mail in the middle of a departure: staff must be able to forward there."""
    with override_settings(PARTWELL_MAIL_ADDRESS=""):
        c = cast(items=False)
        task = TASKS["addresses of departures"]
        assert task(timezone.now()) == 0 and not ReplyAddress.objects.exists()
    assert task(timezone.now()) == 1 and task(timezone.now()) == 0
    assert departure_address(c.northwick.id) == address("departure")
    assert take(mail("Stranger <who@knows.example>", "x"), to=address()).client_id == c.northwick.id
    said = b"".join(bytes(one.content) for one in Disclosure.objects.all())
    assert ReplyAddress.objects.get().token.encode() not in said, "an address is a secret, an entry is not"
