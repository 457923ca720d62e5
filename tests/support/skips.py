# SPDX-License-Identifier: AGPL-3.0-or-later
"""A pytest plugin: with CI=true a skipped test is a failure, for what is skipped is not tested.

One ground is let through: real input under ../shared/inputs that is not on this machine. Tests marked
nightly are deselected, not skipped, so that they need no exception here. conftest.py brings the hooks.
"""

import os
from collections.abc import Generator

import pytest

from tests.inputs import FOLDER

# How a skip says that real input is absent: tests/inputs.py, and the vectors of tests/sealed.
ABSENT = "real input ../shared/inputs/"
VECTORS = "(PARTWELL_INPUTS)"
EMPTY = "got empty parameter set"


def allowed(reason: str, *, have_inputs: bool) -> bool:
    """Whether a skip with this reason may stand in CI: only for input that is not here.

    ``have_inputs``: the folder of real inputs exists; then vectors and parameters taken from it must too.
    """
    if ABSENT in reason:
        return True
    return not have_inputs and (VECTORS in reason or EMPTY in reason)


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    if os.environ.get("CI") != "true" or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if allowed(reason, have_inputs=FOLDER.is_dir()):
        return
    report.outcome = "failed"
    report.longrepr = f"{report.nodeid}: skipped, and in CI a skip is a failure. {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Judge each phase of each test."""
    report = yield
    _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Judge modules that skip themselves as a whole."""
    report = yield
    _judge(report)
    return report
