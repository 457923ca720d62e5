# SPDX-License-Identifier: AGPL-3.0-or-later
"""R9: a client comes back. Welcomed, its pain points answered, quoted the normal onboarding fee, received or not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, write_invoice
from partwell.actions.billing.letter import amount
from partwell.actions.billing.prices import normal_fee
from partwell.actions.correspondence.post import Post, addressed, link, post
from partwell.actions.hours.standing import time_terms, today
from partwell.records.billing.models import OnboardingStep, PainAnswer, ReturnQuote
from partwell.records.clients.models import Client
from partwell.records.offboardings.models import Offboarding, PainPoint
from partwell.rules import law, lifecycle, returning, roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.returning import QuoteState
from partwell.rules.terms import ClientState, OffboardingState


def pain_points(client_id: UUID) -> list[PainPoint]:
    """What hurt, in the client's words, as taken down with its last notice that was carried through."""
    last = (
        Offboarding.objects.filter(client_id=client_id, state=OffboardingState.CLOSED)
        .order_by("closed_at")
        .last()
    )
    return list(last.pain_points.order_by("position")) if last else []


def welcome_back(*, actor: Actor, client_id: UUID, words: str = "") -> Client | Refusal:
    """An inactive client comes back: it is *returning* from now on. Its record stays as it is."""
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "return.welcome")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = returning.may_return(ClientState(client.state), client.name)
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="return.welcome")
        _move(deed, client, "return")
        deed.record(
            "return.welcomed",
            subjects=[client.id],
            to_client={"words": words.strip()} if words.strip() else None,
        )
        deed.record("client.became", subjects=[client.id], public={"state": client.state})
        return client


def _move(deed: Deed, client: Client, move: str) -> None:
    after = lifecycle.client_after(ClientState(client.state), move)
    assert not isinstance(after, Refusal)  # the rule before has asked for the state
    deed.save(client, state=after)


@dataclass(frozen=True, slots=True)
class Offer:
    """``fee``: net, None for the normal one; another needs an owner, a kind (of ``returning.ExceptionKind``) and
    ``exception``, the reason in words. ``answers``: the MSP's answer to each pain point by its id; ``valid_until``: the last day of the quote, in the MSP's zone."""

    valid_until: date
    answers: Mapping[UUID, str] = field(default_factory=dict)
    fee: Decimal | None = None
    exception: str = ""
    exception_kind: str = ""
    welcome: str = ""


def send_quote(*, actor: Actor, client_id: UUID, offer: Offer) -> ReturnQuote | Refusal:
    """Quote a returning client the onboarding fee of the price list of today; letter and mail follow from a job.

    Refused: a client who was not welcomed back, a pain point without an answer, "because the systems remain" from
    everybody, another fee from anybody but an owner or without a reason, no address to reach the client by. An open
    quote lapses with the new one.
    """
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "return.quote")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        day, currency = today(deed.now), time_terms(client.id).currency
        normal = normal_fee(currency, day)
        points = pain_points(client.id)
        reached = addressed(client.id, (), None, False)
        by_owner = roles.may(actor.role, "return.exception") is None
        problem = (
            returning.may_quote(ClientState(client.state), client.name)
            or (refuse("no_onboarding_fee", currency=currency) if normal is None else None)
            or returning.all_answered(
                {one.id.hex: one.words for one in points},
                {key.hex: text for key, text in offer.answers.items()},
            )
            or returning.check_offer(offer.valid_until, day)
        )
        fee = normal.net if normal and offer.fee is None else offer.fee or Decimal(0)
        if problem is None and normal is not None:
            problem = returning.check_quote(
                fee, normal.net, by_owner=by_owner, reason=offer.exception, kind=offer.exception_kind
            )
        if problem is None and fee != 0:
            problem = returning.check_fee(fee, currency)
        if problem is None and isinstance(reached, Refusal):
            problem = reached
        if problem is not None or normal is None:
            return deed.refuse(
                problem or refuse("no_onboarding_fee", currency=currency),
                subject=client.id,
                verb="return.quote",
            )
        before = ReturnQuote.objects.filter(client=client, state=QuoteState.SENT).first()
        if before is not None:
            deed.save(before, state=QuoteState.LAPSED)
        exceptional = fee != normal.net
        row = deed.add(
            ReturnQuote(
                client=client,
                normal_fee=normal.net,
                fee=fee,
                currency=currency,
                exception_kind=offer.exception_kind if exceptional else "",
                exception_reason=offer.exception.strip() if exceptional else "",
                exception_by_id=actor.id if exceptional else None,
                valid_until=offer.valid_until,
                welcome=offer.welcome.strip(),
                state=QuoteState.SENT,
                sent_by_id=actor.id,
                sent_at=deed.now,
            )
        )
        for point in points:
            deed.add(PainAnswer(quote=row, pain_point=point, answer=offer.answers[point.id].strip()))
        deed.job(
            "letter.return_quote",
            f"letter.return_quote:{row.id.hex}",
            client=client.id,
            quote=row.id.hex,
            entry=deed.next_uid.hex,
        )
        content: dict[str, object] = {
            "fee": str(fee),
            "normal_fee": str(normal.net),
            "currency": currency,
            "valid_until": offer.valid_until.isoformat(),
            "answers": [f"{point.words}: {offer.answers[point.id].strip()}" for point in points],
        }
        if exceptional:
            content |= {
                "exception": row.exception_reason,
                "exception_kind": row.exception_kind,
                "exception_by": actor.name,
            }
        if before is not None:
            content["replaces"] = before.id.hex
        deed.record("return.quoted", subjects=[row.id, client.id], to_client=content)
        return row


def exception_words(row: ReturnQuote) -> str:
    """An exception as the client reads it: its kind and its reason; empty for the normal fee."""
    if not row.exception_kind:
        return row.exception_reason  # of before there were kinds
    return f"{returning.ExceptionKind(row.exception_kind).label}: {row.exception_reason}"


def find_quote(actor: Actor, quote_id: UUID) -> ReturnQuote | None:
    """A quote that this actor may see: staff any, a client its own."""
    row = ReturnQuote.objects.select_related("client", "letter", "sent_by").filter(pk=quote_id).first()
    if row is None or actor.kind not in ("staff", "client"):
        return None
    return None if actor.kind == "client" and actor.client_id != row.client_id else row


def answer_return_quote(
    *, actor: Actor, quote_id: UUID, accept: bool, fee: Decimal | None = None, words: str = ""
) -> ReturnQuote | Refusal:
    """The signatory accepts the quote (``fee``: as shown) or declines it, until its last day.

    A second factor is not asked: nothing of the estate leaves by it, it is an order with a price on it. Accepted, the
    client is active again, the onboarding checklist begins and the fee's paper is written, all in one step.
    """
    row = find_quote(actor, quote_id)
    if row is None or actor.kind != "client":
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "return.answer")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.client_id)
        row.refresh_from_db()
        problem = returning.may_answer(
            QuoteState(row.state), row.valid_until, today(deed.now)
        ) or returning.may_quote(ClientState(client.state), client.name)
        if problem is None and accept and fee != row.fee:
            problem = refuse("quote_fee_changed", fee=row.fee if fee is None else fee)
        if problem is not None:
            return deed.refuse(problem, subject=row.id, verb="return.answer")
        said: dict[str, object] = {"words": words.strip()} if words.strip() else {}
        if not accept:
            deed.save(row, state=QuoteState.DECLINED, answered_by_id=actor.id, answered_at=deed.now)
            deed.record("return.declined", subjects=[row.id, client.id], to_client=said or None)
            return row
        label = ""
        if row.fee > 0:
            paper = write_invoice(
                deed,
                "invoice",
                [
                    NewLine(
                        "Onboarding",
                        Decimal(1),
                        row.fee,
                        line_class=law.LineClass.OUTSIDE,
                        source_kind="fee",
                        source_id=row.id,
                    )
                ],
                offboarding=None,
                note="Welcome back.",
            )
            if isinstance(paper, Refusal):
                return deed.refuse(paper, subject=row.id, verb="return.answer")
            label = paper.label
        deed.save(row, state=QuoteState.ACCEPTED, answered_by_id=actor.id, answered_at=deed.now)
        for position, title in enumerate(returning.ONBOARDING, 1):
            deed.add(OnboardingStep(quote=row, position=position, title=title))
        _move(deed, client, "onboard")
        values = {
            "fee": amount(row.fee, row.currency),
            "steps": list(returning.ONBOARDING),
            "portal_url": link("/client/"),
        }
        post(deed, Post("welcome_back", f"return:{row.id.hex}:accepted", values))
        deed.record(
            "return.accepted",
            subjects=[row.id, client.id],
            to_client={"fee": str(row.fee), "currency": row.currency, "paper": label, **said},
        )
        deed.record("client.became", subjects=[client.id], public={"state": client.state})
        return row


def stop_return(*, actor: Actor, client_id: UUID, reason: str) -> Client | Refusal:
    """The client does not come back now: it is inactive again, an open quote lapses, and the record stays readable."""
    if not actor.is_staff or not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "return.quote")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        problem = returning.may_quote(ClientState(client.state), client.name)
        if problem is None and not reason.strip():
            problem = refuse("stop_without_reason")
        if problem is not None:
            return deed.refuse(problem, subject=client.id, verb="return.quote")
        for row in ReturnQuote.objects.filter(client=client, state=QuoteState.SENT):
            deed.save(row, state=QuoteState.LAPSED)
        _move(deed, client, "abandon")
        deed.record("return.stopped", subjects=[client.id], to_client={"reason": reason.strip()})
        deed.record("client.became", subjects=[client.id], public={"state": client.state})
        return client


def lapse_quotes(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """Let quotes lapse whose last day is over in the MSP's zone; how many. Only Partwell itself does this."""
    if roles.may(actor.role, "return.lapse") is not None:
        return 0
    moment, done = now or timezone.now(), 0
    due = ReturnQuote.objects.filter(state=QuoteState.SENT, valid_until__lt=today(moment))
    for quote_id, client_id in list(due.values_list("id", "client_id")):
        with Deed(actor, now=now) as deed:
            client = deed.lock(client_id)
            row = ReturnQuote.objects.filter(pk=quote_id, state=QuoteState.SENT).first()
            if row is None:
                continue
            deed.save(row, state=QuoteState.LAPSED)
            deed.record(
                "return.lapsed",
                subjects=[row.id, client.id],
                to_client={"valid_until": row.valid_until.isoformat()},
            )
            done += 1
    return done


def set_step(*, actor: Actor, step_id: UUID, done: bool) -> OnboardingStep | Refusal:
    """Tick a line of the onboarding checklist, or open it again; the same twice changes nothing."""
    row = OnboardingStep.objects.select_related("quote").filter(pk=step_id).first()
    if row is None or not actor.is_staff:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "onboarding.step")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(row.quote.client_id)
        row.refresh_from_db()
        gone = lifecycle.may_work_on(client.state, client.name, "onboarding.step")
        if gone is not None:
            return deed.refuse(gone, subject=row.id, verb="onboarding.step")
        if (row.done_at is not None) is done:
            return row
        deed.save(row, done_at=deed.now if done else None, done_by_id=actor.id if done else None)
        kind = "onboarding.step_done" if done else "onboarding.step_reopened"
        deed.record(kind, subjects=[row.id, client.id], public={"title": row.title})
        return row
