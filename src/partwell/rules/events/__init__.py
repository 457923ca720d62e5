# SPDX-License-Identifier: AGPL-3.0-or-later
"""The registry of ledger events. To add one: a line in the file of its noun, or a new file with ``EVENTS``."""

import pkgutil
from importlib import import_module
from types import MappingProxyType

from partwell.rules.events.base import LABELS, Content, Event, EventError, check, registry, sentence

__all__ = ["EVENTS", "LABELS", "Content", "Event", "EventError", "sentence_of", "validate"]

EVENTS = MappingProxyType(
    registry(
        import_module(f"{__name__}.{module.name}").EVENTS
        for module in sorted(pkgutil.iter_modules(__path__), key=lambda found: found.name)
        if module.name != "base"
    )
)


def _event(type_: str) -> Event:
    if type_ not in EVENTS:
        raise EventError(f"There is no event {type_!r}; add it in rules/events/.")
    return EVENTS[type_]


def validate(type_: str, content: Content) -> None:
    """Raise EventError unless ``type_`` is known and ``content`` (label → field → value) fits its schema."""
    check(_event(type_), content)


def sentence_of(type_: str, public: dict[str, object]) -> str:
    """The entry as one human sentence ("Ana Kim released Firewall to Northwind IT.")."""
    return sentence(_event(type_), public)
