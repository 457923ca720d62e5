# SPDX-License-Identifier: AGPL-3.0-or-later
from typing import Any

from django.apps import AppConfig


class Config(AppConfig):
    """Templates of sign-in, set-up and the post office; it stands before allauth, whose templates it replaces."""

    name = "partwell.entrypoints.door"
    label = "door"

    def ready(self) -> None:
        """Listen to allauth: a first second factor, set up in this session, was proved in this session."""
        from allauth.mfa.signals import authenticator_added

        authenticator_added.connect(_added, dispatch_uid="partwell.second_factor")


def _added(**facts: Any) -> None:
    """What handles it brings the actors of all doors along, which a small command has no use for."""
    from partwell.entrypoints.door.second_factor import added

    added(**facts)
