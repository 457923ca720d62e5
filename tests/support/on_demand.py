# SPDX-License-Identifier: AGPL-3.0-or-later
"""A test's PostgreSQL database is made when it is first reached for, by whoever does: a connection of Django's, a fork, a child.

Many tests begin with a kept world (kept.py): its copy then takes the place of the empty one, which nobody had to make and drop.
Whoever reaches for it by another way (a bare driver, before anything else) is told that it does not exist.
"""

import os
import threading
from functools import cache
from typing import Any

from tests.support.postgres import Cluster

_WAITING: dict[str, tuple[Cluster, str]] = {}
"""Name → where, and what it is to be a copy of."""
_lock = threading.RLock()


def later(cluster: Cluster, name: str, template: str) -> None:
    """``name`` is to be a copy of ``template``, on demand; asked again before that, of the other template."""
    _install()
    with _lock:
        _WAITING[name] = (cluster, template)


def waits(name: str) -> bool:
    """Whether nobody reached for it yet."""
    return name in _WAITING


def make(name: str) -> None:
    """Make it now, unless that is done."""
    if name not in _WAITING:
        return
    with _lock:  # threads that reach for it at once wait for the first
        if name in _WAITING:
            cluster, template = _WAITING[name]
            cluster.clone(template, name)
            del _WAITING[name]


def make_all() -> None:
    """Before a fork: the child must neither use our connection nor leave us without knowing what it made."""
    for name in list(_WAITING):
        make(name)


def gone(name: str) -> bool:
    """It will not be asked for any more; whether it was ever made."""
    with _lock:
        return _WAITING.pop(name, None) is None


@cache
def _install() -> None:
    from django.db.backends.postgresql.base import DatabaseWrapper

    bare = DatabaseWrapper.get_new_connection

    def reached(self: Any, parameters: dict[str, Any]) -> Any:
        make(str(parameters.get("dbname")))
        return bare(self, parameters)

    DatabaseWrapper.get_new_connection = reached  # type: ignore[method-assign]
    os.register_at_fork(before=make_all)
