# SPDX-License-Identifier: AGPL-3.0-or-later
"""The endpoints, a file a noun. A new one: its file, a line here, and tests/api/test_every_operation.py goes through it."""

from collections.abc import Mapping

from ninja import Router

from partwell.entrypoints.api.endpoints import (
    billing,
    bundles,
    clients,
    closing,
    consent,
    contacts,
    copies,
    documents,
    erasure,
    estate,
    evidence,
    handover,
    hours,
    imports,
    me,
    messages,
    numbering,
    offboardings,
    payments,
    plans,
    recipients,
    releases,
    requests,
    returning,
    statement,
    time_split,
)

ROUTERS: Mapping[str, Router] = {
    "Token, people and jobs": me.router,
    "Clients": clients.router,
    "Contacts and agreements": contacts.router,
    "Estate": estate.router,
    "Documents and pictures": documents.router,
    "Handover records and secrets": handover.router,
    "Imports": imports.router,
    "Offboardings": offboardings.router,
    "Plans and dates": plans.router,
    "Hours and timers": hours.router,
    "Time at its boundary, time from a PSA": time_split.router,
    "Requests for work": requests.router,
    "Acceptance and closing": closing.router,
    "Recipients": recipients.router,
    "Authorisations": consent.router,
    "Releases": releases.router,
    "Copies of backups": copies.router,
    "Returning clients and prices": returning.router,
    "Messages": messages.router,
    "Bundles": bundles.router,
    "Papers": billing.router,
    "Payments and export": payments.router,
    "Numbers and law profiles": numbering.router,
    "Statements": statement.router,
    "Erasures": erasure.router,
    "Evidence": evidence.router,
}
