# SPDX-License-Identifier: AGPL-3.0-or-later
"""Makes the search's index anew from what was said: after it was damaged, or when a new version searches other words."""

from dataclasses import dataclass

from django.db import connection, transaction

from partwell.records.correspondence import search_index
from partwell.records.correspondence.models import SearchRow
from partwell.records.guard import permit


@dataclass(frozen=True)
class Rebuilt:
    """``looked``: messages, calls, meetings and mails that were looked at; ``rows``: what can be found of them."""

    looked: int
    rows: int


def rebuild_search() -> Rebuilt:
    """Throw the index away and make it anew, in one transaction: whoever searches meanwhile finds what the old one had.

    No evidence is touched: the index is none. On SQLite nothing can be written while it works; on PostgreSQL all goes on.
    """
    with permit("schema"), transaction.atomic():
        looked = search_index.rebuild(connection)
        return Rebuilt(looked, SearchRow.objects.count())
