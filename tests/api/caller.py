# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program that calls the API with one staff member's token, in this process."""

import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpResponse
from django.test import Client as Browser

from partwell.actions.people.tokens import make_token
from partwell.rules.actor import Actor
from partwell.rules.scopes import SCOPES
from tests.flows.cast import done

ROOT = "/api/v1"


@dataclass
class Caller:
    """``get``, ``post`` and ``patch`` give the response; ``json`` bodies go as JSON, ``form`` as multipart."""

    token: str
    token_id: UUID | None = None
    browser: Browser = field(default_factory=lambda: Browser(raise_request_exception=False))

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str
    ) -> HttpResponse:
        """One request; ``key``: its Idempotency-Key."""
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if key:
            given["Idempotency-Key"] = key
        data = json.dumps(body) if body is not None else ""
        return self.browser.generic(
            method, ROOT + path, data, content_type="application/json", headers={**given, **headers}
        )  # type: ignore[return-value]

    def get(self, path: str, **headers: str) -> HttpResponse:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> HttpResponse:
        """POST of JSON."""
        return self.call("POST", path, {} if body is None else body, key=key, **headers)

    def patch(self, path: str, body: Any) -> HttpResponse:
        """PATCH of JSON."""
        return self.call("PATCH", path, body)

    def form(self, path: str, fields: dict[str, Any], *, key: str | None = None) -> HttpResponse:
        """POST of form data with files."""
        headers = {"Authorization": f"Bearer {self.token}", **({"Idempotency-Key": key} if key else {})}
        return self.browser.post(ROOT + path, fields, headers=headers)  # type: ignore[return-value]

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The JSON of a call that must work."""
        response = self.call(method, path, body, **more)
        assert 200 <= response.status_code < 300, (
            method,
            path,
            response.status_code,
            response.content[:2000],
        )
        return response.json()  # type: ignore[attr-defined]

    def made(self, path: str, body: Any = None) -> Any:
        """The JSON of a POST that must work, with a key of its own."""
        return self.ok("POST", path, {} if body is None else body, key=uuid4().hex)


def caller(owner: Actor, who: Actor, scopes: list[str] | None = None) -> Caller:
    """A caller with a fresh token of ``who``; all scopes unless given."""
    row, raw = done(
        make_token(
            actor=owner,
            staff_id=who.id,
            name="test",
            scopes=sorted(SCOPES) if scopes is None else scopes,
            days=30,
        )
    )
    return Caller(raw, row.id)


def problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The problem document of a refusal, checked for what each must have."""
    assert response.status_code == status, response.content[:2000]
    assert response.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()  # type: ignore[attr-defined]
    assert document["code"] == code, document
    assert document["type"] == f"/problems/{code}"
    assert document["status"] == status
    assert document["title"] and document["detail"] and document["next_step"]
    return document
