# SPDX-License-Identifier: AGPL-3.0-or-later
"""Finds what was said, years after, within what the seeker may see (R2, R4). One question, answered by FTS5 or by PostgreSQL."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from partwell.records.correspondence.finding import SearchRow
from partwell.records.correspondence.models import InboundMail, Meeting
from partwell.records.correspondence.queries import (
    calls_visible_to,
    envelopes_visible_to,
    messages_visible_to,
)
from partwell.records.correspondence.search_index import APART, MARKS, TABLE, WORDS
from partwell.rules import roles
from partwell.rules.actor import Actor

LONGEST = 400  # characters of a question
MOST_WORDS = 16
MOST = 1000  # hits that are counted and can be paged to
PARTIES = ("staff", "client", "provider")
INSIDE = ("internal", "privileged")
_CHUNK = re.compile(r'"([^"]*)("?\*?)|(\S+)')
_WORD = re.compile(r"[^\W_]+")
_SHOWN = re.compile(r"[^\W_][\w\u0300-\u036f]*")
_APART, _MARKS = re.compile(APART), re.compile(MARKS)
# Writing without spaces between words (Japanese, Chinese, Thai, Lao, Khmer, Burmese): looked for inside of texts.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f]"
)


def fold(text: str) -> str:
    """Without accents, in small letters, words apart by spaces: as both indexes hold it."""
    bare = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
    return _APART.sub(" ", bare).lower()


@dataclass(frozen=True)
class Term:
    """Words that must stand one after the other; ``prefix``: the last one may go on."""

    words: tuple[str, ...]
    prefix: bool = False

    @property
    def inner(self) -> bool:
        """Whether it is written without spaces: then it may stand anywhere in a text, in this order."""
        return any(_UNSPACED.search(word) for word in self.words)

    def matches(self, word: str) -> bool:
        """Whether a folded word is one of these; for marking only."""
        return word in self.words or (self.prefix and word.startswith(self.words[-1]))


@dataclass(frozen=True)
class Piece:
    """A piece of a text, plain: whoever shows it escapes it. ``hit``: one of the words that were looked for."""

    text: str
    hit: bool = False


@dataclass(frozen=True)
class Hit:
    """Something that was said. ``kind``: message, call, mail, inbound, meeting; ``id``: its row."""

    kind: str
    id: UUID
    client_id: UUID | None
    client_name: str
    at: datetime
    side: str
    audience: str
    who: tuple[Piece, ...]
    title: tuple[Piece, ...]
    pieces: tuple[Piece, ...]

    @property
    def inside(self) -> bool:
        """A note that stays with the MSP."""
        return self.audience in INSIDE

    @property
    def name(self) -> str:
        """What it was about, as plain text."""
        return "".join(piece.text for piece in self.title)


@dataclass(frozen=True)
class Found:
    """One page of what was found, newest first. ``total`` counts up to ``MOST``; ``more``: there is more than that.

    ``terms``: what was understood; empty when there was no word in the question. ``cut``: it was too long.
    """

    hits: list[Hit] = field(default_factory=list)
    number: int = 1
    pages: int = 1
    total: int = 0
    more: bool = False
    terms: tuple[Term, ...] = ()
    cut: bool = False


def understood(words: str) -> tuple[tuple[Term, ...], bool]:
    """A question as terms: "a phrase", begin*, fw-01 (a phrase as well); whatever else stands in it is no operator."""
    text = "".join(sign if sign.isprintable() else " " for sign in words)
    cut, left, terms = len(text) > LONGEST, MOST_WORDS, list[Term]()
    for chunk in _CHUNK.finditer(text[:LONGEST]):
        quoted, end, bare = chunk.groups()
        found = tuple(_WORD.findall(fold(quoted if bare is None else bare)))
        prefix = (bare if bare is not None else end).endswith("*")
        if not found:
            continue
        cut = cut or len(found) > left
        if kept := found[:left]:
            term = Term(kept, prefix and len(kept[-1]) > 1 and len(kept) == len(found))
            if term not in terms:
                terms.append(term)
                left -= len(kept)
    return tuple(terms), cut


def found(
    actor: Actor,
    words: str,
    *,
    client_id: UUID | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
    party: str | None = None,
    page: Any = 1,
    size: int = 25,
    stands: bool = True,
) -> Found:
    """What holds all ``words``, newest first, of one client or of all that the actor may see.

    ``after`` (inclusive) and ``before`` (exclusive) are aware moments; ``party``: who said it. ``stands``: a provider's
    authorisation, as in ``messages_visible_to``. A client finds what its portal shows, a provider its own messages;
    notes are found by staff who may read notes. Strangers find nothing. Never raises for what was typed.
    """
    terms, cut = understood(words)
    scope = _scope(actor, client_id, party, stands)
    if not terms or scope is None:
        return Found(terms=terms, cut=cut)
    columns = "ABC" if actor.kind == "provider" else "ABCD"  # who else got a mail is not a provider's to find
    keys = _keys(terms, scope, columns, after, before)
    if not actor.is_staff:  # a count would tell outsiders that a message which still waits holds a word
        told = SearchRow.objects.filter(pk__in=keys).only("id", "kind", "ref", "inside")
        here = _seen(actor, told, stands)
        allowed = {row.id for row in told if (row.kind, row.ref) in here}
        keys = [key for key in keys if key in allowed]
    total, more = min(len(keys), MOST), len(keys) > MOST
    pages = max(1, -(-total // size))
    number = (
        min(max(1, int(page)), pages)
        if str(page).isascii() and str(page).isdigit() and len(str(page)) < 7
        else 1
    )
    wanted = keys[:MOST][(number - 1) * size : number * size]
    rows = {row.id: row for row in SearchRow.objects.filter(pk__in=wanted).select_related("client")}
    seen = _seen(actor, rows.values(), stands)
    listed = [rows[key] for key in wanted if key in rows and (rows[key].kind, rows[key].ref) in seen]
    return Found([_hit(row, terms) for row in listed], number, pages, total, more, terms, cut)


def _scope(actor: Actor, client_id: UUID | None, party: str | None, stands: bool) -> list[list[str]] | None:
    """What a row's scope must hold: each list one of its tokens. None: nothing is this actor's to find."""
    if roles.may(actor.role, "message.read") is not None or (party and party not in PARTIES):
        return None
    out: list[list[str]] = []
    if actor.is_staff:
        if roles.may(actor.role, "note.read") is not None:
            out.append(["aall", "aclient", "astaff"])
    elif actor.client_id is None or (client_id is not None and client_id != actor.client_id):
        return None
    elif actor.kind == "client":
        client_id = actor.client_id
        out.append(["aall", "aclient"])
    elif actor.kind == "provider" and actor.recipient_id is not None:
        client_id = actor.client_id
        out += [["aall"], [f"r{actor.recipient_id.hex}"], *([] if stands else [["held"]])]
    else:
        return None
    if client_id is not None:
        out.append([f"c{client_id.hex}"])
    return [*out, [f"s{party}"]] if party else out


def _key(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) << 20


def _keys(
    terms: Iterable[Term],
    scope: list[list[str]],
    columns: str,
    after: datetime | None,
    before: datetime | None,
) -> list[int]:
    """Keys of at most ``MOST`` + 1 rows, newest first: one question to the index."""
    lite = connection.vendor == "sqlite"
    inner, terms = [term for term in terms if term.inner], [term for term in terms if not term.inner]
    params, where = list[str | int](), list[str]()
    if terms or scope:
        params.append(_fts5(terms, scope, columns) if lite else _tsquery(terms, scope, columns))
        where.append(f"{WORDS} MATCH %s" if lite else "words @@ to_tsquery('simple', %s)")
    table, key = (WORDS, "rowid") if lite and not inner else (TABLE, "id")
    if lite and inner and where:
        where = [f"id IN (SELECT rowid FROM {WORDS} WHERE {where[0]})"]  # noqa: S608  names of ours, values by parameter
    if inner:
        texts = " || ' ' || ".join(_columns(columns))
        where += [f"{texts} {'LIKE' if lite else 'ILIKE'} %s"] * len(inner)
        params += [
            "%" + "%".join(term.words) + "%" for term in inner
        ]  # letters and digits only: nothing to escape
    for moment, sign in ((after, ">="), (before, "<")):
        if moment is not None:
            where.append(f"{key} {sign} %s")
            params.append(_key(moment))
    with connection.cursor() as cursor:
        asked = f"SELECT {key} FROM {table} WHERE {' AND '.join(where)} ORDER BY {key} DESC LIMIT {MOST + 1}"  # noqa: S608  names of ours, values by parameter
        cursor.execute(asked, params)
        return [row[0] for row in cursor.fetchall()]


def _columns(weights: str) -> list[str]:
    """The columns of these weights."""
    return [name for name, weight in zip(("who", "subject", "body", "extra"), "ABCD", strict=True) if weight in weights]  # fmt: skip


def _fts5(terms: Sequence[Term], scope: list[list[str]], columns: str) -> str:
    """FTS5's question. Words are letters and digits only and stand in quotes, so nothing of them is an operator."""
    names = " ".join(_columns(columns))
    asked = " AND ".join(f'"{" ".join(term.words)}"' + (" *" if term.prefix else "") for term in terms)
    parts = ["(" + " OR ".join(f'scope : "{one}"' for one in each) + ")" for each in scope]
    return " AND ".join([*parts, *([f"{{{names}}} : ({asked})"] if terms else [])])


def _either(word: str, mark: str) -> str:
    """A word as PostgreSQL may hold it: in the C locale it makes no letters small but A to Z."""
    forms = [word] if word.isascii() else dict.fromkeys((word, word.capitalize(), word.upper()))
    told = " | ".join(f"'{one}'{mark}" for one in forms)
    return f"({told})" if len(forms) > 1 else told


def _tsquery(terms: Iterable[Term], scope: list[list[str]], columns: str) -> str:
    """PostgreSQL's question; the same holds for it."""
    weights = "" if columns == "ABCD" else columns
    parts = ["(" + " | ".join(f"'{one}'" for one in each) + ")" for each in scope]
    for term in terms:
        last = len(term.words) - 1
        marks = [("*" if term.prefix and place == last else "") + weights for place in range(len(term.words))]
        parts.append(
            "("
            + " <-> ".join(
                _either(word, f":{mark}" if mark else "")
                for word, mark in zip(term.words, marks, strict=True)
            )
            + ")"
        )
    return " & ".join(parts)


def _seen(actor: Actor, rows: Iterable[SearchRow], stands: bool) -> set[tuple[str, UUID]]:
    """(kind, id) of what the actor may see by the rows themselves: the index is not trusted alone."""
    by_kind: dict[str, list[UUID]] = defaultdict(list)
    for row in rows:
        if not row.inside or actor.is_staff:
            by_kind[row.kind].append(row.ref)
    messages = messages_visible_to(actor, stands=stands)
    if roles.may(actor.role, "note.read") is not None:
        messages = messages.exclude(audience__in=INSIDE)
    meetings = Meeting.objects.all() if actor.is_staff else Meeting.objects.filter(client=actor.client_id)
    tables: dict[str, Any] = {
        "message": messages,
        "call": calls_visible_to(actor),
        "mail": envelopes_visible_to(actor),
        "inbound": InboundMail.objects.all() if actor.is_staff else InboundMail.objects.none(),
        "meeting": meetings if actor.is_staff or actor.kind == "client" else Meeting.objects.none(),
    }
    return {
        (kind, ref)
        for kind, refs in by_kind.items()
        for ref in tables[kind].filter(pk__in=refs).values_list("pk", flat=True)
    }


# what is shown --------------------------------------------------------------

AROUND = 110


def _hit(row: SearchRow, terms: tuple[Term, ...]) -> Hit:
    title = {"call": "Call", "meeting": "Meeting"}.get(row.kind, "")
    subject = row.subject or (
        f"{title} with {row.who}" if title and not row.inside else row.who or "Without a subject"
    )
    told = row.body if _first(row.body, terms) is not None or _first(row.extra, terms) is None else row.extra
    return Hit(row.kind, row.ref, row.client_id, row.client.name if row.client else "", row.at, row.side, row.audience,
               marked(row.who[:300], terms), marked(subject[:300], terms), snippet(told, terms))  # fmt: skip


def _inner(terms: tuple[Term, ...]) -> re.Pattern[str] | None:
    """What is looked for inside of words."""
    words = sorted({word for term in terms if term.inner for word in term.words}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words)), re.IGNORECASE) if words else None


def _first(text: str, terms: tuple[Term, ...]) -> int | None:
    if (inner := _inner(terms)) is not None and (place := inner.search(text)) is not None:
        return place.start()
    for word in _SHOWN.finditer(text):
        if _is_hit(word.group(), terms):
            return word.start()
    return None


def _is_hit(word: str, terms: tuple[Term, ...]) -> bool:
    plain = word.lower() if word.isascii() else fold(word)
    return any(term.matches(part) for part in _WORD.findall(plain) for term in terms)


def snippet(text: str, terms: tuple[Term, ...]) -> tuple[Piece, ...]:
    """The text around the first word that was looked for; its beginning where there is none. At most some 250 characters."""
    place = _first(text, terms) or 0
    start = max(0, place - AROUND)
    if start:
        start = text.find(" ", start, place) + 1 or start
    part = " ".join(text[start : place + AROUND * 2].split())
    ends = place + AROUND * 2 < len(text)
    return (*((Piece("… "),) if start else ()), *marked(part, terms), *((Piece(" …"),) if ends else ()))


def marked(text: str, terms: tuple[Term, ...]) -> tuple[Piece, ...]:
    """A text in pieces, the words that were looked for apart."""
    out, at = list[Piece](), 0
    if (inner := _inner(terms)) is not None:
        rest = tuple(term for term in terms if not term.inner)
        for place in inner.finditer(text):
            out += [*marked(text[at : place.start()], rest), Piece(place.group(), hit=True)]
            at = place.end()
        return (*out, *marked(text[at:], rest))
    for word in _SHOWN.finditer(text):
        if _is_hit(word.group(), terms):
            if word.start() > at:
                out.append(Piece(text[at : word.start()]))
            out.append(Piece(word.group(), hit=True))
            at = word.end()
    return (*out, Piece(text[at:])) if text[at:] else tuple(out)
