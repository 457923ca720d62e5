# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kill -9 of whoever takes mail in, at any step: no mail is lost, none is taken twice, and nothing is told that is not so."""

import os
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from partwell.actions.correspondence import receive, roads
from partwell.actions.evidence.check import check_ledger
from partwell.actions.evidence.log_store import copy_new
from partwell.connectors import imap
from partwell.records.correspondence.models import Envelope, InboundMail, Message, Road
from partwell.workers import mailbox
from tests.flows.mail_cast import address, mail, mail_comes_in, take
from tests.flows.test_mail_in import started
from tests.flows.test_mail_roads import read, road_to
from tests.kill import stage
from tests.kill.test_kill_backup import killed_at
from tests.support.mail_servers import dovecot, postfix, wait_for
from tests.support.ports import free_port
from tests.support.worlds import World

pytestmark = pytest.mark.usefixtures("db_world")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def once(count: int = 1) -> None:
    """Each mail is there once, whole, told of once."""
    assert InboundMail.objects.count() == count
    assert Message.objects.filter(author_kind="unknown").count() == count
    assert Envelope.objects.filter(kind="held_question").count() == count


@pytest.mark.slow
def test_taking_in_dies_at_statements_and_commits() -> None:
    """Every eleventh step of a first taking, each on a mail of its own; what was acknowledged or not, the second taking settles it."""
    started()
    place = address()
    lived, at, number = False, 1, 0
    while not lived:
        raw = mail("who@knows.example", place, f"No. {at}")
        killed, _ = stage.run_killed(lambda raw=raw: take(raw, to=place), at)  # type: ignore[misc]
        before = InboundMail.objects.filter(subject=f"No. {at}").count()
        assert before in (0, 1)
        row = take(raw, to=place)
        number += 1
        assert row.state in ("held", "waiting")
        assert InboundMail.objects.filter(subject=f"No. {at}").count() == 1
        assert Message.objects.filter(subject=f"No. {at}").count() == (row.state == "held")
        lived, at = not killed, at + 11
    assert InboundMail.objects.count() == number > 5
    copy_new()
    assert [
        one.code for one in check_ledger().findings if one.code not in ("database-role", "blob-stray")
    ] == []


POINTS: list[tuple[Any, str]] = [
    (imap.ImapBox, "fetch"), (mailbox, "take_in"), (receive, "judge"), (receive, "_keep"), (imap.ImapBox, "taken"), (mailbox, "note_progress"),
]  # fmt: skip


def test_the_poller_dies_at_every_point_and_the_next_one_goes_on() -> None:
    c = started()
    with dovecot() as server:
        road = road_to(server, c)
        count = 0
        for place, name in POINTS:
            for after in (False, True):
                server.put(mail("who@knows.example", address(), f"{name} {after}"))
                assert killed_at(lambda: read(road), place, name, 1, after=after), name
                connections.close_all()
                read(road)
                count += 1
                assert InboundMail.objects.filter(subject=f"{name} {after}").count() == 1, (name, after)
        assert InboundMail.objects.count() == count
        road = Road.objects.get(pk=road.id)
        assert road.last_uid == count and read(road) == 0
        marked = [one for one in (server.maildir / "cur").iterdir() if "S" in one.name.rpartition(",")[2]]
        assert len(marked) == count
        assert roads.place_of(road).after == "seen"


def _serve(world: World, port: int) -> "subprocess.Popen[bytes]":
    environment = {
        **world.environment(), "PARTWELL_MAIL_ADDRESS": "reply@parting.example", "PARTWELL_LMTP": f"127.0.0.1:{port}",
        "PYTHONPATH": str(ROOT / "src"),
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "partwell.entrypoints.mailbox"], env=environment, cwd=ROOT
    )
    wait_for(port)
    return child


def _until(true: Callable[[], Any], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.1)


def test_the_lmtp_process_is_killed_again_and_again_and_postfix_keeps_what_it_has(db_world: World) -> None:
    """Ten mails through Postfix while our process dies every second or so; in the end each is here once, and its queue is empty."""
    started()
    place, port = address(), free_port()
    child = _serve(db_world, port)
    try:
        with postfix(port, "parting.example") as front:
            for number in range(10):
                with smtplib.SMTP("127.0.0.1", front.port) as client:
                    client.sendmail(
                        "who@knows.example", [place], mail("who@knows.example", place, f"Mail {number}")
                    )
                if number % 3 == 1:
                    time.sleep(0.15 * number)
                    os.kill(child.pid, signal.SIGKILL)
                    child.wait()
                    child = _serve(db_world, port)
                    front.flush()

            def done() -> bool:
                front.flush()
                return front.queued == 0

            _until(done, 60)
    finally:
        child.terminate()
        child.wait(20)
    assert sorted(InboundMail.objects.values_list("subject", flat=True)) == sorted(
        f"Mail {number}" for number in range(10)
    )
    once(10)
    assert child.returncode == 0
