# SPDX-License-Identifier: AGPL-3.0-or-later
"""Secrets in and out of the vault (R16): sealed under the client's credentials unit, never in a log or an entry."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.estate.change_item import name_of
from partwell.actions.estate.common import allowed, open_client, present_item
from partwell.actions.keys import CREDENTIALS, open_unit, unit_for
from partwell.connectors.secret import Secret
from partwell.records.estate.models import Item
from partwell.records.vault.models import SealedValue
from partwell.rules import lifecycle
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse

FIELDS = ("password", "otp", "key", "notes")
MOST = 64 * 1024
PLACE = "vault.SealedValue"


def store_secret(
    *, actor: Actor, client_id: UUID, item_id: UUID, field: str, value: Secret
) -> Item | Refusal:
    """Seal one secret of an item (password, otp, key or notes), replacing the one before; the item's version grows."""
    if refusal := allowed(actor, "credential.change"):
        return refusal
    if field not in FIELDS:
        return refuse(
            "invalid_input", where="The kind of secret", problem=f"it is one of {', '.join(FIELDS)}"
        )
    plain = value.reveal().encode()
    if not plain:
        return refuse("required", where="The secret")
    if len(plain) > MOST:
        return refuse(
            "invalid_input", where="The secret", problem="it is longer than 64 KiB; attach it as a document"
        )
    if present_item(client_id, item_id) is None:
        return refuse("not_found")
    unit = unit_for(actor, client_id, CREDENTIALS)
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        item = present_item(client_id, item_id)
        if item is None:
            return refuse("not_found")
        sealed = unit.seal(PLACE, item.id, field, plain)
        row = SealedValue.objects.filter(subject_id=item.id, field=field).first()
        if row is None:
            deed.add(
                SealedValue(
                    client=client, unit_id=unit.id, subject_id=item.id, field=field, ciphertext=sealed
                )
            )
        else:
            deed.save(row, ciphertext=sealed, unit_id=unit.id, purged_at=None)
        deed.save(
            item,
            secret_fields=sorted({*item.secret_fields, field}),
            version=item.version + 1,
            copy_purged_at=None,
        )
        shown = {
            "account": _account(item),
            "privilege": str(item.handover.get("privilege", "")),
            "critical": item.critical,
        }
        deed.record(
            "credential.stored",
            subjects=[item.id],
            public={"item": name_of(item)},
            to_client={} if item.internal else shown,
        )
        return item


def see_secret(*, actor: Actor, client_id: UUID, item_id: UUID, field: str, purpose: str) -> Secret | Refusal:
    """The secret itself, after saying why; the looking is recorded before it is shown."""
    if refusal := allowed(actor, "credential.see"):
        return refusal
    purpose = " ".join(purpose.split())[:300]
    if not purpose:
        return refuse("sensitive_purpose_missing")
    item = present_item(client_id, item_id)
    row = (
        SealedValue.objects.select_related("unit")
        .filter(subject_id=item_id, client_id=client_id, field=field)
        .first()
    )
    if item is None or row is None:
        return refuse("not_found")
    if row.ciphertext is None:
        return refuse("secret_purged")
    plain = open_unit(row.unit).open(PLACE, row.subject_id, field, bytes(row.ciphertext))
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        # Nobody looks up a former client's passwords: whose they were has them, or has waived them (R16).
        if (gone := lifecycle.may_work_on(client.state, client.name, "credential.see")) is not None:
            return deed.refuse(gone, subject=item.id, verb="credential.see")
        deed.record(
            "credential.seen",
            subjects=[item.id],
            public={"item": name_of(item)},
            to_client={} if item.internal else {"purpose": purpose},
        )
    return Secret(plain.decode("utf-8", "replace"))


def purge_copy(*, actor: Actor, client_id: UUID, item_id: UUID) -> Item | Refusal:
    """Purge the MSP's copy of an item's secrets; the row stays, without its content (R16).

    Refused while the client has not received it: the only copy of what the client owns is not destroyed (R6).
    """
    if refusal := allowed(actor, "credential.purge"):
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        item = present_item(client_id, item_id)
        if item is None:
            return refuse("not_found")
        if item.copy_purged_at:
            return refuse("secret_purged")
        handed = item.release_lines.filter(state="sent").exclude(opened_at=None, answer="").exists()
        if not handed:
            return deed.refuse(refuse("only_copy", item=item.title), subject=item.id, verb="credential.purge")
        purge_values(deed, [item.id])
        deed.save(item, copy_purged_at=deed.now)
        deed.record(
            "credential.purged",
            client=client.id,
            subjects=[item.id],
            public={"item": name_of(item)},
            to_client={"store": "Partwell's vault"},
        )
        return item


def purge_values(deed: Deed, item_ids: list[UUID]) -> int:
    """Within a deed: empty the sealed values of these items; gives how many there were."""
    count = 0
    for start in range(0, len(item_ids), 500):
        rows = list(
            SealedValue.objects.filter(subject_id__in=item_ids[start : start + 500]).exclude(ciphertext=None)
        )
        for row in rows:
            row.ciphertext, row.purged_at = None, deed.now
        deed.save_many(SealedValue, rows, ["ciphertext", "purged_at"])
        count += len(rows)
    return count


def _account(item: Item) -> str:
    return str(
        item.handover.get("account") or item.details.get("Username") or item.details.get("username") or ""
    )
