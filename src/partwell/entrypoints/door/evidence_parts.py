# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the doors' evidence pages share: an entry with its proof, its files, a bundle's progress, and streaming it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from partwell.actions.evidence.log import last_checkpoint
from partwell.actions.evidence.proofs import EntryProof, entry_view
from partwell.actions.releases.download_bundle import Bundle, download_bundle
from partwell.entrypoints.door.entry_facts import facts_of
from partwell.entrypoints.door.files import continues, file_response
from partwell.entrypoints.door.gate import actor_of
from partwell.entrypoints.door.refused import refusal_response
from partwell.records.evidence.queries import Line, entry_by_index, log_state
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal


def by_number(actor: Actor, text: str) -> UUID:
    """The uid of an entry by its number in an address, if this actor may know of it; else 404."""
    row = entry_by_index(actor, int(text)) if text.isdecimal() and len(text) < 19 else None
    if row is None:
        raise Http404
    return row.uid


def events_of(lines: list[Line], prefix: str) -> list[dict[str, Any]]:
    """Lines as the timeline part takes them; marks lead to ``prefix``/number/."""
    return [{"at": one.at, "who": one.who, "text": one.text, "note": one.client, "index": one.index, "state": one.state,
             "internal": one.internal, "url": f"{prefix}{one.index}/", "earlier": one.earlier,
             "earlier_url": f"{prefix}?subject={one.mail.hex}" if one.mail else ""} for one in lines]  # fmt: skip


def seen_entry(actor: Actor, uid: UUID) -> EntryProof:
    """The entry with its proof; 404 for whoever may not know of it."""
    found = entry_view(actor, uid)
    if found is None:
        raise Http404
    return found


def entry_context(found: EntryProof, prefix: str) -> dict[str, Any]:
    """What ``theme/parts/proof_steps.html`` shows. ``prefix``: the door's address of evidence, e.g. ``/client/evidence/``."""
    line = found.line
    return {"entry": found, "line": line, "rows": facts_of(line), "prefix": f"{prefix}{line.index}/", "check_url": f"{prefix}check/",
            "neighbours": range(1, found.hashes + 1), "last": found.checkpoint.size - 1 if found.checkpoint else None,
            "command": f"python -m sealed verify {line.index}.tlog-proof \\\n       --vkey {found.vkey}"}  # fmt: skip


def text_file(name: str, data: bytes) -> HttpResponse:
    """A small text to keep, as a download."""
    response = HttpResponse(data, content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def entry_file(found: EntryProof, what: str) -> HttpResponse:
    """``proof`` (C2SP tlog-proof) or ``disclosed`` (a line of entries.jsonl with what this reader may see)."""
    if what == "disclosed":
        return text_file(f"{found.line.index}.jsonl", found.disclosed)
    if what != "proof" or found.proof is None:
        raise Http404
    return text_file(f"{found.line.index}.tlog-proof", found.proof)


def log_file(what: str) -> HttpResponse:
    """``checkpoint`` or ``key``: the newest checkpoint's note, the log's verifier key."""
    state, known = log_state(), last_checkpoint()
    if what == "key" and state is not None:
        return text_file("log.vkey", state.vkey.encode() + b"\n")
    if what == "checkpoint" and known is not None:
        return text_file(f"checkpoint-{known.size}.note", known.note.encode())
    raise Http404


def check_context(signed_in: bool) -> dict[str, Any]:
    """How to check without us; the log's own facts only for those who came in."""
    state, known = log_state(), last_checkpoint()
    return {"vkey": state.vkey if state and signed_in else "", "known": known if signed_in else None}


def job_context(bundle: Bundle, page: str, download: bool) -> dict[str, Any]:
    """A bundle's job as the job part takes it; ``page``: its address, which ends in a slash."""
    job, result = bundle.job, bundle.result
    mib = 1 << 20
    # Small bundles count in KiB, else "0 of 0".
    unit, size = ("MiB", mib) if job.total > 20 * mib else ("KiB", 1 << 10)
    known = job.stage == "writing" and job.total
    note = f"{result['files']:,} files, SHA-256 {result['sha256'][:16]}…" if result else ""
    if bundle.ended is not None:
        note = bundle.ended.sentence
    return {"label": f"Bundle for {bundle.name}", "state": "ended" if bundle.ended else job.state, "done": job.done // size if known and not result else 0,
            "total": -(-job.total // size) if known and not result else 0, "unit": unit if known else "",
            "note": job.error if job.state == "failed" else note,
            "url": f"{page}part/", "page_url": page, "result_url": f"{page}file/" if download and not bundle.ended else "",
            "result_label": f"Download, {_size(result['size'])}" if result else ""}  # fmt: skip


def again(bundle: Bundle, url: str, *, may: bool, **names: str) -> dict[str, Any] | None:
    """The form that asks for an ended bundle anew, as it was asked for: ``url`` takes it, ``names`` are the door's own names of fields.

    None for a bundle that is fetched as ever, and for who may not ask.
    """
    order = bundle.order
    if bundle.ended is None or not may:
        return None
    fields = [("to", order.recipient_id.hex if order.recipient_id else "client"), ("only", order.only)]
    fields += [("categories", one) for one in order.categories]
    fields += [(names.get("said", "correspondence"), "on")] if order.correspondence else []
    fields += [("age", order.age[0])] if order.age else []
    fields += [("credentials", "on")] if order.credentials else []
    return {"url": url, "fields": [one for one in fields if one[1]], "next_step": bundle.ended.next_step}


def _size(size: int) -> str:
    from partwell.entrypoints.theme.formats import size_words

    return str(size_words(size))


def bundle_answer(request: HttpRequest, job_id: UUID) -> Any:
    """Stream a bundle to whoever may have it now; a continuation (Range beyond the start) is no new download, HEAD is none."""
    found = download_bundle(actor=actor_of(request), job_id=job_id, agent=request.headers.get("User-Agent", "")[:200],
                            begins=not continues(request), looks=request.method == "HEAD")  # fmt: skip
    if isinstance(found, Refusal):
        if found.code == "not_found":
            raise Http404
        return refusal_response(request, found)
    return file_response(request, found)
