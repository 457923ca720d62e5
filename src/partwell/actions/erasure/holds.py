# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one place where erasing asks whether a legal hold covers it (R6)."""

from uuid import UUID

from partwell.records.retention import queries


def held(client_id: UUID, set_id: UUID | None = None) -> bool:
    """Whether a hold in force covers one backup set; without one, any hold of the client keeps its whole record."""
    return bool(queries.held(client_id, set_id=set_id))
