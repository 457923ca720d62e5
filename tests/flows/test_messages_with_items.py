# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a message carries is a release of items: one set through the gate, and nothing else by any door (R1, R2)."""

from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from partwell.actions.correspondence.preview import Preview, preview_message
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.releases.models import Release, ReleaseLine
from partwell.rules.refusals import Refusal
from tests.api.caller import caller, problem
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases


def draft(c: Cast, *names: str, to_provider: bool = True, **more: object) -> Draft:
    return Draft("The diagram", "As promised.", "all" if to_provider else "client", c.recipient.id if to_provider else None,
                 items=tuple(c.items[name].id for name in names), **more)  # type: ignore[arg-type]  # fmt: skip


def test_items_go_with_a_message_as_one_set_announced_once() -> None:
    c = cast(signed=True)
    wanted = draft(c, "diagram", "switch", idempotency="form-1")
    seen = preview_message(actor=c.dan, client_id=c.northwick.id, draft=wanted)
    assert isinstance(seen, Preview) and not Release.objects.exists()
    row = done(write_message(actor=c.dan, client_id=c.northwick.id, draft=wanted))
    assert row.release is not None and row.release.lines.filter(state="sent").count() == 2
    mails = {one.kind: one for one in Envelope.objects.exclude(to_provider=False)}
    assert {"message", "release_announcement"} <= set(mails)
    said = mails["message"]
    assert (seen.mail.text, seen.mail.html) == (said.text, said.html) and "release 1 (2)" in said.text
    assert not said.documents and c.items["diagram"].title not in said.text
    assert c.items["diagram"].title in mails["release_announcement"].text
    assert said.recipients[0]["role"] == "client"
    again = done(write_message(actor=c.dan, client_id=c.northwick.id, draft=wanted))
    assert again.id == row.id and Release.objects.count() == 1


def test_where_one_item_must_stay_nothing_leaves() -> None:
    c = cast(signed=True)
    foreign = next(one for one in c.items.values() if one.client_id != c.northwick.id)
    stays = Draft("x", "y", "all", c.recipient.id, items=(c.items["diagram"].id, foreign.id))
    refused = write_message(actor=c.dan, client_id=c.northwick.id, draft=stays)
    assert isinstance(refused, Refusal) and refused.code == "not_found"
    without = cast_without_consent(c)
    refused = write_message(actor=c.dan, client_id=c.northwick.id, draft=without)
    assert isinstance(refused, Refusal) and refused.code == "withdrawn"
    assert not Message.objects.exists() and not ReleaseLine.objects.exists()


def cast_without_consent(c: Cast) -> Draft:
    from partwell.actions.authorisations.end import withdraw_authorisation

    assert c.authorisation is not None
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    return draft(c, "diagram")


def test_what_needs_the_clients_word_waits_for_it_and_is_not_named() -> None:
    c = cast(signed=True)
    from partwell.actions.estate.change_item import change_item

    done(
        change_item(
            actor=c.dan, client_id=c.northwick.id, item_id=c.items["diagram"].id, sensitivity="sensitive"
        )
    )
    row = done(write_message(actor=c.dan, client_id=c.northwick.id, draft=draft(c, "diagram")))
    assert row.release is not None and row.release.lines.get().state == "asked"
    said = Envelope.objects.get(message=row)
    assert "release" not in said.text.partition("> As promised.")[2].partition("Answer")[0]
    assert (
        not Envelope.objects.filter(kind="release_announcement").exists()
        and Envelope.objects.filter(kind="ask_client").exists()
    )


def test_to_the_client_it_is_a_release_to_the_client() -> None:
    c = cast()
    row = done(
        write_message(actor=c.dan, client_id=c.northwick.id, draft=draft(c, "diagram", to_provider=False))
    )
    assert row.release is not None and row.release.party == "client" and row.release.contact_id == c.mara.id


def test_nobody_attaches_by_another_door() -> None:
    c = cast(signed=True)
    items = (c.items["diagram"].id,)
    for actor in (c.mara, c.tom, c.theo, c.leo, c.kerstin):
        refused = write_message(
            actor=actor, client_id=c.northwick.id, draft=Draft("x", "y", "client", items=items)
        )
        assert isinstance(refused, Refusal)
    for audience in ("internal", "privileged"):
        refused = write_message(
            actor=c.dan, client_id=c.northwick.id, draft=Draft("x", "y", audience, items=items)
        )
        assert isinstance(refused, Refusal) and refused.code == "invalid_input"
    for other in (uuid4(), c.leo.id, c.sunniva.id if c.sunniva.id not in (c.theo.id,) else uuid4()):
        refused = write_message(
            actor=c.dan, client_id=c.northwick.id, draft=draft(c, "diagram", to_provider=False, set_to=other)
        )
        assert isinstance(refused, Refusal) and refused.code == "not_found"
    assert not Release.objects.exists()
    # A file that is posted to a page of writing is nowhere afterwards.
    for who, url, form in (
        (
            c.ines,
            f"/clients/{c.northwick.id}/messages/write/",
            {"to": "client", "subject": "A", "text": "b", "key": "k1"},
        ),
        (c.mara, "/client/messages/", {"to": "client", "subject": "B", "text": "b", "key": "k2"}),
        (c.theo, "/provider/messages/", {"subject": "C", "text": "b"}),
    ):
        files = {
            name: SimpleUploadedFile("plan.pdf", b"%PDF-secret")
            for name in ("file", "attachment", "documents")
        }
        answer = browser_of(who).post(url, {**form, **files, "documents_ids": str(items[0])})
        assert answer.status_code == 302
    assert Message.objects.count() == 3 and not Release.objects.exists()
    assert all(not one.documents for one in Envelope.objects.filter(kind="message"))


def test_the_page_offers_items_and_says_what_was_released() -> None:
    c = cast(signed=True)
    page, url = browser_of(c.dan), f"/clients/{c.northwick.id}/messages/write/"
    words = page.get(url).content.decode()
    assert "Release items with it" in words and c.items["diagram"].title in words
    form = {
        "to": f"all:{c.recipient.id}",
        "subject": "The diagram",
        "text": "As promised.",
        "key": "k1",
        "item": str(c.items["diagram"].id),
        "set_to": str(c.theo.id),
    }
    shown = page.post(f"/clients/{c.northwick.id}/messages/preview/text/", form).content.decode()
    assert "release 1 (1)" in shown
    answer = page.post(url, form, follow=True).content.decode()
    assert "Release 1: 1 released." in answer
    row = Message.objects.get()
    assert f"/releases/{row.release_id}/" in page.get(f"/messages/{row.id}/").content.decode()
    assert row.release is not None and row.release.person_id == c.theo.id
    assert "Release items with it" not in browser_of(c.mara).get("/client/messages/").content.decode()


def test_the_api_releases_with_both_scopes_only() -> None:
    c = cast(signed=True)
    body = {"subject": "The diagram", "text": "As promised.", "audience": "all", "recipient_id": str(c.recipient.id),
            "items": [str(c.items["diagram"].id)]}  # fmt: skip
    url = f"/clients/{c.northwick.id}/messages"
    alone = caller(c.jonah, c.dan, ["messages:read", "messages:write"])
    problem(alone.post(url, body), 409, "token_scope")
    assert not Release.objects.exists()
    both = caller(c.jonah, c.dan, ["messages:read", "messages:write", "releases:write"])
    shown = both.ok("POST", url + "/preview", body)
    assert shown["recipients"][0]["role"] == "client" and "release 1 (1)" in shown["text"]
    for field in ("documents", "attachments", "files"):
        assert both.post(url, {**body, field: ["x"]}).status_code == 422
    made = both.ok("POST", url, body)
    assert UUID(made["release_id"]) == Release.objects.get().id
    mails = both.ok("GET", f"/clients/{c.northwick.id}/envelopes?message_id={made['id']}")["items"]
    assert [one["kind"] for one in mails] == ["message"] and mails[0]["sent_sha256"] == ""


def test_letters_by_the_api() -> None:
    c = cast(items=False)
    ines = caller(c.jonah, c.ines)
    steps = ines.ok("GET", "/letters")
    assert len(steps) == 9 and all(
        len(one["letters"]) == 2 and one["when"] and one["required"] for one in steps
    )
    problem(ines.post("/letters/goodbye/en", {"subject": "x", "text": "Bye."}), 422, "letter_place_missing")
    problem(ines.post("/letters/goodbye/fr", {"subject": "x", "text": "{client}"}), 404, "not_found")
    for number in (1, 2):
        made = ines.made("/letters/goodbye/en", {"subject": f"Bye {number}", "text": "To {client}."})
        assert made["version"] == number and made["edited_by"] == "Ines Duarte"
    versions = ines.ok("GET", "/letters/goodbye/en/versions")
    assert [(one["version"], one["replaced_at"] is None) for one in versions] == [(2, True), (1, False)]
    shown = ines.ok("POST", "/letters/goodbye/en/preview", {"client_id": str(c.northwick.id)})
    assert shown["subject"] == "Bye 2" and shown["text"].startswith("To Northwick Traders Ltd.")
    tried = {"client_id": str(c.northwick.id), "subject": "Try", "text": "{client}, try."}
    assert ines.ok("POST", "/letters/goodbye/en/preview", tried)["subject"] == "Try"
    assert ines.made("/letters/goodbye/en/restore")["version"] == 0
    put_in = ines.ok("GET", f"/clients/{c.northwick.id}/letters/reminder")
    assert "Mara Ellery" in put_in["text"] and put_in["language"] == "en" and not put_in["missing"]
    assert (
        caller(c.jonah, c.dan).post("/letters/goodbye/en", {"subject": "x", "text": "{client}"}).status_code
        == 409
    )
