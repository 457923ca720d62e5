# SPDX-License-Identifier: AGPL-3.0-or-later
"""Harbourline IT, its owner and its staff; everybody joins by an invitation, as in life."""

import re
import secrets
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from partwell.actions.people import account_mail
from partwell.actions.people.set_up import MspPolicy, actor_of, set_up
from partwell.actions.people.staff import accept_invitation, invite_staff
from partwell.records.people.queries import account_mail_due
from partwell.rules.actor import Actor
from partwell.rules.terms import StaffRole
from partwell.sample.steps import House, done

_LINK = re.compile(r"/invited/([A-Za-z0-9_-]+)/")


def harbourline() -> House:
    """Set the MSP up, marked as sample. Passwords are random and told to nobody: in the sample one comes in by link."""
    owner = done(set_up(MspPolicy(
        name="Harbourline IT", email="desk@harbourline.example", legal_name="Harbourline IT Services Ltd",
        address="4 Tide Lane\nPort Estuary", phone="+44 20 5550 100", colour="#0f4f63", time_zone="Europe/London", currency="GBP",
        included_hours=Decimal(4), hourly_rate=Decimal(120), onboarding_fee=Decimal(2400)),
        owner_name="Jonah Reyes", owner_email="jonah@harbourline.example", owner_password=_password(), is_sample=True))  # fmt: skip
    jonah = actor_of(owner)
    until = timezone.localdate() + timedelta(days=90)
    return House(
        jonah=jonah,
        ines=_join(jonah, "Ines Duarte", StaffRole.ACCOUNT_MANAGER),
        dan=_join(jonah, "Dan Frey", StaffRole.TECHNICIAN),
        priya=_join(jonah, "Priya Nair", StaffRole.TECHNICIAN),
        kerstin=_join(jonah, "Kerstin Vogel", StaffRole.AUDITOR, until),
    )


def _password() -> str:
    return secrets.token_urlsafe(24)


def _join(jonah: Actor, name: str, role: StaffRole, until: date | None = None) -> Actor:
    """Invite somebody, read the invitation out of the mail on its way, and accept it."""
    email = f"{name.split()[0].lower()}@harbourline.example"
    done(invite_staff(actor=jonah, name=name, email=email, role=role, auditor_until=until))
    mail = next(one for one in account_mail_due(timezone.now(), 50) if one.to == email)
    found = _LINK.search(account_mail.body_of(mail)["text"])
    assert found is not None
    return actor_of(done(accept_invitation(token=found[1], name=name, password=_password())))
