# SPDX-License-Identifier: AGPL-3.0-or-later
"""A credential is tried, or it is said why it cannot be (R16). Tries are rows of their own: what was said stays."""

from collections.abc import Sequence
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.estate.change_item import name_of
from partwell.actions.estate.common import allowed, open_client, present_item
from partwell.records.estate.models import Item, Trial
from partwell.records.vault.models import Picture
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.roles import second_person
from partwell.rules.terms import ItemKind

RESULTS = {"worked": "it worked", "failed": "it did not work"}


def try_credential(
    *,
    actor: Actor,
    client_id: UUID,
    item_id: UUID,
    outcome: str,
    proof_id: UUID | None = None,
    reason: str = "",
) -> Trial | Refusal:
    """Record a try: ``worked`` (needs a picture of the same item as proof), ``failed``, or ``cannot_be_tried`` with a reason."""
    if refusal := allowed(actor, "credential.try"):
        return refusal
    reason = " ".join(reason.split())[:300]
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        item = present_item(client_id, item_id)
        if item is None or item.kind != ItemKind.CREDENTIAL:
            return refuse("not_found")
        proof = None
        if proof_id is not None:
            proof = (
                Picture.objects.select_related("file")
                .filter(pk=proof_id, client=client, subject_id=item.id)
                .first()
            )
            if proof is None:
                return refuse("not_found")
        if outcome == "worked" and proof is None:
            return refuse("credential_proof_missing", item=item.title)
        if outcome == "cannot_be_tried" and not reason:
            return refuse("untestable_reason_missing", item=item.title)
        if outcome not in (*RESULTS, "cannot_be_tried"):
            return refuse(
                "invalid_input", where="The outcome", problem="it worked, failed or cannot be tried"
            )
        trial = deed.add(
            Trial(
                item=item,
                outcome=outcome,
                tried_at=deed.now,
                tried_by=actor.id,
                tried_by_name=actor.name[:160],
                proof=proof,
                reason=reason,
            )
        )
        if outcome == "cannot_be_tried":
            deed.record(
                "credential.untestable",
                subjects=[item.id, trial.id],
                public={"item": name_of(item)},
                to_client={"reason": reason},
            )
        else:
            shown = {
                "tried_at": deed.now.isoformat(),
                "account": str(item.handover.get("account", "")),
                **({"proof_digest": proof.file.sha256} if proof else {}),
            }
            deed.record(
                "credential.tried",
                subjects=[item.id, trial.id],
                public={"item": name_of(item), "result": RESULTS[outcome]},
                to_client=shown,
            )
        return trial


def second_credential(*, actor: Actor, client_id: UUID, item_id: UUID) -> Trial | Refusal:
    """A second person agrees that the credential cannot be tried; never the first one (R15)."""
    if refusal := allowed(actor, "credential.second"):
        return refusal
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        item = present_item(client_id, item_id)
        trial = Trial.objects.filter(item_id=item_id).order_by("-tried_at").first()
        if item is None or trial is None:
            return refuse("not_found")
        if trial.outcome != "cannot_be_tried" or trial.second_person:
            return refuse("already_decided")
        if refusal := second_person(
            trial.tried_by.hex, actor.id.hex, actor.name, f"exception for “{item.title}”"
        ):
            return deed.refuse(refusal, subject=item.id, verb="credential.second")
        deed.save(trial, second_person=actor.id, second_person_name=actor.name[:160], seconded_at=deed.now)
        deed.record(
            "credential.second_person",
            subjects=[item.id, trial.id],
            public={"item": name_of(item)},
            to_client={"reason": trial.reason},
        )
        return trial


def label_untested(*, actor: Actor, client_id: UUID, item_ids: Sequence[UUID]) -> int | Refusal:
    """Label credentials untested, in batches; gives how many. A critical one cannot be only labelled (R16)."""
    if refusal := allowed(actor, "credential.try"):
        return refusal
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        found = list(
            Item.objects.present().filter(client=client, pk__in=list(item_ids), kind=ItemKind.CREDENTIAL)
        )
        if not found or len(found) != len(set(item_ids)):
            return refuse("not_found")
        for item in found:
            if item.critical:
                return deed.refuse(
                    refuse("credential_untested", item=item.title), subject=item.id, verb="credential.try"
                )
        rows = [item for item in found if not item.handover.get("untested")]
        if not rows:
            return 0
        for row in rows:
            row.handover = {**row.handover, "untested": True}
            row.version += 1
        deed.save_many(Item, rows, ["handover", "version"])
        deed.record(
            "credential.labelled_untested",
            subjects=[row.id for row in rows[:500]],
            public={"items": [name_of(row) for row in rows][:200]},
            to_client={"item_ids": [row.id.hex for row in rows[:500]]},
        )
        return len(rows)
