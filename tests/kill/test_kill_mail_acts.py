# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kill -9 while people and reports settle mail: a bounce's takeover, a mail that is accepted, a message that a colleague lets leave.

One thing is tried again and again, each time killed some steps later, until it lives: whatever stands after each death is
whole, and in the end all of it stood once.
"""

import smtplib
import threading
from collections.abc import Callable, Iterator

import pytest

from partwell.actions.clients.set_pause import set_pause
from partwell.actions.correspondence import deliver, hooks
from partwell.actions.correspondence.accept_mail import accept_mail
from partwell.actions.correspondence.roads import NewRoad, add_road, place_of
from partwell.actions.correspondence.waiting import let_leave
from partwell.actions.evidence.check import check_ledger
from partwell.actions.evidence.log_store import copy_new
from partwell.connectors import imap
from partwell.connectors.imap import ImapBox
from partwell.connectors.secret import Secret
from partwell.entrypoints.mailbox import lmtp
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Bounce, Envelope, HookToken, InboundMail, Message, Road
from partwell.records.evidence.models import Entry
from partwell.records.jobs.models import Job
from partwell.rules.pauses import PauseReason
from tests.flows.cast import cast, done
from tests.flows.mail_cast import address, mail, mail_comes_in, returned, take
from tests.flows.test_bounces import DSN, sent
from tests.flows.test_mail_in import DAN, started
from tests.flows.test_mail_roads import our_lmtp, read, road_to
from tests.flows.test_waiting import written
from tests.kill import stage
from tests.kill.test_kill_backup import killed_at
from tests.support.mail_servers import dovecot, wait_for
from tests.support.ports import free_port

pytestmark = pytest.mark.usefixtures("db_world")
FIRST, STEP = 5, 53


@pytest.fixture(autouse=True)
def _comes_in() -> Iterator[None]:
    with mail_comes_in():
        yield


def again_and_again(work: Callable[[], object], whole: Callable[[], bool], step: int = STEP) -> int:
    """Kill the work at ever later steps until it lives; ``whole`` after each. How often it died."""
    at, died = FIRST, 0
    while stage.run_killed(work, at)[0]:
        assert whole(), f"killed at step {at}"
        at, died = at + step, died + 1
        assert died < 60
    assert whole()
    return died


def sound() -> None:
    """The ledger holds, whatever died; a file without a row is swept later."""
    copy_new()
    assert [one.code for one in check_ledger().findings if one.code not in ("database-role", "blob-stray")] == []  # fmt: skip


def test_a_bounce_is_noted_and_taken_over_whole_or_not_at_all() -> None:
    c = cast(signed=True, items=False)
    envelope = sent(c, to_provider=False)
    wrong = str(envelope.recipients[0]["address"])
    raw = DSN.format(address=wrong, action="failed", status="5.1.1", message_id=envelope.internet_message_id)
    raw = raw.replace("\n", "\r\n")
    place = returned(envelope)

    def whole() -> bool:
        taken = (
            InboundMail.objects.count(), Bounce.objects.count(), Envelope.objects.filter(dedupe_key__contains=":to:").count(),
            Job.objects.filter(kind="mail.office").count(), Contact.objects.filter(email_state="bouncing").count(),
        )  # fmt: skip
        return taken in ((0,) * 5, (1,) * 5)

    assert again_and_again(lambda: take(raw.encode(), to=place, sender=""), whole) > 1
    assert Bounce.objects.count() == 1 and Entry.objects.filter(type="envelope.taken_over").count() == 1
    sound()


def test_a_mail_is_accepted_once_however_often_its_acceptance_dies() -> None:
    c = started()
    mine = take(mail(f"Dan Frey <{DAN}>", address(), "It was me"), to=address())
    strange = take(mail("Mara Ellery <mara@northwick.example>", address(), "It was I"), to=address())
    assert (mine.state, strange.state) == ("waiting", "waiting")

    def once(row: InboundMail, author: str) -> bool:
        row.refresh_from_db()
        said = Message.objects.filter(subject=row.subject).count()
        left = Envelope.objects.filter(message__subject=row.subject).count()
        # What a person writes is a message first, by a key that makes the second try the same one.
        half = row.state == "waiting" and author == "staff" and (said, left) == (1, 1)
        return half or ((said, left) == ((0, 0) if row.state == "waiting" else (1, left)) and left <= 1)

    assert (
        again_and_again(lambda: accept_mail(actor=c.dan, mail_id=mine.id), lambda: once(mine, "staff"), 29)
        > 1
    )
    done_by = again_and_again(
        lambda: accept_mail(actor=c.ines, mail_id=strange.id), lambda: once(strange, "client"), 29
    )
    assert done_by > 1 and (mine.state, strange.state) == ("filed", "filed")
    assert Entry.objects.filter(type="mail.accepted").count() == 2
    sound()


def test_a_message_that_waits_leaves_once_a_colleague_read_it() -> None:
    c = cast(signed=True, items=False)
    done(set_pause(actor=c.jonah, client_id=c.northwick.id, ground=PauseReason.RIVAL_SIGNATORIES, note="Two directors disagree."))  # fmt: skip
    row, envelope = written(c)
    assert row.waits_until is not None

    def whole() -> bool:
        row.refresh_from_db()
        read = Entry.objects.filter(type="message.read_over").count()
        due = envelope.id in deliver.due()
        return (bool(row.read_by_name), read, due) in ((False, 0, False), (True, 1, True))

    assert again_and_again(lambda: let_leave(actor=c.jonah, message_id=row.id), whole) > 0
    assert Envelope.objects.filter(message=row).count() == 1
    sound()


def test_a_moved_mail_is_not_lost_between_the_commit_and_the_move() -> None:
    c = started()
    with dovecot() as server:
        road = road_to(server, c, after="move", into="Taken")
        with ImapBox(place_of(road)) as box:
            assert box._box is not None and box._box.client.create("Taken")[0] == "OK"
        for after in (False, True):
            server.put(mail("who@knows.example", address(), f"Moved {after}"))
            assert killed_at(lambda: read(road), imap.ImapBox, "taken", 1, after=after)
            assert InboundMail.objects.filter(subject=f"Moved {after}").count() == 1
            read(road)
        assert InboundMail.objects.count() == 2 and Road.objects.get(pk=road.id).waiting == 0
        moved = [one for name in ("cur", "new") for one in (server.maildir / ".Taken" / name).iterdir()]
        assert len(moved) == 2 and not list((server.maildir / "cur").iterdir())


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "between commit and answer"])
def test_the_lmtp_process_dies_around_the_commit_and_the_server_in_front_hands_over_again(
    after: bool,
) -> None:
    started()
    place, port, said = address(), free_port(), []
    raw = mail("who@knows.example", place, "Over LMTP")

    def front() -> None:
        wait_for(port)
        try:
            with smtplib.LMTP("127.0.0.1", port, timeout=30) as line:
                line.sendmail("who@knows.example", [place], raw)
            said.append("taken")
        except smtplib.SMTPServerDisconnected:
            said.append("no answer")

    sending = threading.Thread(target=front)
    sending.start()
    assert killed_at(lambda: lmtp.serve(f"127.0.0.1:{port}"), lmtp, "take_in", 1, after=after)
    sending.join(30)
    assert said == ["no answer"] and InboundMail.objects.count() == int(after)
    with our_lmtp() as again, smtplib.LMTP("127.0.0.1", again, timeout=30) as line:
        line.sendmail("who@knows.example", [place], raw)
    assert InboundMail.objects.count() == 1


def test_a_services_token_that_was_used_by_a_call_that_died_lets_the_same_mail_in_again() -> None:
    c = started()
    road = done(add_road(actor=c.jonah, road=NewRoad("webhook", "Mailgun", Secret("k" * 40), {"service": "mailgun"})))  # fmt: skip
    raw, place = mail("who@knows.example", address(), "Once"), address()

    def call() -> None:
        assert hooks.use_token(road.id, "t" * 50, raw)
        take(raw, to=place, road="webhook")

    assert again_and_again(call, lambda: InboundMail.objects.count() <= 1) > 1
    assert InboundMail.objects.count() == 1 and HookToken.objects.count() == 1
    assert not hooks.use_token(road.id, "t" * 50, raw + b"x")
