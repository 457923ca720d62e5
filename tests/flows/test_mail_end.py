# SPDX-License-Identifier: AGPL-3.0-or-later
"""At the end of a client's record every mail that came in about it goes with it: words, parts, bounces, copies that nobody could place (R4)."""

import pytest
from django.db import connection
from django.utils import timezone

from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.disown_mail import disown_mail
from partwell.actions.correspondence.return_paths import mark_of
from partwell.actions.keys import blob_store
from partwell.records.correspondence.finding import SearchRow
from partwell.records.correspondence.models import Bounce, Envelope, InboundMail, InboundPart, ReplyAddress
from partwell.records.guard import permit
from partwell.records.vault.models import StoredFile
from tests.flows.cast import done
from tests.flows.mail_cast import address, mail, mail_comes_in, signed, take
from tests.flows.mail_forwards import DAN, INLINE, attached, original
from tests.flows.mail_parts import BOUNDARY, parted
from tests.flows.test_mail_in import KNOWN
from tests.flows.test_record_end import findings, former, found_in, run_job
from tests.support.worlds import World

P = "PLANTED-text"


def planted(raw: bytes) -> bytes:
    """The mail with a marker in its words, its file's name and the file."""
    return (
        raw.replace(b"Plain words first.", f"{P} first.".encode())
        .replace(b'filename="list.csv"', f'filename="{P}.csv"'.encode())
        .replace(b"a,b", f"{P},b".encode())
        .replace(b"Which model", P.encode())
    )


@pytest.mark.both_databases
def test_mail_that_came_in_ends_with_the_record(db_world: World) -> None:
    with mail_comes_in():
        f = former(db_world)
        c, to = f.c, address()
        held = take(planted(parted(f"{P} <who@knows.example>", to)), to=to)
        assert held.parts.count() == 2 and BOUNDARY
        # A copy that nobody could place, and then the one that says whose it is.
        copy = planted(mail(f"{P} <x@knows.example>", "desk@harbourline.example"))
        first, second = take(copy, road="imap"), take(copy, to=to)
        # One of nobody, that the office then assigns: its bytes move under the client's key.
        lost = take(planted(parted("y@knows.example", "reply@parting.example")), to="reply@parting.example")
        old = [lost.raw, *(part.file for part in lost.parts.all())]
        done(assign_mail(actor=c.ines, mail_id=lost.id, client_id=c.northwick.id))
        # A forward, an answer that waits, and what the client disowned.
        forward = take(
            signed(attached(planted(original(parts=True)), to=to, text=P), "harbourline.example"),
            to=to,
            resolver=KNOWN,
        )
        waiting = take(mail(f"Dan Frey <{DAN}>", to, f"WG: {P}", INLINE["outlook de"][1] + P), to=to)
        done(disown_mail(actor=c.mara, mail_id=held.id))
        out = Envelope.objects.filter(client=c.northwick).latest("queued_at")
        with permit("deed"):
            Envelope.objects.filter(pk=out.pk).update(data_started_at=timezone.now())
        wrong = out.recipients[0]["address"]
        report = (
            f"From: MAILER-DAEMON@far.example\r\nSubject: Undelivered {P}\r\nMessage-ID: <r@far.example>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            f"Original-Recipient: rfc822; {mark_of(out.id, wrong)}\r\nFinal-Recipient: rfc822; {wrong}\r\nAction: delayed\r\nStatus: 4.2.2\r\nDiagnostic-Code: smtp; {P}\r\n\r\n"
            f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {out.internet_message_id}\r\n\r\n--b--\r\n"
        ).encode()
        bounce = take(report, road="imap")
    states = {row.state for row in (held, second, forward, waiting, bounce)}
    first.refresh_from_db()
    assert (
        states == {"held", "waiting", "bounce"}
        and first.state == "dropped"
        and first.client == c.northwick
        and Bounce.objects.exists()
    )
    assert forward.parts.count() >= 2 and all(not blob_store().exists(one.blob_id) for one in old)
    blobs = list(StoredFile.objects.filter(client=c.northwick).values_list("blob_id", flat=True))
    blobs.append(first.raw.blob_id)
    stranger = take(mail("z@elsewhere.example", "desk@harbourline.example", "Nobody's"), road="imap")
    assert found_in(db_world.home)
    f.approved()
    job = run_job()
    assert job.state == "done", job.error
    assert findings() == []
    assert list(InboundMail.objects.values_list("id", flat=True)) == [stranger.id], (
        "what is nobody's is nobody's"
    )
    assert (
        not InboundPart.objects.exists()
        and not Bounce.objects.exists()
        and not ReplyAddress.objects.filter(client=c.northwick).exists()
    )
    assert (
        not StoredFile.objects.filter(name__startswith="PLANTED").exists()
        and not StoredFile.objects.filter(pk__in=[one.pk for one in old]).exists()
    )
    assert not any(blob_store().exists(one) for one in blobs)
    assert not SearchRow.objects.filter(body__contains=P).exists() and timezone.now()
    connection.close()
    assert found_in(db_world.home) == {} and found_in(db_world.log) == {}
