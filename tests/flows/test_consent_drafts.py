# SPDX-License-Identifier: AGPL-3.0-or-later
"""Drafts of authorisations: listed in all states, changed, sent and discarded by staff, never shown to the client."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from partwell.actions.authorisations.drafts import change_draft, discard_draft, propose_draft
from partwell.actions.authorisations.propose import Scope, propose_authorisation
from partwell.actions.releases.standing import standing_of
from partwell.records.authorisations import queries
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.offboardings.models import Offboarding
from partwell.rules.refusals import Refusal
from partwell.rules.terms import ScopePreset
from tests.api.caller import caller
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.usefixtures("db_world")


def page(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def typed(made: Cast, **more: Any) -> dict[str, Any]:
    today = timezone.localdate()
    return {
        "signatory": made.mara.id.hex, "persons": [made.theo.id.hex], "presets": ["documentation"], "access": "full",
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=30)).isoformat(), **more,
    }  # fmt: skip


def scope(made: Cast, **more: Any) -> Scope:
    today = timezone.localdate()
    given: dict[str, Any] = {
        "starts_on": today, "ends_on": today + timedelta(days=30), "presets": [ScopePreset.DOCUMENTATION],
        "person_ids": [made.theo.id], **more,
    }  # fmt: skip
    return Scope(**given)


def drafted(made: Cast) -> Authorisation:
    return done(
        propose_authorisation(actor=made.ines, recipient_id=made.recipient.id, signatory_id=made.mara.id,
                              scope=scope(made), draft=True)
    )  # fmt: skip


def test_a_draft_is_kept_changed_and_sent_from_the_pages() -> None:
    made = cast()
    ines, mara = browser_of(made.ines), browser_of(made.mara)
    departure = Offboarding.objects.get(client=made.northwick)
    form = f"/clients/{made.northwick.id}/consent/firms/{made.recipient.id}/authorise/"
    assert "Keep it as a draft" in ines.post(form, typed(made, do="look")).content.decode()
    assert ines.post(form, typed(made, do="draft")).status_code == 302
    row = Authorisation.objects.get()
    assert row.state == "draft" and not Envelope.objects.filter(kind="authorisation_request").exists()
    for path in (
        f"/clients/{made.northwick.id}/authorisations/",
        f"/offboardings/{departure.id}/authorisations/",
    ):
        for asked in (path, f"{path}?state=draft", f"{path}?state=nonsense"):
            seen = page(ines, asked)
            assert "Authorisation 1 for Alder Row IT" in seen and "Change or send it" in seen
        assert "None in this state" in page(ines, f"{path}?state=granted")
    assert "Change draft 1" in page(ines, f"/authorisations/{row.id}/draft/")
    assert f'value="{row.ends_on.isoformat()}"' in page(ines, f"/authorisations/{row.id}/draft/")
    # The client knows of nothing yet.
    assert "Alder Row" not in page(mara, "/client/authorisations/")
    page(mara, f"/client/authorisations/{row.id}/", 404)
    changed = typed(made, do="draft", presets=["systems"], persons=[made.sunniva.id.hex])
    assert ines.post(f"/authorisations/{row.id}/draft/", changed).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.presets, row.person_ids) == ("draft", ["systems"], [made.sunniva.id.hex])
    assert ines.post(f"/authorisations/{row.id}/draft/", typed(made, do="propose")).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.presets, row.version) == ("proposed", ["documentation"], 1)
    assert row.text_digest and row.proposed_at is not None
    assert Envelope.objects.filter(kind="authorisation_request").count() == 1
    assert "Alder Row" in page(mara, f"/client/authorisations/{row.id}/")
    assert ines.get(f"/authorisations/{row.id}/draft/").status_code == 302
    assert ines.post(f"/authorisations/{row.id}/discard/").status_code == 409
    assert list(
        Entry.objects.filter(type__startswith="authorisation.").order_by("index").values_list("type", flat=True)
    )[:3] == ["authorisation.drafted", "authorisation.draft_changed", "authorisation.proposed"]  # fmt: skip


def test_a_discarded_draft_is_on_record_for_staff_and_unknown_to_the_client() -> None:
    made = cast()
    row = drafted(made)
    ines, mara = browser_of(made.ines), browser_of(made.mara)
    assert ines.post(f"/authorisations/{row.id}/discard/").status_code == 302
    row.refresh_from_db()
    assert row.state == "withdrawn" and row.ended_by_name == "Ines Duarte"
    assert "Draft, discarded" in page(ines, f"/clients/{made.northwick.id}/authorisations/?state=withdrawn")
    page(mara, f"/client/authorisations/{row.id}/", 404)
    assert list(queries.visible_to(made.mara)) == []
    standing = standing_of(made.recipient.id)
    assert standing.authorisation is None and standing.refusal is not None
    assert standing.refusal.code == "no_authorisation"
    # A draft that a proposal replaced was never put before the client either.
    second = drafted(made)
    third = done(propose_authorisation(actor=made.ines, recipient_id=made.recipient.id, signatory_id=made.mara.id, scope=scope(made)))  # fmt: skip
    assert [one.id for one in queries.visible_to(made.mara)] == [third.id]
    second.refresh_from_db()
    assert second.state == "replaced"
    page(mara, f"/client/authorisations/{second.id}/", 404)


def test_a_draft_that_waited_gets_the_next_number_and_says_what_it_replaces() -> None:
    made = cast(signed=True)
    standing = Authorisation.objects.get(state="granted")
    row = drafted(made)
    assert row.version == 2
    newer = done(propose_authorisation(actor=made.ines, recipient_id=made.recipient.id, signatory_id=made.mara.id, scope=scope(made), draft=True))  # fmt: skip
    row.refresh_from_db()
    assert row.state == "replaced"
    gone = propose_draft(actor=made.ines, authorisation_id=row.id)
    assert isinstance(gone, Refusal) and gone.code == "no_such_step"
    sent = done(propose_draft(actor=made.jonah, authorisation_id=newer.id))
    assert (sent.version, sent.replaces_id, sent.prepared_by_id) == (3, standing.id, made.jonah.id)
    assert "authorisation 1" in sent.text


def test_who_may_and_what_a_draft_may_not_be() -> None:
    made = cast()
    row = drafted(made)
    for actor in (made.dan, made.kerstin, made.mara, made.theo):
        for refused in (
            discard_draft(actor=actor, authorisation_id=row.id),
            propose_draft(actor=actor, authorisation_id=row.id),
            change_draft(actor=actor, authorisation_id=row.id, signatory_id=made.mara.id, scope=scope(made)),
        ):
            assert isinstance(refused, Refusal)
            assert refused.code == ("not_your_role" if actor.is_staff else "not_found")
    for more, signatory, code in (
        ({"presets": []}, made.mara.id, "scope_empty"),
        ({"person_ids": []}, made.mara.id, "persons_empty"),
        ({"item_ids": [made.items["foreign"].id]}, made.mara.id, "not_found"),
        ({}, made.leo.id, "not_found"),
        ({}, made.tom.id, "not_a_signatory"),
    ):
        refused = change_draft(
            actor=made.ines, authorisation_id=row.id, signatory_id=signatory, scope=scope(made, **more)
        )
        assert isinstance(refused, Refusal) and refused.code == code
    row.refresh_from_db()
    assert row.state == "draft" and row.presets == ["documentation"]
    dan = browser_of(made.dan)
    assert "Change or send it" not in page(dan, f"/clients/{made.northwick.id}/authorisations/")
    assert dan.post(f"/authorisations/{row.id}/discard/").status_code in (403, 409)


def test_the_api_does_the_same() -> None:
    made = cast()
    api = caller(made.jonah, made.ines)
    today = timezone.localdate()
    given = {"signatory_id": str(made.mara.id), "draft": True, "scope": {
        "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=30)).isoformat(),
        "presets": ["documentation"], "person_ids": [str(made.theo.id)]}}  # fmt: skip
    row = api.made(f"/recipients/{made.recipient.id}/authorisations", given)
    assert row["state"] == "draft"
    departure = Offboarding.objects.get(client=made.northwick)
    for path in (
        f"/clients/{made.northwick.id}/authorisations",
        f"/offboardings/{departure.id}/authorisations",
    ):
        assert [one["id"] for one in api.ok("GET", path)["items"]] == [row["id"]]
        assert [one["id"] for one in api.ok("GET", f"{path}?state=draft")["items"]] == [row["id"]]
        assert api.ok("GET", f"{path}?state=granted")["items"] == []
        assert api.get(f"{path}?state=nonsense").status_code == 422
    here = f"/authorisations/{row['id']}"
    given["scope"]["presets"] = ["systems"]  # type: ignore[index]
    assert api.ok("PUT", f"{here}/draft", given)["presets"] == ["systems"]
    assert api.made(f"{here}/proposal")["state"] == "proposed"
    assert api.post(f"{here}/discard", key="k1").status_code == 409
    second = api.made(f"/recipients/{made.recipient.id}/authorisations", given)
    assert api.made(f"/authorisations/{second['id']}/discard")["state"] == "withdrawn"
    assert caller(made.jonah, made.dan).post(
        f"/authorisations/{second['id']}/discard", key="k2"
    ).status_code in (403, 409)
