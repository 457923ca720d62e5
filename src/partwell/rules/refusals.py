# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every way in which Partwell says no, in one registry.

A refusal is a *value* that rules return: raising inside an action's transaction would roll the
evidence back with it (HOUSE.md). ``Refused`` is the one exception, for places before a transaction.

    Refusal
    ├── 401  not_signed_in
    ├── 404  not_found                       a stranger learns nothing, not even that it exists
    ├── 409  you may see it, it may not happen now
    │   ├── consent (R1)     no_authorisation · not_yet_started · ended · withdrawn · narrowed · …
    │   ├── the item (R1/R3) msp_property · vendor_property · msp_internal · title_not_passed · …
    │   ├── the loop (R2)    no_working_client_address · provider_without_client · bcc_forbidden · …
    │   ├── handover (R3)    serial_missing · licence_key_missing · manifest_missing · …
    │   ├── credentials (R16) credential_untested · credential_never_by_mail · …
    │   ├── hostage (R11)    hostage · paused_rival_signatories · paused_insolvency · …
    │   ├── lifecycle, dates (R8), two people (R15), silence (R17)
    │   └── roles, concurrency, imports, ledger
    ├── 422  input that cannot be understood: invalid_input · header_injection · …
    └── 429  throttled

Adding one: a line in ``refusal_kinds/`` (the file of its noun), nothing else. Tests format every kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from string import Formatter
from types import MappingProxyType

from partwell.rules.refusal_kinds import ALL_KINDS

FieldValue = str | int | Decimal | date | datetime | Enum | tuple[str, ...] | list[str]


@dataclass(frozen=True, slots=True)
class RefusalKind:
    """What is fixed about a refusal; ``fields`` are exactly the names its two templates use."""

    code: str
    rule: str
    status: int
    sentence: str
    next_step: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal, ready to be shown: the code is stable, the sentence is for a person."""

    code: str
    rule: str
    status: int
    sentence: str
    next_step: str
    data: Mapping[str, str | int | list[str]] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}"


class Refused(Exception):
    """A refusal raised where no transaction is open (parsing, permissions, look-ups)."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.refusal = refusal


def _fields(*templates: str) -> frozenset[str]:
    return frozenset(name for text in templates for _, name, _, _ in Formatter().parse(text) if name)


def _registry() -> Mapping[str, RefusalKind]:
    kinds: dict[str, RefusalKind] = {}
    for code, rule, status, sentence, next_step in ALL_KINDS:
        if code in kinds:
            raise ValueError(f"Refusal code {code!r} stands twice in rules/refusal_kinds.")
        kinds[code] = RefusalKind(code, rule, status, sentence, next_step, _fields(sentence, next_step))
    return MappingProxyType(kinds)


REFUSALS: Mapping[str, RefusalKind] = _registry()


def show(value: object) -> str:
    """A value as it stands in a sentence: dates in words, lists joined, enums by their value."""
    if isinstance(value, datetime):
        # In the zone it was given in, which is named: an hour without its zone says little.
        return f"{value.day} {value:%B %Y, %H:%M %Z}".strip()
    if isinstance(value, date):
        return f"{value.day} {value:%B %Y}"
    if isinstance(value, Enum):
        return str(value.value).replace("_", " ")
    if isinstance(value, (list, tuple)):
        return ", ".join(show(part) for part in value)
    return str(value)


def _plain(value: FieldValue) -> str | int | list[str]:
    """The value as JSON holds it (dates ISO 8601, decimals as strings)."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [str(part) for part in value]
    return value if isinstance(value, int) else str(value)


def refuse(code: str, **fields: FieldValue) -> Refusal:
    """Fill the templates of ``code``; returns the refusal to be shown, recorded or sent (RFC 9457).

    Fields must be exactly those the kind names: a missing one would print a hole, an undeclared one
    could carry something out that nobody looked at. KeyError for an unknown code, TypeError for fields.
    """
    kind = REFUSALS[code]
    if fields.keys() != kind.fields:
        raise TypeError(
            f"Refusal {code!r} takes the fields {sorted(kind.fields)}, but was given {sorted(fields)}."
        )
    shown = {name: show(value) for name, value in fields.items()}
    return Refusal(
        code=code,
        rule=kind.rule,
        status=kind.status,
        sentence=kind.sentence.format(**shown),
        next_step=kind.next_step.format(**shown),
        data=MappingProxyType({name: _plain(value) for name, value in fields.items()}),
    )
