# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who speaks in each kind of mail: a person, or a program (RFC 3834). A kind that does not say is not sent.

A mail that no person wrote says so in its header, so that no vacation program and no ticket system answers it, and nobody's
answer is answered. What a person wrote, or sent by hand to people outside who must act on it, does not: a new provider's
ticket system throws away what calls itself automatic, and a release that nobody saw is R17's silence.
"""

from enum import StrEnum

from partwell.documents.texts import DocumentError


class Origin(StrEnum):
    """The value is what ``Auto-Submitted`` says; a person's mail has none."""

    PERSON = "no"
    PROGRAM = "auto-generated"
    ANSWER = "auto-replied"  # to a mail that came in


_PERSON = (
    "message", "call_summary", "meeting_invitation", "meeting_changed", "meeting_cancelled",  # their words
    "release_announcement",  # sent by hand, to a new provider
)  # fmt: skip
_ANSWER = ("fixed_acknowledgement",)
_PROGRAM = (
    # the office, staff, and signing in
    "sign_in", "staff_invitation", "passkey_added", "office_note", "staff_note", "staff_message", "digest",
    # consent
    "authorisation_request", "authorisation_reminder", "authorisation_signed", "authorisation_changed", "terms_invitation", "ask_client", "ask_answered",
    "held_question", "contact_changed",
    # the departure
    "notice_acknowledgement", "date_change", "acceptance_request", "acceptance_signed", "closing", "bundle_ready", "receipt_answer", "window_ending",
    # hours and money
    "hours_running_out", "request_asked", "request_estimated", "paper_issued", "payment_recorded", "payment_refunded", "statement",
    "copy_asked", "copy_quoted", "copy_approved", "copy_difference", "copy_shipped", "copy_not_shipped", "return_quote", "welcome_back",
    # data and its end
    "retention_notice", "retention_dates", "choice_asked", "choice_made", "only_copy_waived", "hold_lift_asked", "deletion_to_approve",
    "certificate_issued", "erasure_proposed", "recording_asked", "recording_ended",
)  # fmt: skip
ORIGIN: dict[str, Origin] = {
    **dict.fromkeys(_PERSON, Origin.PERSON),
    **dict.fromkeys(_ANSWER, Origin.ANSWER),
    **dict.fromkeys(_PROGRAM, Origin.PROGRAM),
}


def auto_submitted(kind: str) -> tuple[tuple[str, str], ...]:
    """The header of a kind of mail that no person wrote; nothing for a person's. Raises DocumentError for a kind that does not say."""
    if kind not in ORIGIN:
        raise DocumentError(f"The mail {kind!r} does not say who speaks in it; add it to mail_origin.ORIGIN.")
    origin = ORIGIN[kind]
    return () if origin is Origin.PERSON else (("Auto-Submitted", origin.value),)
