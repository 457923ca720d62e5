# SPDX-License-Identifier: AGPL-3.0-or-later
"""The office's letters: changed, kept by version, put in, previewed exactly as they leave, in the reader's language."""

import pytest

from partwell.actions.clients.change_contact import change_contact
from partwell.actions.correspondence.letters import change_letter, filled, letter, restore_letter
from partwell.actions.correspondence.preview import Preview, preview_message
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.records.correspondence.models import Envelope, LetterTemplate, Message
from partwell.records.evidence.models import Entry
from partwell.rules.letters import LETTERS
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import cast, done

pytestmark = pytest.mark.both_databases


def test_a_letter_has_versions_and_can_go_back() -> None:
    c = cast(items=False)
    first = letter("reminder", "en")
    assert first is not None and first.version == 0
    done(
        change_letter(
            actor=c.ines,
            key="reminder",
            language="en",
            subject="A word",
            text="Dear {contact}, please look: {portal}",
        )
    )
    done(
        change_letter(
            actor=c.ines,
            key="reminder",
            language="en",
            subject="A word",
            text="Dear {contact}, please look: {portal}",
        )
    )
    done(
        change_letter(
            actor=c.jonah, key="reminder", language="en", subject="Two words", text="Dear {contact}: {portal}"
        )
    )
    now = letter("reminder", "en-GB")
    assert now is not None and (now.version, now.subject, now.edited_by) == (2, "Two words", "Jonah Reyes")
    assert (
        LetterTemplate.objects.count() == 2 and Entry.objects.filter(type="msp.letter_changed").count() == 2
    )
    german = letter("reminder", "de")
    assert german is not None and german.version == 0
    done(restore_letter(actor=c.ines, key="reminder", language="en"))
    assert letter("reminder", "en") == first
    third = done(change_letter(actor=c.ines, key="reminder", language="en", subject="Three", text="{portal}"))
    assert third.version == 3


def test_who_may_and_what_is_refused() -> None:
    c = cast(items=False)
    for actor in (c.dan, c.kerstin, c.mara, c.theo):
        assert isinstance(
            change_letter(actor=actor, key="reminder", language="en", subject="x", text="y"), Refusal
        )
    bad = change_letter(actor=c.ines, key="reminder", language="en", subject="x", text="Your {password}")
    assert isinstance(bad, Refusal) and bad.code == "letter_place_unknown"
    page = browser_of(c.ines)
    answer = page.post("/settings/letters/reminder/en/", {"subject": "x", "text": "Your {password}"})
    assert answer.status_code == 422 and "no place for password" in answer.content.decode()
    assert page.get("/settings/letters/").content.decode().count("As Partwell brings it along") == 2 * len(
        LETTERS
    )
    assert page.get("/settings/letters/reminder/fr/").status_code == 404
    assert browser_of(c.dan).get("/settings/letters/").status_code in (403, 404, 409)
    assert not LetterTemplate.objects.exists()


@pytest.mark.parametrize("key", sorted(LETTERS))
def test_each_letter_is_put_in_and_what_is_not_known_must_be_filled(key: str) -> None:
    c = cast(items=False)
    found = filled(c.ines, c.northwick.id, key)
    assert found is not None and "Mara Ellery" in found.text and "Ines Duarte" in found.text
    page = browser_of(c.ines).get(f"/clients/{c.northwick.id}/messages/write/?letter={key}").content.decode()
    assert found.letter.title in page
    sent = write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft(found.subject, found.text))
    if found.missing:
        assert isinstance(sent, Refusal) and sent.code == "letter_unfilled"
    else:
        assert isinstance(sent, Message)


@pytest.mark.parametrize("language", ["en", "de-AT"])
def test_the_preview_is_what_leaves(language: str) -> None:
    c = cast(signed=True, items=False)
    done(change_contact(actor=c.ines, contact_id=c.mara.id, language=language))
    put_in = filled(c.ines, c.northwick.id, "goodbye")
    assert put_in is not None and put_in.letter.language == language[:2]
    draft = Draft(put_in.subject, put_in.text, "all", c.recipient.id)
    before = Entry.objects.count()
    seen = preview_message(actor=c.ines, client_id=c.northwick.id, draft=draft)
    assert isinstance(seen, Preview) and Entry.objects.count() == before and not Message.objects.exists()
    row = done(write_message(actor=c.ines, client_id=c.northwick.id, draft=draft))
    mail = Envelope.objects.get(message=row)
    assert (seen.mail.subject, seen.recipients) == (mail.subject, mail.recipients)
    assert (seen.mail.text, seen.mail.html) == (mail.text, mail.html)
    if language == "de-AT":
        assert "Guten Tag" in mail.text and "schreibt zu" in mail.text and 'lang="de"' in mail.html
        assert "wrote about" not in mail.text and "Keep this mail" not in mail.text


def test_the_preview_refuses_what_writing_would() -> None:
    c = cast(items=False)
    ines, url = browser_of(c.ines), f"/clients/{c.northwick.id}/messages/preview"
    form = {"to": "client", "subject": "Hello", "text": "A word <b>with</b> markup."}
    shown = ines.post(f"{url}/html/", form)
    assert shown.status_code == 200 and "sandbox" in shown["Content-Security-Policy"]
    assert "&lt;b&gt;with" in shown.content.decode()
    words = ines.post(f"{url}/text/", form).content.decode()
    assert "Mara Ellery <mara@northwick.example>" in words and "> A word <b>with</b> markup." in words
    to_theo = form | {"to": f"all:{c.recipient.id}"}
    assert ines.post(f"{url}/html/", to_theo).status_code in (403, 409)
    assert ines.post(f"{url}/html/", form | {"subject": ""}).status_code == 422
    for who in (c.mara, c.theo):
        assert browser_of(who).post(f"{url}/html/", form).status_code == 404
    assert browser_of(c.kerstin).post(f"{url}/html/", form).status_code in (403, 404, 409)
