# SPDX-License-Identifier: AGPL-3.0-or-later
"""R10: the five exit facts that every active client has present or missing, at any time."""

from dataclasses import dataclass

from partwell.rules.terms import Category

DOCUMENTED = (
    Category.TRAINING,
    Category.PROCESS_DOCS,
    Category.DIAGRAMS,
    Category.AUDIT_REPORTS,
)


@dataclass(frozen=True, slots=True)
class ReadinessFacts:
    """``documented``: categories with a current document; ``waived``: those the client has none of."""

    signatory_with_proof: bool
    client_held_admin: bool
    documented: frozenset[Category]
    agreement_terms: bool
    backup_sets_known: bool
    waived: frozenset[Category] = frozenset()


@dataclass(frozen=True, slots=True)
class ExitFact:
    """One fact: ``todo`` says what to do when it is missing, and is empty when present."""

    key: str
    title: str
    present: bool
    todo: str


def exit_facts(facts: ReadinessFacts) -> tuple[ExitFact, ...]:
    """The five facts in the order of R10."""
    lacking = [c.label for c in DOCUMENTED if c not in facts.documented | facts.waived]
    rows = (
        ("signatory", "A signatory on file", facts.signatory_with_proof,
         "Add a contact who may sign, with proof of that authority."),
        ("admin_access", "Administrator access held by the client", facts.client_held_admin,
         "Record a named administrator account that the client holds."),
        ("documentation", "Current documentation in each category", not lacking,
         f"Add: {', '.join(lacking)}."),
        ("agreement", "Agreement terms as data", facts.agreement_terms,
         "Record the agreement's hours, rate, notice, retention and ownership."),
        ("backup_sets", "Known backup sets", facts.backup_sets_known,
         "List where each backup lies and until when it is kept, or that there is none."),
    )  # fmt: skip
    return tuple(ExitFact(key, title, present, "" if present else todo) for key, title, present, todo in rows)


def score(facts: ReadinessFacts) -> int:
    """How many of the five are present: 0 to 5."""
    return sum(fact.present for fact in exit_facts(facts))
