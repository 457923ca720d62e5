# SPDX-License-Identifier: AGPL-3.0-or-later
"""Set up .venv from the hash-pinned requirement files. Needs Python 3.11 and nothing else.

Usage: ``python scripts/bootstrap.py [base|dev]``: ``base`` is what running needs, ``dev`` adds what
testing needs; an environment that has ``dev`` keeps it. A second run compares one digest and ends.
Exit code 0 set up, 2 when something must be installed first (one line says what).

Ways, tried in this order: uv on PATH; uv fetched by pip into .venv; pip itself. Where this Python
has no ensurepip, pip is taken from the host's own pip or from the wheel that distributions ship.
Why no ``pip install -e .``: docs/decisions/0001-bootstrap.md.
"""

import glob
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from contextlib import contextmanager

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "partwell-setup.json")
WINDOWS = os.name == "nt"
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
PYTHON = os.path.join(BIN, "python.exe" if WINDOWS else "python")
REQUIREMENTS = os.path.join(ROOT, "requirements")
COMMANDS = {
    "partwell": ("partwell.entrypoints.cli.main", "app"),
    "sealed": ("sealed.__main__", "main"),
}


class Unusable(Exception):
    """What must be installed first, as one sentence."""


def main(argv):
    """Bring .venv to the wanted set ("base" or "dev") and return the exit code."""
    if sys.version_info < (3, 11):
        return _say("Partwell needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2], 2)
    wanted = argv[0] if argv else "dev"
    if wanted not in ("base", "dev"):
        return _say("Usage: python scripts/bootstrap.py [base|dev]", 2)
    try:
        with _one_at_a_time():
            return _set_up(wanted)
    except Unusable as problem:
        return _say(str(problem), 2)


def _set_up(wanted):
    stamp = _read_stamp()
    if wanted == "base" and stamp.get("set") == "dev":
        wanted = "dev"
    if stamp == _stamp(wanted) and _answers(PYTHON):
        return 0
    print("Setting up .venv (%s) …" % wanted, flush=True)
    if os.path.exists(STAMP):
        os.unlink(STAMP)
    if not _answers(PYTHON):
        _make_venv()
    _install(os.path.join("requirements", wanted + ".txt"))
    _link_source()
    # Written last: an interrupted set-up is done again.
    with open(STAMP + ".new", "w", encoding="utf-8") as out:
        json.dump(_stamp(wanted), out)
    os.replace(STAMP + ".new", STAMP)
    return 0


def _stamp(wanted):
    digest = hashlib.sha256()
    for path in (os.path.join(REQUIREMENTS, wanted + ".txt"), os.path.abspath(__file__)):
        with open(path, "rb") as source:
            digest.update(source.read())
    return {"set": wanted, "sha256": digest.hexdigest(), "root": ROOT}


def _read_stamp():
    try:
        with open(STAMP, encoding="utf-8") as source:
            return json.load(source)
    except (OSError, ValueError):
        return {}


def _answers(python):
    """Whether this interpreter starts and is new enough (a moved or upgraded host leaves a dead .venv)."""
    if not os.path.exists(python):
        return False
    test = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(test, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def _make_venv():
    # --without-pip never needs ensurepip, which Debian and Ubuntu split off into python3-venv.
    command = [sys.executable, "-m", "venv", "--clear", "--without-pip", VENV]
    made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if made.returncode:
        raise Unusable(
            "This Python cannot make a virtual environment; install python3-venv, or uv. "
            + made.stdout.strip()[-200:]
        )


def _install(requirements):
    uv = shutil.which("uv") or _uv_in_venv()
    if uv:
        command = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", PYTHON, requirements]
        if subprocess.run(command, cwd=ROOT, env=_uv_environment()).returncode == 0:
            return
        # uv does not read pip's configuration files: a mirror or a proxy's certificate may be known to pip alone.
        print("uv could not install; trying pip …", flush=True)
    pip = _pip()
    if pip is None:
        raise Unusable(
            "Partwell needs pip or uv to fetch its packages: install uv, or python3-venv, or python3-pip."
        )
    command, environment = pip
    if subprocess.run(
        [*command, "install", "--quiet", "--require-hashes", "-r", requirements], cwd=ROOT, env=environment
    ).returncode:
        raise Unusable(
            "The packages of %s could not be installed; the lines above say why (no network?)." % requirements
        )


def _uv_in_venv():
    """uv fetched into .venv by pip at its pinned version; None where that does not work."""
    name = os.path.join(BIN, "uv.exe" if WINDOWS else "uv")
    if os.path.exists(name):
        return name
    pip = _pip()
    if pip is None:
        return None
    command, environment = pip
    pinned = os.path.join("requirements", "bootstrap.txt")
    got = subprocess.run(
        [*command, "install", "--quiet", "--require-hashes", "-r", pinned], cwd=ROOT, env=environment
    )
    return name if got.returncode == 0 and os.path.exists(name) else None


def _uv_environment():
    environment = dict(os.environ)
    mirror = environment.get("PIP_INDEX_URL")
    if mirror and "UV_DEFAULT_INDEX" not in environment and "UV_INDEX_URL" not in environment:
        environment["UV_DEFAULT_INDEX"] = mirror
    environment.setdefault("UV_LINK_MODE", "copy" if WINDOWS else "hardlink")
    return environment


def _pip():
    """(command, environment) of a pip that installs into .venv, or None."""
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1")
    own = [PYTHON, "-m", "pip"]
    if _works(own, environment):
        return own, environment
    if importlib.util.find_spec("ensurepip") is not None:
        seeded = subprocess.run(
            [PYTHON, "-m", "ensurepip"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if seeded.returncode == 0 and _works(own, environment):
            return own, environment
    host = [sys.executable, "-m", "pip", "--python", PYTHON]
    if _works(host, environment):
        return host, environment
    for wheel in _shipped_wheels():
        shipped = dict(environment, PYTHONPATH=wheel)
        if _works(own, shipped):
            return own, shipped
    return None


def _shipped_wheels():
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR"), "/usr/share/python-wheels"]
    return [
        wheel
        for folder in folders
        if folder
        for wheel in sorted(glob.glob(os.path.join(folder, "pip-*.whl")))
    ]


def _works(command, environment):
    test = [*command, "--version"]
    return (
        subprocess.run(test, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
        == 0
    )


def _link_source():
    """Put src/ on the environment's path and write the two commands, without a build."""
    ask = [PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = subprocess.run(ask, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    with open(os.path.join(packages, "partwell-source.pth"), "w", encoding="utf-8") as out:
        out.write(os.path.join(ROOT, "src") + "\n")
    for name, (module, function) in COMMANDS.items():
        if WINDOWS:
            text = '@"%%~dp0python.exe" -c "import sys; from %s import %s; sys.exit(%s())" %%*\r\n' % (
                module,
                function,
                function,
            )
            with open(os.path.join(BIN, name + ".cmd"), "w", encoding="utf-8", newline="") as out:
                out.write(text)
            continue
        path = os.path.join(BIN, name)
        with open(path, "w", encoding="utf-8") as out:
            # Shell first, then Python: a shebang breaks on spaces and on long paths.
            out.write("#!/bin/sh\n'''exec' '%s' \"$0\" \"$@\"\n' '''\n" % PYTHON.replace("'", "'\"'\"'"))
            out.write("import sys\n\nfrom %s import %s\n\nsys.exit(%s())\n" % (module, function, function))
        os.chmod(path, 0o755)


@contextmanager
def _one_at_a_time():
    """Two makes at once must not both write .venv; the lock ends with the process, whatever ends it."""
    with open(os.path.join(ROOT, ".setup-stamp.lock"), "w", encoding="utf-8") as handle:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _say(sentence, code):
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
