# SPDX-License-Identifier: AGPL-3.0-or-later
"""The exported .eml of our own mail is what the server accepted, byte for byte, whatever changed since."""

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.digests import KIND, _headers
from partwell.actions.correspondence.outgoing import as_it_left, message_of
from partwell.actions.correspondence.post import Post, envelope_digest, post
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.files import store
from partwell.actions.people.configure import configure_msp
from partwell.connectors.catcher import Catcher
from partwell.connectors.smtp import Security, SmtpServer
from partwell.records.correspondence.models import DigestChoice, Envelope
from partwell.records.guard import permit
from partwell.workers.relay import deliver_one
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases


def leave(envelope: Envelope) -> bytes:
    """What the server took: as it came over the wire."""
    with TemporaryDirectory() as folder:
        catcher = Catcher(Path(folder))
        stop = catcher.start()
        try:
            deliver_one(envelope.id, SmtpServer("127.0.0.1", catcher.port, Security.NONE))
        finally:
            stop()
        (taken,) = Path(folder).glob("*.eml")
        return taken.read_bytes()


def written(c: Cast) -> Envelope:
    draft = Draft("Übergabe", "Dear all,\n.a dot first\nGrüße", "all", c.recipient.id)
    return Envelope.objects.get(
        message=done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
    )


def moved_house(c: Cast) -> None:
    done(configure_msp(actor=c.jonah, changes={"name": "Harbour & Sons", "email": "hello@sons.example"}))


def test_what_is_exported_is_what_the_server_got(settings: object) -> None:
    settings.PARTWELL_MAIL_ADDRESS = "reply@harbourline.example"  # type: ignore[attr-defined]
    c = cast(signed=True, items=False)
    envelope = written(c)
    before = message_of(envelope)
    taken = leave(envelope)
    envelope.refresh_from_db()
    assert envelope.state == "accepted" and envelope.sent_sha256 == hashlib.sha256(before).hexdigest()
    moved_house(c)
    after = message_of(Envelope.objects.get(pk=envelope.id))
    assert after == before == taken
    assert b"Harbourline" in after and b"sons.example" not in after and as_it_left(envelope, after) is True
    assert as_it_left(envelope, after + b"x") is False
    new = message_of(written(c))
    assert b"hello@sons.example" in new


def test_what_waits_while_the_firm_moves_leaves_as_it_was_written() -> None:
    c = cast(signed=True, items=False)
    envelope = written(c)
    before = message_of(envelope)
    moved_house(c)
    leave(envelope)
    envelope.refresh_from_db()
    assert as_it_left(envelope, before) is True and envelope_digest(envelope) == envelope.digest


def test_headers_and_types_of_files_are_frozen_too() -> None:
    c = cast(items=False)
    with permit("setup"):
        choice = DigestChoice.objects.create(
            contact_id=c.mara.id, rhythm="daily", unsubscribe_hash="0" * 64, chosen_at=timezone.now()
        )
    file = store(c.ines, b"a plan", client_id=c.northwick.id, name="plan.txt", media_type="text/plain")
    values = {"rhythm": "daily", "news": ["x"], "more": None, "coming": [], "unsubscribe": "https://parting.example/u/",
              "portal_url": "https://parting.example/"}  # fmt: skip
    with Deed(c.ines) as deed:
        deed.lock(c.northwick.id)
        deed.add(file)
        found = done(post(deed, Post(KIND, "digest:x", values, documents=[file], extra=_headers(choice.id))))
        deed.record("digest.sent", client=c.northwick.id, subjects=[found.id], public={"contact": "Mara"})
    raw = message_of(found)
    assert b"List-Unsubscribe-Post" in raw and b"plan.txt" in raw and b"text/plain" in raw
    with permit("setup"):
        DigestChoice.objects.all().delete()
    assert message_of(Envelope.objects.get(pk=found.id)) == raw


def test_an_older_envelope_is_built_as_before() -> None:
    c = cast(signed=True, items=False)
    with Deed(c.ines) as deed:
        deed.lock(c.northwick.id)
        found = done(post(deed, Post("passkey_added", "p:1", {"label": "Key", "at": deed.now})))
        found.head = {}
        found.digest = envelope_digest(found)
        deed.record("digest.sent", client=c.northwick.id, subjects=[found.id], public={"contact": "Mara"})
    assert b"Harbourline" in message_of(found) and as_it_left(found, b"") is None
