# SPDX-License-Identifier: AGPL-3.0-or-later
"""Takes a mail in: once, whole, and before anybody is told that we have it (R1, R2, R4).

Bytes first: they go into the vault as they came, under the client's key, whatever else can be read of them. Parsing
happens in the guarded process; DNS is asked before the deed; one deed then keeps the mail, its parts, and what it
becomes. A copy by another road, or the same again after a crash, is the same mail (``InboundMail.same_key``).
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import DataError, IntegrityError
from django.utils import timezone

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.actions.correspondence import (
    file_mail,
    forwarded,
    reply_addresses,
    report_trust,
    return_paths,
    staff_answer,
)
from partwell.actions.correspondence.filing import Filing
from partwell.actions.correspondence.inbound_auth import Peer, judge
from partwell.actions.correspondence.receive_facts import (
    HELD_AN_HOUR,
    Taken,
    Target,
    attached,
    facts_of,
    files_of,
    row_of,
    same_key,
)
from partwell.actions.correspondence.return_paths import Returned
from partwell.actions.correspondence.sender import around, match
from partwell.actions.keys import INSTALLATION, RECORD, OpenUnit, blob_store, unit_for
from partwell.connectors.dns import Resolver
from partwell.connectors.mail_same import fingerprint
from partwell.importers.base import ImportedItem, ImportRefused, Options, Understood, clean
from partwell.importers.inbound_mail import MailRead, from_wire_facts
from partwell.importers.limits import MIB, Limits
from partwell.importers.mail_text import storable
from partwell.importers.sandbox import read_guarded
from partwell.records.correspondence.models import Envelope, InboundMail, InboundPart
from partwell.records.statements import find
from partwell.records.vault.models import StoredFile
from partwell.rules import inbound
from partwell.rules.actor import Actor
from partwell.rules.inbound_forward import Kind

__all__ = ["HELD_AN_HOUR", "LARGEST", "MAILBOX", "Peer", "same_key", "take_in"]

LARGEST = 150 * MIB
"""Bytes of the largest mail that the roads take; ``take_in`` itself takes any."""
MAILBOX = Actor(kind="system", id=UUID(int=0), name="Partwell", role="system", door="mailbox")
_LIMITS = Limits(
    memory=512 * MIB, cpu_seconds=60, wall_seconds=120.0, idle_seconds=60.0, written_file=LARGEST
)


def take_in(
    raw: Path | bytes,
    *,
    road: str,
    envelope_from: str = "",
    envelope_to: Sequence[str] = (),
    received_at: datetime | None = None,
    peer: Peer | None = None,
    resolver: Resolver | None = None,
    by: Actor = MAILBOX,
) -> InboundMail:
    """Take one mail in and give its row; committed when this returns, so that the road may now say that we have it.

    ``raw``: its bytes, or a file of them that stays the caller's. ``road``: imap, lmtp, webhook or upload. ``envelope_*``
    as the transport said, "" and nothing where it does not tell. ``received_at`` aware, now if not given. ``peer``: who
    handed it to us, for SPF. ``by``: whoever brought it as a file. ``resolver``: answers DNS, the system's if not given. Addressed to two clients it becomes one
    mail for each; the first is given. Raises what the disk, the database or the key store raise, and nothing for any bytes.
    """
    with _on_disk(raw) as (path, spool):
        read, parts = _read(path, spool)
        taken = Taken(
            path, fingerprint(path), read, parts, road, storable(clean(envelope_from, 320)), [storable(clean(one, 320)) for one in envelope_to][:100],
            received_at or timezone.now(), peer, resolver, by,
        )  # fmt: skip
        rows = [_take(taken, target) for target in _targets(taken)]
        return rows[0]


@contextlib.contextmanager
def _on_disk(raw: Path | bytes) -> Iterator[tuple[Path, Path]]:
    """The mail as a file and an empty folder for its parts; both in the home's tmp, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="mail-", dir=Path(settings.PARTWELL_HOME) / "tmp"))
    try:
        spool = folder / "parts"
        spool.mkdir(mode=0o700)
        path = raw if isinstance(raw, Path) else folder / "mail.eml"
        if isinstance(raw, bytes):
            path.write_bytes(raw)
        yield path, spool
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path, spool: Path) -> tuple[MailRead, list[ImportedItem]]:
    """What the guarded process makes of it; a mail that breaks it is kept unread, with the reason."""
    found, parts = None, []
    try:
        for one in read_guarded("inbound", path, Options(spool=spool, limits=_LIMITS)):
            if isinstance(one, Understood):
                found = from_wire_facts(one.facts)
            elif isinstance(one, ImportedItem) and one.file is not None and not one.details.get("body"):
                parts.append(one)
    except ImportRefused as refused:
        problem = f"It could not be taken apart: {refused.sentence} It is kept as it came."
        return (found or MailRead(is_mail=False, problems=(problem,))), []
    return found or MailRead(
        is_mail=False, problems=("Nothing of it could be read; it is kept as it came.",)
    ), parts


def _targets(taken: Taken) -> list[Target]:
    """Every client's conversation that this mail belongs to, once each; one target without a client where there is none."""
    rows = reply_addresses.known(taken.envelope_to) or reply_addresses.known(taken.read.delivered)
    back: dict[UUID, Returned] = {}
    for one in return_paths.found([*taken.envelope_to, *taken.read.delivered]):
        back.setdefault(one.envelope.client_id, one)
    found: dict[UUID, Target] = {}
    for row in rows:
        found.setdefault(
            row.client_id, Target(row.client_id, row, row.offboarding_id, back.get(row.client_id))
        )
    for client_id, one in back.items():
        found.setdefault(client_id, Target(client_id, returned=one))
    if not found and (thread := _by_thread(taken.read)) is not None:
        found[thread] = Target(thread)
    return list(found.values()) or [Target()]


def _by_thread(read: MailRead) -> UUID | None:
    """The client of the mail of ours that this one is about, answers, or repeats; else of an earlier mail of its thread."""
    about = [*read.report_of, read.in_reply_to, read.message_id, *reversed(read.references)][:100]
    ids = [one for one in about if one]
    ours = dict(
        Envelope.objects.filter(internet_message_id__in=ids).values_list("internet_message_id", "client_id")
    )
    theirs = dict(
        InboundMail.objects.filter(internet_message_id__in=ids, state__in=("filed", "held")).values_list("internet_message_id", "client_id")
    )  # fmt: skip
    return next((known[one] for known in (ours, theirs) for one in ids if one in known), None)


def _known(taken: Taken, client_id: UUID | None) -> InboundMail | None:
    """The row of an earlier copy. A copy that nobody can place is one of those that were placed, if there are any."""
    found = next(iter(find(InboundMail, same_key=same_key(taken.print.base, client_id))), None)
    if found is None and client_id is None and taken.read.message_id:
        placed = InboundMail.objects.filter(internet_message_id=taken.read.message_id).exclude(client=None)[
            :50
        ]
        found = next(
            (one for one in placed if one.same_key == same_key(taken.print.base, one.client_id)), None
        )
    return found


def _take(taken: Taken, target: Target) -> InboundMail:
    if (earlier := _known(taken, target.client_id)) is not None:
        return earlier
    if taken.judged is None:
        sender = taken.read.from_[0].address if taken.read.from_ else ""
        taken.judged = judge(
            taken.path,
            sender,
            taken.envelope_from,
            taken.peer,
            now=taken.received_at,
            resolver=taken.resolver,
        )
        _look_inside(taken, sender)
    stored: list[StoredFile] = []
    unit = unit_for(MAILBOX, target.client_id, RECORD if target.client_id else INSTALLATION)
    try:
        with taken.path.open("rb") as stream:
            stored.append(_store(stream, unit, "mail.eml", "message/rfc822"))
        for item in taken.parts:
            assert item.file is not None and item.file.path is not None  # only such are parts
            with item.file.path.open("rb") as stream:
                stored.append(_store(stream, unit, item.file.name, item.file.media_type))
        try:
            found = _keep(taken, target, stored)
        except (
            DataError,
            ValueError,
        ) as error:  # something that no column takes: the bytes are kept all the same
            why = f"What it says cannot be written down ({type(error).__name__}); it is kept as it came."
            taken.read, taken.parts = MailRead(is_mail=False, problems=(why,)), []
            found = _keep(taken, target, stored[:1])
            _forget(stored[1:])
    except BaseException:
        _forget(stored)
        raise
    if found.raw_id != stored[0].id:
        _forget(stored)  # somebody took the other copy in at the same moment
    return found


def _look_inside(taken: Taken, sender: str) -> None:
    """Of a staff member's mail with a mail attached: judge that one by itself. Of anybody else's it stays one part, unopened."""
    original = next((one for one in taken.parts if one.details.get("original")), None)
    if original is None or match(None, sender, taken.received_at).staff is None:
        taken.parts = [one for one in taken.parts if not one.details.get("inner")]
        return
    assert original.file is not None and original.file.path is not None  # only such are parts
    path = original.file.path
    taken.original = judge(
        path, taken.read.forward.address, "", None, now=taken.received_at, resolver=taken.resolver
    )
    taken.original_print = fingerprint(path)


def _store(stream: BinaryIO, unit: OpenUnit, name: str, media_type: str) -> StoredFile:
    return files.store(MAILBOX, stream, client_id=unit.client_id, name=name, media_type=media_type, unit=unit)


def _forget(stored: list[StoredFile]) -> None:
    for file in stored:
        with contextlib.suppress(Exception):  # a stray blob is swept later
            blob_store().delete(file.blob_id)


def _keep(taken: Taken, target: Target, stored: list[StoredFile]) -> InboundMail:
    """The deed. Of two at once one commits; the other finds that row, by the client's lock or the unique key."""
    try:
        with Deed(taken.by) as deed:
            if target.client_id is not None:
                deed.lock(target.client_id)
            if (earlier := _known(taken, target.client_id)) is not None:
                return earlier
            return _keep_in(deed, taken, target, stored)
    except IntegrityError:
        earlier = _known(taken, target.client_id)
        if earlier is None:
            raise
        return earlier


def _keep_in(deed: Deed, taken: Taken, target: Target, stored: list[StoredFile]) -> InboundMail:
    read, judged = taken.read, taken.judged
    assert judged is not None  # judged before the deed, since DNS is slow
    deed.add_many(StoredFile, stored)
    report = report_trust.weigh(
        read, target.client_id, target.returned, road=taken.road, now=taken.received_at
    )
    everybody = around(target.client_id)
    who = match(target.client_id, read.from_[0].address if read.from_ else "", deed.now, everybody)
    facts = facts_of(deed, taken, target, who.facts, judged, everybody, report=report)
    mail = row_of(taken, target, stored[0])
    mail.sender_kind = who.facts.kind.value
    mail.contact, mail.person, mail.staff = who.contact, who.person, who.staff
    mail.recipient = who.person.recipient if who.person else None
    kind, why = Kind.ANSWER, ""
    if who.staff is not None:
        places = [
            number
            for number, item in enumerate(taken.parts, 1)
            if item.details.get("original") or item.details.get("inner")
        ]
        first = taken.original_print
        forwarded.note(
            mail, read, places, first.sha256 if first else "", taken.original.kept if taken.original else None
        )
        here = first is not None and InboundMail.objects.filter(same_key=same_key(first.base, target.client_id), state__in=("filed", "held")).exists()  # fmt: skip
        kind, why = forwarded.kind_of(deed, mail, read, here)
    facts = replace(facts, forwarded=kind is not Kind.ANSWER)
    filing = Filing(
        mail,
        who,
        inbound.decide(facts),
        attached(taken),
        report,
        files=files_of(taken),
        past_us=facts.past_us,
    )
    filing = staff_answer.checked(forwarded.judged(deed, filing, kind, why), deed)
    mail.state, mail.warnings = filing.verdict.state.value, list(filing.verdict.warnings)
    mail.decision = filing.verdict.why[:300]
    if report is not None:
        mail.auth["report"], mail.decision = report_trust.kept(report), (report.remark or mail.decision)[:300]
    row = file_mail.file(deed, filing)
    deed.add_many(InboundPart, [
        InboundPart(mail=mail, position=number, file=file, name=file.name, media_type=file.media_type, inline=bool(item.details.get("inline")))
        for number, (item, file) in enumerate(zip(taken.parts, stored[1:], strict=True), 1)
    ])  # fmt: skip
    if target.client_id is not None:
        _settle_unplaced(deed, taken, mail)
    file_mail.tell(deed, filing, row)
    if mail.forwarded_by is not None:
        forwarded.tell_filed(deed, mail, read.forward.own)
    return mail


def _settle_unplaced(deed: Deed, taken: Taken, mail: InboundMail) -> None:
    """An earlier copy that nobody could place, and that nobody decided on, is this mail; it ends with this client's record (R4)."""
    for row in find(
        InboundMail, same_key=same_key(taken.print.base, None), state="unmatched", decided_at=None
    ):
        deed.save(
            row,
            client=deed.client,
            state="dropped",
            decision="A copy by another road said whose it is.",
            decided_at=deed.now,
        )
