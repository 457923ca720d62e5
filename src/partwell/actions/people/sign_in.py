# SPDX-License-Identifier: AGPL-3.0-or-later
"""That a staff member signed in, with how much proof, is an entry; how they did it is django-allauth's part."""

from partwell.actions.base import Deed
from partwell.rules.actor import Actor


def note_sign_in(*, actor: Actor, agent: str = "") -> None:
    """Record a finished sign-in of staff; ``actor.strength`` says by how much (password, mfa, passkey)."""
    with Deed(actor) as deed:
        deed.record(
            "sign_in.succeeded",
            subjects=[actor.id],
            public={"door": actor.door, "strength": actor.strength},
            internal={"address": actor.address, "agent": agent[:300]},
        )
