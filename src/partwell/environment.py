# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an installation may set, read once from the environment.

``SETTINGS`` is the whole list; docs/settings.md documents each and a test compares the two.
"""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from partwell.peer import Network, networks

SETTINGS: dict[str, str] = {
    "PARTWELL_HOME": "Folder of the installation: database, vault, log store. Default ./home.",
    "PARTWELL_KEYS": "Folder of the key-encryption keys, outside PARTWELL_HOME and its backups. Default ./keys.",
    "PARTWELL_LOG": "Folder of the log store: copies of entries and checkpoints outside the database. Default HOME-log beside the home.",
    "PARTWELL_DATABASE": "sqlite:///PATH or postgresql://USER@HOST/NAME (the application role). Default SQLite in the home.",
    "PARTWELL_DATABASE_OWNER": "postgresql:// address of the role that owns the tables; used by migrations only.",
    "PARTWELL_HOSTS": "Host names served, separated by commas. Default: loopback only.",
    "PARTWELL_URL": "The public address, for links in mails, e.g. https://parting.example. Default http://localhost:PORT.",
    "PARTWELL_BEHIND_PROXY": "1 when a proxy in front sets X-Forwarded-Proto.",
    "PARTWELL_TRUSTED_PROXIES": "Addresses and networks of proxies in front, separated by commas, e.g. 127.0.0.1."
    " From these alone X-Forwarded-For is believed. Default none.",
    "PARTWELL_DEMO": "1 only for the sample installation: demo sign-in links exist, bound to loopback.",
    "PARTWELL_SECRET_KEY": "Secret for cookies. Default: made once and kept in PARTWELL_KEYS.",
    "PARTWELL_LOG_LEVEL": "Python log level. Default WARNING.",
    "PARTWELL_SMTP": "smtp://, smtp+starttls:// or smtps:// USER@HOST:PORT. Default: the local post office, whose inbox is a page.",
    "PARTWELL_SMTP_PASSWORD_FILE": "File that holds the SMTP password.",
    "PARTWELL_MAIL_PORT": "Port of the local post office on loopback. Default 2525, or any free one where that is taken.",
    "PARTWELL_MAIL_ADDRESS": "Address at which mail comes in, e.g. reply@parting.example; reply+TOKEN@parting.example must arrive as well. With more than 21 signs before the @, delivery reports cannot prove themselves. Default none: no mail comes in.",
    "PARTWELL_MESSAGE_MAILS": "How many mails about single messages of one client one of your people gets an hour, 1 to 999; the rest is one mail at the hour's end. Default 20.",
    "PARTWELL_LMTP": "HOST:PORT or unix:/PATH on which `partwell run` takes mail by LMTP from the mail server in front. Default none.",
    "PARTWELL_BACKUP_RECIPIENT": "age public keys (age1…), separated by commas, to which `partwell backup` encrypts. Default none: give --recipient.",
    "PARTWELL_KEY_BACKUP_RECIPIENT": "age public keys for `partwell backup-keys`, other ones than the data's. Default none: give --recipient.",
    "PARTWELL_KEY_BACKUP_DAYS": "How many days a backup of the key store is kept, at most. A destroyed key counts as gone only after them. Default 0: none is made.",
    "PARTWELL_RECORD_YEARS": "How many years after the end of service the record of an inactive client is kept, at least. Default 7.",
    "PORT": "Port of the web server. Default 8000.",
}


@dataclass(frozen=True)
class Environment:
    """The settings as values; see ``SETTINGS`` for their meaning."""

    source_root: Path
    home: Path
    keys: Path
    log: Path
    database_url: str
    hosts: list[str]
    url: str
    port: int
    demo: bool
    loopback: bool
    behind_proxy: bool
    trusted_proxies: tuple[Network, ...]
    secret_key: str
    log_level: str
    smtp: str
    smtp_password_file: str
    mail_port: int
    mail_address: str
    message_mails: int
    lmtp: str
    backup_recipients: tuple[str, ...]
    key_backup_recipients: tuple[str, ...]
    key_backup_days: int
    record_years: int
    password_hashers: list[str]

    def __repr__(self) -> str:
        return f"Environment(home={self.home})"


def _secret_key(keys: Path) -> str:
    """The cookie secret: from the environment, else made once and kept beside the keys (0600)."""
    if given := os.environ.get("PARTWELL_SECRET_KEY"):
        return given
    path = keys / "cookie-secret"
    if not path.exists():
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
    return path.read_text()


def _port(name: str, default: int) -> int:
    """A port from the environment; ValueError with a sentence where it is none."""
    text = os.environ.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536):
        raise ValueError(
            f"{name}={text} is no port. Give a number from 1 to 65535, such as {name}={default}."
        )
    return int(text)


def _mail_address() -> str:
    """PARTWELL_MAIL_ADDRESS in lower case, "" without one; ValueError with a sentence where tokens cannot be put into it."""
    text = os.environ.get("PARTWELL_MAIL_ADDRESS", "").strip().casefold()
    local, _, domain = text.partition("@")
    if text and not (
        re.fullmatch(r"[a-z0-9._-]{1,30}", local) and re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", domain)
    ):
        raise ValueError(
            f"PARTWELL_MAIL_ADDRESS={text} is no address to which +TOKEN can be added. Give one such as reply@parting.example."
        )
    return text


def _lmtp() -> str:
    """PARTWELL_LMTP, "" without one; ValueError with a sentence where it is neither HOST:PORT nor unix:/PATH."""
    text = os.environ.get("PARTWELL_LMTP", "").strip()
    host, _, port = text.rpartition(":")
    number = port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536
    if text and not text.startswith("unix:/") and not (host and number):
        raise ValueError(f"PARTWELL_LMTP={text} is neither HOST:PORT nor unix:/PATH, such as 127.0.0.1:2424.")
    return text


def _days(name: str) -> int:
    """A number of days from the environment, 0 without one; ValueError with a sentence where it is none."""
    text = os.environ.get(name, "").strip() or "0"
    if not (text.isascii() and text.isdecimal() and len(text) < 5):
        raise ValueError(
            f"{name}={text} is no number of days. Give a whole number from 0 to 9999, such as {name}=30."
        )
    return int(text)


def _years(name: str, default: int) -> int:
    """A number of years from 1 to 99 from the environment; ValueError with a sentence where it is none."""
    text = os.environ.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 100):
        raise ValueError(f"{name}={text} is no number of years. Give 1 to 99, such as {name}={default}.")
    return int(text)


def _mails(name: str, default: int) -> int:
    """A number of mails from 1 to 999 from the environment; ValueError with a sentence where it is none."""
    text = os.environ.get(name, "").strip() or str(default)
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 1000):
        raise ValueError(f"{name}={text} is no number of mails. Give 1 to 999, such as {name}={default}.")
    return int(text)


def _list(name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in os.environ.get(name, "").split(",") if part.strip())


def read() -> Environment:
    """Read the environment. Creates the home and its tmp folder so that uploads have a place."""
    get = os.environ.get
    home = Path(get("PARTWELL_HOME", "home")).resolve()
    keys = Path(
        get("PARTWELL_KEYS", str(home.parent / (home.name + "-keys" if home.name != "home" else "keys")))
    ).resolve()
    for folder in (home, home / "tmp"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    port = _port("PORT", 8000)
    hosts = [host.strip() for host in get("PARTWELL_HOSTS", "").split(",") if host.strip()]
    loopback = not hosts
    fast = get("PARTWELL_TEST_FAST_HASH") == "1"
    return Environment(
        source_root=Path(__file__).resolve().parent.parent,
        home=home,
        keys=keys,
        log=Path(get("PARTWELL_LOG", str(home.parent / f"{home.name}-log"))).resolve(),
        database_url=get("PARTWELL_DATABASE") or f"sqlite:///{home / 'partwell.sqlite3'}",
        hosts=hosts or ["localhost", "127.0.0.1", "[::1]"],
        url=get("PARTWELL_URL", f"http://localhost:{port}").rstrip("/"),
        port=port,
        demo=get("PARTWELL_DEMO") == "1" and loopback,
        loopback=loopback,
        behind_proxy=get("PARTWELL_BEHIND_PROXY") == "1",
        trusted_proxies=networks(get("PARTWELL_TRUSTED_PROXIES", "")),
        secret_key=_secret_key(keys),
        log_level=get("PARTWELL_LOG_LEVEL", "WARNING"),
        smtp=get("PARTWELL_SMTP", ""),
        smtp_password_file=get("PARTWELL_SMTP_PASSWORD_FILE", ""),
        mail_port=_port("PARTWELL_MAIL_PORT", 2525),
        mail_address=_mail_address(),
        message_mails=_mails("PARTWELL_MESSAGE_MAILS", 20),
        lmtp=_lmtp(),
        backup_recipients=_list("PARTWELL_BACKUP_RECIPIENT"),
        key_backup_recipients=_list("PARTWELL_KEY_BACKUP_RECIPIENT"),
        key_backup_days=_days("PARTWELL_KEY_BACKUP_DAYS"),
        record_years=_years("PARTWELL_RECORD_YEARS", 7),
        password_hashers=(
            ["django.contrib.auth.hashers.MD5PasswordHasher"]
            if fast
            else [
                "django.contrib.auth.hashers.Argon2PasswordHasher",
                "django.contrib.auth.hashers.PBKDF2PasswordHasher",
            ]
        ),
    )


def database(env: Environment) -> dict[str, object]:
    """Django's DATABASES entry for the address in ``env``.

    SQLite: WAL, IMMEDIATE transactions (the default mode gave 125 lock errors of 600 in trials,
    IMMEDIATE none), ``secure_delete`` and ``recursive_triggers`` (else INSERT OR REPLACE passes
    the ledger's triggers). PostgreSQL: the application role, which owns no tables.
    """
    return database_from_url(env.database_url)


def database_from_url(url: str) -> dict[str, object]:
    """Django's database settings for ``sqlite:///PATH`` or ``postgresql://…``; ValueError for others."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:] if parts.path.startswith("//") else parts.path),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
                    "PRAGMA secure_delete=1; PRAGMA recursive_triggers=ON;"
                ),
            },
        }
    if parts.scheme in ("postgresql", "postgres"):
        query = dict(parse_qsl(parts.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": query.pop("host", None) or parts.hostname or "",
            "PORT": str(parts.port or query.pop("port", "") or ""),
            "CONN_MAX_AGE": None,
            "OPTIONS": query,
        }
    raise ValueError("PARTWELL_DATABASE must begin with sqlite:/// or postgresql://.")
