# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which letters there are and which fields each takes (DOMAIN.md, "Documents and their fields").

A field that a letter does not know is refused, not ignored: that is how a secret that somebody passes to a
credential receipt can never be printed (R16).
"""

from dataclasses import dataclass
from typing import Any

from partwell.documents.texts import DocumentError

COMMON = frozenset({"msp", "to", "date", "zone"})
COMMON_OPTIONAL = frozenset({"reference", "proof", "sealed"})

Rows = dict[str, frozenset[str]]


def _f(words: str) -> frozenset[str]:
    return frozenset(words.split())


@dataclass(frozen=True)
class Letter:
    """One template: fields it must have, fields it may have, lists it may have, keys of its rows."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    rows: tuple[tuple[str, frozenset[str]], ...] = ()

    def complete(self, name: str, data: dict[str, Any]) -> dict[str, Any]:
        """``data`` with every optional field present (None or an empty list). Refuses what is missing or unknown."""
        known = COMMON | COMMON_OPTIONAL | self.required | self.optional | self.lists
        if missing := sorted((COMMON | self.required) - data.keys()):
            raise DocumentError(f"The letter {name} lacks {', '.join(missing)}; pass these fields.")
        if unknown := sorted(data.keys() - known):
            raise DocumentError(
                f"The letter {name} has no place for {', '.join(unknown)}; leave these fields out."
            )
        data = dict(data)
        for key, allowed in (*self.rows, *_SHARED_ROWS):
            value = data.get(key)
            if isinstance(value, list | tuple):
                data[key] = [_row(name, key, row, allowed, fill=True) for row in value]
            elif value is not None:
                data[key] = _row(name, key, value, allowed, fill=False)
        full = dict.fromkeys(self.optional | COMMON_OPTIONAL) | {key: [] for key in self.lists}
        return full | {key: value for key, value in data.items() if value is not None}


# what a row cannot be without: it would be a line about nothing
_NAMED = frozenset({"title", "system", "kind"})


def _row(letter: str, key: str, row: Any, allowed: frozenset[str], *, fill: bool) -> dict[str, Any]:
    """One row with every field present if ``fill``; refuses unknown fields and a row without its name."""
    if not isinstance(row, dict):
        raise DocumentError(f"The letter {letter} takes {key} as rows with named fields.")
    if extra := sorted(row.keys() - allowed):
        raise DocumentError(
            f"The letter {letter} has no place for {', '.join(extra)} in {key}; leave it out."
        )
    needed = {"name"} if "name" in allowed else _NAMED & allowed
    if empty := sorted(each for each in needed if not row.get(each)):
        raise DocumentError(f"The letter {letter} has a row in {key} without {', '.join(empty)}; name it.")
    return (dict.fromkeys(allowed) if fill else {}) | row


SIGNATURE = _f("name title at intent electronic_consent authority identity second_factor address agent shown")
STEP = _f("what who by")
NOTED = _f("id title what")
INVENTORY_ROW = _f(
    "id title category owner custodian location recipient method version digest proved released received status objection"
)
_SHARED_ROWS: tuple[tuple[str, frozenset[str]], ...] = (
    ("msp", _f("name address colour logo line")),
    ("to", _f("name address")),
    ("proof", _f("entry entry_url checkpoint checkpoint_at vkey")),
    ("signature", SIGNATURE),
    ("next_steps", STEP),
)

LETTERS: dict[str, Letter] = {
    "notice_acknowledgement": Letter(
        _f("received_at received_by channel effective_date"),
        _f("clause reason destination renewal owner outside_contact"),
        _f("next_steps pain_points"),
    ),
    "authorisation": Letter(
        _f("text text_version text_language text_digest"),
        _f("signature received_by"),
        rows=(("text", _f("kind label text lines")),),
    ),
    "narrowing_or_withdrawal": Letter(
        _f("act number recipient_firm at by"),
        _f("channel words_given new_end signature"),
        _f("removed remains stopped already_left"),
        (("already_left", _f("id title at")),),
    ),
    "receipt": Letter(
        _f("number client recipient_firm released_at lines"),
        _f("recipient_person consent window_until silence signature"),
        _f("copies"),
        (("lines", _f("id title category method version digest answer answered reason")),),
    ),
    "credential_receipt": Letter(
        _f("number client recipient_firm released_at lines"),
        _f("recipient_person consent window_until"),
        rows=(
            (
                "lines",
                _f(
                    "system account privilege recovery tried untried_reason delivered opened rotated purged objection"
                ),
            ),
        ),
    ),
    "handover_inventory": Letter(
        _f("client as_of list_version rows"),
        lists=_f("counts"),
        rows=(("rows", INVENTORY_ROW), ("counts", _f("label text"))),
    ),
    "acceptance": Letter(
        _f("list_version accepted_count rejected_count waived_count"),
        _f("list_digest deadline silence signature"),
        _f("accepted rejected waived exceptions"),
        (("accepted", NOTED), ("rejected", NOTED), ("waived", NOTED), ("exceptions", NOTED)),
    ),
    "closing_letter": Letter(
        _f("end_of_service closed_at closed_by"),
        _f("words_given handed_over access acceptance page signed_name signed_title"),
        _f("open_points kept"),
        (("kept", _f("what where until basis")),),
    ),
    "invoice": Letter(
        _f("kind number issued_on net gross lines"),
        _f("external_number due_on issuer pay_to words_given credited"),
        _f("taxes"),
        (("lines", _f("title note quantity price tax net")), ("taxes", _f("label text"))),
    ),
    "statement": Letter(
        _f("as_of hours unused"),
        _f("departure page entries real"),
        _f("months blocks papers payments passed money"),
        (
            ("hours", _f("label text")),
            ("months", _f("title included block on_account as_is goodwill service total")),
            ("blocks", _f("title paid used left price entry")),
            ("papers", _f("title issued net gross open entry")),
            ("payments", _f("title day amount entry")),
            ("passed", _f("title vendor number cost billed markup entry")),
            ("money", _f("label text")),
        ),
    ),
    "correspondence": Letter(
        _f("client period count numbers items"),
        _f("volume firm"),
        _f("parties"),
        (
            (
                "items",
                _f(
                    "number what at who to title text digest entry proof mails held came attached recordings files note"
                ),
            ),
        ),
    ),
    "return_quote": Letter(
        _f("client fee normal_fee valid_until"),
        _f("welcome exception page signed_name signed_title"),
        _f("answers steps"),
        (("answers", _f("title what")),),
    ),
    "certificate": Letter(
        _f("number client what method attested sections limits"),
        _f("unnamed except_reason"),
        _f("exceptions"),
        (("sections", _f("title rows")), ("exceptions", _f("title version why"))),
    ),
    "call_summary": Letter(
        _f("at participants said logged_by"),
        _f("duration"),
        _f("decisions next_steps"),
    ),
}
