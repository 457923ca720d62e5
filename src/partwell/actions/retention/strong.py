# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1 for what cannot be taken back: to delete without waiting, or to give up the only copy, needs the signatory's passkey.

The provider often administers the client's mailbox, and here it is also the one who would be rid of the data: a mailed
link alone must not be the client's word. A passkey counts that was there before the notice, or that a call to a number
from before it confirmed, as for authorisations. Everything that only keeps data needs none of it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from partwell.actions.authorisations.look import Ways, ways_to_sign
from partwell.actions.authorisations.sign import passkey_problem
from partwell.actions.retention.basis import Basis, basis_of
from partwell.records.clients.models import Client, Contact
from partwell.rules.refusals import Refusal, refuse


def reference_of(basis: Basis, otherwise: datetime) -> datetime:
    """Before when a passkey or a telephone number must have been known: the notice; ``otherwise`` without a departure."""
    return otherwise if basis.departure is None else basis.departure.noticed_at


def not_strong(
    signer: Contact, digest: str, passkey: dict[str, Any] | None, reference: datetime, what: str
) -> Refusal | None:
    """None when the signatory's own passkey signed exactly the text of this ``digest`` (hex) and counts.

    ``passkey``: what ``verify_passkey_for_document`` gave; ``what``: the beginning of the refusal's sentence.
    """
    if not passkey:
        return refuse("passkey_for_lasting", what=what)
    return passkey_problem(passkey, signer.id, digest, reference, None)


def kept_of(passkey: dict[str, Any] | None) -> dict[str, Any]:
    """What stays of a passkey's use beside the row and in the entry: enough to verify it years later, no secret."""
    return dict(passkey) if passkey else {}


def ways_of(client_id: UUID, contact: Contact, otherwise: datetime) -> Ways:
    """For pages: whether the signatory has a passkey that counts, or why the one they have does not."""
    basis = basis_of(Client.objects.get(pk=client_id))
    return ways_to_sign(contact, reference_of(basis, otherwise), None)
