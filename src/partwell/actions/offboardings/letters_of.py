# SPDX-License-Identifier: AGPL-3.0-or-later
"""Jobs that make the letters of acceptance and closing: filed in the vault, mailed to the client and its second address."""

from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime

from partwell.actions import letters
from partwell.actions.authorisations.text import proof_on_file
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import zone
from partwell.actions.offboardings.common import departure_dates
from partwell.actions.offboardings.standing import newest_acceptance
from partwell.documents.texts import _, day_text, moment_text, phrase
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Acceptance, AcceptanceLine, Offboarding
from partwell.records.releases.models import ReleaseLine
from partwell.records.retention.models import BackupSet
from partwell.records.vault.models import StoredFile

# A letter lists so many lines in full; the whole list is in the bundle and in the portal.
LISTED = 400


def _signature(row: Acceptance) -> dict[str, Any]:
    event, signer = row.signature_event, row.signed_by
    assert signer is not None  # the job is queued by the signature
    proof, call = proof_on_file(signer), event.get("call_back") or {}
    factor = (
        phrase("the signatory's own passkey, whose challenge carried this list's digest")
        if event.get("factor") == "passkey"
        else phrase(
            "a call-back by {who} to the number on file before the notice",
            who=call.get("by") or phrase("a second employee"),
        )
    )
    out = {
        "name": signer.name,
        "title": signer.title or phrase("signatory"),
        "at": parse_datetime(str(event.get("at", ""))) or row.signed_at,
        "intent": phrase("stated"),
        "electronic_consent": phrase("given"),
        "authority": proof.kind if proof else None,
        "identity": str(event.get("identity", "")),
        "second_factor": factor,
        "address": str(event.get("address", "")) or None,
        "agent": str(event.get("agent", "")) or None,
        "shown": str(event.get("shown_digest", "")) or None,
    }
    return {key: value for key, value in out.items() if value is not None}


def _rows(lines: list[AcceptanceLine], answer: str) -> list[dict[str, Any]]:
    return [
        {"id": line.item_id.hex[:8], "title": line.item.title, "what": line.words}
        for line in lines
        if line.answer == answer
    ][:LISTED]


def run_acceptance(job: Job) -> dict[str, Any]:
    """Make and file the letter of a signed acceptance, once."""
    row = Acceptance.objects.select_related("offboarding__client", "signed_by", "document").get(
        pk=UUID(hex=job.payload["acceptance"])
    )
    if row.document_id is not None:
        return {"file": row.document_id.hex}
    client = row.offboarding.client
    lines = list(
        AcceptanceLine.objects.select_related("item")
        .filter(acceptance=row)
        .order_by("item__category", "item__title")
    )
    counts = {
        answer: sum(line.answer == answer for line in lines) for answer in ("accepted", "rejected", "waived")
    }
    general: list[dict[str, Any]] = (
        [{"title": phrase("The handover as a whole"), "what": row.words}] if row.words else []
    )
    exceptions = [
        {"id": line.item_id.hex[:8], "title": line.item.title, "what": line.words}
        for line in lines
        if line.words and line.answer == "accepted"
    ]
    data: dict[str, Any] = {
        "list_version": str(row.version),
        "accepted_count": str(counts["accepted"]),
        "rejected_count": str(counts["rejected"]),
        "waived_count": str(counts["waived"]),
        "list_digest": row.list_digest,
        "deadline": row.deadline,
        "signature": _signature(row),
        "exceptions": [*general, *exceptions][:LISTED],
        "accepted": _rows(lines, "accepted"),
        "rejected": _rows(lines, "rejected"),
        "waived": _rows(lines, "waived"),
    }
    with letters.in_language_of(client.id, row.signed_by):
        pdf = letters.make_letter(
            "acceptance",
            data,
            to_name=client.legal_name,
            to_address=client.address,
            entry_uid=UUID(hex=job.payload["entry"]),
            reason=f"Acceptance of list {row.version}",
            when=row.signed_at,
            reference=_("List version {version}").format(version=row.version),
        )

    def apply(deed: Deed, stored: StoredFile) -> None:
        fresh = Acceptance.objects.select_related("signed_by").get(pk=row.pk)
        deed.save(fresh, document=stored)
        signer = fresh.signed_by
        post(
            deed,
            Post(
                kind="acceptance_signed",
                dedupe=f"acceptance:{fresh.id.hex}:copy",
                contact=signer,
                documents=[stored],
                second=True,
                values={
                    "signed_by": signer.name if signer else "",
                    "signed_at": fresh.signed_at,
                    "list_version": str(fresh.version),
                    "accepted_count": str(counts["accepted"]),
                    "rejected_count": str(counts["rejected"]),
                    "waived_count": str(counts["waived"]),
                    "exceptions": [
                        {"title": one["title"], "note": one["what"]} for one in [*general, *exceptions][:20]
                    ],
                    "portal_url": link("/client/"),
                },
            ),
        )
        deed.record(
            "acceptance.letter_filed",
            subjects=[fresh.id, stored.id, fresh.offboarding_id],
            to_client={"digest": stored.sha256},
        )

    stored = letters.file_letter(
        pdf, client_id=client.id, name=f"acceptance-{row.version}-{client.name}.pdf", apply=apply
    )
    return {"file": stored.id.hex}


def run_closing(job: Job) -> dict[str, Any]:
    """Make and file the closing letter, once; its mail is the last one of the departure."""
    row = Offboarding.objects.select_related("client", "owner").get(pk=UUID(hex=job.payload["offboarding"]))
    client, acceptance = row.client, newest_acceptance(row.id)
    dates = departure_dates(row)
    sets = BackupSet.objects.filter(client=client, removed_at=None).exclude(location="nowhere")
    signer = acceptance.signed_by if acceptance else None
    with letters.in_language_of(client.id, signer):
        kept = [
            {
                "what": one.name,
                "where": one.location,
                "until": row.keep_until,
                "basis": _("the agreement (R6)"),
            }
            for one in sets
        ]
        released = ReleaseLine.objects.filter(release__client=client, state="sent")
        count = released.values("item_id").distinct().count()
        open_points = [acceptance.words] if acceptance and acceptance.words else []
        notes = [
            {
                "title": one["what"],
                "note": _("{where}, until {until}").format(where=one["where"], until=day_text(row.keep_until))
                if row.keep_until
                else one["where"],
            }
            for one in kept
        ]
        pdf = letters.make_letter(
            "closing_letter",
            {
                "end_of_service": dates.service_ends,
                "closed_at": row.closed_at,
                "closed_by": job.payload.get("closed_by", row.owner.name),
                "handed_over": _("1 item") if count == 1 else _("{count} items").format(count=count),
                "acceptance": f"{acceptance.signed_by.name}, {moment_text(acceptance.signed_at, zone())}"
                if acceptance and acceptance.signed_by and acceptance.signed_at
                else _("not signed"),
                "page": link("/client/"),
                "open_points": open_points,
                "kept": kept,
                "signed_name": row.owner.name,
                "signed_title": row.owner.title or _("for the service provider"),
            },
            to_name=client.legal_name,
            to_address=client.address,
            entry_uid=UUID(hex=job.payload["entry"]),
            reason=_("Closing of the offboarding"),
            when=row.closed_at,
            reference=_("We have parted"),
        )

    def apply(deed: Deed, stored: StoredFile) -> None:
        post(
            deed,
            Post(
                kind="closing",
                dedupe=f"offboarding:{row.id.hex}:closing",
                contact=signer,
                documents=[stored],
                second=True,
                values={
                    "closed_at": row.closed_at,
                    "end_of_service": dates.service_ends,
                    "kept": notes,
                    "open_points": [{"title": one[:300], "note": ""} for one in open_points],
                    "portal_url": link("/client/"),
                },
            ),
        )
        deed.record(
            "offboarding.letter_filed", subjects=[row.id, stored.id], to_client={"digest": stored.sha256}
        )

    stored = letters.file_letter(pdf, client_id=client.id, name=f"closing-{client.name}.pdf", apply=apply)
    return {"file": stored.id.hex}
