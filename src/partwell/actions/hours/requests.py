# SPDX-License-Identifier: AGPL-3.0-or-later
"""R5: somebody asks for work, staff estimate it, and the client alone approves and prepays what is beyond."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, profiles_of, write_invoice
from partwell.actions.correspondence.post import Post, addressed, link, post
from partwell.actions.hours.standing import standing, today
from partwell.actions.offboardings.move_dates import visible
from partwell.documents.texts import phrase
from partwell.records.hours.models import Block, WorkRequest
from partwell.records.offboardings.models import Offboarding
from partwell.rules import charges, dates, hours, law, lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.charges import RequestState
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import OffboardingState

ASKED_AN_HOUR = 20  # requests of one new provider: each is a mail to the client and to the office


def ask_for_work(
    *,
    actor: Actor,
    offboarding_id: UUID,
    title: str,
    text: str = "",
    kind: hours.WorkKind = hours.WorkKind.OTHER,
    subject: tuple[str, UUID, str] | None = None,
) -> WorkRequest | Refusal:
    """Ask for work: the client, staff, or a new provider whose consent stands. ``subject``: kind, id and title.

    What a portal asks is mailed to the client and the office at once (R2); a new provider asks at most
    ``ASKED_AN_HOUR`` times an hour.
    """
    row = visible(actor, offboarding_id)
    if row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "request.ask")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = dates.still_open(OffboardingState(row.state))
        if problem is None and not title.strip():
            problem = refuse("request_without_title")
        if problem is None and actor.kind == "provider":
            problem = _too_often(actor, row.client_id, deed)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="request.ask")
        return write_request(deed, row, title.strip(), text.strip(), kind, subject)


def _too_often(actor: Actor, client_id: UUID, deed: Deed) -> Refusal | None:
    asked = WorkRequest.objects.filter(
        client_id=client_id, asked_by_kind="provider", asked_at__gt=deed.now - timedelta(hours=1)
    )
    return refuse("throttled", seconds=3600) if asked.count() >= ASKED_AN_HOUR else None


def write_request(
    deed: Deed,
    row: Offboarding,
    title: str,
    text: str,
    kind: hours.WorkKind,
    subject: tuple[str, UUID | None, str] | None = None,
) -> WorkRequest:
    """Write a request within a deed that holds the client; its mail goes to the client first and to the office."""
    actor, about = deed.actor, subject or ("", None, "")
    made = deed.add(
        WorkRequest(
            client_id=row.client_id,
            offboarding=row,
            title=title,
            text=text,
            kind=kind,
            subject_kind=about[0],
            subject_id=about[1],
            subject_label=about[2],
            asked_by_kind=actor.kind,
            asked_by=actor.id,
            asked_by_name=actor.name,
            asked_at=deed.now,
        )
    )
    if not actor.is_staff:
        # Without an address of the client it is on its page and on the board all the same.
        post(
            deed,
            Post(
                kind="request_asked",
                dedupe=f"request:{made.id.hex}:asked",
                house=True,
                values={
                    "title": made.title,
                    "asked_by": made.asked_by_name,
                    "asked_at": deed.now,
                    "portal_url": link(f"/client/requests/{made.id}/"),
                    "staff_url": link(f"/requests/{made.id}/"),
                },
            ),
        )
    deed.record(
        "request.asked",
        recipient=actor.recipient_id,
        subjects=[made.id, row.id],
        public={"title": made.title},
        to_client={"kind": str(kind)} | ({"words": made.text} if made.text else {}),
    )
    return made


def estimate_request(
    *,
    actor: Actor,
    request_id: UUID,
    minutes: int,
    kind: hours.WorkKind,
    line_class: law.LineClass = law.LineClass.FURTHER_SERVICE,
    cost: Decimal | None = None,
    override: str = "",
) -> WorkRequest | Refusal:
    """Say how long it will take and what kind of line it is; an override of a law profile is an owner's."""
    row = _find(request_id)
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "request.estimate")) is not None:
        return refusal
    if override.strip() and (refusal := roles.may(actor.role, "billing.override")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        problem = (
            lifecycle.may_work_on(client.state, client.name, "request.estimate")
            or dates.still_open(OffboardingState(row.offboarding.state))
            or charges.check_estimate(RequestState(row.state), minutes, row.title)
        )
        if problem is None and isinstance(reached := addressed(row.client_id, (), None, False), Refusal):
            problem = reached  # asked before anything is saved: the client hears of each estimate
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="request.estimate")
        verdict = law.judge_line(profiles_of(row.client_id), line_class, today(deed.now))
        deed.save(
            row,
            state=RequestState.ESTIMATED,
            estimate=minutes,
            kind=kind,
            line_class=line_class,
            cost=cost,
            override=override.strip(),
            override_by_id=actor.id if override.strip() else None,
            estimated_by_id=actor.id,
            estimated_at=deed.now,
        )
        content: dict[str, object] = {"verdict": verdict.sentence} if verdict.profile else {}
        _tell_client(deed, row, verdict)
        if override.strip():
            content["override"] = override.strip()
        deed.record(
            "request.estimated",
            subjects=[row.id, row.offboarding_id],
            public={"title": row.title, "duration": hours.as_hours(minutes)},
            to_client=content or None,
        )
        return row


def _tell_client(deed: Deed, row: WorkRequest, verdict: law.LineVerdict) -> None:
    """The mail that asks the client; each estimate has its own. The price is the net one: tax stands on the page."""
    need, _verdict, _banned = what_it_costs(row)
    how = standing(row.client_id)
    price = (
        phrase(
            "{amount} net, for {time}",
            amount=f"{need.net} {how.terms.currency}",
            time=hours.as_hours(need.minutes),
        )
        if need.blocks
        else None
    )
    post(deed, Post(
        kind="request_estimated", dedupe=f"request:{row.id.hex}:estimated:{deed.next_uid.hex}",
        values={
            "title": row.title, "estimate": hours.as_hours(row.estimate or 0), "asked_by": row.asked_by_name,
            "left": hours.as_hours(how.budget.left), "price": price, "verdict": verdict.sentence if verdict.profile else None,
            "portal_url": link(f"/client/requests/{row.id}/"),
        },
    ))  # fmt: skip


def what_it_costs(row: WorkRequest) -> tuple[hours.Prepayment, law.LineVerdict, Refusal | None]:
    """For the page, before the click: the blocks to prepay, what the law says of the line, and what would refuse it."""
    how = standing(row.client_id)
    terms = how.terms
    kind = hours.WorkKind(row.kind)
    estimate = 0 if kind is hours.WorkKind.AS_IS else row.estimate or 0
    need = hours.prepayment(
        estimate,
        how.budget,
        block_minutes=terms.block,
        hourly_rate=terms.hourly_rate,
        currency=terms.currency,
    )
    verdict = law.judge_line(profiles_of(row.client_id), law.LineClass(row.line_class), today(timezone.now()))
    return need, verdict, law.may_charge(verdict, need.net, row.cost, overridden=row.override)


def answer_request(
    *, actor: Actor, request_id: UUID, approve: bool, words: str = "", shown_net: Decimal | None = None
) -> WorkRequest | Refusal:
    """The signatory approves or declines. Approved work beyond what is left makes a block and its payment request;
    nothing beyond is done before it is paid (R5). ``shown_net``: the net price that the page showed; another is refused."""
    row = _find(request_id)
    if row is None or actor.kind != "client" or actor.client_id != row.client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "request.answer")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        problem = charges.may_answer(RequestState(row.state), row.title)
        if problem is None and approve:
            problem = dates.still_open(OffboardingState(row.offboarding.state))
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="request.answer")
        need, _verdict, banned = what_it_costs(row)
        if approve and shown_net is not None and shown_net != need.net:
            currency = standing(row.client_id).terms.currency
            changed = refuse("price_changed", net=need.net, currency=currency)
            return deed.refuse(changed, subject=row.id, verb="request.answer")
        if approve and banned is not None:
            return deed.refuse(banned, subject=row.id, verb="request.answer")
        if approve and need.blocks:
            made = _sell(deed, row, need, actor.id)
            if isinstance(made, Refusal):
                return deed.refuse(made, subject=row.id, verb="request.answer")
        state = RequestState.APPROVED if approve else RequestState.DECLINED
        deed.save(row, state=state, answered_by_id=actor.id, answered_at=deed.now, answer=words.strip())
        content: dict[str, object] = {"words": words.strip()} if words.strip() else {}
        if approve:
            content |= {
                "estimate": row.estimate or 0,
                "blocks": need.blocks,
                "minutes": need.minutes,
                "net": str(need.net),
                "currency": standing(row.client_id).terms.currency,
            }
        deed.record(
            f"request.{state}",
            subjects=[row.id, row.offboarding_id],
            public={"title": row.title},
            to_client=content or None,
        )
        return row


def _sell(deed: Deed, row: WorkRequest, need: hours.Prepayment, contact_id: UUID) -> Block | Refusal:
    terms = standing(row.client_id).terms
    departing = Offboarding.objects.get(pk=row.offboarding_id)
    block = Block(
        client_id=row.client_id,
        offboarding=departing,
        request=row,
        minutes=need.minutes,
        net=need.net,
        currency=terms.currency,
        approved_by_id=contact_id,
        approved_at=deed.now,
    )
    paper = write_invoice(
        deed,
        "request",
        [
            NewLine(
                f"{hours.as_hours(need.minutes)} in advance for “{row.title}”",
                Decimal(need.minutes) / 60,
                terms.hourly_rate,
                "h",
                law.LineClass(row.line_class),
                "block",
                block.id,
                row.cost,
                row.override,
                row.override_by_id,
            )
        ],
        offboarding=departing,
        note="Work begins when this is paid. Handing over what exists, as it exists, goes on in any case.",
    )
    if isinstance(paper, Refusal):
        return paper
    block.invoice = paper
    return deed.add(block)


def finish_request(*, actor: Actor, request_id: UUID) -> WorkRequest | Refusal:
    """The work is done: what was promised for it beyond the time recorded is free again."""
    return _end(actor, request_id, RequestState.DONE, "")


def cancel_request(*, actor: Actor, request_id: UUID, words: str) -> WorkRequest | Refusal:
    """Staff take a request off the list, with a reason; blocks that were paid stay the client's."""
    return _end(actor, request_id, RequestState.CANCELLED, words)


def _end(actor: Actor, request_id: UUID, state: RequestState, words: str) -> WorkRequest | Refusal:
    row = _find(request_id)
    if not actor.is_staff or row is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "request.finish")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        ended = (RequestState.DONE, RequestState.DECLINED, RequestState.CANCELLED)
        problem = (
            refuse("request_not_open", subject=row.title, state=row.state) if row.state in ended else None
        )
        problem = lifecycle.may_work_on(client.state, client.name, "request.finish") or problem
        if problem is None and state is RequestState.DONE and row.state != RequestState.APPROVED:
            problem = refuse("request_not_open", subject=row.title, state=row.state)
        if problem is None and state is RequestState.CANCELLED and not words.strip():
            problem = refuse("cancel_without_reason")
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="request.finish")
        deed.save(row, state=state, done_at=deed.now, answer=words.strip() or row.answer)
        spent = row.time_entries.aggregate(sum=Sum("accounted"))["sum"] or 0
        content: dict[str, object] = (
            {"spent": spent} if state is RequestState.DONE else {"words": words.strip()}
        )
        if state is RequestState.DONE and row.estimate:
            content["estimate"] = row.estimate
        deed.record(
            "request.finished" if state is RequestState.DONE else "request.cancelled",
            subjects=[row.id, row.offboarding_id],
            public={"title": row.title},
            to_client=content,
        )
        return row


def _find(request_id: UUID) -> WorkRequest | None:
    return WorkRequest.objects.select_related("client", "offboarding").filter(pk=request_id).first()
