# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cursors: every row once in a stable order, forged ones refused with a sentence; lists ask the same number of questions."""

import base64
import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from partwell.actions.base import Deed
from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.add_site import add_site
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.estate.add_item import add_item
from partwell.entrypoints.api.pages import make_cursor, read_cursor
from partwell.records.estate.models import Item
from partwell.rules.refusals import Refused
from tests.api.caller import Caller, caller, problem
from tests.flows.cast import Cast, cast, done

KEYS = st.lists(
    st.one_of(
        st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),
        st.uuids(),
        st.integers(min_value=0, max_value=2**63 - 1),
    ),
    min_size=1,
    max_size=2,
)  # fmt: skip


@given(of=st.text(max_size=50), key=KEYS)
def test_a_cursor_comes_back_as_it_went(of: str, key: list[Any]) -> None:
    assert read_cursor(of, make_cursor(of, key), len(key)) == key


@given(of=st.text(max_size=20), key=KEYS, other=st.text(max_size=20))
def test_a_cursor_fits_no_other_list(of: str, key: list[Any], other: str) -> None:
    if of != other:
        with pytest.raises(Refused):
            read_cursor(other, make_cursor(of, key), len(key))


@given(of=st.text(max_size=20), key=KEYS, place=st.integers(min_value=0), bit=st.integers(0, 7))
def test_one_flipped_bit_is_refused(of: str, key: list[Any], place: int, bit: int) -> None:
    cursor = make_cursor(of, key)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[place % len(raw)] ^= 1 << bit
    forged = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")
    with pytest.raises(Refused):
        read_cursor(of, forged, len(key))


@given(cursor=st.text(max_size=600))
def test_any_text_is_refused(cursor: str) -> None:
    with pytest.raises(Refused):
        read_cursor("x", cursor, 1)


@pytest.fixture
def people(db_world: object) -> Cast:
    """The cast with an estate and a standing consent."""
    return cast(signed=True)


def _all(dan: Caller, path: str, limit: int) -> list[Any]:
    found, cursor = [], ""
    for _ in range(1000):
        page = dan.ok("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"
    raise AssertionError("the list does not end")


@pytest.mark.both_databases
def test_pages_hold_every_row_once_also_where_moments_are_the_same(people: Cast) -> None:
    with Deed(people.dan) as deed:
        deed.lock(people.northwick.id)
        rows = [
            Item(
                client=people.northwick,
                title=f"Cable {n}",
                category="hardware",
                kind="hardware",
                added_at=deed.now,
            )
            for n in range(23)
        ]
        deed.add_many(Item, rows)
        deed.record("item.added", public={"item": "cables"}, subjects=[rows[0].id])
    dan = caller(people.jonah, people.dan)
    path = f"/clients/{people.northwick.id}/items"
    whole = [one["id"] for one in dan.ok("GET", f"{path}?limit=200")["items"]]
    assert len(whole) == len(set(whole)) >= 30
    for limit in (1, 7, 23):
        assert [one["id"] for one in _all(dan, path, limit)] == whole
    assert len(_all(dan, f"{path}?category=hardware&words=cable", 5)) == 23
    entries = [one["index"] for one in _all(dan, f"/clients/{people.northwick.id}/entries", 9)]
    assert entries == sorted(entries, reverse=True) and len(entries) == len(set(entries))
    assert [one["id"] for one in _all(dan, f"/clients/{people.northwick.id}/envelopes", 1)] == [
        one["id"] for one in dan.ok("GET", f"/clients/{people.northwick.id}/envelopes")["items"]
    ]


def test_forged_cursors_and_wild_limits_are_422(people: Cast) -> None:
    dan = caller(people.jonah, people.dan)
    path = f"/clients/{people.northwick.id}/items"
    good = dan.ok("GET", f"{path}?limit=1")["next"]
    other = dan.ok("GET", "/clients?limit=1")["next"]
    for cursor in (
        "x",
        "%00",
        "ä",
        "a" * 401,
        "a" * 100_000,
        good[:-2],
        "A" + good[1:],
        good + "A",
        other,
        "..",
        quote("{}"),
    ):
        response = dan.get(f"{path}?cursor={cursor}")
        problem(response, 422, "invalid_input")
    for limit in ("0", "-1", "201", "9" * 30, "1.5", "x", "", "1e3", "null"):
        problem(dan.get(f"{path}?limit={limit}"), 422, "invalid_input")
    problem(dan.get(f"{path}?cursor={good}&category=hardware"), 422, "invalid_input")


# Queries of each list with few rows; the test holds them with many. Counts include the token's two.
LISTS = ("contacts", "sites", "agreements", "backup-sets", "pauses", "items", "imports", "offboardings", "recipients",
         "authorisations", "releases", "messages", "calls", "envelopes", "bundles", "entries", "jobs")  # fmt: skip
MOST = 6


@contextlib.contextmanager
def _counted() -> Iterator[CaptureQueriesContext]:
    with CaptureQueriesContext(connection) as queries:
        yield queries


def test_lists_ask_the_same_number_of_questions_however_long_they_are(people: Cast) -> None:
    client: UUID = people.northwick.id
    people.release("diagram", "switch")
    dan = caller(people.jonah, people.dan)
    dan.get("/me")

    def counts() -> dict[str, int]:
        out = {}
        for name in LISTS:
            with _counted() as queries:
                assert dan.get(f"/clients/{client}/{name}?limit=200").status_code == 200
            out[name] = len(queries)
        return out

    few = counts()
    for n in range(12):
        done(
            add_item(
                actor=people.dan, client_id=client, title=f"Thing {n}", category="hardware", kind="hardware"
            )
        )
        done(add_site(actor=people.ines, client_id=client, name=f"Site {n}"))
        done(
            add_contact(
                actor=people.ines,
                client_id=client,
                contact=NewContact(f"Person {n}", f"p{n}@northwick.example"),
            )
        )
        done(write_message(actor=people.dan, client_id=client, draft=Draft(f"Word {n}", "Hello.")))
    people.release("router", key="second")
    many = counts()
    assert many == few
    assert max(many.values()) <= MOST, many
