# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mail that came in: what lies before a person, one mail with the facts of its proof, and the same words on it as on the pages."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Query, Router, UploadedFile
from pydantic import Field

from partwell.actions.correspondence.accept_mail import accept_mail
from partwell.actions.correspondence.assign_mail import assign_mail
from partwell.actions.correspondence.bring_mail import bring_mail
from partwell.actions.correspondence.drop_mail import drop_mail
from partwell.actions.correspondence.file_forwarded import Said, file_as_forwarded
from partwell.actions.correspondence.judge_report import judge_report
from partwell.entrypoints.api import problems
from partwell.entrypoints.api.endpoints.common import MAIL_MOST, After, Limit, actor_of, client_here, found
from partwell.entrypoints.api.fields import Given, Line, Moment, PathId, Ref, Shown, Title
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.entrypoints.door.mail_in import proof_words
from partwell.records.correspondence import inbound_queries as queries
from partwell.rules.refusals import Refusal, Refused

router = Router()
State = Literal["waiting", "doubted", "unmatched", "held", "loop"]


class MailInShown(Shown):
    id: UUID
    client_id: UUID | None
    offboarding_id: UUID | None
    state: str = Field(description="filed, held, waiting, unmatched, loop, bounce, doubted or dropped")
    road: str = Field(description="imap, lmtp, webhook or upload")
    received_at: datetime
    sent_at: datetime | None = Field(description="As it says; of a forward, as the original says.")
    from_name: str
    from_address: str
    sender_kind: str = Field(description="client, provider, staff or unknown; a match is no proof")
    subject: str
    automatic: bool
    forwarded_by_id: UUID | None
    forwarded_at: datetime | None
    message_id: UUID | None = Field(description="The message that it became.")
    decision: str
    decided_at: datetime | None
    decided_by_name: str
    warnings: list[str]
    problems: list[str]
    size: int
    raw_sha256: str


class PersonNamed(Shown):
    header: str
    name: str
    address: str


class PartShown(Shown):
    id: UUID
    position: int
    name: str
    media_type: str
    inline: bool
    size: int
    sha256: str


class Proof(Shown):
    proof: str = Field(
        description="dkim, spf, none or failed: how far the sender's domain is proved. Never the person."
    )
    words: str
    domain: str
    dkim: dict[str, Any] = Field(description="The judgement then, with every signature's own.")
    spf: dict[str, Any]
    dns: list[dict[str, Any]] = Field(description="The DNS answers that it was judged by.")
    judged_at: str


class ForwardShown(Shown):
    how: str = Field(description="attached, inline, hand, or empty where it only says that it is forwarded")
    name: str
    address: str
    written_at: datetime | None
    subject: str


class ReportLineShown(Shown):
    address: str
    name: str
    role: str = Field(
        description="client, second, provider or msp; empty where the address is not on the mail"
    )
    action: str
    status: str
    diagnostic: str
    worth: str = Field(description="believed, asked (a person decides) or kept (nothing follows)")
    why: str


class ReportShown(Shown):
    envelope_id: UUID
    lines: list[ReportLineShown]


class MailInWhole(MailInShown):
    text: str
    others: list[PersonNamed]
    envelope_from: str
    envelope_to: list[str]
    internet_message_id: str
    in_reply_to: str
    references: list[str]
    proof: Proof
    forward: ForwardShown | None = Field(
        description="Of a staff member's mail: what it says of the mail inside it."
    )
    report: ReportShown | None = Field(
        description="Of a delivery report: what it says, and what that is worth."
    )
    parts: list[PartShown]


class Assignment(Given):
    client_id: Ref


class Forwarding(Given):
    name: Annotated[Line, Field(max_length=200)] = ""
    address: Annotated[Line, Field(min_length=3, max_length=320)]
    written_at: Moment
    subject: Line = ""


class Dropping(Given):
    reason: Title


class ReportJudged(Given):
    true: bool = Field(description="The address does fail; or the report is not true.")
    ground: Title = Field(description="How you know.")
    addresses: Annotated[list[Annotated[Line, Field(max_length=320)]], Field(max_length=100)] = Field(
        default=[], description="Which of those that it names do fail; at least one where it is true."
    )


class Brought(Given):
    client_id: Ref | None = Field(None, description="Whose it is, where the mail itself does not say.")


def _shown(row: Any) -> MailInShown | Refusal:
    return row if isinstance(row, Refusal) else MailInShown.model_validate(row)


def _whole(mail: Any) -> MailInWhole:
    auth, noted = mail.auth or {}, (mail.auth or {}).get("forward")
    proof = Proof(
        proof=auth.get("proof", "none"), words=proof_words(mail), domain=auth.get("domain", ""), dkim=auth.get("dkim") or {},
        spf=auth.get("spf") or {}, dns=auth.get("dns") or [], judged_at=auth.get("judged_at", ""),
    )  # fmt: skip
    forward = None
    if noted is not None:
        at = noted.get("written_at")
        forward = ForwardShown(how=noted.get("how", ""), name=noted.get("name", ""), address=noted.get("address", ""),
                               written_at=datetime.fromisoformat(at) if at else None, subject=noted.get("subject", ""))  # fmt: skip
    parts = [
        PartShown(id=one.id, position=one.position, name=one.name, media_type=one.media_type, inline=one.inline, size=one.file.size, sha256=one.file.sha256)
        for one in queries.parts_of(mail)
    ]  # fmt: skip
    said = auth.get("report")
    report = ReportShown(envelope_id=said["envelope"], lines=said["lines"]) if said else None
    return MailInWhole(
        **MailInShown.model_validate(mail).model_dump(), text=mail.text, others=[PersonNamed(**one) for one in mail.others],
        envelope_from=mail.envelope_from, envelope_to=mail.envelope_to, internet_message_id=mail.internet_message_id,
        in_reply_to=mail.in_reply_to, references=mail.references, proof=proof, forward=forward, report=report, parts=parts,
    )  # fmt: skip


def _list(request: HttpRequest, of: str, rows: Any, cursor: str | None, limit: int) -> Page[MailInShown]:
    return page_of(
        rows, MailInShown.model_validate, of=of, cursor=cursor, limit=limit, by=("received_at", "id"), newest_first=True
    )  # fmt: skip


@operation(router, "GET", "/mail-in", scope="messages:read", verb="message.read", response=Page[MailInShown])
def list_mail_in(
    request: HttpRequest,
    state: Annotated[State | None, Query(None)] = None,
    cursor: After = None,
    limit: Limit = 50,
) -> Page[MailInShown]:
    """Mail that lies before a person (waiting, a report nobody can prove, nobody's, held, come back), newest first; ``state`` narrows it."""
    states = (state,) if state else queries.BEFORE_A_PERSON
    rows = queries.mails_in_visible_to(actor_of(request)).filter(state__in=states)
    return _list(request, f"mail-in:{state or ''}", rows, cursor, limit)


@operation(
    router,
    "GET",
    "/clients/{client_id}/mail-in",
    scope="messages:read",
    verb="message.read",
    response=Page[MailInShown],
)
def list_client_mail_in(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[MailInShown]:
    """Every mail that came in about a client, whatever became of it, newest first."""
    client_here(client_id)
    rows = queries.mails_in_visible_to(actor_of(request)).filter(client_id=client_id)
    return _list(request, f"mail-in-of:{client_id}", rows, cursor, limit)


@operation(
    router, "POST", "/mail-in", scope="messages:write", verb="mail.own", response=MailInShown, status=201
)
def post_mail_in(
    request: HttpRequest, form: Form[Brought], file: File[UploadedFile]
) -> MailInShown | Refusal:
    """Bring a mail in as a file (.eml, form data). It is taken in as by any road; nothing is sent for what it holds.

    What one of us wrote waits for that person. A mail that is here already is given as it stands.
    """
    if (file.size or 0) > MAIL_MOST:
        raise Refused(problems.TOO_LARGE)
    assert file.file is not None  # Django gives every upload one
    return _shown(bring_mail(actor=actor_of(request), stream=file.file, client_id=form.client_id))


@operation(
    router, "GET", "/mail-in/{mail_id}", scope="messages:read", verb="message.read", response=MailInWhole
)
def get_mail_in(request: HttpRequest, mail_id: PathId) -> MailInWhole:
    """One mail with its words, its parts and the facts of its proof: DKIM and SPF as judged at receipt, with the DNS answers."""
    return _whole(found(queries.mail_in_seen(actor_of(request), mail_id)))


@operation(router, "GET", "/mail-in/{mail_id}/raw", scope="messages:read", verb="message.read", file=True)
def get_mail_in_raw(request: HttpRequest, mail_id: PathId) -> HttpResponseBase | Refusal:
    """The mail as it came, byte for byte."""
    return file_response(request, found(queries.mail_in_seen(actor_of(request), mail_id)).raw)


@operation(
    router, "GET", "/mail-in/{mail_id}/parts/{part_id}", scope="messages:read", verb="message.read", file=True
)
def get_mail_in_part(request: HttpRequest, mail_id: PathId, part_id: PathId) -> HttpResponseBase | Refusal:
    """One thing that came with it. A stranger's file: mind where it comes from."""
    return file_response(request, found(queries.part_seen(actor_of(request), mail_id, part_id)).file)


@operation(
    router,
    "POST",
    "/mail-in/{mail_id}/assign",
    scope="messages:write",
    verb="mail.settle",
    response=MailInShown,
)
def post_mail_in_assign(request: HttpRequest, mail_id: PathId, body: Assignment) -> MailInShown | Refusal:
    """Say which client a mail of nobody is about; it is then judged as one that came to that client's address."""
    return _shown(assign_mail(actor=actor_of(request), mail_id=mail_id, client_id=body.client_id))


@operation(
    router, "POST", "/mail-in/{mail_id}/accept", scope="messages:write", verb="mail.own", response=MailInShown
)
def post_mail_in_accept(request: HttpRequest, mail_id: PathId) -> MailInShown | Refusal:
    """Take a mail that waits into the conversation: a staff member's own as theirs, through the gate; any other by the office, unproved."""
    return _shown(accept_mail(actor=actor_of(request), mail_id=mail_id))


@operation(
    router,
    "POST",
    "/mail-in/{mail_id}/forwarded",
    scope="messages:write",
    verb="mail.own",
    response=MailInShown,
)
def post_mail_in_forwarded(request: HttpRequest, mail_id: PathId, body: Forwarding) -> MailInShown | Refusal:
    """File one's own mail that waits as forwarded: under its original sender and date. It is sent to nobody."""
    said = Said(body.name, body.address, body.written_at, body.subject)
    return _shown(file_as_forwarded(actor=actor_of(request), mail_id=mail_id, said=said))


@operation(
    router,
    "POST",
    "/mail-in/{mail_id}/drop",
    scope="messages:write",
    verb="mail.settle",
    response=MailInShown,
)
def post_mail_in_drop(request: HttpRequest, mail_id: PathId, body: Dropping) -> MailInShown | Refusal:
    """Put a mail that lies before a person aside, with a reason; its bytes and its entry stay."""
    return _shown(drop_mail(actor=actor_of(request), mail_id=mail_id, reason=body.reason))


@operation(
    router,
    "POST",
    "/mail-in/{mail_id}/report",
    scope="messages:write",
    verb="mail.settle",
    response=MailInShown,
)
def post_mail_in_report(request: HttpRequest, mail_id: PathId, body: ReportJudged) -> MailInShown | Refusal:
    """Say of a delivery report that nobody can prove whether it is true; if so, another address of the client takes over at once."""
    return _shown(
        judge_report(
            actor=actor_of(request),
            mail_id=mail_id,
            true=body.true,
            ground=body.ground,
            addresses=body.addresses,
        )
    )
