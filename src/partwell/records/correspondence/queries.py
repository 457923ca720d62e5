# SPDX-License-Identifier: AGPL-3.0-or-later
"""Questions about what is said and sent."""

from partwell.records.correspondence.models import Call, Envelope, Message

__all__ = ["Call", "Envelope", "Message"]
