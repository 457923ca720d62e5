# SPDX-License-Identifier: AGPL-3.0-or-later
"""The owner changes the MSP's name, look and policy; what stood before stays in the evidence."""

from decimal import Decimal
from typing import Any

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.records.people.models import Msp
from partwell.rules import reminders, roles
from partwell.rules.actor import Actor
from partwell.rules.dates import zone_known
from partwell.rules.refusals import Refusal, refuse

CHANGEABLE = {
    "name": "name",
    "legal_name": "legal name",
    "address": "address",
    "phone": "phone",
    "email": "mail address",
    "colour": "colour",
    "time_zone": "time zone",
    "currency": "currency",
    "included_hours": "included hours",
    "hourly_rate": "hourly rate",
    "block_hours": "block size",
    "retention_months": "retention",
    "onboarding_fee": "onboarding fee",
    "objection_days": "objection window",
    "automatic_acknowledgement": "automatic acknowledgement",
    "signature_reminders": "reminders of what waits for a signature",
}


def configure_msp(
    *, actor: Actor, changes: dict[str, Any], logo: bytes | None = None, logo_type: str = "image/png"
) -> Msp | Refusal:
    """Change the MSP's settings. ``changes``: fields of :data:`CHANGEABLE` with clean values; ``logo``: a decoded picture.

    Only what differs is written and recorded ("msp.configured" with before and after). Agreements made
    earlier keep their own terms.
    """
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "msp.configure")) is not None:
        return refusal
    if unknown := sorted(changes.keys() - CHANGEABLE.keys()):
        return refuse("invalid_input", where=unknown[0], problem="there is no such setting")
    if "time_zone" in changes and (refusal := zone_known(str(changes["time_zone"]))) is not None:
        return refusal
    kept = str(changes.get("signature_reminders", ""))
    if (refusal := reminders.problem(kept)) is not None:
        return refusal
    stored = None
    if logo is not None:
        stored = files.store(
            actor, logo, client_id=None, name="logo", media_type=logo_type, purpose="installation"
        )
    with Deed(actor) as deed:
        msp = Msp.objects.first()
        if msp is None:
            return refuse("setup_needed")
        new = {name: value for name, value in changes.items() if getattr(msp, name) != value}
        before = {name: _plain(getattr(msp, name)) for name in new}
        words = [CHANGEABLE[name] for name in new]
        if stored is not None:
            deed.add(stored)
            before["logo"] = msp.logo_id.hex if msp.logo_id else ""
            new["logo"] = stored
            words.append("logo")
        if not new:
            return msp
        deed.save(msp, **new)
        after = {name: _plain(value) for name, value in new.items() if name != "logo"}
        if stored is not None:
            after["logo"] = stored.sha256
        deed.record(
            "msp.configured",
            subjects=[msp.id],
            public={"what": words},
            internal={"before": before, "after": after},
        )
        return msp


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value
