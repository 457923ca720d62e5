# SPDX-License-Identifier: AGPL-3.0-or-later
"""``{% load pw %}``: the filters, and the parts that show a state (gates, axes, bars, marks).

Data are plain dicts or dataclasses; each docstring names the fields. A ``state`` is one of
``open``, ``waiting``, ``refusing``, ``held`` or empty. Forms and rows are in ``pw_parts``, loaded from here.
"""

from typing import Any
from urllib.parse import urlsplit

from django import template
from django.template.context import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from partwell.entrypoints.theme import formats, shapes
from partwell.entrypoints.theme.formats import pick
from partwell.entrypoints.theme.templatetags.pw_parts import register_parts
from partwell.rules.terms import Category, Verdict

register = template.Library()
register_parts(register)

ICONS = {"open": "open", "waiting": "waiting", "refusing": "refusing", "held": "held", "done": "done"}
CATEGORY_ICONS = {
    Category.HARDWARE: "hardware",
    Category.SOFTWARE: "software",
    Category.ONSITE_DATA: "data",
    Category.ADMIN_ACCESS: "admin",
    Category.TRAINING: "training",
    Category.PROCESS_DOCS: "process",
    Category.DIAGRAMS: "diagram",
    Category.AUDIT_REPORTS: "audit",
    Category.OTHER: "other",
}
FLASH = {
    "success": ("is-open", "done"),
    "error": ("is-refusing", "stop"),
    "warning": ("is-waiting", "waiting"),
}

# filters ------------------------------------------------------------------------------------------

register.filter("when", formats.when_words)
register.filter("until_words", formats.until_words)
register.filter("duration_words", formats.duration_words)
register.filter("money", formats.money_words)
register.filter("filesize", formats.size_words)
register.filter("count", formats.count_words)
register.filter("digest_full", formats.digest_groups)


@register.filter
def digest_short(value: Any, groups: int = 2) -> str:
    """The first groups (of four signs) of a digest: ``4f2a 91c7``."""
    return formats.digest_groups(value, int(groups))


@register.filter
def time_tag(value: Any, style: str = "") -> SafeString:
    """As ``when``, within ``<time datetime=…>``."""
    if not value:
        return SafeString("")
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.when_words(value, style))


@register.filter
def flash_tone(level: str) -> str:
    """The state class of a flash note from Django's message level."""
    return FLASH.get(level, ("", ""))[0]


@register.filter
def flash_icon(level: str) -> str:
    """The icon of a flash note from Django's message level."""
    return FLASH.get(level, ("", "arrow"))[1]


@register.filter
def safe_path(value: Any) -> str:
    """A link back that stays within this site: the path of an address, or ``/`` for anything else."""
    parts = urlsplit(str(value or ""))
    if (
        parts.scheme not in ("", "http", "https")
        or not parts.path.startswith("/")
        or parts.path.startswith(("//", "/\\"))
    ):
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")


@register.filter
def initials(name: Any) -> str:
    """The first letters of the first and last word of a name: ``ME``."""
    words = str(name or "").split()
    return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper() if words else "?"


# single marks --------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, large: bool = False) -> SafeString:
    """An icon of the sprite, hidden from readers of the screen: a word always stands beside it."""
    return format_html(
        '<svg class="pw-i{}" aria-hidden="true"><use href="#i-{}"/></svg>', " pw-i--lg" if large else "", name
    )


@register.simple_tag
def state(tone: str, word: str, icon_name: str = "") -> SafeString:
    """A state as word, shape and colour: ``{% state "waiting" "Waiting on Mara Ellery" %}``; ``done`` is open with a tick."""
    css = "open" if tone == "done" else tone
    return format_html(
        '<span class="pw-state is-{}"><svg class="pw-i" aria-hidden="true"><use href="#i-{}"/></svg>{}</span>',
        css,
        icon_name or ICONS.get(tone, "open"),
        word,
    )


@register.simple_tag
def category_icon(category: Any) -> SafeString:
    """The icon of one of the eight categories (a ``Category`` or its value); its name must stand beside it."""
    try:
        name = CATEGORY_ICONS[Category(category)]
    except ValueError:
        name = "other"
    return icon(name)


@register.simple_tag
def category_label(category: Any) -> str:
    """The category in R3's words."""
    return Category(category).label


VERDICTS = {
    Verdict.SEND: ("open", "Goes out"),
    Verdict.ASK_CLIENT: ("waiting", "Client is asked first"),
    Verdict.REFUSE: ("refusing", "Stays here"),
}


@register.inclusion_tag("theme/parts/verdict.html")
def verdict(value: Any) -> dict[str, Any]:
    """R1's verdict with its reason: a ``Verdict``, its value, or an object/dict with ``verdict`` and ``reason`` (or ``reasons``)."""
    inner = pick(value, "verdict", None)
    tone, word = VERDICTS[Verdict(inner if inner is not None else value)]
    reasons = pick(value, "reasons", None) or [pick(value, "reason", "")]
    return {
        "tone": tone,
        "word": gettext(word),
        "reasons": [r for r in reasons if r] if inner is not None else [],
    }


@register.inclusion_tag("theme/parts/proof.html")
def proof(index: int | None, size: int | None = None, url: str = "", state: str = "") -> dict[str, Any]:
    """The proof mark of a ledger entry.

    ``index``: its number; ``size``: entries in the newest checkpoint (an index at or beyond it is pending);
    ``url``: its evidence page; ``state``: ``sealed``, ``pending`` or ``broken``, worked out when empty.
    """
    kind = state or ("sealed" if size is not None and index is not None and index < size else "pending")
    return {"index": index, "url": url or f"/evidence/{index}/", "kind": kind}


# strips, axes and bars ------------------------------------------------------------------------------


@register.inclusion_tag("theme/parts/gate_strip.html")
def gate_strip(gates: Any, label: str = "") -> dict[str, Any]:
    """The gates in order. Each: ``name``, ``state``, ``word`` ("Waiting on Mara Ellery"), ``reason``, optional ``url`` and ``link`` (its label)."""
    return {"gates": gates, "label": label or gettext("Gates")}


@register.inclusion_tag("theme/parts/axis.html")
def axis(row: Any, window: Any = None, scale: bool = False) -> dict[str, Any]:
    """One departure on the time axis.

    ``row``: dates ``notice``, ``end``, ``gone`` (deletion; None = no date), booleans ``held``, ``late`` (overdue),
    ``closed``, and optional ``alarm`` {at, word}; ``today`` for tests. ``window``: {start, end}, the same for all
    rows; without one the row gets its own. ``scale``: months under the bar at every width (on phones always).
    """
    return {"shape": shapes.axis_shape(row, window), "scale": scale}


@register.inclusion_tag("theme/parts/axis_head.html")
def axis_head(window: Any, today: Any = None) -> dict[str, Any]:
    """The months above a board's axes. ``window``: {start, end}."""
    frame = shapes.window_of(window)
    day = shapes.as_day(today) or shapes.timezone.localdate()
    now = frame.at(day) if frame.holds(day) else ""
    months = [m for m in frame.months() if not now or not -9 < float(m[0][:-1]) - float(now[:-1]) < 7]
    return {
        "months": months,
        "now": now,
        "day": formats.date_format(day, "j M"),
        "now_at": shapes.anchor(now or "50%"),
    }


@register.inclusion_tag("theme/parts/course.html")
def course(course: Any) -> dict[str, Any]:
    """The course of one offboarding: phases that overlap, in lanes; a list of stations on phones.

    ``course``: ``phases`` [{name, start, end, state: "" | "now" | "keep"}], ``end`` (of service), ``gone``
    (deletion), optional ``today`` and ``window`` {start, end}.
    """
    return {"c": shapes.course_shape(course)}


@register.inclusion_tag("theme/parts/burn.html")
def burn(hours: Any, small: bool = False, key: bool = True) -> dict[str, Any]:
    """Hours left, in words and as a bar. ``hours``: minutes ``included``, ``used``, ``prepaid`` (whole numbers). ``small``: for a table cell."""
    return {"b": shapes.burn_shape(hours), "small": small, "key": key}


@register.inclusion_tag("theme/parts/progress.html")
def progress(counts: Any) -> dict[str, Any]:
    """Confirmed, released, objected of a total. ``counts``: whole numbers under those four names; the numbers must stand beside it."""
    return {"p": shapes.progress_shape(counts)}


@register.inclusion_tag("theme/parts/timeline.html")
def timeline(events: Any, size: int | None = None, short: bool = False) -> dict[str, Any]:
    """One sentence an event, newest first, grouped by the viewer's days.

    Each event: ``at`` (aware datetime), ``who`` and ``text`` (the sentence: who is set bold), optional ``note``,
    ``state``, ``index`` (ledger entry), ``url``, ``proof_state``, ``internal`` (stays inside), ``earlier`` (entries of
    the same mail that the line stands for) and ``earlier_url``, where they are listed. ``size``: entries
    in the newest checkpoint. ``short``: without day heads, the day in front (the client's page).
    """
    days: list[dict[str, Any]] = []
    for event in events:
        day = shapes.as_day(pick(event, "at"))
        if not days or days[-1]["day"] != day:
            days.append({"day": day, "events": [], "today": day == shapes.timezone.localdate()})
        days[-1]["events"].append(event)
    return {"days": days, "short": short, "size": size}


@register.inclusion_tag("theme/parts/checkpoint_foot.html")
def checkpoint_foot(checkpoint: Any, letter: bool = False) -> dict[str, Any]:
    """The foot of every page. ``checkpoint``: ``at`` (or ``made_at``), ``size``, ``digest`` (or ``root``), ``url``
    (how to check it), or None."""
    size = pick(checkpoint, "size", None) if checkpoint else None
    if size is None:
        return {"checkpoint": None, "letter": letter}
    shown = {
        "at": pick(checkpoint, "at") or pick(checkpoint, "made_at"),
        "size": size,
        "digest": pick(checkpoint, "digest") or pick(checkpoint, "root"),
        "url": pick(checkpoint, "url", ""),
    }
    return {"checkpoint": shown, "letter": letter}


@register.inclusion_tag("theme/parts/refusal.html", takes_context=True)
def refusal(
    context: Context,
    title: str,
    reason: str = "",
    next_label: str = "",
    next_url: str = "",
    tone: str = "refusing",
    method: str = "get",
    other_label: str = "",
    other_url: str = "",
    live: bool = False,
    level: int = 3,
) -> dict[str, Any]:
    """What did not happen (``title``), why (``reason``), and the button for the next step.

    ``tone``: refusing, waiting, held or open. ``method`` "post" makes the button a form with its CSRF token.
    ``other_*``: a second, plain way. ``live``: announced, for boxes that appear by themselves. ``level``: 2 or 3.
    """
    return {
        "title": title,
        "reason": reason,
        "next_label": next_label,
        "next_url": next_url,
        "tone": tone,
        "method": method,
        "other_label": other_label,
        "other_url": other_url,
        "live": live,
        "level": level,
        "csrf_token": context.get("csrf_token"),
        "icon": {"refusing": "stop", "waiting": "waiting", "held": "held"}.get(tone, "done"),
    }
