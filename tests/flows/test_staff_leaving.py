# SPDX-License-Identifier: AGPL-3.0-or-later
"""Staff come by invitation, change, and leave: then everything of theirs ends at once."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.utils import timezone

from partwell.actions.people import staff
from partwell.actions.people.set_up import actor_of
from partwell.actions.people.tokens import actor_for_token, make_token
from partwell.records.evidence.models import Entry
from partwell.records.guard import permit
from partwell.records.people.models import StaffInvitation, StaffMember
from partwell.rules.refusals import Refusal
from partwell.rules.terms import StaffRole
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast
from tests.flows.signing_in import PASSWORD, links_in, mails_to, set_up_totp, sign_in

pytestmark = pytest.mark.both_databases
NEW = "noor@harbourline.example"


@pytest.fixture
def c(db_world: Any) -> Cast:
    cache.clear()
    return cast(items=False)


def invite(c: Cast, **changes: Any) -> str:
    values = {"actor": c.jonah, "name": "Noor Haddad", "email": NEW, "role": StaffRole.TECHNICIAN}
    done = staff.invite_staff(**{**values, **changes})
    assert not isinstance(done, Refusal), done
    return links_in(mails_to(done.email)[-1]["text"])[0]


def join(browser: Client, link: str) -> Any:
    return browser.post(link, {"person": "Noor Haddad", "password": PASSWORD, "again": PASSWORD})


def test_an_invitation_works_once_and_the_second_factor_comes_next(c: Cast) -> None:
    link = invite(c)
    assert link.startswith("/invited/")
    browser = Client()
    for _ in range(3):  # mail scanners follow links
        assert browser.get(link).status_code == 200
    assert join(browser, link).status_code == 302
    assert browser.get("/search/").headers["Location"] == "/account/2fa/"
    set_up_totp(browser)
    assert browser.get("/search/").status_code == 200
    again = Client().get(link)
    assert again.status_code == 409 and b"used or too old" in again.content
    assert join(Client(), link).status_code == 409
    row = StaffMember.objects.get(user__email=NEW)
    assert (row.name, row.role) == ("Noor Haddad", "technician")
    token = link.split("/")[2]
    assert token not in str(list(StaffInvitation.objects.values()))


def test_old_replaced_and_ended_invitations_are_dead(c: Cast) -> None:
    first, second = invite(c), invite(c)
    assert Client().get(first).status_code == 409 and Client().get(second).status_code == 200
    row = StaffInvitation.objects.get(revoked_at=None)
    assert browser_of(c.jonah).post(f"/settings/people/invitations/{row.id}/end/").status_code == 302
    assert Client().get(second).status_code == 409
    third = invite(c)
    with permit("deed"):
        StaffInvitation.objects.filter(revoked_at=None).update(expires_at=timezone.now())
    assert Client().get(third).status_code == 409
    assert not StaffMember.objects.filter(user__email=NEW).exists()


def test_only_owners_invite_and_an_auditor_needs_an_end(c: Cast) -> None:
    for who in (c.ines, c.dan, c.kerstin, c.mara, c.theo):
        refused = staff.invite_staff(actor=who, name="x", email=NEW, role=StaffRole.OWNER)
        assert isinstance(refused, Refusal)
    for until in (None, date(2020, 1, 1)):
        refused = staff.invite_staff(
            actor=c.jonah, name="x", email=NEW, role=StaffRole.AUDITOR, auditor_until=until
        )
        assert isinstance(refused, Refusal) and refused.code == "auditor_needs_end"
    refused = staff.invite_staff(
        actor=c.jonah, name="x", email="DAN@harbourline.example", role=StaffRole.OWNER
    )
    assert isinstance(refused, Refusal) and refused.code == "address_taken"


def test_who_leaves_loses_everything_at_once(c: Cast) -> None:
    link = invite(c)
    browser = Client()
    join(browser, link)
    set_up_totp(browser)
    noor = StaffMember.objects.select_related("user").get(user__email=NEW)
    made = make_token(actor=c.jonah, staff_id=noor.id, name="Script", scopes=["estate:read"], days=30)
    assert not isinstance(made, Refusal)
    other = browser_of(c.dan)
    assert browser.get("/search/").status_code == other.get("/search/").status_code == 200

    jonah = browser_of(c.jonah)
    page = f"/settings/people/{noor.id}/"
    assert jonah.post(f"{page}leave/", {"typed_name": "Noor"}).headers["Location"] == page
    assert browser.get("/search/").status_code == 200  # the name did not match
    assert jonah.post(f"{page}leave/", {"typed_name": "Noor Haddad"}).status_code == 302

    assert browser.get("/search/").headers["Location"].startswith("/account/login/")
    assert actor_for_token(made[1]) is None
    noor.user.refresh_from_db()
    assert not noor.user.is_active and not noor.user.has_usable_password()
    assert not Authenticator.objects.filter(user=noor.user).exists()
    assert sign_in(Client(), email=NEW).status_code == 200
    Client().post("/account/password/reset/", {"email": NEW})
    assert not [one for one in mails_to(NEW) if "/password/reset/key/" in one["text"]]
    assert other.get("/search/").status_code == 200
    assert Entry.objects.filter(type="staff.left").count() == 1
    # Twice is once.
    assert jonah.post(f"{page}leave/", {"typed_name": "Noor Haddad"}).status_code == 409


def test_what_they_were_named_for_is_listed(c: Cast) -> None:
    done = staff.staff_leaves(actor=c.jonah, staff_id=c.ines.id)
    assert not isinstance(done, Refusal)
    named = {(one.what, one.name) for one in done[1]}
    assert ("offboarding", "Northwick Traders") in named
    page = browser_of(c.jonah).get(f"/settings/people/{c.ines.id}/")
    assert b"Give these to somebody else" in page.content and b"Northwick Traders" in page.content


def test_the_last_owner_stays(c: Cast) -> None:
    for done in (
        staff.staff_leaves(actor=c.jonah, staff_id=c.jonah.id),
        staff.change_staff(actor=c.jonah, staff_id=c.jonah.id, role=StaffRole.TECHNICIAN),
    ):
        assert isinstance(done, Refusal) and done.code == "last_owner"
    assert not isinstance(
        staff.change_staff(actor=c.jonah, staff_id=c.ines.id, role=StaffRole.OWNER), Refusal
    )
    assert not isinstance(staff.staff_leaves(actor=c.jonah, staff_id=c.jonah.id), Refusal)


def test_two_owners_cannot_make_each_other_the_last_at_once(c: Cast) -> None:
    done = staff.change_staff(actor=c.jonah, staff_id=c.ines.id, role=StaffRole.OWNER)
    assert not isinstance(done, Refusal)
    ines = actor_of(done)
    results: list[Any] = []
    start = threading.Barrier(2)

    def go(actor: Any, target: Any) -> None:
        try:
            start.wait(10)
            results.append(staff.staff_leaves(actor=actor, staff_id=target.id))
        except Exception as problem:
            results.append(problem)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go, args=pair) for pair in ((c.jonah, ines), (ines, c.jonah))]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert StaffMember.objects.filter(role="owner", left_at=None).count() == 1, results
    assert [one.code for one in results if isinstance(one, Refusal)] == ["last_owner"], results


def test_an_auditors_time_ends_in_the_middle_of_a_session(c: Cast) -> None:
    browser = browser_of(c.kerstin)
    assert browser.get("/search/").status_code == 200
    yesterday = timezone.now().date() - timedelta(days=2)
    for until in (yesterday, None):
        with permit("deed"):
            StaffMember.objects.filter(pk=c.kerstin.id).update(auditor_until=until)
        assert browser.get("/search/").headers["Location"].startswith("/account/login/")


def test_settings_keep_what_stood_before(c: Cast) -> None:
    browser = browser_of(c.jonah)
    page = browser.get("/settings/")
    form = {
        name: value
        for name, value in page.context["form"].initial.items()
        if value is not None and value is not False
    }
    done = browser.post("/settings/", {**form, "hourly_rate": "155", "automatic_acknowledgement": "on"})
    assert done.status_code == 302, done.context["form"].errors
    entry = Entry.objects.get(type="msp.configured")
    said = browser.get("/evidence/")
    assert entry and b"hourly rate" in said.content
    assert (
        browser.post(
            "/settings/", {**form, "hourly_rate": "155", "automatic_acknowledgement": "on"}
        ).status_code
        == 302
    )
    assert Entry.objects.filter(type="msp.configured").count() == 1  # nothing differed
    assert browser_of(c.ines).get("/settings/").status_code == 409
