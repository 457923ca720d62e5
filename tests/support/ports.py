# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ports for servers that must be told theirs before they start.

One that the system gives and that is let go again can be given to somebody else before the server has it. These lie
below what systems give by themselves (Linux from 32768, others from 49152), each process of a run has its own, and
none comes again soon.
"""

import itertools
import os
import socket

_FIRST, _EACH, _PROCESSES = 20_000, 1_500, 8
_turn = itertools.count(os.getpid() * 7)  # two runs at once begin elsewhere


def free_port() -> int:
    """A port of loopback that nobody uses and nobody else is told of. RuntimeError where all are in use."""
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % _PROCESSES
    for turn in itertools.islice(_turn, _EACH):
        port = _FIRST + number * _EACH + turn % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("No port of loopback is free.")
