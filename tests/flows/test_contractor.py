# SPDX-License-Identifier: AGPL-3.0-or-later
"""A contractor without any departure, from the screens: put on file, prepared, signed, called back, terms, release, receipt."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from partwell.actions.evidence.check import check_ledger
from partwell.actions.people import account_mail
from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson, TermsAcceptance
from partwell.records.correspondence.models import Envelope
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import AccountMail
from partwell.records.releases.models import Release, ReleaseLine
from partwell.workers.jobs import run_one
from tests.flows.browser_of import browser_of
from tests.flows.consent_cast import actor, consent_cast
from tests.flows.post_office import delivered

pytestmark = pytest.mark.both_databases


def words(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def came_in(email: str) -> Client:
    """A browser that asked for a link on the provider's page and followed it from the mail."""
    browser = Client(HTTP_USER_AGENT="a test's browser")
    assert browser.post("/provider/sign-in/", {"email": email}).status_code == 200
    mail = AccountMail.objects.get(to=email, state="queued")
    found = re.search(r"/in/[^/\s]+/", account_mail.body_of(mail)["text"])
    assert found is not None
    assert browser.get(found[0]).status_code == 200
    assert browser.post(found[0]).status_code == 302
    return browser


def test_a_contractor_receives_particular_things_without_a_departure() -> None:
    c = consent_cast(departing=False)
    ines, dan, mara = browser_of(c.staff.ines), browser_of(c.staff.dan), browser_of(actor(c.mara))
    client, diagram, process = c.client, c.items["diagram"], c.items["process"]
    here = f"/clients/{client.id}/consent/"

    # On file: that alone allows nothing, not even a way in.
    assert ines.post(f"{here}firms/", {"firm": "Cable & Sons", "kind": "contractor"}).status_code == 302
    firm = Recipient.objects.get(firm="Cable & Sons")
    assert ines.post(f"{here}firms/{firm.id}/people/", {"name": "Pat Low", "email": "pat@cable.example"}).status_code == 302  # fmt: skip
    pat = RecipientPerson.objects.get(name="Pat Low")
    Client().post("/provider/sign-in/", {"email": pat.email})
    assert not AccountMail.objects.filter(to=pat.email).exists()

    # Prepared for one item, looked at, and sent to the signatory.
    today = timezone.localdate()
    scope = {"signatory": c.mara.id.hex, "persons": [pat.id.hex], "items": [diagram.id.hex], "access": "full", "purpose": "New cabling",
             "starts_on": today.isoformat(), "ends_on": (today + timedelta(days=14)).isoformat()}  # fmt: skip
    form = f"{here}firms/{firm.id}/authorise/"
    assert "One item is in now" in ines.post(form, {**scope, "do": "look"}).content.decode()
    assert ines.post(form, {**scope, "do": "propose"}).status_code == 302
    row = Authorisation.objects.get(recipient=firm)
    assert (row.state, row.offboarding_id, row.shown_items) == ("proposed", None, [diagram.id.hex])

    # Read and signed in the portal; it acts once a second employee has called.
    assert "Cable" in words(mara, "/client/")
    assert "Network diagram, head office" in words(mara, f"/client/authorisations/{row.id}/")
    signed = mara.post(f"/client/authorisations/{row.id}/sign/", {"read": "on", "electronic": "on", "name": "Mara Ellery", "digest": row.text_digest})  # fmt: skip
    assert signed.status_code == 302
    row.refresh_from_db()
    assert row.state == "proposed" and row.signed_at is not None
    assert ines.post(f"/authorisations/{row.id}/call/", {"outcome": "yes"}).status_code == 409
    assert dan.post(f"/authorisations/{row.id}/call/", {"outcome": "yes", "note": "Knew the date."}).status_code == 302  # fmt: skip
    row.refresh_from_db()
    assert row.state == "granted"
    while run_one():
        pass
    copy = Envelope.objects.get(kind="authorisation_signed")
    assert [one["role"] for one in copy.recipients] == ["client", "second", "msp"]

    # Before the terms are accepted nothing goes.
    wizard = {"to": f"p:{pat.id}", "item": [str(diagram.id), str(process.id)], "way": "portal"}
    looked = dan.post(f"/clients/{client.id}/release/check/", wizard).content.decode()
    assert "Goes out at once" not in looked and "terms" in looked
    theirs = came_in(pat.email)
    assert theirs.get("/provider/").url == "/provider/terms/"  # type: ignore[attr-defined]
    page = words(theirs, "/provider/terms/")
    shown = re.search(r'name="shown" value="([0-9a-f]{64})"', page)
    assert shown is not None
    assert theirs.post("/provider/terms/", {"accept": "yes", "shown": shown[1]}).status_code == 302
    assert TermsAcceptance.objects.get(person=pat).event["firm"] == "Cable & Sons"

    # Released: the named item goes, what is outside the scope is the client's to decide.
    checked = dan.post(f"/clients/{client.id}/release/check/", wizard)
    said = checked.content.decode()
    assert "Goes out at once" in said and "is asked first" in said
    hidden: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', said):
        hidden.setdefault(name, []).append(value)
    assert dan.post(f"/clients/{client.id}/release/send/", hidden).status_code == 302
    release = Release.objects.get()
    assert release.offboarding_id is None and release.recipient_id == firm.id
    delivered(c.staff)  # type: ignore[arg-type]  # it asks for the client alone
    line = ReleaseLine.objects.get(item=diagram)
    assert (line.state, ReleaseLine.objects.get(item=process).state) == ("sent", "asked")
    announced = Envelope.objects.get(kind="release_announcement")
    assert announced.state == "accepted" and announced.recipients[0]["role"] == "client"

    # Fetched, confirmed; the client sees both.
    listed = words(theirs, "/provider/")
    assert "Network diagram, head office" in listed and "How the shop closes" not in listed
    file = theirs.get(f"/provider/lines/{line.id}/file/")
    assert b"".join(file.streaming_content).startswith(b"%PDF-1.7")  # type: ignore[attr-defined]
    assert theirs.post("/provider/answer/", {"confirm_one": str(line.id)}).status_code == 302
    seen = words(mara, f"/client/releases/{release.id}/")
    assert "Confirmed" in seen and "Pat Low" in seen
    assert not Offboarding.objects.exists() and client.state == "active"
    assert check_ledger().ok
