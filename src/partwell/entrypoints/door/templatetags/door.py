# SPDX-License-Identifier: AGPL-3.0-or-later
"""``{% load door %}``: what the sign-in pages need beside the theme's parts."""

from collections.abc import Iterable

from django import template

register = template.Library()


@register.filter
def lines(values: Iterable[object]) -> str:
    """One value a line (a template's string cannot hold a line break)."""
    return "\n".join(str(one) for one in values)
