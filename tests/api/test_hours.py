# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time, timers, requests and imports by program: the same rules and refusals as on the pages."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from partwell.records.hours.models import TimeEntry
from partwell.records.offboardings.models import Offboarding
from tests.api.caller import Caller, caller
from tests.flows.cast import Cast, cast


@pytest.fixture
def people(db_world: object) -> Cast:
    return cast(signed=True)


def code(response: Any) -> dict[str, Any]:
    """A problem's body."""
    assert response.status_code >= 400, response.content
    return dict(response.json())


def entry(minutes: int = 30, **more: Any) -> dict[str, Any]:
    started = (timezone.now() - timedelta(minutes=minutes + 1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "minutes": minutes,
        "started_at": started,
        "work_class": "offboarding",
        "kind": "meeting",
        "note": "Meeting",
        **more,
    }


def test_time_is_recorded_listed_and_taken_back(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    at = f"/clients/{people.northwick.id}"
    made = dan.made(f"{at}/time", entry(52))
    assert (made["accounted"], made["parts"][0]["source"]) == (60, "included")
    hours = dan.ok("GET", f"{at}/hours")
    assert (hours["left"], hours["used"], hours["hourly_rate"]) == (180, 60, "140.00")
    offboarding = Offboarding.objects.get(client=people.northwick)
    assert dan.ok("GET", f"/offboardings/{offboarding.id}")["hours"] == {
        "included": 240,
        "prepaid": 0,
        "used": 60,
        "left": 180,
    }
    assert code(dan.post(f"{at}/time", entry(300)))["code"] == "hours_short"
    assert code(dan.post(f"{at}/time", entry(-5)))["code"] == "time_not_positive"
    assert (
        code(dan.post(f"{at}/time", {**entry(5), "started_at": "2200-12-31T23:59:59Z"}))["code"]
        == "time_in_future"
    )
    back = dan.made(f"/time/{made['id']}/reversal", {"why": "Wrong day"})
    assert back["reverses_id"] == made["id"] and back["minutes"] == -52
    found = dan.ok("GET", f"{at}/time")["items"]
    assert [one["id"] for one in found] == [back["id"], made["id"]] and found[1]["reversed_by_id"] == back[
        "id"
    ]
    assert code(caller(people.jonah, people.kerstin).post(f"{at}/time", entry()))["code"] == "not_your_role"


def test_one_key_records_once(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    for _ in range(2):
        dan.post(f"/clients/{people.northwick.id}/time", entry(20), key="monday-1")
    assert TimeEntry.objects.count() == 1


def test_a_timer_and_a_leave(people: Cast) -> None:
    dan, jonah = caller(people.jonah, people.dan), caller(people.jonah, people.jonah)
    at = f"/clients/{people.northwick.id}"
    timer = dan.made(f"{at}/timers", {"work_class": "offboarding", "kind": "meeting"})
    assert [one["id"] for one in jonah.ok("GET", "/timers")["items"]] == [timer["id"]]
    assert code(dan.post(f"{at}/timers", {"work_class": "service"}))["code"] == "timer_running"
    assert code(dan.post(f"/timers/{timer['id']}/stop", {}))["code"] == "time_without_note"
    made = dan.ok("POST", f"/timers/{timer['id']}/stop", {"note": "Meeting"})
    assert made["kind"] == "meeting" and TimeEntry.objects.get().timer_id is not None
    timer = dan.made(f"{at}/timers", {"work_class": "service"})
    assert code(dan.post(f"/timers/{timer['id']}/away", {}))["code"] == "taken_back_without_reason"
    assert dan.ok("POST", f"/timers/{timer['id']}/away", {"why": "Wrong client"})["stopped_at"]
    assert code(dan.post(f"{at}/leave", {"minutes": 60, "reason": "x"}))["code"] == "not_your_role"
    assert jonah.made(f"{at}/leave", {"minutes": 60, "reason": "A flood"})["ended_at"] is None
    assert jonah.ok("POST", f"{at}/leave/end")["ended_at"]


def test_a_request_is_priced_and_estimated_and_only_the_client_approves(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    offboarding = Offboarding.objects.get(client=people.northwick)
    made = dan.made(f"/offboardings/{offboarding.id}/requests", {"title": "A diagram"})
    here = f"/requests/{made['id']}"
    price = dan.ok("POST", f"{here}/price", {"minutes": 300, "kind": "new_document"})
    assert (price["blocks"], price["net"], price["refused"]) == (1, "280.00", None)
    assert dan.ok("GET", here)["state"] == "asked"
    assert (
        dan.ok("POST", f"{here}/estimate", {"minutes": 300, "kind": "new_document"})["state"] == "estimated"
    )
    assert code(dan.post(f"{here}/finish"))["code"] == "request_not_open"
    assert code(dan.post(f"{here}/cancel", {}))["code"] == "cancel_without_reason"
    assert dan.ok("POST", f"{here}/cancel", {"words": "Asked twice"})["state"] == "cancelled"
    assert [one["id"] for one in dan.ok("GET", f"/clients/{people.northwick.id}/requests")["items"]] == [
        made["id"]
    ]
    assert dan.post(f"{here}/approve").status_code == 404


def test_a_psas_csv_by_program(people: Cast) -> None:
    ines = caller(people.jonah, people.ines)
    at = f"/clients/{people.northwick.id}/time/import"

    def send(dry: str, who: Caller = ines) -> Any:
        file = SimpleUploadedFile(
            "t.csv", b"Date,Hours,Notes\n2026-03-17,1,Call\n2026-03-18,9,Much\n", "text/csv"
        )
        return who.form(at, {"dry_run": dry, "file": file}).json()

    seen = send("true")
    assert (seen["entries"], seen["left_out"], seen["dry_run"]) == (
        1,
        1,
        True,
    ) and not TimeEntry.objects.exists()
    assert send("false")["entries"] == 1 and TimeEntry.objects.count() == 1
    assert send("false")["duplicates"] == 1


def test_names_of_a_psa_are_mapped_to_staff(people: Cast) -> None:
    ines = caller(people.jonah, people.ines)
    at = f"/clients/{people.northwick.id}/time/import"
    content = b"Date,Hours,Notes,Member\n2026-03-17,1,Call,dfrey\n2026-03-18,1,Call,pnair\n"

    def send(**more: str) -> Any:
        return ines.form(
            at, {"dry_run": "false", "file": SimpleUploadedFile("t.csv", content, "text/csv"), **more}
        )

    assert send(dry_run="true").json()["unknown"] == ["dfrey", "pnair"]
    for wrong in ("[]", "{", '{"dfrey": 1}', '{"dfrey": "nobody@harbourline.example"}'):
        assert code(send(people=wrong))["code"] == "invalid_input", wrong
    assert not TimeEntry.objects.exists()
    made = send(people=f'{{"dfrey": "dan@harbourline.example", "pnair": "{people.priya.id}"}}').json()
    assert (made["entries"], made["unknown"]) == (2, [])
    assert set(TimeEntry.objects.values_list("staff_id", flat=True)) == {people.dan.id, people.priya.id}


def test_time_is_about_an_item_or_a_message_of_this_client(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    at = f"/clients/{people.northwick.id}"
    item = next(iter(people.items.values()))
    about = {"kind": "item", "id": str(item.id)}
    made = dan.made(f"{at}/time", entry(10, about=about))
    assert (made["subject_kind"], made["subject_id"]) == ("item", str(item.id))
    assert TimeEntry.objects.get().subject_label == item.title
    timer = dan.made(f"{at}/timers", {"work_class": "offboarding", "kind": "meeting", "about": about})
    assert timer["subject_id"] == str(item.id)
    nothing = {"kind": "message", "id": str(item.id)}
    assert code(dan.post(f"{at}/time", entry(10, about=nothing)))["code"] == "not_found"
    assert code(dan.post(f"{at}/timers", {"work_class": "service", "about": nothing}))["code"] == "not_found"


def test_time_is_split_at_what_is_left(people: Cast) -> None:
    dan, ines = caller(people.jonah, people.dan), caller(people.jonah, people.ines)
    at = f"/clients/{people.northwick.id}"
    dan.made(f"{at}/time", entry(180))
    assert (
        code(dan.post(f"{at}/time/split", entry(100, rest="goodwill", reason="x")))["code"] == "not_your_role"
    )
    made = dan.made(f"{at}/time/split", entry(100, rest="ask"))
    assert [one["minutes"] for one in made["entries"]] == [60] and made["request_id"]
    assert dan.ok("GET", f"/requests/{made['request_id']}")["state"] == "asked"
    made = ines.made(f"{at}/time/split", entry(20, rest="goodwill", reason="Ours to give"))
    assert [one["work_class"] for one in made["entries"]] == ["goodwill"] and made["request_id"] is None
    assert code(dan.post(f"{at}/timers", {"work_class": "offboarding"}))["code"] == "hours_used_up"
    timer = dan.made(f"{at}/timers", {"work_class": "offboarding", "kind": "as_is"})
    body = {"note": "Call", "kind": "meeting", "rest": "ask"}
    made = dan.ok("POST", f"/timers/{timer['id']}/split", body)
    assert made["entries"] == [] and made["request_id"]
