# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real Chromium in front of a real server in this process; what the page complains about fails the test."""

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support import programs

# Each page in a frame of its own, also within a site, is a matter of Chromium's processes and cost every page a quarter of its
# loading. A second list of features replaces Playwright's, so what that leaves out is left out here too.
FEATURES_OFF = (
    "RenderDocument", "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning",
    "OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch",
)  # fmt: skip
# How Chromium tells of an answer that is a refusal or a form to correct; the page says the rest.
REFUSED = re.compile(r"status of (409|422) ")


@dataclass
class Site:
    """Where the installation of this test is served; its browser, and what its console said."""

    url: str
    complaints: list[str] = field(default_factory=list)


@contextlib.contextmanager
def served(**settings: Any) -> Iterator[Site]:
    """This world served on http://localhost (a passkey needs a name, not a number), with these settings too."""
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.core.cache import cache
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.servers.basehttp import ThreadedWSGIServer
    from django.test import override_settings
    from django.test.testcases import QuietWSGIRequestHandler

    cache.clear()
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler, allow_reuse_address=False)
    url = f"http://localhost:{server.server_port}"
    with override_settings(PARTWELL_URL=url, ALLOWED_HOSTS=["localhost", "testserver"], **settings):
        server.set_app(StaticFilesHandler(WSGIHandler()))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Site(url)
        finally:
            server.shutdown()
            server.server_close()
            thread.join(10)


@pytest.fixture
def site(db_world: Any) -> Iterator[Site]:
    """This test's world, served."""
    with served() as made:
        yield made


@contextlib.contextmanager
def clicks_wait() -> Iterator[None]:
    """Every click returns when the page it led to has loaded.

    Playwright's own returns when the answer's first bytes came: what is asked of the page then
    (``is_visible``, ``count``) was asked of half a page on a busy machine, and a "not there" proved nothing.
    """
    from playwright.sync_api import Locator

    bare = Locator.click

    def click(self: Any, **how: Any) -> None:
        bare(self, **how)
        self.page.wait_for_load_state()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Locator, "click", click)
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The session's Chromium (playwright's ``Browser``); skips where there is none."""
    from playwright.sync_api import sync_playwright

    program = programs.need("chromium")
    with sync_playwright() as play, clicks_wait():
        off = f"--disable-features={','.join(FEATURES_OFF)}"
        browser = play.chromium.launch(executable_path=str(program), args=["--no-sandbox", off])
        yield browser
        browser.close()


def listened(page: Any, site: Site) -> Any:
    """The page, whose console's errors are kept as the site's complaints. That an answer was a refusal is none."""

    def heard(said: Any) -> None:
        if said.type == "error" and not REFUSED.search(said.text):
            site.complaints.append(said.text)

    page.on("console", heard)
    page.on("pageerror", lambda problem: site.complaints.append(str(problem)))
    return page


def cookies(browser: Any) -> list[dict[str, Any]]:
    """What Chromium needs to sit in the seat of a Django test client (see tests/flows/browser_of.py)."""
    return [
        {"name": name, "value": one.value, "domain": "localhost", "path": one["path"] or "/"}
        for name, one in browser.cookies.items()
    ]


@pytest.fixture
def page(chromium: Any, site: Site) -> Iterator[Any]:
    """A fresh page; errors in its console, refused content included, fail the test when it ends."""
    context = chromium.new_context(base_url=site.url)
    context.set_default_timeout(15_000)
    yield listened(context.new_page(), site)
    context.close()
    assert not site.complaints, site.complaints


@pytest.fixture
def sit(chromium: Any, site: Site) -> Iterator[Any]:
    """``sit(actor)`` opens a browser in which that person is signed in already; ``sit()`` one of nobody.

    Give ``javascript=False`` for one without. Errors in any of their consoles fail the test when it ends.
    """
    from tests.flows.browser_of import browser_of

    contexts = []

    def one(actor: Any = None, *, javascript: bool = True) -> Any:
        context = chromium.new_context(
            base_url=site.url, java_script_enabled=javascript, reduced_motion="reduce"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        if actor is not None:
            context.add_cookies(cookies(browser_of(actor)))
        return listened(context.new_page(), site)

    yield one
    for context in contexts:
        context.close()
    assert not site.complaints, site.complaints


def virtual_authenticator(page: Any) -> Any:
    """A device that its owner unlocks at once (Chrome's own, over CDP)."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    return devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
