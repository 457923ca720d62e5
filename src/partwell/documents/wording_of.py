# SPDX-License-Identifier: AGPL-3.0-or-later
"""The domain's values in words, the same in letters, mails and pages."""

from collections.abc import Mapping

from partwell.documents.texts import N_, _

WORDS: Mapping[str, Mapping[str, str]] = {
    "channel": {
        "letter": N_("letter"),
        "mail": N_("mail"),
        "call": N_("call"),
        "meeting": N_("meeting"),
        "portal": N_("the portal"),
    },
    "reason": {
        "new_provider": N_("Moves to another provider"),
        "in_house": N_("Brings its IT in-house"),
        "sold": N_("Is sold or merges"),
        "closes": N_("Closes down"),
        "msp_ends": N_("We end the agreement"),
    },
    "destination": {
        "new_msp": N_("A new service provider"),
        "client_staff": N_("The client's own staff"),
        "acquirer_it": N_("The acquirer's IT"),
        "nobody": N_("Nobody takes over"),
    },
}


def words_of(kind: str, value: str) -> str:
    """A channel, reason or destination in words; KeyError for a kind that is not in ``WORDS``."""
    return _(WORDS[kind].get(value, value))
