# SPDX-License-Identifier: AGPL-3.0-or-later
"""What R3 and R16 ask of an item before it leaves: handover record, secrets (write only), trials."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.estate.record_handover import record_handover
from partwell.actions.estate.secrets import purge_copy, store_secret
from partwell.actions.estate.try_credential import label_untested, second_credential, try_credential
from partwell.connectors.secret import Secret
from partwell.entrypoints.api.endpoints.common import actor_of, found
from partwell.entrypoints.api.endpoints.estate import ItemShown, shown
from partwell.entrypoints.api.fields import Done, Flag, Given, Line, PathId, Ref, SecretText, Shown
from partwell.entrypoints.api.operation import operation
from partwell.records.estate.queries import item_of, trials_of
from partwell.rules.refusals import Refusal

router = Router()


class HandoverGiven(Given):
    """Which fields an item takes depends on its kind; others are refused. Never a secret."""

    serial: Line | None = None
    condition: Line | None = None
    title: Literal["", "passed", "retained"] | None = None
    location: Line | None = None
    licence_key: Flag | None = None
    has_no_key: Flag | None = None
    transfer_confirmed: Flag | None = None
    confirmation: Line | None = None
    manifest: Line | None = None
    in_place_confirmed: Flag | None = None
    account: Line | None = None
    privilege: Line | None = None
    system: Line | None = None
    mfa: Line | None = None
    named_role: Line | None = None
    clients_account: Flag | None = None


class SecretGiven(Given):
    field: Literal["password", "otp", "key", "notes"]
    value: SecretText = Field(repr=False)


class TrialShown(Shown):
    id: UUID
    outcome: str
    tried_at: datetime
    tried_by_name: str
    proof_id: UUID | None
    reason: str
    second_person_name: str
    seconded_at: datetime | None


class Trials(Shown):
    items: list[TrialShown]


class TrialGiven(Given):
    outcome: Literal["worked", "failed", "cannot_be_tried"]
    proof_id: Ref | None = Field(None, description="A picture of the same item; needed for “worked”.")
    reason: Line = ""


class Untested(Given):
    item_ids: Annotated[list[Ref], Field(min_length=1, max_length=2000)]


@operation(
    router,
    "PATCH",
    "/clients/{client_id}/items/{item_id}/handover",
    scope="estate:write",
    verb="item.change",
    response=ItemShown,
)
def patch_handover(
    request: HttpRequest, client_id: PathId, item_id: PathId, body: HandoverGiven
) -> ItemShown | Refusal:
    """Record what R3 asks of this kind of item: serial and condition, transfer, manifest, role of a named account."""
    fields: dict[str, Any] = body.model_dump(exclude_none=True)
    return shown(
        client_id, record_handover(actor=actor_of(request), client_id=client_id, item_id=item_id, **fields)
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/{item_id}/secrets",
    scope="estate:write",
    verb="credential.change",
    response=ItemShown,
)
def post_secret(
    request: HttpRequest, client_id: PathId, item_id: PathId, body: SecretGiven
) -> ItemShown | Refusal:
    """Store a secret of an item; nothing here ever gives it back (R16).

    The request is remembered for its Idempotency-Key as a keyed digest only.
    """
    return shown(
        client_id,
        store_secret(
            actor=actor_of(request),
            client_id=client_id,
            item_id=item_id,
            field=body.field,
            value=Secret(body.value),
        ),
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/{item_id}/purge",
    scope="estate:write",
    verb="credential.purge",
    response=ItemShown,
)
def post_purge(request: HttpRequest, client_id: PathId, item_id: PathId) -> ItemShown | Refusal:
    """Purge the MSP's copy of an item's secrets; refused while it is the only one (R6)."""
    return shown(client_id, purge_copy(actor=actor_of(request), client_id=client_id, item_id=item_id))


@operation(
    router,
    "GET",
    "/clients/{client_id}/items/{item_id}/trials",
    scope="estate:read",
    verb="estate.read",
    response=Trials,
)
def list_trials(request: HttpRequest, client_id: PathId, item_id: PathId) -> Trials:
    """Every try of a credential, newest first."""
    item = found(item_of(client_id, item_id))
    return Trials(items=[TrialShown.model_validate(row) for row in trials_of(item.id)])


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/{item_id}/trials",
    scope="estate:write",
    verb="credential.try",
    response=TrialShown,
    status=201,
)
def post_trial(
    request: HttpRequest, client_id: PathId, item_id: PathId, body: TrialGiven
) -> TrialShown | Refusal:
    """Record a try of a credential, with its proof, or why it cannot be tried (R16)."""
    row = try_credential(actor=actor_of(request), client_id=client_id, item_id=item_id, **body.model_dump())
    return row if isinstance(row, Refusal) else TrialShown.model_validate(row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/{item_id}/trials/second",
    scope="estate:write",
    verb="credential.second",
    response=TrialShown,
)
def post_second(request: HttpRequest, client_id: PathId, item_id: PathId) -> TrialShown | Refusal:
    """Agree, as a second person, that a credential cannot be tried (R15: nobody approves their own)."""
    row = second_credential(actor=actor_of(request), client_id=client_id, item_id=item_id)
    return row if isinstance(row, Refusal) else TrialShown.model_validate(row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/items/untested",
    scope="estate:write",
    verb="credential.try",
    response=Done,
)
def post_untested(request: HttpRequest, client_id: PathId, body: Untested) -> Done | Refusal:
    """Label credentials as untested, in one batch; a critical one cannot be (R16)."""
    count = label_untested(actor=actor_of(request), client_id=client_id, item_ids=body.item_ids)
    return count if isinstance(count, Refusal) else Done(count=count)
