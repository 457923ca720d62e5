# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking for a handover bundle: checked at once as far as it can be, built by a job, one at a time for each target."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from partwell.actions.base import Deed
from partwell.actions.offboardings.standing import ledger_whole
from partwell.actions.releases.build_bundle import target_name
from partwell.actions.releases.bundle_scope import Order
from partwell.actions.releases.standing import standing_of
from partwell.connectors.age import check_recipient
from partwell.connectors.errors import RecipientInvalid
from partwell.records.authorisations.models import Recipient
from partwell.records.clients.models import Client
from partwell.records.jobs.models import Job
from partwell.records.releases.models import ReleaseLine
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Category, Party

KIND = "bundle.build"


def theirs(actor: Actor, client_id: UUID, party: Party, recipient_id: UUID | None) -> bool:
    """Whether this bundle is the actor's to ask for and to have: staff's for all, a client's and a provider's for themselves."""
    if actor.is_staff:
        return True
    if actor.client_id != client_id:
        return False
    if actor.kind == "client":
        return party is Party.CLIENT
    return (
        actor.kind == "provider"
        and party is Party.PROVIDER
        and recipient_id is not None
        and actor.recipient_id == recipient_id
    )


def _may_have_secrets(actor: Actor) -> Refusal | None:
    """Whoever asks names the key, so whoever asks for secrets may read them (R16): their recipient, or staff who may
    see a credential. Never a token: no answer of the API carries a secret, encrypted to the caller's own key or not."""
    if actor.strength == "token":
        return refuse(
            "invalid_input",
            where="credentials",
            problem="a person asks for them, in a portal or on the staff's page",
        )
    return roles.may(actor.role, "credential.see" if actor.is_staff else "credential.receive")


def request_bundle(
    *,
    actor: Actor,
    client_id: UUID,
    to: Party,
    recipient_id: UUID | None = None,
    categories: Sequence[str] = (),
    correspondence: bool = True,
    credentials: bool = False,
    age: Sequence[str] = (),
    only: str = "",
) -> Job | Refusal:
    """Queue the building of a bundle; gives its job, or the one that is under way for the same target.

    ``only``: "correspondence" for what was said and nothing else. ``age``: age public keys to encrypt to; needed where ``credentials`` go in (R16). To a new provider only what
    was released to it and whose consent stands (R1); that is asked again when it is built and when it is fetched.
    """
    if not theirs(actor, client_id, to, recipient_id):
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "bundle.request")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if to is Party.CLIENT:
        recipient_id = None
    elif recipient_id is None or not Recipient.objects.filter(pk=recipient_id, client_id=client_id).exists():
        return refuse("not_found")
    try:
        keys = tuple(check_recipient(one) for one in age if one.strip())
    except RecipientInvalid as error:
        return refuse("invalid_input", where="The age key", problem=str(error).rstrip("."))
    if credentials and (refusal := _may_have_secrets(actor)) is not None:
        return refusal
    if credentials and not keys:
        return refuse("bundle_with_secrets_needs_key")
    if unknown := sorted(set(categories) - set(Category)):
        return refuse("invalid_input", where="The categories", problem=f"there is none called {unknown[0]}")
    if only not in ("", "correspondence"):
        return refuse("invalid_input", where="What", problem="it is everything or correspondence")
    if only and (categories or credentials):
        return refuse(
            "invalid_input",
            where="What",
            problem="neither categories nor credentials are part of what was said",
        )
    order = Order(
        client_id, to, recipient_id, tuple(categories), correspondence or bool(only), credentials, keys, only
    )
    if not ledger_whole():  # what is proved by it would not hold; nor can this refusal be recorded in it
        return refuse("ledger_not_healthy", problem="entries are missing at its end or in it.")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        running = Job.objects.filter(
            kind=KIND, client_ref=client_id, recipient_ref=recipient_id, state__in=("queued", "running")
        )
        for job in running.order_by("created_at"):
            if job.payload.get("order") == order.payload():
                return job
        if to is Party.PROVIDER and recipient_id is not None:
            found = standing_of(recipient_id, actor.id if actor.kind == "provider" else None, deed.now)
            if found.refusal is not None:
                return deed.refuse(found.refusal, subject=recipient_id, verb="bundle.request")
            if (
                not only
                and not ReleaseLine.objects.filter(
                    release__client=client, release__recipient_id=recipient_id, state="sent"
                ).exists()
            ):
                return deed.refuse(
                    refuse("bundle_empty", recipient=target_name(order)),
                    subject=recipient_id,
                    verb="bundle.request",
                )
        job = deed.job(
            KIND,
            f"bundle:{uuid4().hex}",
            client=client_id,
            recipient=recipient_id,
            order=order.payload(),
        )
        deed.record("bundle.requested", recipient=recipient_id, subjects=[job.id], public={"recipient": target_name(order)},
                    to_client={"scope": "what was said" if only else ", ".join(categories) or "everything", "encrypted": bool(keys), "credentials": credentials,
                               "keys": list(keys)})  # fmt: skip
        return job
