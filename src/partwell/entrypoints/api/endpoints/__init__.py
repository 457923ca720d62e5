# SPDX-License-Identifier: AGPL-3.0-or-later
"""The endpoints, a file a noun. A new one: its file, a line here, and tests/api/test_every_operation.py goes through it."""

from collections.abc import Mapping

from ninja import Router

from partwell.entrypoints.api.endpoints import (
    clients,
    consent,
    contacts,
    estate,
    evidence,
    handover,
    imports,
    me,
    messages,
    offboardings,
    plans,
    releases,
)

ROUTERS: Mapping[str, Router] = {
    "Token, people and jobs": me.router,
    "Clients": clients.router,
    "Contacts and agreements": contacts.router,
    "Estate": estate.router,
    "Handover records and secrets": handover.router,
    "Imports": imports.router,
    "Offboardings": offboardings.router,
    "Plans and dates": plans.router,
    "Authorisations": consent.router,
    "Releases": releases.router,
    "Messages": messages.router,
    "Evidence": evidence.router,
}
