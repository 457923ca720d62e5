# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages of a bundle that people open: ``index.html``, ``README.txt`` and the timeline.

They stand alone: no script, no font, no picture from elsewhere, readable in twenty years. What they say about
checking is checked itself: a test runs the README's shell lines on a real seal.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from partwell.documents.page_style import PAGE_STYLE
from partwell.documents.texts import DocumentError, _, language, one_line, plain

_HREF = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-/")

INDEX_FIELDS = frozenset({"msp", "client", "recipient", "made_at", "zone", "name"})
INDEX_OPTIONAL = frozenset(
    {"purpose", "consent", "categories", "files", "missing", "vkey", "checkpoint", "checkpoint_at", "contact"}
)
README_FIELDS = frozenset({"msp", "client", "recipient", "made_at", "zone", "name"})


def _take(
    data: Mapping[str, Any], needed: frozenset[str], optional: frozenset[str], page: str
) -> dict[str, Any]:
    if missing := sorted(needed - data.keys()):
        raise DocumentError(f"The page {page} lacks {', '.join(missing)}; pass these fields.")
    if unknown := sorted(data.keys() - needed - optional):
        raise DocumentError(f"The page {page} has no place for {', '.join(unknown)}; leave these fields out.")
    full: dict[str, Any] = plain(dict.fromkeys(optional) | dict(data), data["zone"])
    return full


def _link(path: str, words: str) -> str:
    """A link to a file of the same bundle; any other path is shown as words and not linked."""
    inside = set(path) <= _HREF or path == "README.txt"
    if path and inside and not path.startswith("/") and ".." not in path:
        return f'<a href="{escape(path)}">{escape(words)}</a>'
    return escape(words)


def _page(title: str, msp: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="{escape(language())}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{PAGE_STYLE}</style></head>"
        f'<body><main><p class="brand">{escape(msp)}</p><h1>{escape(title)}</h1>{body}</main></body></html>\n'
    )


def _facts(*pairs: tuple[str, Any]) -> str:
    rows = "".join(
        f"<div><dt>{escape(label)}</dt><dd>{escape(str(value)).replace(chr(10), '<br>')}</dd></div>"
        for label, value in pairs
        if value not in (None, "")
    )
    return f"<dl>{rows}</dl>" if rows else ""


def index_html(data: Mapping[str, Any]) -> str:
    """The page that a person opens first.

    ``data``: msp, client, recipient, made_at (aware), zone, name (the bundle's folder); may hold purpose,
    consent, ``categories`` (rows of label, text), ``files`` (rows of path, title, note; path as in the
    bundle, from this page), ``missing`` (texts: what is not in it and why), vkey, checkpoint, checkpoint_at,
    contact. Everything is escaped; only clean paths inside the bundle become links.
    """
    v = _take(data, INDEX_FIELDS, INDEX_OPTIONAL, "index.html")
    first = (
        _("This is what {msp} handed over to {client}.")
        if v["recipient"] == v["client"]
        else _("This is what {msp} handed over to {recipient} for {client}.")
    )
    then = _("Each thing in it can be checked without {msp}, today and in years.")
    parts = [
        f"<p>{escape(f'{first} {then}'.format(**_names(v)))}</p>",
        _facts(
            (_("Client"), v["client"]), (_("Made for"), v["recipient"]), (_("Made"), v["made_at"]),
            (_("What it is for"), v["purpose"]), (_("Under"), v["consent"]), (_("Questions to"), v["contact"]),
        ),
    ]  # fmt: skip
    if v["categories"]:
        parts.append(
            f"<h2>{escape(_('What is in it'))}</h2>"
            + _facts(*((r["label"], r["text"]) for r in v["categories"]))
        )
    if v["files"]:
        rows = "".join(
            f"<tr><td>{_link(one_line(r['path']), one_line(r.get('title') or r['path']))}</td>"
            f"<td>{escape(one_line(r.get('note') or ''))}</td></tr>"
            for r in v["files"]
        )
        head = f'<thead><tr><th scope="col">{escape(_("File"))}</th><th scope="col">{escape(_("What it is"))}</th></tr></thead>'
        parts.append(
            f'<h2>{escape(_("Open"))}</h2><div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'
        )
    parts.append(f"<h2>{escape(_('What is not in it'))}</h2>")
    absent = v["missing"] or [_("Nothing was left out that this bundle was asked to hold.")]
    parts.append("<ul>" + "".join(f"<li>{escape(one_line(each))}</li>" for each in absent) + "</ul>")
    parts.append(
        f"<h2>{escape(_('How to check it'))}</h2>"
        f"<p>{escape(_('Python is enough, without any package and without a network:'))}</p>"
        f"<pre>python -m sealed verify {escape(one_line(v['name']))}.zip</pre>"
        f"<p>{_link('README.txt', 'README.txt')} {escape(_('says how to check it with other tools, and what each check means.'))}</p>"
    )
    if v["vkey"]:
        parts.append(
            f"<p>{escape(_('Compare this key with the one printed in your signed authorisation. If they differ, trust the letter and not this bundle.'))}</p>"
            f"<pre>{escape(v['vkey'])}</pre>"
        )
    if v["checkpoint"]:
        heading = _("Checkpoint of the log") + (f" · {v['checkpoint_at']}" if v["checkpoint_at"] else "")
        parts.append(f'<p class="quiet">{escape(heading)}</p><pre>{escape(v["checkpoint"])}</pre>')
    return _page(
        _("Handover of {client}").format(client=one_line(v["client"])), one_line(v["msp"]), "".join(parts)
    )


def _names(v: Mapping[str, Any]) -> dict[str, str]:
    return {key: one_line(str(v[key])) for key in ("msp", "client", "recipient")}


def timeline_html(data: Mapping[str, Any], events: Iterable[Mapping[str, Any]]) -> str:
    """The timeline as a page: one sentence an event.

    ``data``: msp, client, zone. ``events``, oldest first: ``at`` (aware), ``sentence`` and, where there are,
    ``entry`` (index in the log), ``proof`` (path in the bundle of its proof).
    """
    v = _take(data, frozenset({"msp", "client", "zone"}), frozenset(), "timeline.html")
    rows = []
    for event in events:
        each = plain(dict(event), v["zone"])
        mark = ""
        if each.get("entry") is not None:
            words = _("entry {number}").format(number=each["entry"])
            mark = " · " + _link(str(each.get("proof") or ""), words)
        rows.append(
            f'<li>{escape(one_line(each["sentence"]))}<span class="quiet">{escape(str(each["at"]))}{mark}</span></li>'
        )
    body = (
        f'<ol class="time">{"".join(rows)}</ol>'
        if rows
        else f"<p>{escape(_('Nothing has happened yet.'))}</p>"
    )
    return _page(_("What happened, {client}").format(client=one_line(v["client"])), one_line(v["msp"]), body)


def readme_txt(data: Mapping[str, Any]) -> str:
    """How to check the bundle, as text: with Python alone, with bagit, sha256sum, and openssl.

    ``data``: as for ``index_html``, without its optional fields. The shell lines need a POSIX shell; the
    first way works everywhere. ``name`` must be a clean file name, because it stands in commands.
    """
    v = _take(data, README_FIELDS, frozenset(), "README.txt")
    name = one_line(v["name"])
    if not name or not set(name) <= _HREF - {"/"}:
        raise DocumentError(
            "The bundle's name stands in commands; use only a-z, 0-9, dot, dash and underscore."
        )
    head = _("Handover of {client}, made by {msp} for {recipient}, {made_at}").format(
        **_names(v), made_at=one_line(str(v["made_at"]))
    )
    intro = _(
        "Open index.html first. This file says how to check that nothing was changed, added or left out since."
    )
    one = _("1. With Python alone (3.11 or newer, no package, no network)")
    one_says = _(
        "It checks the container byte by byte, every file, the seal, and that each entry stands in the log.\n"
        "Exit code 0: all holds. 1: something does not, and it names what. 2: this is no bundle.\n"
        "The program is the folder src/sealed of Partwell; start it in src. Take it from somewhere else than\n"
        "this bundle. With --vkey, give the log's verifier key that is\n"
        "printed in the signed authorisation: without it the bundle is only checked against the key it brings along."
    )
    two = _("2. The files, with bagit (Library of Congress) or sha256sum, in the unpacked folder")
    two_says = _(
        "They find every changed, missing or added file, but a forger could have made the lists anew. So also:"
    )
    three = _("3. The seal and the checkpoint, with openssl (3.0 or newer)")
    three_says = _(
        "The seal is a signature by the log's key over the digest of tagmanifest-sha256.txt, which covers the rest.\n"
        "Use the key from your letter instead of proof/log.vkey where you have it. The last two lines must be equal."
    )
    four = _("4. What this does not prove")
    four_says = _(
        "It proves that these files, and these entries of the log, have not changed since the checkpoint.\n"
        "That the log was not rewritten before, you prove with any earlier checkpoint that you hold (at the foot of\n"
        "each mail and letter): python -m sealed consistency --help. Who a person was rests on how they signed:\n"
        "each authorisation says so. A seal on a PDF with a self-signed certificate proves integrity only."
    )
    return f"""{head}

{intro}

{one}

    python -m sealed verify {name}.zip --vkey '<key from your letter>'
    python -m sealed verify {name}

{one_says}

{two}

    bagit.py --validate {name}
    cd {name}
    sha256sum -c manifest-sha256.txt
    sha256sum -c tagmanifest-sha256.txt

{two_says}

{three}

    {{ printf '\\060\\052\\060\\005\\006\\003\\053\\145\\160\\003\\041\\000'
      cut -d+ -f3- proof/log.vkey | base64 -d | tail -c 32; }} > ../log.der
    openssl pkey -pubin -inform DER -in ../log.der -out ../log.pem
    for note in seal.note proof/checkpoint.note; do
      sed -n '/^$/q;p' $note > ../note.text
      sed -n '1,/^$/d;p' $note | head -n 1 | sed 's/.* //' | base64 -d | tail -c 64 > ../note.sig
      openssl pkeyutl -verify -rawin -pubin -inkey ../log.pem -sigfile ../note.sig -in ../note.text
    done
    sed -n 's/^sha256 //p' seal.note
    sha256sum tagmanifest-sha256.txt

{three_says}

{four}

{four_says}
"""
