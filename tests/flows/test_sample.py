# SPDX-License-Identifier: AGPL-3.0-or-later
"""The sample MSP is loaded through real actions, into an empty home only, and its ledger checks."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from partwell.actions.evidence.check import check_ledger
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import Envelope, Message
from partwell.records.estate.models import Item
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.records.offboardings.models import DateChange, Offboarding, PainPoint, PlanStep
from partwell.records.people.models import Msp, SignInLink, StaffMember
from partwell.records.releases.models import ApprovalRequest, ReleaseLine
from partwell.rules.refusals import Refused
from partwell.sample.load import Sample, load_sample
from tests.support import worlds
from tests.support.worlds import World
from tests.world import sample

STATES = {"active": 3, "departing": 5, "inactive": 1}


@pytest.fixture
def loaded(db_world: World) -> Sample:
    return sample()


@pytest.mark.both_databases
def test_the_sample_tells_one_departure_whole_and_the_ledger_checks(loaded: Sample) -> None:
    assert Msp.objects.get().is_sample and StaffMember.objects.count() == 5
    assert {state: Client.objects.filter(state=state).count() for state in STATES} == STATES
    northwick = Client.objects.get(name="Northwick Traders")
    row = Offboarding.objects.get(client=northwick)
    assert (loaded.client_id, loaded.offboarding_id) == (str(northwick.id), str(row.id))
    assert row.notice_file is not None and row.acknowledgement is not None and row.outside_contact is not None
    assert PainPoint.objects.filter(offboarding=row).count() == 3
    assert PlanStep.objects.filter(offboarding=row).exclude(done_at=None).count() >= 8
    assert northwick.authorisations.get(state="granted").document is not None, "the signed letter is filed"
    asked = northwick.authorisations.get(state="proposed")
    assert (asked.signatory.name, asked.recipient.kind) == ("Mara Ellery", "contractor"), (
        "one waits for its signature"
    )
    assert 100 <= Item.objects.present().filter(client=northwick).count() <= 150
    assert set(Item.objects.present().filter(client=northwick).values_list("owner", flat=True)) == {
        "client",
        "msp",
        "vendor",
        "unknown",
    }
    lines = ReleaseLine.objects.filter(release__client=northwick)
    assert lines.filter(answer="objected").count() == 1 and lines.filter(answer="confirmed").exists()
    assert ApprovalRequest.objects.filter(release__client=northwick, state="open").exists(), (
        "a request waits for the client"
    )
    assert Message.objects.filter(client=northwick, held=True).count() == 1
    assert DateChange.objects.filter(offboarding=row, state="proposed").count() == 1
    assert not Envelope.objects.exclude(state="accepted").exists(), "every mail left for the local inbox"
    assert not Job.objects.exclude(state="done").exists(), list(
        Job.objects.exclude(state="done").values_list("kind", "error")
    )
    assert Entry.objects.filter(type="sample.loaded").count() == 1
    assert check_ledger().findings == []


@pytest.fixture(scope="module")
def kept(django_db_blocker: Any) -> Iterator[Sample]:
    """One sample for the tests that only look at it."""
    with tempfile.TemporaryDirectory(prefix="partwell-sample-", dir=worlds.scratch()) as folder:
        made = worlds.sqlite_world(Path(folder))
        with made as world, django_db_blocker.unblock(), worlds.entered(world):
            yield sample()


def test_nothing_is_dated_back(kept: Sample) -> None:
    """Entries carry the clock's time; only what people claim lies earlier."""
    times = list(Entry.objects.values_list("recorded_at", flat=True))
    assert times == sorted(times) and (times[-1] - times[0]).total_seconds() < 120
    castellan = Offboarding.objects.get(client__name="Castellan Architects")
    assert castellan.noticed_at < times[0] < castellan.opened_at


def test_a_home_in_use_is_refused_in_a_sentence(kept: Sample) -> None:
    with pytest.raises(Refused) as refused:
        load_sample()
    assert str(refused.value).endswith(".")
    assert Client.objects.count() == kept.counts["clients"]


def test_no_demo_links_without_the_demo_and_plain_json(kept: Sample) -> None:
    assert kept.links == {} and not SignInLink.objects.exists()
    told = json.loads(json.dumps(kept.as_json()))
    assert told["client"]["name"] == "Northwick Traders" and told["offboarding"] == kept.offboarding_id
    assert told["counts"]["items"] > 100
