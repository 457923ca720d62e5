# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fetching a built bundle: who may have it is decided again, and the download is evidence (R1)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.releases.build_bundle import target_name
from partwell.actions.releases.bundle_recordings import ended_of, first_ended, none_ended
from partwell.actions.releases.bundle_scope import Order, still_all
from partwell.actions.releases.open_line import recorded
from partwell.actions.releases.request_bundle import KIND, theirs
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client
from partwell.records.jobs.models import Job
from partwell.records.vault.models import StoredFile
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Party


@dataclass(frozen=True)
class Bundle:
    """A bundle and how far it is. ``ended``: why nobody fetches it any more (R2); a new one holds everything else."""

    job: Job
    order: Order
    name: str
    ended: Refusal | None = None

    @property
    def result(self) -> dict[str, Any]:
        """Size, digests, number of files, what was left out; empty before it is built."""
        return dict(self.job.result) if self.job.state == "done" else {}


def bundle_for(actor: Actor, job_id: UUID) -> Bundle | None:
    """A bundle that this actor may know of, else None."""
    job = Job.objects.filter(pk=job_id, kind=KIND).first()
    if job is None:
        return None
    order = Order.of(job.payload["order"])
    if not theirs(actor, order.client_id, order.party, order.recipient_id):
        return None
    found = Bundle(job, order, target_name(order))
    return replace(found, ended=none_ended(found.result.get("recordings", ())))


def bundles_for(actor: Actor, client_id: UUID, limit: int = 50) -> list[Bundle]:
    """A client's bundles that this actor may know of, newest first; three queries."""
    jobs = list(Job.objects.filter(kind=KIND, client_ref=client_id).order_by("-created_at")[: limit * 2])
    found = [(job, Order.of(job.payload["order"])) for job in jobs]
    mine = [
        (job, order)
        for job, order in found
        if theirs(actor, order.client_id, order.party, order.recipient_id)
    ][:limit]
    firms = dict(
        Recipient.objects.filter(
            pk__in={order.recipient_id for _, order in mine if order.recipient_id}
        ).values_list("pk", "firm")
    )
    ended = ended_of(client_id)
    return [
        shown(job, order, str(firms[order.recipient_id]) if order.recipient_id else "the client", ended)
        for job, order in mine
    ]


def shown(job: Job, order: Order, name: str, ended: Mapping[str, Refusal]) -> Bundle:
    """One of many bundles of a client. ``ended``: ``bundle_recordings.ended_of`` that client."""
    found = Bundle(job, order, name)
    return replace(found, ended=first_ended(found.result.get("recordings", ()), ended))


def download_bundle(
    *, actor: Actor, job_id: UUID, agent: str = "", begins: bool = True, looks: bool = False
) -> StoredFile | Refusal:
    """The bundle's file for streaming. ``begins``: False for the continuation of a broken download, which is no new entry
    if this person's download of it is on record; ``looks``: nothing of it is sent (HEAD), so nothing is recorded.

    A provider's bundle is refused once a single line of it may no longer leave; a new one then holds what still may. So is
    one with a recording that somebody heard in it has ended (R2).
    """
    found = bundle_for(actor, job_id)
    if found is None or found.job.state != "done":
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "bundle.download")) is not None:
        return refusal
    file = StoredFile.objects.select_related("unit").filter(pk=UUID(hex=found.result["file"])).first()
    if file is None:
        return refuse("not_found")
    order = found.order
    person = (
        RecipientPerson.objects.select_related("recipient").filter(pk=actor.id, left_at=None).first()
        if actor.kind == "provider"
        else None
    )
    if actor.kind == "provider" and person is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client: Client = deed.lock(order.client_id)
        why = still_all(order, client, found.result.get("lines", ()), deed.now, person) or none_ended(
            found.result.get("recordings", ())
        )
        if why is not None:
            return deed.refuse(why, subject=found.job.id, verb="bundle.download")
        # Whoever leaves out the first byte has the bundle too: only a download on record can be continued.
        if not looks and (begins or not recorded("bundle.downloaded", found.job.id, actor.id)):
            deed.record("bundle.downloaded", recipient=order.recipient_id, subjects=[found.job.id, file.id],
                        public={"recipient": found.name},
                        to_client={"manifest_digest": found.result["manifest_sha256"], "address": actor.address[:64], "agent": agent[:200]})  # fmt: skip
    return file


__all__ = ["Bundle", "Party", "bundle_for", "bundles_for", "download_bundle", "ended_of", "shown"]
