# SPDX-License-Identifier: AGPL-3.0-or-later
"""A signatory's passkey that was there before the notice, used over a text: what cannot be taken back asks for it (R1)."""

from datetime import timedelta
from typing import Any

from django.test import Client as Browser
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.people import passkeys as keys
from partwell.actions.people.enter import session_of
from partwell.records.clients.models import Contact
from partwell.records.people.models import Passkey as Row
from partwell.rules.actor import Actor
from tests.flows.browser_of import browser_of
from tests.support.authenticator import Passkey

JSON = "application/json"


def device() -> Passkey:
    """A phone."""
    return Passkey(keys.origin(), keys.rp_id())


def enrolled(actor: Actor, browser: Browser, made: Passkey, *, days_ago: int = 400) -> Row:
    """The phone's passkey on file, as if it had been enrolled ``days_ago``."""
    options = browser.post("/client/passkeys/options/", {}, content_type=JSON)
    answer = browser.post("/client/passkeys/add/", made.create(options.content), content_type=JSON)
    assert answer.status_code == 200, answer.content
    row = Row.objects.get(credential_id=made.id.hex())
    if days_ago:
        with Deed(actor) as deed:
            assert actor.client_id is not None
            deed.lock(actor.client_id)
            deed.save(row, created_at=timezone.now() - timedelta(days=days_ago))
            deed.record("passkey.added", subjects=[row.id, actor.id], to_client={"label": row.label})
    return row


def used(actor: Actor, browser: Browser, made: Passkey, digest: str) -> dict[str, Any]:
    """Its use over the text of this digest, as the portal keeps it."""
    session = session_of(browser.cookies["pw_client"].value, "client")
    assert session is not None
    contact, plain = Contact.objects.get(pk=actor.id), bytes.fromhex(digest)
    options = keys.signing_options(session, contact, plain)
    assert isinstance(options, str), options
    found = keys.verify_passkey_for_document(session, contact, made.get(options), plain)
    assert isinstance(found, dict), found
    return found


def over(actor: Actor, digest: str, *, days_ago: int = 400) -> dict[str, Any]:
    """All of it at once: a phone of long ago (or of just now: ``days_ago`` 0), and its use over this text."""
    browser, made = browser_of(actor), device()
    enrolled(actor, browser, made, days_ago=days_ago)
    return used(actor, browser, made, digest)
