# SPDX-License-Identifier: AGPL-3.0-or-later
"""Staff stop a release before it left; what the client was still asked is taken back."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence import deliver
from partwell.actions.releases.gate import Target
from partwell.records.correspondence.models import Envelope
from partwell.records.releases.models import ApprovalRequest, Release, ReleaseLine
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import EnvelopeState, Party


def stop_release(*, actor: Actor, release_id: UUID, reason: str) -> Release | Refusal:
    """Stop what of a release has not left: queued and claimed announcements, and what the client was asked.

    ``already_leaving`` when nothing is left to stop. The reason is on record for the client.
    """
    peek = Release.objects.filter(pk=release_id).first()
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "release.stop")) is not None:
        return refusal
    words = reason.strip()[:600]
    if not words:
        return refuse("required", where="The reason")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        release = Release.objects.select_related("person__recipient", "contact", "authorisation").get(
            pk=release_id
        )
        waiting = Envelope.objects.select_related("recipient", "authorisation").filter(
            release=release,
            kind__in=("release_announcement", "ask_client"),
            state__in=(EnvelopeState.QUEUED, EnvelopeState.CLAIMED),
        )
        request = ApprovalRequest.objects.filter(release=release, state="open").first()
        announced = [one for one in waiting if one.kind == "release_announcement"]
        if not announced and request is None:
            return deed.refuse(refuse("already_leaving"), subject=release.id, verb="release.stop")
        stopped = refuse("release_stopped", person=actor.name)
        for envelope in waiting:
            if envelope.kind == "release_announcement" or request is not None:
                deliver.stop(deed, envelope, stopped, whole=True)
        if request is not None:
            lines = list(ReleaseLine.objects.filter(release=release, state="asked"))
            deed.save(request, state="lapsed", decided_at=deed.now)
            for line in lines:
                deed.save(line, state="stopped", refusal=stopped.code)
            deed.record(
                "release.request_withdrawn",
                subjects=[release.id, *(line.item_id for line in lines)],
                public={
                    "recipient": Target(Party(release.party), release.contact, release.person).name,
                    "items": [line.title for line in lines],
                },
                to_client={"item_ids": [line.item_id.hex for line in lines], "reason": words},
            )
        return release
