# SPDX-License-Identifier: AGPL-3.0-or-later
"""Set up from a copy of HEAD in an empty folder, each way there is, and see the program answer.

Usage: ``python scripts/check_clean.py``; takes a few minutes and the network. Prints one line a way.
Ways: uv on PATH; no uv; no uv and a venv without ensurepip (pip of the host, or the shipped wheel).
Exit code 0 when every way that this machine can try worked.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Makes `import ensurepip` fail as on a Debian without python3-venv.
NO_ENSUREPIP = """\
import sys
import importlib.util as util

sys.modules["ensurepip"] = None
found = util.find_spec
util.find_spec = lambda name, *rest: None if name == "ensurepip" else found(name, *rest)
"""


def main() -> int:
    """Try each way; the exit code is the number of ways that failed, at most 1."""
    uv = shutil.which("uv")
    ways = {"uv on PATH": bool(uv), "no uv": True, "no uv, no ensurepip": True}
    failed = [way for way, possible in ways.items() if possible and not _try(way, uv)]
    if not uv:
        print("not tried here, because uv is not on PATH: uv on PATH")
    return 1 if failed else 0


def _try(way: str, uv: str | None) -> bool:
    with tempfile.TemporaryDirectory(prefix="partwell clean ") as place:  # with a space: a path may have one
        tree = Path(place) / "tree"
        tree.mkdir()
        archive = subprocess.run(
            ["git", "archive", "HEAD"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        ).stdout
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
        environment = _environment(Path(place), way, uv)
        began = time.monotonic()
        python = getattr(sys, "_base_executable", sys.executable)
        set_up = ["make", "setup", f"PYTHON={python}"]
        done = subprocess.run(set_up, cwd=tree, env=environment, capture_output=True, text=True)
        first = time.monotonic() - began
        if done.returncode:
            print(f"{way}: FAILED\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
            return False
        began = time.monotonic()
        again = subprocess.run(set_up, cwd=tree, env=environment, capture_output=True, text=True)
        second = time.monotonic() - began
        answers = [
            subprocess.run(
                [tree / ".venv" / "bin" / command, "--help"], env=environment, capture_output=True, cwd=place
            )
            for command in ("partwell", "sealed")
        ]
        good = again.returncode == 0 and second < 2 and all(answer.returncode == 0 for answer in answers)
        print(
            f"{way}: {'works' if good else 'FAILED'} (first {first:.0f} s, again {second:.2f} s)", flush=True
        )
        if not good:
            print(b"\n".join(answer.stderr[-1500:] for answer in answers).decode())
        return good


def _environment(place: Path, way: str, uv: str | None) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARTWELL_")}
    environment.update(PARTWELL_HOME=str(place / "home"), PARTWELL_KEYS=str(place / "keys"))
    if way != "uv on PATH" and uv:
        folders = environment["PATH"].split(os.pathsep)
        environment["PATH"] = os.pathsep.join(
            folder for folder in folders if not (Path(folder) / "uv").exists()
        )
    if "no ensurepip" in way:
        (place / "site").mkdir()
        (place / "site" / "sitecustomize.py").write_text(NO_ENSUREPIP)
        environment["PYTHONPATH"] = str(place / "site")
    return environment


if __name__ == "__main__":
    sys.exit(main())
