# SPDX-License-Identifier: AGPL-3.0-or-later
"""A picture of any item, step, message or call (R4): taken on the thing's own page, shown there, and inside what is inside."""

import io
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.files import read_file
from partwell.actions.offboardings.plan_steps import finish_step
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.records.evidence.models import Disclosure, Entry
from partwell.records.offboardings.models import Offboarding, PlanStep
from partwell.records.vault.models import Picture
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.usefixtures("db_world")


def shot() -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "PNG")
    return SimpleUploadedFile("screen.png", out.getvalue(), "image/png")


def things(c: Cast) -> dict[str, tuple[Any, str]]:
    """Kind → (id, its page) of one of each, the step done already."""
    row = Offboarding.objects.get(client=c.northwick)
    done(propose_plan(actor=c.ines, offboarding_id=row.id))
    step = PlanStep.objects.get(key="inventory")
    done(finish_step(actor=c.dan, step_id=step.id, words="All in"))
    said = done(
        write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("The line", "On the 14th."))
    )
    notes = CallNotes("Mara Ellery", "We agreed on Monday.", timezone.now())
    call = done(log_call(actor=c.dan, client_id=c.northwick.id, notes=notes))
    item = c.items["switch"]
    return {
        "item": (item.id, reverse("staff:item", args=[c.northwick.id, item.id])),
        "step": (step.id, reverse("staff:step_finish", args=[row.id, step.id])),
        "message": (said.id, reverse("staff:message", args=[said.id])),
        "call": (call.id, reverse("staff:call", args=[call.id])),
    }


@pytest.mark.both_databases
def test_each_thing_takes_a_picture_on_its_page_and_shows_it() -> None:
    c = cast()
    dan = browser_of(c.dan)
    for kind, (thing, page) in things(c).items():
        to = reverse("staff:picture_add", args=[c.northwick.id, kind, thing])
        before = dan.get(page).content.decode()
        assert f'action="{to}"' in before and 'capture="environment"' in before, kind
        given = {"picture": shot(), "next": page, "caption": f"Of the {kind}"}
        bare = dan.post(to, given)
        assert bare.status_code == 409 and not Picture.objects.filter(subject_id=thing).exists(), kind
        given |= {"picture": shot(), "picture_redactions": json.dumps([{"x": 0, "y": 0, "w": 30, "h": 40}])}
        assert dan.post(to, given).headers["Location"] == page
        row = Picture.objects.select_related("file").get(subject_id=thing)
        assert (row.subject_kind, row.redactions, row.internal) == (kind, 1, False)
        pixels = Image.open(io.BytesIO(read_file(row.file))).convert("RGB")
        assert pixels.getpixel((5, 5)) == (0, 0, 0) and pixels.getpixel((55, 5)) == (255, 0, 0)
        after = dan.get(page).content.decode()
        assert (
            f"Of the {kind}" in after
            and reverse("staff:picture_file", args=[c.northwick.id, row.id]) in after
        )
    assert Entry.objects.filter(type="picture.taken").count() == 4


def test_a_picture_of_what_is_inside_stays_inside() -> None:
    c = cast()
    note = done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft("Careful", "Counsel called.", "privileged")
        )
    )
    to = reverse("staff:picture_add", args=[c.northwick.id, "message", note.id])
    given = {"picture": shot(), "next": "/", "caption": "Counsel's letter", "nothing_to_redact": "1"}
    assert browser_of(c.dan).post(to, given).status_code == 302
    row = Picture.objects.select_related("file").get()
    assert row.internal and row.file.internal
    uid = Entry.objects.get(type="picture.taken").uid
    told = b"".join(bytes(one.content) for one in Disclosure.objects.filter(entry_uid=uid))
    assert b"Counsel" not in told and b"Careful" not in told


def test_who_may_not_and_what_is_not_theirs() -> None:
    c = cast()
    found = things(c)
    auditor = browser_of(c.kerstin)
    for kind, (thing, page) in found.items():
        to = reverse("staff:picture_add", args=[c.northwick.id, kind, thing])
        if kind != "step":  # finishing a step is no page of an auditor's
            assert to not in auditor.get(page).content.decode(), kind
        assert auditor.post(to, {"picture": shot(), "nothing_to_redact": "1"}).status_code == 409
        elsewhere = reverse("staff:picture_add", args=[c.quayside.id, kind, thing])
        assert (
            browser_of(c.dan).post(elsewhere, {"picture": shot(), "nothing_to_redact": "1"}).status_code
            == 404
        )
        for stranger in (c.mara, c.theo):
            assert browser_of(stranger).post(to, {"picture": shot()}).status_code in (302, 404)
    assert not Picture.objects.exists()
    wrong = reverse("staff:picture_add", args=[c.northwick.id, "person", c.mara.id])
    assert browser_of(c.dan).post(wrong, {"picture": shot(), "nothing_to_redact": "1"}).status_code == 404
