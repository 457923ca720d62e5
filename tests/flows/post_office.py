# SPDX-License-Identifier: AGPL-3.0-or-later
"""Delivery in stories: everything queued leaves, through claim, start and settle, without a socket."""

from partwell.actions.correspondence import deliver
from partwell.connectors.smtp_values import Delivery, Outcome
from partwell.records.correspondence.models import Envelope
from partwell.rules.refusals import Refusal
from tests.flows.cast import Cast


def delivered(cast: Cast) -> list[Envelope]:
    """Deliver what is due for the cast's client; gives the envelopes that were accepted."""
    out = []
    for envelope_id in list(
        Envelope.objects.filter(client=cast.northwick, state="queued").values_list("pk", flat=True)
    ):
        envelope = deliver.claim(envelope_id)
        if isinstance(envelope, Refusal):
            continue
        token = envelope.claim
        if deliver.start_data(envelope_id, token):
            out.append(
                deliver.settle(envelope_id, token, Delivery(Outcome.ACCEPTED, 250, "2.0.0 Ok", {}, "data"))
            )
    return out
