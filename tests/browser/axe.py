# SPDX-License-Identifier: AGPL-3.0-or-later
"""axe-core on a page in Chromium, at both widths, in light and dark; and that the page does not scroll sideways.

axe comes from axe-playwright-python, pinned by hash in requirements/dev.txt. It is evaluated by the browser's
debugger, which the page's own content policy does not bind, so the policy stays as strict as it is.
"""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
GRAVE = ("serious", "critical")
# What the colours change; and what the width may hide, show or move. All other rules read the same document.
COLOURS = ["color-contrast", "link-in-text-block"]
SHAPES = [
    "target-size", "scrollable-region-focusable", "aria-hidden-focus", "button-name", "link-name", "label",
    "select-name", "input-button-name", "image-alt", "svg-img-alt", "nested-interactive",
    "aria-required-children", "aria-required-parent", "list", "listitem", "summary-name",
]  # fmt: skip
# axe gives what it finds the impact of the rule (test_axe.py): a rule of a lesser one finds nothing that is kept here.
_RUN = """async ([rules, without, only]) => {
  const options = {resultTypes: ["violations"], iframes: false, selectors: false, rules: {"target-size": {enabled: true}}};
  for (const one of axe._audit.rules)
    if (["minor", "moderate"].includes(one.impact)) options.rules[one.id] = {enabled: false};
  for (const one of without) options.rules[one] = {enabled: false};
  if (rules) { options.runOnly = {type: "rule", values: rules}; delete options.rules; }
  const found = await axe.run(only ? {include: window.newHere} : document, options);
  return found.violations.map(one => [one.impact, one.id, one.nodes.map(n => n.html.slice(0, 160) + " — " +
    (n.any[0] || n.all[0] || n.none[0] || {message: ""}).message)]);
}"""
# One number for each kind of element: its tag, and every attribute that our styles choose by, of it and four above it.
# Odd and even rows may differ. Given the numbers that are new here, their elements are kept for axe. And the page's styles.
_KINDS = """() => {
  const number = text => { let n = 7; for (let i = 0; i < text.length; i++) n = (Math.imul(n, 31) + text.charCodeAt(i)) | 0; return n; };
  const kinds = new Map(), own = /^(class|type|role|style|open|disabled|readonly|multiple|size|hidden|dir|list|data-|aria-(current|disabled|invalid|selected|sort|hidden|pressed|checked|expanded))/;
  const rows = ["tr", "li", "dt", "dd"], numbers = new Map();
  for (const one of document.body.querySelectorAll("*")) {
    let text = one.localName;
    if (rows.includes(text)) text += [...one.parentNode.children].indexOf(one) % 2;
    for (const name of one.getAttributeNames().sort()) if (own.test(name)) text += `[${name}=${one.getAttribute(name)}]`;
    if (one.hasAttribute("href")) text += "[href]";
    numbers.set(one, number(text));
    let kind = 7;
    for (let up = one, n = 0; up && n < 5; up = up.parentElement, n++)
      kind = (Math.imul(kind, 1000003) ^ (numbers.get(up) ?? 0)) | 0;
    if (!kinds.has(kind)) kinds.set(kind, []);
    kinds.get(kind).push(one);
  }
  window.kinds = kinds;
  const styles = [...document.querySelectorAll("link[rel~=stylesheet], style")];
  return [[...kinds.keys()], styles.map(one => one.href || number(one.textContent))];
}"""
_KEEP = "fresh => { window.newHere = fresh.flatMap(kind => window.kinds.get(kind)); }"
# What sticks out: the page's own width, and the first thing that reaches beyond it and does not scroll by itself.
_WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return null;
  const out = [...document.querySelectorAll("body *")].filter(one => one.getBoundingClientRect().right > room + 1);
  return `${document.documentElement.scrollWidth} of ${room} px: ` + out.slice(0, 4).map(one => one.outerHTML.slice(0, 90)).join(" | ");
}"""


@cache
def source() -> str:
    """The text of axe.min.js."""
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def _grave(
    page: Any,
    how: str,
    rules: list[str] | None = None,
    *,
    without: Sequence[str] = (),
    only_new: bool = False,
) -> list[str]:
    return [
        f"{how}: {impact}: {rule}: {' | '.join(nodes[:3])} ({len(nodes)})"
        for impact, rule, nodes in page.evaluate(_RUN, [rules, list(without), only_new])
        if impact in GRAVE
    ]


def _new_here(page: Any, seen: set[int | str]) -> bool:
    """Whether the page has kinds of elements that were not seen; they are kept in it, and are seen from now on. With new
    styles all its elements are new."""
    kinds, styles = page.evaluate(_KINDS)
    new_styles = not seen.issuperset(styles)
    fresh = [kind for kind in kinds if new_styles or kind not in seen]
    seen.update(fresh, styles)
    if fresh:
        page.evaluate(_KEEP, fresh)
    return bool(fresh)


def _be(page: Any, size: Any, colours: str) -> None:
    """Let the page have this width and these colours; what it has already is not asked of the browser again."""
    if page.viewport_size != size:
        page.set_viewport_size(size)
    if getattr(page, "in_colours", "light") != colours:
        page.emulate_media(color_scheme=colours)
        page.in_colours = colours


def look(page: Any, *, all_four: bool = False, seen: set[int | str] | None = None) -> list[str]:
    """What is gravely wrong with the page that is open, in sentences; its width and colours change meanwhile.

    Every rule at 1440 px in light, what colours and width may change at 390 px in dark, and the width at 390;
    ``all_four`` asks axe in the two other pairs too (nightly: they found nothing that these had not). With ``seen``,
    which belongs to pages of one brand, colours and sizes are asked of the kinds of elements that no page before had: styles
    choose by tag and attributes, so another of the same kind has the same. A page with styles of its own is asked whole. It begins as
    the page is and leaves it as the other: of a row of pages, every second is opened at 390 px.
    """
    if not page.evaluate("'axe' in window"):  # a sweep's context brings it along: see installed()
        page.evaluate(source())
    if all_four or seen is None:
        return _in_all(page, all_four=all_four)
    ask = _new_here(page, seen)
    found = []
    for size in (NARROW, WIDE) if page.viewport_size == NARROW else (WIDE, NARROW):
        colours = ("light" if size == WIDE else "dark") if ask else getattr(page, "in_colours", "light")
        _be(page, size, colours)
        if size == WIDE:
            found += _grave(page, "1440 light", without=COLOURS)
            if ask:
                found += _grave(page, "1440 light", COLOURS, only_new=True)
        else:
            found += _too_wide(page)
            if ask:
                found += _grave(page, "390 dark", COLOURS + SHAPES, only_new=True)
    return found


def _in_all(page: Any, *, all_four: bool) -> list[str]:
    """Everything of the page's elements, known ones too."""
    _be(page, WIDE, "light")
    found = _grave(page, "1440 light")
    if all_four:
        _be(page, WIDE, "dark")
        found += _grave(page, "1440 dark", COLOURS)
        _be(page, NARROW, "light")
        found += _grave(page, "390 light", COLOURS + SHAPES)
    _be(page, NARROW, "dark")
    return [*found, *_too_wide(page), *_grave(page, "390 dark", COLOURS + SHAPES)]


def _too_wide(page: Any) -> list[str]:
    sticks = page.evaluate(_WIDE)
    return [f"390: scrolls sideways: {sticks}"] if sticks else []


def installed(context: Any) -> Any:
    """The context, whose pages have axe from the start: its half megabyte goes to the browser once."""
    context.add_init_script(source())
    return context
