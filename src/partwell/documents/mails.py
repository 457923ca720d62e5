# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mails: a kind and plain values in, subject, text and HTML out. Sends nothing.

Three things are refused here so that no caller can get them wrong: a field that the kind has no place for
(a secret could hide in it, R16), a link that carries a token in any mail but the sign-in link, and a line
break in a subject (header injection).
"""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from partwell.documents.mail_kinds import KINDS
from partwell.documents.mail_layout import Frame, as_html, as_text
from partwell.documents.mail_origin import auto_submitted
from partwell.documents.mail_parts import fill
from partwell.documents.pdf import readable_colour
from partwell.documents.texts import DocumentError, _, language, one_line, plain

COMMON = frozenset({"msp_name", "to_name", "client", "zone"})
COMMON_OPTIONAL = frozenset(
    {
        "colour",
        "contact",
        "checkpoint",
        "checkpoint_at",
        "portal_url",
        "letter_subject",
        "letter_text",
        "missed",
        "missed_same",
    }
)
ACCOUNT_MAILS = frozenset({"sign_in", "staff_invitation", "office_note"})
# Fixed words alone: no name, no client, no checkpoint, because each of them would state a fact (R1).
FIXED_MAILS = frozenset({"fixed_acknowledgement"})
ROW_FIELDS = frozenset({"title", "note"})
SUBJECT_LIMIT = 180
CHOICES = {
    "act": ("narrowed", "withdrawn", "ended"),
    "decision": ("approved", "declined"),
    "state": ("proposed", "agreed", "declined"),
}


@dataclass(frozen=True)
class Mail:
    """A mail ready to be put into an envelope; ``subject`` is one line, ``headers`` what its kind says of itself (RFC 3834)."""

    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:  # a sign-in link must not reach a log through a repr
        return f"<Mail of {len(self.text)} characters>"


def compose(kind: str, data: dict[str, Any]) -> Mail:
    """The mail ``kind`` (a key of ``KINDS``) from plain values.

    Always: ``msp_name``, ``to_name`` (the person greeted), ``client`` (legal name), ``zone`` (IANA), and for
    all but account and fixed mails ``checkpoint`` (the last committed one as text, None while there is none). May:
    ``colour`` ("#rrggbb"), ``contact``, ``checkpoint_at``, ``portal_url``, and ``letter_subject`` with ``letter_text``: the
    office's own words, which then stand first, above what the record says; ``missed``, whom mail does not reach, and
    ``missed_same``: it is the reader, at their second address. The rest by kind, see
    ``mail_kinds.py``; days as date, moments as aware datetime. Raises DocumentError naming the field.
    """
    if kind not in KINDS:
        raise DocumentError(f"There is no mail {kind!r}; the mails are {', '.join(KINDS)}.")
    make, required, optional = KINDS[kind]
    account_mail = kind in ACCOUNT_MAILS | FIXED_MAILS
    needed = COMMON | required | (frozenset() if account_mail else frozenset({"checkpoint"}))
    if missing := sorted(needed - data.keys()):
        raise DocumentError(f"The mail {kind} lacks {', '.join(missing)}; pass these fields.")
    if unknown := sorted(data.keys() - needed - COMMON_OPTIONAL - optional):
        raise DocumentError(f"The mail {kind} has no place for {', '.join(unknown)}; leave these fields out.")
    for name, words in CHOICES.items():
        if name in data and data[name] not in words:
            raise DocumentError(f"The mail {kind} takes as {name} one of {', '.join(words)}.")
    _check_rows(kind, data)
    for name in ("portal_url", "link", "authorise_url", "not_ours_url"):
        if data.get(name):
            _check_link(kind, name, data[name])
    empty: dict[str, Any] = dict.fromkeys(optional | COMMON_OPTIONAL)
    values = plain(empty | data, data["zone"])
    body = make(values)
    if values["letter_text"]:
        subject = one_line(values["letter_subject"])
        body = replace(body, subject=subject, title=subject, letter=values["letter_text"].strip())
    if values["missed"]:
        body = replace(body, after=(*body.after, _instead_of(values)))
    frame = Frame(
        msp=one_line(values["msp_name"]),
        to="" if kind in FIXED_MAILS else one_line(values["to_name"]),
        client=one_line(values["client"]),
        colour=readable_colour(data.get("colour")),
        contact="" if kind in FIXED_MAILS else values["contact"] or "",
        checkpoint=values["checkpoint"],
        checkpoint_at=values["checkpoint_at"] or "",
        account_mail=account_mail,
        lang=language(),
    )
    subject = one_line(body.subject)
    if len(subject) > SUBJECT_LIMIT:
        subject = subject[: SUBJECT_LIMIT - 1].rstrip() + "…"
    return Mail(subject, as_text(body, frame), as_html(body, frame), auto_submitted(kind))


def _instead_of(values: dict[str, Any]) -> str:
    """R2: why this reader has the mail, where mail to the contact whom it was for comes back."""
    if values["missed_same"]:
        return fill(_("Mail to your first address comes back, so this came to your second one. Please tell us which of them works."), values)  # fmt: skip
    return fill(_("Mail to {missed} comes back, so this came to you instead. What is to be signed or decided stays with whoever signs for {client}: please tell them, and tell us an address that works."), values)  # fmt: skip


def _check_rows(kind: str, data: dict[str, Any]) -> None:
    for key, value in data.items():
        for row in value if isinstance(value, list | tuple) else ():
            if isinstance(row, dict) and (extra := sorted(row.keys() - ROW_FIELDS)):
                raise DocumentError(
                    f"The mail {kind} has no place for {', '.join(extra)} in {key}; pass title and note."
                )


def _check_link(kind: str, name: str, link: Any) -> None:
    """Only http(s), no user part; a query or fragment, where tokens live, only in the sign-in link."""
    parts = (
        urlsplit(link)
        if isinstance(link, str) and not any(c.isspace() or ord(c) < 33 for c in link)
        else None
    )
    if parts is None or parts.scheme not in ("https", "http") or not parts.netloc or "@" in parts.netloc:
        raise DocumentError(f"The mail {kind} was given an unusable {name}; pass an absolute https address.")
    if (parts.query or parts.fragment) and kind != "sign_in":
        raise DocumentError(
            f"The {name} of the mail {kind} carries a query; only the sign-in link may carry a token."
        )
