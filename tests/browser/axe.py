# SPDX-License-Identifier: AGPL-3.0-or-later
"""axe-core on a page in Chromium, at both widths, in light and dark; and that the page does not scroll sideways.

axe comes from axe-playwright-python, pinned by hash in requirements/dev.txt. It is evaluated by the browser's
debugger, which the page's own content policy does not bind, so the policy stays as strict as it is.
"""

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
_RUN = """async rules => {
  const options = {resultTypes: ["violations"], iframes: false, selectors: false, rules: {"target-size": {enabled: true}}};
  if (rules) { options.runOnly = {type: "rule", values: rules}; delete options.rules; }
  const found = await axe.run(document, options);
  return found.violations.map(one => [one.impact, one.id, one.nodes.map(n => n.html.slice(0, 160) + " — " +
    (n.any[0] || n.all[0] || n.none[0] || {message: ""}).message)]);
}"""
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


def _grave(page: Any, rules: list[str] | None, how: str) -> list[str]:
    return [
        f"{how}: {impact}: {rule}: {' | '.join(nodes[:3])} ({len(nodes)})"
        for impact, rule, nodes in page.evaluate(_RUN, rules)
        if impact in GRAVE
    ]


def look(page: Any, *, all_four: bool = False) -> list[str]:
    """What is gravely wrong with the page that is open, in sentences; its width and colours change meanwhile.

    Every rule at 1440 px in light, what colours and width may change at 390 px in dark, and the width at 390;
    ``all_four`` asks axe in the two other pairs too (nightly: they found nothing that these had not).
    """
    page.evaluate(source())
    found = []
    for width, name in ((WIDE, "1440"), (NARROW, "390")):
        page.set_viewport_size(width)
        page.emulate_media(color_scheme="light")
        if name == "1440" or all_four:
            found += _grave(page, None if name == "1440" else COLOURS + SHAPES, f"{name} light")
        if name == "390" and (sticks := page.evaluate(_WIDE)):
            found.append(f"390: scrolls sideways: {sticks}")
        page.emulate_media(color_scheme="dark")
        if name == "390" or all_four:
            found += _grave(page, COLOURS + SHAPES if name == "390" else COLOURS, f"{name} dark")
    return found
