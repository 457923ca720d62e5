# SPDX-License-Identifier: AGPL-3.0-or-later
"""What both processes of a test run would else do each for itself, or wait for: ``python -m tests.support.ready``.

Every module is imported once, so that its bytecode is there, and the database that worlds on SQLite are copied from is made.
Run beside the gates that come before the tests. Nobody need run it, and the tests judge what it comes upon.
"""

import sys

import pytest


def main() -> int:
    """Collect all tests and make the template. Exit code 0 when both were done."""
    collected = pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider"])
    if collected != pytest.ExitCode.OK:
        return 1
    from tests.support import worlds

    worlds.sqlite_template()
    return 0


if __name__ == "__main__":
    sys.exit(main())
