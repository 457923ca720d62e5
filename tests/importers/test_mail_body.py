# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words of a mail, out of all parts that hold some, whatever character set it names and however it breaks off."""

import base64
from pathlib import Path

import pytest

from partwell.importers.inbound_mail import MailRead, _inside, _items, mail_of
from partwell.importers.mail_body import LONGEST, unflowed
from partwell.importers.mail_charset import decode
from partwell.importers.mail_parts import take_apart

PLAIN = "Content-Type: text/plain; charset=utf-8\n"


def read(tmp_path: Path, body: str | bytes, head: str = PLAIN, sender: str = "Nora <n@x.example>") -> tuple[MailRead, list[str]]:  # fmt: skip
    """What is read of a mail, and the names of its parts that are kept as files beside its text."""
    raw = body.encode() if isinstance(body, str) else body
    path, spool = tmp_path / "mail", tmp_path / "parts"
    path.write_bytes(f"From: {sender}\nSubject: s\nMIME-Version: 1.0\n{head}\n".encode() + raw)
    spool.mkdir()
    apart = take_apart(path, spool)
    items = _items(apart, 0)
    kept = [one.file.name for one in items if not one.details["body"] and one.file]
    return mail_of(apart, _inside(apart, spool)), kept


def mixed(*parts: str, kind: str = "mixed") -> tuple[str, str]:
    """A multipart of these parts, each headers and body, and its own header."""
    body = "".join(f"--x\n{one}\n" for one in parts)
    return f"{body}--x--\n", f"Content-Type: multipart/{kind}; boundary=x\n"


@pytest.mark.parametrize(("charset", "data", "text"), [
    ("iso-2022-jp", b"\x1b$B%F%9%H\x1b(B and \x1b$B-!-j\xff\x1b(B end", "テスト and ①㈱\ufffd end"),
    ("iso-2022-jp", b"\x1b(I1\x1b(B", "ｱ"),
    (None, "テスト".encode("iso2022_jp"), "テスト"),
    ("shift_jis", "①㈱髙橋".encode("cp932"), "①㈱髙橋"),
    ("gb2312", "囧，请".encode("gbk"), "囧，请"),
    ("ks_c_5601-1987", "뷁".encode("cp949"), "뷁"),
    ("iso-8859-1", b"\x93please\x94 \x80", "“please” €"),
    ("iso-8859-8-i", "שלום".encode("iso8859-8"), "שלום"),
    ("us-ascii", "Größe".encode(), "Größe"),
    ("utf-8", "Größe".encode("latin-1"), "Größe"),
    ("utf-8", "Größe, Straße".encode()[:-3] + b"\xc3", "Größe, Stra\ufffd"),
    ("utf-8", b"\xef\xbb\xbfHello", "Hello"),
    ("rot13", b"Hello", "Hello"),
    ("\x00", b"\x81\x8d", "\x81\x8d"),
])  # fmt: skip
def test_what_a_character_set_means_and_what_is_left_of_a_broken_text(charset: str | None, data: bytes, text: str) -> None:  # fmt: skip
    assert decode(data, charset) == text


def test_japanese_with_every_sign_of_the_standard_reads_the_same_where_one_byte_is_wrong() -> None:
    text = "日本語の設定、ファイアウォール。漢字亜弌腕瑶"
    assert decode(text.encode("iso2022_jp") + b"\xff", "ISO-2022-JP") == text + "\ufffd"


def test_what_is_written_after_a_picture_is_read_too(tmp_path: Path) -> None:
    picture = "Content-Type: image/png\nContent-Disposition: inline; filename=a.png\n\nx"
    mail, kept = read(tmp_path, *mixed(f"{PLAIN}\nBefore.", picture, f"{PLAIN}\nAfter."))
    assert mail.text == "Before.\n\nAfter." and kept == ["a.png"]


def test_a_list_s_footer_does_not_hide_an_html_mail(tmp_path: Path) -> None:
    mail, _ = read(tmp_path, *mixed("Content-Type: text/html\n\n<p>The words</p>", f"{PLAIN}\nFooter"))
    assert mail.text == "The words\n\nFooter"


def test_of_alternatives_one_is_read_and_of_two_alike_one(tmp_path: Path) -> None:
    one, other = f"{PLAIN}\nThe words", "Content-Type: text/html\n\n<p>The <b>words</b></p>"
    for number, kind in enumerate(("alternative", "mixed")):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert read(folder, *mixed(one, other, kind=kind))[0].text == "The words"


def test_the_mails_of_a_digest_are_mails_and_no_words_of_its_sender(tmp_path: Path) -> None:
    mail, kept = read(tmp_path, *mixed("\nFrom: a@x.example\nSubject: one\n\nNot mine.", kind="digest"))
    assert mail.text == "" and kept == ["message.eml"] and mail.forward.how == "attached"


@pytest.mark.parametrize("head", ["boundary=other", 'boundary=""', "x=y"])
def test_parts_that_nobody_can_tell_apart_are_shown_as_they_stand(tmp_path: Path, head: str) -> None:
    mail, _ = read(
        tmp_path, "--x\nContent-Type: text/plain\n\nhello\n", f"Content-Type: multipart/mixed; {head}\n"
    )
    assert "hello" in mail.text


def test_words_in_a_part_with_a_name_are_read_where_there_are_no_others_and_the_file_stays(
    tmp_path: Path,
) -> None:
    named = (
        "Content-Type: text/plain; name=note.txt\nContent-Disposition: inline; filename=note.txt\n\nThe words"
    )
    mail, kept = read(tmp_path, *mixed(named))
    assert mail.text == "The words" and kept == ["note.txt"]


@pytest.mark.parametrize("encoding", ["base64 (yes)", "base64;", '"base64"', "Base64"])
def test_a_transfer_encoding_is_understood_however_it_is_spelled(tmp_path: Path, encoding: str) -> None:
    mail, _ = read(
        tmp_path, base64.b64encode("Hällo".encode()), f"{PLAIN}Content-Transfer-Encoding: {encoding}\n"
    )
    assert mail.text == "Hällo"


def test_what_a_list_wrote_below_base64_is_no_base64(tmp_path: Path) -> None:
    body = base64.b64encode(b"Hello").decode() + "\n-- \nTo leave this list, write to us\n"
    assert read(tmp_path, body, f"{PLAIN}Content-Transfer-Encoding: base64\n")[0].text == "Hello"


def test_soft_line_ends_are_no_line_ends() -> None:
    text = "A paragraph \nthat goes on.\n>> quoted \n>> too\n From here\n-- \nNora \nPike"
    assert unflowed(text) == "A paragraph that goes on.\n>> quoted too\nFrom here\n-- \nNora Pike"
    assert unflowed("日本 \n語", deleted=True) == "日本語"


def test_a_name_that_turns_the_line_around_leaves_our_sentence_alone(tmp_path: Path) -> None:
    mail, _ = read(tmp_path, "x", sender="\u202eyrellE araM\u2066 <n@x.example>")
    assert mail.from_[0].name == "yrellE araM"


@pytest.mark.parametrize(("text", "mark"), [("-----BEGIN PGP MESSAGE-----", "encrypted"), ("-----BEGIN PGP SIGNED MESSAGE-----", "signed")])  # fmt: skip
def test_pgp_within_the_text_is_said(tmp_path: Path, text: str, mark: str) -> None:
    assert mark in read(tmp_path, f"{text}\n\nabc\n")[0].marks


def test_many_long_parts_cost_as_much_as_one(tmp_path: Path) -> None:
    part = f"Content-Type: text/html\n\n{'word ' * LONGEST}"
    mail, _ = read(tmp_path, *mixed(*[part] * 20))
    assert any("very long" in one for one in mail.problems)
