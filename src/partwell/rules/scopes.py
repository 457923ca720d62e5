# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an API token may be good for. A scope narrows its staff member's role, it never widens it."""

from collections.abc import Collection, Mapping

from partwell.rules.refusals import Refusal, refuse

SCOPES: Mapping[str, str] = {
    "clients:read": "Read clients, contacts and agreements",
    "clients:write": "Add and change clients, contacts and agreements",
    "estate:read": "Read the estate, never a secret",
    "estate:write": "Import and change items",
    "offboardings:read": "Read offboardings and their plans",
    "offboardings:write": "Open offboardings and change their plans",
    "hours:read": "Read hours, time entries, timers and requests for work",
    "hours:write": "Record time, and note, estimate and finish requests; only the client approves",
    "authorisations:read": "Read authorisations",
    "authorisations:write": "Prepare authorisations; only the signatory signs",
    "releases:read": "Read releases and receipts",
    "releases:write": "Prepare and send releases, through the same gate",
    "messages:read": "Read messages and calls",
    "messages:write": "Write messages and log calls; the client is always copied",
    "roads:read": "Read the roads by which mail comes in and their state, never a secret",
    "roads:write": "Add, change, try, pause and remove roads by which mail comes in",
    "bundles:read": "Read and download handover bundles",
    "bundles:write": "Ask for handover bundles",
    "billing:read": "Read papers, payments, their numbers and law profiles",
    "billing:write": "Issue papers, record payments and refunds, set law profiles",
    "retention:read": "Read backup sets, holds, deletions and certificates of destruction",
    "retention:write": "Record backup sets, holds, deletions and destroyed media; two people, as on the pages",
    "evidence:read": "Read the timeline, proofs and checkpoints",
    "evidence:write": "Propose and decide what is erased of the record, by two people as on the pages",
}


def scope_missing(scopes: Collection[str] | None, scope: str) -> Refusal | None:
    """None when a caller with these scopes (None: a person, who has none to miss) may use ``scope``."""
    if scopes is None or scope in scopes:
        return None
    return refuse("token_scope", scope=scope)
