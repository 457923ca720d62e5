# SPDX-License-Identifier: AGPL-3.0-or-later
from django.apps import AppConfig


class Config(AppConfig):
    """Templates of sign-in, set-up and the post office; it stands before allauth, whose templates it replaces."""

    name = "partwell.entrypoints.door"
    label = "door"

    def ready(self) -> None:
        """Listen to allauth: a first second factor, set up in this session, was proved in this session."""
        from partwell.entrypoints.door import second_factor

        second_factor.listen()
