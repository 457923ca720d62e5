# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cast of every story, in one place: Harbourline IT, Northwick Traders who part, Alder Row IT, Quayside Dental who must see nothing.

``cast()`` builds them through actions in a world of the test's own (ask for ``db_world``); ``sample()`` is the whole sample MSP.
"""

from partwell.sample.load import Sample, load_sample
from tests.flows.cast import PASSWORD, Cast, cast, done, propose, scope, sign
from tests.support.kept import built_once

__all__ = ["PASSWORD", "Cast", "Sample", "cast", "done", "propose", "sample", "scope", "sign"]


def sample() -> Sample:
    """The sample MSP in this test's empty home: loaded once a run and database (seven seconds), then copied."""
    return built_once("sample", load_sample)
