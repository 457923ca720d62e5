# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests at the three doors: the provider asks, staff see the price and send it, the client alone decides (R5)."""

from typing import Any

import pytest
from django.urls import reverse

from partwell.actions.hours.requests import ask_for_work, estimate_request
from partwell.records.billing.models import Invoice
from partwell.records.correspondence.models import Envelope
from partwell.records.hours.models import Block, WorkRequest
from partwell.records.offboardings.models import Offboarding
from partwell.rules.hours import WorkKind
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

TITLE = "A new network diagram"


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(signed=True)


def asked(story: Cast, actor: Any = None) -> WorkRequest:
    departure = Offboarding.objects.get(client=story.northwick)
    return done(
        ask_for_work(actor=actor or story.theo, offboarding_id=departure.id, title=TITLE, text="Draw it.")
    )


def estimated(story: Cast, minutes: int = 300) -> WorkRequest:
    row = asked(story)
    return done(
        estimate_request(actor=story.dan, request_id=row.id, minutes=minutes, kind=WorkKind.NEW_DOCUMENT)
    )


@pytest.mark.both_databases
def test_from_the_providers_question_to_the_clients_yes(story: Cast) -> None:
    theo, dan, mara = browser_of(story.theo), browser_of(story.dan), browser_of(story.mara)
    assert (
        theo.post("/provider/requests/", {"title": TITLE, "text": "For the new firewall."}).status_code == 302
    )
    row = WorkRequest.objects.get()
    page = dan.get(reverse("staff:client_requests", args=[story.northwick.id])).content.decode()
    assert TITLE in page and "Waits for an estimate" in page
    assert TITLE in dan.get(reverse("staff:requests")).content.decode()
    shown = {"minutes": 300, "kind": "new_document", "line_class": "further_service", "cost": ""}
    here = reverse("staff:request", args=[row.id])
    preview = dan.get(here, shown).content.decode()
    for words in ("What the client would see", "1 block of 2\u00a0h", "280.00", "Send the estimate"):
        assert words in preview, words
    assert WorkRequest.objects.get().state == "asked", "looking sends nothing"
    assert dan.post(reverse("staff:request_estimate", args=[row.id]), shown).status_code == 302
    mail = Envelope.objects.get(kind="request_estimated")
    assert mail.client_contact_id == story.mara.id and "5 h 00 min" in mail.text and not mail.to_provider
    home = mara.get("/client/").content.decode()
    assert f"Shall we do “{TITLE}”?" in home
    page = mara.get(f"/client/requests/{row.id}/").content.decode()
    for words in (
        "It would take 5\u00a0h.",
        "1 block of 2\u00a0h",
        "You would pay",
        "is not used is paid back",
        "Approve for",
    ):
        assert words in page, words
    provider = theo.get("/provider/requests/").content.decode()
    assert TITLE in provider and "Waits for the client" in provider
    assert "280" not in provider and "5\u00a0h" not in provider, "neither hours nor money"
    assert (
        mara.post(f"/client/requests/{row.id}/answer/", {"do": "approve", "net": "280.00"}).status_code == 302
    )
    assert WorkRequest.objects.get().state == "approved"
    block = Block.objects.get()
    assert (block.minutes, block.paid_at) == (120, None) and Invoice.objects.get().net == block.net
    page = dan.get(here).content.decode()
    assert "waits for its payment" in page and "It is done" in page
    assert "Will be done" in theo.get("/provider/requests/").content.decode()
    assert dan.post(reverse("staff:request_finish", args=[row.id])).status_code == 302
    assert WorkRequest.objects.get().state == "done"


def test_only_what_was_shown_is_approved(story: Cast) -> None:
    row = estimated(story)
    mara = browser_of(story.mara)
    late = mara.post(f"/client/requests/{row.id}/answer/", {"do": "approve", "net": "140.00"})
    assert late.status_code == 409 and "280.00 EUR net now" in late.content.decode()
    assert not Block.objects.exists()
    assert mara.post(f"/client/requests/{row.id}/answer/", {"do": "approve", "net": "x"}).status_code == 404
    assert (
        mara.post(f"/client/requests/{row.id}/answer/", {"do": "decline", "words": "Not now"}).status_code
        == 302
    )
    again = mara.post(f"/client/requests/{row.id}/answer/", {"do": "decline"})
    assert again.status_code == 409
    assert "“Not now”" in mara.get(f"/client/requests/{row.id}/").content.decode()


def test_who_may_decide_and_who_sees_nothing(story: Cast) -> None:
    row = estimated(story)
    here = f"/client/requests/{row.id}/"
    tom = browser_of(story.tom)
    page = tom.get(here).content.decode()
    assert (
        TITLE in page
        and "A signatory of yours decides." in page
        and "Approve" not in page.replace("Approved", "")
    )
    assert tom.post(f"{here}answer/", {"do": "approve", "net": "280"}).status_code == 409
    leo = browser_of(story.leo)
    assert leo.get(here).status_code == 404
    assert leo.post(f"{here}answer/", {"do": "approve", "net": "280"}).status_code == 404
    assert TITLE not in leo.get("/client/requests/").content.decode()
    assert browser_of(story.theo).get(here).status_code in (302, 404)
    assert browser_of(story.theo).post(f"{here}answer/", {"do": "approve"}).status_code == 404
    assert WorkRequest.objects.get().state == "estimated"


def test_without_consent_nothing_is_asked_or_read(db_world: World) -> None:
    people = cast()
    theo = browser_of(people.theo)
    page = theo.get("/provider/requests/").content.decode()
    assert "no valid consent" in page and 'name="title"' not in page
    assert theo.post("/provider/requests/", {"title": TITLE}).status_code == 404
    assert not WorkRequest.objects.exists()


def test_a_provider_sees_its_own_requests_only(story: Cast) -> None:
    asked(story, story.mara)
    assert TITLE not in browser_of(story.theo).get("/provider/requests/").content.decode()
    asked(story)
    assert TITLE in browser_of(story.theo).get("/provider/requests/").content.decode()


def test_the_client_asks_and_reads_its_hours(story: Cast) -> None:
    mara, tom = browser_of(story.mara), browser_of(story.tom)
    assert mara.post("/client/requests/ask/", {"title": "Train our people"}).status_code == 302
    assert "Train our people" in tom.get("/client/requests/").content.decode()
    assert tom.get("/client/requests/ask/").status_code == 409
    page = tom.get("/client/hours/").content.decode()
    assert "4\u00a0h" in page and "No time has been recorded." in page
    assert "What the time went on" in mara.get("/client/").content.decode()


def test_the_estimate_is_refused_at_its_field_and_cancelled_with_a_reason(story: Cast) -> None:
    row = asked(story)
    dan = browser_of(story.dan)
    given = {"minutes": 0, "kind": "other", "line_class": "further_service"}
    page = dan.post(reverse("staff:request_estimate", args=[row.id]), given)
    assert page.status_code == 422 and 'id="id_minutes_error"' in page.content.decode()
    assert dan.get(reverse("staff:request", args=[row.id]), {"minutes": "x"}).status_code == 422
    cancel = reverse("staff:request_cancel", args=[row.id])
    assert 'id="id_words_error"' in dan.post(cancel, {"words": " "}).content.decode()
    assert dan.post(cancel, {"words": "Asked twice"}).status_code == 302
    assert "Asked twice" in browser_of(story.mara).get(f"/client/requests/{row.id}/").content.decode()
    assert "override" not in dan.get(reverse("staff:request", args=[estimated(story).id])).content.decode()


def test_as_is_work_costs_nothing(story: Cast) -> None:
    row = asked(story)
    done(estimate_request(actor=story.dan, request_id=row.id, minutes=900, kind=WorkKind.AS_IS))
    page = browser_of(story.mara).get(f"/client/requests/{row.id}/").content.decode()
    assert "never charged beyond what is included" in page and "To be bought in advance" not in page
