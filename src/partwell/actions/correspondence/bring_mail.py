# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail that staff bring in as a file (.eml): taken in as by any road, but nothing that it holds is sent for it (R1, R2)."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.conf import settings

from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.receive import LARGEST, take_in
from partwell.connectors.dns import Resolver
from partwell.importers.limits import MIB
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import InboundMail
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def bring_mail(*, actor: Actor, stream: IO[Any], client_id: UUID | None = None, resolver: Resolver | None = None) -> InboundMail | Refusal:  # fmt: skip
    """Take a mail in from a file. What staff wrote in it waits for that person; it may be one that is here already, which is then given.

    ``client_id``: whose it is where the mail itself does not say, by somebody who may settle that; else it belongs to nobody yet.
    """
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "mail.own")) is not None:
        return refusal
    if client_id is not None:
        if (refusal := roles.may(actor.role, "mail.settle")) is not None:
            return refusal
        if not Client.objects.filter(pk=client_id).exists():
            return refuse("not_found")
    with _kept(stream) as path:
        if path is None:
            return refuse(
                "invalid_input", where="The file", problem=f"it is empty, or larger than {LARGEST // MIB} MiB"
            )
        mail = take_in(path, road="upload", resolver=resolver, by=actor)
    if client_id is not None and mail.client_id is None and mail.state == "unmatched":
        return assign_mail(actor=actor, mail_id=mail.id, client_id=client_id)
    return mail


@contextlib.contextmanager
def _kept(stream: IO[Any]) -> Iterator[Path | None]:
    """The upload as a file in the home's tmp, or None where it is empty or too large; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mail-", dir=Path(settings.PARTWELL_HOME) / "tmp") as folder:
        path, size = Path(folder) / "mail.eml", 0
        with path.open("wb") as out:
            while piece := stream.read(MIB):
                size += len(piece)
                if size > LARGEST:
                    break
                out.write(piece)
        yield path if 0 < size <= LARGEST else None
