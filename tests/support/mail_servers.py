# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real Dovecot and a real Postfix of a test's own: own folder, own ports, ended with the test.

Both want to begin as root; where the tests do not run as root, what needs them is skipped by name. Nothing of the
machine's own configuration is read or changed.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import programs
from tests.support.ports import free_port

USER, PASSWORD = "mailbox@harbourline.example", "a password of the test's own"


def wait_for(port: int, seconds: float = 20.0) -> None:
    """Until somebody listens on a port of loopback; TimeoutError else."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port}.")


def need_root() -> None:
    """Skip where the tests do not run as root, as these servers want; in CI that is a failure."""
    if os.geteuid() != 0:
        sentence = "Dovecot and Postfix of a test's own begin as root"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(
        tempfile.mkdtemp(prefix="pwmail", dir="/tmp")
    )  # short: a Unix socket's path has about 100 bytes
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Dovecot:
    """IMAP on ``port`` (no TLS) and ``tls_port`` (TLS and a certificate of the test's own), LMTP on ``lmtp_port``."""

    port: int
    tls_port: int
    maildir: Path
    certificate: Path
    lmtp_port: int = 0

    def put(self, raw: bytes, folder: str = "") -> None:
        """Deliver into the mailbox, as a mail server would: written aside, then moved into new."""
        base = self.maildir / (f".{folder}" if folder else "")
        for name in ("tmp", "new", "cur"):
            (base / name).mkdir(parents=True, exist_ok=True)
        name = f"{time.time():.6f}.{time.monotonic_ns()}.test"
        (base / "tmp" / name).write_bytes(raw)
        _give(self.maildir)
        (base / "tmp" / name).rename(base / "new" / name)


def _give(folder: Path) -> None:
    owner = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _certificate(folder: Path) -> tuple[Path, Path]:
    key, certificate = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [str(programs.need("openssl")), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, certificate


@contextlib.contextmanager
def dovecot(introspection: str = "", catches: str = "") -> Iterator[Dovecot]:
    """A Dovecot with one user, USER with PASSWORD, whose mail lies in a maildir.

    ``introspection``: the address at which it asks about XOAUTH2 tokens (RFC 7662). ``catches``: an address whose mail,
    with any detail behind a plus, it takes by LMTP into the same maildir.
    """
    program = programs.need("dovecot")
    need_root()
    with _folder() as folder:
        key, certificate = _certificate(folder)
        home = folder / "mail"
        home.mkdir()
        _give(home)
        nobody = pwd.getpwnam("nobody")
        (folder / "users").write_text(
            "".join(
                f"{name}:{{PLAIN}}{PASSWORD}:{nobody.pw_uid}:{nobody.pw_gid}::{home}::\n"
                for name in (USER, catches)
                if name
            )
        )
        tokens = ""
        if introspection:
            (folder / "oauth2").write_text(
                f"introspection_mode = post\nintrospection_url = {introspection}\n"
                "username_attribute = user\nactive_attribute = active\nactive_value = true\n"
            )
            tokens = f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {folder}/oauth2\n}}\n"
        (folder / "users").chmod(0o644)
        server = Dovecot(free_port(), free_port(), home / "box", certificate, free_port())
        config = folder / "dovecot.conf"
        config.write_text(f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap lmtp
hostname = store.parting.example
recipient_delimiter = +
listen = 127.0.0.1
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login{" xoauth2 oauthbearer" if introspection else ""}
mail_location = maildir:{home}/box
mail_uid = nobody
mail_gid = {nobody.pw_gid}
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = nobody
default_login_user = nobody
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
mailbox_list_index = no
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {server.port}
  }}
  inet_listener imaps {{
    port = {server.tls_port}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {server.lmtp_port}
  }}
}}
{tokens}service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
""")
        child = subprocess.Popen(
            [str(program), "-F", "-c", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            wait_for(server.port)
            yield server
        finally:
            # Asked to end, it gives its services five seconds, and nothing of it is needed any more.
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


@dataclass
class Postfix:
    """SMTP on ``port``; mail to ``domain`` goes to the LMTP server it was given. ``folder`` holds queue and log."""

    port: int
    folder: Path
    program: Path

    def _run(self, *arguments: str) -> str:
        command = [str(self.program.with_name(arguments[0])), "-c", str(self.folder / "etc"), *arguments[1:]]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout

    def flush(self) -> None:
        """Try everything that waits, now."""
        self._run("postqueue", "-f")

    @property
    def queued(self) -> int:
        """How many mails wait."""
        return self._run("postqueue", "-j").count('"queue_id"')

    @property
    def log(self) -> str:
        """What it wrote down."""
        path = self.folder / "log" / "mail.log"
        return path.read_text() if path.exists() else ""


@contextlib.contextmanager
def postfix(lmtp_port: int, domain: str, copies_to: int = 0, relays: str = "") -> Iterator[Postfix]:
    """A Postfix in front of our LMTP, as docs/install.md sets it up, with a queue of its own.

    ``relays``: further domains whose mail it takes and hands to the same server, which refuses what it does not know.
    ``copies_to``: the LMTP port of a mail store that gets a copy of each mail, under reply@ at store and the domain.
    """
    program = programs.need("postfix")
    need_root()
    with _folder() as folder:
        for name in ("etc", "spool", "data", "log"):
            (folder / name).mkdir()
        owner = pwd.getpwnam("postfix")
        os.chown(folder / "data", owner.pw_uid, owner.pw_gid)
        server = Postfix(free_port(), folder, program)
        copies = (
            f"recipient_bcc_maps = static:reply@store.{domain}\n"
            f"transport_maps = inline:{{ store.{domain}=lmtp:inet:[127.0.0.1]:{copies_to} }}\n"
            if copies_to
            else ""
        )
        (folder / "etc" / "main.cf").write_text(f"""
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.{domain}
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
local_recipient_maps =
smtpd_relay_restrictions = reject_unauth_destination
message_size_limit = 160000000
mailbox_size_limit = 0
relay_domains = {domain} store.{domain} {relays}
{copies}relay_transport = lmtp:inet:[127.0.0.1]:{lmtp_port}
recipient_delimiter = +
lmtp_send_xforward_command = yes
smtpd_authorized_xforward_hosts = 127.0.0.1
lmtp_connection_cache_on_demand = no
minimal_backoff_time = 2s
queue_run_delay = 2s
maximal_backoff_time = 4s
""")
        (folder / "etc" / "master.cf").write_text(f"""
127.0.0.1:{server.port} inet n - n - - smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 300 1 qmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
discard   unix  - - n - - discard
lmtp      unix  - - n - - lmtp
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
tlsmgr    unix  - - n 1000? 1 tlsmgr
""")
        # In the foreground, so that it is our child and reaps its own.
        child = subprocess.Popen(
            [str(program), "-c", str(folder / "etc"), "start-fg"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(server.port)
            yield server
        finally:
            # What "postfix stop" does, without its whole seconds of waiting.
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((folder / "spool" / "pid" / "master.pid").read_text()), signal.SIGTERM)
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
