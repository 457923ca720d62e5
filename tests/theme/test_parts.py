# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every part renders, escapes what it is given and names what it shows."""

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from partwell.entrypoints.theme import shapes
from partwell.rules.terms import Category, Verdict

EVIL = "<script>alert(1)</script>\"'onload=x"


def render(text: str, **context: Any) -> str:
    return Template("{% load pw %}" + text).render(Context(context))


class EvilForm(forms.Form):
    a = forms.CharField(label=EVIL, help_text=EVIL)
    b = forms.ChoiceField(label=EVIL, choices=[(EVIL, EVIL)], widget=forms.RadioSelect)
    c = forms.BooleanField(label=EVIL)
    d = forms.FileField(label=EVIL, required=False)

    def clean(self) -> None:
        raise forms.ValidationError(EVIL)


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LINK = {"label": EVIL, "url": EVIL}
PARTS = {
    "{% gate_strip x %}": [
        {"name": EVIL, "state": "waiting", "word": EVIL, "reason": EVIL, "url": EVIL, "link": EVIL}
    ],
    "{% timeline x 5 %}": [{"at": NOW, "who": EVIL, "text": EVIL, "note": EVIL, "index": 3, "url": EVIL}],
    "{% timeline x short=True %}": [{"at": NOW, "who": EVIL, "text": EVIL}],
    "{% refusal x x x x other_label=x other_url=x method='post' %}": EVIL,
    "{% item_row x 5 select='item' %}": {
        "id": EVIL,
        "name": EVIL,
        "note": EVIL,
        "category": EVIL,
        "owner": EVIL,
        "custodian": EVIL,
        "url": EVIL,
        "index": 1,
        "proof_url": EVIL,
        "verdict": {"verdict": "ask_client", "reason": EVIL},
    },
    "{% receipt x 5 %}": {
        "number": EVIL,
        "state": "done",
        "word": EVIL,
        "text": EVIL,
        "note": EVIL,
        "rows": [(EVIL, EVIL)],
        "pdf_url": EVIL,
        "index": 2,
    },
    "{% ask x %}": {
        "title": EVIL,
        "text": EVIL,
        "main": LINK,
        "other": LINK,
        "more": [{**LINK, "text": EVIL, "by": EVIL}],
    },
    "{% stations x %}": [{"state": "now", "text": EVIL, "strong": EVIL, "when": EVIL}],
    "{% empty x x x x x x %}": EVIL,
    "{% tabs x %}": [{**LINK, "current": True, "count": 3}],
    "{% facts x %}": [(EVIL, EVIL), {**LINK, "value": EVIL, "note": EVIL}, {"label": EVIL, "digest": EVIL}],
    "{% tally x %}": [(3, EVIL)],
    "{% form_errors x %}{% for f in x %}{% field f %}{% endfor %}": EvilForm({"a": EVIL}),
    "{% job x %}": {
        "label": EVIL,
        "state": "running",
        "done": 1,
        "total": 3,
        "unit": EVIL,
        "note": EVIL,
        "url": EVIL,
        "stop_url": EVIL,
        "page_url": EVIL,
    },
    "{% undo x x %}": EVIL,
    "{% confirm_name x x x x %}": EVIL,
    "{% picture x x x %}": EVIL,
    "{% passkey x x x x x %}": EVIL,
    "{% copy x x %}": EVIL,
    "{% bulk_bar x %}": [{"name": EVIL, "value": EVIL, "label": EVIL}],
    "{% person_menu x %}": {"name": EVIL, "role": EVIL, "links": [LINK], "sign_out_url": EVIL},
    "{% state 'open' x %}{% icon x %}{{ x|initials }}": EVIL,
    "{% course x %}": {
        "phases": [{"name": EVIL, "start": date(2026, 9, 1), "end": date(2026, 9, 20), "state": "now"}],
        "end": date(2026, 11, 30),
    },
}


@pytest.mark.parametrize("text", PARTS)
def test_parts_escape_everything(text: str) -> None:
    html = render(text, x=PARTS[text], csrf_token="t")
    assert "<script" not in html
    assert not re.search(r"<[^>]*\"'onload", html)
    assert "alert(1)" in html or "initials" in text or "digest" in text
    assert " style=" not in html


def test_proof_marks_tell_sealed_from_pending() -> None:
    assert 'aria-label="Proof of entry 3"' in render("{% proof 3 5 %}")
    assert "in the next checkpoint" in render("{% proof 5 5 %}")
    assert "Does not match" in render("{% proof 3 5 state='broken' %}")
    assert "being written" in render("{% proof None %}")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_verdicts_and_categories_have_words(verdict: Verdict) -> None:
    assert "pw-state" in render("{% verdict v %}", v=verdict)
    assert "because" in render("{% verdict v %}", v={"verdict": verdict, "reason": "because"})
    for category in Category:
        assert "#i-other" not in render("{% category_icon c %}", c=category) or category is Category.OTHER


def test_the_axis_says_its_dates_and_marks_what_is_cut_off() -> None:
    row = {
        "notice": date(2026, 1, 1),
        "end": date(2026, 9, 30),
        "gone": date(2028, 3, 30),
        "today": date(2026, 11, 23),
    }
    window = {"start": date(2026, 7, 15), "end": date(2027, 8, 1)}
    html = render("{% axis r w %}", r=row, w=window)
    assert "end of service 30 Sep 2026" in html and "data kept until 30 Mar 2028" in html
    shape = shapes.axis_shape(row, window)
    assert shape.cut_left and shape.cut_right and shape.gone is None
    for value in re.findall(r'(?:\bx|width|x1|x2)="([\d.]+)%"', html):
        assert 0 <= float(value) <= 100


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"notice": date(2026, 1, 1)},
        {"end": date(2026, 1, 1), "held": True},
        {"notice": date(2026, 5, 1), "end": date(2026, 5, 1), "gone": date(2026, 5, 1), "late": True},
    ],
)
def test_the_axis_stands_without_dates(row: dict[str, Any]) -> None:
    assert "<svg" in render("{% axis r %}", r=row)


def test_hours_over_and_progress_of_nothing() -> None:
    assert "30\u00a0min over" in render("{% burn h %}", h={"included": 240, "used": 270})
    assert "<svg" in render("{% burn h small=True %}", h={"included": 0, "used": 0})
    assert "of 0" in render("{% progress p %}", p={"total": 0})


def test_paging_and_sorting_keep_the_query() -> None:
    request = RequestFactory().get("/", {"state": "open", "page": "2", "sort": "name", "tag": ["a", "b"]})
    html = render(
        "{% pager p %}{% sort_head 'Name' 'name' %}", p=Paginator(range(300), 10).page(2), request=request
    )
    assert "?state=open&amp;sort=name&amp;tag=a&amp;tag=b&amp;page=3" in html
    assert "sort=-name" in html and 'aria-sort="ascending"' in html


def test_fields_bind_hint_and_error() -> None:
    form = EvilForm({})
    html = render("{% field f %}", f=form["a"])
    assert 'aria-describedby="id_a_hint id_a_error"' in html and 'aria-invalid="true"' in html
    assert 'id="id_a_hint"' in html and 'id="id_a_error"' in html


def test_a_way_back_stays_here() -> None:
    for bad in (
        "javascript:alert(1)",
        "",
        None,
        "https:",
        "/\\evil.example",
        "https://evil.example//other.example",
    ):
        assert render("{{ b|safe_path }}", b=bad) == "/"
    assert render("{{ b|safe_path }}", b="//evil.example/x") == "/x"
    assert render("{{ b|safe_path }}", b="https://us.example/a?b=1") == "/a?b=1"


def test_a_job_that_ended_is_asked_no_more() -> None:
    assert "data-poll" in render("{% job j %}", j={"label": "x", "state": "running", "url": "/j/"})
    assert "data-poll" not in render("{% job j %}", j={"label": "x", "state": "done", "url": "/j/"})
