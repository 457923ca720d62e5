# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages, forms, mails and letters say the same hour, in the MSP's zone, with the zone beside it; a day stays a day."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partwell.actions.people.configure import configure_msp
from partwell.entrypoints.door.moments import MomentField, in_current_zone
from partwell.entrypoints.door.time_zone import TimeZone
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Call, Envelope
from partwell.records.offboardings.models import Offboarding
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

# West and east of UTC, each at an hour that is another day in UTC; and a zone without a name of letters.
PLACES = [("America/Los_Angeles", "23:45"), ("Pacific/Auckland", "00:15"), ("Asia/Dubai", "02:10")]


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(signed=True)


def words(text: str) -> str:
    return text.replace("\u00a0", " ").replace("&nbsp;", " ")


def beside(moment: datetime) -> str:
    name = moment.tzname() or ""
    return f"UTC{name}" if name[:1] in "+-" else name


@pytest.mark.parametrize(("zone", "hour"), PLACES)
def test_an_hour_near_midnight_is_the_same_everywhere(story: Cast, zone: str, hour: str) -> None:
    done(configure_msp(actor=story.jonah, changes={"time_zone": zone}))
    day = datetime.now(ZoneInfo(zone)).date() - timedelta(days=3)
    meant = datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=ZoneInfo(zone))
    assert meant.astimezone(UTC).date() != day, "the hour must lie on another day in UTC"
    page = browser_of(story.dan).post(
        reverse("staff:call_log", args=[story.northwick.id]),
        {"kind": "call", "with_whom": "Theo Brandt", "happened_at": f"{day}T{hour}", "minutes": "10", "summary": "The move."},
    )  # fmt: skip
    assert page.status_code == 302, page.content.decode()
    call = Call.objects.get()
    assert call.happened_at == meant
    said = f"{day:%a} {day.day} {day:%b} {day.year}, {hour} {beside(meant)}"
    for browser, address in (
        (browser_of(story.dan), reverse("staff:call", args=[call.id])),
        (browser_of(story.mara), reverse("client:messages")),
    ):
        assert said in words(browser.get(address).content.decode()), (address, said)
    mail = Envelope.objects.get(kind="call_summary")
    mailed = beside(meant).replace("UTC+04", "UTC+0400")
    assert f"{day.day} {day:%B} {day.year}, {hour} {mailed}" in words(mail.text)


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])
def test_a_day_does_not_shift(story: Cast, zone: str) -> None:
    done(configure_msp(actor=story.jonah, changes={"time_zone": zone}))
    row = Authorisation.objects.get(state="granted")
    last = Offboarding.objects.get(client=story.northwick).end_of_service
    for browser, address, day in (
        (browser_of(story.dan), reverse("staff:authorisation", args=[row.id]), row.ends_on),
        (browser_of(story.mara), reverse("client:authorisation", args=[row.id]), row.ends_on),
        (browser_of(story.mara), reverse("client:dates"), last),
    ):
        assert f"{day.day} {day:%b} {day.year}" in words(browser.get(address).content.decode()), address


def test_the_present_minute_is_the_msps_and_todays_day_too(story: Cast) -> None:
    for zone in ("Pacific/Pago_Pago", "Pacific/Kiritimati"):
        done(configure_msp(actor=story.jonah, changes={"time_zone": zone}))
        page = words(
            browser_of(story.dan).get(reverse("staff:call_log", args=[story.northwick.id])).content.decode()
        )
        today = datetime.now(ZoneInfo(zone)).date()
        assert f'value="{today}T' in page
        assert f"In {zone} time." in page


def test_the_clocks_change() -> None:
    with timezone.override("Europe/Berlin"):
        with pytest.raises(forms.ValidationError, match="there was no 02:30 that day"):
            MomentField().clean("2025-03-30T02:30")
        assert MomentField().clean("2025-03-30T03:00") == datetime(2025, 3, 30, 1, tzinfo=UTC)
        # 02:30 came twice that night: the earlier one, in summer time.
        twice = in_current_zone(datetime(2025, 10, 26, 2, 30))
        assert (
            twice == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
            and timezone.localtime(twice).tzname() == "CEST"
        )
        assert MomentField().clean("2025-10-26 03:30") == datetime(2025, 10, 26, 2, 30, tzinfo=UTC)
        assert MomentField().prepare_value(datetime(2025, 10, 26, 2, 30, tzinfo=UTC)) == datetime(
            2025, 10, 26, 3, 30
        )
        with pytest.raises(forms.ValidationError, match="Give a day and an hour"):
            MomentField().clean("yesterday")
    with timezone.override("America/New_York"):
        assert MomentField().clean("2025-11-02T01:30") == datetime(2025, 11, 2, 5, 30, tzinfo=UTC)


def test_an_hour_that_did_not_exist_is_refused_on_the_page(story: Cast) -> None:
    answer = browser_of(story.dan).post(
        reverse("staff:call_log", args=[story.northwick.id]),
        {"kind": "call", "with_whom": "Theo Brandt", "happened_at": "2025-03-30T02:30", "minutes": "5", "summary": "x"},
    )  # fmt: skip
    assert answer.status_code == 422 and "there was no 02:30 that day" in answer.content.decode()
    assert not Call.objects.exists()


def test_the_zone_costs_no_query(story: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """The middleware reads the row that the page's head shows anyway, so a page asks as often as without it."""

    def asked(browser_actor: object, address: str) -> int:
        browser = browser_of(browser_actor)  # type: ignore[arg-type]
        browser.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(address).status_code == 200
        return len(queries)

    pages = [(story.dan, reverse("staff:departures")), (story.mara, "/client/"), (story.theo, "/provider/")]
    with_zone = [asked(*one) for one in pages]

    def apart(self: TimeZone, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    monkeypatch.setattr(TimeZone, "__call__", apart)
    without = [asked(*one) for one in pages]
    assert all(a <= b for a, b in zip(with_zone, without, strict=True)), (with_zone, without)


def test_before_set_up_and_after_a_request_it_is_utc(db_world: World) -> None:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(timezone.get_current_timezone_name())
        return HttpResponse()

    request = HttpRequest()
    request.path = "/setup/"
    TimeZone(view)(request)
    made = cast(items=False)
    done(configure_msp(actor=made.jonah, changes={"time_zone": "Pacific/Auckland"}))
    for path in ("/", "/api/v1/clients"):
        request = HttpRequest()
        request.path = path
        TimeZone(view)(request)
    assert seen == ["UTC", "Pacific/Auckland", "UTC"]
    assert timezone.get_current_timezone_name() == "UTC"
