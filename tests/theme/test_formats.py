# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dates, durations, money, sizes and colours in words."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from partwell.entrypoints.theme import brand, formats

TODAY = date(2026, 11, 23)


def words(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


def test_days_near_have_their_weekday() -> None:
    assert formats.when_words(date(2026, 11, 30), "", TODAY) == "Mon 30 Nov 2026"
    assert formats.when_words(date(2027, 5, 30), "", TODAY) == "30 May 2027"
    assert formats.when_words(date(2026, 11, 30), "short", TODAY) == "Mon 30 Nov"
    assert formats.when_words(None) == ""


def test_moments_are_in_the_viewers_zone_and_name_it() -> None:
    moment = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
    with timezone.override("Europe/Warsaw"):
        assert words(formats.when_words(moment, "", TODAY)) == "Fri 20 Nov 2026, 16:20 CET"
    with timezone.override("Asia/Dubai"):
        assert words(formats.when_words(moment, "clock", TODAY)) == "19:20 UTC+04"
    with timezone.override("Pacific/Auckland"):
        assert words(formats.when_words(moment, "day", TODAY)) == "Sat 21 Nov 2026"


@pytest.mark.parametrize(
    ("days", "style", "said"),
    [
        (0, "", "today"),
        (1, "", "in 1 day"),
        (7, "", "in 7 days"),
        (-10, "late", "10 days over"),
        (-84, "", "12 weeks ago"),
        (200, "", "in 7 months"),
    ],
)
def test_how_far_a_day_is(days: int, style: str, said: str) -> None:
    assert formats.until_words(TODAY + timedelta(days=days), style, TODAY) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (210, "3 h 30 min"),
        (45, "45 min"),
        (240, "4 h"),
        (0, "none"),
        (-30, "30 min over"),
        (timedelta(hours=1, minutes=15), "1 h 15 min"),
        (timedelta(days=7), "7 days"),
        (None, ""),
    ],
)
def test_durations(value: int | timedelta | None, said: str) -> None:
    assert words(formats.duration_words(value)) == said


def test_money() -> None:
    assert words(formats.money_words(Decimal("140"), "EUR")) == "140.00 EUR"
    assert words(formats.money_words(14000, "EUR")) == "140.00 EUR"
    assert words(formats.money_words(14000, "JPY")) == "14,000 JPY"
    assert words(formats.money_words({"minor": 5, "currency": "USD"})) == "0.05 USD"
    with pytest.raises(ValueError, match="float"):
        formats.money_words(1.5, "EUR")


def test_sizes_counts_and_digests() -> None:
    assert words(formats.size_words(41_300_000_000)) == "41.3 GB"
    assert words(formats.size_words(999)) == "999 bytes"
    assert words(formats.count_words(18234)) == "18 234"
    assert formats.digest_groups(bytes.fromhex("4f2a91c70be3"), 2) == "4f2a 91c7"
    assert formats.digest_groups("sha256:4f2a91c7") == "4f2a 91c7"


@pytest.mark.parametrize(
    "accent", ["#ffff00", "#ffffff", "#000000", "#8a3ffc", "#f2b64c", "#777777", "#00ff00", "#0000ff"]
)
def test_any_accent_becomes_readable(accent: str) -> None:
    for dark, grounds in (
        (False, ("#fffffd", "#f4f4ef", "#ebebe4")),
        (True, ("#172125", "#10181b", "#1f2b30")),
    ):
        family = brand._family(accent, dark)
        for ground in (*grounds, family["accent-tint"]):
            assert brand.contrast(family["accent"], ground) >= 4.5
        assert brand.contrast(family["on-accent"], family["accent"]) >= 4.5
        assert brand.contrast(family["on-accent"], family["accent-hover"]) >= 4.5


@pytest.mark.parametrize("bad", ["red", "#12345", "#1234567", "}body{display:none", "", None, "#gggggg"])
def test_a_colour_is_nothing_but_a_colour(bad: object) -> None:
    with pytest.raises(ValueError, match="hexadecimal"):
        brand.clean_colour(bad)
    assert brand.brand_sheet({"accent": bad}) == "/* the product's own colours */\n"
