# SPDX-License-Identifier: AGPL-3.0-or-later
"""The terms of confidentiality and use that a recipient's person accepts before the first release (R1).

As with ``wording``: what somebody accepts is kept exactly. Each version in each language is a table of its own
and never changes once released; a better text is a new version. The digest is SHA-256 of the canonical text.
"""

import hashlib
import json

from partwell.documents.texts import DocumentError, one_line

VERSION = "1"

_EN_1 = (
    "What {client} lets {recipient} receive is theirs. {recipient} uses it only to take over the work for {client}.",
    "It is kept confidential, shown only to people who need it for that work, and protected as their own secrets are.",
    "Passwords and keys are changed as soon as they have been received, and the change is confirmed here.",
    "What turns out to be about somebody else is not used; {msp} is told at once and it is deleted.",
    "{client} sees everything that is written, received, confirmed and objected to here.",
    "{client} may narrow or withdraw its consent at any time. Access ends at once; what was received before is returned or deleted if {client} asks.",
    "{msp} hands over what exists, as it exists. An objection to an item is raised here within the days shown with it.",
)

_TABLES: dict[tuple[str, str], tuple[str, ...]] = {("1", "en"): _EN_1}


def terms_text(
    *, client: str, recipient: str, msp: str, version: str = VERSION, language: str = "en"
) -> tuple[str, ...]:
    """The paragraphs of a version, with the three names filled in. English where a language has no table yet."""
    table = _TABLES.get((version, language)) or _TABLES.get((version, "en"))
    if table is None:
        raise DocumentError(f"There is no version {version} of the terms; use {VERSION}.")
    names = {"client": one_line(client), "recipient": one_line(recipient), "msp": one_line(msp)}
    return tuple(paragraph.format_map(names) for paragraph in table)


def terms_digest(paragraphs: tuple[str, ...], version: str = VERSION) -> str:
    """SHA-256 (hexadecimal) of what was shown: a JSON line a paragraph, after the version."""
    lines = [json.dumps(one, ensure_ascii=False) for one in (version, *paragraphs)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
