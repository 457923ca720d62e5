# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reminder of an authorisation that waits for its signature: by itself, to the signatory alone, each step once (R1)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partwell.actions.authorisations.propose import propose_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.authorisations.sign import decline_authorisation
from partwell.actions.base import Deed
from partwell.actions.correspondence import deliver
from partwell.actions.correspondence.letters import change_letter
from partwell.actions.people.configure import configure_msp
from partwell.connectors.smtp_values import Delivery, Outcome, Reply
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.people.models import Msp
from partwell.rules.actor import SYSTEM
from partwell.rules.refusals import Refusal
from partwell.rules.terms import RecipientKind
from partwell.workers.calendar import TASKS
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, propose, scope, sign

pytestmark = pytest.mark.usefixtures("db_world")

KIND = "authorisation_reminder"


def run(after: int) -> int:
    """What the calendar sends so many days after today, at ten in the morning in Berlin."""
    return TASKS["signatures that are waited for"](morning(after))


def morning(after: int) -> datetime:
    here = timezone.localtime(timezone.now(), ZoneInfo("Europe/Berlin"))
    return (here + timedelta(days=after)).replace(hour=10, minute=0)


def mark(c: Cast, **fields: object) -> None:
    with Deed(SYSTEM) as deed:
        deed.lock(c.northwick.id)
        deed.save(c.contact(c.mara), **fields)
        deed.record("contact.changed", subjects=[c.mara.id], public={"contact": "Mara Ellery"})


@pytest.mark.both_databases
def test_it_leaves_on_its_days_once_each_to_the_signatory_alone_and_is_on_record() -> None:
    c = cast(items=False)
    row = propose(c)
    assert [run(0), run(2), run(3), run(3), run(4), run(7), run(7), run(30)] == [0, 0, 1, 0, 0, 1, 0, 0]
    first, second = Envelope.objects.filter(kind=KIND).order_by("queued_at")
    assert [one["name"] for one in first.recipients] == ["Mara Ellery"] and not first.to_provider
    assert first.dedupe_key.endswith(":1") and second.dedupe_key.endswith(":2")
    assert f"/client/authorisations/{row.id.hex}/" in first.text and "waits for your word" in first.text
    entries = Entry.objects.filter(type="authorisation.reminded").order_by("index")
    assert entries.count() == 2 and first.entry_id == entries[0].uid
    assert (
        EntrySubject.objects.filter(subject_ref=row.id, entry_index__in=entries.values("index")).count() == 2
    )
    assert "was reminded that the authorisation for Alder Row IT" in browser_of(c.mara).get("/client/").content.decode()  # fmt: skip


def test_workers_that_were_down_send_one_and_a_signature_or_a_no_ends_it() -> None:
    c = cast(items=False)
    propose(c)
    assert run(20) == 1 and run(21) == 0
    done(decline_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    sign(c)
    assert run(30) == 0 and Envelope.objects.filter(kind=KIND).count() == 1


def test_in_the_offices_own_letter_and_the_signatorys_language() -> None:
    c = cast(items=False)
    mark(c, language="de")
    done(change_letter(actor=c.ines, key="reminder", language="de", subject="Unser Brief", text="Für {recipient}: {portal}"))  # fmt: skip
    propose(c)
    assert run(3) == 1
    mail = Envelope.objects.get(kind=KIND)
    words = " ".join(mail.text.split())
    assert mail.subject == "Unser Brief" and words.startswith("Für Alder Row IT: http")
    assert "Diese Erinnerung geht von selbst hinaus" in words and "Wartet seit" in words


def test_the_settings_move_it_and_switch_it_off() -> None:
    c = cast(items=False)
    propose(c)
    jonah = browser_of(c.jonah)
    page = jonah.get("/settings/").content.decode()
    assert "Remind a signatory" in page and 'name="remind_first" value="3"' in page.replace("\n", " ")
    form = {
        "name": "Harbourline IT", "email": "desk@harbourline.example", "colour": "#0f4f63", "time_zone": "Europe/Berlin", "currency": "EUR",
        "included_hours": "4", "hourly_rate": "140", "block_hours": "2", "retention_months": "6", "onboarding_fee": "0", "objection_days": "14",
    }  # fmt: skip
    on = form | {"remind": "on", "remind_first": "1", "remind_again": "0"}
    assert jonah.post("/settings/", on | {"remind_again": "1"}).status_code == 422
    assert jonah.post("/settings/", on).status_code == 302 and Msp.objects.get().signature_reminders == "1 0"
    assert [run(0), run(1), run(9)] == [0, 1, 0]
    for off in (on | {"remind_first": "0"}, form):
        assert jonah.post("/settings/", off).status_code == 302
        assert Msp.objects.get().signature_reminders == "off"
    propose(c)
    assert run(9) == 0
    for wrong in ("soon", "9 3"):
        found = configure_msp(actor=c.jonah, changes={"signature_reminders": wrong})
        assert isinstance(found, Refusal) and found.code == "invalid_input"


def test_not_while_a_dispute_is_open_and_then_with_the_step_that_has_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from partwell.actions.authorisations import remind
    from partwell.rules.waiting import Open

    c = cast(items=False)
    propose(c)
    with monkeypatch.context() as patch:
        patch.setattr(remind, "open_with_each", lambda ids, now: {one: Open(dispute=True) for one in ids})
        assert run(3) == 0 and run(7) == 0
    assert run(8) == 1 and Envelope.objects.get(kind=KIND).dedupe_key.endswith(":2")


def test_it_asks_as_much_of_the_database_for_many_that_wait_as_for_one() -> None:
    c = cast(items=False)
    propose(c)
    asked = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert run(0) == 0
        asked.append(len(seen))
        propose(c)
        firm = done(
            add_recipient(
                actor=c.ines,
                client_id=c.quayside.id,
                firm=f"Firm {len(asked)}",
                kind=RecipientKind.NEW_PROVIDER,
            )
        )
        person = done(
            add_person(
                actor=c.ines, recipient_id=firm.id, name="Liv Moe", email=f"liv{len(asked)}@firm.example"
            )
        )
        asked_for = scope(c, person_ids=(person.id,))
        done(propose_authorisation(actor=c.ines, recipient_id=firm.id, signatory_id=c.leo.id, scope=asked_for))  # fmt: skip
    assert asked[0] == asked[1] <= 15, asked


@pytest.mark.parametrize("how", ["signed", "declined"])
def test_what_was_decided_while_it_waited_stops_it(how: str) -> None:
    c = cast(items=False)
    propose(c)
    assert run(3) == 1
    mail = Envelope.objects.get(kind=KIND)
    if how == "signed":
        sign(c)
    else:
        done(decline_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    refused = deliver.claim(mail.id)
    assert isinstance(refused, Refusal) and refused.code == "signature_not_waited_for"
    mail.refresh_from_db()
    assert (mail.state, mail.stop_code) == ("stopped", "signature_not_waited_for")


@pytest.mark.both_databases
def test_nobody_but_the_signatory_has_it_not_even_when_it_bounces() -> None:
    c = cast(items=False)
    propose(c)
    mark(c, email_state="bouncing")
    assert run(3) == 1
    mail = Envelope.objects.get(kind=KIND)
    assert [one["address"] for one in mail.recipients] == ["mara.ellery@post.example"]
    claimed = done(deliver.claim(mail.id))
    assert claimed.claim
    home = {"mara.ellery@post.example": Reply(550, "no such user")}
    last = deliver.settle(
        claimed.id, claimed.claim, Delivery(Outcome.REFUSED, 550, "no such user", home, "rcpt")
    )
    assert (last.state, last.stop_code) == ("queued", "no_working_client_address")
    assert not Envelope.objects.filter(dedupe_key__contains=":to:").exists(), "Tom reads, and cannot sign"
    assert run(7) == 0, "mail reaches her nowhere"
    mark(c, email_state="ok", second_email_state="")
    assert run(7) == 1
