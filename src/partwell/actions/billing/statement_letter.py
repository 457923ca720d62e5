# SPDX-License-Identifier: AGPL-3.0-or-later
"""A statement on paper: its sums are fixed with an entry; its letter is sealed, filed and mailed by a job."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from partwell.actions import letters
from partwell.actions.base import Deed
from partwell.actions.billing.letter import amount
from partwell.actions.billing.statement import PassedLine, Statement, statement_of
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import zone
from partwell.documents.stored_words import again, day_again
from partwell.documents.texts import _, phrase
from partwell.records.billing.models import Statement as StatementRow
from partwell.records.jobs.models import Job
from partwell.records.vault.models import StoredFile
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.consent import day_in
from partwell.rules.hours import as_hours
from partwell.rules.refusals import Refusal, refuse, show
from partwell.rules.statement import COLUMNS, HoursSum, MoneySum
from sealed import canonical

LISTED = 300  # of each list; the rest is on the page, and in its CSV

HOURS_WORDS = (
    ("Included", "included"),
    ("Used of the included time", "included_used"),
    ("Bought in advance", "bought"),
    ("Used of the bought time", "block_used"),
    ("Left", "left"),
    ("Promised to approved requests", "promised"),
    ("Bought, not used and given back", "settled"),
    ("On account, by the owner's leave", "on_account"),
    ("Handing over what exists, beyond the hours, not charged", "as_is"),
    ("Goodwill, not charged", "goodwill"),
    ("Running service, not charged to these hours", "service"),
)
ALWAYS = ("included", "included_used", "left")
MONEY_WORDS = (
    ("Asked", "asked"),
    ("Credited", "credited"),
    ("Paid", "paid"),
    ("Refunded", "refunded"),
    ("Still to be paid", "open"),
    ("To your credit", "in_favour"),
)
KIND_WORDS = {"request": "payment request", "invoice": "invoice", "credit_note": "credit note"}


def make_statement(
    *, actor: Actor, client_id: UUID, offboarding_id: UUID | None = None
) -> StatementRow | Refusal:
    """Fix the statement as it stands now; the letter follows as a job, is filed and mailed to the client."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "statement.make")) is not None:
        return refusal
    shown = statement_of(client_id, offboarding_id)
    if shown is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = lifecycle.may_work_on(client.state, client.name, "statement.make")
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="statement.make")
        shown = statement_of(client_id, offboarding_id)
        assert shown is not None  # clients and departures are never deleted
        return write_statement(deed, shown)


def write_statement(deed: Deed, shown: Statement, *, at_closing: bool = False) -> StatementRow:
    """Fix ``shown`` within a deed that holds its client; the letter is a job of the same transaction."""
    values = letter_values(shown)
    row = deed.add(
        StatementRow(
            client=shown.client,
            offboarding=shown.offboarding,
            at_closing=at_closing,
            sums=values,
            made_by_name=deed.actor.name,
            made_at=deed.now,
        )
    )
    uid = deed.record(
        "statement.made",
        subjects=[row.id] + ([shown.offboarding.id] if shown.offboarding else []),
        to_client={
            "hours": [f"{one['label']}: {one['text']}" for one in values["hours"]],
            "money": [f"{one['label']}: {one['text']}" for one in values["money"]],
            "passed": [amount(net, currency) for currency, net in shown.passed_sums],
            "at_closing": at_closing,
            "digest": hashlib.sha256(canonical.dumps(values)).hexdigest(),
        },
    )
    deed.job(
        "letter.statement",
        f"letter.statement:{row.id.hex}",
        client=shown.client.id,
        statement=row.id.hex,
        entry=uid.hex,
    )
    return row


def hours_rows(sums: HoursSum) -> list[dict[str, str]]:
    """The hours as label and text; what is nought is left out but for included, used and left."""
    return [
        {"label": label, "text": as_hours(getattr(sums, name))}
        for label, name in HOURS_WORDS
        if name in ALWAYS or getattr(sums, name)
    ]


def money_rows(sums: Iterable[MoneySum]) -> list[dict[str, str]]:
    """The money as label and text, a currency after the other."""
    return [
        {"label": label, "text": amount(getattr(one, name), one.currency)}
        for one in sums
        for label, name in MONEY_WORDS
        if name in ("asked", "paid", "open") or getattr(one, name)
    ]


def letter_values(shown: Statement) -> dict[str, Any]:
    """What the letter says, as plain data: kept with the row, so that the paper is that moment's whenever it is made."""
    departure = shown.offboarding
    return {
        "departure": f"notice of {show(_day(departure.noticed_at))}" if departure else "",
        "entries": str(shown.count),
        "real": as_hours(shown.real),
        "unused": shown.unused_rule,
        "hours": hours_rows(shown.hours),
        "money": money_rows(shown.money)
        + [{"label": "Passed through at cost, net", "text": amount(net, code)} for code, net in shown.passed_sums],
        "months": [
            {"title": one.first.strftime("%Y-%m"), "total": as_hours(one.total)}
            | {column: _short(getattr(one, column)) for column in COLUMNS}
            for one in shown.months
        ],
        "blocks": [
            {
                "title": as_hours(one.facts.minutes) + (f" for “{one.row.request.title}”" if one.row.request else ""),
                "paid": show(one.facts.paid),
                "used": as_hours(one.facts.used),
                "left": as_hours(one.left) if not one.facts.settled else "given back",
                "price": amount(one.facts.net, one.facts.currency),
                "entry": _entry(one.entry),
            }
            for one in shown.blocks[:LISTED]
        ],
        "papers": [
            {
                "title": f"{one.row.label}, {KIND_WORDS[one.row.kind]}",
                "issued": show(one.row.issued_on),
                "net": amount(one.row.net, one.row.currency),
                "gross": amount(one.row.gross, one.row.currency),
                "open": _open(one.balance, one.row.currency),
                "entry": _entry(one.entry),
            }
            for one in shown.papers[:LISTED]
        ],
        "payments": [
            {
                "title": one.row.invoice.label + ("" if one.row.amount > 0 else ", paid back"),
                "day": show(one.row.received_on),
                "amount": amount(one.row.amount, one.row.currency),
                "entry": _entry(one.entry),
            }
            for one in shown.payments[:LISTED]
        ],
        "passed": [
            {
                "title": one.row.what + _borne(one),
                "vendor": one.row.vendor,
                "number": one.row.vendor_number,
                "cost": "not there yet" if one.sums.vendor is None else amount(one.sums.vendor, one.sums.currency),
                "billed": amount(one.sums.billed, one.sums.currency),
                "markup": "" if one.sums.markup is None else amount(one.sums.markup, one.sums.currency),
                "entry": _entry(one.entry),
            }
            for one in shown.passed[:LISTED]
        ],
    }  # fmt: skip


def _day(moment: datetime) -> date:
    return day_in(moment, zone())


def _entry(number: int | None) -> str:
    return "" if number is None else str(number)


def _short(minutes: int) -> str:
    return as_hours(minutes) if minutes else ""


def _borne(one: PassedLine) -> str:
    return f" ({amount(one.sums.borne, one.sums.currency)} of it borne by us)" if one.sums.borne else ""


def _open(balance: Decimal | None, currency: str) -> str:
    if balance is None:
        return ""
    return amount(balance, currency) if balance >= 0 else f"{amount(-balance, currency)} to your credit"


def _text(values: dict[str, Any], key: str, label: str) -> str:
    return next((one["text"] for one in values[key] if one["label"] == label), "")


SHAPES = (
    "notice of {day}",
    "{time} for “{title}”",
    *(f"{{label}}, {words}" for words in KIND_WORDS.values()),
    "{label}, paid back",
    "{sum} to your credit",
    "{what} ({sum} of it borne by us)",
)


def _spoken(values: dict[str, Any]) -> dict[str, Any]:
    """The stored words for the letter, in the language that it is written in; what is stored stays as it is."""
    out = dict(values)
    for name in ("departure", "unused"):
        out[name] = again(values[name], SHAPES) if values.get(name) else ""
    for name in ("hours", "money"):
        out[name] = [{**one, "label": phrase(one["label"])} for one in values.get(name, [])]
    for name in ("blocks", "papers", "payments", "passed"):
        out[name] = [{key: _cell(key, text) for key, text in one.items()} for one in values.get(name, [])]
    return out


def _cell(key: str, text: Any) -> Any:
    if key in ("title", "left", "open", "cost") and text:
        return again(text, SHAPES)
    return day_again(text) if key in ("paid", "issued", "day") else text


def run(job: Job) -> dict[str, Any]:
    """Make, file and mail the letter of a statement, once."""
    row = StatementRow.objects.select_related("client").get(pk=UUID(hex=job.payload["statement"]))
    if row.letter_id is not None:
        return {"file": row.letter_id.hex}
    client, values = row.client, row.sums
    with letters.in_language_of(client.id):
        pdf = letters.make_letter(
            "statement",
            {key: value for key, value in {**_spoken(values), "as_of": row.made_at, "page": link("/client/statement/")}.items() if value},
            to_name=client.legal_name,
            to_address=client.address,
            entry_uid=UUID(hex=job.payload["entry"]),
            reason=_("Statement of hours and money"),
            when=row.made_at,
            reference=_("Statement"),
        )  # fmt: skip

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = StatementRow.objects.get(pk=row.pk)
        deed.save(fresh, letter=stored)
        wanted = {
            "used": ("hours", "Used of the included time"),
            "left": ("hours", "Left"),
            "goodwill": ("hours", "Goodwill, not charged"),
            "open": ("money", "Still to be paid"),
            "in_favour": ("money", "To your credit"),
        }
        said = {key: text for key, (of, label) in wanted.items() if (text := _text(values, of, label))}
        post(
            deed,
            Post(
                kind="statement",
                dedupe=f"statement:{fresh.id.hex}",
                documents=[stored],
                values={**said, "portal_url": link("/client/statement/")},
            ),
        )
        deed.record(
            "statement.letter_filed", subjects=[fresh.id, stored.id], to_client={"digest": stored.sha256}
        )

    stored = letters.file_letter(
        pdf, client_id=client.id, name=f"statement-{row.made_at:%Y-%m-%d}-{client.name}.pdf", apply=apply
    )
    return {"file": stored.id.hex}
