# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers with real ids: at every address of every door, what is another's answers as what does not exist."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.people.enter import person_actor
from partwell.rules.terms import RecipientKind
from tests.browser.furnished import Furnished, furnish
from tests.browser.pages import patterns
from tests.flows.browser_of import browser_of
from tests.flows.cast import done
from tests.support import worlds

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
NO_SUCH = "999999"
WORDS = {"what", "kind"}  # they name no row


@pytest.fixture(scope="module")
def made(django_db_blocker: Any) -> Iterator[Furnished]:
    """One furnished world for all: whoever is told nothing changes nothing either."""
    with tempfile.TemporaryDirectory(prefix="partwell-strangers-", dir=worlds.scratch()) as folder:
        world = worlds.sqlite_world(Path(folder))
        with world as entered, django_db_blocker.unblock(), worlds.entered(entered):
            yield furnish()


def addresses(door: str, ids: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Each pattern of a door that names a row: the pattern, the address with real ids, and with ids of nothing."""
    for pattern in patterns(door):
        names = PARAMETER.findall(pattern)
        if not set(names) - WORDS or not all(ids.get(name) for name in names):
            continue  # it names no row; or furnish() makes none, which the test of every page says
        faces = []
        for real in (True, False):
            faces.append(
                PARAMETER.sub(
                    lambda name, real=real: (
                        ids.get(name[1], "")
                        if real or name[1] in WORDS
                        else (NO_SUCH if name[1] == "index" else str(uuid4()))
                    ),
                    pattern,
                )
            )
        yield pattern, faces[0], faces[1]


def answers(browser: Browser, address: str) -> tuple[int, int, str]:
    """Status of GET and of POST, and all that was said."""
    said = [browser.get(address), browser.post(address, {})]
    words = "".join(
        b"".join(one.streaming_content).decode(errors="replace") if one.streaming else one.content.decode()
        for one in said
    )
    return said[0].status_code, said[1].status_code, words


def told_apart(browser: Browser, door: str, ids: dict[str, str]) -> list[str]:
    """Addresses where a real id of somebody else answers otherwise than one that never was."""
    wrong = []
    for pattern, real, none in addresses(door, ids):
        one, other = answers(browser, real), answers(browser, none)
        if one[:2] != other[:2] or 200 in one[:2] or "Northwick" in one[2]:
            wrong.append(f"{pattern}: {one[:2]}, and {other[:2]} where there is nothing")
    return wrong


def ids_of(made: Furnished, side: str) -> dict[str, str]:
    """Ids as the doors of ``side`` know them: its own release line, bundle and reveal where it has one of its own."""
    named = {
        name.removesuffix(f" of {side}"): one
        for name, one in made.ids.items()
        if name.endswith(f" of {side}")
    }
    return {**made.ids, "request_id": made.ids.get("request_id", ""), **named}


def test_the_ids_are_real(made: Furnished) -> None:
    """Else the tests below would pass on nothing: whose they are gets pages at most of these addresses."""
    for door, seat, side in (
        ("client", "mara", "client"),
        ("provider", "theo", "provider"),
        ("staff", "jonah", ""),
    ):
        found = list(addresses(door, ids_of(made, side)))
        pages = [real for _, real, _ in found if made.at[seat].get(real).status_code in (200, 302, 405)]
        assert len(pages) > 0.7 * len(found), {real for _, real, _ in found} - set(pages)


def test_another_client_is_told_nothing(made: Furnished) -> None:
    assert told_apart(made.at["leo"], "client", ids_of(made, "client")) == []


@pytest.mark.parametrize("whose", ["of another client", "of another firm of the same client"])
def test_another_provider_is_told_nothing(made: Furnished, whose: str) -> None:
    c = made.cast
    client = c.quayside if whose == "of another client" else c.northwick
    firm = done(
        add_recipient(actor=c.ines, client_id=client.id, firm="Other IT", kind=RecipientKind.NEW_PROVIDER)
    )
    nils = done(add_person(actor=c.ines, recipient_id=firm.id, name="Nils Berg", email="nils@other.example"))
    actor = person_actor("provider", nils.id, strength="link", address="192.0.2.7")
    assert actor is not None
    wrong = told_apart(browser_of(actor), "provider", ids_of(made, "provider"))
    if whose != "of another client":  # the client's name is no secret to a firm on its file
        wrong = [
            one
            for one in wrong
            if "(200" in one or one.split(": ")[1].split(", and ")[0] not in one.split(", and ")[1]
        ]
    assert wrong == []


def test_staff_reach_nothing_through_another_client(made: Furnished) -> None:
    """One client's id in the address and another's thing behind it: nothing is found, nothing is changed."""
    ids = {**ids_of(made, ""), "client_id": made.ids["quayside"]}
    mixed = [
        one
        for one in addresses("staff", ids)
        if "<str:client_id>" in one[0] and set(PARAMETER.findall(one[0])) - WORDS > {"client_id"}
    ]
    assert len(mixed) > 20
    wrong = []
    for pattern, real, none in mixed:
        # The furnished pause is Quayside's own; a picture's form wants its picture first: tests/flows/test_pictures.py
        if "pause_id" in pattern or "pictures/add" in pattern:
            continue
        one = answers(made.at["jonah"], real)[:2]
        # Or the form was refused before anything was looked for: then as with a row that never was.
        if not set(one) <= {404, 405} and (200 in one or one != answers(made.at["jonah"], none)[:2]):
            wrong.append(f"{pattern}: {one}")
    assert wrong == []
