# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tokens, scopes, roles, problems: what stands around every endpoint."""

from typing import Any

import pytest
from django.urls import get_resolver

from partwell.actions.people.tokens import revoke_token
from partwell.entrypoints.api import auth, problems
from partwell.entrypoints.api.app import openapi
from partwell.records.guard import permit
from partwell.records.people.models import ApiToken, StaffMember
from partwell.rules import roles
from partwell.rules.refusals import REFUSALS
from partwell.rules.scopes import SCOPES
from tests.api.caller import Caller, caller, problem
from tests.flows.cast import Cast, cast

NOWHERE = "00000000-0000-4000-8000-000000000000"


def _operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method.upper(), path, one)
        for path, methods in openapi()["paths"].items()
        for method, one in methods.items()
    ]


def _filled(path: str) -> str:
    parts = [NOWHERE if part.startswith("{") else part for part in path.removeprefix("/api/v1").split("/")]
    return "/".join(parts)


@pytest.fixture
def people(db_world: object) -> Cast:
    """The staff and the clients, no estate."""
    return cast(items=False)


def test_every_operation_is_documented_and_named_once() -> None:
    names = [one["operationId"] for _, _, one in _operations()]
    assert len(names) == len(set(names)) > 90
    for method, path, one in _operations():
        assert len(one["summary"]) > 7, (method, path)
        assert one["tags"] and one["description"], (method, path)
        assert one["x-scope"] in ("", *SCOPES)
        assert not one["x-verb"] or roles.who_may(one["x-verb"]), (method, path)
        writes = one["x-scope"].endswith(":write")
        keyed = any(given["name"] == "Idempotency-Key" for given in one.get("parameters", []))
        assert method != "GET" or not (writes or keyed)
        assert (
            method != "POST" or keyed or one["operationId"].startswith(("preview_", "post_notice_reading"))
        ), path


def test_the_document_is_openapi_3_1_and_names_no_secret_to_read() -> None:
    document = openapi()
    assert document["openapi"].startswith("3.1")
    shown = [name for name in document["components"]["schemas"] if name.endswith("Shown")]
    assert len(shown) > 20
    for name in shown:
        fields = set(document["components"]["schemas"][name]["properties"])
        assert not fields & {"password", "secret", "value", "token", "otp", "internal_note"}, name


def test_each_address_says_its_door_and_verbs() -> None:
    found = next(one for one in get_resolver().url_patterns if str(one.pattern) == "api/").url_patterns
    for one in found:
        assert one.callback.door in ("api", "open"), one.pattern
        if one.callback.door == "api":
            assert one.callback.verbs


def test_without_a_token_everything_is_401(people: Cast) -> None:
    nobody = Caller("")
    for method, path, _ in _operations():
        response = nobody.call(method, _filled(path), {})
        problem(response, 401, "not_signed_in")
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_cookie_is_never_believed(people: Cast) -> None:
    browser = Caller("")
    browser.browser.force_login(
        StaffMember.objects.get(pk=people.jonah.id).user, backend="django.contrib.auth.backends.ModelBackend"
    )
    problem(browser.get("/clients"), 401, "not_signed_in")


@pytest.mark.parametrize("raw", ["pwt_wrong", "x", "pwt_" + "a" * 500, "ä", "pwt_ ", "Basic"])
def test_a_wrong_token_is_401(people: Cast, raw: str) -> None:
    problem(Caller(raw).get("/me"), 401, "token_revoked")


def test_revoked_expired_and_left_are_401_at_once(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    assert dan.ok("GET", "/me")["name"] == "Dan Frey"
    assert dan.token_id is not None
    revoke_token(actor=people.jonah, token_id=dan.token_id)
    problem(dan.get("/me"), 401, "token_revoked")
    priya = caller(people.jonah, people.priya)
    with permit("deed"):
        ApiToken.objects.filter(pk=priya.token_id).update(expires_at="2020-01-01T00:00:00Z")
    problem(priya.get("/me"), 401, "token_revoked")
    ines = caller(people.jonah, people.ines)
    with permit("deed"):
        StaffMember.objects.filter(pk=people.ines.id).update(left_at="2020-01-01T00:00:00Z")
    problem(ines.get("/me"), 401, "token_revoked")


def test_too_many_wrong_tokens_are_429_and_a_right_one_still_works(people: Cast) -> None:
    wrong = Caller("pwt_wrong")
    for _ in range(auth.FAILURES):
        problem(wrong.get("/me"), 401, "token_revoked")
    response = wrong.get("/me")
    problem(response, 429, "throttled")
    assert int(response.headers["Retry-After"]) > 0
    assert caller(people.jonah, people.dan).get("/me").status_code == 200


def test_scopes_narrow_and_never_widen_as_a_truth_table(people: Cast) -> None:
    """Every operation × (its scope alone, every other scope) × (owner, technician, auditor)."""
    for who in (people.jonah, people.dan, people.kerstin):
        every = caller(people.jonah, who)
        by_scope = {scope: caller(people.jonah, who, [scope]) for scope in SCOPES}
        for method, path, one in _operations():
            scope, verb = one["x-scope"], one["x-verb"]
            may = not verb or who.role in roles.who_may(verb)
            others = [name for name in SCOPES if name != scope]
            if scope:
                for name in others[:: len(others) - 1]:
                    answer = problem(by_scope[name].call(method, _filled(path), {}), 409, "token_scope")
                    assert answer["data"]["scope"] == scope
            response = (by_scope[scope] if scope else every).call(method, _filled(path), {})
            if may:
                assert response.status_code not in (401, 405) and response.status_code < 500, (
                    method,
                    path,
                    response.content,
                )
                if response.status_code == 409:
                    assert response.json()["code"] not in ("token_scope", "not_your_role"), (method, path)  # type: ignore[attr-defined]
            else:
                problem(response, 409, "not_your_role")


def test_what_is_not_there_is_a_problem_too(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    for path in (
        "/nothing",
        "/clients/",
        "/clients/not-an-id",
        f"/clients/{NOWHERE}",
        f"/clients/{NOWHERE}/items",
        "/me/",
        "/clients/%00",
    ):
        problem(dan.get(path), 404, "not_found")
    response = dan.call("DELETE", "/clients")
    problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET, POST"
    problem(dan.browser.get("/api/anything"), 404, "not_found")  # type: ignore[arg-type]


def test_invalid_input_says_where_and_what_to_do(people: Cast) -> None:
    ines = caller(people.jonah, people.ines)
    answer = problem(
        ines.post("/clients", {"legal_name": "x\x00", "surprise": 1, "served_since": "tomorrow"}),
        422,
        "invalid_input",
    )
    at = {one["pointer"]: one for one in answer["errors"]}
    assert set(at) == {"/name", "/legal_name", "/surprise", "/served_since"}
    assert at["/name"]["remedy"] == "Add it."
    assert "x\\u0000" not in str(answer)
    assert problem(ines.get("/clients?limit=0"), 422, "invalid_input")["errors"][0]["name"] == "limit"
    for body in (
        "",
        "{",
        "[]",
        '"x"',
        "\xff",
        "[" * 100_000,
        '{"name": "\\ud800"}',
        '{"name": 1e999}',
        "null",
    ):
        response = ines.browser.generic(
            "POST",
            "/api/v1/clients",
            body.encode("latin-1"),
            content_type="application/json",
            headers={"Authorization": f"Bearer {ines.token}"},
        )
        assert response.status_code == 422, (body[:20], response.content[:300])
        assert response.headers["Content-Type"] == problems.MEDIA_TYPE


def test_too_large_is_413(people: Cast) -> None:
    ines = caller(people.jonah, people.ines)
    problem(ines.post("/clients", {"name": "x" * 6_000_000}), 413, "request_too_large")


def test_a_failure_tells_nothing(people: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from partwell.entrypoints.api.endpoints import clients

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(clients.lists, "clients", broken)
    response = caller(people.jonah, people.dan).get("/clients")
    problem(response, 500, "unexpected")
    assert b"hunter2" not in response.content


def test_the_documents_pages_stand_without_a_script(people: Cast) -> None:
    browser = Caller("").browser
    page = browser.get("/api/v1/docs")
    assert page.status_code == 200
    words = page.content.decode()
    assert "clients:read" in words
    for _, path, _one in _operations():
        assert path in words
    assert "<script>" not in words and "style=" not in words
    assert browser.get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")
    for code in ("no_authorisation", "unexpected"):
        assert browser.get(f"/problems/{code}").status_code == 200
    assert browser.get("/problems/nothing_such").status_code == 404


def test_own_problems_do_not_shadow_the_registry() -> None:
    assert not problems.OWN.keys() & REFUSALS.keys()
