# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a forward says of its original, as Outlook, Gmail, Apple Mail and Thunderbird write it, and in mails that mean harm."""

import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from partwell.importers.base import ImportedItem, Options, Understood
from partwell.importers.inbound_mail import MailRead, from_wire_facts, mail_of, wire_facts
from partwell.importers.mail_forward import (
    LONGEST,
    bare,
    date_of,
    inline,
    marked,
    own_words,
    people,
    person,
    replies,
)
from partwell.importers.mail_parts import take_apart
from partwell.importers.sandbox import read_guarded
from tests.flows.mail_forwards import DAN, INLINE, THEO, WORDS, attached, original

BERLIN = datetime(2024, 10, 7, 10, 12)


@pytest.mark.parametrize("form", INLINE)
def test_every_program_s_inline_forward(form: str) -> None:
    subject, text = INLINE[form]
    found = inline(f"Something of my own\n\n{text}".replace("\n", "\r\n").replace("\r\n", "\n"))
    assert found is not None and marked(subject) and bare(subject) == "firewall"
    assert (found.name, found.address, found.subject, found.text) == ("Theo Brandt", THEO, "Firewall", WORDS)
    assert found.date is not None and found.date.replace(tzinfo=None) == BERLIN
    assert found.date.tzinfo is None or found.date.utcoffset() == timedelta(hours=2)
    assert found.to[0].address == DAN and found.own == len("Something of my own")


def test_headers_each_in_a_paragraph_of_their_own_and_a_second_forward_inside() -> None:
    text = f"From: Theo Brandt [mailto:{THEO}]\n\nSent: Monday, October 7, 2024 10:12 AM\n\nTo: Dan\n\nSubject: Firewall\n\nHi\n\nFrom: x\nDate: y"
    found = inline(text)
    assert found is not None and (found.address, found.subject, found.date) == (THEO, "Firewall", BERLIN)
    assert found.text == "Hi\n\nFrom: x\nDate: y"
    chain = f"{INLINE['gmail en'][1].replace(THEO, 'ines@harbourline.example')}\n\n{INLINE['outlook de'][1]}"
    outer = inline(chain)
    assert outer is not None and outer.address == "ines@harbourline.example" and THEO in outer.text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "From: what\nI mean",
        "Von: hier\n",
        "On Monday Theo wrote:\n> Hello",
        "Subject: x\nDate: y\n",
        "To: a@b.example",
    ],
)
def test_what_is_no_forward(text: str) -> None:
    assert inline(text) is None


@pytest.mark.parametrize(("text", "wanted"), [
    ("Mon, 7 Oct 2024 10:12:33 +0200", datetime(2024, 10, 7, 10, 12, 33, tzinfo=timezone(timedelta(hours=2)))),
    ("Monday, October 7, 2024 10:12 PM", datetime(2024, 10, 7, 22, 12)), ("October 7, 2024 12:05 AM", datetime(2024, 10, 7, 0, 5)),
    ("Montag, 7. Oktober 2024 um 10:12:33 MESZ", datetime(2024, 10, 7, 10, 12, 33, tzinfo=timezone(timedelta(hours=2)))),
    ("5. März 2024 um 09:01 MEZ", datetime(2024, 3, 5, 9, 1, tzinfo=timezone(timedelta(hours=1)))), ("07.10.2024 10:12", BERLIN),
    ("October 7, 2024 at 10:12:00\u202fAM GMT+2", datetime(2024, 10, 7, 10, 12, tzinfo=timezone(timedelta(hours=2)))),
    ("7 October 2024 at 10:12:00 UTC", datetime(2024, 10, 7, 10, 12, tzinfo=UTC)), ("2024-10-07 10:12", BERLIN),
    ("10/7/2024 10:12 AM", None), ("yesterday", None), ("31. Februar 2024 10:12", None), ("7 October 2024", None), ("", None),
    ("99 October 2024 99:99", None), ("Mon, 7 Oct 99999 10:12 +9999", None),
])  # fmt: skip
def test_dates_as_programs_print_them(text: str, wanted: datetime | None) -> None:
    found = date_of(text)
    assert found == wanted and (found is None or wanted is None or found.utcoffset() == wanted.utcoffset())


def test_people_and_subjects() -> None:
    assert person('"Brandt, Theo" <theo@alderrow.example>') == ("Brandt, Theo", THEO)
    assert person(f"{THEO}<mailto:{THEO}>") == ("", THEO) and person("Theo Brandt") == ("Theo Brandt", "")
    assert person("**Theo** <mailto:theo@alderrow.example>")[1] == THEO
    assert [one.address for one in people(f"A <a@b.example>; Brandt, Theo <{THEO}>")] == ["a@b.example", THEO]
    assert [one.address for one in people(f"A <a@b.example>, Brandt, Theo <{THEO}>, c@d.example")] == [
        "a@b.example",
        THEO,
        "c@d.example",
    ]
    assert (
        marked("WG: x") and marked("[Fwd: x]") and not marked("Forward planning") and not marked("Re: Fwd: x")
    )
    assert (
        replies("AW: x")
        and replies("Re[2]: x")
        and not replies("Regarding: x")
        and bare("Fwd: RE: AW: x") == "x"
    )
    assert own_words("FYI\n-- \nDan Frey\nHarbourline IT") == "FYI" and own_words("\n____\n") == ""


def read(raw: bytes, folder: Path) -> MailRead:
    """In this process, through the wire and back."""
    path, spool = folder / "mail.eml", folder / "parts"
    path.write_bytes(raw)
    spool.mkdir()
    from partwell.importers.inbound_mail import _inside

    apart = take_apart(path, spool)
    return from_wire_facts(wire_facts(mail_of(apart, _inside(apart, spool))))


def test_an_attached_original_is_opened_one_level_deep_and_byte_for_byte(tmp_path: Path) -> None:
    inner = original(parts=True)
    path, spool = tmp_path / "mail.eml", tmp_path / "spool"
    spool.mkdir()
    between = attached(inner, to=DAN).replace(b"outer", b"between")
    path.write_bytes(attached(between, to="reply@parting.example"))
    found = list(read_guarded("inbound", path, Options(spool=spool)))
    assert isinstance(found[0], Understood)
    mail = from_wire_facts(found[0].facts)
    assert (mail.forward.how, mail.forward.originals, mail.forward.address) == ("attached", 1, DAN)
    items = [one for one in found[1:] if isinstance(one, ImportedItem)]
    whole = next(one for one in items if one.details["original"])
    assert (
        whole.file is not None
        and whole.file.path is not None
        and whole.file.path.read_bytes().rstrip() == between.rstrip()
    )
    inside = [one.file.name for one in items if one.details["inner"] and one.file]
    assert "Firewall.eml" in inside and "list.csv" not in inside, (
        "the mail inside the mail inside stays one part"
    )


def test_mails_that_mean_harm_cost_little_and_break_nothing(tmp_path: Path) -> None:
    started = time.process_time()
    for number, raw in enumerate((
        attached(*[original() for _ in range(60)], to=DAN), attached(b"\xff\x00" * 1000, to=DAN), attached(b"", to=DAN),
        attached(b"From: " + b"a@b.example, " * 5000 + b"\r\n\r\nx", to=DAN), attached(original().replace(b"utf-8", b"x-nonsense"), to=DAN),
        attached(original(), to=DAN, text="From: " * 20_000 + "\nDate:\nSubject:" * 5000),
        attached(original(), to=DAN, text=("From: a@b.example\nTo: " + "x, " * 30_000 + "\nDate: 1\nSubject: y\n\n") * 3),
        attached(original(), to=DAN, text="_" * 50_000 + "\n" + "-" * 50_000 + " Original"),
    )):  # fmt: skip
        folder = tmp_path / str(number)
        folder.mkdir()
        mail = read(raw, folder)
        assert mail.is_mail and len(mail.forward.text) <= LONGEST
    assert time.process_time() - started < 4
