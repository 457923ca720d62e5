# SPDX-License-Identifier: AGPL-3.0-or-later
"""API tokens: made by an owner, shown once, narrowed, revoked, dead with their person."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions.people.staff import change_staff, staff_leaves
from partwell.actions.people.tokens import actor_for_token, make_token, revoke_token
from partwell.records.evidence.models import Disclosure
from partwell.records.guard import permit
from partwell.records.people.models import ApiToken
from partwell.rules.refusals import Refusal
from partwell.rules.scopes import scope_missing
from partwell.rules.terms import StaffRole
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast

pytestmark = pytest.mark.both_databases


@pytest.fixture
def c(db_world: Any) -> Cast:
    return cast(items=False)


def make(c: Cast, **changes: Any) -> tuple[ApiToken, str]:
    values = {
        "actor": c.jonah,
        "staff_id": c.dan.id,
        "name": "Nightly",
        "scopes": ["estate:read"],
        "days": 30,
    }
    made = make_token(**{**values, **changes})
    assert not isinstance(made, Refusal), made
    return made


def test_a_token_acts_as_its_person_narrowed_by_its_scopes(c: Cast) -> None:
    row, raw = make(c)
    actor = actor_for_token(raw, "192.0.2.9")
    assert actor is not None
    assert (actor.id, actor.role, actor.door, actor.strength) == (c.dan.id, "technician", "api", "token")
    assert actor.scopes == ("estate:read",)
    assert scope_missing(actor.scopes, "estate:read") is None
    missing = scope_missing(actor.scopes, "estate:write")
    assert missing is not None and missing.code == "token_scope"
    row.refresh_from_db()
    assert row.used_at is not None
    # Only its digest is kept, in rows and in evidence.
    assert raw not in str(vars(row)) and len(row.token_hash) == 64
    assert not any(raw.encode() in bytes(one.content) for one in Disclosure.objects.all())


def test_revoked_expired_unknown_and_mangled_tokens_open_nothing(c: Cast) -> None:
    row, raw = make(c)
    for bad in ("", "pwt_", raw[:-1], raw + "x", raw.upper(), "pwt_" + "a" * 5000, row.token_hash):
        assert actor_for_token(bad) is None
    done = revoke_token(actor=c.jonah, token_id=row.id)
    assert not isinstance(done, Refusal) and actor_for_token(raw) is None
    assert not isinstance(revoke_token(actor=c.jonah, token_id=row.id), Refusal)

    other, raw = make(c)
    with permit("deed"):
        ApiToken.objects.filter(pk=other.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert actor_for_token(raw) is None


def test_it_follows_its_person(c: Cast) -> None:
    _, raw = make(c, staff_id=c.priya.id)
    change_staff(
        actor=c.jonah,
        staff_id=c.priya.id,
        role=StaffRole.AUDITOR,
        auditor_until=timezone.now().date() + timedelta(days=3),
    )
    actor = actor_for_token(raw)
    assert actor is not None and actor.role == "auditor"
    staff_leaves(actor=c.jonah, staff_id=c.priya.id)
    assert actor_for_token(raw) is None
    refused = make_token(actor=c.jonah, staff_id=c.priya.id, name="x", scopes=["estate:read"], days=1)
    assert isinstance(refused, Refusal) and refused.code == "not_found"


@pytest.mark.parametrize(
    "change", [{"scopes": []}, {"scopes": ["everything"]}, {"days": 0}, {"days": 366}, {"name": "  "}]
)
def test_what_makes_no_token(c: Cast, change: dict[str, Any]) -> None:
    values = {"actor": c.jonah, "staff_id": c.dan.id, "name": "x", "scopes": ["estate:read"], "days": 30}
    refused = make_token(**{**values, **change})
    assert isinstance(refused, Refusal) and refused.code == "invalid_input"
    assert not ApiToken.objects.exists()


def test_only_owners_make_and_revoke(c: Cast) -> None:
    row, raw = make(c)
    for who in (c.ines, c.dan, c.kerstin, c.mara, c.theo):
        assert isinstance(
            make_token(actor=who, staff_id=c.dan.id, name="x", scopes=["estate:read"], days=1), Refusal
        )
        assert isinstance(revoke_token(actor=who, token_id=row.id), Refusal)
    assert actor_for_token(raw) is not None
    assert browser_of(c.ines).get("/settings/tokens/").status_code == 409


def test_the_page_shows_it_once(c: Cast) -> None:
    browser = browser_of(c.jonah)
    form = {
        "name": "Nightly",
        "staff": str(c.dan.id),
        "scopes": ["estate:read", "evidence:read"],
        "days": "30",
    }
    made = browser.post("/settings/tokens/", form)
    raw = made.context["raw"]
    assert raw.encode() in made.content and actor_for_token(raw) is not None
    again = browser.get("/settings/tokens/")
    assert raw.encode() not in again.content and b"Nightly" in again.content
    assert made.headers["Cache-Control"] == "no-store"
    row = ApiToken.objects.get()
    browser.post(f"/settings/tokens/{row.id}/revoke/")
    assert actor_for_token(raw) is None
    assert browser.post("/settings/tokens/nonsense/revoke/").status_code == 404
