# SPDX-License-Identifier: AGPL-3.0-or-later
"""Releases through the one gate: preview, make, look, stop, answer objections."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID, uuid4

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from partwell.actions.releases.gate import Target
from partwell.actions.releases.look import judged_items
from partwell.actions.releases.receive import answer_objection
from partwell.actions.releases.release_items import release_items
from partwell.actions.releases.stop_release import stop_release
from partwell.entrypoints.api.endpoints.common import After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Given, PathId, Ref, Shown, Text, Title, Words
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.records.authorisations.lists import person
from partwell.records.clients.lists import contacts
from partwell.records.releases import lists
from partwell.rules.handover import ReleaseWay
from partwell.rules.refusals import Refusal, Refused, refuse
from partwell.rules.terms import Party

router = Router()


class SetGiven(Given):
    """Which items to whom: a contact of the client, or a person of a recipient firm."""

    to_contact_id: Ref | None = None
    to_person_id: Ref | None = None
    item_ids: Annotated[list[Ref], Field(min_length=1, max_length=5000)]
    way: ReleaseWay = ReleaseWay.PORTAL
    note: Text = ""

    def target(self, client_id: UUID) -> Target:
        """The receiver; a stranger's or nobody is refused."""
        if (self.to_contact_id is None) == (self.to_person_id is None):
            raise Refused(
                refuse(
                    "invalid_input",
                    where="The receiver",
                    problem="name either to_contact_id or to_person_id.",
                )
            )
        if self.to_contact_id is not None:
            return Target(
                Party.CLIENT,
                contact=found(contacts(client_id).filter(pk=self.to_contact_id, left_at=None).first()),
            )
        return Target(Party.PROVIDER, person=found(person(client_id, self.to_person_id)))  # type: ignore[arg-type]


class ReasonShown(Shown):
    code: str
    rule: str
    sentence: str
    next_step: str


class Judgement(Shown):
    item_id: UUID
    title: str
    verdict: str = Field(description="send, ask_client or refuse")
    digest: str
    reasons: list[ReasonShown]


class Judgements(Shown):
    items: list[Judgement]


class OutcomeItem(Shown):
    item_id: UUID
    title: str


class RefusedItem(OutcomeItem):
    reason: ReasonShown


class OutcomeShown(Shown):
    release_id: UUID | None = Field(description="null when every item was refused.")
    sent: list[OutcomeItem]
    asked: list[OutcomeItem]
    refused: list[RefusedItem]


class ReleaseShown(Shown):
    id: UUID
    client_id: UUID
    number: int
    party: str
    recipient_id: UUID | None
    person_id: UUID | None
    contact_id: UUID | None
    to: str
    authorisation_id: UUID | None
    note: str
    released_at: datetime
    window_ends_at: datetime
    approval: str | None = Field(
        description="What became of the question to the client: open, approved, declined, partly or lapsed."
    )
    sent: int
    asked: int
    confirmed: int
    objected: int


class LineShown(Shown):
    id: UUID
    item_id: UUID
    title: str
    category: str
    kind: str
    method: str
    digest: str
    tried: str
    state: str
    refusal: str
    sent_at: datetime | None
    opened_at: datetime | None
    answer: str
    answered_at: datetime | None
    answered_by_name: str
    objection: str
    objection_answer: str
    window_outcome: str
    rotated_at: datetime | None


class Stop(Given):
    reason: Title


class Answer(Given):
    words: Words


def _reason(one: Refusal) -> ReasonShown:
    return ReasonShown(code=one.code, rule=one.rule, sentence=one.sentence, next_step=one.next_step)


def show(row: Any) -> ReleaseShown:
    """A release annotated with its counts."""
    to = row.recipient.firm if row.recipient else (row.contact.name if row.contact else "the client")
    other = {
        "to": to,
        "approval": row.approval.state if getattr(row, "approval", None) else None,
        "sent": row.n_sent,
        "asked": row.n_asked,
        "confirmed": row.n_confirmed,
        "objected": row.n_objected,
    }
    return ReleaseShown(
        **{name: getattr(row, name) for name in ReleaseShown.model_fields if name not in other}, **other
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/releases/preview",
    scope="releases:read",
    verb="release.preview",
    response=Judgements,
    does=False,
)
def preview_release(request: HttpRequest, client_id: PathId, body: SetGiven) -> Judgements:
    """The gate's verdict on each item before the click (R1). Writes nothing."""
    client = client_here(client_id)
    judged = judged_items(client, body.target(client_id), body.item_ids, body.way)
    if len(judged) != len(set(body.item_ids)):
        raise Refused(refuse("not_found"))
    return Judgements(
        items=[
            Judgement(
                item_id=one.item.id,
                title=one.item.title,
                verdict=one.decision.verdict,
                digest=one.digest,
                reasons=[_reason(reason) for reason in one.decision.reasons],
            )
            for one in judged
        ]
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/releases",
    scope="releases:write",
    verb="release.send",
    response=OutcomeShown,
)
def post_release(request: HttpRequest, client_id: PathId, body: SetGiven) -> OutcomeShown | Refusal:
    """Release a set: each item is sent, asked of the client, or refused (R1). One announcement a set, the client on it (R2).

    Send an Idempotency-Key: the same key never releases twice, not even after its answer was lost.
    """
    client_here(client_id)
    token, key = request.token_id, request.headers.get("Idempotency-Key")  # type: ignore[attr-defined]
    outcome = release_items(
        actor=actor_of(request),
        client_id=client_id,
        target=body.target(client_id),
        item_ids=body.item_ids,
        idempotency=business_key(token, key) if key else uuid4().hex,
        note=body.note,
        way=body.way,
    )
    if isinstance(outcome, Refusal):
        return outcome
    return OutcomeShown(
        release_id=outcome.release.id if outcome.release else None,
        sent=[OutcomeItem(item_id=one.id, title=one.title) for one in outcome.sent],
        asked=[OutcomeItem(item_id=one.id, title=one.title) for one in outcome.asked],
        refused=[
            RefusedItem(item_id=one.id, title=one.title, reason=_reason(why)) for one, why in outcome.refused
        ],
    )


@operation(
    router,
    "GET",
    "/clients/{client_id}/releases",
    scope="releases:read",
    verb="release.read",
    response=Page[ReleaseShown],
)
def list_releases(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[ReleaseShown]:
    """A client's releases, newest first."""
    client_here(client_id)
    rows = lists.releases(client_id)
    return page_of(
        rows,
        show,
        of=f"releases:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("released_at", "id"),
        newest_first=True,
    )


@operation(
    router, "GET", "/releases/{release_id}", scope="releases:read", verb="release.read", response=ReleaseShown
)
def get_release(request: HttpRequest, release_id: PathId) -> ReleaseShown:
    """One release."""
    return show(found(lists.release(release_id)))


@operation(
    router,
    "GET",
    "/releases/{release_id}/lines",
    scope="releases:read",
    verb="release.read",
    response=Page[LineShown],
)
def list_release_lines(
    request: HttpRequest, release_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[LineShown]:
    """A release's lines: what left, how, and what the recipient said of it."""
    found(lists.release(release_id))
    return page_of(
        lists.lines(release_id),
        LineShown.model_validate,
        of=f"release:{release_id}",
        cursor=cursor,
        limit=limit,
        by=("id",),
    )


@operation(
    router,
    "POST",
    "/releases/{release_id}/stop",
    scope="releases:write",
    verb="release.stop",
    response=ReleaseShown,
)
def post_stop(request: HttpRequest, release_id: PathId, body: Stop) -> ReleaseShown | Refusal:
    """Stop what of a release has not left yet."""
    row = stop_release(actor=actor_of(request), release_id=release_id, reason=body.reason)
    return row if isinstance(row, Refusal) else show(found(lists.release(release_id)))


@operation(
    router,
    "POST",
    "/release-lines/{line_id}/answer",
    scope="releases:write",
    verb="receipt.answer",
    response=LineShown,
)
def post_answer(request: HttpRequest, line_id: PathId, body: Answer) -> LineShown | Refusal:
    """Answer a recipient's objection; the client has the answer by mail."""
    row = answer_objection(actor=actor_of(request), line_id=line_id, words=body.words)
    return row if isinstance(row, Refusal) else LineShown.model_validate(row)


def business_key(token: UUID, key: str) -> str:
    """The release's own key of an API call's key: no other token's, no form's (64 characters)."""
    return sha256(f"api:{token.hex}:{key}".encode()).hexdigest()
