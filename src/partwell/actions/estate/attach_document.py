# SPDX-License-Identifier: AGPL-3.0-or-later
"""Puts a file to an item: a new version of it; the files before stay in the vault and in the evidence (R4)."""

from typing import BinaryIO
from uuid import UUID

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.estate.change_item import name_of
from partwell.actions.estate.common import allowed, open_client, present_item
from partwell.actions.keys import CREDENTIALS, RECORD
from partwell.importers import mediatype
from partwell.records.estate.models import Item
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ItemKind

MOST = 4 * 1024**3


def attach_document(
    *, actor: Actor, client_id: UUID, item_id: UUID, name: str, stream: BinaryIO
) -> Item | Refusal:
    """Store ``stream`` (seekable) as the item's document and raise its version. A credential's file lies with the credentials."""
    if refusal := allowed(actor, "item.change"):
        return refusal
    item = present_item(client_id, item_id)
    if item is None:
        return refuse("not_found")
    size = stream.seek(0, 2)
    stream.seek(0)
    if not size:
        return refuse("file_unreadable", file=name, problem="it is empty.")
    if size > MOST:
        return refuse("file_too_large", file=name, limit="4 GiB")
    media, _ = mediatype.of_stream(stream)
    stream.seek(0)
    purpose = CREDENTIALS if item.kind == ItemKind.CREDENTIAL else RECORD
    file = files.store(
        actor,
        stream,
        client_id=client_id,
        name=name,
        media_type=media,
        purpose=purpose,
        internal=item.internal,
    )
    with Deed(actor) as deed:
        client = open_client(deed, client_id)
        if isinstance(client, Refusal):
            return client
        item = present_item(client_id, item_id)
        if item is None:
            return refuse("not_found")
        deed.add(file)
        deed.save(item, document=file, version=item.version + 1)
        shown = {"digest": file.sha256, "size": file.size, "media_type": file.media_type}
        deed.record(
            "file.stored",
            subjects=[item.id, file.id],
            public={"file": "a file" if item.internal else file.name, "subject": name_of(item)},
            to_client=shown,
        )
        return item
