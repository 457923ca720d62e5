# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who asks. No actor, no call (HOUSE.md, step 1)."""

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

Kind = Literal["staff", "client", "provider", "system"]
Strength = Literal["none", "link", "password", "mfa", "passkey", "token"]


@dataclass(frozen=True, slots=True)
class Actor:
    """One acting person or the system itself.

    ``kind``: by which of the doors' parties. ``id``: the staff member's, contact's or recipient
    person's row. ``role``: StaffRole, ContactRole, or "person"/"system". ``client_id``: the only
    client a contact or recipient person belongs to; ``recipient_id``: the person's firm.
    ``door``: staff, client_portal, provider_portal, api, cli, mailbox, worker. ``strength``: how
    strongly signed in. ``scopes``: None for people; an API token's scopes.
    """

    kind: Kind
    id: UUID
    name: str
    role: str
    door: str
    strength: Strength = "none"
    client_id: UUID | None = None
    recipient_id: UUID | None = None
    address: str = ""
    scopes: tuple[str, ...] | None = field(default=None)

    @property
    def is_staff(self) -> bool:
        """True for the MSP's own people."""
        return self.kind == "staff"


SYSTEM = Actor(kind="system", id=UUID(int=0), name="Partwell", role="system", door="worker")
