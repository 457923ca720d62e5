# SPDX-License-Identifier: AGPL-3.0-or-later
"""A ledger that was cut gives out no bundle, and nothing is closed over it (R4)."""

import pytest

from partwell.actions.evidence.log import make_checkpoint
from partwell.actions.offboardings.standing import ledger_whole
from partwell.actions.releases.request_bundle import request_bundle
from partwell.records.evidence.models import Entry
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Party
from tests.flows.cast import cast
from tests.flows.test_ledger_check import attack
from tests.support.worlds import World


@pytest.mark.both_databases
def test_a_ledger_cut_below_its_checkpoint_gives_out_no_bundle(db_world: World) -> None:
    c = cast(signed=True)
    make_checkpoint()
    assert ledger_whole()
    attack(db_world, f'DELETE FROM evidence_entry WHERE "index" = {Entry.objects.count() - 1}')
    assert not ledger_whole()
    told = request_bundle(actor=c.dan, client_id=c.northwick.id, to=Party.CLIENT)
    assert isinstance(told, Refusal)
    assert told.code == "ledger_not_healthy"
    assert "ledger check" in told.next_step
