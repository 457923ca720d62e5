# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9: a returning client pays the normal onboarding fee, whatever systems are still in place."""

import re
from decimal import Decimal

from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import ClientState

# The one reason that R9 forbids, in the words in which people give it. A list can be written around; the
# owner's name stands beside the reason on record, which is what it is for.
_SYSTEMS = re.compile(
    r"\b(systems?|tools?|agents?|licen[cs]es?|devices?|equipment|firewall|servers?|setup|set-up|environment|everything|"
    r"documentation|infrastructure)\b[^.]{0,60}\b(remain\w*|still|in place|exists?|unchanged|left|kept|already|as before)\b"
    r"|\b(remain\w*|still|already|as before|unchanged)\b[^.]{0,60}\b(systems?|tools?|agents?|licen[cs]es?|devices?|equipment|"
    r"firewall|servers?|installed|in place|set up|running|environment|infrastructure|documented)\b",
    re.IGNORECASE,
)


def may_return(state: ClientState, client: str) -> Refusal | None:
    """Only an inactive client returns; a departing one withdraws its notice instead (R8)."""
    if state is not ClientState.INACTIVE:
        return refuse("not_inactive", client=client, state=state)
    return None


def names_the_systems(reason: str) -> bool:
    """Whether the reason is that systems remain, in any of the usual wordings."""
    return bool(_SYSTEMS.search(" ".join(reason.split())))


def check_quote(asked: Decimal, normal: Decimal, *, by_owner: bool, reason: str) -> Refusal | None:
    """None for the normal fee of the price list at that time, or for an owner's exception with a fit reason."""
    if asked == normal:
        return None
    if names_the_systems(reason):
        return refuse("systems_remain")
    if not by_owner:
        return refuse("fee_not_normal", asked=asked, normal=normal)
    if not reason.strip():
        return refuse("fee_exception_reason")
    return None
