# SPDX-License-Identifier: AGPL-3.0-or-later
"""RFC 3834: what no person wrote says so in the header of the mail that leaves, once; what a person wrote does not."""

from email import message_from_bytes
from typing import Any

import pytest

from partwell.actions.base import Deed
from partwell.actions.correspondence import tell_staff
from partwell.actions.correspondence.outgoing import message_of
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.people import account_mail
from partwell.actions.people.configure import configure_msp
from partwell.actions.retention import office
from partwell.documents.mail_origin import ORIGIN
from partwell.records.correspondence.models import Envelope
from partwell.records.jobs.models import Job
from partwell.records.people.models import AccountMail
from partwell.rules.actor import SYSTEM
from tests.flows.cast import cast, done, sign

pytestmark = pytest.mark.usefixtures("db_world")


def header(envelope: Envelope) -> list[str]:
    return message_from_bytes(message_of(envelope)).get_all("Auto-Submitted", [])


def test_every_envelope_of_a_departure_says_what_its_kind_says() -> None:
    c = cast()
    done(configure_msp(actor=c.jonah, changes={"automatic_acknowledgement": True}))
    done(write_message(actor=c.theo, client_id=c.northwick.id, draft=Draft("Firewall", "Which model?")))
    sign(c)
    c.release("diagram")
    done(write_message(actor=c.ines, client_id=c.northwick.id, draft=Draft("Cutover", "Friday.", "all", c.recipient.id)))  # fmt: skip
    found = {one.kind: header(one) for one in Envelope.objects.all()}
    wanted: dict[str, Any] = {kind: [ORIGIN[kind].value] for kind in found}
    wanted |= {"message": [], "release_announcement": []}
    assert found == wanted
    assert {"held_question", "fixed_acknowledgement", "authorisation_request", "terms_invitation", "message", "release_announcement"} <= set(found)  # fmt: skip
    assert found["fixed_acknowledgement"] == ["auto-replied"] and found["terms_invitation"] == [
        "auto-generated"
    ]


def test_every_mail_apart_from_evidence_says_it_once() -> None:
    c = cast(items=False)
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        office.tell_office(deed, "x", title="An alarm", what="It came back.", next_step="Call.", path="/")
        deed.record("contact.address_failed", subjects=[c.mara.id], public={"contact": "Mara Ellery"})
    office.run(Job.objects.get(kind="mail.office"))
    account_mail.queue(
        "ines@harbourline.example", "Subject", "Text", headers=(("List-Unsubscribe", "<https://h.example/>"),)
    )
    account_mail.queue("ines@harbourline.example", "Subject", "Text", headers=tell_staff.HEADERS)
    said = [account_mail.body_of(one)["headers"] for one in AccountMail.objects.order_by("expires_at")]
    values = sorted([value for name, value in one if name == "Auto-Submitted"] for one in said)
    assert values == [["auto-generated"], ["auto-generated"], ["auto-replied"]]
