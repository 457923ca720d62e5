# SPDX-License-Identifier: AGPL-3.0-or-later
"""Delivery reports that nobody's server wrote: whatever a new provider knows of our mails, the client's address keeps its mail (R2)."""

from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from django.test import override_settings

from partwell.actions.clients.address_works import address_works
from partwell.actions.correspondence import return_paths
from partwell.actions.correspondence.outgoing import message_of
from partwell.records.correspondence.models import Bounce, Envelope, InboundMail
from partwell.records.evidence.models import Entry
from partwell.records.guard import permit
from partwell.records.jobs.models import Job
from partwell.rules.reports import WITHIN
from tests.flows.cast import Cast, cast, done
from tests.flows.mail_cast import dsn, mail_comes_in, returned, take
from tests.flows.test_bounces import HOME, MARA, first, sent

pytestmark = pytest.mark.django_db
THEO = "theo@alderrow.example"


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def mark(envelope: Envelope, address: str = MARA) -> str:
    return return_paths.mark_of(envelope.id, address)


def nothing_happened(c: Cast) -> None:
    """No address counts as bouncing, no fact was noted, nobody takes over: only a person may say so."""
    contact = c.contact(c.mara)
    assert "bouncing" not in (contact.email_state, contact.second_email_state)
    assert not Bounce.objects.exists() and not Envelope.objects.filter(dedupe_key__contains=":to:").exists()
    assert not Entry.objects.filter(type__in=("envelope.bounced", "contact.address_failed")).exists()


def doubted(c: Cast, row: InboundMail, words: str) -> None:
    """It lies before a person, kept whole and told to the office, and nothing followed of it."""
    assert row.state == "doubted" and words in row.decision, row.decision
    assert row.client == c.northwick and Entry.objects.filter(type="envelope.doubted").exists()
    assert "nobody can prove" in Job.objects.filter(kind="mail.office").latest("created_at").payload["title"]
    nothing_happened(c)


def test_the_provider_knows_the_message_id_and_the_true_return_path() -> None:
    c = cast(signed=True, items=False)
    shared, alone = sent(c), sent(c, to_provider=False)
    doubted(c, take(dsn(shared, MARA), road="imap", sender=""), "did not come back by the return path")
    doubted(c, take(dsn(shared, MARA), to=shared.reply_to, sender=""), "did not come back by the return path")
    # His own Return-Path header shows it: true, and no proof about the client.
    doubted(c, take(dsn(shared, MARA), to=returned(shared), sender=""), "new provider has this mail too")
    doubted(c, take(dsn("", MARA), to=returned(shared), sender=""), "new provider has this mail too")
    # The same for a mail that he never had, by one that he had.
    doubted(c, take(dsn(alone, MARA), to=returned(shared), sender=""), "another mail than the one it names")
    doubted(c, take(dsn(alone, MARA), sender=""), "did not come back by the return path")
    assert first(sent(c)) == MARA


def test_a_true_report_of_his_own_address_bent_to_the_clients() -> None:
    """Theo lets his own address fail, and so has a report with his own mark. It says nothing of Mara, nor in another mail."""
    c = cast(signed=True, items=False)
    one, other = sent(c), sent(c)
    his = mark(one, THEO)
    doubted(
        c,
        take(dsn(one, MARA, original=mark(other)), to=returned(one), sender=""),
        "new provider has this mail",
    )
    row = take(dsn(one, MARA, original=his), to=returned(one), sender="")
    # The mark is his: so the report is about him, whatever address it names.
    assert row.state == "bounce" and c.contact(c.mara).email_state == "ok"
    assert Bounce.objects.get().address == THEO and first(sent(c)) == MARA

    assert take(dsn(other, MARA, original=his), to=returned(other), sender="").state == "doubted"
    assert c.contact(c.mara).email_state == "ok"


def test_marks_and_return_paths_that_are_nearly_right() -> None:
    c = cast(signed=True, items=False)
    alone = sent(c, to_provider=False)
    path = returned(alone)
    local, at, domain = path.partition("@")
    bent = f"{local[:-1]}{'a' if local[-1] != 'a' else 'b'}{at}{domain}"
    # Of a mail that exists, so taken and shown; its last signs are the proof.
    doubted(c, take(dsn(alone, MARA), to=bent, sender=""), "did not come back by the return path")
    doubted(c, take(dsn(alone, MARA, original=mark(alone, HOME)), to=bent, sender=""), "did not come back")
    for near in (
        path.replace("@", "@not-"),
        path.replace("reply+", "reply+a"),
        "reply+" + "a" * 42 + "@parting.example",
    ):
        assert return_paths.found([near]) == []
    # After a restore the secret is another: old return paths are still ours, and prove nothing.
    with override_settings(SECRET_KEY="another secret " * 4):
        doubted(c, take(dsn(alone, MARA), to=path, sender=""), "did not come back by the return path")


def test_a_report_that_comes_too_late_or_as_a_file_or_about_strangers_or_unreadable() -> None:
    c = cast(signed=True, items=False)
    alone = sent(c, to_provider=False)
    with permit("deed"):
        Envelope.objects.filter(pk=alone.pk).update(
            data_started_at=alone.data_started_at - WITHIN - timedelta(days=1)
        )  # type: ignore[operator]
    doubted(c, take(dsn(alone, MARA), to=returned(alone), sender=""), "more than 14 days ago")
    fresh = sent(c, to_provider=False)
    doubted(c, take(dsn(fresh, MARA), to=returned(fresh), road="upload"), "brought in as a file")
    doubted(c, take(dsn(fresh, "mara@elsewhere.example"), to=returned(fresh)), "not on the mail")
    unread = dsn(fresh, MARA).replace(b"message/delivery-status", b"text/x-report")
    doubted(c, take(unread, to=returned(fresh)), "cannot be read")
    # What is no failure asks nobody, and is no fact either.
    row = take(dsn(fresh, MARA, action="delivered", status="2.0.0"), road="imap")
    assert row.state == "bounce" and "Nothing follows" in row.decision
    nothing_happened(c)


def test_a_true_report_sent_again_in_other_words_says_nothing_new() -> None:
    c = cast(signed=True, items=False)
    alone = sent(c, to_provider=False)
    assert take(dsn(alone, MARA), to=returned(alone), sender="").state == "bounce"
    assert c.contact(c.mara).email_state == "bouncing"
    done(address_works(actor=c.ines, contact_id=c.mara.id, ground="She answered a test mail."))
    for status in ("5.1.1", "5.2.1", "5.7.0"):
        take(dsn(alone, MARA, status=status), to=returned(alone), sender="")
    assert c.contact(c.mara).email_state == "ok" and first(sent(c)) == MARA


def test_nothing_that_leaves_shows_a_mark() -> None:
    c = cast(signed=True, items=False)
    shared = sent(c)
    raw = message_of(shared)
    for secret in (mark(shared), returned(shared)):
        assert secret.partition("@")[0].encode() not in raw
    headers = message_from_bytes(raw, policy=SMTP).keys()
    assert "Return-Path" not in headers and "Errors-To" not in headers
    row = take(dsn(shared, MARA, original=mark(shared)), to=returned(shared), sender="")
    assert row.state == "bounce" and mark(shared).partition("@")[0] not in str(row.auth)
