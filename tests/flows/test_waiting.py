# SPDX-License-Identifier: AGPL-3.0-or-later
"""A message written in a dispute waits: nobody outside knows of it, a colleague lets it go, anybody of us stops it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions.clients.set_pause import set_pause
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.waiting import let_leave, open_with, stop_waiting
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.correspondence.queries import envelopes_visible_to, messages_visible_to
from partwell.records.correspondence.search import found
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.evidence.queries import visible_to
from partwell.rules.pauses import PauseReason
from partwell.rules.refusals import Refusal
from partwell.rules.waiting import Open
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases


def disputed(**more: Any) -> Cast:
    """Two signatories quarrel: a lawful pause is in force."""
    c = cast(signed=True, items=False, **more)
    done(
        set_pause(
            actor=c.jonah,
            client_id=c.northwick.id,
            ground=PauseReason.RIVAL_SIGNATORIES,
            note="Two directors disagree.",
        )
    )
    return c


def written(c: Cast, *, to_provider: bool = False) -> tuple[Message, Envelope]:
    draft = Draft(
        "Your complaint",
        "You are wrong.",
        "all" if to_provider else "client",
        c.recipient.id if to_provider else None,
    )
    row = done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
    return row, Envelope.objects.get(message=row)


def disclosed(entry: Entry, label: str) -> dict[str, Any]:
    return dict(json.loads(bytes(Disclosure.objects.get(entry_uid=entry.uid, label=label).content)))


def test_without_a_dispute_it_leaves_at_once() -> None:
    c = cast(items=False)
    assert open_with(c.northwick.id, timezone.now()) == Open()
    row, envelope = written(c)
    assert row.waits_until is None and envelope.id in deliver.due()


def test_it_waits_and_nobody_outside_knows() -> None:
    c = disputed()
    assert open_with(c.northwick.id, timezone.now()) == Open(dispute=True)
    row, envelope = written(c, to_provider=True)
    assert row.waits_until == row.written_at + timedelta(minutes=30) and "dispute" in row.waits_why
    assert envelope.id not in deliver.due() and envelope.state == "queued"
    early = deliver.claim(envelope.id)
    assert isinstance(early, Refusal) and early.code == "message_waits"
    for who in (c.mara, c.theo):
        assert row not in messages_visible_to(who) and envelope not in envelopes_visible_to(who)
        assert "message.waits" not in visible_to(who).values_list("type", flat=True)
    assert browser_of(c.mara).get(f"/client/mails/{envelope.id}/").status_code == 404
    assert "Your complaint" not in browser_of(c.mara).get("/client/messages/").content.decode()
    # After half an hour it leaves by itself, and only then everybody knows.
    later = row.waits_until
    assert envelope.id in deliver.due(later)
    assert not isinstance(deliver.claim(envelope.id, now=later), Refusal)
    assert row in messages_visible_to(c.mara) and row in messages_visible_to(c.theo)
    told = Entry.objects.filter(type="message.written").count()
    assert told == 1 and "message.written" in visible_to(c.mara).values_list("type", flat=True)


def test_a_colleague_lets_it_go_and_its_author_does_not() -> None:
    c = disputed()
    row, envelope = written(c)
    for who, code in (
        (c.ines, "own_message_read"),
        (c.kerstin, "not_your_role"),
        (c.mara, "not_found"),
        (c.theo, "not_found"),
    ):
        refused = let_leave(actor=who, message_id=row.id)
        assert isinstance(refused, Refusal) and refused.code == code
    author, colleague = browser_of(c.ines), browser_of(c.dan)
    assert "I have read it" not in author.get(f"/messages/{row.id}/").content.decode()
    page = colleague.get(f"/messages/{row.id}/").content.decode()
    assert "I have read it: send now" in page and "there is a dispute" in page
    assert author.post(f"/messages/{row.id}/send-now/").status_code == 409
    assert colleague.post(f"/messages/{row.id}/send-now/").status_code == 302
    assert envelope.id in deliver.due()
    assert not isinstance(deliver.claim(envelope.id), Refusal)
    again = let_leave(actor=c.dan, message_id=row.id)
    assert isinstance(again, Refusal) and again.code == "message_not_waiting"
    assert Entry.objects.filter(type="message.read_over").count() == 1
    assert "Read by Dan Frey" in author.get(f"/messages/{row.id}/").content.decode()


def test_what_is_about_safety_leaves_at_once_and_the_record_says_so() -> None:
    c = disputed()
    ines, here = browser_of(c.ines), f"/clients/{c.northwick.id}/messages/write/"
    assert "It is about safety" in ines.get(here).content.decode()
    given = {"to": "client", "subject": "An attack on your server", "text": "Take it off the net now.", "key": "k1", "safety": "on"}  # fmt: skip
    assert ines.post(here, given).status_code == 302
    row = Message.objects.get(subject="An attack on your server")
    assert row.waits_until is None and not row.waits_why
    assert Envelope.objects.get(message=row).id in deliver.due() and row in messages_visible_to(c.mara)
    entry = Entry.objects.filter(type="message.written").latest("index")
    assert disclosed(entry, "client")["about_safety"] is True
    # Without a dispute nothing waits, nothing is asked, and nothing is noted.
    assert "It is about safety" not in ines.get(f"/clients/{c.quayside.id}/messages/write/").content.decode()
    draft = Draft("A word", "It is nothing.", safety=True)
    done(write_message(actor=c.ines, client_id=c.quayside.id, draft=draft))
    assert "about_safety" not in disclosed(
        Entry.objects.filter(type="message.written").latest("index"), "client"
    )


def test_stopped_it_goes_to_nobody() -> None:
    c = disputed()
    row, envelope = written(c)
    assert isinstance(stop_waiting(actor=c.mara, message_id=row.id), Refusal)
    assert browser_of(c.ines).post(f"/messages/{row.id}/stop/").status_code == 302
    envelope.refresh_from_db()
    assert (envelope.state, envelope.stop_code) == ("stopped", "message_stopped")
    assert isinstance(deliver.claim(envelope.id, now=timezone.now() + timedelta(hours=1)), Refusal)
    assert row not in messages_visible_to(c.mara)
    assert not {"message.stopped", "message.waits", "envelope.stopped"} & set(
        visible_to(c.mara).values_list("type", flat=True)
    )
    for again in (stop_waiting(actor=c.dan, message_id=row.id), let_leave(actor=c.dan, message_id=row.id)):
        assert isinstance(again, Refusal) and again.code == "message_not_waiting"


def test_what_the_client_writes_in_a_dispute_does_not_wait() -> None:
    c = disputed()
    row = done(
        write_message(actor=c.mara, client_id=c.northwick.id, draft=Draft("My complaint", "You are wrong."))
    )
    assert row.waits_until is None and Envelope.objects.get(message=row).id in deliver.due()


def test_the_page_says_so_after_writing() -> None:
    c = disputed()
    form = {"to": "client", "subject": "Your complaint", "text": "You are wrong.", "key": "k1"}
    answer = browser_of(c.ines).post(f"/clients/{c.northwick.id}/messages/write/", form, follow=True)
    words = answer.content.decode()
    assert "It has not left yet" in words and "Stop it" in words
    assert (
        "or for a colleague" in browser_of(c.dan).get(f"/clients/{c.northwick.id}/messages/").content.decode()
    )


def test_a_search_neither_shows_nor_counts_what_waits() -> None:
    c = disputed()
    row, envelope = written(c, to_provider=True)
    for who in (c.mara, c.theo):
        seen = found(who, "complaint")
        assert (seen.total, seen.pages, seen.hits) == (0, 1, [])
    assert found(c.ines, "complaint").total >= 1
    assert not isinstance(deliver.claim(envelope.id, now=row.waits_until), Refusal)
    for who in (c.mara, c.theo):
        seen = found(who, "complaint")
        assert seen.total == len(seen.hits) >= 1
