# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses under /api/. Those of the endpoints come from their routers; what is none of them is a problem, not a page."""

from typing import Any, cast

from django.urls import path, re_path

from partwell.entrypoints.api import views
from partwell.entrypoints.api.app import api
from partwell.entrypoints.api.auth import BearerToken


def _endpoints() -> list[Any]:
    found: list[tuple[str, Any]] = []
    for router in api._get_bound_routers():
        for address, operations in router.path_operations.items():
            verbs: dict[str, str] = {}
            for one in operations.operations:
                token = cast(BearerToken, one.auth_callbacks[0])
                verbs.update(dict.fromkeys(one.methods, token.verb))
            route = "/".join(
                part for part in ("v1", address.strip("/").replace("{", "<str:").replace("}", ">")) if part
            )
            found.append((route, path(route, views.as_problem(operations.get_view(), verbs))))
    # Fixed words before identifiers: /items/classify is no item.
    return [
        one
        for _, one in sorted(found, key=lambda pair: [part.startswith("<") for part in pair[0].split("/")])
    ]


urlpatterns: list[Any] = [
    path("v1/openapi.json", views.document),
    path("v1/docs", views.reference, name="api-reference"),
    *_endpoints(),
    re_path(r"^.*\Z", views.nothing_here),
]
