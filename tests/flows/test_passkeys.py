# SPDX-License-Identifier: AGPL-3.0-or-later
"""Passkeys: of contacts, whose signatures last for years, and of staff, for whom one is two factors."""

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.utils import timezone

from partwell.actions.people import passkeys as keys
from partwell.actions.people.enter import session_of
from partwell.entrypoints.door.actor import session_strength
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.guard import permit
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import Passkey as Row
from partwell.records.people.models import PortalSession, SecurityEvent
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast
from tests.flows.signing_in import house, set_up_totp, sign_in
from tests.support.authenticator import Passkey

pytestmark = pytest.mark.both_databases
DIGEST = hashlib.sha256(b"the authorisation, as shown").digest()
JSON = "application/json"


@pytest.fixture
def c(db_world: Any) -> Cast:
    cache.clear()
    return cast(items=False)


def device() -> Passkey:
    return Passkey(keys.origin(), keys.rp_id())


def enrol(browser: Client, made: Passkey) -> Any:
    options = browser.post("/client/passkeys/options/", {}, content_type=JSON)
    assert options.status_code == 200, options.content
    return browser.post("/client/passkeys/add/", made.create(options.content), content_type=JSON)


def session_in(browser: Client) -> PortalSession:
    found = session_of(browser.cookies["pw_client"].value, "client")
    assert found is not None
    return found


def signed(c: Cast, browser: Client, made: Passkey, digest: bytes = DIGEST) -> Any:
    session, mara = session_in(browser), c.contact(c.mara)
    options = keys.signing_options(session, mara, digest)
    assert isinstance(options, str), options
    return keys.verify_passkey_for_document(session, mara, made.get(options), digest)


def code(result: Any) -> str:
    return result.code if isinstance(result, Refusal) else ""


# contacts -----------------------------------------------------------------------


def test_enrolment_is_evidence_and_a_receipt_goes_to_both_addresses(c: Cast) -> None:
    browser, made = browser_of(c.mara), device()
    assert enrol(browser, made).json() == {"url": "/client/passkeys/"}
    row = Row.objects.get()
    assert (row.person_id, row.credential_id) == (c.mara.id, made.id.hex())
    mail = Envelope.objects.get(kind="passkey_added")
    assert [one["address"] for one in mail.recipients] == [
        "mara@northwick.example",
        "mara.ellery@post.example",
    ]
    assert not mail.to_provider and "call us at once" in mail.text
    entry = Entry.objects.get(type="passkey.added")
    assert mail.entry_id == entry.uid
    page = browser.get("/client/passkeys/")
    assert b"Not yet" in page.content  # enrolled after the notice
    assert browser.post(f"/client/passkeys/{row.id}/remove/").status_code == 302
    assert not keys.passkeys_of(c.mara.id) and Entry.objects.filter(type="passkey.removed").exists()
    # A removed key does not come back under another name.
    assert enrol(browser, made).status_code == 409


def test_a_challenge_is_used_once_and_belongs_to_one_session(c: Cast) -> None:
    browser, made = browser_of(c.mara), device()
    answer = made.create(browser.post("/client/passkeys/options/", {}, content_type=JSON).content)
    other = browser_of(c.mara)
    assert other.post("/client/passkeys/add/", answer, content_type=JSON).status_code == 422
    assert browser.post("/client/passkeys/add/", answer, content_type=JSON).status_code == 200
    assert browser.post("/client/passkeys/add/", answer, content_type=JSON).status_code == 422
    assert Row.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"flags": 0x01}, {"origin": "https://evil.example"}, {"rp_id": "evil.example"}]
)
def test_what_is_no_passkey_of_ours(c: Cast, change: dict[str, Any]) -> None:
    made = device()
    vars(made).update(change)
    answer = enrol(browser_of(c.mara), made)
    assert answer.status_code == 422 and "not accepted" in answer.json()["detail"]
    assert not Row.objects.exists() and not Envelope.objects.filter(kind="passkey_added").exists()


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{}", "null", '{"id":1}', "{" * 5000, "x" * 70000, '{"id":"AA","rawId":"AA","response":[]}'],
)
def test_hostile_bodies_are_refused_with_a_sentence(c: Cast, body: str) -> None:
    browser = browser_of(c.mara)
    browser.post("/client/passkeys/options/", {}, content_type=JSON)
    answer = browser.post("/client/passkeys/add/", body, content_type=JSON)
    assert answer.status_code == 422 and answer.json()["detail"]


def test_strangers_and_others_find_nothing(c: Cast) -> None:
    browser = browser_of(c.mara)
    enrol(browser, device())
    row = Row.objects.get()
    leo = browser_of(c.leo)
    assert str(row.id) not in leo.get("/client/passkeys/").content.decode()
    assert leo.post(f"/client/passkeys/{row.id}/remove/").status_code == 404
    assert browser.post("/client/passkeys/nonsense/remove/").status_code == 404
    assert Client().post("/client/passkeys/options/", {}, content_type=JSON).status_code == 404
    refused = keys.registration_options(actor=c.leo, session=session_in(browser))
    assert code(refused) == "not_found"
    for who in (c.theo, c.jonah):
        assert code(keys.remove_passkey(actor=who, passkey_id=row.id)) == "not_found"


def test_the_signature_of_a_document_can_be_checked_years_later(c: Cast) -> None:
    browser, made = browser_of(c.mara), device()
    enrol(browser, made)
    kept = signed(c, browser, made)
    assert not isinstance(kept, Refusal), kept
    kept = json.loads(json.dumps(kept))  # JSON values only
    assert keys.still_holds(kept, DIGEST)
    keys.remove_passkey(actor=c.mara, passkey_id=Row.objects.get().id)
    with override_settings(PARTWELL_URL="https://moved.example"):
        assert keys.still_holds(kept, DIGEST)
    other = hashlib.sha256(b"another text").digest()
    assert not keys.still_holds(kept, other)
    for name in ("client_data", "authenticator_data", "signature", "public_key"):
        raw = bytearray.fromhex(kept[name])
        raw[len(raw) // 2] ^= 1
        assert not keys.still_holds({**kept, name: raw.hex()}, DIGEST), name
        assert not keys.still_holds({key: value for key, value in kept.items() if key != name}, DIGEST)


def test_a_signature_is_of_this_text_by_this_person_once(c: Cast) -> None:
    browser, made = browser_of(c.mara), device()
    enrol(browser, made)
    session, mara = session_in(browser), c.contact(c.mara)
    options = keys.signing_options(session, mara, DIGEST)
    assert isinstance(options, str)
    answer = made.get(options)
    other = hashlib.sha256(b"another text").digest()
    assert code(keys.verify_passkey_for_document(session, mara, answer, other)) == "passkey_refused"
    # The challenge is used up by the try.
    assert code(keys.verify_passkey_for_document(session, mara, answer, DIGEST)) == "passkey_refused"
    # Somebody else's session, somebody else's key.
    assert code(keys.signing_options(session, c.contact(c.leo), DIGEST)) in ("not_found", "passkey_refused")
    leo = session_in(browser_of(c.leo))
    assert code(keys.verify_passkey_for_document(leo, mara, answer, DIGEST)) == "not_found"
    # A copy whose counter stands still.
    made.count = 0
    assert code(signed(c, browser, made)) == "passkey_refused"


def test_a_key_from_before_the_notice_counts_and_a_later_one_needs_a_call(c: Cast) -> None:
    browser, made = browser_of(c.mara), device()
    enrol(browser, made)
    row = Row.objects.get()
    notice = Offboarding.objects.get().noticed_at
    assert code(keys.usable_for_signing(row, notice)) == "passkey_too_young"
    assert keys.usable_for_signing(row, timezone.now()) is None

    # The number came on file with the contact, before the notice: Dan calls it.
    page = browser_of(c.dan).get(f"/contacts/{c.mara.id}/passkeys/")
    assert b"+44 20 5550 123" in page.content
    done = browser_of(c.dan).post(
        f"/contacts/{c.mara.id}/passkeys/", {"passkey": str(row.id), "answer": "yes", "note": "She has it."}
    )
    assert done.status_code == 302
    row.refresh_from_db()
    assert row.confirmed_at is not None and keys.usable_for_signing(row, notice) is None
    # Whoever prepared the document is no second employee.
    assert code(keys.usable_for_signing(row, notice, preparer_id=c.dan.id)) == "callback_by_preparer"
    assert keys.usable_for_signing(row, notice, preparer_id=c.ines.id) is None
    assert Entry.objects.filter(type="passkey.confirmed").count() == 1


@pytest.mark.parametrize("since", ["after the notice", "after the enrolment", "never"])
def test_a_number_that_came_later_confirms_nothing(c: Cast, since: str) -> None:
    browser = browser_of(c.mara)
    enrol(browser, device())
    row, departure = Row.objects.get(), Offboarding.objects.get()
    moment = {
        "after the notice": departure.noticed_at + timedelta(microseconds=1),
        "after the enrolment": timezone.now(),
        "never": None,
    }
    with permit("deed"):
        Contact.objects.filter(pk=c.mara.id).update(phone_on_file_at=moment[since])
    refused = keys.confirm_passkey(actor=c.dan, passkey_id=row.id, confirmed=True)
    assert code(refused) == "callback_number_not_on_file"
    row.refresh_from_db()
    assert row.confirmed_at is None


def test_a_key_that_is_not_theirs_is_removed_by_the_call(c: Cast) -> None:
    browser, made = browser_of(c.mara), device()
    enrol(browser, made)
    row = Row.objects.get()
    done = keys.confirm_passkey(actor=c.dan, passkey_id=row.id, confirmed=False, note="She knows of none.")
    assert isinstance(done, Row) and done.removed_at
    assert code(keys.usable_for_signing(done, timezone.now())) == "passkey_removed"
    assert code(keys.signing_options(session_in(browser), c.contact(c.mara), DIGEST)) == "passkey_refused"
    for who in (c.kerstin, c.mara, c.theo):
        assert isinstance(keys.confirm_passkey(actor=who, passkey_id=row.id, confirmed=True), Refusal)


def test_an_observer_may_have_one_but_it_is_theirs_alone(c: Cast) -> None:
    browser = browser_of(c.tom)
    assert enrol(browser, device()).status_code == 200
    tom: Actor = c.tom
    assert [one.person_id for one in keys.passkeys_of(tom.id)] == [tom.id]
    assert not keys.passkeys_of(c.mara.id)


# staff --------------------------------------------------------------------------

ORIGIN = "http://testserver"


def staff_device() -> Passkey:
    return Passkey(ORIGIN, "testserver")


def add_to_staff(browser: Client, made: Passkey) -> Any:
    options = browser.post("/account/2fa/passkeys/add/options/", {}, content_type=JSON)
    assert options.status_code == 200, options.content
    return browser.post("/account/2fa/passkeys/add/", made.create(options.content), content_type=JSON)


def by_passkey(browser: Client, made: Passkey) -> Any:
    options = browser.post("/account/passkey/options/", {}, content_type=JSON)
    return browser.post("/account/passkey/", made.get(options.content), content_type=JSON)


def strength(browser: Client) -> str:
    return session_strength(browser.get("/account/2fa/").wsgi_request)


@pytest.fixture
def jonah(db_world: Any) -> tuple[Client, Passkey]:
    """Jonah's browser and the passkey he set up as his second factor."""
    cache.clear()
    house()
    browser, made = Client(), staff_device()
    sign_in(browser)
    done = add_to_staff(browser, made)
    assert done.json() == {"url": "/account/2fa/codes/"}, done.content
    return browser, made


def test_a_passkey_alone_is_two_factors(jonah: tuple[Client, Passkey]) -> None:
    browser, made = jonah
    assert strength(browser) == "mfa" and browser.get("/settings/").status_code == 200
    other = Client()
    assert by_passkey(other, made).json() == {"url": "/"}
    assert strength(other) == "passkey" and other.get("/settings/").status_code == 200


def test_it_is_a_second_step_after_the_password(jonah: tuple[Client, Passkey]) -> None:
    _, made = jonah
    browser = Client()
    assert sign_in(browser).headers["Location"] == "/account/2fa/authenticate/"
    options = browser.post("/account/2fa/authenticate/passkey/options/", {}, content_type=JSON)
    assert options.json()["publicKey"]["userVerification"] == "required"
    done = browser.post("/account/2fa/authenticate/passkey/", made.get(options.content), content_type=JSON)
    assert done.json()["url"] == "/" and strength(browser) == "mfa"
    # Nobody who did not give the password gets a challenge there.
    assert (
        Client().post("/account/2fa/authenticate/passkey/options/", {}, content_type=JSON).status_code == 302
    )


@pytest.mark.parametrize(
    "change", [{"flags": 0x01}, {"origin": "http://evil.example"}, {"rp_id": "evil.example"}, {"user": ""}]
)
def test_a_key_that_nobody_unlocked_or_of_another_site_opens_nothing(
    jonah: tuple[Client, Passkey], change: dict[str, Any]
) -> None:
    _, made = jonah
    vars(made).update(change)
    browser = Client()
    answer = by_passkey(browser, made)
    assert answer.status_code == 400 and "not accepted" in answer.json()["detail"]
    assert browser.get("/settings/").status_code == 302
    assert SecurityEvent.objects.filter(kind="passkey_refused").exists()


def test_staff_challenges_are_used_once(jonah: tuple[Client, Passkey]) -> None:
    _, made = jonah
    browser = Client()
    answer = made.get(browser.post("/account/passkey/options/", {}, content_type=JSON).content)
    assert browser.post("/account/passkey/", answer, content_type=JSON).status_code == 200
    browser.post("/account/logout/")
    assert browser.post("/account/passkey/", answer, content_type=JSON).status_code == 400


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", "null", "x" * 70000, '{"response":{"clientDataJSON":"AA"}}']
)
def test_staff_hostile_bodies(jonah: tuple[Client, Passkey], body: str) -> None:
    browser = Client()
    browser.post("/account/passkey/options/", {}, content_type=JSON)
    assert browser.post("/account/passkey/", body, content_type=JSON).status_code == 400


def test_more_keys_and_their_removal_need_a_fresh_proof(jonah: tuple[Client, Passkey]) -> None:
    browser, made = jonah
    session = browser.session
    for one in session["account_authentication_methods"]:
        one["at"] -= 3600
    session.save()
    options = browser.post("/account/2fa/passkeys/add/options/", {}, content_type=JSON)
    assert options.status_code == 401 and "Sign in again" in options.json()["detail"]
    from allauth.mfa.models import Authenticator

    key = Authenticator.objects.get(type="webauthn")
    where = browser.get(f"/account/2fa/passkeys/{key.pk}/remove/").headers["Location"]
    assert "reauthenticate" in where
    options = browser.post("/account/2fa/reauthenticate/passkey/options/", {}, content_type=JSON)
    done = browser.post("/account/2fa/reauthenticate/passkey/", made.get(options.content), content_type=JSON)
    assert done.status_code == 200
    second = staff_device()
    assert add_to_staff(browser, second).json() == {"url": "/account/2fa/"}
    set_up_totp(browser)
    assert browser.post(f"/account/2fa/passkeys/{key.pk}/remove/").status_code == 302
    assert by_passkey(Client(), made).status_code == 400 and by_passkey(Client(), second).status_code == 200
