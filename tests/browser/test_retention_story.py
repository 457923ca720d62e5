# SPDX-License-Identifier: AGPL-3.0-or-later
"""A vendor's cloud is emptied by hand: Dan proposes and works, Jonah approves, Priya judges, the certificate is issued."""

from typing import Any

import pytest

from partwell.actions.retention.set_facts import SetFacts
from partwell.records.retention.models import BackupSet, Certificate, Deletion
from partwell.rules.keeping import Place
from partwell.sample import made
from tests.browser import axe
from tests.flows.deletion_cast import due_set, ledger_is_whole, people, work

pytestmark = pytest.mark.browser
NAME = "Cloud backups of Northwick"


def picture(title: str, line: str) -> dict[str, Any]:
    return {"name": "console.png", "mimeType": "image/png", "buffer": made.screen(title, [line])}


def do(page: Any, step: str, words: str, proof: dict[str, Any] | None = None) -> None:
    """Do the step of that name on the deletion's page; the next one that can be done stands open by itself."""
    row = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=step))
    if (
        not row.get_by_label("What you did and saw")
        .or_(row.get_by_label("What the vendor answered"))
        .first.is_visible()
    ):
        row.get_by_text("Do this step").click()
    row.get_by_label("What you did and saw").or_(row.get_by_label("What the vendor answered")).first.fill(
        words
    )
    if proof is not None:
        row.locator("input[type=file]").set_input_files(proof)
    with page.expect_navigation():
        row.get_by_role("button", name="This step is done").click()


def test_from_the_overview_to_the_certificate(sit: Any) -> None:
    c = people()
    due_set(c, SetFacts(
        name=NAME, location="Tarn Cloud Backup, Dublin", place=Place.VENDOR, whereabouts={"console": "Tarn console", "tenant": "northwick-prod"},
        contents="backup", copies=1, vendor="Tarn", vendor_window_days=30,
    ))  # fmt: skip
    dan, jonah, priya = sit(c.dan), sit(c.jonah), sit(c.priya)

    # Dan sees what is late, ticks it, and sees what proposing it comes to.
    dan.goto("/departures/")
    dan.get_by_role("navigation", name="Main", exact=True).get_by_role("link", name="Retention").click()
    dan.get_by_label(f"Select {NAME} of Northwick Traders").check()
    dan.get_by_role("button", name="See what proposing them comes to").click()
    dan.get_by_text("1 would be proposed, 0 would be refused").wait_for()
    dan.get_by_label("Why now").fill("Kept six months after the end of service.")
    dan.get_by_role("button", name="Propose this one").click()
    dan.get_by_role("link", name=NAME).click()
    dan.get_by_role("heading", name="A colleague approves it").wait_for()
    assert not dan.get_by_role("button", name="Approve the deletion").count()
    here = dan.url

    jonah.goto(here)
    jonah.get_by_role("button", name="Approve the deletion").click()
    jonah.get_by_text("Approved. Nothing is deleted before").wait_for()

    # The button wakes when the name is typed; before that the steps which delete are not offered.
    dan.goto(here)
    assert not axe.look(dan)
    do(
        dan,
        "Sign in at",
        "Signed in as dan.frey; tenant compared twice.",
        picture("Tarn console", "northwick-prod"),
    )
    start = dan.get_by_role("button", name="Begin to empty it")
    assert start.is_disabled() and dan.get_by_text("When somebody has begun the deletion.").count()
    dan.get_by_label("To go on, type").fill("Cloud backups")
    assert start.is_disabled()
    dan.get_by_label("To go on, type").fill(NAME)
    start.click()
    dan.get_by_role("heading", name="Work through the steps").wait_for()
    do(
        dan,
        "Delete the backups",
        "All 214 restore points deleted, schedules stopped.",
        picture("Tarn console", "0 restore points"),
    )
    do(dan, "Empty the recycle bin", "Emptied.", picture("Tarn console", "Recycle bin: empty"))
    do(dan, "Cancel the subscription", "It goes on for other clients.")
    dan.get_by_role("heading", name="Sign in again and look", exact=True).first.wait_for()
    assert Deletion.objects.get().state == "executed"

    # Priya looks again with eyes of her own, and the vendor answers.
    priya.goto(here)
    do(
        priya,
        "Sign in again and look",
        "Nothing of it is listed, bin included.",
        picture("Tarn console", "No backups"),
    )
    do(
        dan_at(dan, here),
        "Ask Tarn for a written confirmation",
        "Their letter of today.",
        picture("Tarn", "We deleted northwick-prod."),
    )
    assert not dan.get_by_role("link", name="Look at the outcome").count(), (
        "whoever emptied it does not judge it"
    )

    jonah.goto(here)
    jonah.get_by_role("link", name="Look at the outcome").click()
    assert jonah.get_by_role("link", name="console.png").count() == 5
    jonah.get_by_label("It is gone, as it says").check()
    jonah.get_by_label("In your words").fill("I looked at each picture and at the console.")
    jonah.get_by_role("button", name="Put it on record").click()
    jonah.get_by_role("button", name="Issue it now").click()
    jonah.get_by_text("Issued. The client gets it by mail.").wait_for()
    work()
    row = Certificate.objects.get()
    assert (
        row.letter_id is not None
        and Deletion.objects.get().vendor_confirmed
        and BackupSet.objects.get().gone_at is not None
    )
    jonah.goto(here)
    way = jonah.get_by_role("listitem").filter(has=jonah.locator("b"))
    for station, who in (
        ("Proposed", "Dan Frey"),
        ("Approved", "Jonah Reyes"),
        ("Started", "Dan Frey"),
        ("Validated", "Jonah Reyes"),
    ):
        assert who in way.filter(has_text=station).first.inner_text()
    jonah.get_by_role("link", name="Open the certificate").click()
    jonah.get_by_role("link", name="The certificate as PDF").wait_for()
    ledger_is_whole()


def dan_at(page: Any, address: str) -> Any:
    """The page, loaded anew."""
    page.goto(address)
    return page


def test_the_steps_work_without_javascript(sit: Any) -> None:
    c = people()
    row = due_set(
        c, SetFacts(name=NAME, location="Tarn", place=Place.VENDOR, whereabouts={"console": "Tarn"}, copies=1)
    )
    dan = sit(c.dan, javascript=False)
    dan.goto(f"/sets/{row.id}/")
    dan.get_by_role("link", name="Propose its deletion").click()
    dan.get_by_label("Why now").fill("Its time is over.")
    dan.get_by_role("button", name="Propose it").click()
    here = dan.url
    jonah = sit(c.jonah, javascript=False)
    jonah.goto(here)
    jonah.get_by_role("button", name="Approve the deletion").click()
    dan.goto(here)
    dan.get_by_label("To go on, type").fill("something else")
    dan.get_by_role("button", name="Begin to empty it").click()
    dan.get_by_text("was not typed as it is written").wait_for()
    dan.goto(here)
    do(dan, "Sign in at", "Signed in.", picture("Tarn", "Tenant"))
    dan.get_by_text("It was ticked by mistake").wait_for()
