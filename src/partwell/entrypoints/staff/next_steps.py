# SPDX-License-Identifier: AGPL-3.0-or-later
"""What to do next on a departure, derived from the facts: each with a sentence, on whom it is, and one button."""

from dataclasses import dataclass
from datetime import timedelta

from django.urls import reverse

from partwell.actions.offboardings import look
from partwell.actions.offboardings.close_offboarding import still_stops
from partwell.entrypoints.staff.parts import url_or
from partwell.entrypoints.theme.formats import until_words, when_words
from partwell.records.authorisations.queries import to_call
from partwell.records.billing.copies import for_staff
from partwell.records.correspondence.queries import promises_due
from partwell.records.hours.queries import to_do, to_estimate
from partwell.records.offboardings import queries
from partwell.rules.actor import Actor
from partwell.rules.lifecycle import Blocker, OnWhom
from partwell.rules.refusals import Refusal
from partwell.rules.roles import may
from partwell.rules.terms import Destination

SHOWN = 6
PROMISES_SHOWN = timedelta(days=2)


@dataclass(frozen=True)
class Next:
    """One thing to do. ``post``: the button is a form of its own."""

    title: str
    note: str
    label: str = ""
    url: str = ""
    post: bool = False


def next_steps(one: look.Departure, actor: Actor) -> list[Next]:
    """The first few things, what everything else waits for first."""
    found = [
        *_bounced(one, actor),
        *_calls(one, actor),
        *_beginning(one, actor),
        *_settle(one),
        *_promises(one, actor),
        *retention_steps(one),
        *_work(one, actor),
        *_copies(one, actor),
        *_plan(one),
        *_end(one, actor),
    ]
    return list({step.title: step for step in found}.values())[:SHOWN]


def _beginning(one: look.Departure, actor: Actor) -> list[Next]:
    row, out = one.row, []
    owner = f"On {row.owner.name}."
    if row.acknowledged_at is None:
        if queries.letter_waits(f"acknowledgement-letter:{row.id.hex}"):
            out.append(
                Next(
                    "The acknowledgement is being written.", "It goes to the client as a letter with a mail."
                )
            )
        elif may(actor.role, "offboarding.acknowledge") is None:
            out.append(Next("Acknowledge the notice.", f"A letter and a mail say what we understood. {owner}", "Acknowledge it",
                            reverse("staff:acknowledge", args=[row.id]), True))  # fmt: skip
    if not one.steps and may(actor.role, "plan.propose") is None:
        out.append(Next("Have a plan proposed.", f"From the reason, the destination and the dates; you change what does not fit. {owner}",
                        "Propose the plan", reverse("staff:plan_propose", args=[row.id]), True))  # fmt: skip
    if row.destination in (Destination.NEW_MSP, Destination.ACQUIRER_IT):
        consents = url_or("client_consents", row.client_id)
        signer = look.name_of(OnWhom.SIGNATORY, one)
        code = one.consent_problem.code if one.consent_problem else ""
        if code == "no_authorisation":
            out.append(
                Next(
                    "Prepare the authorisation.",
                    f"Until {signer} has signed it, nothing goes to the new provider. {owner}",
                    "Prepare it",
                    consents,
                )
            )
        elif code == "not_signed" and not (one.consent and one.consent.signed_at):
            out.append(
                Next(
                    f"{signer} reads and signs the authorisation.",
                    "It lies with the client; you can remind them.",
                    "Open it",
                    consents,
                )
            )
        elif code == "terms_not_accepted":
            out.append(
                Next(
                    f"{one.firm} accepts the terms.",
                    f"Their people were invited by mail. On {one.firm}.",
                    "See who",
                    consents,
                )
            )
    return out


def _bounced(one: look.Departure, actor: Actor) -> list[Next]:
    """Contacts to whom mail comes back: the client is not in the loop there (R2)."""
    if may(actor.role, "contact.change") is not None:
        return []
    return [
        Next(
            f"Mail to {contact.name} comes back.",
            f"Call them on a number on file and write down the address that works. On {one.row.owner.name}.",
            "Write it down",
            reverse("staff:address_works", args=[one.row.client_id, contact.id]),
        )
        for contact in one.bouncing
    ]


def _calls(one: look.Departure, actor: Actor) -> list[Next]:
    """Signatures without a passkey: they act once a second employee has called (R1)."""
    return [
        Next(
            f"Call {row.signatory.name} back about {row.recipient.firm}.",
            "The authorisation acts once the call is logged. On an employee who did not prepare it.",
            "Log the call",
            reverse("staff:authorisation", args=[row.id]),
        )
        for row in to_call(actor, one.row.id)
    ]


def _settle(one: look.Departure) -> list[Next]:
    """What a person must settle, in the rule's own words."""
    blockers = still_stops(one.row.id)
    if isinstance(blockers, Refusal):
        return []
    client = one.row.client_id
    mails, releases = url_or("client_mails", client), url_or("client_releases", client)
    links = {
        "unknown_envelopes": ("Settle it", mails), "failed_envelopes": ("Look at it", mails), "objections": ("Open the objection", releases),
        "unknown_owner": ("Settle ownership", url_or("client_estate", client) + "?owner=unknown#items"), "approvals": ("See the request", releases),
    }  # fmt: skip
    return [
        Next(b.sentence, f"{b.next_step} On {_whom(b, one)}.", *links[b.code])
        for code in links
        for b in blockers
        if b.code == code
    ]


def _promises(one: look.Departure, actor: Actor) -> list[Next]:
    """What was promised in calls and is due, or nearly."""
    if may(actor.role, "promise.settle") is not None:
        return []
    return [
        Next(
            f"{row.promised_by or 'We'} promised: {row.promised.rstrip('.')}.",
            f"{'Was due' if row.promised_for < one.today else 'Due'} {when_words(row.promised_for, 'short')}; "
            f"in a call with {row.with_whom}. On {row.promised_by or 'us'}.",
            "Open the call",
            reverse("staff:call", args=[row.id]),
        )
        for row in promises_due(one.row.client_id, one.today + PROMISES_SHOWN)[:3]
        if row.promised_for is not None
    ]


def _whom(blocker: Blocker, one: look.Departure) -> str:
    return look.name_of(blocker.on_whom, one)


def retention_steps(one: look.Departure) -> list[Next]:
    """What the kept data ask for: a promise in danger or overdue, the client's choice, a hold that stands (R6, R13)."""
    kept, out = one.kept, []
    url, owner = reverse("staff:offboarding_data", args=[one.row.id]), f"On {one.row.owner.name}."
    if kept.alarm is not None and kept.alarm.purged_on is not None:
        out.append(Next(kept.alarm.sentence, f"{kept.alarm.next_step} {owner}", "See the sets", url))
    if late := look.late_words(kept):
        out.append(Next(late, f"Its deletion is proposed by one person and approved by another. {owner}", "See the sets", url))  # fmt: skip
    if kept.instructed is False and one.open:
        signer = look.name_of(OnWhom.SIGNATORY, one)
        asked = "They were asked by mail, and choose in the portal." if kept.asked else "Nobody could be asked yet: the mail waits for a working address."  # fmt: skip
        out.append(Next(f"{signer} says what happens to the backups.", f"{asked} You can remind them.", "See the sets", url))  # fmt: skip
    if kept.holds:
        out.append(Next(f"A hold stands: {', '.join(kept.holds)}.", "Nothing that it covers is deleted; two people lift it.", "See the hold", url))  # fmt: skip
    return out


def _work(one: look.Departure, actor: Actor) -> list[Next]:
    """Requests for work: estimate what was asked, do what was approved and is paid for (R5)."""
    if may(actor.role, "request.estimate") is not None:
        return []
    asked = [
        Next(
            f"Estimate “{row.title}”.",
            f"{row.asked_by_name} asked for it {when_words(row.asked_at, 'day')}; nothing of it begins before the client "
            f"has approved the estimate. On {one.row.owner.name}.",
            "Estimate it",
            reverse("staff:request", args=[row.id]),
        )
        for row in to_estimate(one.row.id)[:2]
    ]
    approved = [
        Next(
            f"Do “{row.title}”.",
            "The client approved it and its hours are open. On a technician.",
            "Open the request",
            reverse("staff:request", args=[row.id]),
        )
        for row in to_do(one.row.id)[:1]
    ]
    return asked + approved


def _copies(one: look.Departure, actor: Actor) -> list[Next]:
    """Copies of backups: ask the vendor for what the client wishes, order what it approved (R7)."""
    if may(actor.role, "copy.quote") is not None:
        return []
    return [
        Next(
            f"Order the copy of {row.what}."
            if row.approved_net is not None
            else f"Have a copy of {row.what} quoted.",
            f"{row.asked_by.name} asked for it {when_words(row.asked_at, 'day')}. On {one.row.owner.name}.",
            "Open the copy",
            reverse("staff:copy", args=[row.id]),
        )
        for row in for_staff(one.row.client_id)[:2]
    ]


def _plan(one: look.Departure) -> list[Next]:
    """The steps that are overdue or next."""
    out = []
    for step in one.open_steps[:3]:
        late = step.due < one.today
        due = f"{'Was due' if late else 'Due'} {when_words(step.due, 'short')}, {until_words(step.due, 'late' if late else '')}."
        url = f"{reverse('staff:plan', args=[one.row.id])}#step-{step.id}"
        out.append(Next(f"{step.title}.", f"{due} On {look.whom(step)}.", "Open the step", url))
    return out


def _end(one: look.Departure, actor: Actor) -> list[Next]:
    closing = reverse("staff:closing", args=[one.row.id])
    acceptance = one.acceptance
    if (
        acceptance is not None
        and acceptance.state == "requested"
        and acceptance.signature_event.get("awaits_call_back")
    ):
        return [
            Next(
                "Call the signatory back.",
                "They signed the acceptance without a passkey. On a second employee.",
                "Log the call",
                closing,
            )
        ]
    if acceptance is None and one.service_ends <= one.today and may(actor.role, "acceptance.prepare") is None:
        return [
            Next(
                "Put the list before the client.",
                "Service has ended; the signatory goes through what was handed over.",
                "Prepare the list",
                closing,
            )
        ]
    return []
