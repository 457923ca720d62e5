# SPDX-License-Identifier: AGPL-3.0-or-later
"""How dates, durations, money, sizes and digests are put into words (UI.md, "Habits").

Plain functions over plain values; the clock is an argument. The zone is Django's current
one, which the middleware sets to the viewer's.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext, pgettext

NEAR_DAYS = 14
NO_BREAK = "\u00a0"
NARROW = "\u202f"
ZERO_DECIMALS = {"JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF", "PYG", "UGX"}
THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def zone_name(moment: datetime) -> str:
    """The short name of a moment's zone (``CET``); zones without one give ``UTC+04:00``."""
    name = moment.tzname() or ""
    if name == "GMT":  # London in winter: one name for one zone
        return "UTC"
    return f"UTC{name}" if name[:1] in "+-" else name


def when_words(value: date | datetime | None, style: str = "", today: date | None = None) -> str:
    """A date or moment in words, in the current zone.

    ``style``: empty (weekday when within 14 days, always the year), ``short`` (no year when it
    is this year's), ``day`` (the day only), ``clock`` (the time with its zone), ``hm`` (time alone).
    A moment without zone is read as the current zone. None gives an empty string.
    """
    if value is None or value == "":
        return ""
    clock = ""
    if isinstance(value, datetime):
        moment = timezone.localtime(value) if timezone.is_aware(value) else timezone.make_aware(value)
        hm = date_format(moment, pgettext("time format", "H:i"))
        if style == "hm":
            return hm
        clock = f"{hm}{NO_BREAK}{zone_name(moment)}"
        if style == "clock":
            return clock
        day = moment.date()
    else:
        day = value
    here = today or timezone.localdate()
    near = abs((day - here).days) <= NEAR_DAYS
    if style == "short" and day.year == here.year:
        pattern = pgettext("date format", "D j M") if near else pgettext("date format", "j M")
    else:
        pattern = pgettext("date format", "D j M Y") if near else pgettext("date format", "j M Y")
    text = date_format(day, pattern)
    return f"{text}, {clock}" if clock and style != "day" else text


def until_words(value: date | datetime | None, style: str = "", today: date | None = None) -> str:
    """How far a day is from today: ``today``, ``in 7 days``, ``12 weeks ago``; with style ``late`` ``3 days over``."""
    if value is None or value == "":
        return ""
    day = timezone.localtime(value).date() if isinstance(value, datetime) else value
    days = (day - (today or timezone.localdate())).days
    if days == 0:
        return gettext("today")
    amount = span_words(abs(days))
    if days > 0:
        return gettext("in %(amount)s") % {"amount": amount}
    return (gettext("%(amount)s over") if style == "late" else gettext("%(amount)s ago")) % {"amount": amount}


def span_words(days: int) -> str:
    """A number of days as days (up to 4 weeks), weeks (up to 13) or months."""
    if days <= 28:
        return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
    if days <= 91:
        return ngettext("%(n)d week", "%(n)d weeks", days // 7) % {"n": days // 7}
    return ngettext("%(n)d month", "%(n)d months", round(days / 30.44)) % {"n": round(days / 30.44)}


def duration_words(value: timedelta | int | Decimal | float | None) -> str:
    """A duration in words: ``3 h 30 min``, ``45 min``, ``none``, ``7 days``. Numbers are minutes."""
    if value is None or value == "":
        return ""
    minutes = round(value.total_seconds() / 60) if isinstance(value, timedelta) else round(value)
    if minutes < 0:
        return gettext("%(amount)s over") % {"amount": duration_words(-minutes)}
    if minutes == 0:
        return gettext("none")
    if isinstance(value, timedelta) and minutes >= 24 * 60:
        return span_words(minutes // (24 * 60))
    hours, rest = divmod(minutes, 60)
    words = [f"{hours}{NO_BREAK}h"] if hours else []
    if rest:
        words.append(f"{rest}{NO_BREAK}min")
    return NO_BREAK.join(words)


def money_words(value: Any, currency: str = "") -> str:
    """Money with its currency: ``140.00 EUR``.

    A Decimal is in whole units, an int in minor units (cents); an object or dict may carry both as
    ``amount`` or ``minor`` with ``currency``. Refuses a float (ValueError): cents get lost in it.
    """
    if value is None or value == "":
        return ""
    if not isinstance(value, (int, Decimal, float, str)):
        currency = currency or str(pick(value, "currency", ""))
        amount = pick(value, "amount", None)
        value = amount if amount is not None else pick(value, "minor", 0)
    if isinstance(value, float):
        raise ValueError("Money was given as a float. Give a Decimal, or an int of minor units.")
    places = 0 if currency in ZERO_DECIMALS else 3 if currency in THREE_DECIMALS else 2
    amount = Decimal(value).scaleb(-places) if isinstance(value, int) else Decimal(value)
    return f"{number_format(amount, places, force_grouping=True)}{NO_BREAK}{currency}".strip()


def count_words(value: Any) -> str:
    """A count in groups of three, parted by a narrow space: ``18 234``."""
    return "" if value is None or value == "" else f"{int(value):,}".replace(",", NARROW)


def size_words(value: Any) -> str:
    """Bytes in decimal units, as file managers and vendors say it: ``41.3 GB``."""
    if value is None or value == "":
        return ""
    size = float(value)
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    places = 0 if unit in ("bytes", "KB") or size >= 100 else 1
    return f"{number_format(round(size, places), places)}{NO_BREAK}{unit}"


def digest_groups(value: str | bytes | None, groups: int = 0, width: int = 4) -> str:
    """A digest in groups to be read aloud, ``4f2a 91c7``; bytes become hex, 0 groups means all of it."""
    text = value.hex() if isinstance(value, (bytes, memoryview)) else str(value or "")
    text = text.removeprefix("sha256:").replace(" ", "")
    parts = [text[i : i + width] for i in range(0, len(text), width)]
    return " ".join(parts[:groups] if groups else parts)


def pick(thing: Any, name: str, default: Any = None) -> Any:
    """A field of a dict or an attribute of an object: parts take either."""
    if isinstance(thing, dict):
        return thing.get(name, default)
    return getattr(thing, name, default)
