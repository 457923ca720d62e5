# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where the staff header leads: by URL name when the page exists, else by its plain path."""

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from partwell.rules import roles

# key, label, URL name, plain path, letter after "g"
STAFF = (
    ("departures", _("Departures"), "staff:departures", "/departures/", "d"),
    ("clients", _("Clients"), "staff:clients", "/clients/", "c"),
    ("estate", _("Estate"), "staff:estate", "/estate/", "e"),
    ("retention", _("Retention"), "staff:retention", "/retention/", "r"),
    ("messages", _("Messages"), "staff:messages", "/messages/", "m"),
    ("import", _("Import"), "staff:import", "/import/", "i"),
    ("evidence", _("Evidence"), "staff:evidence", "/evidence/", "v"),
    ("papers", _("Papers"), "staff:papers", "/papers/", "p"),
)


def path_of(name: str, plain: str) -> str:
    """The address of a named URL without arguments, or the plain path if there is none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return plain


# What an entry needs beyond being on the staff: its page's verb, where not every role has it.
NEEDS = {"import": "estate.import", "papers": "billing.read"}


def staff_nav(role: str = "") -> list[dict[str, object]]:
    """The entries of the staff header that ``role`` may follow (without one: all): key, label, url, letter."""
    return [
        {"key": key, "label": label, "url": path_of(name, plain), "letter": letter}
        for key, label, name, plain, letter in STAFF
        if not role or key not in NEEDS or roles.may(role, NEEDS[key]) is None
    ]
