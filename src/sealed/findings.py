# SPDX-License-Identifier: Apache-2.0
"""What a check found: stable code, place, one plain sentence. Nothing raw ever reaches a terminal."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

PROBLEM, WARNING = "problem", "warning"
MAX_FINDINGS = 1000


class Unusable(Exception):
    """The input cannot be checked at all (missing, no bundle, a key with a typing error): exit code 2."""


def printable(text: str) -> str:
    """``text`` with everything that could move a cursor, hide or reorder letters written as \\x.. or \\u...."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(frozen=True)
class Finding:
    """``where`` is a file name in the bundle, an entry, or a place in the container; ``offset`` counts
    bytes from the container's start. ``severity`` is "problem" (the check failed) or "warning"."""

    code: str
    where: str
    meaning: str
    severity: str = PROBLEM
    offset: int | None = None

    def __str__(self) -> str:
        place = printable(self.where)
        if self.offset is not None:
            place += f", byte {self.offset}"
        return f"{self.code}: {place}: {printable(self.meaning)}"


@dataclass
class Report:
    """The outcome: ``ok`` if no problem was found; ``facts`` says what was checked and holds."""

    findings: list[Finding] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    left_out: int = 0

    @property
    def ok(self) -> bool:
        return not any(finding.severity == PROBLEM for finding in self.findings)

    def add(
        self, code: str, where: str, meaning: str, severity: str = PROBLEM, offset: int | None = None
    ) -> None:
        """Note a finding; beyond a thousand they are only counted (the first thousand name the damage)."""
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(code, where, meaning, severity, offset))
        else:
            self.left_out += 1

    def as_json(self) -> dict[str, Any]:
        """Plain values for ``--json``; texts are made printable here too."""
        findings = [asdict(finding) for finding in self.findings]
        for finding in findings:
            finding["where"] = printable(finding["where"])
            finding["meaning"] = printable(finding["meaning"])
        return {"ok": self.ok, "findings": findings, "left_out": self.left_out, "facts": self.facts}
