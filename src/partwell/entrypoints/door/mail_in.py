# SPDX-License-Identifier: AGPL-3.0-or-later
"""A mail that came in, as the doors show it: its facts in words, and what strangers wrote from sandboxed answers only."""

import re
from collections import Counter
from typing import Any, cast

import nh3
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import escape

from partwell.actions.files import open_file, readable
from partwell.entrypoints.door.answers import uuid_or_404
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.gate import actor_of
from partwell.entrypoints.theme.formats import when_words
from partwell.importers.mail_charset import charset_in_html, decode
from partwell.records.correspondence import inbound_queries as queries
from partwell.records.vault.queries import StoredFile

# Nothing is fetched, not even from us: a picture in a stranger's mail tells the stranger that it was read.
POLICY = "sandbox; default-src 'none'; style-src 'none'; img-src 'none'; frame-ancestors 'self'"
SHOWN = 1 << 20  # bytes of raw text that a page shows; the download has all
# The sanitiser's time grows with the square of the nesting: 1 MiB of <div> took minutes. No honest mail is near these.
HTML_SHOWN, DEEPEST = 256 << 10, 300
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
# Empty, or closed by the next of its kind: these make no depth of their own.
_FLAT = frozenset(["area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option", "p", "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "wbr"])  # fmt: skip
# The first HTML part's own header names its character set; a part that is kept is bytes alone.
_HTML_CHARSET = re.compile(
    rb'(?im)^content-type:[ \t]*text/html\b(?:[^\r\n]|\r?\n[ \t]){0,300}?charset[ \t]*=[ \t]*"?([^\s";]{1,40})'
)
NO_HTML = "<p>This mail has no HTML part.</p>"
TOO_DEEP = "<p>The HTML of this mail is nested too deeply to be shown. Its text stands beside it; the file as it came has all.</p>"
CUT = "<p>Only the beginning is shown; the file as it came has all.</p>"
ROADS = {"imap": "a mailbox that we read", "lmtp": "our mail server", "webhook": "a mail service", "upload": "a file that was brought in"}  # fmt: skip
PROOFS = {
    "dkim": "Proved: its signature (DKIM) is of {domain}, the sender's domain.",
    "spf": "Proved: it came from a server that {domain} names as its own (SPF).",
    "failed": "Disproved: its signature or sending server contradicts {domain}.",
    "none": "Not proved: nothing shows that it comes from {domain}.",
}
_RESULTS = {
    "pass": "good",
    "fail": "wrong",
    "softfail": "doubtful",
    "neutral": "says nothing",
    "none": "none",
    "temperror": "could not be asked",
    "permerror": "cannot be read",
}
# What somebody looks up who checks; a page folds it away below what everybody reads.
_DEEP = frozenset(
    {
        "Delivered to",
        "Handed over as from",
        "Signature and server",
        "What became of it",
        "SHA-256 of the file",
    }
)
_TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}
_ATTRIBUTES = {tag: names - {"src", "srcset", "background", "cite"} for tag, names in nh3.ALLOWED_ATTRIBUTES.items() if tag in _TAGS}  # fmt: skip


def proof_words(mail: Any) -> str:
    """How far the sender's domain is proved, in one sentence. A domain, never a person."""
    auth = mail.auth or {}
    words = PROOFS.get(str(auth.get("proof", "none")), PROOFS["none"])
    if mail.forwarded_by_id and (auth.get("forward") or {}).get("how") != "attached":
        words = "Not provable: it was forwarded in the words of another mail, which keep no signature of {domain}."
    return words.format(domain=auth.get("domain") or "the domain it names")


def proof_tone(mail: Any) -> str:
    """The state class of a proof."""
    return {"dkim": "open", "spf": "open", "failed": "refusing"}.get((mail.auth or {}).get("proof", ""), "waiting")  # fmt: skip


def _result(judged: Any) -> str:
    result = str((judged or {}).get("result", "none"))
    return _RESULTS.get(result, result)


def forwarded_words(mail: Any) -> str:
    """By whom of staff and when a mail was forwarded here; "" where it came by itself."""
    return f"{mail.forwarded_by.name}, {when_words(mail.forwarded_at)}" if mail.forwarded_by else ""


def _people(mail: Any, header: str) -> str:
    found = [one for one in mail.others if one.get("header") == header]
    return ", ".join(f"{one['name']} <{one['address']}>" if one.get("name") else one["address"] for one in found)  # fmt: skip


def shown(mail: Any) -> dict[str, Any]:
    """The facts as rows of the theme's ``facts``, without what is empty."""
    auth = mail.auth or {}
    sender = f"{mail.from_name} <{mail.from_address}>" if mail.from_name else mail.from_address
    checks = f"DKIM: {_result(auth.get('dkim'))}; SPF: {_result(auth.get('spf'))}"
    rows = [
        ("From", sender or "nobody named", ""),
        ("To", _people(mail, "to"), ""),
        ("Copy to", _people(mail, "cc"), ""),
        ("Sent, as it says", when_words(mail.sent_at) if mail.sent_at else "", ""),
        ("Received", when_words(mail.received_at), f"by {ROADS.get(mail.road, mail.road)}"),
        ("Delivered to", ", ".join(mail.envelope_to), ""),
        ("Handed over as from", mail.envelope_from, ""),
        ("Where it comes from", proof_words(mail), "This is about a domain, never about a person."),
        ("Signature and server", f"{checks}.", ""),
        ("Forwarded by", forwarded_words(mail), ""),
        ("What became of it", mail.decision, ""),
        (
            "Decided",
            f"{mail.decided_by_name}, {when_words(mail.decided_at)}" if mail.decided_at and mail.decided_by_name else "",
            "",
        ),
    ]  # fmt: skip
    found: list[dict[str, Any]] = [
        {"label": label, "value": value, "note": note} for label, value, note in rows if value
    ]
    found.append({"label": "SHA-256 of the file", "value": mail.raw_sha256, "digest": mail.raw_sha256})
    return {
        "rows": found,
        "warnings": list(mail.warnings),
        "problems": list(mail.problems),
        "size": mail.size,
    }


def _said_already(row: dict[str, Any], mail: Any) -> bool:
    """Whether a fact is the same as another that stays on top: our own address, and a time equal to that of receipt."""
    if row["label"] == "To":
        return bool(row["value"] == ", ".join(mail.envelope_to))
    return bool(row["label"] == "Sent, as it says" and row["value"] == when_words(mail.received_at))


def with_mail(door: str, mail: Any) -> dict[str, Any]:
    """What a page with a mail on it needs: ``mail_in`` (facts, warnings, addresses of its answers, parts), or None."""
    if mail is None:
        return {"mail_in": None}
    outside = door != "staff"
    parts = queries.parts_shown(mail, outside=outside)
    page, raw = html_of(parts), queries.raw_shown(mail, outside=outside)
    files = [
        {"part": one, "url": reverse(f"{door}:mail_in_part", args=[mail.id, one.id])}
        for one in parts
        if page is None or one.id != page.id
    ]
    addresses = {name: reverse(f"{door}:mail_in_{name}", args=[mail.id]) for name in ("raw", "file", "html")}
    if raw is None:
        addresses |= {"raw": "", "file": ""}
    own = mail.sender_kind == "staff" and bool(mail.message_id) and bool(files)
    found = {
        **shown(mail),
        "mail": mail,
        "parts": files,
        "has_html": page is not None,
        "own": own,
        **addresses,
    }
    if raw is None or raw.sha256 != mail.raw_sha256:  # the digest beside a file is that file's
        found["rows"] = found["rows"][:-1]
        if raw is not None:
            found["rows"].append({"label": "SHA-256 of the file", "value": raw.sha256, "digest": raw.sha256})
    deep = [one for one in found["rows"] if one["label"] in _DEEP or _said_already(one, mail)]
    plain = [one for one in found["rows"] if one not in deep]
    found |= {"plain": plain, "deep": deep, "careful": " ".join(mail.warnings)}
    return {"mail_in": found | ({"size": raw.size} if raw else {})}


def html_of(parts: list[Any]) -> Any | None:
    """The part that a mail program would show as the mail, if any."""
    return next((one for one in parts if one.inline and one.media_type == "text/html"), None)


def _mail(request: HttpRequest, mail_id: str) -> Any:
    found = queries.mail_in_seen(actor_of(request), uuid_or_404(mail_id))
    if found is None:
        raise Http404
    return found


def _raw(request: HttpRequest, mail_id: str) -> StoredFile:
    file = queries.raw_shown(_mail(request, mail_id), outside=not actor_of(request).is_staff)
    if file is None:
        raise Http404
    return file


def mail_file(request: HttpRequest, mail_id: str) -> HttpResponse:
    """The mail as it came, to download."""
    return cast(HttpResponse, file_response(request, _raw(request, mail_id)))


def mail_part(request: HttpRequest, mail_id: str, part_id: str) -> HttpResponse:
    """One thing that came with it: shown where its kind is harmless, else downloaded."""
    part = queries.part_seen(actor_of(request), uuid_or_404(mail_id), uuid_or_404(part_id))
    if part is None:
        raise Http404
    return cast(HttpResponse, file_response(request, part.file, inline=True))


def mail_raw(request: HttpRequest, mail_id: str) -> HttpResponse:
    """The mail as it came, as text."""
    data = _beginning(_raw(request, mail_id))
    answer = HttpResponse(data.decode("utf-8", "replace"), content_type="text/plain; charset=utf-8")
    return _sandboxed(answer)


def mail_html(request: HttpRequest, mail_id: str) -> HttpResponse:
    """The mail's HTML, sanitised, in a sandbox of its own that loads nothing."""
    mail, outside = _mail(request, mail_id), not actor_of(request).is_staff
    part, raw = html_of(queries.parts_shown(mail, outside=outside)), queries.raw_shown(mail, outside=outside)
    words = NO_HTML
    if part is not None:
        head = _beginning(raw, HTML_SHOWN) if raw is not None else b""
        words = sanitised(_text(_beginning(part.file, HTML_SHOWN), head)) + (
            CUT if part.file.size > HTML_SHOWN else ""
        )
    title = escape("The mail")
    answer = HttpResponse(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head><body>{words}</body></html>'
    )
    answer.xframe_options_exempt = True  # its own policy says who may frame it
    return _sandboxed(answer)


def sanitised(html: str) -> str:
    """What is left of a stranger's HTML: words and their shape; no script, style, form, picture or address that loads."""
    if _nesting(html) > DEEPEST:
        return TOO_DEEP
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        clean_content_tags={"script", "style", "title"},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _nesting(html: str) -> int:
    """How many elements are open at once, at most: counted name by name, so that a wrong end tag closes nothing else."""
    still: Counter[str] = Counter()
    depth = deepest = 0
    for closing, name in _TAG.findall(html.casefold()):
        if name in _FLAT:
            continue
        if not closing:
            still[name] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif still[name]:
            still[name] -= 1
            depth -= 1
    return deepest


def _beginning(file: StoredFile, size: int = SHOWN) -> bytes:
    readable(file)
    with open_file(file) as reader:
        return reader.read(size)


def _text(data: bytes, raw: bytes) -> str:
    """HTML of a mail, in the character set that its part's header names, else its own <meta>; ``raw``: how the mail begins."""
    named = _HTML_CHARSET.search(raw)
    return decode(data, named[1].decode("ascii", "replace") if named else charset_in_html(data))


def _sandboxed(answer: HttpResponse) -> HttpResponse:
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
