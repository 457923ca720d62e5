# SPDX-License-Identifier: AGPL-3.0-or-later
"""What both portals parse: identifiers in addresses, and one form that confirms or objects to lines."""

from dataclasses import dataclass, field
from uuid import UUID

from django.http import Http404, HttpRequest


def uuid_or_404(text: str) -> UUID:
    """An identifier from an address; anything else is nothing here."""
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def uuids(values: list[str]) -> list[UUID]:
    """Identifiers of a form, in order, once each; 404 for what is none."""
    return list(dict.fromkeys(uuid_or_404(value) for value in values[:5000]))


@dataclass(frozen=True)
class Answer:
    """``confirm``: lines that arrived. ``objections``: line → reason. ``rotated``: credentials that were changed."""

    confirm: list[UUID] = field(default_factory=list)
    objections: dict[UUID, str] = field(default_factory=dict)
    rotated: list[UUID] = field(default_factory=list)


def answer_of(request: HttpRequest) -> Answer:
    """The answer of a checklist's form: the button of one line (``confirm_one``, ``object_one``, ``rotated_one``),
    or ``do`` for all ticked ``line`` with the common ``reason``."""
    post = request.POST
    if one := post.get("confirm_one"):
        return Answer(confirm=uuids([one]))
    if one := post.get("rotated_one"):
        return Answer(rotated=uuids([one]))
    if one := post.get("object_one"):
        line = uuid_or_404(one)
        return Answer(objections={line: post.get(f"reason-{line}", "")[:4000]})
    ticked = uuids(post.getlist("line"))
    if post.get("do") == "object":
        return Answer(objections={line: post.get("reason", "")[:4000] for line in ticked})
    return Answer(confirm=ticked)
