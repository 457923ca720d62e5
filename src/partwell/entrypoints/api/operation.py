# SPDX-License-Identifier: AGPL-3.0-or-later
"""How an endpoint is written: ``@operation(router, "POST", "/clients", …)`` on a function that calls one action or query.

The function takes plain values and gives a shown value or a ``Refusal``. Around it, the same for all: the token,
its scope and role, identifiers (what is none is not found), the Idempotency-Key, and the answer as JSON.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import Router
from pydantic import TypeAdapter

from partwell.actions.people import api_answers
from partwell.entrypoints.api import problems
from partwell.entrypoints.api.auth import BearerToken
from partwell.entrypoints.api.fields import UUID_PATTERN
from partwell.rules.refusals import Refusal, Refused, refuse
from partwell.rules.roles import who_may
from partwell.rules.scopes import SCOPES

View = Callable[..., Any]
KEY_PATTERN = r"^[\x21-\x7e]{1,128}$"
KEY_HEADER = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": False,
    "description": "Yours to choose, one for each thing you want done. The same key and request again: the same answer, "
    "nothing done twice. Kept for 30 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": KEY_PATTERN},
}
# Answers that say "not now": a repeat with the same key is a new attempt.
PASSING = {"busy", "version_conflict", "answer_unknown", "unexpected"}
UNDER_WAY = timedelta(minutes=2)
_KEY = re.compile(KEY_PATTERN.replace("$", r"\Z"))
_UUID = re.compile(UUID_PATTERN.replace("$", r"\Z"))
_IN_PATH = re.compile(r"{(\w+)}")


def operation(
    router: Router,
    method: str,
    path: str,
    *,
    scope: str,
    verb: str,
    response: Any = None,
    status: int = 200,
    does: bool | None = None,
    file: bool = False,
) -> Callable[[View], View]:
    """Register a view. ``scope``: of ``rules.scopes`` ("" for any token); ``verb``: of ``rules.roles`` ("" for any staff).

    ``response``: the type of the answer; ``file`` when it is bytes instead. ``does``: False for a POST that only asks
    (a preview), so that it takes no Idempotency-Key. The docstring's first line is the summary.
    """
    if scope and scope not in SCOPES:
        raise ValueError(f"There is no scope {scope!r}; see rules/scopes.py.")
    if verb and not who_may(verb):
        raise ValueError(f"There is no verb {verb!r}; see rules/roles.py.")
    acts = method == "POST" if does is None else does
    identifiers = tuple(name for name in _IN_PATH.findall(path) if name.endswith("_id"))
    adapter = TypeAdapter(response) if response is not None else None

    def register(view: View) -> View:
        @wraps(view)
        def run(request: HttpRequest, **values: Any) -> HttpResponseBase:
            for name in identifiers:
                values[name] = _identifier(values[name])
            if not acts or (key := _key_of(request)) is None:
                return _answer(_call(view, request, values), adapter, status)
            return _once(request, key, lambda: _answer(_call(view, request, values), adapter, status))

        words = (view.__doc__ or "").strip().split("\n\n", 1)
        extra: dict[str, Any] = {"x-scope": scope, "x-verb": verb}
        if acts:
            extra["parameters"] = [KEY_HEADER]
        if file:
            extra["responses"] = {
                str(status): {
                    "description": "The bytes",
                    "content": {
                        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                    },
                }
            }
        router.add_api_operation(
            path,
            [method],
            run,
            auth=BearerToken(scope, verb),
            response={status: response},
            operation_id=view.__name__,
            summary=" ".join(words[0].split()).rstrip("."),
            description=" ".join(words[1].split())
            if len(words) > 1
            else f"Scope {scope or 'any'}; role as for “{verb or 'any staff'}”.",
            openapi_extra=extra,
        )
        return view

    return register


def _identifier(text: str) -> UUID:
    if not _UUID.match(text):
        raise Refused(refuse("not_found"))
    return UUID(hex=text)


def _call(view: View, request: HttpRequest, values: dict[str, Any]) -> Any:
    try:
        return view(request, **values)
    except Refused as refused:
        return refused.refusal


def _answer(result: Any, adapter: TypeAdapter[Any] | None, status: int) -> HttpResponseBase:
    if isinstance(result, Refusal):
        return problems.response(result)
    if isinstance(result, HttpResponseBase):
        return result
    body = adapter.dump_json(result) if adapter is not None else b""
    return HttpResponse(
        body, status=status, content_type="application/json", headers={"Cache-Control": "no-store"}
    )


def _key_of(request: HttpRequest) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not _KEY.match(key):
        raise Refused(
            refuse("invalid_input", where="Idempotency-Key", problem="1 to 128 visible ASCII characters.")
        )
    return key


def _digest(request: HttpRequest) -> str:
    """A keyed digest of the whole request; of a form, its fields and the digests of its files."""
    whole = hashlib.sha256(f"{request.method} {request.get_full_path()}\0".encode())
    if (request.content_type or "").startswith("multipart/"):
        for name, values in sorted(request.POST.lists()):
            whole.update(repr((name, values)).encode("utf-8", "surrogatepass"))
        for name, file in sorted(request.FILES.items()):
            content = hashlib.sha256()
            for chunk in file.chunks():  # type: ignore[union-attr]
                content.update(chunk)
            file.seek(0)  # type: ignore[union-attr]
            whole.update(repr((name, file.name, content.hexdigest())).encode("utf-8", "surrogatepass"))  # type: ignore[union-attr]
    else:
        whole.update(request.body)
    return api_answers.request_digest(whole.digest())


def _once(request: HttpRequest, key: str, carry_out: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Carry out once per key: a repeat gets the first answer, another request with that key a conflict."""
    token, digest = request.token_id, _digest(request)  # type: ignore[attr-defined]
    known = api_answers.begin(token, key, digest)
    if known is not None:
        if known.request_digest != digest:
            return problems.response(refuse("idempotency_conflict"))
        if known.status is None:
            late = timezone.now() - known.created_at > UNDER_WAY
            return problems.response(problems.CUT_OFF if late else refuse("busy"))
        headers = {"Idempotent-Replayed": "true"}
        if known.status >= 400:
            return problems.answer(known.body, known.status, headers)
        return HttpResponse(
            known.body,
            status=known.status,
            content_type="application/json",
            headers={**headers, "Cache-Control": "no-store"},
        )
    try:
        made = carry_out()
    except BaseException:  # what was under way was rolled back, so the key is free again
        api_answers.forget(token, key)
        raise
    if not isinstance(made, HttpResponse) or _passing(made):
        api_answers.forget(token, key)
    else:
        api_answers.keep(token, key, made.status_code, made.content.decode())
    return made


def _passing(made: HttpResponse) -> bool:
    if made.status_code < 400:
        return False
    return made.status_code != 409 or any(f'"code": "{code}"'.encode() in made.content for code in PASSING)
