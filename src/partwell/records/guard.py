# SPDX-License-Identifier: AGPL-3.0-or-later
"""Only actions write (HOUSE.md, "What holds the walls up").

Queries return model instances, so a door *could* call ``.save()``. An execute-wrapper on every
connection refuses writes outside an action; what sign-in, sessions and jobs need is on ``FREE``.
A database role could not draw this line: the same process writes for both.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# Tables written outside actions, each with its reason.
FREE = {
    "django_session": "staff sessions",
    "people_user": "password and last sign-in; roles stand on people_staffmember, which is guarded",
    "account_emailaddress": "allauth's verified addresses",
    "account_emailconfirmation": "allauth",
    "mfa_authenticator": "TOTP, passkeys and recovery codes of staff",
    "people_signinlink": "sign-in",
    "people_portalsession": "sign-in",
    "people_accountmail": "sign-in mail, apart from evidence",
    "people_idempotencykey": "the API's memory of answers",
    "people_securityevent": "the security log",
    "jobs_job": "leases and progress; the outcome is written by actions",
    "partwell_cache": "throttling counters",
    "estate_importline": "staging before anything is confirmed",
    "retention_deletionline": "progress of a dry run and a deletion; the listing and outcome files are the evidence",
    "django_content_type": "Django's own, on migrate",
    "auth_permission": "Django's own, on migrate",
}

_WRITE = re.compile(
    r"\s*(?:/\*.*?\*/\s*)*(?:WITH\b.*?\b)?(INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE(?:\s+OR\s+\w+)?|DELETE\s+FROM|TRUNCATE(?:\s+TABLE)?"
    r"|MERGE\s+INTO|COPY)\s+(?:ONLY\s+)?[\"`\[]?(?:main[\"`\]]?\.[\"`\[]?|public[\"`\]]?\.[\"`\[]?)?(\w+)",
    re.IGNORECASE | re.DOTALL,
)
_SCHEMA = re.compile(r"\s*(CREATE|ALTER|DROP|REINDEX|VACUUM)\b", re.IGNORECASE)
_READ = re.compile(
    # A union's parts stand in brackets on PostgreSQL; nothing but SELECT may follow one.
    r"\s*(\((?:\s*\()*\s*SELECT|SELECT|SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT|PRAGMA|EXPLAIN|SHOW|SET|DECLARE|FETCH|CLOSE|MOVE|VALUES|LISTEN|UNLISTEN|NOTIFY)\b",
    re.IGNORECASE,
)

_permit: ContextVar[str] = ContextVar("partwell_write_permit", default="")


class WriteRefused(RuntimeError):
    """A write outside an action: a bug in whoever tried, never a user's doing."""


@contextmanager
def permit(what: str) -> Iterator[None]:
    """Permit writes within the block. ``what``: "deed" (the actions' base) or "schema" (migrations, set-up)."""
    token = _permit.set(what)
    try:
        yield
    finally:
        _permit.reset(token)


def check(sql: str) -> None:
    """Raise ``WriteRefused`` if this statement writes a guarded table outside an action. Fails closed on unknown verbs."""
    if _permit.get():
        return
    if match := _WRITE.match(sql):
        if match.group(2).lower() in FREE:
            return
        raise WriteRefused(
            f"Only actions write: {match.group(1).split()[0].upper()} on {match.group(2)} was refused."
        )
    if _SCHEMA.match(sql):
        raise WriteRefused("The schema changes by migrations only.")
    if not _READ.match(sql):
        raise WriteRefused("A statement of unknown kind was refused outside an action.")


def guard(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """The execute-wrapper; see Django's "Database instrumentation"."""
    check(sql)
    return execute(sql, params, many, context)


def install(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Put the guard on a fresh connection (signal ``connection_created``); at most once."""
    if guard not in connection.execute_wrappers:
        connection.execute_wrappers.append(guard)
