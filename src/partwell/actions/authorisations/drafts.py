# SPDX-License-Identifier: AGPL-3.0-or-later
"""A draft is staff's own until it is put before the signatory: it is changed, proposed or discarded, and every step is an entry."""

from uuid import UUID

from django.db.models import Max

from partwell.actions.authorisations.propose import (
    Scope,
    ask_signatory,
    disclosed_scope,
    scope_problem,
    scope_values,
)
from partwell.actions.authorisations.text import fix_text
from partwell.actions.base import Deed
from partwell.actions.facts import authorisation_facts, open_offboarding, zone
from partwell.documents.texts import DocumentError
from partwell.records.authorisations.models import Authorisation
from partwell.records.clients.models import Client, Contact
from partwell.rules import consent, roles
from partwell.rules.actor import Actor
from partwell.rules.lifecycle import authorisation_after
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, ClientState

VERB = "authorisation.propose"


def _draft(authorisation_id: UUID) -> Authorisation | None:
    rows = Authorisation.objects.select_related("client", "recipient", "signatory", "replaces")
    return rows.filter(pk=authorisation_id).first()


def _no_draft(row: Authorisation, move: str) -> Refusal | None:
    found = authorisation_after(AuthorisationState(row.state), move)
    return found if isinstance(found, Refusal) else None


def change_draft(
    *,
    actor: Actor,
    authorisation_id: UUID,
    signatory_id: UUID,
    scope: Scope,
    propose: bool = False,
    language: str | None = None,
) -> Authorisation | Refusal:
    """Replace a draft's scope, signatory and words; with ``propose`` put it before the signatory in the same deed.

    ``language``: None keeps the draft's. Refused once it is no draft any more, and for what a proposal is refused for.
    """
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, VERB)) is not None:
        return refusal
    peek = _draft(authorisation_id)
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = _draft(authorisation_id)
        assert row is not None  # nothing is ever deleted
        signatory = Contact.objects.filter(pk=signatory_id).first()
        problem = (
            _no_draft(row, "propose" if propose else "change")
            or _gone(client)
            or scope_problem(client.id, row.recipient, signatory, scope)
        )
        if problem is not None:
            return deed.refuse(problem, subject=row.id, version=row.version, verb=VERB)
        assert signatory is not None  # scope_problem refuses None
        for name, value in scope_values(scope).items():
            setattr(row, name, value)
        row.signatory, row.language = signatory, language or row.language
        row.prepared_by_id = actor.id
        return _propose(deed, row) if propose else _keep(deed, row)


def propose_draft(*, actor: Actor, authorisation_id: UUID) -> Authorisation | Refusal:
    """Put a draft before its signatory as it stands; its words are fixed anew, with the items it comes to now."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, VERB)) is not None:
        return refusal
    peek = _draft(authorisation_id)
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(peek.client_id)
        row = _draft(authorisation_id)
        assert row is not None  # nothing is ever deleted
        problem = _no_draft(row, "propose") or _gone(client)
        if problem is None and row.signatory.left_at:
            problem = refuse("not_a_signatory", person=row.signatory.name)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, version=row.version, verb=VERB)
        return _propose(deed, row)


def discard_draft(*, actor: Actor, authorisation_id: UUID) -> Authorisation | Refusal:
    """Discard a draft. It stays on record for staff; the client, who was never asked, is not shown it."""
    if not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, VERB)) is not None:
        return refusal
    peek = _draft(authorisation_id)
    if peek is None:
        return refuse("not_found")
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        row = _draft(authorisation_id)
        assert row is not None  # nothing is ever deleted
        if (problem := _no_draft(row, "discard")) is not None:
            return deed.refuse(problem, subject=row.id, version=row.version, verb=VERB)
        deed.save(row, state=AuthorisationState.WITHDRAWN, withdrawn_at=deed.now, ended_by_name=actor.name)
        deed.record(
            "authorisation.draft_discarded", subjects=[row.id, row.recipient_id],
            public={"recipient": row.recipient.firm}, to_client={"version": row.version},
        )  # fmt: skip
        return row


def _gone(client: Client) -> Refusal | None:
    return refuse("client_inactive", client=client.name) if client.state == ClientState.INACTIVE else None


def _fixed(deed: Deed, row: Authorisation) -> Refusal | None:
    problem = consent.may_propose(authorisation_facts(row, zone(), terms=True))
    if problem is not None:
        return deed.refuse(problem, subject=row.id, version=row.version, verb=VERB)
    try:
        fix_text(row)
    except DocumentError as error:
        return refuse("invalid_input", where="The authorisation", problem=str(error))
    return None


def _keep(deed: Deed, row: Authorisation) -> Authorisation | Refusal:
    if (problem := _fixed(deed, row)) is not None:
        return problem
    deed.save(row)
    deed.record(
        "authorisation.draft_changed", subjects=[row.id, row.recipient_id],
        public={"recipient": row.recipient.firm}, to_client=disclosed_scope(row),
    )  # fmt: skip
    return row


def _propose(deed: Deed, row: Authorisation) -> Authorisation | Refusal:
    """What stood since it was drafted may have changed: it gets the next number and says which one it replaces."""
    theirs = Authorisation.objects.filter(recipient_id=row.recipient_id)
    newest = theirs.exclude(pk=row.pk).aggregate(last=Max("version"))["last"] or 0
    if newest > row.version:
        row.version = newest + 1
    row.replaces = theirs.filter(state=AuthorisationState.GRANTED).first()
    row.offboarding = open_offboarding(row.client_id)
    row.state, row.proposed_at, row.prepared_by_id = AuthorisationState.PROPOSED, deed.now, deed.actor.id
    if (problem := _fixed(deed, row)) is not None:
        return problem
    for waiting in theirs.filter(state=AuthorisationState.PROPOSED).exclude(pk=row.pk):
        deed.save(waiting, state=AuthorisationState.REPLACED)
    deed.save(row)
    ask_signatory(deed, row)
    deed.record(
        "authorisation.proposed", subjects=[row.id, row.recipient_id],
        public={"recipient": row.recipient.firm},
        to_client={**disclosed_scope(row), "digest": row.text_digest, "signatory": row.signatory.name},
    )  # fmt: skip
    return row
