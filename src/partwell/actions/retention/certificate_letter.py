# SPDX-License-Identifier: AGPL-3.0-or-later
"""The job that makes the certificate's PDF/A, signs it, files it and mails it to the client, once."""

from typing import Any
from uuid import UUID

from partwell.actions import letters
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.retention.certify import label_of
from partwell.documents.stored_words import again
from partwell.documents.texts import _, phrase
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Certificate
from partwell.records.vault.models import StoredFile
from partwell.rules.certificate import NOT_KNOWN

# What stands in a certificate's fields with facts among its words; the rest are whole sentences and labels.
SHAPES = (
    "Attested by {by}, by {who} and {other}, supported by {several}.",
    "Attested by {by}, by {who}, supported by {several}.",
    "Attested by {by}, supported by {several}.",
    "signed in to Partwell; entry {number} of the log",
    "versioning was {state}; every version that the storage listed was part of the deletion",
    "{where}; sub-processor {firm}; expires {days} days after deletion",
    "{where}; expires {days} days after deletion",
    "{where}; sub-processor {firm}; expiry not known",
    "{where}; expiry not known",
    "replication by the storage: {what}",
    "the storage did not say: {what}",
    "Title: {words}",
    "Date: {day}",
    "Place: {words}",
    "Contact: {what}",
    "Signature: signed in to Partwell; entry {number} of the log",
    "Signature: {words}",
    "the console of the place; guided and recorded by {tool}",
    "kept for {days} days",
    "Proof, SHA-256 {digest}",
    "{words}. Purge is not claimed: no validated module is named",
    (
        "The key was removed from its store; on solid-state and copy-on-write disks removal does not prove that its bytes are gone. "
        "Backups of the key store are kept for {days} days."
    ),
    "{count} named exceptions were not deleted; they are listed above.",
    "Purge rests on the validated module {module} and on the report; nobody opened the medium to look.",
)


# Fields whose lines people typed: nothing of them is said again but that it is not known.
TYPED = frozenset({
    "Data set", "Location", "Confidentiality before", "Confidentiality after", "Why it was deleted", "Manufacturer", "Model", "Serial number",
    "Property number", "Media type", "Source", "Where it went", "Tool", "Version of the tool", "Validated module",
})  # fmt: skip


def said_lines(label: str, lines: list[str]) -> list[Any]:
    """The lines of a field as the letter has them: words of ours in its language, what was typed as it was typed."""
    return [line if label in TYPED and line != NOT_KNOWN else again(line, SHAPES) for line in lines]


def letter_values(row: Certificate) -> dict[str, Any]:
    """The letter's own fields, word for word as the certificate was issued."""
    said = row.fields
    return {
        "number": label_of(row.number),
        "client": row.client.legal_name,
        "what": said["what"],
        "method": again(said["method"], SHAPES),
        "attested": again(said["attested"], SHAPES),
        "sections": [
            {
                "title": phrase(one["title"]),
                "rows": [
                    {"label": phrase(label), "lines": said_lines(label, lines)}
                    for label, lines in one["rows"]
                ],
            }
            for one in said["sections"]
        ],
        "exceptions": [
            {"title": one["key"], "version": one["version"], "why": one["why"] or said["except_reason"] or phrase(NOT_KNOWN)}
            for one in said["exceptions"]
        ],
        "unnamed": said["unnamed"] or None,
        "except_reason": said["except_reason"] or None,
        "limits": [again(one, SHAPES) for one in row.limits],
    }  # fmt: skip


def run(job: Job) -> dict[str, Any]:
    """Make, file and mail the certificate."""
    row = Certificate.objects.select_related("client").get(pk=UUID(hex=job.payload["certificate"]))
    if row.letter_id is not None:
        return {"file": row.letter_id.hex}
    label = label_of(row.number)
    with letters.in_language_of(row.client_id):
        pdf = letters.make_letter(
            "certificate",
            letter_values(row),
            to_name=row.client.legal_name,
            to_address=row.client.address,
            entry_uid=row.entry_uid,
            reason=_("Certificate of destruction {label}").format(label=label),
            when=row.issued_at,
            reference=label,
        )

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = Certificate.objects.get(pk=row.pk)
        deed.save(fresh, letter=stored)
        post(
            deed,
            Post(
                kind="certificate_issued",
                dedupe=f"certificate:{fresh.id.hex}",
                documents=[stored],
                second=True,
                values={
                    "label": label,
                    "what": fresh.title,
                    "method": again(fresh.fields["method"], SHAPES),
                    "attested": again(fresh.fields["attested"], SHAPES),
                    "exceptions": [
                        {"title": one["key"], "note": one["why"] or fresh.fields["except_reason"]}
                        for one in fresh.fields["exceptions"][:20]
                    ],
                    "limits": [again(one, SHAPES) for one in fresh.limits],
                    "portal_url": link(f"/client/certificates/{fresh.id}/"),
                },
            ),
        )
        deed.record(
            "certificate.filed",
            subjects=[fresh.id, stored.id],
            public={"number": label},
            to_client={"digest": stored.sha256},
        )

    name = f"certificate-of-destruction-{label}.pdf"
    stored = letters.file_letter(pdf, client_id=row.client_id, name=name, apply=apply)
    return {"file": stored.id.hex}
