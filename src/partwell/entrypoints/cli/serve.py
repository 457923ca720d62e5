# SPDX-License-Identifier: AGPL-3.0-or-later
"""``partwell run`` and ``partwell demo``: the web server and the workers, started and stopped together."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from partwell.entrypoints.cli.start import GOOD, REFUSED, UNUSABLE, bar, migrate, pending, stop

PATIENCE = 20.0
LINKS = "demo-links.json"


def _up_to_date() -> None:
    """Migrate where that is needed; else look at the triggers first, for migrating would put lost ones back in silence."""
    if pending():
        migrate()


def _checks() -> None:
    """What must hold before anything is served: triggers, keys apart, no checkpoint newer than the database, nothing deleted there again."""
    from django.db import connection

    from partwell.actions.backup.ready import make_ready
    from partwell.actions.evidence.log_tail import LedgerBehind
    from partwell.actions.keys import key_store
    from partwell.connectors.errors import ConnectorError, KeyStoreError
    from partwell.records.evidence import triggers

    gone = triggers.missing(connection)
    if gone:
        stop(
            f"The database lacks {len(gone)} of the ledger's triggers ({gone[0]}). Find out who removed them, then run: partwell setup-db",
            REFUSED,
        )
    if triggers.owned_by_us(connection):
        typer.echo(
            "Warning: the program's database role owns the ledger's tables and could drop its triggers. "
            "Use two roles: docs/install.md.",
            err=True,
        )
    try:
        key_store()
    except KeyStoreError as error:
        stop(str(error), UNUSABLE)
    try:
        again = make_ready()
    except LedgerBehind as error:
        stop(str(error), REFUSED)
    except ConnectorError as error:
        stop(str(error), UNUSABLE)
    if again.total:
        typer.echo(
            f"{again.total:,} deletions were carried out again: a backup older than they had been restored.",
            err=True,
        )


def _free(port: int, what: str, setting: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                stop(
                    f"Port {port} for {what} is in use. Stop what uses it, or choose another with {setting}=…",
                    UNUSABLE,
                )
            raise


def _post_office(port: int) -> None:
    """The local post office takes any free port where none was asked for: nobody but our own workers speaks to it."""
    if os.environ.get("PARTWELL_MAIL_PORT"):
        _free(port, "the local post office", "PARTWELL_MAIL_PORT")
        return
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
            os.environ["PARTWELL_MAIL_PORT"] = str(probe.getsockname()[1])


def _die_with_parent() -> None:
    """Linux: a child of a killed parent gets SIGTERM, so that nothing goes on alone."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)


def _start(*arguments: str) -> "subprocess.Popen[bytes]":
    # A session of its own: Ctrl-C reaches only us, and we stop both in order.
    return subprocess.Popen([sys.executable, *arguments], start_new_session=True, preexec_fn=_die_with_parent)


class _Stopping(Exception):
    """Ctrl-C or SIGTERM."""


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise _Stopping


def serve(links: dict[str, str] | None = None) -> int:
    """Serve until told to stop; 0 after Ctrl-C or SIGTERM, 1 when the web server ended by itself."""
    _up_to_date()
    from django.conf import settings

    _checks()
    env = settings.ENV
    host = "127.0.0.1" if env.loopback or env.behind_proxy else "0.0.0.0"  # noqa: S104 - asked for by PARTWELL_HOSTS
    _free(env.port, "the web server", "PORT")
    if not env.smtp:
        _post_office(env.mail_port)
    from django.db import connections

    connections.close_all()
    Path(settings.STATIC_ROOT).mkdir(
        parents=True, exist_ok=True
    )  # whitenoise looks there first, then at the apps
    signal.signal(signal.SIGTERM, _on_signal)
    signal.signal(signal.SIGINT, _on_signal)
    web = None
    beside: dict[str, subprocess.Popen[bytes]] = {}
    try:
        web = _start("-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(env.port), "--workers", "1",
                     "--blocking-threads", "4", "--no-ws", "--log-level", "warning", "partwell.wsgi:application")  # fmt: skip
        names = ["partwell.workers"]
        if env.lmtp and env.mail_address:
            names.append("partwell.entrypoints.mailbox")
        for name in names:
            beside[name] = _start("-m", name)
        if not _answers(web, env.port):
            typer.echo("The web server did not start; see above.", err=True)
            return REFUSED
        _greet(env.url, links or {}, bool(env.smtp))
        return _watch(web, beside)
    except _Stopping:
        return GOOD
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _end([*beside.values(), web])


def _answers(web: "subprocess.Popen[bytes]", port: int) -> bool:
    until = time.monotonic() + 60
    while web.poll() is None and time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.1)
    return False


CALLED = {
    "partwell.workers": "The worker",
    "partwell.entrypoints.mailbox": "The process that takes mail by LMTP",
}


def _watch(web: "subprocess.Popen[bytes]", beside: "dict[str, subprocess.Popen[bytes]]") -> int:
    """Restart what runs beside the web server when it dies, with growing patience; end when the web server ends."""
    pause = dict.fromkeys(beside, 1.0)
    began = dict.fromkeys(beside, time.monotonic())
    due: dict[str, float] = {}
    while True:
        if web.poll() is not None:
            typer.echo(f"The web server ended (exit code {web.returncode}).", err=True)
            return REFUSED
        now = time.monotonic()
        for name, child in beside.items():
            if name in due:
                if now >= due[name]:
                    del due[name]
                    beside[name], began[name] = _start("-m", name), now
            elif child.poll() is not None:
                typer.echo(
                    f"{CALLED[name]} ended (exit code {child.returncode}); it is started again in {pause[name]:.0f} s.",
                    err=True,
                )
                due[name] = now + pause[name]
                pause[name] = 1.0 if now - began[name] > 60 else min(pause[name] * 2, 30.0)
        time.sleep(0.3)


def _end(children: "list[subprocess.Popen[bytes] | None]") -> None:
    running = [child for child in children if child is not None and child.poll() is None]
    for child in running:
        child.terminate()
    until = time.monotonic() + PATIENCE
    for child in running:
        try:
            child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _greet(url: str, links: dict[str, str], real_mail: bool) -> None:
    typer.echo(f"\nPartwell answers at {url}/  (Ctrl-C stops it)")
    for party, link in links.items():
        typer.echo(f"  {party}:\n    {link}")
    if not real_mail:
        typer.echo(f"No mail leaves this machine; what is sent can be read at {url}/post-office/")
    sys.stdout.flush()


def load(*, quiet: bool) -> dict[str, Any]:
    """Load the sample into an empty home; its facts as ``partwell sample --json`` prints them."""
    _up_to_date()
    from django.conf import settings

    from partwell.entrypoints.cli.sample import load_sample
    from partwell.rules.refusals import Refused

    try:
        with bar(quiet) as tell:

            def step(_words: str, done: int, total: int) -> None:
                tell("loading the sample", done, total)

            made = load_sample(step).as_json()
    except Refused as refused:
        stop(str(refused.refusal), REFUSED, quiet)
    if made["links"]:
        path = Path(settings.PARTWELL_HOME) / LINKS
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(made["links"], out)
    return made


def serve_demo() -> int:
    """As ``serve``, in a home of its own with the sample in it, and a sign-in link for each party."""
    os.environ["PARTWELL_DEMO"] = "1"
    if "PARTWELL_HOME" not in os.environ:
        os.environ["PARTWELL_HOME"] = ".demo"
        os.environ.setdefault("PARTWELL_KEYS", ".demo-keys")
    if os.environ.get("PARTWELL_HOSTS"):
        stop("The demonstration is bound to loopback; unset PARTWELL_HOSTS.", UNUSABLE)
    _up_to_date()
    from django.conf import settings

    from partwell.records.people.queries import the_msp

    path = Path(settings.PARTWELL_HOME) / LINKS
    msp = the_msp()
    if msp is None:
        typer.echo("Loading the sample; this takes a moment …")
        links = dict(load(quiet=False)["links"])
    elif not msp.is_sample:
        stop(
            "This home holds a real installation; the demonstration wants one of its own. Use another PARTWELL_HOME.",
            REFUSED,
        )
    else:
        links = json.loads(path.read_text()) if path.exists() else {}
    links = {
        party: settings.PARTWELL_URL + "/in/" + link.rpartition("/in/")[2] for party, link in links.items()
    }
    return serve(links)
