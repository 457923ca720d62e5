# SPDX-License-Identifier: AGPL-3.0-or-later
"""What both doors say of a certificate and of a destroyed medium: the stored words, its entry, and how to check it."""

import re
from typing import Any

from django.core.paginator import Paginator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from partwell.actions.evidence.log import last_checkpoint
from partwell.actions.retention.certificate_facts import media_facts
from partwell.actions.retention.certify import label_of
from partwell.records.evidence.queries import covered, entry_by_uid, log_state
from partwell.records.retention.certificates import Certificate, MediaDestruction
from partwell.rules.actor import Actor
from partwell.rules.certificate import NOT_KNOWN, Method

# A page shows so many exceptions at once; the letter holds all of them.
EXCEPTIONS = 100
NOT_CLAIMED = later("That no copy exists anywhere cannot be proved, and no certificate claims it.")
METHODS = {
    Method.CLEAR: later("Clear"),
    Method.PURGE: later("Purge"),
    Method.DESTROY: later("Destroy"),
}
_DIGEST = re.compile(r"[0-9a-f]{64}")


def certificate_context(actor: Actor, row: Certificate, prefix: str, page: Any = None) -> dict[str, Any]:
    """What ``door/certificate_body.html`` shows. ``prefix``: the door's address of evidence; ``page``: of the exceptions."""
    said, entry = row.fields, entry_by_uid(actor, row.entry_uid)
    state, known = log_state(), last_checkpoint()
    exceptions = Paginator(said["exceptions"], EXCEPTIONS).get_page(page)
    return {
        "certificate": row,
        "label": label_of(row.number),
        "what": said["what"],
        "method": said["method"],
        "attested": said["attested"],
        "sections": [{"title": one["title"], "rows": [_row(label, lines) for label, lines in one["rows"]]} for one in said["sections"]],
        "exceptions": exceptions, "excepted": len(said["exceptions"]) + said["unnamed"], "unnamed": said["unnamed"],
        "except_reason": said["except_reason"],
        "limits": row.limits,
        "index": entry.index if entry else None,
        "entry_url": f"{prefix}{entry.index}/" if entry else "",
        "size": covered(),
        "vkey": state.vkey if state else "",
        "checkpoint": known,
        "check_url": f"{prefix}check/",
    }  # fmt: skip


def _row(label: str, lines: list[str]) -> dict[str, Any]:
    """A field; what is not known is set apart, a digest in its own letters."""
    return {
        "label": label,
        "lines": [{"text": one, "digest": bool(_DIGEST.fullmatch(one)), "unknown": one == NOT_KNOWN or one.endswith(f": {NOT_KNOWN}")}
                  for one in lines],
    }  # fmt: skip


def row_of(row: Certificate) -> dict[str, Any]:
    """A certificate in a list."""
    left = len(row.fields["exceptions"]) + row.fields["unnamed"]
    return {
        "row": row,
        "label": label_of(row.number),
        "method": row.fields["method"].partition(":")[0],
        "excepted": left,
        "tone": "waiting" if left else "done",
        "word": _("Except what it names") if left else _("Destroyed"),
    }


def state_of(row: MediaDestruction) -> tuple[str, str]:
    """Tone and word of a medium's record."""
    if row.rejected_at is not None:
        return "refusing", _("Turned down")
    if row.validated_at is not None:
        return "done", _("Validated")
    return "waiting", _("Waits for a second person")


def destruction_context(row: MediaDestruction) -> dict[str, Any]:
    """What ``door/destruction_body.html`` shows: the fields as recorded, before there is a certificate."""
    tone, word = state_of(row)
    found = getattr(row, "certificate", None)
    unknown = _(NOT_KNOWN)
    facts = [
        (_("Manufacturer"), row.manufacturer), (_("Model"), row.model), (_("Serial number"), row.serial),
        (_("Property number"), row.property_number), (_("Media type"), row.media_type), (_("Source"), row.source),
        (_("Item of the estate"), row.item.title if row.item else _("none")), (_("Confidentiality before"), row.confidentiality),
        (_("Confidentiality after"), row.after_confidentiality), (_("Where it went"), row.destination),
        (_("Method"), Method(row.method).meaning), (_("Technique"), row.technique), (_("Tool"), row.tool),
        (_("Version of the tool"), row.tool_version), (_("Validated module"), row.validated_module),
        (_("Verification method"), row.verification_method),
    ]  # fmt: skip
    return {
        "destruction": row,
        "name": media_facts(row).name,
        "tone": tone,
        "word": word,
        "facts": [(label, value or unknown) for label, value in facts],
        "certificate": found,
        "certificate_label": label_of(found.number) if found else "",
    }
