# SPDX-License-Identifier: AGPL-3.0-or-later
"""States of clients and offboardings as plain tables, and gates that say what blocks, why, and who is waited on."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from partwell.rules.hours import WARN_AT
from partwell.rules.pauses import Pause, paused
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, ClientState, Destination, EnvelopeState, OffboardingState

CLIENT_MOVES: Mapping[ClientState, Mapping[str, ClientState]] = {
    ClientState.ACTIVE: {"open": ClientState.DEPARTING},
    ClientState.DEPARTING: {"withdraw": ClientState.ACTIVE, "close": ClientState.INACTIVE},
    ClientState.INACTIVE: {"return": ClientState.RETURNING},
    ClientState.RETURNING: {"onboard": ClientState.ACTIVE, "abandon": ClientState.INACTIVE},
}

OFFBOARDING_MOVES: Mapping[OffboardingState, Mapping[str, OffboardingState]] = {
    OffboardingState.OPEN: {"withdraw": OffboardingState.WITHDRAWN, "close": OffboardingState.CLOSED},
    OffboardingState.WITHDRAWN: {},
    OffboardingState.CLOSED: {},
}

AUTHORISATION_MOVES: Mapping[AuthorisationState, Mapping[str, AuthorisationState]] = {
    AuthorisationState.DRAFT: {
        "change": AuthorisationState.DRAFT,
        "propose": AuthorisationState.PROPOSED,
        "replace": AuthorisationState.REPLACED,
        "discard": AuthorisationState.WITHDRAWN,
    },
    AuthorisationState.PROPOSED: {
        "sign": AuthorisationState.GRANTED,
        "narrow": AuthorisationState.PROPOSED,
        "decline": AuthorisationState.DECLINED,
        "replace": AuthorisationState.REPLACED,
        "withdraw": AuthorisationState.WITHDRAWN,
    },
    AuthorisationState.GRANTED: {
        "narrow": AuthorisationState.GRANTED,
        "withdraw": AuthorisationState.WITHDRAWN,
        "replace": AuthorisationState.REPLACED,
    },
    AuthorisationState.DECLINED: {},
    AuthorisationState.WITHDRAWN: {},
    AuthorisationState.REPLACED: {},
}

# Stopping wins over everything before data has started (HOUSE.md, step 6).
ENVELOPE_MOVES: Mapping[EnvelopeState, Mapping[str, EnvelopeState]] = {
    EnvelopeState.QUEUED: {"claim": EnvelopeState.CLAIMED, "stop": EnvelopeState.STOPPED},
    EnvelopeState.CLAIMED: {
        "requeue": EnvelopeState.QUEUED,
        "start": EnvelopeState.DATA_STARTED,
        "fail": EnvelopeState.FAILED,
        "stop": EnvelopeState.STOPPED,
    },
    EnvelopeState.DATA_STARTED: {
        "accept": EnvelopeState.ACCEPTED,
        "fail": EnvelopeState.FAILED,
        "lose": EnvelopeState.UNKNOWN,
    },
    EnvelopeState.UNKNOWN: {"settle_sent": EnvelopeState.ACCEPTED, "settle_not_sent": EnvelopeState.FAILED},
    EnvelopeState.FAILED: {"requeue": EnvelopeState.QUEUED, "stop": EnvelopeState.STOPPED},
    EnvelopeState.ACCEPTED: {},
    EnvelopeState.STOPPED: {},
}

_State = ClientState | OffboardingState | AuthorisationState | EnvelopeState


# What a move wants, as the refusal says it: "cannot go from withdrawn to narrowed".
_WANTED: Mapping[str, str] = {
    "change": "changed",
    "propose": "proposed",
    "discard": "discarded",
    "narrow": "narrowed",
    "withdraw": "withdrawn",
}


def _step(what: str, moves: Mapping[str, _State], current: _State, move: str) -> _State | Refusal:
    return moves.get(move) or refuse(
        "no_such_step", what=what, current=current, wanted=_WANTED.get(move, move)
    )


def client_after(current: ClientState, move: str) -> ClientState | Refusal:
    """The client's state after ``move`` (open, withdraw, close, return, onboard, abandon), or why not."""
    found = _step("The client", CLIENT_MOVES[current], current, move)
    assert isinstance(found, (ClientState, Refusal))
    return found


def offboarding_after(current: OffboardingState, move: str) -> OffboardingState | Refusal:
    """The offboarding's state after ``move`` (withdraw, close), or why not."""
    found = _step("The offboarding", OFFBOARDING_MOVES[current], current, move)
    assert isinstance(found, (OffboardingState, Refusal))
    return found


def authorisation_after(current: AuthorisationState, move: str) -> AuthorisationState | Refusal:
    """The authorisation's state after ``move`` (change, propose, discard, sign, decline, narrow, withdraw, replace), or why not."""
    found = _step("The authorisation", AUTHORISATION_MOVES[current], current, move)
    assert isinstance(found, (AuthorisationState, Refusal))
    return found


def envelope_after(current: EnvelopeState, move: str) -> EnvelopeState | Refusal:
    """The envelope's state after ``move``; stopping is impossible once data has started."""
    if move == "stop" and current is EnvelopeState.DATA_STARTED:
        return refuse("already_leaving")
    found = _step("The message", ENVELOPE_MOVES[current], current, move)
    assert isinstance(found, (EnvelopeState, Refusal))
    return found


def may_open(client_state: ClientState, client: str, has_open: bool) -> Refusal | None:
    """Whether an offboarding may be opened: the client is active and has no open one."""
    if has_open or client_state is ClientState.DEPARTING:
        return refuse("already_departing", client=client)
    if client_state is not ClientState.ACTIVE:
        return refuse("client_inactive", client=client)
    return None


# What staff may still write about an inactive client (R4), and why; every other verb is refused.
AFTER_CLOSING: Mapping[str, str] = {
    "note.write": "A later claim is looked into, and what is found stays inside.",
    "message.write": "The client asks about its record, and is answered.",
    "promise.settle": "What was promised is kept after closing too.",
    "meeting.plan": "A former client may be met; a new provider is not invited, for no consent stands.",
    "recording.ask": "A call after closing may be recorded as any other, and whoever takes consent back is heard at any time.",
    "recording.answer": "Consent to a recording is taken back at any time.",
    "mail.settle": "Mail comes in after closing too, and somebody says what becomes of it.",
    "mail.own": "What staff wrote from their own mail program is written as on the page.",
    "call.log": "The client rings about its record; the call is on record as any other.",
    "contact.add": "Who may read the record changes in the years it is kept.",
    "contact.change": "Who may read the record changes; whoever left the client reads no longer.",
    "passkey.confirm": "Waiving an only copy needs a passkey (R1), and the months after the end are when it is waived.",
    "recipient.change": "A person who left the former new provider is taken off the file.",
    "envelope.settle": "The closing letter itself may have left without an answer.",
    "credential.purge": "The service provider's copies are purged; backup keys live as long as their set (R16).",
    "release.stop": "Stopping what has not left is never refused.",
    "authorisation.record_withdrawal": "Ending a consent is never refused.",
    "billing.issue": "A final paper or a credit note may be due after closing; it is judged as any other.",
    "billing.override": "An owner's reason goes with a line of such a paper.",
    "payment.record": "What was owed comes in after closing, and what is owed to the client goes back.",
    "profile.set": "A paper after closing is judged by the same law.",
    "copy.ask": "Backups are kept for months after the end; a copy may be asked for while they are (R6, R7).",
    "copy.quote": "A copy that the client asked for is answered, also after the end.",
    "copy.bill": "What the vendor charged for a copy is passed on, also after the end.",
    "copy.ship": "A copy that the client ordered is shipped, also after the end.",
    "set.record": "A backup that comes to light after closing is put on record, and corrected.",
    "set.remove": "What was recorded by mistake is taken off; what was promised, by its deletion only.",
    "set.return": "Backups are returned in the months after the end (R6).",
    "only_copy.settle": "What only a backup holds is handed over, or found elsewhere, before the backup goes (R6).",
    "hold.place": "Placing a hold is never refused.",
    "hold.ask_lift": "Holds outlive the departure.",
    "hold.lift": "Holds outlive the departure.",
    "return.welcome": "A client may come back (R9).",
    "statement.make": "What was used, paid and credited can be put on paper as long as the record stands.",
    "erasure.propose": "Personal content of the record is erased on request, and the record at its end (R15).",
    "erasure.decide": "A second person decides what is erased of the record (R15).",
    "record.keep_longer": "How long the record stays is settled in the years it is kept.",
    "deletion.certify": "What was deleted is certified on the day it takes effect, which is months after closing.",
    "destruction.record": "Media of the client are wiped or shredded after the end.",
    "destruction.validate": "A second person looks at what was wiped or shredded after the end.",
    "deletion.propose": "What was promised to be deleted falls due after closing (R6).",
    "deletion.approve": "What was promised to be deleted falls due after closing (R6).",
    "deletion.list": "What was promised to be deleted falls due after closing (R6).",
    "deletion.start": "What was promised to be deleted falls due after closing (R6).",
    "deletion.except": "What could not be deleted is named, also after closing.",
    "deletion.cancel": "A deletion that has not begun can be called off at any time.",
    "deletion.stop": "Stopping is never refused.",
    "deletion.step": "What was promised to be deleted falls due after closing (R6).",
    "deletion.validate": "A second person looks at what was deleted, also after closing (R15).",
    "bundle.request": "The record stays readable, also as one archive.",
    "bundle.download": "The record stays readable, also as one archive.",
}


def may_work_on(state: str, client: str, verb: str) -> Refusal | None:
    """None unless the client is inactive and ``verb`` is more than keeping its record (``AFTER_CLOSING``)."""
    if state == ClientState.INACTIVE and verb not in AFTER_CLOSING:
        return refuse("client_inactive", client=client)
    return None


class OnWhom(StrEnum):
    """The person a gate waits for."""

    SIGNATORY = "client signatory"
    OWNER = "owner"
    ACCOUNT_MANAGER = "account manager"
    TECHNICIAN = "technician"
    PROVIDER = "new provider"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that still stops closing, and on whom it is."""

    code: str
    sentence: str
    on_whom: OnWhom
    next_step: str


@dataclass(frozen=True, slots=True)
class ClosingFacts:
    """Counts of what is unsettled in one offboarding.

    ``unreleased``: the client's own items neither released nor waived. ``open_windows``: releases to the
    provider whose window has not ended (R17). ``unknown_owner``: items whose owner nobody settled. ``unsettled``:
    prepaid time not used, in words; ``owed``: money that must go back to the client, in words. A paper that the
    client has not paid never stops closing (R11). ``copies``: of backups, under way (R7), unless said to go on after it.
    """

    state: OffboardingState
    acceptance_signed: bool
    unreleased: int = 0
    unknown_owner: int = 0
    open_objections: int = 0
    open_windows: int = 0
    pending_approvals: int = 0
    moving_envelopes: int = 0
    unknown_envelopes: int = 0
    failed_envelopes: int = 0
    running_jobs: int = 0
    running_timers: int = 0
    open_requests: int = 0
    unsettled: str = ""
    owed: str = ""
    copies: tuple[str, ...] = ()
    blocking_steps: tuple[str, ...] = ()
    ledger_healthy: bool = True


def _n(count: int, one: str, many: str) -> str:
    return f"1 {one}" if count == 1 else f"{count} {many}"


def closing_blockers(facts: ClosingFacts) -> list[Blocker]:
    """Everything that stops closing, in the order in which it is best settled; empty when it may close."""
    found: list[Blocker] = []

    def add(when: object, code: str, sentence: str, whom: OnWhom, next_step: str) -> None:
        if when:
            found.append(Blocker(code, sentence, whom, next_step))

    add(facts.state is not OffboardingState.OPEN, "not_open", f"The offboarding is {facts.state.value}.",
        OnWhom.OWNER, "Read its record.")  # fmt: skip
    add(not facts.ledger_healthy, "ledger", "The evidence ledger does not check.",
        OnWhom.OWNER, "Run “partwell ledger check” and settle what it names.")  # fmt: skip
    add(facts.unknown_owner, "unknown_owner",
        f"{_n(facts.unknown_owner, 'item has', 'items have')} no settled owner.", OnWhom.ACCOUNT_MANAGER, "Settle whose they are.")  # fmt: skip
    add(facts.unreleased, "unreleased",
        f"{_n(facts.unreleased, 'item of the client is', 'items of the client are')} not handed over.",
        OnWhom.TECHNICIAN, "Release them to the client, or have them waived.")  # fmt: skip
    add(facts.pending_approvals, "approvals",
        f"{_n(facts.pending_approvals, 'request waits', 'requests wait')} for the client's approval.",
        OnWhom.SIGNATORY, "Approve or decline, or withdraw the request.")  # fmt: skip
    add(facts.unknown_envelopes, "unknown_envelopes",
        f"Nobody knows whether {_n(facts.unknown_envelopes, 'message', 'messages')} left.",
        OnWhom.ACCOUNT_MANAGER, "Ask the recipient and settle each.")  # fmt: skip
    add(facts.failed_envelopes, "failed_envelopes",
        f"{_n(facts.failed_envelopes, 'message', 'messages')} could not be delivered.",
        OnWhom.ACCOUNT_MANAGER, "Correct the address and queue again, or stop them.")  # fmt: skip
    add(facts.moving_envelopes, "moving_envelopes",
        f"{_n(facts.moving_envelopes, 'message is', 'messages are')} still on the way.", OnWhom.ACCOUNT_MANAGER, "Wait, or stop what has not left.")  # fmt: skip
    add(facts.running_jobs, "jobs",
        f"{_n(facts.running_jobs, 'import or bundle is', 'imports or bundles are')} still running.",
        OnWhom.TECHNICIAN, "Wait for them, or cancel them.")  # fmt: skip
    add(facts.open_objections, "objections",
        f"{_n(facts.open_objections, 'objection is', 'objections are')} unanswered.", OnWhom.TECHNICIAN, "Answer each, or hand the item over again.")  # fmt: skip
    add(facts.open_windows, "windows",
        f"The objection window of {_n(facts.open_windows, 'release', 'releases')} is open.",
        OnWhom.PROVIDER, "Wait until it ends, or until the recipient answers.")  # fmt: skip
    add(facts.running_timers, "timers",
        f"{_n(facts.running_timers, 'timer of this client is', 'timers of this client are')} running.",
        OnWhom.TECHNICIAN, "Stop each with what was done, or throw it away with a reason.")  # fmt: skip
    add(facts.open_requests, "requests",
        f"{_n(facts.open_requests, 'request for work is', 'requests for work are')} open.", OnWhom.ACCOUNT_MANAGER, "Finish, or cancel with a reason.")  # fmt: skip
    add(facts.unsettled, "unsettled", f"Time paid in advance is not used and not settled: {facts.unsettled}.",
        OnWhom.ACCOUNT_MANAGER, "Credit it by the agreement's rule.")  # fmt: skip
    add(facts.owed, "owed", f"{facts.owed} must go back to the client.",
        OnWhom.ACCOUNT_MANAGER, "Pay it back and record the refund with its proof.")  # fmt: skip
    add(facts.copies, "copies",
        f"{_n(len(facts.copies), 'copy of backups is', 'copies of backups are')} under way: {', '.join(facts.copies)}.",
        OnWhom.ACCOUNT_MANAGER, "Wait for its arrival and the vendor's invoice, or say at closing that it goes on.")  # fmt: skip
    add(facts.blocking_steps, "steps",
        f"Steps of the plan that block closing: {', '.join(facts.blocking_steps)}.",
        OnWhom.TECHNICIAN, "Finish them, or take them out of the plan with a reason.")  # fmt: skip
    add(not facts.acceptance_signed, "acceptance", "The client has not signed the acceptance.",
        OnWhom.SIGNATORY, "Go through the list, note exceptions and sign.")  # fmt: skip
    return found


def may_close(facts: ClosingFacts) -> Refusal | None:
    """None when nothing stops closing; else one refusal that carries all sentences."""
    blockers = closing_blockers(facts)
    if not blockers:
        return None
    return refuse(
        "cannot_close",
        why=" ".join(blocker.sentence for blocker in blockers),
        what_next=" ".join(f"{b.on_whom.value.capitalize()}: {b.next_step}" for b in blockers),
    )


class GateState(StrEnum):
    OPEN = "open"
    WAITING = "waiting"
    REFUSING = "refusing"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Gate:
    """One field of the strip on the offboarding page."""

    key: str
    title: str
    state: GateState
    sentence: str
    on_whom: OnWhom | None = None


@dataclass(frozen=True, slots=True)
class GateFacts:
    """``consent``: what ``consent.standing`` returned; ``minutes_left``: of included and prepaid time.

    ``hold``: names of legal holds in force. ``retention_instructed``: the client's choice is on record,
    or none is asked of it. ``keep_until_text``: the date in words. ``approvals``: releases that the client is asked for.
    ``used_per_cent``: used share of the time, said once it reaches the first mark (R5). ``broken``: a promise to delete
    that is overdue, or a vendor's purge before it; ``window``: what must not be cancelled before (R13); in sentences.
    """

    destination: Destination
    consent: Refusal | None
    client_address_works: bool
    outside_contact: bool
    minutes_left: int
    retention_instructed: bool
    keep_until_text: str
    holds: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    approvals: int = 0
    used_per_cent: int = 0
    broken: str = ""
    window: str = ""


_WAITING_CONSENT = frozenset({"no_authorisation", "not_signed", "not_yet_started", "terms_not_accepted"})


def _consent_gate(facts: GateFacts) -> Gate:
    pause = paused(facts.pauses)
    if pause is not None:
        return Gate("consent", "Consent", GateState.HELD, pause.sentence, OnWhom.OWNER)
    if facts.approvals and facts.consent is None:
        waits = _n(facts.approvals, "release waits", "releases wait")
        return Gate(
            "consent", "Consent", GateState.WAITING, f"{waits} for the client's word.", OnWhom.SIGNATORY
        )
    if facts.destination in (Destination.CLIENT_STAFF, Destination.NOBODY):
        return Gate("consent", "Consent", GateState.OPEN, "Everything goes to the client alone.")
    if facts.consent is None:
        return Gate("consent", "Consent", GateState.OPEN, "The client's authorisation stands.")
    code = facts.consent.code
    state = GateState.WAITING if code in _WAITING_CONSENT else GateState.REFUSING
    whom = {"no_authorisation": OnWhom.ACCOUNT_MANAGER, "terms_not_accepted": OnWhom.PROVIDER}
    return Gate("consent", "Consent", state, facts.consent.sentence, whom.get(code, OnWhom.SIGNATORY))


def gates(facts: GateFacts) -> tuple[Gate, ...]:
    """The strip: consent · client in the loop · hours · retention · hold, always five, in this order."""
    if not facts.client_address_works:
        loop = Gate("loop", "Client in the loop", GateState.REFUSING, refuse("no_working_client_address").sentence, OnWhom.ACCOUNT_MANAGER)  # fmt: skip
    elif not facts.outside_contact:
        loop = Gate("loop", "Client in the loop", GateState.WAITING, "The client has no contact outside the domain that migrates.", OnWhom.SIGNATORY)  # fmt: skip
    else:
        loop = Gate("loop", "Client in the loop", GateState.OPEN, "The client is on every message.")
    if facts.minutes_left > 0:
        hours, rest = divmod(facts.minutes_left, 60)
        warned = f" {facts.used_per_cent} % are used." if facts.used_per_cent >= min(WARN_AT) else ""
        hour_gate = Gate("hours", "Hours", GateState.OPEN, f"{hours} h {rest:02d} min are left.{warned}")
    else:
        hour_gate = Gate("hours", "Hours", GateState.WAITING, "The time is used up; handing over what exists goes on.", OnWhom.SIGNATORY)  # fmt: skip
    kept = Gate("retention", "Retention", GateState.OPEN, f"Backups are kept until {facts.keep_until_text}. {facts.window}".strip())  # fmt: skip
    if facts.broken:
        kept = Gate("retention", "Retention", GateState.REFUSING, facts.broken, OnWhom.ACCOUNT_MANAGER)
    elif not facts.retention_instructed:
        kept = Gate("retention", "Retention", GateState.WAITING, "The client has not said what happens to its data.", OnWhom.SIGNATORY)  # fmt: skip
    hold = Gate("hold", "Hold", GateState.OPEN, "No legal hold.")
    if facts.holds:
        hold = Gate("hold", "Hold", GateState.HELD, f"Nothing covered is deleted: {', '.join(facts.holds)}.", OnWhom.OWNER)  # fmt: skip
    return (_consent_gate(facts), loop, hour_gate, kept, hold)
