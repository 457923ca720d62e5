# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages that search what was said, at each door, without JavaScript."""

import pytest

from partwell.actions.clients.contact_left import contact_left
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, done
from tests.flows.test_search import said  # noqa: F401  a fixture

pytestmark = pytest.mark.both_databases


def page(actor: object, path: str, **query: str) -> str:
    answer = browser_of(actor).get(path, query)  # type: ignore[arg-type]
    assert answer.status_code == 200, (path, answer.status_code)
    return str(answer.content.decode())


def test_staff_find_across_clients_and_within_one(said: Cast) -> None:  # noqa: F811  a fixture
    everywhere = page(said.dan, "/search/said/", q="pelican")
    assert "Other house" in everywhere and "Among us" in everywhere and "<mark>pelican</mark>" in everywhere
    one = page(said.dan, f"/clients/{said.northwick.id}/messages/search/", q="pelican")
    assert "Other house" not in one and "Among us" in one
    assert "Nothing found" in page(said.dan, "/search/said/", q="nowhere")
    assert "Among us" in page(said.dan, "/search/", q="pelic")
    assert browser_of(said.dan).get("/search/palette/", {"q": "pelic"}).json()["groups"]
    assert page(said.dan, "/search/said/", q="pelican", first="0001-01-01", last="9999-12-31")


def test_a_client_and_a_provider_search_their_own(said: Cast) -> None:  # noqa: F811  a fixture
    mine = page(said.mara, "/client/messages/search/", q="firewall")
    assert "café" in mine and "Other house" not in mine
    assert "Nothing found" in page(said.mara, "/client/messages/search/", q="pelican")
    assert "Nothing found" in page(said.leo, "/client/messages/search/", q="cutover")
    theirs = page(said.theo, "/provider/messages/search/", q="cutover")
    assert "To all of you" in theirs
    assert "Nothing found" in page(said.theo, "/provider/messages/search/", q="pelican")
    for hostile in ("<script>alert(1)</script>", '"><img src=x>', "\x00", "%00", "a" * 5000, "' OR 1=1 --"):
        for actor, path in (
            (said.mara, "/client/messages/search/"),
            (said.theo, "/provider/messages/search/"),
            (said.dan, "/search/said/"),
        ):
            shown = page(actor, path, q=hostile, page="-1", party="x")
            assert "<script>alert" not in shown and "<img src=x" not in shown


def test_who_left_the_client_searches_nothing_any_more(said: Cast) -> None:  # noqa: F811  a fixture
    browser = browser_of(said.tom)
    assert browser.get("/client/messages/search/", {"q": "firewall"}).status_code == 200
    done(contact_left(actor=said.ines, contact_id=said.tom.id))
    for words in ("firewall", "cutover"):
        answer = browser.get("/client/messages/search/", {"q": words})
        assert answer.status_code != 200 and "Saturday" not in answer.content.decode()
