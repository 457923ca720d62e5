# SPDX-License-Identifier: AGPL-3.0-or-later
"""A place where the client's things stand."""

from uuid import UUID

from partwell.actions.base import Deed
from partwell.records.clients.models import Client, Site
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def add_site(
    *, actor: Actor, client_id: UUID, name: str, address: str = "", note: str = ""
) -> Site | Refusal:
    """Add a site to a client; a name that the client has already is refused."""
    if (refusal := roles.may(actor.role, "site.change")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if not name.strip():
        return refuse("required", where="The site's name")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if client.state == "inactive":
            return deed.refuse(
                refuse("client_inactive", client=client.name), subject=client.id, verb="site.change"
            )
        if client.sites.filter(name__iexact=name.strip(), removed_at=None).exists():
            return deed.refuse(
                refuse("duplicate", what=f"The site {name.strip()}"), subject=client.id, verb="site.change"
            )
        row = deed.add(
            Site(client=client, name=name.strip()[:160], address=address.strip(), note=note.strip()[:300])
        )
        deed.record(
            "site.added", subjects=[row.id], public={"site": row.name}, to_client={"address": row.address}
        )
        return row
