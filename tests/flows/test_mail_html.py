# SPDX-License-Identifier: AGPL-3.0-or-later
"""The HTML of a mail that came in, in the character set that its mail, else the HTML itself, names."""

from collections.abc import Iterator

import pytest

from tests.flows.browser_of import browser_of
from tests.flows.mail_cast import address, mail, mail_comes_in, take
from tests.flows.test_mail_in import started
from tests.support.worlds import World


@pytest.fixture(autouse=True)
def _comes_in(db_world: World) -> Iterator[None]:
    with mail_comes_in():
        yield


@pytest.mark.parametrize(("header", "charset", "words"), [
    ("text/html; charset=koi8-r", "koi8-r", "Привет"), ('text/html;\r\n charset="Shift_JIS"', "cp932", "①設定"),
    ("text/html", "iso8859-2", "Łódź"), ("text/html; charset=nonsense", "utf-8", "Größe"),
])  # fmt: skip
def test_html_is_shown_in_the_character_set_that_its_mail_names(
    header: str, charset: str, words: str
) -> None:
    c = started()
    raw = mail("Stranger <who@knows.example>", address(), "A list", "HERE", Content_Type=header)
    meta = "<meta charset=iso-8859-2>" if charset == "iso8859-2" else ""
    row = take(raw.replace(b"HERE", f"{meta}<p>{words}</p>".encode(charset)), to=address())
    answer = browser_of(c.ines).get(f"/mail-in/{row.id}/html/").content.decode()
    assert f"<p>{words}</p>" in answer and words in row.text
