# SPDX-License-Identifier: AGPL-3.0-or-later
"""Forms of dates, acceptance and withdrawal: a refusal stands at its field and nothing typed is lost; the API does the same work."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from partwell.actions.offboardings.move_dates import decide_date, propose_date
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.actions.offboardings.sign_acceptance import Answers, sign_acceptance
from partwell.records.correspondence.models import Envelope
from partwell.records.offboardings.models import Acceptance, DateChange, Offboarding
from partwell.workers.jobs import run_one
from tests.api.caller import caller
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.flows.post_office import delivered
from tests.flows.test_notice import MAIL
from tests.support.worlds import World


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(signed=True)


def departure(story: Cast) -> Offboarding:
    return Offboarding.objects.get(client=story.northwick)


TERM = {"scope": "Mail only", "monthly_fee": "120.00", "currency": "EUR"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "effective_on"),
        ({"effective_on": "2001-01-01"}, "effective_on"),
        ({"effective_on": "soon"}, "effective_on"),
        ({**TERM, "ends_on": "2001-01-01"}, "ends_on"),
        ({**TERM, "ends_on": "2099-01-01", "scope": " "}, "scope"),
        ({**TERM, "ends_on": "2099-01-01", "currency": "12€"}, "monthly_fee"),
        ({**TERM, "monthly_fee": "", "ends_on": "2099-01-01"}, "monthly_fee"),
        (TERM, "ends_on"),
    ],
)
def test_a_date_that_cannot_be_says_so_at_its_field(story: Cast, changes: dict[str, str], field: str) -> None:
    row = departure(story)
    url = reverse("staff:date_propose", args=[row.id])
    given = {
        "effective_on": row.end_of_service.isoformat(),
        "reason": "The line is late",
        "currency": "EUR",
        **changes,
    }
    for send in ({}, {"send": "1"}):
        answer = browser_of(story.ines).post(url, {**given, **send})
        assert answer.status_code == 422 and list(answer.context["form"].errors) == [field]
        assert "The line is late" in answer.content.decode()
    assert not DateChange.objects.exists()


def test_a_deadline_in_the_past_and_a_call_that_does_not_confirm_stay_on_their_forms(story: Cast) -> None:
    row = departure(story)
    url = reverse("staff:acceptance_prepare", args=[row.id])
    past = browser_of(story.dan).post(url, {"deadline": "2001-01-01"})
    assert past.status_code == 422 and list(past.context["form"].errors) == ["deadline"]
    made = done(prepare_acceptance(actor=story.dan, offboarding_id=row.id))
    done(sign_acceptance(actor=story.mara, acceptance_id=made.id, answers=Answers(rest="accepted"), shown_digest=made.list_digest,
                         intent=True, electronic_form=True))  # fmt: skip
    url = reverse("staff:acceptance_call", args=[row.id])
    answer = browser_of(story.priya).post(url, {"confirmed": "no", "note": "She was surprised"})
    assert answer.status_code == 422 and "She was surprised" in answer.content.decode()
    by_preparer = browser_of(story.dan).post(url, {"confirmed": "yes", "note": "It was me"})
    assert by_preparer.status_code == 422 and "It was me" in by_preparer.content.decode()
    assert Acceptance.objects.get(pk=made.id).state == "requested"


@pytest.mark.both_databases
def test_every_party_asks_and_only_the_client_moves_the_date(story: Cast) -> None:
    row = departure(story)
    later = row.end_of_service + timedelta(days=14)
    mara = browser_of(story.mara)
    seen = mara.get(
        reverse("client:dates"), {"effective_on": later.isoformat(), "reason": "Our office moves"}
    )
    assert "Our office moves" in seen.content.decode() and len(seen.context["preview"]) >= 6
    done(propose_date(actor=story.theo, offboarding_id=row.id, effective_on=later, reason="The line is late"))
    asked = {"effective_on": (later + timedelta(days=7)).isoformat(), "reason": "Our office moves"}
    assert mara.post(reverse("client:date_propose"), asked).status_code == 302
    assert departure(story).end_of_service == row.end_of_service
    shown = browser_of(story.ines).get(reverse("staff:dates", args=[row.id])).content.decode()
    assert "Asked by Theo Brandt" in shown and "Asked by Mara Ellery" in shown
    waiting = DateChange.objects.get(state="proposed", asked_by_kind="client")
    assert mara.post(reverse("client:date_decide", args=[waiting.id]), {"do": "agree"}).status_code == 302
    assert departure(story).end_of_service == later + timedelta(days=7)
    stale = DateChange.objects.get(state="proposed")
    refused = mara.post(reverse("client:date_decide", args=[stale.id]), {"do": "agree"})
    assert refused.status_code == 409, "the dates it was shown with are no longer those in force"


@pytest.mark.both_databases
def test_the_api_takes_a_notice_plans_moves_dates_and_withdraws(story: Cast) -> None:
    ines = caller(story.jonah, story.ines)
    today = timezone.localdate()
    given = {"noticed_at": timezone.now().isoformat(), "channel": "mail", "reason": "new_provider", "destination": "new_msp",
             "end_of_service": (today + timedelta(days=60)).isoformat(), "pain_points": ["Slow", "Dear"],
             "outside": {"name": "Leo at home", "email": "leo.marsh@post.example"}}  # fmt: skip
    bad = ines.form(f"/clients/{story.quayside.id}/offboardings/from-mail", {
        "notice": json.dumps({**given, "end_of_service": "2001-01-01"}), "mail": SimpleUploadedFile("n.eml", MAIL)})  # fmt: skip
    assert bad.status_code == 422 and "lies before the notice" in bad.content.decode()
    answer = ines.form(f"/clients/{story.quayside.id}/offboardings/from-mail", {
        "notice": json.dumps(given), "mail": SimpleUploadedFile("n.eml", MAIL)})  # fmt: skip
    assert answer.status_code == 201, answer.content
    at = f"/offboardings/{json.loads(answer.content)['id']}"
    kept = ines.get(f"{at}/notice")
    assert b"".join(kept) == MAIL, "byte for byte"  # type: ignore[call-overload]
    ines.ok("POST", f"{at}/acknowledge", {})
    while run_one():
        pass
    letter = ines.get(f"{at}/acknowledgement")
    assert b"".join(letter).startswith(b"%PDF")  # type: ignore[call-overload]
    ines.ok("POST", f"{at}/plan", {})
    steps = ines.ok("GET", f"{at}/steps")["items"]
    assert {"acknowledge", "retest_90"} <= {one["key"] for one in steps}
    due = today.isoformat()
    first, second = (ines.ok("POST", f"{at}/steps", {"title": title, "due": due}) for title in ("One", "Two"))
    moved = ines.ok("POST", f"/steps/{second['id']}/move", {"earlier": True})
    assert moved["position"] == first["position"]
    assert ines.post(f"/steps/{second['id']}/move", {"earlier": True}).status_code == 422
    ines.ok("POST", f"/steps/{first['id']}/finish", {"words": "Seen"})
    ines.ok("POST", f"/steps/{second['id']}/remove", {"reason": "Not here"})
    assert {one["key"] for one in ines.ok("GET", f"{at}/dates")["items"]} >= {"access_ends"}
    ines.ok("POST", f"{at}/date-changes", {"end_of_service": (today + timedelta(days=90)).isoformat(), "reason": "Late line",
            "term": {"scope": "Mail only", "monthly_fee": "120.00", "currency": "EUR", "ends_on": (today + timedelta(days=120)).isoformat()}})  # fmt: skip
    change = DateChange.objects.get(offboarding_id=at.rpartition("/")[2])
    assert len(change.effects) >= 7 and change.terms.get().monthly_fee == 120
    done(decide_date(actor=story.leo, change_id=change.id, agree=True))
    assert ines.ok("GET", at)["end_of_service"] == (today + timedelta(days=90)).isoformat()
    assert ines.ok("GET", f"{at}/withdrawal")["fee"] in ("0", 0)
    assert ines.ok("POST", f"{at}/withdraw", {"words": "They stay"})["state"] == "withdrawn"
    assert ines.ok("GET", f"{at}/dates")["items"] == [] and ines.ok("GET", f"{at}/to-rotate")["items"] == []
    assert ines.post(f"{at}/withdraw", {}).status_code == 409


@pytest.mark.both_databases
def test_released_credentials_are_listed_for_rotation_after_the_client_stays(story: Cast) -> None:
    story.release("router")
    delivered(story)
    row = departure(story)
    ines = caller(story.jonah, story.ines)
    browser, url = browser_of(story.ines), reverse("staff:notice_withdraw", args=[row.id])
    assert "Edge router login" in browser.get(url).content.decode(), "said before it is done"
    assert browser.post(url, {"words": ""}).status_code == 422
    assert browser.post(url, {"words": "They stay"}).status_code == 302
    page = browser.get(reverse("staff:dates", args=[row.id])).content.decode()
    assert "Rotate these credentials" in page and "Edge router login" in page
    assert [one["title"] for one in ines.ok("GET", f"/offboardings/{row.id}/to-rotate")["items"]] == [
        "Edge router login"
    ]
    assert "Edge router login" in Envelope.objects.get(dedupe_key=f"offboarding:{row.id.hex}:withdrawn").text


@pytest.mark.both_databases
def test_the_api_shows_the_list_its_answers_and_its_letter(story: Cast) -> None:
    row = departure(story)
    dan: Any = caller(story.jonah, story.dan)
    made = dan.ok("POST", f"/offboardings/{row.id}/acceptances", {})
    lines = dan.ok("GET", f"/acceptances/{made['id']}/lines")["items"]
    assert {one["standing"] for one in lines} == {"still_here"} and {one["answer"] for one in lines} == {""}
    assert dan.get(f"/acceptances/{made['id']}/letter").status_code == 404
    done(sign_acceptance(actor=story.mara, acceptance_id=made["id"], answers=Answers(rest="waived"), shown_digest=made["list_digest"],
                         intent=True, electronic_form=True))  # fmt: skip
    priya: Any = caller(story.jonah, story.priya)
    assert (
        priya.ok("POST", f"/acceptances/{made['id']}/call-back", {"confirmed": True})["state"] == "accepted"
    )
    while run_one():
        pass
    lines = dan.ok("GET", f"/acceptances/{made['id']}/lines")["items"]
    assert {one["answer"] for one in lines} == {"waived"}
    assert b"".join(dan.get(f"/acceptances/{made['id']}/letter")).startswith(b"%PDF")
    codes = {one["code"] for one in dan.ok("GET", f"/offboardings/{row.id}/blockers")["items"]}
    assert "acceptance" not in codes and "unreleased" not in codes
