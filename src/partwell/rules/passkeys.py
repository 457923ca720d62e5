# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1: when a passkey is a second factor outside what the MSP controls.

The MSP often administers the client's mailbox. A passkey that somebody enrolled over a mailed link
after the notice proves no more than that mailbox, unless a call-back to an old number confirmed it.
"""

from dataclasses import dataclass
from datetime import datetime

from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True, slots=True)
class PasskeyFacts:
    """A contact's passkey. All times aware; ``confirmed_by_id``: the employee who called back."""

    enrolled_at: datetime
    removed_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by_id: str = ""
    confirmed_by_name: str = ""
    confirmed_number_since: datetime | None = None


def may_carry_signature(facts: PasskeyFacts, reference: datetime, preparer_id: str = "") -> Refusal | None:
    """None when this passkey counts as the second factor of a signature (R1), else why not.

    ``reference``: the open notice's time, or the proposal's where there is no offboarding. It counts when it
    was enrolled before that, or when its enrolment was confirmed by a call to a number older than that by
    somebody other than ``preparer_id``, the employee who prepared the document.
    """
    if facts.removed_at is not None:
        return refuse("passkey_removed")
    if facts.enrolled_at < reference:
        return None
    if facts.confirmed_at is None or facts.confirmed_number_since is None:
        return refuse("passkey_too_young", enrolled=facts.enrolled_at, reference=reference)
    if facts.confirmed_number_since >= reference:
        return refuse("callback_number_not_on_file", reference=reference)
    if preparer_id and facts.confirmed_by_id == preparer_id:
        return refuse("callback_by_preparer", person=facts.confirmed_by_name or "The preparer")
    return None


def may_call_to_confirm(phone: str, phone_since: datetime | None, reference: datetime) -> Refusal | None:
    """Whether a call to this number can confirm an enrolment: it must have been on file before ``reference``."""
    if not phone or phone_since is None or phone_since >= reference:
        return refuse("callback_number_not_on_file", reference=reference)
    return None
