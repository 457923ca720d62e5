# SPDX-License-Identifier: AGPL-3.0-or-later
"""Departures as staff look at them: gates, what blocks and on whom, what comes next. Reads and asks the rules; writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from partwell.actions.facts import authorisation_facts, house_mailboxes, reach_of, working_address
from partwell.actions.retention.look import GateWords, gate_words
from partwell.documents.wording_of import words_of
from partwell.records.hours.queries import used_by_departure, waiting_requests
from partwell.records.offboardings import queries
from partwell.records.offboardings.models import Acceptance, DateChange, Offboarding, PlanStep
from partwell.rules import consent, lifecycle
from partwell.rules.charges import RequestState
from partwell.rules.lifecycle import Gate, GateState, OnWhom
from partwell.rules.loop import stand_in
from partwell.rules.pauses import Pause, PauseReason
from partwell.rules.refusals import Refusal, refuse, show
from partwell.rules.terms import AuthorisationState, Destination, OffboardingState, Phase

TONES = {
    GateState.OPEN: "open",
    GateState.WAITING: "waiting",
    GateState.REFUSING: "refusing",
    GateState.HELD: "held",
}
SIGNED = ("accepted", "exceptions")
SOON = 30
_TO = {
    Destination.CLIENT_STAFF: "to its own IT",
    Destination.NOBODY: "closes down",
    Destination.ACQUIRER_IT: "to the acquirer's IT",
}


@dataclass(frozen=True)
class Block:
    """What blocks a departure, and on whom: ``side`` is us, client, provider or empty."""

    tone: str
    what: str
    why: str
    whom: str = ""
    side: str = ""


@dataclass
class Departure:
    """One row of the board, one page's head."""

    row: Offboarding
    service_ends: date
    firm: str
    gates: tuple[Gate, ...]
    block: Block
    steps: list[PlanStep]
    minutes: int | None
    consent: Any = None
    consent_problem: Refusal | None = None
    signatories: list[Any] = field(default_factory=list)
    recipients: list[Any] = field(default_factory=list)
    proposals: list[DateChange] = field(default_factory=list)
    acceptance: Acceptance | None = None
    agreement: Any = None
    approvals: int = 0
    objections: int = 0
    today: date = date.min
    noticed_on: date = date.min
    used: int = 0  # minutes drawn of included and prepaid time
    prepaid: int = 0  # minutes bought and paid
    to_estimate: int = 0  # requests for work that nobody has estimated yet
    to_answer: int = 0  # estimated ones that wait for the client
    kept: GateWords = field(default_factory=lambda: GateWords(None, ()))
    bouncing: list[Any] = field(default_factory=list)  # contacts to whom mail comes back (R2)

    @property
    def minutes_left(self) -> int:
        """Included and prepaid minutes not drawn yet (R5); 0 where no agreement says what is included."""
        return max(0, (self.minutes or 0) + self.prepaid - self.used)

    @property
    def used_per_cent(self) -> int:
        """Used share in whole per cent, rounded down."""
        total = (self.minutes or 0) + self.prepaid
        return self.used * 100 // total if total else 0

    @property
    def open(self) -> bool:
        """Whether it is under way."""
        return self.row.state == OffboardingState.OPEN

    @property
    def on_us(self) -> bool:
        """What blocks it is ours to do, or somebody waits for our estimate."""
        return (self.block.tone != "open" and self.block.side == "us") or (self.open and self.to_estimate > 0)

    @property
    def late(self) -> bool:
        """Service has ended and the departure is not closed."""
        return self.open and self.service_ends < self.today

    @property
    def besides(self) -> Block | None:
        """What the board says blocks it, where no gate of the strip says it already; None where nothing is left to say."""
        told = {gate.sentence for gate in self.gates}
        return None if self.block.tone == "open" or self.block.why in told else self.block

    @property
    def open_steps(self) -> list[PlanStep]:
        """Steps not done yet, the earliest due first."""
        return sorted((s for s in self.steps if s.done_at is None), key=lambda s: (s.due, s.position))

    @property
    def next_step(self) -> PlanStep | None:
        """The step that is due next."""
        return next(iter(self.open_steps), None)

    @property
    def whither(self) -> str:
        """Where they go, in a few words."""
        if self.firm:
            return f"to {self.firm}"
        return _TO.get(Destination(self.row.destination), "to a new provider, not named yet")

    @property
    def phase(self) -> Phase:
        """The phase of the earliest step that is open; phases overlap, this is where the work is."""
        if self.row.state == OffboardingState.CLOSED:
            waits = self.row.keep_until >= self.today or self.kept.late or self.kept.holds
            return Phase.RETENTION if waits else Phase.CLOSED
        return (
            Phase(self.next_step.phase)
            if self.next_step
            else Phase.ACCEPTANCE
            if self.steps
            else Phase.NOTICE
        )

    @property
    def group(self) -> str:
        """Overdue, leaving within 30 days, under way, in retention."""
        if not self.open:
            return "kept"
        if self.late:
            return "late"
        return "soon" if (self.service_ends - self.today).days <= SOON else "far"


def whom(step: PlanStep) -> str:
    """On whom a step is."""
    if step.on_client:
        return "the client"
    roles = {"technician": "a technician", "owner": "an owner", "account_manager": "the account manager"}
    return str(step.owner.name) if step.owner else roles.get(step.owner_role, "nobody yet")


def departures(rows: Sequence[Offboarding], now: datetime, zone_name: str) -> list[Departure]:
    """Each departure with gates and blocker, in some thirty queries however many. ``now``: aware; days are of ``zone_name``."""
    found = queries.around(rows)
    drawn = used_by_departure(row.id for row in rows)
    waits = waiting_requests(row.id for row in rows)
    back = any(one.email_state != "ok" for row in rows for one in found.contacts[row.client_id])
    ours = house_mailboxes() if back else frozenset()
    kept = gate_words([row.client for row in rows], now)
    return [
        _departure(
            row, found, drawn[row.id], waits.get(row.id, {}), kept[row.client_id], now, zone_name, ours
        )
        for row in rows
    ]


def departure(offboarding_id: UUID, now: datetime, zone_name: str) -> Departure | None:
    """One departure, or None."""
    row = queries.offboarding_of(offboarding_id)
    return departures([row], now, zone_name)[0] if row else None


def _departure(
    row: Offboarding,
    found: queries.Around,
    drawn: tuple[int, int],
    waits: dict[str, int],
    kept: GateWords,
    now: datetime,
    zone_name: str,
    ours: frozenset[str],
) -> Departure:
    client, today = row.client_id, consent.day_in(now, zone_name)
    consents = [one for one in found.consents[client] if one.recipient.kind == "new_provider"]
    standing = next((one for one in consents if one.state == AuthorisationState.GRANTED), None) or next(
        iter(consents), None
    )
    firms = found.recipients[client]
    firm = standing.recipient.firm if standing else firms[-1].firm if firms else ""
    third = row.destination in (Destination.NEW_MSP, Destination.ACQUIRER_IT)
    problem = _consent_problem(standing, firm, now, zone_name, found.terms_accepted) if third else None
    agreement = found.agreements.get(client)
    minutes = int(agreement.included_hours * 60) if agreement else None
    steps = found.steps[row.id]
    ends = max([row.end_of_service, *(term.ends for term in found.terms[row.id])])
    contacts = found.contacts[client]
    bouncing = [one for one in contacts if one.email_state != "ok"]
    facts = lifecycle.GateFacts(
        destination=Destination(row.destination),
        consent=problem,
        client_address_works=any(working_address(one) for one in contacts),
        outside_contact=any(one.outside_domain for one in contacts),
        minutes_left=max(0, (minutes or 0) + drawn[1] - drawn[0]),
        used_per_cent=drawn[0] * 100 // total if (total := (minutes or 0) + drawn[1]) else 0,
        retention_instructed=_instructed(kept, steps),
        keep_until_text=show(row.keep_until),
        pauses=tuple(Pause(PauseReason(one.ground), one.note) for one in found.pauses[client]),
        holds=kept.holds,
        broken=kept.alarm.sentence if kept.alarm is not None and kept.alarm.purged_on else late_words(kept),
        window=kept.alarm.sentence if kept.alarm is not None else "",
        approvals=found.approvals.get(client, 0),
    )
    gates = lifecycle.gates(facts)
    if bouncing and facts.client_address_works:
        instead = stand_in(map(reach_of, contacts), ours=ours)
        words = (
            instead.sentence
            if instead
            else f"Mail to {' and '.join(one.name for one in bouncing)} comes back."
        )
        back = Gate("loop", "Client in the loop", GateState.WAITING, words, OnWhom.ACCOUNT_MANAGER)
        gates = tuple(back if gate.key == "loop" else gate for gate in gates)
    if minutes is None:
        missing = Gate("hours", "Hours", GateState.WAITING, "No agreement is on file, so the included hours are not known.",
                       OnWhom.ACCOUNT_MANAGER)  # fmt: skip
        gates = tuple(missing if gate.key == "hours" else gate for gate in gates)
    made = Departure(
        row=row, service_ends=ends, firm=firm if third else "", gates=gates, block=Block("open", "Clear", "All gates open"),
        steps=steps, minutes=minutes, consent=standing, consent_problem=problem, signatories=queries.signatories(contacts),
        recipients=firms, proposals=found.proposals[row.id], acceptance=found.acceptances.get(row.id), agreement=agreement,
        approvals=found.approvals.get(client, 0), objections=found.objections.get(client, 0), today=today,
        noticed_on=consent.day_in(row.noticed_at, zone_name), used=drawn[0], prepaid=drawn[1],
        bouncing=bouncing, to_estimate=waits.get(RequestState.ASKED, 0), to_answer=waits.get(RequestState.ESTIMATED, 0), kept=kept,
    )  # fmt: skip
    made.block = _block(made)
    return made


def late_words(kept: GateWords) -> str:
    """The overdue promises of a client in one sentence; "" where there is none (R6)."""
    if not kept.late or kept.late_since is None:
        return ""
    what = "A backup set was" if kept.late == 1 else f"{kept.late} backup sets were"
    since = "on" if kept.late == 1 else "from"
    return f"{what} to be deleted {since} {show(kept.late_since + timedelta(days=1))} and {'is' if kept.late == 1 else 'are'} still there."


def _instructed(kept: GateWords, steps: list[PlanStep]) -> bool:
    """The client's choice of every set; while none is on record, whether the step of asking is done."""
    if kept.instructed is not None:
        return kept.instructed
    return not any(step.key == "retention_choice" and step.done_at is None for step in steps)


def _consent_problem(
    row: Any, firm: str, now: datetime, zone_name: str, accepted: set[UUID]
) -> Refusal | None:
    if row is None:
        return refuse("no_authorisation", recipient=firm or "the new provider")
    if (problem := consent.standing(authorisation_facts(row, zone_name, terms=True), now, firm)) is not None:
        return problem
    if not any(UUID(hex=one) in accepted for one in row.person_ids):
        return refuse("terms_not_accepted", recipient=firm)
    return None


def name_of(on: OnWhom | None, one: Departure) -> str:
    """The person a gate waits for, by name where there is one."""
    if on is OnWhom.SIGNATORY:
        return one.signatories[0].name if one.signatories else "a signatory, none on file"
    if on is OnWhom.PROVIDER:
        return one.firm or "the new provider"
    if on in (OnWhom.ACCOUNT_MANAGER, OnWhom.OWNER):
        return str(one.row.owner.name)
    return "a technician" if on is OnWhom.TECHNICIAN else ""


def _side(on: OnWhom | None) -> str:
    return {OnWhom.SIGNATORY: "client", OnWhom.PROVIDER: "provider", None: ""}.get(on, "us")


def _block(one: Departure) -> Block:
    """The one thing that most stops it: what refuses, what is overdue, whom we wait for."""
    row = one.row
    if row.state == OffboardingState.WITHDRAWN:
        return Block("open", "Withdrawn", "The client stays")
    if row.state == OffboardingState.CLOSED:
        owner = str(row.owner.name)
        if one.kept.holds:
            why = f"Nothing covered is deleted: {', '.join(one.kept.holds)}"
            return Block("held", "Hold", why, owner, "us")
        if late := late_words(one.kept):
            return Block("refusing", "Retention", late, owner, "us")
        if row.keep_until < one.today:
            return Block("open", "Clear", "Sets with a later day are still kept")
        return Block("open", "Clear", f"Data are kept until {show(row.keep_until)}")
    for state in (GateState.REFUSING, GateState.HELD):
        for gate in one.gates:
            if gate.state is state:
                return Block(
                    TONES[state], gate.title, gate.sentence, name_of(gate.on_whom, one), _side(gate.on_whom)
                )
    overdue = next((s for s in one.open_steps if s.due < one.today), None)
    if overdue is not None:
        tone = "waiting" if overdue.on_client else "refusing"
        days = (one.today - overdue.due).days
        why = f"{overdue.title}, {days} {'day' if days == 1 else 'days'} over"
        return Block(tone, "Overdue", why, whom(overdue), "client" if overdue.on_client else "us")
    signer = name_of(OnWhom.SIGNATORY, one)
    waits = {gate.key: gate for gate in one.gates if gate.state is GateState.WAITING}
    asked = waits.get("consent")
    if asked is not None:
        return Block(
            "waiting", asked.title, asked.sentence, name_of(asked.on_whom, one), _side(asked.on_whom)
        )
    if not one.steps:
        return Block("waiting", "Plan", "There is no plan yet", str(row.owner.name), "us")
    if one.objections:
        return Block("waiting", "Objection", "An objection is unanswered", "a technician", "us")
    if one.to_estimate:
        n = one.to_estimate
        why = "A request for work wants an estimate" if n == 1 else f"{n} requests for work want an estimate"
        return Block("waiting", "Request", why, str(row.owner.name), "us")
    if one.proposals:
        return Block("waiting", "Dates", "A date would move; the client has not said yet", signer, "client")
    if one.acceptance is not None and one.acceptance.state == "requested":
        waits_call = bool(one.acceptance.signature_event.get("awaits_call_back"))
        if waits_call:
            return Block(
                "waiting", "Acceptance", "Signed; a second employee must call back", "a second employee", "us"
            )
        return Block("waiting", "Acceptance", "The list lies with the client", signer, "client")
    if one.to_answer:
        n = one.to_answer
        why = (
            "An estimate waits for the client's word"
            if n == 1
            else f"{n} estimates wait for the client's word"
        )
        return Block("waiting", "Request", why, signer, "client")
    first = next(iter(waits.values()), None)
    if first is None:
        return one.block
    return Block("waiting", first.title, first.sentence, name_of(first.on_whom, one), _side(first.on_whom))


def phases(one: Departure) -> list[dict[str, Any]]:
    """The course of it: each phase from its first to its last step, and retention until the data go."""
    found = []
    for phase in Phase:
        days = [step.due for step in one.steps if step.phase == phase]
        if not days or phase is Phase.RETENTION:
            continue
        start, end = (one.noticed_on if phase is Phase.NOTICE else min(days)), max(days)
        state = "" if end < one.today else "now" if start <= one.today else "later"
        found.append(
            {"name": phase.value.capitalize(), "start": start, "end": max(end, start), "state": state}
        )
    found.append({"name": "Retention", "start": one.service_ends, "end": one.row.keep_until, "state": "keep"})
    return found


def spoken(one: Departure) -> dict[str, str]:
    """Reason, destination and channel in words."""
    row = one.row
    return {kind: words_of(kind, getattr(row, kind)) for kind in ("reason", "destination", "channel")}
