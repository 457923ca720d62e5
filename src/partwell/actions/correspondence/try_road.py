# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tries a mailbox: signs in and opens its folder, takes nothing, and says on the road what the server answered."""

from uuid import UUID

from partwell.actions.correspondence.road_secrets import forget_token
from partwell.actions.correspondence.roads import note_progress, place_of
from partwell.connectors.errors import ConnectorError
from partwell.connectors.imap import ImapBox, ImapRefused
from partwell.records.correspondence.models import Road
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse


def try_road(*, actor: Actor, road_id: UUID) -> Road | Refusal:
    """Try an IMAP road now; ``last_error`` of the row given is "" where it works, else a sentence without the secret."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "msp.configure")) is not None:
        return refusal
    road = Road.objects.filter(pk=road_id, kind="imap", removed_at=None).first()
    if road is None:
        return refuse("not_found")
    error, waiting = "", None
    try:
        with ImapBox(place_of(road)) as box:
            waiting = len(box.after(road.last_uid if road.uid_validity == box.validity else 0))
    except ImapRefused as problem:
        forget_token(road.id)
        error = str(problem)
    except ConnectorError as problem:
        error = str(problem)
    note_progress(road.id, error=error, waiting=waiting)
    road.refresh_from_db()
    return road
