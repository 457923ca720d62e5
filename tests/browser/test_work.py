# SPDX-License-Identifier: AGPL-3.0-or-later
"""A picture whose secret part is drawn over and gone for good, by pointer and by keyboard; a call in two fields."""

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image, ImageDraw

from partwell.actions.files import read_file
from partwell.records.correspondence.models import Call, Envelope
from partwell.records.vault.models import Picture, StoredFile
from tests.flows.cast import Cast, cast, today

pytestmark = pytest.mark.browser
SECRET = (255, 0, 80)


def screen() -> bytes:
    """A grey screen of 400 by 200 with a secret in one colour at 100..300, 80..120."""
    image = Image.new("RGB", (400, 200), (200, 200, 200))
    ImageDraw.Draw(image).rectangle((100, 80, 300, 120), fill=SECRET)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def gone(c: Cast) -> None:
    """What is stored holds no pixel of the secret, and nothing else was stored."""
    picture = Picture.objects.get()
    image = Image.open(io.BytesIO(read_file(picture.file))).convert("RGB")
    assert image.size == (400, 200) and picture.redactions == 1
    assert image.getpixel((200, 100)) == (0, 0, 0) and image.getpixel((10, 10)) == (200, 200, 200)
    assert SECRET not in {colour for _, colour in image.getcolors(1 << 20) or []}
    stored = [
        read_file(one)
        for one in StoredFile.objects.filter(client=c.northwick, media_type__startswith="image/")
    ]
    assert len(stored) == 1 and screen() not in stored, "the original is nowhere"


def test_a_picture_is_drawn_over_with_the_pointer(sit: Any) -> None:
    c = cast()
    dan = sit(c.dan)
    dan.goto(f"/clients/{c.northwick.id}/items/{c.items['switch'].id}/")
    box = dan.locator("#picture")
    box.locator("input[type=file]").set_input_files(
        {"name": "s.png", "mimeType": "image/png", "buffer": screen()}
    )
    canvas = box.locator("canvas")
    canvas.wait_for()
    canvas.scroll_into_view_if_needed()
    frame = canvas.bounding_box()
    across, down = frame["width"] / 400, frame["height"] / 200
    dan.mouse.move(frame["x"] + 90 * across, frame["y"] + 70 * down)
    dan.mouse.down()
    dan.mouse.move(frame["x"] + 310 * across, frame["y"] + 130 * down, steps=4)
    dan.mouse.up()
    box.get_by_text("1 part is blacked out.").wait_for()
    box.get_by_label("What it shows").fill("The switch's page")
    box.get_by_role("button", name="Keep the picture").click()
    dan.get_by_text("The picture is kept.").wait_for()
    gone(c)


def test_a_picture_is_pasted_and_drawn_over_with_the_keyboard(sit: Any) -> None:
    c = cast()
    dan = sit(c.dan)
    dan.goto(f"/clients/{c.northwick.id}/items/{c.items['switch'].id}/")
    dan.evaluate(
        """data => {
          const bytes = Uint8Array.from(atob(data), sign => sign.charCodeAt(0));
          const given = new DataTransfer();
          given.items.add(new File([bytes], "pasted.png", {type: "image/png"}));
          document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: given, bubbles: true}));
        }""",
        base64.b64encode(screen()).decode(),
    )
    box = dan.locator("#picture")
    canvas = box.locator("canvas")
    canvas.wait_for()
    box.get_by_role("button", name="Add a rectangle").click()  # 100 by 20 in the middle
    for key in (
        *["ArrowLeft"] * 8,
        *["ArrowUp"] * 3,
        *["Shift+ArrowRight"] * 16,
        *["Shift+ArrowDown"] * 5,
        "Enter",
    ):
        canvas.press(key)
    box.get_by_text("1 part is blacked out.").wait_for()
    box.get_by_role("button", name="Keep the picture").click()
    dan.get_by_text("The picture is kept.").wait_for()
    gone(c)


def test_a_picture_with_nothing_drawn_needs_a_word(sit: Any) -> None:
    c = cast()
    dan = sit(c.dan)
    dan.goto(f"/clients/{c.northwick.id}/items/{c.items['switch'].id}/")
    box = dan.locator("#picture")
    box.locator("input[type=file]").set_input_files(
        {"name": "s.png", "mimeType": "image/png", "buffer": screen()}
    )
    with dan.expect_navigation():
        box.get_by_role("button", name="Keep the picture").click()
    assert not Picture.objects.exists()


def test_a_call_with_a_promise_is_logged_by_keyboard_in_five_strokes_beside_its_words(sit: Any) -> None:
    """Who, when, how long, by whom and by when are filled in: what is left are the words and a way from field to field."""
    c = cast(signed=True)
    dan = sit(c.dan)
    dan.goto(f"/clients/{c.northwick.id}/messages/")
    dan.get_by_role("link", name="Log a call").first.focus()
    steps = 0

    def press(key: str) -> None:
        nonlocal steps
        steps += 1
        dan.keyboard.press(key)

    def write(words: str) -> None:
        nonlocal steps
        steps += 1
        dan.keyboard.insert_text(words)

    press("Enter")
    dan.wait_for_url("**/calls/log/")
    dan.wait_for_function("document.activeElement && document.activeElement.name === 'summary'")
    write("The carrier comes on the 14th.")
    press("Tab")
    write("The port plan")
    press("Enter")
    dan.wait_for_url("**/messages/**")
    assert steps == 5, "one to the page, two texts, one to the next field, one to send"
    call = Call.objects.get()
    assert (call.with_whom, call.summary) == ("Mara Ellery", "The carrier comes on the 14th.")
    assert (call.promised, call.promised_by) == ("The port plan", "Dan Frey")
    assert call.promised_for == today() + timedelta(days=7)
    assert abs(timezone.now() - call.happened_at) < timedelta(minutes=2) and call.minutes == 10
    assert "The port plan" in Envelope.objects.latest("queued_at").text


def test_a_call_is_logged_in_two_fields(sit: Any) -> None:
    c = cast(signed=True)
    dan = sit(c.dan)
    dan.goto(f"/clients/{c.northwick.id}/calls/log/")
    dan.get_by_label("Who took part").fill("Mara Ellery")
    dan.get_by_label("What was said").fill("The carrier comes on the 14th. We send the port plan.")
    dan.get_by_role("button", name="Log it and tell the client").click()
    dan.wait_for_url("**/messages/**")
    call = Call.objects.get()
    assert (call.with_whom, call.kind, call.minutes) == ("Mara Ellery", "call", 10)
    mail = Envelope.objects.latest("queued_at")
    assert "mara@northwick.example" in {one["address"] for one in mail.recipients}
    assert "The carrier comes on the 14th" in mail.text
