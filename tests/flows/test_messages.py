# SPDX-License-Identifier: AGPL-3.0-or-later
"""Messages, questions before consent, notes that stay inside, calls (R1, R2, R4)."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.log_call import CallNotes, correct_call, log_call
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.releases.request_item import request_item
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.evidence.models import Disclosure, Entry
from partwell.rules.events import sentence_of
from partwell.rules.refusals import Refusal
from tests.flows.cast import cast, done

pytestmark = pytest.mark.both_databases


def test_a_message_to_the_provider_has_the_client_first_and_needs_consent() -> None:
    c = cast()
    draft = Draft("Handover call", "Tomorrow at ten?", "all", c.recipient.id)
    assert write_message(actor=c.ines, client_id=c.northwick.id, draft=draft).code in (
        "no_authorisation",
        "not_signed",
    )
    assert not Message.objects.exists()
    from tests.flows.cast import sign

    sign(c)
    row = done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
    mail = Envelope.objects.get(message=row)
    assert [one["role"] for one in mail.recipients] == ["client", "provider", "provider"]
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    mail.refresh_from_db()
    assert mail.state == "stopped"


def test_a_question_before_consent_is_shown_to_the_client_and_answered_by_nobody() -> None:
    c = cast()
    row = done(
        write_message(actor=c.theo, client_id=c.northwick.id, draft=Draft("Firewall", "Which model is it?"))
    )
    assert row.held
    mail = Envelope.objects.get(message=row)
    assert mail.kind == "held_question" and [one["role"] for one in mail.recipients] == ["client"]
    answer = Draft("Re: Firewall", "A fine one.", "all", c.recipient.id, answers=row.id)
    assert (
        write_message(actor=c.dan, client_id=c.northwick.id, draft=answer).code
        == "provider_not_authorised_to_ask"
    )
    for _ in range(2):
        done(request_item(actor=c.sunniva, wanted="The firewall's configuration"))
    assert request_item(actor=c.theo, wanted="Everything").code == "throttled"
    assert Entry.objects.filter(type="message.held").count() == 3


def test_with_consent_a_request_reaches_everybody() -> None:
    c = cast(signed=True)
    row = done(request_item(actor=c.theo, wanted="The endpoint list"))
    assert not row.held and row.subject == "Asks for: The endpoint list"
    assert [one["role"] for one in Envelope.objects.get(message=row).recipients] == [
        "client",
        "provider",
        "provider",
    ]
    assert Entry.objects.filter(type="release.requested").count() == 1


def test_notes_stay_inside() -> None:
    c = cast(signed=True)
    for audience in ("internal", "privileged"):
        row = done(
            write_message(
                actor=c.dan, client_id=c.northwick.id, draft=Draft("Counsel says", "Do not admit.", audience)
            )
        )
        assert not Envelope.objects.filter(message=row).exists()
        for actor in (c.mara, c.theo, c.kerstin):
            assert isinstance(
                write_message(actor=actor, client_id=c.northwick.id, draft=Draft("x", "y", audience)), Refusal
            )


def test_strangers_and_broken_drafts() -> None:
    c = cast(signed=True)
    assert write_message(actor=c.leo, client_id=c.northwick.id, draft=Draft("x", "y")).code == "not_found"
    assert write_message(actor=c.theo, client_id=c.quayside.id, draft=Draft("x", "y")).code == "not_found"
    assert write_message(actor=c.tom, client_id=c.northwick.id, draft=Draft("x", "y")).code == "not_your_role"
    assert (
        write_message(
            actor=c.ines, client_id=c.quayside.id, draft=Draft("x", "y", "all", c.recipient.id)
        ).code
        == "not_found"
    )
    assert (
        write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("x\nBcc: y", "y")).code
        == "header_injection"
    )
    assert write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("x", " ")).code == "required"


def test_a_double_click_writes_once() -> None:
    c = cast()
    draft = Draft("Hello", "A word.", idempotency="form-1")
    first = done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
    assert done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft)).id == first.id
    assert Message.objects.count() == 1


def test_mara_writes_and_the_answer_is_threaded() -> None:
    c = cast(signed=True)
    row = done(
        write_message(actor=c.mara, client_id=c.northwick.id, draft=Draft("Keys", "Who has the rack keys?"))
    )
    envelope = deliver.claim(Envelope.objects.get(message=row).id)
    from partwell.connectors.smtp_values import Delivery, Outcome

    deliver.start_data(envelope.id, envelope.claim)
    deliver.settle(envelope.id, envelope.claim, Delivery(Outcome.ACCEPTED, 250, "Ok", {}, "data"))
    answer = done(
        write_message(
            actor=c.dan, client_id=c.northwick.id, draft=Draft("Re: Keys", "At reception.", answers=row.id)
        )
    )
    assert Envelope.objects.get(message=answer).in_reply_to == envelope.internet_message_id


def test_a_call_goes_to_the_client_and_to_the_provider_only_when_chosen_and_allowed() -> None:
    c = cast()
    notes = CallNotes(
        "Theo Brandt",
        "He asked for the firewall.",
        timezone.now(),
        7,
        recipient_id=c.recipient.id,
        internal_note="Be careful.",
    )
    row = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    mail = Envelope.objects.get(kind="call_summary")
    assert [one["role"] for one in mail.recipients] == ["client"] and "careful" not in mail.text
    chosen = CallNotes("Theo Brandt", "Again.", timezone.now(), recipient_id=c.recipient.id, to_provider=True)
    assert isinstance(log_call(actor=c.dan, client_id=c.northwick.id, notes=chosen), Refusal)
    from tests.flows.cast import sign

    sign(c)
    done(log_call(actor=c.dan, client_id=c.northwick.id, notes=chosen))
    assert Envelope.objects.filter(kind="call_summary", to_provider=True).count() == 1
    done(correct_call(actor=c.ines, call_id=row.id, correction="It was the switch, not the firewall."))
    assert Envelope.objects.filter(kind="call_summary", text__contains="the switch, not").count() == 1
    future = CallNotes("X", "y", timezone.now() + timedelta(hours=1))
    assert log_call(actor=c.dan, client_id=c.northwick.id, notes=future).code == "invalid_input"


def test_somebody_with_two_addresses_is_named_once() -> None:
    c = cast(signed=True)
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    mail = next(
        one
        for one in Envelope.objects.filter(state="queued")
        if "second" in {p["role"] for p in one.recipients}
    )
    assert [one["name"] for one in mail.recipients][:2] == ["Mara Ellery", "Mara Ellery"]
    deliver.claim(mail.id)
    said = Entry.objects.filter(type="envelope.claimed").latest("index")
    public = Disclosure.objects.get(entry_uid=said.uid, label="public")
    assert sentence_of("envelope.claimed", json.loads(bytes(public.content))).count("Mara Ellery") == 1
