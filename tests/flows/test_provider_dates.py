# SPDX-License-Identifier: AGPL-3.0-or-later
"""R8: the new provider asks to move a date in its portal, the client decides; and each blocker's link says what it leads to."""

from datetime import timedelta

import pytest

from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.records.offboardings.models import DateChange, Offboarding
from tests.flows.browser_of import browser_of
from tests.flows.cast import cast, done

pytestmark = pytest.mark.both_databases


def test_a_new_provider_looks_at_what_moves_and_asks() -> None:
    c = cast(signed=True, items=False)
    theo = browser_of(c.theo)
    row = Offboarding.objects.get(client=c.northwick)
    day = (row.end_of_service + timedelta(days=14)).isoformat()
    assert b"/provider/dates/" in theo.get("/provider/messages/").content
    shown = theo.get("/provider/dates/", {"effective_on": day, "reason": "Our line comes later"})
    assert shown.status_code == 200 and b"Ask for this" in shown.content and b"Plan:" not in shown.content
    assert not DateChange.objects.exists()
    said = theo.post("/provider/dates/", {"effective_on": day, "reason": "Our line comes later"})
    assert said.status_code == 302
    asked = DateChange.objects.get()
    assert (asked.state, asked.asked_by_kind, asked.new_end.isoformat()) == ("proposed", "provider", day)
    row.refresh_from_db()
    assert row.end_of_service != asked.new_end
    assert b"Our line comes later" in browser_of(c.mara).get("/client/dates/").content
    assert theo.post("/provider/dates/", {"effective_on": "soon"}).status_code == 422


def test_without_consent_there_is_nothing_here() -> None:
    c = cast(signed=True, items=False)
    theo = browser_of(c.theo)
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))  # type: ignore[union-attr]
    assert theo.get("/provider/dates/").status_code == 404
    assert theo.post("/provider/dates/", {"effective_on": "2027-01-01"}).status_code == 404


def test_each_blockers_link_says_what_it_leads_to() -> None:
    c = cast(signed=True)
    row = Offboarding.objects.get(client=c.northwick)
    said = browser_of(c.ines).get(f"/offboardings/{row.id}/closing/")
    labels = {one["b"].code: (one["label"], one["url"]) for one in said.context["blockers"]}
    assert labels["acceptance"] == ("The acceptance", f"/offboardings/{row.id}/closing/#acceptance")
    assert all(url and label != "Look" for label, url in labels.values()), labels
    assert b'id="acceptance"' in said.content
