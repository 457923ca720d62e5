# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's pages, walked through: read, sign, narrow, withdraw, dates, acceptance, and what strangers get."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from partwell.actions.offboardings.move_dates import propose_date
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.records.authorisations.models import Authorisation
from partwell.records.evidence.models import Entry
from partwell.records.offboardings.models import Acceptance, DateChange, Offboarding
from partwell.rules.refusals import Refusal
from tests.flows import consent_cast
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, propose

pytestmark = pytest.mark.usefixtures("db_world")

READ = ("/client/", "/client/authorisations/", "/client/dates/", "/client/letters/")


def ticked(row: Authorisation, **more: str) -> dict[str, str]:
    return {"digest": row.text_digest, "read": "on", "electronic": "on", "name": "Mara Ellery", **more}


def page(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def departure_of(made: Cast) -> Offboarding:
    return Offboarding.objects.get(client=made.northwick)


def test_the_first_page_asks_for_one_signature_and_an_observer_sees_no_button() -> None:
    made = cast()
    row = propose(made)
    mara, tom = browser_of(made.mara), browser_of(made.tom)
    seen = page(mara, "/client/")
    assert f'href="/client/authorisations/{row.id}/"' in seen
    assert "Read and sign" in seen
    looked = page(tom, "/client/")
    assert "may receive what is yours" in looked
    assert "Read and sign" not in looked
    for path in READ:
        page(mara, path)
        page(tom, path)


def test_the_text_on_the_page_is_the_text_that_is_signed_and_reading_is_noted_once() -> None:
    made = cast()
    row = propose(made)
    mara = browser_of(made.mara)
    seen = page(mara, f"/client/authorisations/{row.id}/")
    page(mara, f"/client/authorisations/{row.id}/")
    assert Entry.objects.filter(type="authorisation.read").count() == 1
    for line in row.text.splitlines()[1:]:
        for part in json.loads(line)[1:]:
            shown = part.replace("&", "&amp;").replace("'", "&#x27;")
            assert shown in seen or part.isdecimal(), part
    assert re.search(r"<input[^>]*checked", seen) is None  # nothing is ticked beforehand


def test_signing_without_a_passkey_says_what_happens_next() -> None:
    made = cast()
    row = propose(made)
    mara = browser_of(made.mara)
    here = f"/client/authorisations/{row.id}/"
    for given in ({}, ticked(row, read=""), ticked(row, electronic=""), ticked(row, name="Somebody Else")):
        assert mara.post(f"{here}sign/", given).status_code == 422
    assert mara.post(f"{here}sign/", ticked(row, digest="0" * 64)).status_code == 409
    answer = mara.post(f"{here}sign/", ticked(row, name="  mara  ELLERY "), follow=True)
    assert "waits for our call" in answer.content.decode()
    row.refresh_from_db()
    assert row.state == "proposed"
    assert row.signature_event["typed_name"] == "mara ELLERY"
    # Nothing is asked of her any more.
    assert "Nothing, at the moment" in page(mara, "/client/")


def test_signing_with_a_passkey_acts_at_once() -> None:
    made = consent_cast.consent_cast()
    device, _ = consent_cast.enrol(made.mara, when=consent_cast.LONG_AGO)
    row = made.proposed()
    mara = browser_of(consent_cast.actor(made.mara))
    here = f"/client/authorisations/{row.id}/"
    assert 'data-form="sign"' in page(mara, here)
    options = mara.post(f"{here}passkey/options/", {}, content_type="application/json")
    credential = device.get(options.content.decode())
    bad = mara.post(
        f"{here}passkey/",
        {"form": ticked(row, read=""), "credential": credential},
        content_type="application/json",
    )
    assert bad.status_code == 422
    done = mara.post(
        f"{here}passkey/", {"form": ticked(row), "credential": credential}, content_type="application/json"
    )
    assert done.status_code == 200, done.content
    row.refresh_from_db()
    assert (row.state, row.factor) == ("granted", "passkey")
    again = mara.post(
        f"{here}passkey/", {"form": ticked(row), "credential": credential}, content_type="application/json"
    )
    assert again.status_code == 422  # the challenge is used up
    for junk in ("[]", "{}", '{"form": 1, "credential": 2}', "\xff"):
        assert mara.post(f"{here}passkey/", junk, content_type="application/json").status_code == 400
    consent_cast.letters()
    answer = mara.get(f"{here}file/letter/?show")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).startswith(b"%PDF")  # type: ignore[attr-defined]
    assert "Authorisation 1 for Alder Row IT" in page(mara, "/client/letters/")


def test_decline_narrow_and_withdraw_through_the_pages() -> None:
    made = cast(signed=True)
    made.release("diagram")
    row = made.authorisation
    assert row is not None
    mara = browser_of(made.mara)
    here = f"/client/authorisations/{row.id}/"
    seen = page(mara, f"{here}withdraw/")
    assert "What this stops" in seen
    assert "queued" in seen
    page(mara, f"{here}narrow/")
    given = {
        "presets": ["documentation"],
        "persons": [made.theo.id.hex],
        "ends_on": (row.ends_on - timedelta(days=3)).isoformat(),
    }
    answer = mara.post(f"{here}narrow/", given)
    assert answer.status_code == 302, answer.content.decode()
    new = Authorisation.objects.get(state="granted")
    assert (new.version, new.presets, new.person_ids) == (2, ["documentation"], [made.theo.id.hex])
    wider = mara.post(f"/client/authorisations/{new.id}/narrow/", {**given, "ends_on": "2099-01-01"})
    assert wider.status_code == 409
    nothing = mara.post(f"/client/authorisations/{new.id}/narrow/", {"ends_on": new.ends_on.isoformat()})
    assert nothing.status_code == 422
    assert mara.post(f"/client/authorisations/{new.id}/withdraw/", {"words": "Enough."}).status_code == 302
    new.refresh_from_db()
    assert (new.state, new.ended_reason) == ("withdrawn", "Enough.")
    again = propose(made)
    assert mara.post(f"/client/authorisations/{again.id}/decline/", {"words": "No."}).status_code == 302
    again.refresh_from_db()
    assert again.state == "declined"
    page(mara, f"/client/authorisations/{again.id}/")


def test_an_observer_and_strangers_change_nothing() -> None:
    made = cast(signed=True)
    row = made.authorisation
    assert row is not None
    here = f"/client/authorisations/{row.id}/"
    tom, leo = browser_of(made.tom), browser_of(made.leo)
    page(tom, here)
    for path in ("sign/", "decline/", "narrow/", "withdraw/", "passkey/options/", "passkey/"):
        assert tom.post(here + path, {}).status_code in (403, 409), path
        assert leo.post(here + path, {}).status_code in (404, 400), path
    for path in ("", "narrow/", "withdraw/", "decline/", "file/letter/"):
        assert leo.get(here + path).status_code == 404, path
    for junk in ("x", "00000000-0000-0000-0000-000000000000", "../etc"):
        assert leo.get(f"/client/authorisations/{junk}/").status_code == 404
    row.refresh_from_db()
    assert row.state == "granted"
    # Another door's person has no way in here at all.
    assert browser_of(made.theo).get(here).status_code == 302


def test_dates_are_shown_before_and_after_agreed_or_declined() -> None:
    made = cast()
    row = departure_of(made)
    later = row.end_of_service + timedelta(days=30)
    change = propose_date(
        actor=made.ines, offboarding_id=row.id, effective_on=later, reason="The licences arrive late."
    )
    assert isinstance(change, DateChange)
    mara, tom, leo = browser_of(made.mara), browser_of(made.tom), browser_of(made.leo)
    seen = page(mara, "/client/dates/")
    assert "The licences arrive late." in seen
    assert "Agree" not in page(tom, "/client/dates/").replace("Agreed", "").replace("agree.", "")
    assert leo.post(f"/client/dates/{change.id}/", {"do": "agree"}).status_code == 404
    assert mara.post(f"/client/dates/{change.id}/", {"do": "agree"}).status_code == 302
    row.refresh_from_db()
    assert row.end_of_service == later
    asked = later + timedelta(days=10)
    assert "Ask for this" in page(mara, f"/client/dates/?effective_on={asked.isoformat()}&reason=x")
    page(mara, "/client/dates/?effective_on=nonsense", 422)
    assert (
        mara.post("/client/dates/ask/", {"effective_on": asked.isoformat(), "reason": "x"}).status_code == 302
    )
    own = DateChange.objects.get(state="proposed")
    assert own.asked_by_kind == "client"
    assert mara.post(f"/client/dates/{own.id}/", {"do": "decline"}).status_code == 302


def test_the_notice_is_withdrawn_with_its_consequences_shown() -> None:
    made = cast(signed=True)
    mara = browser_of(made.mara)
    assert "no fee" in page(mara, "/client/notice/withdraw/")
    assert browser_of(made.tom).get("/client/notice/withdraw/").status_code in (403, 409)
    assert mara.post("/client/notice/withdraw/", {"words": "We stay."}).status_code == 302
    assert departure_of(made).state == "withdrawn"
    page(mara, "/client/")
    page(mara, "/client/dates/")


def test_acceptance_line_by_line() -> None:
    made = cast(signed=True)
    made.release("diagram", target=made.to_client())
    row = prepare_acceptance(actor=made.dan, offboarding_id=departure_of(made).id)
    assert not isinstance(row, Refusal), row
    mara = browser_of(made.mara)
    assert f"/client/acceptance/{row.id}/" in page(mara, "/client/")
    here = f"/client/acceptance/{row.id}/"
    page(mara, here)
    base = {"digest": row.list_digest, "read": "on", "electronic": "on", "name": "Mara Ellery"}
    assert mara.post(f"{here}sign/", base).status_code == 422  # no answer to the lines
    line = row.lines.first()
    given = {
        **base,
        "rest": "accepted",
        f"line-{line.id}": "rejected",
        f"words-{line.id}": "The wrong floor.",
    }
    assert mara.post(f"{here}sign/", given).status_code == 302
    row.refresh_from_db()
    assert row.signature_event["awaits_call_back"]
    assert "waits for our call" in page(mara, here)
    assert browser_of(made.leo).get(here).status_code == 404
    assert browser_of(made.tom).post(f"{here}sign/", given).status_code in (403, 409)
    assert Acceptance.objects.get().state == "requested"


def test_the_page_of_a_client_who_has_left_is_calm() -> None:
    from partwell.actions.base import Deed

    made = cast(signed=True)
    with Deed(made.jonah) as deed:
        client = deed.lock(made.northwick.id)
        deed.save(departure_of(made), state="closed", closed_at=deed.now)
        deed.save(client, state="inactive")
        deed.record("offboarding.closed", subjects=[client.id])
    mara = browser_of(made.mara)
    seen = page(mara, "/client/")
    assert "we have parted" in seen
    assert "What we need from you" not in seen
    for path in READ:
        page(mara, path)


def test_the_first_page_takes_a_fixed_number_of_queries(
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    made = cast(signed=True)
    mara = browser_of(made.mara)
    with django_assert_max_num_queries(45):
        page(mara, "/client/")
