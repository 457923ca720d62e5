# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who hears that something of a record is to be erased: the office, the client whose record ends, and the second person (R15)."""

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.facts import loop_contacts
from partwell.actions.retention.office import tell_office
from partwell.records.evidence.models import ErasureRequest
from partwell.records.people.models import StaffMember
from partwell.rules import roles


def others(row: ErasureRequest) -> int:
    """How many members of staff besides the proposer could decide; 0 means that the client's signatory does."""
    here = StaffMember.objects.filter(left_at=None, role__in=(roles.OWNER, roles.MANAGER))
    return here.exclude(pk=row.proposed_by).count()


def tell_of_proposal(deed: Deed, row: ErasureRequest, what: str) -> None:
    """Within the proposing deed, before its ``record``: mail to the office, where somebody decides, and to the signatory.

    The signatory hears of the end of the whole record, and of anything that waits for them in an MSP of one person. A
    client whom no mail reaches any more does not stop it: the page shows it, and the office knows.
    """
    second = not others(row)
    if not second:
        tell_office(
            deed,
            f"erasure:{row.id.hex}",
            title="Somebody proposed to erase of a record",
            what=f"{row.proposed_by_name} proposed to erase {what}.",
            next_step="Whoever did not propose it looks at it, and approves or declines; one of the two is an owner.",
            path=f"/erasures/{row.id}/",
        )
    if row.kind != "record" and not second:
        return
    signatory = next((one for one in loop_contacts(row.client_ref) if one.role == roles.SIGNATORY), None)
    values = {
        "what": what,
        "proposed_by": row.proposed_by_name,
        "due_on": row.due_on,
        "basis": row.basis or None,
        "second": "yes" if second else None,
        "portal_url": link(f"/client/erasures/{row.id}/" if second else "/client/erasures/"),
    }
    post(deed, Post("erasure_proposed", f"erasure:{row.id.hex}", values, contact=signatory, second=True))
