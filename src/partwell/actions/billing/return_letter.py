# SPDX-License-Identifier: AGPL-3.0-or-later
"""The job that makes the PDF of a returning client's quote and mails it to the client, once (R9)."""

from typing import Any
from uuid import UUID

from partwell.actions import letters
from partwell.actions.base import Deed
from partwell.actions.billing.letter import amount
from partwell.actions.billing.returning import exception_words
from partwell.actions.correspondence.post import Post, link, post
from partwell.documents.mail_parts import spoken_exception
from partwell.documents.texts import _
from partwell.records.billing.models import ReturnQuote
from partwell.records.jobs.models import Job
from partwell.records.vault.models import StoredFile
from partwell.rules.returning import ONBOARDING


def run(job: Job) -> dict[str, Any]:
    """Make, file and mail the quote."""
    row = ReturnQuote.objects.select_related("client", "sent_by", "exception_by").get(
        pk=UUID(hex=job.payload["quote"])
    )
    if row.letter_id is not None:
        return {"file": row.letter_id.hex}
    client = row.client
    answers = [
        {"title": one.pain_point.words, "what": one.answer}
        for one in row.answers.select_related("pain_point").order_by("pain_point__position")
    ]
    page = link(f"/client/return/{row.id}/")
    exception = f"{exception_words(row)} ({row.exception_by.name})" if row.exception_by else None
    with letters.in_language_of(client.id):
        pdf = letters.make_letter(
            "return_quote",
            {
                "client": client.legal_name,
                "fee": amount(row.fee, row.currency),
                "normal_fee": amount(row.normal_fee, row.currency),
                "valid_until": row.valid_until,
                "welcome": row.welcome or None,
                "exception": spoken_exception(exception) if exception else None,
                "page": page,
                "signed_name": row.sent_by.name,
                "signed_title": row.sent_by.title or _("for the service provider"),
                "answers": answers,
                "steps": [_(one) for one in ONBOARDING],
            },
            to_name=client.legal_name,
            to_address=client.address,
            entry_uid=UUID(hex=job.payload["entry"]),
            reason=_("Quote for coming back"),
            when=row.sent_at,
            reference=_("Quote of {day}").format(day=f"{row.sent_at:%Y-%m-%d}"),
        )

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = ReturnQuote.objects.get(pk=row.pk)
        deed.save(fresh, letter=stored)
        post(
            deed,
            Post(
                kind="return_quote",
                dedupe=f"return:{fresh.id.hex}:quote",
                documents=[stored],
                values={
                    "fee": amount(fresh.fee, fresh.currency),
                    "valid_until": fresh.valid_until,
                    "answers": [{"title": one["title"], "note": one["what"]} for one in answers],
                    "exception": exception,
                    "welcome": fresh.welcome or None,
                    "portal_url": page,
                },
            ),
        )
        deed.record(
            "return.letter_filed", subjects=[fresh.id, stored.id], to_client={"digest": stored.sha256}
        )

    stored = letters.file_letter(pdf, client_id=client.id, name=f"quote-{client.name}.pdf", apply=apply)
    return {"file": stored.id.hex}
