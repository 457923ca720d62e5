# SPDX-License-Identifier: AGPL-3.0-or-later
"""The job that makes the PDF of a payment request, invoice or credit note and mails it to the client, once."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from partwell.actions import letters
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.documents.texts import Phrase, phrase
from partwell.records.billing.models import Invoice, InvoiceLine
from partwell.records.jobs.models import Job
from partwell.records.vault.models import StoredFile
from partwell.rules.money import TaxTreatment, rounded

# What a paper says of a line without tax; the reason is the MSP's to name (EN 16931, BG-23).
WITHOUT_TAX = {
    TaxTreatment.ZERO: "zero rate",
    TaxTreatment.EXEMPT: "exempt from tax",
    TaxTreatment.REVERSE_CHARGE: "reverse charge: the recipient owes the tax",
    TaxTreatment.OUTSIDE: "not subject to tax",
}


def amount(value: Decimal, currency: str) -> str:
    """An amount as it is printed, in the currency's own number of places."""
    return f"{rounded(value, currency)} {currency}"


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _tax_words(line: InvoiceLine) -> Phrase:
    treatment = TaxTreatment(line.treatment)
    return phrase(WITHOUT_TAX.get(treatment) or f"{_plain(line.rate)} %")


def _note(line: InvoiceLine) -> str:
    words = [line.verdict.get("sentence", "") if line.verdict else ""]
    if line.override:
        words.append(f"An owner found that it does not apply here: {line.override}")
    return " ".join(filter(None, words))


def run(job: Job) -> dict[str, Any]:
    """Make, file and mail the paper."""
    row = Invoice.objects.select_related("client", "credits").get(pk=UUID(hex=job.payload["invoice"]))
    if row.letter_id is not None:
        return {"file": row.letter_id.hex}
    lines = list(row.lines.all())
    taxes: dict[str, tuple[Phrase, Decimal]] = {}
    for line in lines:
        words = _tax_words(line)
        taxes[str(words)] = (words, taxes.get(str(words), (words, Decimal(0)))[1] + line.tax)
    values = {
        "kind": row.kind,
        "number": row.label,
        "external_number": row.external_number or None,
        "issued_on": row.issued_on,
        "due_on": row.due_on if row.kind != "credit_note" else None,
        "issuer": ", ".join(
            filter(None, [row.parties["from"]["name"], *row.parties["from"]["address"].splitlines()])
        ),
        "words_given": row.note or None,
        "credited": row.credits.label if row.credits else None,
        "lines": [
            {
                "title": line.text,
                "note": _note(line),
                "quantity": f"{_plain(line.quantity)} {line.unit}".strip(),
                "price": amount(line.unit_price, row.currency),
                "tax": _tax_words(line),
                "net": amount(line.net, row.currency),
            }
            for line in lines
        ],
        "net": amount(row.net, row.currency),
        "taxes": [
            {"label": phrase("Tax, {words}", words=words), "text": amount(tax, row.currency)}
            for words, tax in taxes.values()
        ],
        "gross": amount(row.gross, row.currency),
    }
    with letters.in_language_of(row.client_id):
        pdf = letters.make_letter(
            "invoice",
            values,
            to_name=row.parties["to"]["name"],
            to_address=row.parties["to"]["address"],
            entry_uid=UUID(hex=job.payload["entry"]),
            reason=row.label,
            when=row.issued_at,
            reference=row.label,
        )

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = Invoice.objects.get(pk=row.pk)
        deed.save(fresh, letter=stored)
        post(
            deed,
            Post(
                kind="paper_issued",
                dedupe=f"invoice:{fresh.id.hex}",
                documents=[stored],
                values={
                    "label": fresh.label,
                    "gross": amount(fresh.gross, fresh.currency),
                    "due_on": fresh.due_on,
                    "lines": [
                        {"title": line.text, "note": amount(line.net, row.currency)} for line in lines[:20]
                    ],
                    "portal_url": link(f"/client/papers/{fresh.id}/"),
                },
            ),
        )
        deed.record(
            "invoice.letter_filed",
            subjects=[fresh.id, stored.id],
            public={"label": fresh.label},
            to_client={"digest": stored.sha256},
        )

    stored = letters.file_letter(pdf, client_id=row.client_id, name=f"{row.label}.pdf", apply=apply)
    return {"file": stored.id.hex}
