# SPDX-License-Identifier: AGPL-3.0-or-later
"""Erasing on the pages and over the API: proposed by one, approved by another with the name typed, seen by whom it concerns."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.people.set_up import actor_of
from partwell.actions.people.tokens import make_token
from partwell.records.clients.models import Client
from partwell.records.evidence.models import Disclosure, Entry, EntrySubject, ErasureRequest
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.models import StaffMember
from partwell.rules.actor import Actor
from partwell.rules.terms import ClientState
from partwell.workers import jobs
from tests.api.caller import Caller
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

NAME = "Northwick Traders"


def entry_of(c: Cast) -> Entry:
    about = EntrySubject.objects.filter(subject_ref=c.tom.id).values("entry_index")
    return Entry.objects.get(index__in=about, type="contact.added")


def words(browser: Browser, path: str) -> str:
    said = browser.get(path)
    assert said.status_code == 200, (path, said.status_code)
    return said.content.decode()


def left_long_ago(c: Cast) -> None:
    with Deed(c.jonah) as deed:
        deed.lock(c.northwick.id)
        end = timezone.now().date() - timedelta(days=3000)
        deed.save(
            Offboarding.objects.get(client=c.northwick),
            state="closed",
            end_of_service=end,
            closed_at=deed.now,
        )
        deed.save(Client.objects.get(pk=c.northwick.id), state=ClientState.INACTIVE)
        deed.record("client.changed", public={"what": "closed long ago"})


def test_from_the_entry_to_content_erased(db_world: World) -> None:
    c = cast()
    row = entry_of(c)
    ines, jonah, dan, leo = (browser_of(one) for one in (c.ines, c.jonah, c.dan, c.leo))
    page = words(ines, f"/evidence/{row.index}/")
    link = f"/clients/{c.northwick.id}/record/erase/?entries={row.index}"
    assert link in page and "record/erase" not in words(dan, f"/evidence/{row.index}/")
    assert f'value="{row.index}"' in words(ines, link)
    assert ines.post(link, {"entries": "twelve", "basis": "x"}).status_code == 422
    assert ines.post(link, {"entries": "999999", "basis": "He asked"}).status_code == 422
    assert ines.post(link, {"entries": str(row.index), "basis": "Tom asked, Art. 17"}).status_code == 302
    request = ErasureRequest.objects.get()
    here = f"/erasures/{request.id}/"
    assert "It waits for somebody else" in words(ines, here) and "Erase it for good" in words(jonah, here)
    assert dan.get(here).status_code == 409 and leo.get(f"/client{here}").status_code == 404
    assert "Declined" not in words(browser_of(c.tom), f"/client{here}")
    assert ines.post(f"{here}approve/", {"typed_name": NAME}).status_code == 409
    assert jonah.post(f"{here}approve/", {"typed_name": "northwick"}).status_code == 422
    assert jonah.post(f"{here}approve/", {"typed_name": NAME}).status_code == 302
    assert not Disclosure.objects.filter(entry_uid=row.uid).exists()
    page = words(jonah, f"/evidence/{row.index}/")
    assert "content erased on" in page and "Tom asked, Art. 17" in page and "Tom Okafor" not in page
    assert jonah.get(f"/evidence/{row.index}/disclosed/").status_code == 200
    assert "content erased on" in words(browser_of(c.mara), f"/client/evidence/{row.index}/")
    assert "What entry" in words(jonah, "/erasures/") and "What entry" in words(
        jonah, f"/clients/{c.northwick.id}/record/"
    )


def test_the_signatory_of_a_one_person_provider_agrees_in_the_portal(db_world: World) -> None:
    c = cast()
    with Deed(c.jonah) as deed:
        for person in StaffMember.objects.exclude(pk=c.jonah.id):
            deed.save(person, left_at=deed.now)
            deed.record("staff.left", public={"person": person.name})
    row = entry_of(c)
    jonah, mara, tom = (browser_of(one) for one in (c.jonah, c.mara, c.tom))
    jonah.post(f"/clients/{c.northwick.id}/record/erase/", {"entries": str(row.index), "basis": "Tom asked"})
    here = f"/client/erasures/{ErasureRequest.objects.get().id}/"
    assert "Agree, and erase it for good" in words(mara, here) and "Agree" not in words(tom, here)
    assert tom.post(f"{here}approve/", {"typed_name": NAME}).status_code == 409
    assert mara.post(f"{here}approve/", {"typed_name": NAME}).status_code == 302
    assert (
        "Erased" in words(mara, "/client/erasures/")
        and not Disclosure.objects.filter(entry_uid=row.uid).exists()
    )


def test_a_record_ends_on_the_pages_and_its_end_stays_readable(db_world: World) -> None:
    c = cast()
    ines, jonah = browser_of(c.ines), browser_of(c.jonah)
    record = f"/clients/{c.northwick.id}/record/"
    assert "begins to run when the client has left" in words(ines, record)
    assert ines.post(f"{record}end/").status_code == 409
    left_long_ago(c)
    assert record in words(ines, f"/clients/{c.northwick.id}/")
    assert "Propose that it goes" in words(ines, record)
    assert ines.post(f"{record}longer/", {"years": 5, "reason": "Less"}).status_code == 422
    assert ines.post(f"{record}end/").status_code == 302
    here = f"/erasures/{ErasureRequest.objects.get().id}/"
    assert jonah.post(f"{here}approve/", {"typed_name": NAME}).status_code == 302
    assert "It begins in a moment" in words(jonah, here)
    Job.objects.exclude(kind="record.end").update(state="done")
    assert jobs.run_one()
    page = words(jonah, here)
    assert "What went" in page and "Northwick" not in page
    assert ines.get(record).status_code == 404 and ines.get(f"/clients/{c.northwick.id}/").status_code == 404
    assert "content erased on" in words(jonah, "/evidence/?noun=contact")
    assert "Northwick" not in words(jonah, "/evidence/") and "The whole record" in words(jonah, "/erasures/")


def caller(actor: Actor) -> Caller:
    """A program with this person's token."""
    scopes = ["evidence:read", "evidence:write"]
    owner = StaffMember.objects.get(role="owner")
    return Caller(
        done(make_token(actor=actor_of(owner), staff_id=actor.id, name="erasing", scopes=scopes, days=9))[1]
    )


def said(answer: Any) -> Any:
    return json.loads(answer.content)


@pytest.mark.both_databases
def test_the_api_asks_the_same_two_people(db_world: World) -> None:
    c = cast()
    row = entry_of(c)
    ines, jonah = caller(c.ines), caller(c.jonah)
    assert said(ines.get(f"/clients/{c.northwick.id}/record"))["until"] is None
    asked = ines.post(f"/clients/{c.northwick.id}/erasures", {"basis": "Tom asked", "entries": [row.index]})
    assert asked.status_code == 201, asked.content
    here = f"/erasures/{said(asked)['id']}"
    assert said(ines.post(f"{here}/approve", {"client_name": NAME}))["code"] == "second_person_needed"
    assert said(jonah.post(f"{here}/approve", {"client_name": "Nobody"}))["code"] == "client_name_not_typed"
    told = jonah.post(f"{here}/approve", {"client_name": NAME})
    assert told.status_code == 200 and said(told)["finished_at"] and said(told)["decided_by"] == "Jonah Reyes"
    assert said(jonah.post(f"{here}/decline", {}))["code"] == "already_decided"
    assert [one["id"] for one in said(ines.get(f"/clients/{c.northwick.id}/erasures"))["items"]] == [
        said(asked)["id"]
    ]
    assert not Disclosure.objects.filter(entry_uid=row.uid).exists()
    left_long_ago(c)
    assert said(ines.get(f"/clients/{c.northwick.id}/record"))["due"] is True
    longer = ines.post(f"/clients/{c.northwick.id}/record/term", {"months": 600, "reason": "A long audit"})
    assert longer.status_code == 200 and said(longer)["due"] is False, longer.content
    ended = ines.post(f"/clients/{c.northwick.id}/record/end", {})
    assert said(ended)["code"] == "record_not_due"
