# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands beside the endpoints: the OpenAPI document, a page that lists it, and what a kind of problem means."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from partwell.entrypoints.api import problems
from partwell.entrypoints.api.app import openapi
from partwell.entrypoints.door.gate import open_door
from partwell.rules.refusals import refuse
from partwell.rules.scopes import SCOPES


@open_door
@require_safe
def document(request: HttpRequest) -> HttpResponse:
    """/api/v1/openapi.json: public, it describes the program and names nobody."""
    return JsonResponse(openapi(), headers={"Cache-Control": "max-age=300"})


@open_door
@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """/api/v1/docs: every operation of the document on one page, without a script."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in openapi()["paths"].items():
        for method, one in methods.items():
            groups.setdefault(one["tags"][0], []).append(
                {**one, "path": path, "method": method.upper(), "scope": one["x-scope"]}
            )
    return render(request, "api/reference.html", {"groups": groups, "scopes": SCOPES})


@open_door
@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """/problems/<code>: what the ``type`` of a problem points to."""
    found = problems.known(code)
    if found is None:
        raise Http404
    sentence, next_step, status = found
    context = {
        "code": code,
        "title": problems.title_of(code),
        "sentence": sentence,
        "next_step": next_step,
        "status": status,
    }
    return render(request, "api/problem.html", context)


@open_door
@csrf_exempt
def nothing_here(request: HttpRequest, **_: str) -> HttpResponse:
    """Any other address under /api/: a problem, not a page."""
    return problems.response(refuse("not_found"))


def as_problem(
    view: Callable[..., HttpResponseBase], verbs: dict[str, str]
) -> Callable[..., HttpResponseBase]:
    """The view of one address, its errors all problems; carries ``door`` and ``verbs`` for the URL × role test."""

    @csrf_exempt  # no cookie is ever believed here, so there is nothing to forge
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if response.status_code == 405:
            allow = ", ".join(sorted(verbs))
            return problems.response(problems.METHOD, headers={"Allow": allow})
        return response

    inner.door, inner.verb, inner.verbs = "api", "", verbs  # type: ignore[attr-defined]
    return inner
