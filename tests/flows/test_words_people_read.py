# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stood on pages as the program stores it is told in people's words."""

import json
from datetime import date
from html import unescape
from pathlib import Path
from random import Random

import pytest
from django.utils import timezone

from partwell import environment
from partwell.actions.offboardings import look
from partwell.actions.people.find import find
from partwell.entrypoints.cli.main import app
from partwell.entrypoints.door.recording_words import ask_words
from partwell.entrypoints.staff.road_forms import ImapForm
from partwell.importers import csv_table
from partwell.importers.base import ImportRefused, Options
from partwell.records.offboardings.models import Offboarding
from partwell.rules.dates import moves_once, told_once
from partwell.rules.lifecycle import GateState, OnWhom
from partwell.rules.recordings import Answer, Voice
from partwell.rules.refusals import show
from tests.flows.browser_of import browser_of
from tests.flows.cast import cast, propose
from tests.flows.test_bounces import report, sent

pytestmark = pytest.mark.usefixtures("db_world")


def test_the_search_says_a_day_in_words() -> None:
    c = cast(items=False)
    found = [one for group in find(actor=c.ines, text="northwick") for one in group.results]
    (departure,) = [one for one in found if one.kind == "offboarding"]
    ends = Offboarding.objects.get(client=c.northwick).end_of_service
    assert departure.note == f"Open, service ends {show(ends)}"


def test_an_authorisation_says_why_a_thing_is_not_received() -> None:
    c = cast()
    item = c.items["switch"]
    row = propose(c, excluded_item_ids=(item.id,))
    assert f"{item.title}: excluded by name" in row.text


def test_the_page_of_a_departure_says_what_its_line_on_the_board_says() -> None:
    c = cast(signed=True)
    outcome = c.release("runbook")  # sensitive: Mara is asked
    assert outcome is not None
    row = Offboarding.objects.get(client=c.northwick)
    one = look.departure(row.id, timezone.now(), "UTC")
    assert one is not None and one.approvals == 1
    gate = one.gates[0]
    assert (gate.key, gate.state, gate.on_whom) == ("consent", GateState.WAITING, OnWhom.SIGNATORY)
    assert (one.block.what, one.block.why, one.block.side) == (gate.title, gate.sentence, "client")
    words = unescape(browser_of(c.ines).get(f"/offboardings/{row.id}/").content.decode())
    assert one.block.why in words and "Waiting on Mara Ellery" in words


def test_one_day_is_one_line() -> None:
    day = date(2027, 1, 22)
    days = {"effective": day, "service_ends": day, "keep_until": date(2027, 7, 22)}
    assert list(told_once(days)) == ["service_ends", "keep_until"]
    assert list(told_once({**days, "service_ends": date(2027, 2, 5)})) == [
        "effective",
        "service_ends",
        "keep_until",
    ]
    rows = [{"key": "effective", "before": 1, "after": 2}, {"key": "service_ends", "before": 1, "after": 2}]
    assert [one["key"] for one in moves_once(rows)] == ["service_ends"]
    rows[1]["after"] = 3
    assert len(moves_once(rows)) == 2


def test_bytes_that_are_no_text_are_no_table(tmp_path: Path) -> None:
    bad = tmp_path / "random.csv"
    bad.write_bytes(Random(7).randbytes(20_000))
    with pytest.raises(ImportRefused) as refused:
        list(csv_table.read(bad, options=Options()))
    assert refused.value.code == "not_text" and str(refused.value).endswith(".")


@pytest.mark.parametrize("port", ["abc", "0", "70000", "-1", "8e3", "٣"])
def test_a_port_that_is_none_is_refused_in_a_sentence(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(ValueError, match=r"PORT=.* is no port\. Give a number from 1 to 65535"):
        environment.read()


def test_a_mistyped_option_answers_json_to_whoever_asked_for_json(capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["ledger", "check", "--json", "--nonsense"], ["import", "--json"], ["nothing", "--json"]):
        with pytest.raises(SystemExit) as ended:
            app(args=given)
        out = json.loads(capsys.readouterr().out)
        assert (ended.value.code, out["ok"]) == (2, False), given
        assert out["problem"].endswith(".") or "--nonsense" in out["problem"]


def test_what_blocks_besides_the_gates_is_said_below_them() -> None:
    c = cast(signed=True)
    row = Offboarding.objects.get(client=c.northwick)
    one = look.departure(row.id, timezone.now(), "UTC")
    assert one is not None and one.block.why == "There is no plan yet"
    assert one.besides == one.block
    assert (
        "There is no plan yet" in browser_of(c.ines).get(f"/offboardings/{row.id}/evidence/").content.decode()
    )


def test_where_mail_comes_back_whoever_may_write_is_led_to_the_form() -> None:
    c = cast(signed=True, items=False)
    report(sent(c), "mara@northwick.example")
    for url in ("/client/", "/client/messages/"):
        assert "?ask#ask" in browser_of(c.mara).get(url).content.decode()
        assert "?ask#ask" not in browser_of(c.tom).get(url).content.decode()
    opened = browser_of(c.mara).get("/client/messages/?ask").content.decode()
    assert (
        'id="ask" open' in opened
        and 'id="ask" open' not in browser_of(c.mara).get("/client/messages/").content.decode()
    )


def test_who_reads_a_message_is_said_by_name() -> None:
    c = cast(signed=True, items=False)
    message = sent(c).message
    words = browser_of(c.ines).get(f"/messages/{message.id}/").content.decode() if message else ""
    assert "client, Alder Row IT and us" in words


def test_a_mailbox_asks_for_oauth_only_where_it_signs_in_by_it() -> None:
    folded = [one["folded"] for one in ImapForm(initial={"auth": "password"}).groups()]
    assert folded == [False, False, True, False, False]
    assert not any(one["folded"] for one in ImapForm(initial={"auth": "oauth"}).groups())
    wrong = ImapForm({"auth": "password", "provider": "nobody"})
    assert not wrong.is_valid() and not any(one["folded"] for one in wrong.groups())


def test_a_recording_that_ended_is_not_one_that_never_was() -> None:
    given, refused, ended = (
        Voice("A voice", one) for one in (Answer.GIVEN, Answer.REFUSED, Answer.WITHDRAWN)
    )
    assert ask_words([given, refused])[1] == "not recorded: somebody said no"
    assert ask_words([given, refused, ended])[1] == "ended: a consent was taken back"
