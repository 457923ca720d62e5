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


def _shown(tab: Any, body: str, size: Any = axe.WIDE) -> Any:
    tab.set_viewport_size(size)
    tab.goto("about:blank")
    tab.set_content(PAGE % body)
    return tab


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("how", ["whole", "after others", "after others, narrow first", "all four"])
def test_what_is_wrong_is_told(tab: Any, name: str, how: str) -> None:
    body, said = WRONG[name]
    seen: set[int | str] | None = set() if how.startswith("after others") else None
    assert axe.look(_shown(tab, ""), seen=seen, all_four=how == "all four") == []
    size = axe.NARROW if how.endswith("narrow first") else axe.WIDE
    found = axe.look(_shown(tab, body, size), seen=seen, all_four=how == "all four")
    assert any(one.startswith(said) for one in found), found


def test_colours_of_a_kind_are_asked_once_and_names_each_time(tab: Any) -> None:
    seen: set[int | str] = set()
    body = WRONG["pale in both"][0] + WRONG["no name"][0]
    assert len(axe.look(_shown(tab, body), seen=seen)) >= 3
    again = axe.look(_shown(tab, body), seen=seen)
    assert [one.split(":")[2].strip() for one in again] == ["button-name"]


def test_the_same_element_on_another_ground_is_another_kind(tab: Any) -> None:
    seen: set[int | str] = set()
    assert axe.look(_shown(tab, '<div><a href="#x">There</a></div>'), seen=seen) == []
    found = axe.look(_shown(tab, '<div style="background: #777"><a href="#x">There</a></div>'), seen=seen)
    assert any("color-contrast" in one for one in found), found


def test_the_impact_of_what_is_found_is_the_impact_of_its_rule(tab: Any) -> None:
    """So rules of a lesser impact need not be asked; nothing grave is among them."""
    _shown(
        tab,
        '<div><h4>Low</h4><img src="#x"><a href="#y"></a><table><tr><th></th><td>1</td></tr></table></div>',
    )
    tab.evaluate(
        "document.body.append(document.createElement('p')); document.body.lastChild.textContent = 'Outside'"
    )
    found = tab.evaluate(
        "async () => { const of = Object.fromEntries(axe._audit.rules.map(one => [one.id, one.impact]));"
        " return (await axe.run()).violations.map(one => [one.id, one.impact, of[one.id]]) }"
    )
    assert {"moderate", "critical", "serious"} <= {impact for _, impact, _ in found}, found
    assert all(impact == of_rule for _, impact, of_rule in found), found


def test_a_page_with_styles_of_its_own_is_asked_whole(tab: Any) -> None:
    seen: set[int | str] = set()
    assert axe.look(_shown(tab, '<p class="note">Words</p>'), seen=seen) == []
    found = axe.look(_shown(tab, '<style>.note { color: #bbb }</style><p class="note">Words</p>'), seen=seen)
    assert any("1440 light: serious: color-contrast" in one for one in found), found
