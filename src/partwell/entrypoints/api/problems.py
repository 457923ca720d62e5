# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every "no" of the API as RFC 9457 problem details; never a page, never an exception's text."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpResponse

from partwell.rules.refusals import REFUSALS, Refusal

MEDIA_TYPE = "application/problem+json"
_POINTER = re.compile(r"[~/]")


def _own(code: str, status: int, sentence: str, next_step: str) -> Refusal:
    return Refusal(code=code, rule="api", status=status, sentence=sentence, next_step=next_step)


# What only HTTP can refuse; everything else stands in rules.refusals.
METHOD = _own("method_not_allowed", 405, "This address does not take that method.", "See the header Allow.")
TOO_LARGE = _own(
    "request_too_large", 413, "The request is larger than this address takes.", "Send less at once."
)
UNREADABLE = _own(
    "request_unreadable", 422, "The request could not be read.", "Send JSON in UTF-8, or form data for files."
)
INVALID = _own(
    "invalid_input", 422, "Some of the input cannot be used.", "See errors; correct them and try again."
)
UNEXPECTED = _own(
    "unexpected",
    500,
    "Something went wrong here; what was under way was rolled back.",
    "Try again with the same Idempotency-Key; if it happens again, tell whoever maintains this installation.",
)
CUT_OFF = _own(
    "answer_unknown",
    409,
    "A request with this key was cut off, and whether it was carried out is not known.",
    "Look at what is there; then use a new key if it still has to be done.",
)
OWN = {one.code: one for one in (METHOD, TOO_LARGE, UNREADABLE, UNEXPECTED, CUT_OFF)}


def title_of(code: str) -> str:
    """The short title of a kind of problem: the same for every occurrence (RFC 9457)."""
    return code.replace("_", " ").capitalize()


def document(refusal: Refusal, errors: Iterable[Mapping[str, str]] = ()) -> dict[str, Any]:
    """The problem document: type, title, status, detail, and ours: code, rule, next_step, data, errors."""
    return {
        "type": f"/problems/{refusal.code}",
        "title": title_of(refusal.code),
        "status": refusal.status,
        "detail": refusal.sentence,
        "code": refusal.code,
        "rule": refusal.rule,
        "next_step": refusal.next_step,
        "data": dict(refusal.data),
        "errors": [dict(one) for one in errors],
    }


def response(
    refusal: Refusal, errors: Iterable[Mapping[str, str]] = (), headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """The answer that carries a refusal."""
    body = json.dumps(document(refusal, errors), ensure_ascii=False)
    return answer(body, refusal.status, headers)


def answer(body: str, status: int, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A problem document that is text already (a replayed one)."""
    out = HttpResponse(body, status=status, content_type=MEDIA_TYPE, headers=dict(headers or {}))
    if status == 401:
        out.headers["WWW-Authenticate"] = 'Bearer realm="partwell"'
    out.headers["Cache-Control"] = "no-store"
    return out


def pointer(parts: Iterable[object]) -> str:
    """A JSON pointer (RFC 6901) to a part of the body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def validation_errors(errors: Iterable[Mapping[str, Any]], names: frozenset[str]) -> list[dict[str, str]]:
    """What pydantic found, as place, problem and remedy; never what was sent (it may be a secret).

    ``names``: the view's own argument names, which are no part of a pointer.
    """
    out = []
    for error in errors:
        source, *path = error.get("loc") or ("body",)
        if source in ("body", "form", "file") and path and path[0] in names:
            path = path[1:]
        if source == "body":
            where = {"pointer": pointer(path)}
        else:
            where = {"in": str(source), "name": str(path[0]) if path else ""}
        out.append({**where, "detail": _plain(str(error.get("msg", ""))), "remedy": _remedy(error)})
    return out[:50]


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".") + "."


def _remedy(error: Mapping[str, Any]) -> str:
    kind, context = str(error.get("type", "")), error.get("ctx") or {}
    if kind == "missing":
        return "Add it."
    if kind == "extra_forbidden":
        return "Leave it out: there is no such field here."
    if kind in ("enum", "literal_error"):
        return f"Use one of: {context.get('expected', 'the values of the schema')}."
    if kind == "string_pattern_mismatch":
        return f"Match the pattern {context.get('pattern', '')}"
    for name in ("max_length", "min_length", "ge", "gt", "le", "lt"):
        if name in context:
            return f"Keep to {name.replace('_', ' ')} {context[name]}."
    return "Correct it as /api/v1/openapi.json describes."


def known(code: str) -> tuple[str, str, int] | None:
    """Sentence, next step and status of a kind of problem, as templates; None for an unknown code."""
    if kind := REFUSALS.get(code):
        return kind.sentence, kind.next_step, kind.status
    if own := OWN.get(code):
        return own.sentence, own.next_step, own.status
    return None
