# SPDX-License-Identifier: AGPL-3.0-or-later
"""The job that makes the certificate's PDF/A, signs it, files it and mails it to the client, once."""

from typing import Any
from uuid import UUID

from partwell.actions import letters
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.retention.certify import label_of
from partwell.records.jobs.models import Job
from partwell.records.retention.models import Certificate
from partwell.records.vault.models import StoredFile
from partwell.rules.certificate import NOT_KNOWN


def letter_values(row: Certificate) -> dict[str, Any]:
    """The letter's own fields, word for word as the certificate was issued."""
    said = row.fields
    return {
        "number": label_of(row.number),
        "client": row.client.legal_name,
        "what": said["what"],
        "method": said["method"],
        "attested": said["attested"],
        "sections": [
            {"title": one["title"], "rows": [{"label": label, "lines": lines} for label, lines in one["rows"]]}
            for one in said["sections"]
        ],
        "exceptions": [
            {"title": one["key"], "version": one["version"], "why": one["why"] or said["except_reason"] or NOT_KNOWN}
            for one in said["exceptions"]
        ],
        "unnamed": said["unnamed"] or None,
        "except_reason": said["except_reason"] or None,
        "limits": list(row.limits),
    }  # fmt: skip


def run(job: Job) -> dict[str, Any]:
    """Make, file and mail the certificate."""
    row = Certificate.objects.select_related("client").get(pk=UUID(hex=job.payload["certificate"]))
    if row.letter_id is not None:
        return {"file": row.letter_id.hex}
    label = label_of(row.number)
    pdf = letters.make_letter(
        "certificate",
        letter_values(row),
        to_name=row.client.legal_name,
        to_address=row.client.address,
        entry_uid=row.entry_uid,
        reason=f"Certificate of destruction {label}",
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
                    "method": fresh.fields["method"],
                    "attested": fresh.fields["attested"],
                    "exceptions": [
                        {"title": one["key"], "note": one["why"] or fresh.fields["except_reason"]}
                        for one in fresh.fields["exceptions"][:20]
                    ],
                    "limits": list(fresh.limits),
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
