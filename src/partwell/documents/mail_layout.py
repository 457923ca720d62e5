# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a mail is set: one body, as plain text and as HTML that needs nothing from outside.

What others wrote (a message, a question, a reason) is quoted, every line of it, so that it cannot imitate
the mail's own words or the checkpoint at its foot.
"""

import textwrap
from dataclasses import dataclass, field
from html import escape

from partwell.documents.texts import _


@dataclass(frozen=True)
class Body:
    """The parts of one mail. All values are cleaned text; nothing is markup."""

    subject: str
    title: str
    happened: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    lists: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()  # heading, (title, note) each
    quote: tuple[str, str] | None = None  # who, what
    asked: str = ""
    by: str = ""
    button: str = ""
    link: str = ""
    second: tuple[str, str] | None = None  # the other answer: button, link
    after: tuple[str, ...] = ()
    greeted: bool = False  # what is quoted is the mail itself, to whoever reads it, and greets them already
    letter: str = (
        ""  # the office's own words (a letter); then the rest stands below them, as what the record says
    )


@dataclass(frozen=True)
class Frame:
    """What every mail of one MSP to one person shares."""

    msp: str
    to: str
    client: str
    colour: str
    contact: str
    checkpoint: str | None
    checkpoint_at: str
    account_mail: bool = False
    lang: str = field(default="en")


def foot_sentences(frame: Frame) -> tuple[str, str]:
    """The heading over the checkpoint and the sentence that says what it is for."""
    heading = _("Last committed checkpoint of the log")
    if frame.checkpoint_at:
        heading += f" · {frame.checkpoint_at}"
    return heading, _(
        "Keep this mail: with these lines you can check later, without us, that the log was not rewritten."
    )


def greeting(frame: Frame) -> str:
    """To a person by name; to nobody in particular where the mail must not say whom it knows."""
    return _("Hello {name},").format(name=frame.to) if frame.to else _("Good day,")


def as_text(body: Body, frame: Frame) -> str:
    """The mail as plain text, wrapped at 76 columns except for links, quotes and the checkpoint."""

    def wrap(words: str, first: str = "", rest: str = "") -> str:
        return "\n".join(
            textwrap.fill(
                line,
                76,
                initial_indent=first,
                subsequent_indent=rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in words.split("\n")
        )

    if body.letter:
        out = [
            *(wrap(each) for each in body.letter.split("\n\n")),
            f"{'-' * 72}\n{_('What our record says')}",
        ]
    else:
        out = [] if body.greeted else [greeting(frame)]
    out += [wrap(each) for each in body.happened]
    if body.facts:
        out.append("\n".join(wrap(f"{label}: {value}", "", "    ") for label, value in body.facts))
    for heading, rows in body.lists:
        listed = [wrap(f"{title} ({note})" if note else title, "  - ", "    ") for title, note in rows]
        out.append("\n".join([f"{heading}:", *listed]))
    if body.quote:
        who, what = body.quote
        out.append("\n".join([who + ":", *("> " + line for line in what.split("\n"))]))
    if body.asked:
        out.append(wrap(_("What we ask of you: {what}").format(what=body.asked)))
    if body.by:
        out.append(wrap(_("By when: {when}").format(when=body.by)))
    if body.link:
        out.append(f"{body.button}:\n{body.link}")
    if body.second:
        out.append(f"{body.second[0]}:\n{body.second[1]}")
    out += [wrap(each) for each in body.after]
    out.append(frame.msp + (f"\n{frame.contact}" if frame.contact else ""))
    if not frame.account_mail:
        heading, why = foot_sentences(frame)
        lines = frame.checkpoint or _("No checkpoint has been made yet.")
        out.append(f"{'-' * 72}\n{heading}\n\n{lines}\n\n{wrap(why)}")
    return "\n\n".join(out) + "\n"


_STYLE = """
@media (prefers-color-scheme: dark) {
  .pw-page { background: #10181b !important; color: #e9e7dd !important; }
  .pw-sheet { background: #172125 !important; border-color: #2c3a3f !important; }
  .pw-ink { color: #e9e7dd !important; }
  .pw-soft { color: #b0bab9 !important; }
  .pw-well { background: #1f2b30 !important; border-color: #2c3a3f !important; }
  .pw-name { color: #8cc7d6 !important; }
  .pw-button { background: #8cc7d6 !important; color: #0b1c22 !important; }
  .pw-row { border-color: #2c3a3f !important; }
}
@media (max-width: 480px) { .pw-sheet { padding: 20px !important; } }
"""
_SERIF = "font-family:'Source Serif 4',Georgia,'Times New Roman',serif"
_SANS = "font-family:'Source Sans 3','Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_MONO = "font-family:'IBM Plex Mono',Consolas,'Courier New',monospace"


def _broken(words: str) -> str:
    return escape(words).replace("\n", "<br>")


def as_html(body: Body, frame: Frame) -> str:
    """The mail as one self-contained HTML page: inline styles, no script, no picture, light and dark."""

    def para(words: str, soft: bool = False) -> str:
        size, tone, kind = ("14px", "#4b5a60", "pw-soft") if soft else ("17px", "#17242a", "pw-ink")
        face = _SANS if soft else _SERIF
        return f'<p class="{kind}" style="margin:0 0 16px;{face};font-size:{size};line-height:1.6;color:{tone}">{_broken(words)}</p>'

    def head(words: str) -> str:
        style = f"margin:24px 0 8px;{_SERIF};font-size:18px;font-weight:600;color:#17242a"
        return f'<h2 class="pw-ink" style="{style}">{escape(words)}</h2>'

    if body.letter:
        parts = [
            *(para(each) for each in body.letter.split("\n\n") if each.strip()),
            head(_("What our record says")),
        ]
    else:
        parts = [] if body.greeted else [para(greeting(frame))]
    parts += [para(each, bool(body.letter)) for each in body.happened]
    if body.facts:
        rows = "".join(
            f'<tr><th scope="row" class="pw-soft pw-row" style="padding:8px 12px 8px 0;border-top:1px solid #dcdcd3;text-align:left;'
            f'vertical-align:top;font-weight:400;color:#4b5a60;width:34%">{escape(label)}</th>'
            f'<td class="pw-ink pw-row" style="padding:8px 0;border-top:1px solid #dcdcd3;color:#17242a;overflow-wrap:anywhere">'
            f"{_broken(value)}</td></tr>"
            for label, value in body.facts
        )
        style = (
            f"width:100%;border-collapse:collapse;margin:4px 0 20px;{_SANS};font-size:15px;line-height:1.5"
        )
        parts.append(f'<table style="{style}">{rows}</table>')
    for heading, listed in body.lists:
        items = "".join(
            f'<li class="pw-ink" style="margin:0 0 6px;color:#17242a;overflow-wrap:anywhere">{_broken(title)}'
            + (f' <span class="pw-soft" style="color:#4b5a60">{_broken(note)}</span>' if note else "")
            + "</li>"
            for title, note in listed
        )
        parts.append(
            head(heading)
            + f'<ul style="margin:0 0 20px;padding:0 0 0 20px;{_SANS};font-size:15px;line-height:1.5">{items}</ul>'
        )
    if body.quote:
        who, what = body.quote
        parts.append(para(who + ":", soft=True))
        parts.append(
            f'<blockquote class="pw-well pw-ink" style="margin:0 0 20px;padding:12px 16px;background:#f4f4ef;border:1px solid #dcdcd3;'
            f'{_SERIF};font-size:17px;line-height:1.6;color:#17242a;overflow-wrap:anywhere">{_broken(what)}</blockquote>'
        )
    if body.asked:
        parts.append(head(_("What we ask of you")) + para(body.asked))
    if body.by:
        parts.append(para(_("By when: {when}").format(when=body.by)))
    if body.link:
        style = f"display:inline-block;padding:12px 22px;background:{frame.colour};color:#ffffff;text-decoration:none;border-radius:4px;{_SANS};font-size:16px;font-weight:600"
        shown = f"margin:0 0 20px;{_MONO};font-size:12px;color:#4b5a60;overflow-wrap:anywhere"
        for words, link in ((body.button, body.link), *((body.second,) if body.second else ())):
            parts.append(
                f'<p style="margin:4px 0 8px"><a class="pw-button" href="{escape(link)}" style="{style}">{escape(words)}</a></p>'
            )
            parts.append(f'<p class="pw-soft" style="{shown}">{escape(link)}</p>')
    parts += [para(each) for each in body.after]
    parts.append(para(frame.msp + (f"\n{frame.contact}" if frame.contact else "")))
    if not frame.account_mail:
        heading, why = foot_sentences(frame)
        lines = frame.checkpoint or _("No checkpoint has been made yet.")
        parts.append(
            f'<div class="pw-well" style="margin:28px 0 0;padding:12px 16px;background:#f4f4ef;border:1px solid #dcdcd3">'
            f'<p class="pw-soft" style="margin:0 0 8px;{_SANS};font-size:13px;color:#4b5a60">{escape(heading)}</p>'
            f'<pre class="pw-ink" style="margin:0 0 8px;white-space:pre-wrap;overflow-wrap:anywhere;{_MONO};font-size:12px;line-height:1.5;'
            f'color:#17242a">{escape(lines)}</pre><p class="pw-soft" style="margin:0;{_SANS};font-size:13px;color:#4b5a60">{escape(why)}</p></div>'
        )
    name = f"margin:0 0 20px;padding:0 0 12px;border-bottom:2px solid {frame.colour};{_SERIF};font-size:19px;font-weight:600;color:{frame.colour}"
    title = f"margin:0 0 20px;{_SERIF};font-size:26px;line-height:1.25;font-weight:400;color:#17242a"
    sheet = "max-width:640px;margin:0 auto;padding:36px 40px;background:#fffffd;border:1px solid #dcdcd3"
    return (
        f'<!doctype html>\n<html lang="{escape(frame.lang)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f'<meta name="supported-color-schemes" content="light dark"><title>{escape(body.subject)}</title><style>{_STYLE}</style></head>'
        f'<body class="pw-page" style="margin:0;padding:24px 12px;background:#f4f4ef;color:#17242a">'
        f'<div class="pw-sheet" style="{sheet}"><p class="pw-name" style="{name}">{escape(frame.msp)}</p>'
        f'<h1 class="pw-ink" style="{title}">{escape(body.title)}</h1>{"".join(parts)}</div></body></html>\n'
    )
