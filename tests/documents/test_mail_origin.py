# SPDX-License-Identifier: AGPL-3.0-or-later
"""RFC 3834: each kind of mail says whether a person or a program speaks in it; a kind that does not say is not sent."""

import pytest

from partwell.documents.mail_kinds import KINDS
from partwell.documents.mail_origin import ORIGIN, Origin, auto_submitted
from partwell.documents.mails import ACCOUNT_MAILS, FIXED_MAILS
from partwell.documents.texts import DocumentError


def test_every_kind_says_who_speaks_and_nothing_else_is_listed() -> None:
    assert set(ORIGIN) == set(KINDS), set(ORIGIN) ^ set(KINDS)


def test_a_kind_that_does_not_say_is_refused() -> None:
    with pytest.raises(DocumentError, match="who speaks"):
        auto_submitted("a_new_kind")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_header_is_what_the_kind_says(kind: str) -> None:
    words = {Origin.PERSON: (), Origin.PROGRAM: (("Auto-Submitted", "auto-generated"),), Origin.ANSWER: (("Auto-Submitted", "auto-replied"),)}  # fmt: skip
    assert auto_submitted(kind) == words[ORIGIN[kind]]


def test_only_what_a_person_wrote_or_sent_by_hand_is_a_persons() -> None:
    assert {kind for kind, origin in ORIGIN.items() if origin is Origin.PERSON} == {
        "message", "call_summary", "meeting_invitation", "meeting_changed", "meeting_cancelled", "release_announcement",
    }  # fmt: skip
    assert {kind for kind, origin in ORIGIN.items() if origin is Origin.ANSWER} == FIXED_MAILS
    assert {ORIGIN[kind] for kind in ACCOUNT_MAILS | {"staff_note", "staff_message"}} == {Origin.PROGRAM}
