# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the office wrote for a step is what leaves at that step, with the client's real data, in the reader's language."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.base import Deed
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.correspondence.letter_preview import preview_letter, step_values
from partwell.actions.correspondence.letters import change_letter
from partwell.actions.correspondence.post import Post, post
from partwell.actions.correspondence.preview import Preview
from partwell.actions.releases.gate import Target
from partwell.actions.releases.release_items import release_items
from partwell.actions.releases.windows_ending import tell_windows_ending
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope, LetterTemplate
from partwell.records.evidence.models import Entry
from partwell.records.evidence.queries import visible_to
from partwell.records.releases.models import Release
from partwell.rules.actor import SYSTEM
from partwell.rules.letters import KINDS, LETTERS, REQUIRED
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, propose, sign

pytestmark = pytest.mark.both_databases


def ours(c: Cast, key: str, language: str = "en", extra: str = "") -> None:
    """The office's own words for a step, with everything that it must say."""
    places = " ".join("{" + one + "}" for one in REQUIRED[key])
    done(change_letter(actor=c.ines, key=key, language=language, subject=f"Ours: {key}",
                       text=f"Servus {{contact}},\n\n{places} {extra}\n\n{{writer}}, {{msp}}"))  # fmt: skip


def released(c: Cast, key: str = "one") -> Release:
    person = RecipientPerson.objects.select_related("recipient").get(pk=c.theo.id)
    outcome = done(
        release_items(
            actor=c.dan,
            client_id=c.northwick.id,
            target=Target(Party.PROVIDER, person=person),
            item_ids=[c.items["diagram"].id],
            idempotency=key,
        )
    )
    assert outcome.release is not None
    return outcome.release


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("key", sorted(KINDS))
def test_at_each_step_the_letter_in_force_is_what_leaves_and_what_the_preview_shows(
    key: str, language: str
) -> None:
    c = cast(signed=True)
    done(change_contact(actor=c.ines, contact_id=c.mara.id, language=language))
    ours(c, key, language)
    client = Client.objects.get(pk=c.northwick.id)
    seen = preview_letter(actor=c.ines, client_id=client.id, key=key, language=language)
    assert isinstance(seen, Preview)
    with Deed(c.ines) as deed:
        deed.lock(client.id)
        values = step_values(client, key)
        mail = done(post(deed, Post(KINDS[key], f"step:{key}", values)))
        deed.record(
            "envelope.queued",
            subjects=[mail.id],
            public={"recipients": ["Mara Ellery"]},
            to_client={"digest": mail.digest},
        )
    assert mail.subject == f"Ours: {key}" and mail.text.startswith("Servus Mara Ellery,")
    assert "Ines Duarte, Harbourline IT" in mail.text and "{" not in mail.text.partition("harbourline")[0]
    assert ("Was unsere Akte sagt" if language == "de" else "What our record says") in mail.text
    if key not in ("goodbye",):  # its moment is the preview's own
        shown = seen.mail.text.replace("noch nicht bekannt", "not known yet")
        assert shown.partition("not known")[0] == mail.text.partition("not known")[0]


def test_the_steps_of_a_departure_use_the_offices_words() -> None:
    c = cast()
    for key in ("authorisation_request", "release_set"):
        ours(c, key)
    propose(c)
    asked = Envelope.objects.get(kind="authorisation_request")
    assert (
        asked.subject == "Ours: authorisation_request"
        and "Alder Row IT" in asked.text
        and "/client/authorisations/" in asked.text
    )
    sign(c)
    released(c)
    told = Envelope.objects.get(kind="release_announcement")
    assert told.subject == "Ours: release_set" and told.text.startswith("Servus Mara Ellery, Theo Brandt,")
    assert "Dan Frey, Harbourline IT" in told.text and "/provider/" in told.text


def test_before_a_window_closes_everybody_hears_once() -> None:
    c = cast(signed=True)
    ours(c, "window_ending")
    row = released(c)
    soon = row.window_ends_at - timedelta(days=2)
    assert tell_windows_ending() == 0 and tell_windows_ending(now=row.window_ends_at) == 0
    assert tell_windows_ending(now=soon) == 1 and tell_windows_ending(now=soon + timedelta(hours=9)) == 0
    mail = Envelope.objects.get(kind="window_ending")
    assert mail.subject == "Ours: window_ending" and [one["role"] for one in mail.recipients] == [
        "client",
        "provider",
    ]
    assert c.items["diagram"].title in mail.text and mail.authorisation_id and mail.release_id == row.id
    for who in (c.mara, c.theo):
        assert "receipt.window_ends_soon" in visible_to(who).values_list("type", flat=True)


def test_after_consent_ended_the_client_alone_hears_of_a_window() -> None:
    c = cast(signed=True)
    row = released(c)
    assert c.authorisation is not None
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    soon = row.window_ends_at - timedelta(days=2)
    told = tell_windows_ending(now=soon)
    mails = list(Envelope.objects.filter(kind="window_ending"))
    assert len(mails) == told and all(not one.to_provider for one in mails)
    assert "receipt.window_ends_soon" not in visible_to(c.theo).values_list("type", flat=True)


def test_an_edit_that_breaks_is_refused_and_the_old_version_stays() -> None:
    c = cast(items=False)
    ours(c, "window_ending")
    broken = {
        "": "required",
        "Until {window_until}": "letter_place_missing",
        "{window_until} {portal} {password}": "letter_place_unknown",
        "{window_until} {portal} {hours_left}": "letter_place_unknown",
        "{window_until} {portal": "letter_broken",
    }
    for text, code in broken.items():
        for refused in (
            change_letter(actor=c.ines, key="window_ending", language="en", subject="x", text=text),
            preview_letter(
                actor=c.ines,
                client_id=c.northwick.id,
                key="window_ending",
                language="en",
                subject="x",
                text=text,
            ),
        ):
            assert (
                isinstance(refused, Refusal)
                and refused.code == code
                and refused.sentence
                and refused.next_step
            )
    assert (
        LetterTemplate.objects.count() == 1 and Entry.objects.filter(type="msp.letter_changed").count() == 1
    )


def test_the_page_shows_versions_and_the_letter_as_it_leaves() -> None:
    c = cast(signed=True)
    page, url = browser_of(c.ines), "/settings/letters/reminder/de/"
    ours(c, "reminder", "de", "Die erste Fassung.")
    ours(c, "reminder", "de", "Die zweite Fassung.")
    words = page.get(url).content.decode()
    assert "Die zweite Fassung." in words and "Die erste Fassung." in words and "Version 1" in words
    assert "Die erste Fassung." in page.get(url + "?version=1").context["form"]["text"].value()
    form = {"client": str(c.northwick.id), "subject": "Frage", "text": "Grüß Gott {contact}: {portal}"}
    shown = page.post(url + "preview/text/", form)
    assert shown.status_code == 200 and "Grüß Gott Mara Ellery" in shown.content.decode()
    assert (
        "Diese Erinnerung geht von selbst hinaus" in page.post(url + "preview/html/", form).content.decode()
    )
    assert page.post(url + "preview/text/", form | {"text": "x"}).status_code == 422
    assert page.post(url + "preview/text/", form | {"client": str(uuid4())}).status_code == 404
    for who in (c.dan, c.kerstin, c.mara, c.theo):
        assert browser_of(who).post(url + "preview/text/", form).status_code in (403, 404, 409)
    assert not Envelope.objects.filter(kind="message").exists()


def test_a_step_without_anybody_in_charge_signs_with_the_firm() -> None:
    c = cast(items=False)
    with Deed(SYSTEM) as deed:
        deed.lock(c.quayside.id)
        values = {"fee": "1.00 EUR", "steps": [], "portal_url": "https://parting.example/client/"}
        mail = done(post(deed, Post("welcome_back", "w:1", values)))
        deed.record(
            "envelope.queued",
            subjects=[mail.id],
            public={"recipients": ["Leo Marsh"]},
            to_client={"digest": mail.digest},
        )
    assert "\n\nHarbourline IT\n\n" in mail.text and "Harbourline IT, Harbourline IT" not in mail.text
    assert timezone.now() >= mail.queued_at and set(KINDS) <= set(LETTERS)


def test_a_reminder_is_one_press_away_from_what_waits() -> None:
    c = cast(items=False)
    row = propose(c)
    url = f"/clients/{c.northwick.id}/messages/write/?letter=reminder"
    assert url in browser_of(c.ines).get(f"/authorisations/{row.id}/").content.decode()
    assert url not in browser_of(c.kerstin).get(f"/authorisations/{row.id}/").content.decode()
    assert "Something waits for you" in browser_of(c.ines).get(url).content.decode()
