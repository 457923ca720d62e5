# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one place where erasing asks whether a legal hold covers it (R6)."""

from importlib import import_module
from importlib.util import find_spec
from uuid import UUID

_QUERIES = "partwell.records.retention.queries"


def held(client_id: UUID, set_id: UUID | None = None) -> bool:
    """Whether a hold in force covers this client's record, or one backup set of it."""
    if find_spec(_QUERIES) is None:
        return False
    return bool(import_module(_QUERIES).held(client_id, set_id=set_id))
