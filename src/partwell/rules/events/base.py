# SPDX-License-Identifier: AGPL-3.0-or-later
"""One schema per ledger event: which fields each label of its content holds, and how it reads.

Labels are the classes of disclosure: *public* is for everybody who may see the entry, *client* for
the client and the MSP, *internal* for the MSP alone. A sentence uses public fields only, so that the
timeline reads the same for all who may see the entry.

A field is required unless it ends in "?" ("note?"). ``actor`` is in public of every event.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from string import Formatter

from partwell.rules.refusals import show

LABELS = ("public", "client", "internal")

# The secret is never in an evidence entry (R16): no schema may even have a place for one.
_SECRET = re.compile(
    r"(^|_)(password|passwd|secret|token|otp|totp|pin|private_key|passphrase|recovery_code)(_|$)"
)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TYPE = re.compile(r"[a-z_]+(\.[a-z_]+)+")
_SHOWN = 3

Content = Mapping[str, Mapping[str, object]]


class EventError(ValueError):
    """An event's content does not fit its schema; the message names type, label and field."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event type; ``sentence`` is a template over public fields ("{actor} released {items} …")."""

    type: str
    sentence: str
    public: tuple[str, ...] = ()
    client: tuple[str, ...] = ()
    internal: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _TYPE.fullmatch(self.type):
            raise EventError(f"{self.type!r} is no dotted noun and verb such as client.added.")
        if "actor" not in self.public:
            object.__setattr__(self, "public", ("actor", *self.public))
        names = [name.rstrip("?") for label in LABELS for name in getattr(self, label)]
        for name in names:
            if _SECRET.search(name):
                raise EventError(f"{self.type}: the field {name!r} would hold a secret.")
            if names.count(name) > 1:
                raise EventError(f"{self.type}: the field {name!r} stands twice.")
        used = {name for _, name, _, _ in Formatter().parse(self.sentence) if name}
        unknown = used - self.required("public")
        if unknown:
            raise EventError(f"{self.type}: its sentence uses {sorted(unknown)}, not required public fields.")

    def fields(self, label: str) -> frozenset[str]:
        """All field names of a label, required or not."""
        return frozenset(name.rstrip("?") for name in getattr(self, label))

    def required(self, label: str) -> frozenset[str]:
        """The field names that content of this label must have."""
        return frozenset(name for name in getattr(self, label) if not name.endswith("?"))


def _show(value: object) -> str:
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        try:
            return show(date.fromisoformat(value))
        except ValueError:
            return value
    if isinstance(value, (list, tuple)):
        parts = [_show(part) for part in value]
        if len(parts) > _SHOWN:
            return f"{', '.join(parts[:_SHOWN])} and {len(parts) - _SHOWN} more"
        return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1]))) if parts else "nothing"
    return show(value)


def check(event: Event, content: Content) -> None:
    """Raise EventError unless ``content`` (label → field → value) is exactly what the event's schema asks.

    Labels without required fields may be left out.
    """
    for label in content:
        if label not in LABELS:
            raise EventError(f"{event.type}: there is no label {label!r}.")
    for label in LABELS:
        given = content.get(label, {}).keys()
        for name in sorted(event.required(label) - given):
            raise EventError(f"{event.type}: the {label} field {name!r} is missing.")
        for name in sorted(given - event.fields(label)):
            raise EventError(f"{event.type}: the {label} field {name!r} is not in its schema.")


def sentence(event: Event, public: Mapping[str, object]) -> str:
    """The event as one human sentence, from its public content. EventError for a missing field."""
    try:
        text = event.sentence.format(**{name: _show(value) for name, value in public.items()})
    except KeyError as missing:
        raise EventError(f"{event.type}: the public field {missing} is missing.") from missing
    return text[:1].upper() + text[1:]


def registry(groups: Iterable[Iterable[Event]]) -> dict[str, Event]:
    """Event type → event; EventError when a type stands twice."""
    found: dict[str, Event] = {}
    for group in groups:
        for event in group:
            if event.type in found:
                raise EventError(f"The event {event.type!r} stands twice.")
            found[event.type] = event
    return found
