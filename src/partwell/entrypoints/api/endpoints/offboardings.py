# SPDX-License-Identifier: AGPL-3.0-or-later
"""Departures: notice, plan, dates and terms, acceptance, closing."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.clients.add_contact import NewContact
from partwell.actions.facts import zone
from partwell.actions.offboardings import look
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.read_notice import read_notice
from partwell.actions.offboardings.withdraw_notice import consequences, to_rotate, withdraw_notice
from partwell.entrypoints.api.endpoints.common import (
    MAIL_MOST,
    After,
    Limit,
    actor_of,
    client_here,
    content_of,
    json_part,
    offboarding_here,
)
from partwell.entrypoints.api.endpoints.contacts import ContactGiven
from partwell.entrypoints.api.fields import Day, Flag, Given, Line, Moment, PathId, Ref, Shown, Text
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.offboardings import lists
from partwell.records.vault.queries import stored_file
from partwell.rules.refusals import Refusal, Refused, refuse
from partwell.rules.terms import Channel, Destination, Reason

router = Router()


class OffboardingShown(Shown):
    id: UUID
    client_id: UUID
    state: str
    reason: str
    destination: str
    channel: str
    noticed_at: datetime
    notice_text: str
    clause: str
    renewal_note: str
    end_of_service: date
    keep_until: date
    acceptance_due: date | None
    owner_id: UUID
    owner_name: str
    outside_contact_id: UUID | None
    pain_points: list[str]
    acknowledged_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None
    withdrawn_at: datetime | None
    withdrawn_reason: str


class OffboardingHours(Shown):
    included: int | None = Field(description="Minutes; null where no agreement is on file.")
    prepaid: int
    used: int
    left: int


class OffboardingWithHours(OffboardingShown):
    hours: OffboardingHours


class NoticeGiven(Given):
    noticed_at: Moment
    channel: Channel
    reason: Reason
    destination: Destination
    end_of_service: Day
    text: Text = ""
    clause: Annotated[Line, Field(max_length=120)] = ""
    renewal_note: Annotated[Text, Field(max_length=4000)] = ""
    notice_from_id: Ref | None = None
    owner_id: Ref | None = None
    outside_contact_id: Ref | None = Field(
        None, description="A contact outside the domain that will migrate (R2)."
    )
    outside: ContactGiven | None = Field(None, description="Or a new such contact.")
    pain_points: Annotated[list[Annotated[Text, Field(max_length=2000)]], Field(max_length=5)] = []

    def notice(self, **file: Any) -> Notice:
        """As the action takes it."""
        values = self.model_dump(exclude={"outside"})
        outside = NewContact(**self.outside.model_dump()) if self.outside else None
        return Notice(**values, outside=outside, **file)


class NoticeForm(Given):
    notice: Annotated[
        str, Field(max_length=200_000, description="The notice as JSON: what POST …/offboardings takes.")
    ]


class NoticeProposal(Shown):
    sender: str
    sent_at: datetime | None
    subject: str
    words: str
    doubts: list[str]


class Consequences(Shown):
    end_authorisations: list[str]
    stop_envelopes: list[str]
    rotate: list[list[str]]
    sentences: list[str]
    fee: Decimal


class Seen(Shown):
    item_id: UUID
    title: str
    recipient: str
    sent_at: datetime | None


class ToRotate(Shown):
    items: list[Seen]


class Said(Given):
    words: Text = ""


class CallBackGiven(Given):
    confirmed: Flag
    note: Line = ""


def show(row: Any) -> OffboardingShown:
    """A departure with its owner's name and pain points."""
    values = {
        name: getattr(row, name)
        for name in OffboardingShown.model_fields
        if name not in ("owner_name", "pain_points")
    }
    return OffboardingShown(
        **values, owner_name=row.owner.name, pain_points=[one.words for one in row.pain_points.all()]
    )


def shown(row: Any) -> OffboardingShown | Refusal:
    """What an action gave, read again."""
    return row if isinstance(row, Refusal) else show(offboarding_here(row.id))


@operation(
    router,
    "GET",
    "/clients/{client_id}/offboardings",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Page[OffboardingShown],
)
def list_offboardings(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[OffboardingShown]:
    """A client's departures, newest first."""
    client_here(client_id)
    rows = lists.offboardings(client_id)
    return page_of(
        rows,
        show,
        of=f"offboardings:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("opened_at", "id"),
        newest_first=True,
    )


@operation(
    router,
    "POST",
    "/clients/{client_id}/offboardings",
    scope="offboardings:write",
    verb="offboarding.open",
    response=OffboardingShown,
    status=201,
)
def post_offboarding(
    request: HttpRequest, client_id: PathId, body: NoticeGiven
) -> OffboardingShown | Refusal:
    """Open an offboarding from a notice, typed in."""
    return shown(open_offboarding(actor=actor_of(request), client_id=client_id, notice=body.notice()))


@operation(
    router,
    "POST",
    "/notices/read",
    scope="offboardings:write",
    verb="offboarding.open",
    response=NoticeProposal,
    does=False,
)
def post_notice_reading(request: HttpRequest, mail: File[UploadedFile]) -> NoticeProposal | Refusal:
    """Read a notice's mail file (.eml, form data) and propose what it says. Keeps nothing."""
    row = read_notice(
        actor=actor_of(request), raw=content_of(mail, MAIL_MOST), name=mail.name or "notice.eml"
    )
    return row if isinstance(row, Refusal) else NoticeProposal.model_validate(row)


@operation(
    router,
    "POST",
    "/clients/{client_id}/offboardings/from-mail",
    scope="offboardings:write",
    verb="offboarding.open",
    response=OffboardingShown,
    status=201,
)
def post_offboarding_mail(
    request: HttpRequest, client_id: PathId, form: Form[NoticeForm], mail: File[UploadedFile]
) -> OffboardingShown | Refusal:
    """Open an offboarding from a notice that came as mail (form data); the .eml is kept byte for byte."""
    given = json_part(NoticeGiven, form.notice)
    actor = actor_of(request)
    raw, name = content_of(mail, MAIL_MOST), mail.name or "notice.eml"
    read = read_notice(actor=actor, raw=raw, name=name)
    if isinstance(read, Refusal):
        return read
    return shown(
        open_offboarding(
            actor=actor,
            client_id=client_id,
            notice=given.notice(file=raw, file_name=name, file_from=read.sender),
        )
    )


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}",
    scope="offboardings:read",
    verb="offboarding.read",
    response=OffboardingWithHours,
)
def get_offboarding(request: HttpRequest, offboarding_id: PathId) -> OffboardingWithHours:
    """One departure, with its hours."""
    row = offboarding_here(offboarding_id)
    found = look.departure(row.id, timezone.now(), zone())
    if found is None:
        raise Refused(refuse("not_found"))
    hours = OffboardingHours(
        included=found.minutes, prepaid=found.prepaid, used=found.used, left=found.minutes_left
    )
    return OffboardingWithHours(**show(row).model_dump(), hours=hours)


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/acknowledge",
    scope="offboardings:write",
    verb="offboarding.acknowledge",
    response=OffboardingShown,
)
def post_acknowledgement(request: HttpRequest, offboarding_id: PathId) -> OffboardingShown | Refusal:
    """Acknowledge the notice to the client, as letter and mail."""
    return shown(acknowledge_notice(actor=actor_of(request), offboarding_id=offboarding_id))


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/acknowledgement",
    scope="offboardings:read",
    verb="offboarding.read",
    file=True,
)
def get_acknowledgement(request: HttpRequest, offboarding_id: PathId) -> HttpResponseBase | Refusal:
    """The acknowledgement's letter (PDF); 404 until the job has made it."""
    row = offboarding_here(offboarding_id)
    return file_response(request, row.acknowledgement) if row.acknowledgement else refuse("not_found")


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/notice",
    scope="offboardings:read",
    verb="offboarding.read",
    file=True,
)
def get_notice(request: HttpRequest, offboarding_id: PathId) -> HttpResponseBase | Refusal:
    """The notice itself as it came, byte for byte; 404 where it was only typed in."""
    row = offboarding_here(offboarding_id)
    return (
        file_response(request, stored_file(row.notice_file_id)) if row.notice_file_id else refuse("not_found")
    )


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/to-rotate",
    scope="offboardings:read",
    verb="offboarding.read",
    response=ToRotate,
)
def list_to_rotate(request: HttpRequest, offboarding_id: PathId) -> ToRotate:
    """Credentials of this departure that a new provider may have seen and that were not rotated since (R8)."""
    rows = to_rotate(offboarding_here(offboarding_id))
    return ToRotate(
        items=[
            Seen(
                item_id=one.item_id,
                title=one.title,
                recipient=one.release.recipient.firm,
                sent_at=one.sent_at,
            )
            for one in rows
            if one.release.recipient
        ]
    )


@operation(
    router,
    "GET",
    "/offboardings/{offboarding_id}/withdrawal",
    scope="offboardings:read",
    verb="offboarding.read",
    response=Consequences,
)
def get_withdrawal(request: HttpRequest, offboarding_id: PathId) -> Consequences | Refusal:
    """What withdrawing the notice would bring with it (R8). Writes nothing."""
    offboarding_here(offboarding_id)
    row = consequences(offboarding_id)
    if isinstance(row, Refusal):
        return row
    return Consequences.model_validate(
        {
            **{name: getattr(row, name) for name in Consequences.model_fields},
            "rotate": [list(one) for one in row.rotate],
        }
    )


@operation(
    router,
    "POST",
    "/offboardings/{offboarding_id}/withdraw",
    scope="offboardings:write",
    verb="offboarding.withdraw_notice",
    response=OffboardingShown,
)
def post_withdrawal(request: HttpRequest, offboarding_id: PathId, body: Said) -> OffboardingShown | Refusal:
    """The client stays, and said so to staff: authorisations end, dates clear, no fee (R8)."""
    return shown(withdraw_notice(actor=actor_of(request), offboarding_id=offboarding_id, words=body.words))
