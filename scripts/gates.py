# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gates that a change passes, each a command; the first failure of a stage does not hide the others.

Usage: ``python scripts/gates.py all|lint|types|fuzz|nightly|kill-nightly|bench|lock [pytest arguments]``
Exit code 0 when every gate passed, else 1; the last lines say which did not.
"""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support import worlds  # noqa: E402  the path is set above

BIN = Path(sys.executable).parent
# Bytes of others that are formatted elsewhere stay out: see pyproject.toml.
CODE = [
    folder for folder in ("src", "tests", "scripts", "examples", "benchmarks") if (ROOT / folder).is_dir()
]

_SCRATCH = tempfile.mkdtemp(prefix="partwell-gates-")
atexit.register(shutil.rmtree, _SCRATCH, ignore_errors=True)

Gate = tuple[str, list[str]]


def tool(name: str, *arguments: str) -> list[str]:
    """A command of this environment."""
    return [str(BIN / name), *arguments]


def lint() -> list[Gate]:
    """Style, formatting, import contracts, dependencies, templates."""
    gates = [
        ("ruff", tool("ruff", "check", *CODE)),
        ("formatting", tool("ruff", "format", "--check", "--quiet", *CODE)),
        ("import contracts", tool("lint-imports")),
        ("dependencies", tool("deptry", "src")),
    ]
    templates = sorted({str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("templates")})
    if templates:
        gates.append(("templates", tool("djlint", "--lint", "--quiet", *templates)))
    return gates


def types() -> list[Gate]:
    """mypy with Django's plugin over src."""
    return [("types", tool("mypy"))]


def tests(*arguments: str) -> list[Gate]:
    """The suite on two processes (PYTEST_WORKERS= for more)."""
    workers = os.environ.get("PYTEST_WORKERS", "2")
    return [("tests", tool("pytest", "-n", workers, "--dist", "worksteal", "-q", *arguments))]


def pytest_target(folder: str, *arguments: str) -> list[Gate]:
    """A pytest run of its own over ``folder``."""
    return [(folder, tool("pytest", "-q", folder, *arguments))]


def run(gates: list[Gate]) -> int:
    """Run every gate, then say which failed. Returns the exit code."""
    failed = []
    environment = _environment()
    ready = None
    if len(gates) > 1 and gates[-1][0] == "tests":
        # The gates before them leave a processor idle; what this cannot do, the tests do or say.
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        ready = subprocess.Popen(
            [sys.executable, "-m", "tests.support.ready"], cwd=ROOT, env=environment, **quiet
        )
    for name, command in gates:
        if name == "tests" and ready is not None:
            ready.wait()
        began = time.monotonic()
        print(f"── {name}", flush=True)
        code = subprocess.run(command, cwd=ROOT, env=environment).returncode
        print(
            f"── {name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - began:.0f} s",
            flush=True,
        )
        if code:
            failed.append(name)
    print("Every gate passed." if not failed else "FAILED: " + ", ".join(failed), flush=True)
    return 1 if failed else 0


def _environment() -> dict[str, str]:
    """Ours, without an installation's settings: a gate must neither read nor touch one.

    mypy's plugin and djlint load Django's settings, which make a home where there is none: give them one. Where no bytecode may
    be written beside the sources, it is kept in the temporary folder: else every process of the tests compiles all libraries anew.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PARTWELL_") or "_TEST_" in name
    }
    if kept.pop("PYTHONDONTWRITEBYTECODE", "") and "PYTHONPYCACHEPREFIX" not in kept:
        kept["PYTHONPYCACHEPREFIX"] = str(worlds.shelf("bytecode"))
    return {**kept, "PARTWELL_HOME": f"{_SCRATCH}/home", "PARTWELL_KEYS": f"{_SCRATCH}/keys"}


def lock() -> int:
    """Pin the requirement files again; uv from this environment, from PATH, or a sentence."""
    uv = shutil.which("uv", path=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        print(
            "Locking needs uv: https://docs.astral.sh/uv/ or `.venv/bin/python -m pip install uv`.",
            file=sys.stderr,
        )
        return 2
    options = ["--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header"]
    for name in ("base", "dev", "bootstrap"):
        command = [uv, "pip", "compile", "--quiet", *options, "--no-emit-index-url"]
        made = subprocess.run(
            [*command, f"requirements/{name}.in", "-o", f"requirements/{name}.txt"], cwd=ROOT
        )
        if made.returncode:
            return 1
    return 0


def main(arguments: list[str]) -> int:
    """Run one stage."""
    stage, rest = (arguments[0], arguments[1:]) if arguments else ("all", [])
    if stage == "lock":
        return lock()
    stages = {
        "lint": lint,
        "types": types,
        "fuzz": lambda: (
            pytest_target("tests/properties", "--nightly", *rest) + pytest_target("tests/api", "--nightly")
        ),
        "nightly": lambda: pytest_target(
            "tests/sealed",
            "tests/flows/test_import_whole.py",
            "tests/flows/test_first_schema.py",
            "tests/browser/test_every_page.py",
            "--nightly",
            *rest,
        ),
        "kill-nightly": lambda: pytest_target("tests/kill", "--nightly", *rest),
        "bench": lambda: [("benchmarks", [sys.executable, "-m", "benchmarks", *rest])],
    }
    if stage == "all":
        system = [("system tools", [sys.executable, "scripts/system_tools.py"])]
        return run(system + lint() + types() + tests(*rest))
    if stage not in stages:
        print(__doc__, file=sys.stderr)
        return 2
    return run(stages[stage]())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
