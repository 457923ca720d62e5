# SPDX-License-Identifier: AGPL-3.0-or-later
"""No page offers what its reader may not do: every staff page as every role, each link's and form's verb asked of the table."""

import re
import tempfile
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve

from partwell.rules import roles
from tests.browser.furnished import Furnished
from tests.browser.pages import Page, furnished_pages
from tests.flows.browser_of import browser_of
from tests.support import worlds

# Forms that post to an address whose gate asks a reading verb: what they do needs no more than that.
READS_BY_POST = {
    "clients/<str:client_id>/release/check/": "what a release would do is looked at, nothing leaves",
}


class Offers(HTMLParser):
    """What a page leads to: (GET or POST, address as written)."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: set[tuple[str, str]] = set()
        self._method, self._action = "", ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        if tag in ("a", "area") and "href" in has:
            self.found.add(("GET", has["href"]))
        if tag == "form":
            self._method, self._action = has.get("method", "get").upper(), has.get("action", "")
            self.found.add((self._method, self._action))
        if "formaction" in has:
            self.found.add((has.get("formmethod", self._method).upper(), has["formaction"]))
        for verb in ("get", "post"):
            if f"hx-{verb}" in has:
                self.found.add((verb.upper(), has[f"hx-{verb}"]))


@pytest.fixture(scope="module")
def furnished(django_db_blocker: Any) -> Iterator[tuple[Furnished, list[Page]]]:
    """One furnished world for all roles, and the staff's pages: it is only looked at."""
    with tempfile.TemporaryDirectory(prefix="partwell-offers-", dir=worlds.scratch()) as folder:
        world = worlds.sqlite_world(Path(folder))
        with world as entered, django_db_blocker.unblock(), worlds.entered(entered):
            found, looked = furnished_pages()
            yield found, looked["staff"][0]


def _wrong(role: str, method: str, path: str) -> str:
    """Why this target must not be offered to the role; "" where it may be."""
    try:
        found = resolve(path)
    except Resolver404:
        return "leads nowhere"
    view = found.func
    door, verb = getattr(view, "door", "open"), getattr(view, "verb", "")
    if door != "staff":
        return ""
    if roles.may(role, verb) is not None:
        return f"needs {verb}"
    if method == "POST" and verb.endswith((".read", ".preview")) and found.route not in READS_BY_POST:
        return f"is posted to, but its gate asks {verb} alone"
    return ""


@pytest.mark.parametrize("name", ["jonah", "ines", "dan", "kerstin"])
def test_no_page_offers_what_its_reader_may_not_do(
    furnished: tuple[Furnished, list[Page]], name: str
) -> None:
    made, looked = furnished
    actor = getattr(made.cast, name)
    browser = browser_of(actor)
    wrong: list[str] = []
    seen = 0
    for page in [*looked, Page("/offboardings/", f"/clients/{made.cast.quayside.id}/", "")]:
        said = browser.get(page.address)
        if said.status_code != 200:
            continue
        seen += 1
        for method, target in sorted(Offers(said.content.decode()).found):
            parts = urlsplit(urljoin(page.address, target))
            if parts.scheme in ("", "http", "https") and not parts.netloc and (parts.path or target == ""):
                why = _wrong(actor.role, method, parts.path)
                if why:
                    wrong.append(f"{name} on {page.pattern}: {method} {parts.path} {why}")
    assert seen > 40
    assert not wrong, "\n".join(wrong)


# Pages whose links say how long the list behind them is: chips, tabs, and the words that lead to mail.
COUNTED = ("/messages/", "/settings/mail/", "/papers/?q=north", "/retention/?q=file", "/clients/")
A_LINK = re.compile(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', re.S)
A_NUMBER = re.compile(r"(\d+) mails? (?:that )?waits?\b.*|[A-Z][\w’' ]*?(?:\b60 days)? (\d+)")


def _length(said: Any) -> int:
    """How many rows the list of a page has, on all its pages."""
    has = said.context
    if "page" in has:
        return int(has["page"].paginator.count)
    return sum(len(one["rows"]) for one in has["groups"])


def test_a_number_in_a_link_is_the_length_of_the_list_behind_it(
    furnished: tuple[Furnished, list[Page]],
) -> None:
    made, _looked = furnished
    browser = browser_of(made.cast.jonah)
    wrong, seen = [], {}
    for address in (one.format(northwick=made.cast.northwick.id) for one in COUNTED):
        for href, words in A_LINK.findall(browser.get(address).content.decode()):
            said = A_NUMBER.fullmatch(" ".join(re.sub(r"<[^>]+>", " ", words).split()))
            target = urljoin(address, unescape(href))
            if said is not None and target not in seen:
                seen[target] = int(said[1] or said[2])
                if (length := _length(browser.get(target))) != seen[target]:
                    wrong.append(f"{address}: {said[0]!r} leads to a list of {length} ({target})")
    assert not wrong, "\n".join(wrong)
    tabs = browser.get("/mail-in/").context["tabs"]
    assert all(_length(browser.get(one["url"])) == one["count"] for one in tabs) and len(tabs) == 7
    assert len(seen) > 12 and seen["/mail-in/?show=ours"] == 4, seen
    home = browser_of(made.cast.mara).get("/client/").context
    assert home["needs"] == 1 + len(home["ask"]["more"]) > 5
    held = browser.get("/messages/?show=held").context
    assert held["held_all"] == len(held["held"]) and browser.get("/messages/").context["held_all"] == held["held_all"]  # fmt: skip
