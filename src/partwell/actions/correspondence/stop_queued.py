# SPDX-License-Identifier: AGPL-3.0-or-later
"""Withdrawal and narrowing act at once, on what is queued too (R1)."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence import deliver
from partwell.actions.releases.gate import Target
from partwell.actions.releases.stop_lines import record_stopped
from partwell.records.correspondence.models import Envelope
from partwell.records.releases.models import ApprovalRequest, ReleaseLine, Reveal
from partwell.rules.refusals import Refusal
from partwell.rules.terms import EnvelopeState, Party

WAITING = (EnvelopeState.QUEUED, EnvelopeState.CLAIMED)
LEAVING = (EnvelopeState.DATA_STARTED, EnvelopeState.UNKNOWN)


def stop_queued(
    deed: Deed, recipient_id: UUID, refusal: Refusal | None = None
) -> tuple[list[Envelope], list[Envelope]]:
    """Stop what is queued or claimed for a recipient; gives (stopped, already leaving).

    Call it inside the deed that withdraws or narrows, after the authorisation row was saved *and recorded*
    (the stopping writes entries of its own), with the client locked.

    With ``refusal`` (withdrawal, end) everything stops: envelopes, open requests to the client for them, and
    reveals that nobody used. Without one (narrowing) each envelope is judged again by the gate as it is
    now: what still passes stays, a set that fails in part is stopped and its rest announced anew.
    """
    client = deed.client
    if client is None:
        raise RuntimeError("Lock the client before stopping what is queued.")
    rows = Envelope.objects.filter(client=client, recipient_id=recipient_id, to_provider=True).select_related(
        "recipient", "authorisation"
    )
    stopped: list[Envelope] = []
    for envelope in rows.filter(state__in=WAITING).order_by("queued_at"):
        why = refusal or deliver.why_not(envelope, client, deed.now)
        if why is not None:
            if refusal is None:
                deliver.not_now(deed, envelope, why)
            else:
                deliver.stop(deed, envelope, why, whole=True)
            stopped.append(envelope)
    leaving = list(rows.filter(state__in=LEAVING).order_by("queued_at"))
    if refusal is not None:
        lapse_requests(deed, recipient_id, refusal)
        _revoke_reveals(deed, recipient_id)
    return stopped, leaving


def lapse_requests(deed: Deed, recipient_id: UUID, refusal: Refusal) -> None:
    """What was still being asked of the client lapses: there is no consent that an approval could stand on."""
    requests = ApprovalRequest.objects.filter(
        release__client=deed.client, release__recipient_id=recipient_id, state="open"
    )
    for request in requests.select_related("release__person__recipient"):
        lines = list(ReleaseLine.objects.filter(release=request.release, state="asked"))
        deed.save(request, state="lapsed", decided_at=deed.now)
        for line in lines:
            deed.save(line, state="stopped", refusal=refusal.code)
        record_stopped(
            deed,
            request.release,
            lines,
            Target(Party.PROVIDER, person=request.release.person),
            refusal.sentence,
        )


def _revoke_reveals(deed: Deed, recipient_id: UUID) -> None:
    """Every way to a secret dies with its authorisation; each says so in its own entry."""
    open_ones = Reveal.objects.filter(
        line__release__client=deed.client,
        line__release__recipient_id=recipient_id,
        claimed_at=None,
        revoked_at=None,
    )
    for reveal in open_ones.select_related("line__release__recipient"):
        recipient = reveal.line.release.recipient
        deed.save(reveal, revoked_at=deed.now)
        deed.record(
            "credential.reveal_expired",
            subjects=[reveal.line_id, reveal.line.item_id],
            public={"item": reveal.line.title, "recipient": recipient.firm if recipient else "the recipient"},
        )
