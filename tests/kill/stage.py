# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stage of the kill tests: a small departure, a mail server that remembers, and a child that dies at a chosen step.

A step is a statement reaching the database (before or after it), a commit, or a command or piece of text sent to
the mail server or its answer. Counting them needs no hook in the program: a release of stored documents and its
delivery rename no file, so every boundary at which a crash could matter is one of these.
"""

import os
import signal
import smtplib
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from unittest import mock
from uuid import UUID

from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.people.set_up import MspPolicy, actor_of, set_up
from partwell.actions.releases.gate import Target
from partwell.records.authorisations.models import Authorisation, Recipient, RecipientPerson, TermsAcceptance
from partwell.records.clients.models import Client, Contact
from partwell.records.estate.models import Item
from partwell.rules.actor import Actor
from partwell.rules.terms import AuthorisationState, Category, ClientState, ItemKind, Owner, Party
from tests.support.kept import kept
from tests.support.ports import free_port


@dataclass
class Post:
    """What a mail server took, by Message-ID."""

    taken: Counter[str] = field(default_factory=Counter)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Remember the message before answering: it has left from here on."""
        self.taken[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 taken"


@contextmanager
def mail_server() -> Any:
    """A server on loopback that takes everything and remembers it."""
    post = Post()
    port = free_port()
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield post, port
    finally:
        controller.stop()


@dataclass(frozen=True)
class Departure:
    """The ids a child needs after the fork."""

    actor: Actor
    client: UUID
    contact: UUID
    person: UUID
    items: tuple[UUID, ...]


@kept
def prepare() -> Departure:
    """A departing client with a granted authorisation and three documents, through deeds."""
    owner = set_up(MspPolicy("Harbourline IT", "desk@harbourline.example", time_zone="UTC"), owner_name="Jonah Reyes",
                   owner_email="jonah@harbourline.example", owner_password=None)  # fmt: skip
    actor = actor_of(owner)  # type: ignore[arg-type]
    with Deed(actor) as deed:
        client = deed.add(
            Client(
                name="Northwick",
                legal_name="Northwick Traders Ltd",
                state=ClientState.DEPARTING,
                added_at=deed.now,
            )
        )
        deed.lock(client.id)
        contact = deed.add(
            Contact(
                client=client,
                name="Mara Ellery",
                role="signatory",
                email="mara@northwick.example",
                added_at=deed.now,
            )
        )
        deed.record("client.added", subjects=[client.id])
    stored = [
        files.store(actor, f"document {number}".encode() * 50, client_id=client.id, name=f"d{number}.txt")
        for number in range(3)
    ]
    with Deed(actor) as deed:
        deed.lock(client.id)
        for file in stored:
            deed.add(file)
        firm = deed.add(Recipient(client=client, firm="Alder Row IT", kind="new_provider", added_at=deed.now))
        person = deed.add(
            RecipientPerson(
                recipient=firm, name="Theo Brandt", email="theo@alderrow.example", added_at=deed.now
            )
        )
        deed.add(TermsAcceptance(person=person, text_version="1", text_digest="0" * 64, accepted_at=deed.now))
        today = timezone.now().date()
        deed.add(Authorisation(client=client, recipient=firm, version=1, state=AuthorisationState.GRANTED, presets=["documentation"],
                               person_ids=[person.id.hex], starts_on=today, ends_on=today + timedelta(days=30), signatory=contact,
                               factor="passkey", granted_at=deed.now))  # fmt: skip
        items = [deed.add(Item(client=client, title=f"Document {number}", category=Category.PROCESS_DOCS, kind=ItemKind.DOCUMENT,
                               owner=Owner.CLIENT, document=file, added_at=deed.now))
                 for number, file in enumerate(stored)]  # fmt: skip
        deed.record("client.changed", subjects=[client.id], public={"what": "everything a departure needs"})
    return Departure(actor, client.id, contact.id, person.id, tuple(item.id for item in items))


def release(departure: Departure) -> None:
    """What the child does: release the set, then relay it."""
    from partwell.actions.releases.release_items import release_items
    from partwell.workers import relay

    target = Target(Party.PROVIDER, contact=Contact.objects.get(pk=departure.contact),
                    person=RecipientPerson.objects.select_related("recipient").get(pk=departure.person))  # fmt: skip
    release_items(
        actor=departure.actor,
        client_id=departure.client,
        target=target,
        item_ids=departure.items,
        idempotency="one click",
    )
    relay.deliver_due()


def run_killed(work: Callable[[], object], at: int) -> tuple[bool, int]:
    """Fork; the child works and dies by SIGKILL at step ``at`` (0: never). Gives (was killed, steps taken if it lived).

    The connection is closed before the fork, so that parent and child share none.
    """
    connections.close_all()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        code = 1
        try:
            count = _work_with_steps(work, at)
            os.write(writing, str(count).encode())
            code = 0
        except BaseException:  # whatever it is, the child must not run pytest's own exit
            os.write(writing, traceback.format_exc()[-3000:].encode())
        finally:
            os._exit(code)
    os.close(writing)
    said = b""
    while piece := os.read(reading, 65536):
        said += piece
    os.close(reading)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, f"the child died by signal {os.WTERMSIG(status)}"
        return True, 0
    assert os.WEXITSTATUS(status) == 0, said.decode(errors="replace")
    return False, int(said)


def _work_with_steps(work: Callable[[], object], at: int) -> int:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        step()
        result = execute(sql, params, many, context)
        step()
        return result

    def stepping(original: Any) -> Any:
        def inner(*args: Any, **kwargs: Any) -> Any:
            step()
            result = original(*args, **kwargs)
            step()
            return result

        return inner

    connection.ensure_connection()
    real = type(connections["default"])
    with ExitStack() as stack:
        stack.enter_context(connection.execute_wrapper(around))
        stack.enter_context(mock.patch.object(smtplib.SMTP, "send", stepping(smtplib.SMTP.send)))
        stack.enter_context(mock.patch.object(smtplib.SMTP, "getreply", stepping(smtplib.SMTP.getreply)))
        # The commit itself: Django commits outside execute wrappers.
        for name in ("_commit",):
            stack.enter_context(mock.patch.object(real, name, stepping(getattr(real, name))))
        work()
    return steps


@contextmanager
def mail_at(port: int) -> Any:
    """Let the relay use the server on ``port``."""
    import dataclasses

    from django.test import override_settings

    with override_settings(ENV=dataclasses.replace(settings.ENV, mail_port=port, smtp="")):
        yield
