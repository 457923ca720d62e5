# SPDX-License-Identifier: AGPL-3.0-or-later
"""Time out of a PSA's CSV: nothing before the word, no line twice, what does not fit is left out with its reason."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from typer.testing import CliRunner

from partwell.actions.hours.import_time import Choices, Plan, import_time, preview_time
from partwell.actions.hours.record_time import reverse_time
from partwell.entrypoints.cli.main import app
from partwell.importers.base import ImportRefused
from partwell.importers.time_csv import TimeLine, TimeTable, read_time
from partwell.records.evidence.models import Entry
from partwell.records.hours.models import TimeEntry
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

CONNECTWISE = (
    "Time Entry ID,Member,Company Name,Date,Start Time,End Time,Actual Hours,Billable Option,Notes,Internal Notes,Ticket #\r\n"
    "9001,Dan Frey,Northwick Traders,03/17/2026,9:00 AM,10:30 AM,1.5,Billable,Handover meeting,They argue,4711\r\n"
    "9002,Priya Nair,Northwick Traders,03/18/2026,1:00 PM,1:45 PM,0.75,Do Not Bill,Read the diagrams,,4711\r\n"
    "9003,Dan Frey,Quayside Dental,03/18/2026,2:00 PM,3:00 PM,1.0,Billable,Secret of another,,1\r\n"
    "9004,dfrey2,Northwick Traders,03/18/2026,2:00 PM,3:00 PM,1.0,Billable,Unknown person,,1\r\n"
    "9005,Ines Duarte,Northwick Traders,03/19/2026,2:00 PM,5:00 PM,3.0,Billable,Too much,,1\r\n"
    "9006,Ines Duarte,Northwick Traders,03/19/2026,5:00 PM,5:30 PM,0.5,Billable,,,4712\r\n"
)
AUTOTASK = (
    "Resource Name;Account Name;Date Worked;Start Time;End Time;Hours Worked;Summary Notes;Internal Notes;Billable\n"
    "Dan Frey;Northwick Traders;17.03.2026;23:30;00:15;0,75;Night work;;Yes\n"
)
HALO = "Agent,Client,Start Date,End Date,Time Taken,Note\nDan Frey,Northwick Traders,2026-03-17 09:00,2026-03-17 09:20,0:20,Call\n"


@pytest.fixture
def story(db_world: World) -> Cast:
    return cast()


def plan(
    story: Cast, text: str = CONNECTWISE, *, write: bool = False, actor: Any = None, **choices: Any
) -> Plan:
    doing = import_time if write else preview_time
    return done(
        doing(
            actor=actor or story.ines, client_id=story.northwick.id, raw=text.encode(), name="time.csv",
            choices=Choices(WorkClass.OFFBOARDING, WorkKind.OTHER, **choices),
        )
    )  # fmt: skip


def table(text: str, **more: Any) -> TimeTable:
    return read_time(lambda: io.BytesIO(text.encode()), where="time.csv", **more)


def line(text: str, number: int = 0) -> TimeLine:
    found = table(text).lines[number]
    assert isinstance(found, TimeLine), found
    return found


def test_the_three_psas_are_understood() -> None:
    one = line(CONNECTWISE)
    assert (one.day.isoformat(), str(one.start), one.minutes, one.person, one.internal) == (
        "2026-03-17", "09:00:00", 90, "Dan Frey", "They argue",
    )  # fmt: skip
    assert not line(CONNECTWISE, 1).billable and line(CONNECTWISE, 5).note == "Ticket 4712"
    two = line(AUTOTASK)
    assert (two.day.isoformat(), str(two.start), two.minutes, two.note) == (
        "2026-03-17",
        "23:30:00",
        45,
        "Night work",
    )
    three = line(HALO)
    assert (three.day.isoformat(), str(three.start), three.minutes) == ("2026-03-17", "09:00:00", 20)


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [("1.5", 90), ("1,25", 75), ("1:15", 75), ("2h 5m", 125), ("45m", 45), ("0", 0), ("-1", -60), ("x", None), ("1e9999", None), ("NaN", None)],
)  # fmt: skip
def test_how_long_it_took(cell: str, minutes: int | None) -> None:
    found = table(f'Date;Hours;Note\n2026-03-17;"{cell}";x\n').lines[0]
    assert (found.minutes if isinstance(found, TimeLine) else None) == minutes


def test_days_that_can_be_read_either_way_are_said() -> None:
    text = "Date,Hours,Note\n03/04/2026,1,x\n05/06/2026,1,y\n"
    assert table(text).unsure and not table(text, day_first=False).unsure
    assert line(text).day.isoformat() == "2026-04-03"
    assert [
        one.day.isoformat() for one in table(text, day_first=False).lines if isinstance(one, TimeLine)
    ] == ["2026-03-04", "2026-05-06"]
    assert not table("Date,Hours,Note\n03/14/2026,1,x\n").unsure


def test_hostile_files_are_refused_or_left_out() -> None:
    for text in ("", "a,b\n", '"' * 300, "Date,Hours,Note\n" + "2026-03-17,1,x\n" * 2001):
        try:
            found = table(text)
        except ImportRefused:
            continue
        assert not any(isinstance(one, TimeLine) for one in found.lines), text[:30]
    long = line("Date,Hours,Note\n2026-03-17,1,\x00=cmd|'/c calc'!A0 " + "y" * 900 + "\n")
    assert len(long.note) == 500 and "\x00" not in long.note


@pytest.mark.both_databases
def test_nothing_before_the_word_and_nothing_twice(story: Cast) -> None:
    seen = plan(story)
    assert [one.outcome for one in seen.lines] == ["time", "time", "left_out", "left_out", "left_out", "time"]
    sentences = [one.sentence for one in seen.lines]
    assert sentences[2] == "This line is another client's." and "Quayside" not in str(sentences)
    assert "Nobody here is called “dfrey2”" in sentences[3]
    assert "180 minutes are more than the 150 that are left." in sentences[4]
    assert not TimeEntry.objects.exists() and not Entry.objects.filter(type="time.imported").exists()
    made = plan(story, write=True)
    assert made.count("time") == 3
    rows = {row.client_note: row for row in TimeEntry.objects.select_related("staff")}
    first, second = rows["Handover meeting"], rows["Read the diagrams"]
    assert (first.staff.name, first.minutes, first.work_class, first.internal_note) == (
        "Dan Frey",
        90,
        "offboarding",
        "They argue",
    )
    assert first.started_at.isoformat() == "2026-03-17T08:00:00+00:00", "the MSP's zone"
    assert (second.work_class, second.allowed_by_id, second.staff.name) == (
        "goodwill",
        story.ines.id,
        "Priya Nair",
    )
    assert Entry.objects.filter(type="time.imported").count() == 1
    again = plan(story, write=True)
    assert (again.count("time"), again.count("duplicate")) == (0, 3)
    done(reverse_time(actor=story.ines, entry_id=first.id, why="Wrong month"))
    assert plan(story).lines[0].outcome == "duplicate", "what was taken back does not come again by itself"
    assert TimeEntry.objects.filter(reverses=None).count() == 3


def test_equal_lines_are_two_and_stay_two(story: Cast) -> None:
    text = "Date,Hours,Note\n2026-03-17,0.25,Call\n2026-03-17,0.25,Call\n"
    assert plan(story, text, write=True).count("time") == 2
    assert plan(story, text).count("duplicate") == 2


def test_a_technician_takes_over_his_own_time_alone(story: Cast) -> None:
    found = plan(story, actor=story.dan)
    assert [one.outcome for one in found.lines] == [
        "time",
        "left_out",
        "left_out",
        "left_out",
        "left_out",
        "left_out",
    ]
    result = preview_time(
        actor=story.kerstin, client_id=story.northwick.id, raw=b"x", name="x", choices=Choices()
    )
    assert isinstance(result, Refusal) and result.code == "not_your_role"


def upload(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("export.csv", text.encode(), content_type="text/csv")


def test_the_page_carries_the_file_remembers_columns_and_asks_who_is_who(story: Cast) -> None:
    ines = browser_of(story.ines)
    here = reverse("staff:time_import", args=[story.northwick.id])
    base = {"work_class": "offboarding", "kind": "other"}
    assert ines.post(here, {**base, "do": "preview"}).status_code == 422
    page = ines.post(here, {**base, "do": "preview", "file": upload(CONNECTWISE)}).content.decode()
    assert "Record 3 entries" in page and "dfrey2" in page and not TimeEntry.objects.exists()
    held = page.split('name="carried" value="', 1)[1].split('"', 1)[0]
    headers = CONNECTWISE.split("\r\n", 1)[0].split(",")
    fields = dict(table(CONNECTWISE).fields)
    fields["Internal Notes"] = "ignore"
    given = {**base, "carried": held, "name": "export.csv", "header": headers, **{f"map-{n}": fields[one] for n, one in enumerate(headers)},
             "person": ["dfrey2"], "who-0": str(story.dan.id)}  # fmt: skip
    page = ines.post(here, {**given, "do": "preview"}).content.decode()
    assert "Record 4 entries" in page and "They argue" not in page
    assert ines.post(here, {**given, "do": "confirm"}).status_code == 302
    assert TimeEntry.objects.count() == 4 and not TimeEntry.objects.exclude(internal_note="").exists()
    page = ines.post(here, {**base, "do": "preview", "file": upload(CONNECTWISE)}).content.decode()
    assert "mapped as they were the last time" in page and "This line is there already." in page
    bad = ines.post(here, {**base, "do": "confirm", "carried": "!!"})
    assert bad.status_code == 422 and "Choose the file." in bad.content.decode()
    bad = ines.post(here, {**base, "do": "preview", "file": upload("")})
    assert bad.status_code == 422


def test_the_command_line_does_the_same(story: Cast, tmp_path: Path) -> None:
    file = tmp_path / "time.csv"
    file.write_text(CONNECTWISE)
    base = ["time", "import", "--client", "Northwick Traders", "--as", "ines@harbourline.example", "--json"]
    run = CliRunner().invoke(app, [*base, "--dry-run", str(file)])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["entries"] == 3 and not TimeEntry.objects.exists()
    run = CliRunner().invoke(app, [*base, str(file)])
    found = json.loads(run.stdout)
    assert (run.exit_code, found["entries"], found["left_out"]) == (0, 3, 3)
    run = CliRunner().invoke(app, [*base, str(file)])
    assert run.exit_code == 1 and json.loads(run.stdout)["duplicates"] == 3
    run = CliRunner().invoke(app, ["time", "import", "--client", "Nobody", str(file), "--json"])
    assert run.exit_code == 2 and json.loads(run.stdout)["ok"] is False
    run = CliRunner().invoke(app, [*base, str(tmp_path / "missing.csv")])
    assert run.exit_code == 2


def test_the_command_line_is_told_who_is_who(story: Cast, tmp_path: Path) -> None:
    file = tmp_path / "time.csv"
    file.write_text("Date,Hours,Notes,Member\n2026-03-17,1,Call,dfrey\n2026-03-18,1,Call,pnair\n")
    base = ["time", "import", "--client", "Northwick Traders", "--as", "ines@harbourline.example", "--json"]
    found = json.loads(CliRunner().invoke(app, [*base, "--dry-run", str(file)]).stdout)
    assert (found["entries"], found["unknown"]) == (0, ["dfrey", "pnair"])
    said = CliRunner().invoke(app, [*base[:-1], "--dry-run", str(file)]).output
    assert "say who it is with --who 'dfrey=ADDRESS'" in said
    who = ["--who", "dfrey=dan@harbourline.example", "--who", "pnair=Priya Nair"]
    run = CliRunner().invoke(app, [*base, *who, str(file)])
    assert run.exit_code == 0 and json.loads(run.stdout)["entries"] == 2
    assert set(TimeEntry.objects.values_list("staff_id", flat=True)) == {story.dan.id, story.priya.id}
    for wrong in ("dfrey", "=dan@harbourline.example", "dfrey=", "dfrey=nobody@harbourline.example"):
        run = CliRunner().invoke(app, [*base, "--who", wrong, str(file)])
        assert run.exit_code == 2 and json.loads(run.stdout)["ok"] is False, wrong
