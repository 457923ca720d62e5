# SPDX-License-Identifier: AGPL-3.0-or-later
"""Consent that changes while something is on its way: whatever had not left then does not leave (R1)."""

from datetime import datetime, time, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from partwell.actions.authorisations.end import narrow_authorisation
from partwell.actions.authorisations.recipients import person_left
from partwell.actions.clients.contact_left import contact_left
from partwell.actions.correspondence import deliver
from partwell.actions.people.enter import find_link, make_link
from partwell.actions.releases import build_bundle
from partwell.actions.releases.approve import approve_release
from partwell.actions.releases.download_bundle import download_bundle
from partwell.actions.releases.open_line import open_line
from partwell.actions.releases.release_items import release_items
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.reveal import claim_reveal, make_reveal
from partwell.actions.releases.run_bundle import run_now
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Envelope
from partwell.records.jobs.models import Job
from partwell.records.releases.models import ApprovalRequest, ReleaseLine
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Category, Party
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, scope
from tests.flows.post_office import delivered

pytestmark = pytest.mark.usefixtures("db_world")


def code(result: Any) -> str:
    """What somebody was refused with, or "done"."""
    return result.code if isinstance(result, Refusal) else "done"


def bundle(c: Cast) -> Job:
    """Theo's bundle, asked for."""
    return done(
        request_bundle(actor=c.theo, client_id=c.northwick.id, to=Party.PROVIDER, recipient_id=c.recipient.id)
    )


def narrowed(c: Cast, **changes: object) -> Authorisation:
    """Mara narrows what stands."""
    row = Authorisation.objects.get(recipient=c.recipient, state="granted")
    given = {"starts_on": row.starts_on, "ends_on": row.ends_on, **changes}
    return done(narrow_authorisation(actor=c.mara, authorisation_id=row.id, scope=scope(c, **given)))


def test_narrowing_while_a_bundle_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    c = cast(signed=True)
    c.release("diagram", "switch")
    delivered(c)
    write = build_bundle.write_bundle

    def slow(*arguments: Any, **more: Any) -> Any:
        result = write(*arguments, **more)
        narrowed(c, excluded_categories=(Category.DIAGRAMS,))
        connections.close_all()
        return result

    monkeypatch.setattr(build_bundle, "write_bundle", slow)
    job = run_now(bundle(c).id, lambda *_: None)
    assert job.state == "failed" or code(download_bundle(actor=c.theo, job_id=job.id)) != "done"


def test_narrowing_after_a_bundle_was_built() -> None:
    c = cast(signed=True)
    c.release("diagram", "switch")
    delivered(c)
    job = run_now(bundle(c).id, lambda *_: None)
    narrowed(c, excluded_categories=(Category.DIAGRAMS,))
    theo = browser_of(c.theo)
    assert theo.get(f"/provider/bundles/{job.id}/file/").status_code == 409
    assert theo.get(f"/provider/bundles/{job.id}/file/", HTTP_RANGE="bytes=9-").status_code == 409
    line = ReleaseLine.objects.get(item=c.items["diagram"])
    assert code(open_line(actor=c.theo, line_id=line.id)) != "done"


def test_the_last_day_ends_at_midnight_in_the_msps_zone() -> None:
    c = cast(signed=True)
    c.release("diagram", "router")
    delivered(c)
    line = ReleaseLine.objects.get(item=c.items["diagram"])
    login = ReleaseLine.objects.get(item=c.items["router"])
    job = run_now(bundle(c).id, lambda *_: None)
    berlin = ZoneInfo("Europe/Berlin")
    ends = Authorisation.objects.get(recipient=c.recipient, state="granted").ends_on
    midnight = datetime.combine(ends + timedelta(days=1), time(), berlin)
    with patch("django.utils.timezone.now", return_value=midnight - timedelta(seconds=1)):
        row = done(make_reveal(actor=c.theo, line_id=login.id, session_key="theo's"))
        assert code(open_line(actor=c.theo, line_id=line.id)) == "done"
        assert code(download_bundle(actor=c.theo, job_id=job.id)) == "done"
    with patch("django.utils.timezone.now", return_value=midnight):
        assert code(claim_reveal(actor=c.theo, reveal_id=row.id, session_key="theo's")) == "ended"
        assert code(open_line(actor=c.theo, line_id=line.id)) == "ended"
        assert code(download_bundle(actor=c.theo, job_id=job.id)) == "ended"


@pytest.mark.parametrize("how", ["left", "narrowed"])
def test_a_person_taken_off_while_the_mail_waits(how: str) -> None:
    c = cast(signed=True)
    c.release("diagram")
    envelope = Envelope.objects.get(kind="release_announcement")
    theo = browser_of(c.theo)
    if how == "left":
        done(person_left(actor=c.ines, person_id=c.theo.id))
    else:
        narrowed(c, person_ids=(c.sunniva.id,))
    claimed = deliver.claim(envelope.id)
    assert isinstance(claimed, Refusal)
    line = ReleaseLine.objects.get(item=c.items["diagram"])
    assert code(open_line(actor=c.theo, line_id=line.id)) != "done"
    assert theo.get(f"/provider/lines/{line.id}/file/").status_code in (302, 404, 409)
    assert theo.get("/provider/evidence/").status_code in (302, 409)


def test_a_person_taken_off_between_claim_and_data() -> None:
    c = cast(signed=True)
    c.release("diagram")
    envelope = done(deliver.claim(Envelope.objects.get(kind="release_announcement").id))
    done(person_left(actor=c.ines, person_id=c.theo.id))
    assert not deliver.start_data(envelope.id, envelope.claim)  # type: ignore[arg-type]
    envelope.refresh_from_db()
    assert envelope.state == "stopped" and envelope.stop_code == "person_not_named"


def test_sessions_and_links_of_a_person_who_left_open_nothing() -> None:
    c = cast(signed=True)
    theo, token = browser_of(c.theo), make_link("provider", c.theo.id)
    assert theo.get("/provider/").status_code == 200
    done(person_left(actor=c.ines, person_id=c.theo.id))
    assert theo.get("/provider/").status_code == 302 and find_link(token) is None


def test_nothing_is_released_to_a_person_who_left() -> None:
    c = cast(signed=True)
    target = c.to_provider()
    done(person_left(actor=c.ines, person_id=c.theo.id))
    out = release_items(
        actor=c.dan,
        client_id=c.northwick.id,
        target=target,
        item_ids=c.ids("diagram", "switch"),
        idempotency="late",
    )
    assert isinstance(out, Refusal) or (not out.sent and not out.asked), out
    assert not ReleaseLine.objects.filter(state="sent").exists()


def test_a_yes_for_a_person_who_left_sends_nothing() -> None:
    c = cast(signed=True)
    asked = c.release("runbook")
    assert asked.asked and asked.release is not None
    done(person_left(actor=c.ines, person_id=c.theo.id))
    line = ReleaseLine.objects.get(item=c.items["runbook"])
    request = ApprovalRequest.objects.get(release=asked.release)
    done(approve_release(actor=c.mara, request_id=request.id, yes=[line.id]))
    line.refresh_from_db()
    assert (line.state, line.refusal) == ("stopped", "person_not_named")
    assert not Envelope.objects.filter(kind="release_announcement").exists()


def test_a_contact_who_left_meanwhile_is_shown_nothing() -> None:
    c = cast(signed=True)
    c.release("router", target=c.to_client())
    line = ReleaseLine.objects.get(item=c.items["router"])
    row = done(make_reveal(actor=c.mara, line_id=line.id, session_key="mara's"))
    done(contact_left(actor=c.ines, contact_id=c.mara.id))
    assert code(claim_reveal(actor=c.mara, reveal_id=row.id, session_key="mara's")) == "not_found"
    assert code(make_reveal(actor=c.mara, line_id=line.id, session_key="mara's")) == "not_found"
