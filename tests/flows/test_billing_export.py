# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lines of papers and time as CSV: from the page, the API and the command line, the same bytes."""

import csv
import io
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from typer.testing import CliRunner

from partwell.actions.billing.export import Wanted, export_lines, export_time
from partwell.actions.billing.issue import NewLine, cancel_invoice, issue_invoice
from partwell.actions.hours.record_time import Work, record_time, reverse_time
from partwell.entrypoints.cli.main import app
from partwell.rules.hours import WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from tests.api.caller import caller
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done
from tests.support.worlds import World

DAYS = Wanted(date(2026, 1, 1), date(2199, 1, 1))


@pytest.fixture
def story(db_world: World) -> Cast:
    made = cast(items=False)
    lines = [NewLine('=HYPERLINK("http://x.example")', Decimal("2.5"), Decimal("-4.1250"), "h"), NewLine("Drive,\n“good”", Decimal(1), Decimal(100))]  # fmt: skip
    paper = done(issue_invoice(actor=made.ines, client_id=made.northwick.id, kind="invoice", lines=lines))
    done(cancel_invoice(actor=made.ines, invoice_id=paper.id, reason="Wrong"))
    done(issue_invoice(actor=made.ines, client_id=made.quayside.id, kind="request", lines=[lines[1]]))
    start = timezone.now() - timedelta(hours=5)
    work = Work(50, start, WorkClass.OFFBOARDING, WorkKind.MEETING, "@Meeting", "what stays inside")
    entry = done(record_time(actor=made.dan, client_id=made.northwick.id, work=work))
    done(reverse_time(actor=made.dan, entry_id=entry.id, why="Twice"))
    return made


def rows(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff") and "\r\n" in text
    return list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline="")))


def test_lines_as_accounting_tools_read_them(story: Cast) -> None:
    found = rows("".join(done(export_lines(actor=story.ines, wanted=DAYS))))
    assert [one["paper"] for one in found] == ["INV-1", "INV-1", "CN-1", "CN-1", "PR-1"]
    first = found[0]
    assert first["text"].startswith("'=HYPERLINK"), "no spreadsheet runs it"
    assert (first["quantity"], first["unit_price_net"], first["net"]) == ("2.5", "-4.125", "-10.31")
    assert (first["zone"], first["state"], first["currency"]) == ("Europe/Berlin", "cancelled", "EUR")
    assert first["issued_at_utc"].endswith("Z")
    assert found[1]["text"] == "Drive,\n“good”"
    assert found[2]["credits_paper"] == "INV-1"
    assert sum(Decimal(one["gross"]) for one in found[:4]) == 0
    mine = rows("".join(done(export_lines(actor=story.ines, wanted=Wanted(DAYS.first, DAYS.last, story.quayside.id)))))  # fmt: skip
    assert [one["paper"] for one in mine] == ["PR-1"]


def test_time_as_psa_tools_read_it(story: Cast) -> None:
    text = "".join(done(export_time(actor=story.ines, wanted=DAYS)))
    found = rows(text)
    assert "what stays inside" not in text
    assert [(one["minutes_real"], one["minutes_accounted"], one["minutes_included"]) for one in found] == [("50", "60", "60"), ("-50", "-60", "-60")]  # fmt: skip
    assert found[0]["note"] == "'@Meeting" and found[0]["started_at_utc"].endswith("Z")
    assert found[0]["started_at_local"][-6] in "+-" and found[1]["takes_back"] == found[0]["entry_id"]


def test_who_may_and_what_days(story: Cast) -> None:
    def code(result: Any) -> str:
        assert isinstance(result, Refusal)
        return result.code

    assert code(export_lines(actor=story.dan, wanted=DAYS)) == "not_your_role"
    assert code(export_time(actor=story.mara, wanted=DAYS)) == "not_found"
    assert code(export_lines(actor=story.ines, wanted=Wanted(DAYS.last, DAYS.first))) == "invalid_input"
    assert code(export_lines(actor=story.ines, wanted=Wanted(DAYS.first, DAYS.last, story.ines.id))) == "not_found"  # fmt: skip


def test_page_api_and_command_give_the_same(story: Cast, tmp_path: Path) -> None:
    browser = browser_of(story.kerstin)
    asked = {"first": "2026-01-01", "last": "2199-01-01", "what": "lines", "client": ""}
    answer = browser.get(reverse("staff:billing_export_file"), asked)
    assert answer.streaming and answer["Content-Type"] == "text/csv; charset=utf-8"
    page = b"".join(answer.streaming_content)
    assert browser.get(reverse("staff:billing_export")).status_code == 200
    assert browser.get(reverse("staff:billing_export_file"), {**asked, "first": "soon"}).status_code == 422
    assert browser_of(story.dan).get(reverse("staff:billing_export")).status_code == 409
    said = caller(story.jonah, story.ines).get("/billing/export?first=2026-01-01&last=2199-01-01")
    assert said.status_code == 200
    api = b"".join(said.streaming_content)  # type: ignore[attr-defined]
    out = tmp_path / "lines.csv"
    command = ["billing", "export", "--from", "2026-01-01", "--to", "2199-01-01", "--output", str(out)]
    done_ = CliRunner().invoke(app, command)
    assert done_.exit_code == 0, done_.output
    assert out.read_bytes() == page == api
    for more, words in (([], "exists already"), (["--what", "moon"], "lines or time"), (["--from", "soon"], "no day"),
                        (["--client", "Nobody"], "no client called"), (["--to", "2020-01-01"], "before the first")):  # fmt: skip
        target = ["--output", str(tmp_path / "b.csv")] if more else []
        again = CliRunner().invoke(app, [*command, *target, *more])
        assert again.exit_code == 2 and words in again.output, (more, again.output)
    one = CliRunner().invoke(app, [*command[:-1], str(tmp_path / "t.csv"), "--what", "time", "--client", "Northwick Traders", "--json"])  # fmt: skip
    assert one.exit_code == 0 and '"ok": true' in one.output
