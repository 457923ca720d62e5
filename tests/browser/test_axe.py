# SPDX-License-Identifier: AGPL-3.0-or-later
"""What looks at pages sees: a page that is wrong in one way is told of by that way, also when most of it was seen before."""

from typing import Any

import pytest

from tests.browser import axe

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="en"><head><title>A page</title><style>
body { background: #fff; color: #000 } a { color: inherit } .pale { color: #ccc } .wide { width: 900px }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee } .dim { color: #333 } }
@media (max-width: 600px) { .small { display: inline-block; width: 9px; height: 9px; overflow: hidden; padding: 0; border: 0 } }
</style></head><body><main><h1>A page</h1><p class="plain">Words</p>%s</main></body></html>"""
WRONG = {
    "pale in both": ('<p class="pale">Hard to read</p>', "1440 light: serious: color-contrast"),
    "dim in the dark": ('<p class="dim">Hard to read</p>', "390 dark: serious: color-contrast"),
    "no name": ("<button></button>", "1440 light: critical: button-name"),
    "no label": ('<input type="text">', "1440 light: critical: label"),
    "too wide": ('<p class="wide">Words</p>', "390: scrolls sideways"),
    "too small": ('<button class="small">A</button><button class="small">B</button>', "390 dark: serious: target-size"),
}  # fmt: skip


@pytest.fixture(scope="module")
def tab(chromium: Any) -> Any:
    context = axe.installed(chromium.new_context(viewport=axe.WIDE))
    yield context.new_page()
    context.close()


def _shown(tab: Any, body: str) -> Any:
    tab.set_viewport_size(axe.WIDE)
    tab.goto("about:blank")
    tab.set_content(PAGE % body)
    return tab


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("how", ["whole", "after others", "all four"])
def test_what_is_wrong_is_told(tab: Any, name: str, how: str) -> None:
    body, said = WRONG[name]
    seen: set[int] | None = set() if how == "after others" else None
    assert axe.look(_shown(tab, ""), seen=seen, all_four=how == "all four") == []
    found = axe.look(_shown(tab, body), seen=seen, all_four=how == "all four")
    assert any(one.startswith(said) for one in found), found


def test_colours_of_a_kind_are_asked_once_and_names_each_time(tab: Any) -> None:
    seen: set[int] = set()
    body = WRONG["pale in both"][0] + WRONG["no name"][0]
    assert len(axe.look(_shown(tab, body), seen=seen)) >= 3
    again = axe.look(_shown(tab, body), seen=seen)
    assert [one.split(":")[2].strip() for one in again] == ["button-name"]


def test_the_same_element_on_another_ground_is_another_kind(tab: Any) -> None:
    seen: set[int] = set()
    assert axe.look(_shown(tab, '<div><a href="#x">There</a></div>'), seen=seen) == []
    found = axe.look(_shown(tab, '<div style="background: #777"><a href="#x">There</a></div>'), seen=seen)
    assert any("color-contrast" in one for one in found), found
