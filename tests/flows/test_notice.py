# SPDX-License-Identifier: AGPL-3.0-or-later
"""A departure begins with a notice, typed in or as a mail kept byte for byte, and is acknowledged."""

from datetime import timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from partwell.actions.clients.add_contact import NewContact
from partwell.actions.files import read_file
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.read_notice import read_notice
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.offboardings.models import Offboarding
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Channel, Destination, Reason
from partwell.workers.jobs import run_one
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

MAIL = (
    b"From: Leo Marsh <leo@quayside.example>\r\nTo: desk@harbourline.example\r\nSubject: We leave at the end of March\r\n"
    b"Date: Mon, 02 Nov 2026 09:30:00 +0100\r\nMessage-ID: <1@quayside.example>\r\n\r\nDear Ines,\r\n\r\nplease take this as our notice.  \r\n"
)


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast(items=False)


def notice(**changes: object) -> Notice:
    now = timezone.now()
    values: dict[str, object] = {"noticed_at": now, "channel": Channel.MAIL, "reason": Reason.IN_HOUSE, "destination": Destination.CLIENT_STAFF,
                                 "end_of_service": now.date() + timedelta(days=90), **changes}  # fmt: skip
    return Notice(**values)  # type: ignore[arg-type]


@pytest.mark.both_databases
def test_a_mail_is_kept_byte_for_byte_and_the_client_departs(story: Cast) -> None:
    row = done(open_offboarding(actor=story.ines, client_id=story.quayside.id, notice=notice(
        file=MAIL, file_name="notice.eml", file_from="leo@quayside.example", pain_points=["Slow", " ", "Nobody called back"],
        outside=NewContact("Leo at home", "leo.marsh@post.example"))))  # fmt: skip
    assert row.notice_file is not None and read_file(row.notice_file) == MAIL
    assert list(row.pain_points.values_list("position", "words")) == [(1, "Slow"), (2, "Nobody called back")]
    assert row.outside_contact is not None and row.outside_contact.outside_domain
    assert Client.objects.get(pk=story.quayside.id).state == "departing"
    assert {"notice.stored", "offboarding.opened", "client.became"} <= set(
        Entry.objects.filter(client_ref=story.quayside.id).values_list("type", flat=True)
    )


@pytest.mark.both_databases
def test_what_cannot_be_a_notice_is_refused_whole(story: Cast) -> None:
    for changes, code in (({"pain_points": ["x"] * 6}, "too_many_pain_points"),
                          ({"end_of_service": timezone.now().date() - timedelta(days=3)}, "date_before_notice"),
                          ({"noticed_at": timezone.now() + timedelta(days=2), "end_of_service": timezone.now().date() + timedelta(days=9)}, "invalid_input"),
                          ({"notice_from_id": story.mara.id}, "not_found")):  # fmt: skip
        refused = open_offboarding(actor=story.ines, client_id=story.quayside.id, notice=notice(**changes))
        assert isinstance(refused, Refusal) and refused.code == code
    again = open_offboarding(actor=story.ines, client_id=story.northwick.id, notice=notice())
    assert isinstance(again, Refusal) and again.code == "already_departing"
    by_dan = open_offboarding(actor=story.dan, client_id=story.quayside.id, notice=notice())
    assert isinstance(by_dan, Refusal) and by_dan.code == "not_your_role"
    assert not Offboarding.objects.filter(client=story.quayside).exists()


def test_a_mail_proposes_sender_moment_and_words(story: Cast) -> None:
    found = read_notice(actor=story.ines, raw=MAIL, name="notice.eml")
    assert not isinstance(found, Refusal)
    assert "leo@quayside.example" in found.sender and found.subject == "We leave at the end of March"
    assert found.sent_at is not None and found.sent_at.isoformat() == "2026-11-02T09:30:00+01:00"
    assert "take this as our notice" in found.words


@pytest.mark.both_databases
def test_the_acknowledgement_is_a_letter_and_one_mail(story: Cast) -> None:
    row = Offboarding.objects.get(client=story.northwick)
    for _ in range(2):
        done(acknowledge_notice(actor=story.ines, offboarding_id=row.id))
    while run_one():
        pass
    row.refresh_from_db()
    assert row.acknowledgement is not None and read_file(row.acknowledgement).startswith(b"%PDF")
    mail = Envelope.objects.get(kind="notice_acknowledgement")
    assert mail.documents[0]["sha256"] == row.acknowledgement.sha256
    assert [one["address"] for one in mail.recipients] == ["mara@northwick.example"]
    assert Entry.objects.filter(type="notice.acknowledged", client_ref=story.northwick.id).count() == 1


def test_the_form_reads_an_uploaded_mail_then_records_it(story: Cast) -> None:
    browser = browser_of(story.ines)
    url = reverse("staff:notice", args=[story.quayside.id])
    read = browser.post(url, {"read": "1", "file": SimpleUploadedFile("notice.eml", MAIL, "message/rfc822")})
    form = read.context["form"]
    assert form["notice_from_id"].value() == str(story.leo.id)
    assert 'value="2026-11-02T09:30"' in read.content.decode(), "the moment stands in the MSP's zone"
    assert not Offboarding.objects.filter(client=story.quayside).exists(), (
        "nothing is written before it is confirmed"
    )
    given = {"kept": form["kept"].value(), "received": "2026-11-02T09:30", "channel": "mail", "notice_from_id": str(story.leo.id), "text": "Our notice",
             "reason": "in_house", "destination": "client_staff", "end_of_service": "2027-03-31", "owner_id": str(story.ines.id)}  # fmt: skip
    answer = browser.post(url, given)
    row = Offboarding.objects.get(client=story.quayside)
    assert answer.status_code == 302 and answer.headers["Location"] == reverse(
        "staff:offboarding", args=[row.id]
    )
    assert row.notice_file is not None and read_file(row.notice_file) == MAIL
    assert row.noticed_at.isoformat() == "2026-11-02T08:30:00+00:00", "typed in the MSP's zone"
    tampered = browser.post(
        url,
        urlencode({**given, "kept": given["kept"] + "x"}),
        content_type="application/x-www-form-urlencoded",
    )
    assert tampered.status_code == 422


def _given(story: Cast, **changes: str) -> dict[str, str]:
    return {"received": "2026-11-02T09:30", "channel": "call", "notice_from_id": str(story.leo.id), "text": "Our notice, as said on the telephone",
            "reason": "in_house", "destination": "client_staff", "end_of_service": "2027-03-31", "owner_id": str(story.ines.id), **changes}  # fmt: skip


def test_bad_input_gets_a_sentence_at_its_field_and_loses_nothing(story: Cast) -> None:
    browser, url = browser_of(story.ines), reverse("staff:notice", args=[story.quayside.id])
    file = SimpleUploadedFile("notice.eml", MAIL, "message/rfc822")
    answer = browser.post(
        url,
        {**_given(story, end_of_service="2026-10-01", pain_1="Slow on Fridays", clause="14"), "file": file},
    )
    form, page = answer.context["form"], answer.content.decode()
    assert answer.status_code == 422 and list(form.errors) == ["end_of_service"]
    assert "lies before the notice" in form.errors["end_of_service"][0]
    assert "Our notice, as said on the telephone" in page and 'value="Slow on Fridays"' in page
    assert not Offboarding.objects.filter(client=story.quayside).exists()
    kept = form["kept"].value()
    assert browser.post(url, {**_given(story), "kept": kept}).status_code == 302, (
        "the file came back with the form"
    )
    row = Offboarding.objects.get(client=story.quayside)
    assert row.notice_file is not None and read_file(row.notice_file) == MAIL
    assert row.notice_file.name == "notice.eml"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"reason": ""}, "reason", "required"),
        ({"destination": "the moon"}, "destination", "valid choice"),
        ({"received": "yesterday"}, "received", "a day and an hour"),
        ({"received": "2099-01-01T09:00", "end_of_service": "2099-02-01"}, "received", "lies in the future"),
        ({"outside_name": "Leo at home"}, "outside_email", "name and an address"),
        ({"pain_1": "x" * 1001}, "pain_1", "at most 1000"),
    ],
)
def test_each_bad_field_says_what_is_wrong_with_it(
    story: Cast, changes: dict[str, str], field: str, words: str
) -> None:
    answer = browser_of(story.ines).post(
        reverse("staff:notice", args=[story.quayside.id]), _given(story, text="Kept words", **changes)
    )
    found = answer.context["form"].errors
    assert answer.status_code == 422 and "Kept words" in answer.content.decode()
    assert words in str(found.get(field)), found


def test_an_address_already_on_file_loses_nothing_either(story: Cast) -> None:
    answer = browser_of(story.ines).post(
        reverse("staff:notice", args=[story.quayside.id]),
        _given(story, text="Kept words", outside_name="Leo", outside_email="leo@quayside.example"),
    )
    assert answer.status_code == 422 and "Kept words" in answer.content.decode()
    assert "exists already" in str(answer.context["form"].errors)


def test_reading_a_mail_keeps_what_was_typed_before(story: Cast) -> None:
    browser, url = browser_of(story.ines), reverse("staff:notice", args=[story.quayside.id])
    given = {
        "read": "1",
        "text": "Leo rang first.",
        "clause": "14",
        "file": SimpleUploadedFile("notice.eml", MAIL),
    }
    form = browser.post(url, given).context["form"]
    assert form["clause"].value() == "14"
    assert form["text"].value().startswith("Leo rang first.")
    assert "take this as our notice" in form["text"].value()
    again = browser.post(url, {"read": "1", "kept": form["kept"].value(), "text": "Leo rang first."})
    assert again.context["form"]["kept"].value() == form["kept"].value(), (
        "no new file: the one read before stays"
    )


def test_a_departure_on_the_same_day_has_a_plan_in_the_right_order(story: Cast) -> None:
    browser, today = browser_of(story.ines), timezone.localtime(timezone.now(), ZoneInfo("Europe/Berlin"))
    url = reverse("staff:notice", args=[story.quayside.id])
    moment = today.strftime("%Y-%m-%dT00:01")
    assert (
        browser.post(url, _given(story, received=moment, end_of_service=today.date().isoformat())).status_code
        == 302
    )
    row = Offboarding.objects.get(client=story.quayside)
    assert browser.post(reverse("staff:plan_propose", args=[row.id])).status_code == 302
    steps = list(row.steps.order_by("position"))
    place = {step.key: step.position for step in steps}
    assert all(place[key] < step.position for step in steps for key in step.after)
    assert {step.due for step in steps if step.blocks_closing} == {row.end_of_service}
    for name in ("offboarding", "plan", "dates", "closing", "offboarding_estate"):
        assert browser.get(reverse(f"staff:{name}", args=[row.id])).status_code == 200
