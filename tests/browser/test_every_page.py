# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every page of every door, in Chromium: axe finds nothing grave, nothing scrolls sideways, the console is silent."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from partwell.actions.offboardings.close_offboarding import close_offboarding
from tests.browser import axe
from tests.browser.conftest import Site, cookies, listened, served
from tests.browser.furnished import Furnished
from tests.browser.pages import ELSEWHERE, NO_PAGE, PARTS, Found, Page, furnished_pages, patterns
from tests.flows.browser_of import browser_of
from tests.flows.cast import cast, done
from tests.flows.test_acceptance_closing import _settled as settled
from tests.support import worlds

pytestmark = pytest.mark.browser


# Parts of a door's pages, so that both processes of a run have some to look at.
PARTS_OF = {"staff": 12, "client": 4, "provider": 1, "open": 1}


@dataclass(frozen=True)
class Looked:
    """The furnished cast, what serves it, and the pages of each door with what is wrong with their list."""

    made: Furnished
    site: Site
    found: dict[str, Found]
    # The kinds of elements whose colours and sizes were looked at; of this world's pages alone.
    seen: set[int | str] = field(default_factory=set)
    # Each seat's browser, once: it keeps our styles and fonts.
    tabs: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def furnished(django_db_blocker: Any) -> Iterator[Looked]:
    """One furnished world for all doors: they are only looked at."""
    with tempfile.TemporaryDirectory(prefix="partwell-pages-", dir=worlds.scratch()) as folder:
        world = worlds.sqlite_world(Path(folder))
        with world as entered, django_db_blocker.unblock(), worlds.entered(entered):
            made, found = furnished_pages()
            with served() as site:
                looked = Looked(made, site, found)
                yield looked
                for tab in looked.tabs.values():
                    tab.context.close()


def _look(
    chromium: Any,
    site: Site,
    found: list[Page],
    seats: dict[str, Any],
    *,
    all_four: bool = False,
    seen: set[int | str] | None = None,
    tabs: dict[str, Any] | None = None,
) -> list[str]:
    wrong = []
    open_tabs = {} if tabs is None else tabs
    for seat in dict.fromkeys(page.seat for page in found):
        if seat not in open_tabs:
            context = axe.installed(
                chromium.new_context(base_url=site.url, reduced_motion="reduce", viewport=axe.WIDE)
            )
            if seat in seats:
                context.add_cookies(cookies(seats[seat]))
            open_tabs[seat] = listened(context.new_page(), site)
        tab = open_tabs[seat]
        for page in found:
            if page.seat != seat:
                continue
            site.complaints.clear()
            answer = tab.goto(page.address)
            kind = answer.headers.get("content-type", "")
            if answer.status != 200 or not kind.startswith("text/html"):
                wrong.append(f"{page.pattern} gives {answer.status} {kind} to {seat} at {page.address}")
                continue
            wrong += [
                f"{page.address}: {one}"
                for one in (
                    *axe.look(tab, all_four=all_four, seen=seen),
                    *(f"console: {said}" for said in site.complaints),
                )
            ]
        if tabs is None:
            tab.context.close()
    return wrong


@pytest.mark.parametrize(
    ("door", "part"), [(door, part) for door, n in PARTS_OF.items() for part in range(n)]
)
def test_every_page_of(
    door: str, part: int, furnished: Looked, chromium: Any, request: pytest.FixtureRequest
) -> None:
    found, wrong = furnished.found[door]
    found = found[part :: PARTS_OF[door]]
    all_four = request.config.getoption("--nightly")
    seats, seen, tabs = furnished.made.at, furnished.seen, furnished.tabs
    wrong = [*wrong, *_look(chromium, furnished.site, found, seats, all_four=all_four, seen=seen, tabs=tabs)]
    assert found and not wrong, "\n".join(wrong)


def test_the_page_of_an_empty_installation(site: Site, chromium: Any) -> None:
    wrong = _look(chromium, site, [Page("/setup/", "/setup/", "")], {})
    assert not wrong, "\n".join(wrong)


def test_every_address_listed_as_no_page_still_exists() -> None:
    known = {one for door in ("staff", "client", "provider", "open") for one in patterns(door)}
    assert known >= {*NO_PAGE, *PARTS, *ELSEWHERE}


def test_the_gallery_of_a_demonstration(db_world: Any, chromium: Any) -> None:
    names = ("departures", "offboarding", "item", "readiness", "import", "client", "provider", "signin")
    found = [Page("", f"/theme/gallery/{name}", "") for name in ("", *(f"{one}/" for one in names))]
    with served(PARTWELL_DEMO=True) as site:
        wrong = _look(chromium, site, found, {})
    assert not wrong, "\n".join(wrong)


def test_refusals_and_forms_with_mistakes(furnished: Looked, chromium: Any) -> None:
    """What people see when it did not work is held to the same."""
    made, site = furnished.made, furnished.site
    context = chromium.new_context(base_url=site.url, reduced_motion="reduce", viewport=axe.WIDE)
    context.add_cookies(cookies(made.at["jonah"]))
    tab, wrong = listened(context.new_page(), site), []
    client = made.ids["client_id"]
    for address in (
        f"/clients/{client}/calls/log/",
        f"/clients/{client}/notice/",
        f"/clients/{client}/contacts/add/",
    ):
        tab.goto(address)
        with tab.expect_navigation():
            tab.evaluate("[...document.querySelectorAll('main form')].pop().submit()")
        wrong += [f"{address} sent empty: {one}" for one in axe.look(tab)]
        tab.set_viewport_size(axe.WIDE)
    tab.goto("/clients/00000000-0000-4000-8000-000000000000/")
    wrong += [f"not found: {one}" for one in axe.look(tab)]
    site.complaints.clear()
    context.close()
    assert not wrong, "\n".join(wrong)


def test_what_is_left_when_the_client_is_inactive(site: Site, chromium: Any) -> None:
    """One calm page on both sides, readable, with nothing operational left to press."""
    c = cast(signed=True)
    row = settled(c)
    done(close_offboarding(actor=c.ines, offboarding_id=row.id))
    seats = {"ines": browser_of(c.ines), "mara": browser_of(c.mara)}
    theirs = [Page("", address, "mara") for address in ("/client/", "/client/evidence/", "/client/letters/")]
    ours = [
        Page("", address, "ines")
        for address in (f"/clients/{c.northwick.id}/", f"/offboardings/{row.id}/closing/")
    ]
    wrong = _look(chromium, site, [*theirs, *ours], seats)
    assert not wrong, "\n".join(wrong)
