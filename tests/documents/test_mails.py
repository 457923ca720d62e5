# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each mail: what happened, what is asked, by when, the checkpoint; no secret, no injection, nothing remote."""

import re
from datetime import UTC, date, datetime
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest

from partwell.documents.german import translate
from partwell.documents.mail_kinds import KINDS
from partwell.documents.mails import ACCOUNT_MAILS, FIXED_MAILS, Mail, compose
from partwell.documents.texts import DocumentError, speaking
from partwell.rules.letter_seeds import SEEDS
from partwell.rules.letters import KINDS as STEP_OF

from . import samples

WHEN = datetime(2026, 11, 20, 15, 20, tzinfo=UTC)
LINK = "https://part.harbourline.example/s/9f2c?t=ZmFrZQ"
VALUES: dict[str, Any] = {
    "act": "withdrawn", "decision": "approved", "state": "proposed", "link": LINK,
    "portal_url": "https://part.harbourline.example/client",
    "authorise_url": "https://part.harbourline.example/client/mail-in/1/authorise/",
    "not_ours_url": "https://part.harbourline.example/client/mail-in/1/not-ours/",
}  # fmt: skip
LISTS = {
    "items", "scope", "exclusions", "removed", "stopped", "already_left", "objections", "confirmed", "recipients",
    "attachments", "decisions", "next_steps", "dependent", "exceptions", "kept", "open_points", "said",
    "participants", "copies", "persons", "answers", "alternatives", "steps", "warnings", "came_with",
}  # fmt: skip


def common(**changes: Any) -> dict[str, Any]:
    return {
        "msp_name": "Harbourline IT",
        "to_name": "Mara Ellery",
        "client": "Northwick Traders Ltd",
        "zone": "Europe/Berlin",
        "checkpoint": samples.CHECKPOINT,
        "checkpoint_at": samples.PROOF["checkpoint_at"],
    } | changes


def sample(kind: str, text: str = "Alder Row", **changes: Any) -> dict[str, Any]:
    _make, required, optional = KINDS[kind]
    data = common()
    for name in required | optional:
        if name in LISTS:
            plain_list = name in {"said", "participants", "copies", "persons"}
            data[name] = [text, text] if plain_list else [{"title": text, "note": "why"}, text]
        elif name in VALUES:
            data[name] = VALUES[name]
        elif name in {"by", "since", "until", "window_until", "effective_date"}:
            data[name] = date(2026, 12, 4)
        elif name.endswith("_at") or name == "at":
            data[name] = WHEN
        else:
            data[name] = text
    return data | changes


class Page(HTMLParser):
    """Collects the elements and text of a mail."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


KIND_NAMES = sorted(KINDS)
UNMARKED = ACCOUNT_MAILS | FIXED_MAILS


def greetings(mail: Mail) -> tuple[int, int]:
    """How many lines of a mail greet: as plain text, and as HTML."""
    begins = re.compile(r"^(?:> )?(?:Hello|Dear|Good day|Guten Tag)\b", re.M)
    html = re.sub(r"<[^>]+>", "\n", mail.html.partition("</h1>")[2])
    return len(begins.findall(mail.text)), len(begins.findall(html))


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_mail_greets_once_whatever_is_written_in_it(language: str) -> None:
    with speaking(language, translate if language == "de" else str):
        for kind in KINDS:
            assert greetings(compose(kind, sample(kind, letter_text=""))) == (1, 1), kind
        for key, words in SEEDS.items():
            letter = words[language][1].replace("{contact}", "Mara Ellery")
            for kind in ("message", "staff_message"):
                assert greetings(compose(kind, sample(kind, body=letter))) == (1, 1), (kind, key)
            step = STEP_OF[key]
            assert greetings(compose(step, sample(step, letter_subject="A", letter_text=letter))) == (1, 1), step  # fmt: skip
        for begins in ("Hi Mara,", "Mara,", "Liebe Frau Ellery,", "HELLO MARA!", "Good morning all"):
            quoted = compose("message", sample("message", body=f"{begins}\n\nAll is well."))
            assert "Hello Mara Ellery," not in quoted.text and "Guten Tag" not in quoted.html, begins
        for begins in ("Dear me, that was late.", "Highlights of the week", "The keys, as promised,", "Hi."):
            said = compose("message", sample("message", body=f"{begins}\n\nAll is well."))
            assert (">Guten Tag " if language == "de" else ">Hello Mara") in said.html, begins


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_each_mail_greets_names_the_msp_and_carries_the_checkpoint(kind: str) -> None:
    mail = compose(kind, sample(kind))
    said = "".join(Page(mail.html).words)
    for body in (mail.text, said):
        assert ("Mara Ellery" in body) is (kind not in FIXED_MAILS) and "Harbourline IT" in body
        assert (samples.CHECKPOINT in body) is (kind not in UNMARKED)
    if kind not in UNMARKED:
        assert "Northwick Traders Ltd" in " ".join(mail.text.split()) and "Northwick Traders Ltd" in said


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_required_fields_alone_are_enough(kind: str) -> None:
    required = KINDS[kind][1]
    full = sample(kind)
    data = common(checkpoint=None) | {name: full[name] for name in required}
    mail = compose(kind, data)
    assert "None" not in mail.text and "{" not in mail.text and mail.subject
    if kind not in UNMARKED:
        assert "No checkpoint has been made yet." in mail.text


@pytest.mark.parametrize("kind", KIND_NAMES)
@pytest.mark.parametrize(
    "text",
    [samples.HOSTILE, "a\r\nBcc: evil@x.example", "x\u2028y\x00\u202ez", samples.LONG, samples.JAPANESE],
)
def test_hostile_values_stay_words(kind: str, text: str) -> None:
    changes = dict.fromkeys(("to_name", "client", "msp_name"), text)
    mail = compose(kind, sample(kind, text, **changes))
    assert len(mail.subject.splitlines()) == 1 and len(mail.subject) <= 180
    assert mail.subject.isprintable()
    made = EmailMessage()
    made["Subject"] = mail.subject
    made.set_content(mail.text)
    made.add_alternative(mail.html, subtype="html")
    assert made["Bcc"] is None and b"\nBcc:" not in bytes(made).split(b"\n\n")[0]
    allowed = {"html", "head", "meta", "title", "style", "body", "div", "p", "h1", "h2", "ul", "li", "span", "a", "br",
               "table", "tr", "th", "td", "blockquote", "pre"}  # fmt: skip
    for tag, attrs in Page(mail.html).tags:
        assert tag in allowed
        assert not any(name.startswith("on") or name == "src" for name in attrs)
        if "href" in attrs:
            assert (attrs["href"] or "").startswith("https://part.harbourline.example/")
    assert "\u202e" not in mail.html + mail.text and "\x00" not in mail.html + mail.text
    assert not re.search(r"url\(|@import|https?://(?!part\.harbourline)", mail.html)


def test_a_name_with_places_is_not_filled_again() -> None:
    mail = compose("closing", sample("closing", client="{msp_name} {checkpoint.__class__}"))
    assert "{msp_name} {checkpoint.__class__}" in mail.subject


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_field_without_a_place_is_refused_and_its_value_not_quoted(kind: str) -> None:
    for name in ("password", "secret", "otp"):
        with pytest.raises(DocumentError, match=name) as caught:
            compose(kind, sample(kind) | {name: "hunter2"})
        assert "hunter2" not in str(caught.value)
    for name in KINDS[kind][1] & LISTS:
        if name in {"items", "scope"}:
            with pytest.raises(DocumentError, match="secret"):
                compose(kind, sample(kind) | {name: [{"title": "x", "secret": "hunter2"}]})


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_only_the_sign_in_link_may_carry_a_token(kind: str) -> None:
    if kind == "sign_in":
        mail = compose(kind, sample(kind))
        assert LINK in mail.text and LINK not in repr(mail)
        return
    with pytest.raises(DocumentError, match="token"):
        compose(kind, sample(kind, portal_url=LINK))


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "//x.example", "https://a@b.example/", "https://x.example/\r\nA: b", "ftp://x"],
)
def test_unusable_links_are_refused(link: str) -> None:
    with pytest.raises(DocumentError, match="portal_url"):
        compose("closing", sample("closing", portal_url=link))


def test_what_others_write_cannot_imitate_the_foot() -> None:
    forged = "Thanks\n" + "-" * 72 + "\nLast committed checkpoint of the log\n\nforged/log\n1\nAAAA"
    for kind, name in (("message", "body"), ("held_question", "question")):
        text = compose(kind, sample(kind) | {name: forged}).text
        assert text.count("\n" + "-" * 72 + "\n") == 1
        assert "\n> forged/log\n" in text


def test_a_held_question_says_that_nothing_was_answered() -> None:
    text = compose("held_question", sample("held_question") | {"acknowledged": None}).text
    assert "we answered nothing" in " ".join(text.split())
    told = compose("held_question", sample("held_question") | {"acknowledged": "once"}).text
    assert "one fixed acknowledgement that states no fact" in " ".join(told.split())


def test_the_fixed_acknowledgement_is_the_same_for_everybody() -> None:
    kind = "fixed_acknowledgement"
    one = compose(kind, sample(kind))
    other = compose(
        kind,
        common(to_name="Theo Brandt", client="Quayside Dental Ltd", contact="+44 20 5550", checkpoint=None),
    )
    assert one == other
    for name in ("Northwick", "Quayside", "Mara", "Theo"):
        assert name not in one.text + one.html + one.subject


def test_a_release_is_one_message_with_every_item() -> None:
    items = [{"title": f"Item {number}"} for number in range(300)]
    mail = compose("release_announcement", sample("release_announcement") | {"items": items})
    assert "300 to fetch" in mail.subject
    assert all(f"- Item {number}\n" in mail.text for number in range(300))


def test_dates_are_words_and_zoned() -> None:
    mail = compose("authorisation_request", sample("authorisation_request"))
    assert "By when: 4 December 2026" in mail.text
    assert "Friday 20 November 2026, 16:20 CET" in compose("closing", sample("closing")).text
    with pytest.raises(DocumentError, match="zone"):
        compose("closing", sample("closing", closed_at=datetime(2026, 1, 1)))


def test_missing_fields_and_unknown_mails_are_named() -> None:
    with pytest.raises(DocumentError, match="checkpoint"):
        compose("closing", {k: v for k, v in sample("closing").items() if k != "checkpoint"})
    with pytest.raises(DocumentError, match="no mail"):
        compose("spam", common())
    assert isinstance(compose("closing", sample("closing")), Mail)


@pytest.mark.parametrize("state", ["proposed", "agreed", "declined"])
def test_each_state_of_a_date_change(state: str) -> None:
    mail = compose("date_change", sample("date_change", state=state))
    assert ("What we ask of you" in mail.text) is (state == "proposed")


def test_a_word_that_is_no_state_is_refused() -> None:
    for kind, name in (
        ("date_change", "state"),
        ("authorisation_changed", "act"),
        ("ask_answered", "decision"),
    ):
        with pytest.raises(DocumentError, match=name):
            compose(kind, sample(kind) | {name: "maybe"})
