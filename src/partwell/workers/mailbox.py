# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reads the IMAP roads: a thread each in the one worker process, by IDLE where the server has it, else every minute.

A message is fetched unmarked, committed here, then marked or moved as the road says, and only then counted as read. Dying at
any point repeats a step that does nothing the second time. What could not be taken stays in the mailbox, is tried again,
and does not keep later ones away. Without PARTWELL_MAIL_ADDRESS or a road nothing of this runs.
"""

import logging
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections, connections

from partwell.actions.correspondence.receive import LARGEST, Peer, take_in
from partwell.actions.correspondence.reply_addresses import takes_mail
from partwell.actions.correspondence.road_secrets import forget_token
from partwell.actions.correspondence.road_settings import whole
from partwell.actions.correspondence.roads import note_progress, place_of
from partwell.connectors.dns import Resolver
from partwell.connectors.errors import ConnectorError
from partwell.connectors.imap import ImapBox, ImapError, ImapRefused
from partwell.connectors.mail_trace import handed_over, names_of
from partwell.records.correspondence.queries import Road, imap_roads, living_road

log = logging.getLogger("partwell.mailbox")

LOOK, EVERY, IDLE = 10.0, 60.0, 60.0
FIRST_WAIT, LONGEST_WAIT, REFUSED_WAIT = 5.0, 600.0, 900.0


class Poller:
    """One road's reading. ``done``: UIDs after a stuck one that were taken in this life."""

    def __init__(self, road_id: UUID, stop: threading.Event, resolver: Resolver | None = None) -> None:
        self.road_id = road_id
        self._stop = stop
        self._resolver = resolver
        self._done: set[int] = set()

    def run(self) -> None:
        """Until the road is removed or the worker stops; waits longer after each failure in a row, and says on the road why."""
        wait = FIRST_WAIT
        try:
            while not self._stop.is_set():
                road = living_road(self.road_id)
                if road is None:
                    return
                try:
                    self._stay(road)
                    wait = FIRST_WAIT
                    continue
                except ImapRefused as error:
                    forget_token(self.road_id)  # where it is one: the next look asks for another
                    self._say(str(error))
                    wait = REFUSED_WAIT
                except ConnectorError as error:
                    self._say(str(error))
                except Exception as error:  # noqa: BLE001  # the database or the disk: said, and tried again
                    log.error("A road could not be read: %s", type(error).__name__)
                    self._say(
                        f"What came could not be kept ({type(error).__name__}); it stays in the mailbox and is tried again."
                    )
                close_old_connections()
                self._stop.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT)
        finally:
            connections.close_all()

    def _say(self, error: str) -> None:
        try:
            note_progress(self.road_id, error=error)
        except Exception as problem:  # noqa: BLE001  # the database itself may be what failed
            log.error("A road's state could not be noted: %s", type(problem).__name__)

    def _stay(self, road: Road) -> None:
        """Read, and wait for more, until the road's row changes or the worker stops."""
        with ImapBox(place_of(road)) as box:
            idle = box.can_idle
            while not self._stop.is_set():
                self.read(box, road)
                if idle:
                    box.wait(IDLE)
                else:
                    self._stop.wait(EVERY)
                close_old_connections()
                now = living_road(self.road_id)
                if now is None or now.row_version != road.row_version:
                    return
                road = now

    def read(self, box: ImapBox, road: Road) -> int:
        """Take everything new; how many. Raises the first failure after the rest was tried."""
        last = road.last_uid if road.uid_validity == box.validity else 0
        if road.uid_validity != box.validity:
            self._done.clear()  # the server counts anew: all is looked at again, and known by its content
        taken, stuck, remark = 0, None, ""
        servers = names_of(str(whole("imap", road.settings)["servers"]))
        found = box.after(last)
        left = len(found)
        for uid in found:
            if self._stop.is_set():
                break
            if uid in self._done:
                left -= 1
                if stuck is None:
                    note_progress(road.id, validity=box.validity, uid=uid, waiting=left)
                continue
            try:
                remark = self._one(box, uid, servers) or remark
                taken, left = taken + 1, left - 1
            except ImapError:
                raise
            except Exception as error:  # noqa: BLE001  # one mail that cannot be kept keeps no other away
                stuck = stuck or error
            if stuck is None:
                note_progress(road.id, validity=box.validity, uid=uid, error=remark, waiting=left)
            else:
                self._done.add(uid)
        if stuck is not None:
            note_progress(road.id, error="It could not be kept.", waiting=left)
            raise stuck
        if not taken:
            note_progress(road.id, validity=box.validity, uid=last, error="", waiting=left)
        return taken

    def _one(self, box: ImapBox, uid: int, servers: tuple[str, ...]) -> str:
        """One message: fetch, commit, then mark. Gives a sentence where something is left to a person."""
        size, received = box.about(uid)
        if size is None:
            return ""
        if size > LARGEST:
            return f"The message {uid} has {size} bytes, more than are taken; it stays in the mailbox."
        with tempfile.TemporaryDirectory(prefix="imap-", dir=Path(settings.PARTWELL_HOME) / "tmp") as folder:
            path = Path(folder) / "mail.eml"
            if box.fetch(uid, path) is None:
                return ""
            trace = handed_over(path, servers)
            peer = Peer(trace.address, trace.helo) if trace else None
            take_in(
                path, road="imap", envelope_from=trace.sender if trace else "", received_at=received, peer=peer, resolver=self._resolver
            )  # fmt: skip
        try:
            box.taken(uid)
        except ImapError as error:
            return str(error)
        return ""


def start() -> Callable[[], None]:
    """Look for roads in a thread of its own and read each in another; gives ``stop()``. Nothing where no mail comes in."""
    stop = threading.Event()
    if not takes_mail():
        return stop.set
    threads: dict[UUID, threading.Thread] = {}

    def watch() -> None:
        while not stop.is_set():
            try:
                for road in imap_roads():
                    if road.id not in threads or not threads[road.id].is_alive():
                        poller = Poller(road.id, stop)
                        threads[road.id] = threading.Thread(
                            target=poller.run, name=f"imap-{road.id.hex[:8]}", daemon=True
                        )
                        threads[road.id].start()
            except Exception as error:  # noqa: BLE001  # the database may be away for a moment
                log.error("The roads could not be looked up: %s", type(error).__name__)
            close_old_connections()
            stop.wait(LOOK)
        connections.close_all()

    threading.Thread(target=watch, name="imap-roads", daemon=True).start()
    return stop.set
