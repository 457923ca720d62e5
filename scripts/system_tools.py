# SPDX-License-Identifier: AGPL-3.0-or-later
"""Programs that the tests use beside Python: installed when that is allowed, else named aloud.

As root on Debian or Ubuntu, what is missing is installed with apt-get and nothing else is touched.
Elsewhere each missing program is named with what is skipped for want of it; with ``CI=true`` that is
a failure. Exit code 0 all there or skipped, 1 missing where it must not be.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import programs  # noqa: E402  the path is set above

SKIPPED = {
    "chromium": "browser and accessibility tests",
    "initdb": "everything on PostgreSQL",
    "pdftotext": "the tests that read the PDFs we make",
    "openssl": "the tests that check signatures and time stamps without our code",
}


def main() -> int:
    """Install or name what is missing; see above for the exit code."""
    missing = [program for program in programs.PACKAGES if programs.find(program) is None]
    if missing and os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        packages = [programs.PACKAGES[program] for program in missing]
        print("Installing with apt-get: " + ", ".join(packages), flush=True)
        quiet = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        for (
            package
        ) in packages:  # one by one: a package that this release lacks must not keep the others away
            subprocess.run(
                ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package], check=False, **quiet
            )
        missing = [program for program in missing if programs.find(program) is None]
    for program in missing:
        package = programs.PACKAGES[program]
        print(f"SKIPPED for want of {program} (install {package}): {SKIPPED[program]}.", file=sys.stderr)
    return 1 if missing and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main())
