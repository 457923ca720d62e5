# SPDX-License-Identifier: AGPL-3.0-or-later
"""The job that makes the signed authorisation's letter: PDF with the log's verifier key, copies to both sides and the second address."""

import json
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from partwell.actions import letters
from partwell.actions.authorisations.end import already_left
from partwell.actions.authorisations.sign import reference_of
from partwell.actions.authorisations.text import proof_on_file, resolved_items
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, addressed, link, post
from partwell.actions.facts import zone
from partwell.documents.texts import _, phrase
from partwell.records.authorisations.models import Authorisation
from partwell.records.jobs.models import Job
from partwell.records.people.queries import the_msp
from partwell.records.vault.models import StoredFile
from partwell.rules.consent import day_in
from partwell.rules.refusals import Refusal, show


def _signature(row: Authorisation) -> dict[str, Any]:
    event, signer = row.signature_event, row.signatory
    proof = proof_on_file(signer)
    call = row.call_backs.filter(confirmed=True).select_related("called_by").order_by("called_at").first()
    factor = {
        "passkey": "the signatory's own passkey, whose challenge carried this text's digest",
        "call_back": f"a call-back by {call.called_by.name} to the number on file since {show(day_in(call.number_on_file_at, zone()))}"
        if call
        else "a call-back",
    }
    return {
        "name": signer.name,
        "title": signer.title or "signatory",
        "at": parse_datetime(str(event.get("at", ""))) or row.granted_at,
        "intent": "stated" if event.get("intent") else "on paper",
        "electronic_consent": "given" if event.get("electronic_form") else "not needed",
        "authority": proof.kind if proof else None,
        "identity": str(event.get("identity", "original on paper or mail")),
        "second_factor": factor.get(row.factor, row.factor),
        "address": str(event.get("address", "")) or None,
        "agent": str(event.get("agent", "")) or None,
        "shown": str(event.get("shown_digest", "")) or None,
    }


def _text(row: Authorisation) -> list[dict[str, Any]]:
    """The paragraphs as they were fixed when the authorisation was proposed: the letter repeats them, never re-makes them."""
    lines = [json.loads(line) for line in row.text.splitlines()][1:]
    return [{"kind": kind, "label": label, "text": text, "lines": rest} for kind, label, text, *rest in lines]


def _change_letter(job: Job, row: Authorisation) -> dict[str, Any]:
    """The letter of a withdrawal or narrowing: what was stopped, what remains, what had left. Filed once."""
    if row.change_document_id is not None:
        return {"file": row.change_document_id.hex}
    note = job.payload
    withdrawn = note["act"] == "withdrawn"
    left = [
        {"id": str(number), "title": line.title, "at": line.opened_at or line.sent_at}
        for number, line in enumerate(already_left(row.recipient_id), 1)
    ]
    data: dict[str, Any] = {
        "act": note["act"],
        "number": str(row.version),
        "recipient_firm": row.recipient.firm,
        "at": parse_datetime(note["at"]),
        "by": note["by"],
        "channel": phrase("recorded by us as it reached us" if note["recorded"] else "the portal"),
        "words_given": note["words"] or None,
        "removed": note["removed"],
        "remains": [] if withdrawn else [item.title for item in resolved_items(row)],
        "stopped": note["stopped"],
        "already_left": left,
    }
    with letters.in_language_of(row.client_id, row.signatory):
        pdf = letters.make_letter(
            "narrowing_or_withdrawal",
            {key: value for key, value in data.items() if value is not None},
            to_name=row.client.legal_name,
            to_address=row.client.address,
            entry_uid=UUID(hex=note["entry"]),
            reason=f"Authorisation {row.version} for {row.recipient.firm} {note['act']}",
            reference=_("Authorisation {number}").format(number=row.version),
        )

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = Authorisation.objects.select_related("recipient").get(pk=row.pk)
        deed.save(fresh, change_document=stored)
        deed.record(
            "authorisation.change_letter_filed",
            subjects=[fresh.id, stored.id],
            public={"recipient": fresh.recipient.firm},
            to_client={"digest": stored.sha256, "act": note["act"]},
        )

    name = f"authorisation-{row.version}-{row.recipient.firm}-{note['act']}.pdf"
    stored = letters.file_letter(pdf, client_id=row.client_id, name=name, apply=apply)
    return {"file": stored.id.hex}


def run(job: Job) -> dict[str, Any]:
    """Make and file the letter once; copies leave as one envelope to the client with the second address on it."""
    row = Authorisation.objects.select_related(
        "client", "recipient", "signatory", "offboarding", "document"
    ).get(pk=UUID(hex=job.payload["authorisation"]))
    if job.payload.get("act"):
        return _change_letter(job, row)
    if row.document_id is not None:
        return {"file": row.document_id.hex}
    signature = {key: value for key, value in _signature(row).items() if value is not None}
    pdf = letters.make_letter(
        "authorisation",
        {
            "text": _text(row),
            "text_version": row.text_version,
            "text_language": row.language,
            "text_digest": row.text_digest,
            "signature": signature,
        },
        to_name=row.client.legal_name,
        to_address=row.client.address,
        entry_uid=UUID(hex=job.payload["entry"]),
        reason=f"Authorisation {row.version} for {row.recipient.firm}",
        when=row.granted_at,
        reference=f"Authorisation {row.version}",
    )

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = Authorisation.objects.select_related("recipient", "signatory").get(pk=row.pk)
        deed.save(fresh, document=stored)
        found = addressed(fresh.client_id, (), fresh.signatory, True)
        # Who really gets it: another contact where the signatory's address bounces, nobody where none works.
        named = [] if isinstance(found, Refusal) else [one["address"] for one in found[1]]
        msp = the_msp()
        copies = [*named, msp.email] if msp and named else named
        post(
            deed,
            Post(
                kind="authorisation_signed",
                dedupe=f"authorisation:{fresh.id.hex}:copy",
                contact=fresh.signatory,
                authorisation=fresh,
                documents=[stored],
                second=True,
                house=True,
                values={
                    "recipient_firm": fresh.recipient.firm,
                    "signed_by": fresh.signatory.name,
                    "signed_at": fresh.granted_at,
                    "until": fresh.ends_on,
                    "number": str(fresh.version),
                    "digest": fresh.text_digest,
                    "copies": [{"title": address, "note": ""} for address in copies],
                    "portal_url": link(f"/client/authorisations/{fresh.id.hex}/"),
                },
            ),
        )
        deed.record(
            "authorisation.letter_filed",
            subjects=[fresh.id, stored.id],
            public={"recipient": fresh.recipient.firm},
            to_client={"digest": stored.sha256, "copies_to": copies},
        )

    stored = letters.file_letter(
        pdf,
        client_id=row.client_id,
        name=f"authorisation-{row.version}-{row.recipient.firm}.pdf",
        apply=apply,
    )
    return {"file": stored.id.hex, "before": reference_of(row).isoformat()}
