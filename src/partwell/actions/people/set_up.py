# SPDX-License-Identifier: AGPL-3.0-or-later
"""The first visitor sets up the MSP and the first owner; it happens once."""

from dataclasses import dataclass
from decimal import Decimal

from allauth.account.models import EmailAddress
from django.db import IntegrityError

from partwell.actions.base import Deed
from partwell.actions.evidence.log import make_checkpoint, open_log
from partwell.actions.keys import INSTALLATION, unit_for
from partwell.records.people.models import Msp, StaffMember, User
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.dates import zone_known
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import StaffRole


@dataclass(frozen=True)
class MspPolicy:
    """What the first visitor gives: the MSP's name and look, and defaults for agreements (hours, money in ``currency``)."""

    name: str
    email: str
    legal_name: str = ""
    address: str = ""
    phone: str = ""
    colour: str = "#0f4f63"
    time_zone: str = "Europe/Berlin"
    currency: str = "EUR"
    included_hours: Decimal = Decimal(4)
    hourly_rate: Decimal = Decimal(140)
    block_hours: Decimal = Decimal(2)
    retention_months: int = 6
    onboarding_fee: Decimal = Decimal(0)
    objection_days: int = 14


def set_up(
    policy: MspPolicy,
    *,
    owner_name: str,
    owner_email: str,
    owner_password: str | None,
    is_sample: bool = False,
) -> StaffMember | Refusal:
    """Open the ledger, record the MSP and its first owner; ``setup_done`` if it happened before.

    The owner's address counts as verified: allauth refuses a second factor before that, and the first
    visitor has the installation's console anyway.
    """
    if Msp.objects.exists():
        return refuse("setup_done")
    if (refusal := zone_known(policy.time_zone)) is not None:
        return refusal
    try:
        owner = _set_up(policy, owner_name, owner_email, owner_password, is_sample)
    except IntegrityError:
        # Two first visitors at the same moment: "one" is unique, and the second finds the house taken.
        if not Msp.objects.exists():
            raise
        return refuse("setup_done")
    if isinstance(owner, StaffMember):
        # Sealing is asked for inside allauth's transactions, where no deed can make the unit any more.
        unit_for(SYSTEM, None, INSTALLATION)
        make_checkpoint()
    return owner


def _set_up(
    policy: MspPolicy, owner_name: str, owner_email: str, owner_password: str | None, is_sample: bool
) -> StaffMember | Refusal:
    try:
        state = open_log()
    except IntegrityError:  # the other first visitor opened it a moment ago
        state = open_log()
    with Deed(SYSTEM) as deed:
        if Msp.objects.exists():
            return refuse("setup_done")
        deed.record(
            "ledger.opened", public={"actor": owner_name, "origin": state.origin, "verifier_key": state.vkey}
        )
        msp = deed.add(Msp(**vars(policy), is_sample=is_sample))
        deed.record("msp.set_up", public={"actor": owner_name, "msp": msp.name}, subjects=[msp.id])
        user = new_user(owner_email, owner_password)
        owner = deed.add(StaffMember(user=user, name=owner_name, role=StaffRole.OWNER, joined_at=deed.now))
        deed.record(
            "staff.joined",
            public={"actor": owner_name, "person": owner_name, "role": owner.role},
            subjects=[owner.id],
        )
        return owner


def new_user(email: str, password: str | None) -> User:
    """A sign-in account with a verified address (within a deed); no password means sign-in by link or passkey only."""
    user = User.objects.create_user(email, password)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def actor_of(staff: StaffMember, *, door: str = "staff", strength: str = "mfa", address: str = "") -> Actor:
    """The actor for a staff member."""
    return Actor(
        kind="staff",
        id=staff.id,
        name=staff.name,
        role=staff.role,
        door=door,
        strength=strength,  # type: ignore[arg-type]  # sessions keep it as text
        address=address,
    )
