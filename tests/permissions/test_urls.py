# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every address × every party: the table beside this file is the whole list, and an unlisted address fails."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from django.urls import get_resolver

from partwell.rules import roles
from tests.flows.browser_of import browser_of
from tests.flows.cast import cast

TABLE = Path(__file__).with_name("urls.txt")
HIDDEN = (404, 405)


def _walk(patterns: Any, before: str = "/") -> Iterator[tuple[str, Any]]:
    for one in patterns:
        if hasattr(one, "url_patterns"):
            yield from _walk(one.url_patterns, before + str(one.pattern))
        else:
            yield before + str(one.pattern), one.callback


def _now() -> list[str]:
    lines = []
    for address, view in _walk(get_resolver().url_patterns):
        verb = getattr(view, "verb", "") or ",".join(
            f"{method}={verb}" for method, verb in sorted(getattr(view, "verbs", {}).items())
        )
        lines.append(f"{address} | {getattr(view, 'door', '?')} | {verb or '-'}")
    return sorted(lines)


def _listed() -> list[str]:
    return sorted(line for line in TABLE.read_text().splitlines() if line and not line.startswith("#"))


def test_every_address_is_listed_with_its_door_and_verb() -> None:
    assert _now() == _listed(), "list the address in tests/permissions/urls.txt, with its door and verb"


def test_every_verb_of_a_page_stands_in_the_table_of_roles() -> None:
    for line in _listed():
        _, door, verb = line.split(" | ")
        if door in ("staff", "client", "provider"):
            assert verb in roles.VERBS, line


def _path(address: str, client_id: str) -> str:
    filled = address.replace("<str:client_id>", client_id)
    filled = re.sub(r"<str:(what|kind)>", "item", filled)
    return re.sub(r"<(str|slug|int):\w+>", lambda found: "7" if found[1] == "int" else uuid4().hex, filled)


@pytest.fixture
def parties(db_world: Any) -> dict[str, tuple[Browser, str, str]]:
    """Name → (browser, door, role) of everybody, a stranger included; and Northwick's id under its own key."""
    people = cast(signed=True)
    out = {
        name: (browser_of(getattr(people, name)), door, getattr(people, name).role)
        for name, door in (
            ("jonah", "staff"), ("ines", "staff"), ("dan", "staff"), ("kerstin", "staff"),
            ("mara", "client"), ("tom", "client"), ("leo", "client"), ("theo", "provider"),
        )
    }  # fmt: skip
    out["stranger"] = (Browser(), "nowhere", "")
    out["northwick"] = (Browser(), people.northwick.id.hex, "")
    return out


def test_every_page_for_every_party(parties: dict[str, tuple[Browser, str, str]]) -> None:
    """The wrong door is a sign-in page or 404; the wrong role a refusal; nobody ever gets an error of ours."""
    client_id = parties.pop("northwick")[1]
    wrong: list[str] = []
    for line in _listed():
        address, door, verb = line.split(" | ")
        if door not in ("staff", "client", "provider"):
            continue
        path = _path(address, client_id)
        for name, (browser, at, role) in parties.items():
            said = browser.get(path)
            status = said.status_code
            if at != door:
                to_sign_in = status == 302 and ("sign-in" in said["Location"] or "login" in said["Location"])
                fine = to_sign_in or status in HIDDEN
            elif roles.may(role, verb) is not None:
                fine = status in (409, *HIDDEN)
            else:
                fine = status in (200, 302, 409, *HIDDEN)
            if not fine:
                wrong.append(f"{name} got {status} from {path} ({door}, {verb})")
    assert not wrong, "\n".join(wrong)


def test_a_crafted_post_without_its_token_changes_nothing(
    parties: dict[str, tuple[Browser, str, str]],
) -> None:
    """Every form is guarded against other sites: without the token each POST is refused before its view."""
    parties.pop("northwick")
    cookies = parties["jonah"][0].cookies
    browser = Browser(enforce_csrf_checks=True)
    browser.cookies = cookies
    for line in _listed():
        address, door, _ = line.split(" | ")
        if door == "staff":
            assert browser.post(_path(address, uuid4().hex)).status_code in (403, 404, 405), address
