# SPDX-License-Identifier: AGPL-3.0-or-later
"""The channel apart from evidence (sign-in, invitations, digests) is no way round the client to a new provider (R1, R2)."""

import pytest
from django.test import Client as Browser

from partwell.actions.authorisations.recipients import add_person, person_left
from partwell.actions.correspondence.digests import choose_digest, send_digests
from partwell.actions.correspondence.feeds import make_feed
from partwell.actions.people import account_mail
from partwell.actions.people.enter import ask_for_link
from partwell.actions.people.staff import invite_staff
from partwell.records.people.models import AccountMail
from partwell.rules.refusals import Refusal
from partwell.rules.terms import StaffRole
from partwell.workers import relay
from tests.connectors.bad_smtp import Script, serving
from tests.flows.cast import cast, done
from tests.hostile.test_mail_doors import THEO, smtp

pytestmark = pytest.mark.django_db


def to_theo() -> int:
    return AccountMail.objects.filter(to__iexact=THEO).count()


def test_no_account_mail_reaches_a_provider_before_consent() -> None:
    """Sign-in, password reset, invitation, digest, calendar: each door, asked with Theo's address."""
    c = cast(items=False)
    assert ask_for_link("provider", THEO, address="192.0.2.9") == 0
    for kind in ("client", "staff", "system"):
        assert ask_for_link(kind, THEO, address="192.0.2.9") == 0
    browser = Browser()
    for url, form in (
        ("/account/password/reset/", {"email": THEO}),
        ("/provider/sign-in/", {"email": THEO}),
        ("/client/sign-in/", {"email": THEO}),
    ):
        assert browser.post(url, form).status_code in (200, 302), url
    for actor in (c.theo, c.sunniva):
        assert isinstance(choose_digest(actor=actor, rhythm="daily"), Refusal)
        assert isinstance(make_feed(actor=actor), Refusal)
    send_digests()
    assert to_theo() == 0


@pytest.mark.parametrize("address", [THEO, "THEO@alderrow.example", "theo+staff@alderrow.example"])
def test_a_provider_is_not_invited_as_one_of_us(address: str) -> None:
    """As staff it would be mailed without the client, and read everything."""
    c = cast(items=False)
    refused = invite_staff(actor=c.jonah, name="Theo", email=address, role=StaffRole.TECHNICIAN)
    assert isinstance(refused, Refusal) and refused.code == "address_of_recipient" and to_theo() == 0
    done(person_left(actor=c.ines, person_id=c.theo.id))
    done(invite_staff(actor=c.jonah, name="Theo", email=address, role=StaffRole.TECHNICIAN))


@pytest.mark.parametrize("address", ["priya@harbourline.example", "Desk+x@harbourline.example"])
def test_one_of_us_is_no_persons_of_a_provider(address: str) -> None:
    c = cast(items=False)
    refused = add_person(actor=c.ines, recipient_id=c.recipient.id, name="P", email=address)
    assert isinstance(refused, Refusal) and refused.code == "address_taken"


def test_a_queued_account_mail_cannot_be_turned_to_somebody_else() -> None:
    """The table of sign-in mail is written outside actions; its words are sealed together with whom they are for."""
    cast(items=False)
    account_mail.queue("jonah@harbourline.example", "Your digest", "All of Northwick's dates.")
    AccountMail.objects.filter(to="jonah@harbourline.example").update(to=THEO)
    account_mail.queue("ines@harbourline.example", "Your digest", "Hers.")
    with serving(Script()) as script:
        relay.deliver_account_mail(smtp(script))
    assert len(script.messages) == 1 and THEO not in " ".join(script.said)
    row = AccountMail.objects.get(to=THEO)
    assert row.state == "refused" and row.sealed_body is None
