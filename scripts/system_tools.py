# SPDX-License-Identifier: AGPL-3.0-or-later
"""Programs that the tests use beside Python: installed when that is allowed, else named aloud.

As root on Debian or Ubuntu, what is missing is installed with apt-get and nothing else is touched.
Elsewhere each missing program is named with what is skipped for want of it; with ``CI=true`` that is
a failure. Exit code 0 all there or skipped, 1 missing where it must not be.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import programs  # noqa: E402  the path is set above

SKIPPED = {
    "chromium": "browser and accessibility tests",
    "initdb": "everything on PostgreSQL",
    "pdftotext": "the tests that read the PDFs we make",
    "openssl": "the tests that check signatures and time stamps without our code",
    "dovecot": "the tests that read a real mailbox by IMAP",
    "postfix": "the tests with a real mail server in front of LMTP",
}


POLICY = Path("/usr/sbin/policy-rc.d")


@contextlib.contextmanager
def _no_daemon_starts() -> Iterator[None]:
    """Mail servers are installed for tests, which start their own: Debian starts none while this file says 101."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def main() -> int:
    """Install or name what is missing; see above for the exit code."""
    missing = [program for program in programs.PACKAGES if programs.find(program) is None]
    if missing and os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = [programs.PACKAGES[program] for program in missing]
        print("Installing with apt-get: " + ", ".join(packages), flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        with _no_daemon_starts():
            for package in packages:  # one by one: what this release lacks must not keep the others away
                subprocess.run(
                    ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package],
                    check=False,
                    **quiet,
                )
        missing = [program for program in missing if programs.find(program) is None]
    for program in missing:
        package = programs.PACKAGES[program]
        print(f"SKIPPED for want of {program} (install {package}): {SKIPPED[program]}.", file=sys.stderr)
    return 1 if missing and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
