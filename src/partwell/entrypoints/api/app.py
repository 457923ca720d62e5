# SPDX-License-Identifier: AGPL-3.0-or-later
"""The API itself: its routers, what its errors become, and its OpenAPI document."""

import logging
import math
from functools import lru_cache
from typing import Any

from django.core.exceptions import (
    ObjectDoesNotExist,
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from partwell.actions.base import Conflict
from partwell.actions.releases.release_items import AnnouncementRefused
from partwell.connectors.errors import KeyMissing
from partwell.entrypoints.api import problems
from partwell.entrypoints.api.endpoints import ROUTERS
from partwell.rules.refusals import Refused, refuse

log = logging.getLogger("partwell.api")
ROOT = "/api/v1/"
DESCRIPTION = (
    "What staff do in Partwell, for programs: the same actions behind it, so the same rules. Answers are JSON; refusals are "
    "RFC 9457 problem details with a stable code, one sentence and the next step. No answer carries a secret. Signatories and "
    "new providers have no tokens: what they do needs a person with a session of their own."
)

api = NinjaAPI(title="Partwell", version="1", description=DESCRIPTION, docs_url=None, openapi_url=None)
for tag, router in ROUTERS.items():
    api.add_router("", router, tags=[tag])


def _names(request: HttpRequest) -> frozenset[str]:
    return frozenset({"body", "form"})


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    seconds = error.refusal.data.get("seconds") if error.refusal.status == 429 else None
    headers = {"Retry-After": str(math.ceil(float(str(seconds))))} if seconds is not None else {}
    return problems.response(error.refusal, headers=headers)


@api.exception_handler(AnnouncementRefused)
def _not_announced(request: HttpRequest, error: AnnouncementRefused) -> HttpResponse:
    return problems.response(error.refusal)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return problems.response(problems.INVALID, problems.validation_errors(error.errors, _names(request)))


@api.exception_handler(Conflict)
def _conflict(request: HttpRequest, error: Conflict) -> HttpResponse:
    return problems.response(refuse("version_conflict"))


@api.exception_handler(KeyMissing)
def _key_missing(request: HttpRequest, error: KeyMissing) -> HttpResponse:
    log.error("A key is missing: %s", error)
    return problems.response(refuse("key_missing"))


@api.exception_handler(Http404)
@api.exception_handler(ObjectDoesNotExist)
def _not_found(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.response(refuse("not_found"))


@api.exception_handler(RequestDataTooBig)
@api.exception_handler(TooManyFieldsSent)
@api.exception_handler(TooManyFilesSent)
def _too_large(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.response(problems.TOO_LARGE)


@api.exception_handler(SuspiciousOperation)
@api.exception_handler(MultiPartParserError)
@api.exception_handler(UnreadablePostError)
@api.exception_handler(UnicodeError)
@api.exception_handler(RecursionError)
def _unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problems.response(problems.UNREADABLE)


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    # ninja raises it for a body that is no JSON; its text names what it read, so ours is sent instead.
    return problems.response(problems.UNREADABLE if error.status_code < 500 else problems.UNEXPECTED)


@api.exception_handler(Exception)
def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("An API call failed: %s", type(error).__name__, exc_info=error)
    return problems.response(problems.UNEXPECTED)


PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code", "rule", "next_step", "data", "errors"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["/problems/no_authorisation"]},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "One sentence for a person."},
        "code": {"type": "string", "description": "Stable; what a program decides by."},
        "rule": {"type": "string", "description": "The rule it comes from, such as R1."},
        "next_step": {"type": "string"},
        "data": {"type": "object"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail", "remedy"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer into the body."},
                    "in": {"type": "string"},
                    "name": {"type": "string"},
                    "detail": {"type": "string"},
                    "remedy": {"type": "string"},
                },
            },
        },
    },
}
_PROBLEMS = {
    "401": "No token, or one that is revoked or expired",
    "404": "Nothing there, or nothing for you",
    "405": "Not this method",
    "409": "Refused: the code says why, next_step what to do",
    "422": "Input that cannot be used; errors say where",
    "429": "Too many attempts",
    "500": "Something went wrong here",
}


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document, with every problem declared."""
    schema = dict(api.get_openapi_schema(path_prefix=ROOT))
    components = schema["components"]
    components.setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
    content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in schema["paths"].values():
        for one in methods.values():
            one["responses"] = {str(status): made for status, made in one["responses"].items()}
            declared = {**_PROBLEMS, "413": "Too large"} if "requestBody" in one else _PROBLEMS
            for status, words in declared.items():
                one["responses"][status] = {"description": words, "content": content}
    schema["servers"] = [{"url": "/"}]
    return schema
