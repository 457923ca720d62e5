# SPDX-License-Identifier: AGPL-3.0-or-later
"""The signatory accepts, rejects or waives each line, or objects to the whole, and signs as R1 asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from partwell.actions.authorisations.sign import passkey_problem
from partwell.actions.authorisations.text import proof_on_file
from partwell.actions.base import Deed
from partwell.actions.offboardings.common import finish_keys
from partwell.actions.offboardings.standing import list_digest, standings
from partwell.records.clients.models import Contact
from partwell.records.offboardings.models import Acceptance, AcceptanceLine
from partwell.records.people.models import StaffMember
from partwell.rules import consent, dates, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, ContactRole, OffboardingState

ANSWERS = ("accepted", "rejected", "waived")


@dataclass(frozen=True)
class Answers:
    """What the signatory says. ``lines``: line id → (answer, words); ``rest``: said of all others, "" for nothing.

    ``words``: exceptions or, with ``objects``, why the handover as a whole is not accepted.
    """

    lines: Mapping[UUID, tuple[str, str]] = field(default_factory=dict)
    rest: str = ""
    words: str = ""
    objects: bool = False


def _row(acceptance_id: UUID) -> Acceptance | None:
    return Acceptance.objects.select_related("offboarding__client").filter(pk=acceptance_id).first()


def sign_acceptance(
    *,
    actor: Actor,
    acceptance_id: UUID,
    answers: Answers,
    shown_digest: str,
    intent: bool,
    electronic_form: bool,
    passkey: dict[str, Any] | None = None,
    agent: str = "",
) -> Acceptance | Refusal:
    """Sign the list that was on screen (``shown_digest``). With the signatory's passkey it stands at once; without
    one it waits for a call-back by a second employee, and says so. A list that changed since must be prepared anew.
    """
    peek = _row(acceptance_id)
    if actor.kind != "client" or peek is None or peek.offboarding.client_id != actor.client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "acceptance.sign")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(peek.offboarding.client_id)
        row = _row(acceptance_id)
        assert row is not None  # nothing is ever deleted
        signer = Contact.objects.get(pk=actor.id)
        event = {
            **row.signature_event,
            "intent": intent,
            "electronic_form": electronic_form,
            "shown_digest": shown_digest,
            "signer": signer.id.hex,
            "name": signer.name,
            "title": signer.title,
            "at": deed.now.isoformat(),
            "address": actor.address,
            "agent": agent[:200],
            "identity": f"portal session by {actor.strength}",
            "objects": answers.objects,
        }
        if passkey:
            event["passkey"] = passkey
        lines = list(AcceptanceLine.objects.filter(acceptance=row))
        problem = _standing(row) or _answered(lines, answers)
        if problem is None and passkey:
            prepared = row.signature_event.get("prepared_by")
            problem = passkey_problem(
                passkey,
                signer.id,
                row.list_digest,
                row.offboarding.noticed_at,
                UUID(hex=prepared) if prepared else None,
            )
        if problem is None:
            problem = consent.may_sign(_facts(row, signer, event, passkey is not None, None))
        waits = problem is not None and problem.code == "second_factor_missing"
        if problem is not None and not waits:
            return deed.refuse(problem, subject=row.id, version=row.version, verb="acceptance.sign")
        _write_answers(deed, lines, answers)
        if waits:
            deed.save(
                row,
                signed_by=signer,
                words=answers.words.strip(),
                signature_event={**event, "awaits_call_back": True},
            )
            deed.record("acceptance.awaits_call_back", subjects=[row.id, row.offboarding_id],
                        to_client={"list_digest": row.list_digest})  # fmt: skip
            return row
        row.words = answers.words.strip()
        _stand(deed, row, signer, event, lines)
        return row


def confirm_acceptance_by_call(
    *, actor: Actor, acceptance_id: UUID, confirmed: bool, note: str = ""
) -> Acceptance | Refusal:
    """A second employee called the signatory on the number on file since before the notice (R1); it stands now, or not."""
    peek = _row(acceptance_id)
    if not actor.is_staff or peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "authorisation.call_back")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(peek.offboarding.client_id)
        row = _row(acceptance_id)
        assert row is not None  # nothing is ever deleted
        signer = row.signed_by
        if signer is None or not row.signature_event.get("awaits_call_back"):
            return deed.refuse(refuse("callback_missing"), subject=row.id, verb="acceptance.sign")
        caller = StaffMember.objects.get(pk=actor.id)
        call = consent.CallBack(
            caller.id.hex,
            caller.name,
            signer.id.hex,
            signer.phone_on_file_at if signer.phone else None,
            confirmed,
        )
        event = {key: value for key, value in row.signature_event.items() if key != "awaits_call_back"}
        problem = _standing(row) or consent.may_sign(_facts(row, signer, event, False, call))
        if problem is not None:
            return deed.refuse(problem, subject=row.id, version=row.version, verb="acceptance.sign")
        event["call_back"] = {"by": caller.name, "at": deed.now.isoformat(), "note": note.strip()}
        _stand(deed, row, signer, event, list(AcceptanceLine.objects.filter(acceptance=row)))
        return row


def _standing(row: Acceptance) -> Refusal | None:
    """Signed already, replaced, closed, or the list has changed since it was fixed."""
    if (closed := dates.still_open(OffboardingState(row.offboarding.state))) is not None:
        return closed
    if row.state == "replaced":
        return refuse("acceptance_list_changed")
    if row.state != "requested":
        return refuse("acceptance_signed")
    if list_digest(standings(row.offboarding.client_id)) != row.list_digest:
        return refuse("acceptance_list_changed")
    return None


def _answered(lines: list[AcceptanceLine], given: Answers) -> Refusal | None:
    said = {answer for answer, _ in given.lines.values()} | ({given.rest} if given.rest else set())
    if not said <= set(ANSWERS) or not given.lines.keys() <= {line.id for line in lines}:
        return refuse(
            "invalid_input", where="The answers", problem="each line is accepted, rejected or waived"
        )
    if given.objects:
        return None if given.words.strip() else refuse("objection_needs_words")
    open_lines = sum(line.id not in given.lines for line in lines)
    if open_lines and not given.rest:
        return refuse("acceptance_incomplete", count=open_lines)
    for line in lines:
        answer, words = given.lines.get(line.id, (given.rest, ""))
        if answer == "rejected" and not (words.strip() or given.words.strip()):
            return refuse("objection_needs_words")
    return None


def _write_answers(deed: Deed, lines: list[AcceptanceLine], given: Answers) -> None:
    for line in lines:
        line.answer, line.words = given.lines.get(line.id, (given.rest, ""))
    deed.save_many(AcceptanceLine, lines, ["answer", "words"])


def _facts(row: Acceptance, signer: Contact, event: dict[str, Any], passkey: bool, call: consent.CallBack | None
           ) -> consent.SigningFacts:  # fmt: skip
    """R1's rule of signing, asked of the list instead of the authorisation's text."""
    reference: datetime = row.offboarding.noticed_at
    return consent.SigningFacts(
        state=AuthorisationState.PROPOSED,
        signer_id=signer.id.hex,
        signer_name=signer.name,
        signer_role=ContactRole(signer.role),
        authority_proved=proof_on_file(signer) is not None,
        intent=bool(event.get("intent")),
        electronic_form=bool(event.get("electronic_form")),
        shown_digest=str(event.get("shown_digest", "")),
        document_digest=row.list_digest,
        second_address=bool(signer.second_email),
        preparer_staff_id=str(row.signature_event.get("prepared_by", "")),
        reference=reference,
        passkey_contact_id=signer.id.hex if passkey else None,
        call_back=call,
    )


def _stand(
    deed: Deed, row: Acceptance, signer: Contact, event: dict[str, Any], lines: list[AcceptanceLine]
) -> None:
    """Make it stand: state by what was said, the letter queued, the plan's step done."""
    counts = {answer: sum(line.answer == answer for line in lines) for answer in ANSWERS}
    exceptions = [line for line in lines if line.answer == "rejected" or line.words]
    state = "accepted"
    if event.get("objects"):
        state = "objected"
    elif exceptions or row.words:
        state = "exceptions"
    factor = "passkey" if event.get("passkey") else "call_back"
    deed.save(
        row, state=state, signed_by=signer, signed_at=deed.now, signature_event={**event, "factor": factor}
    )
    uid = deed.next_uid
    deed.job(
        "letter.acceptance",
        f"acceptance-letter:{row.id.hex}",
        client=row.offboarding.client_id,
        acceptance=row.id.hex,
        entry=uid.hex,
    )
    if state == "objected":
        deed.record(
            "acceptance.objected",
            subjects=[row.id, row.offboarding_id],
            to_client={"list_digest": row.list_digest, "words": row.words},
        )
        return
    deed.record(
        "acceptance.signed",
        subjects=[row.id, row.offboarding_id],
        to_client={
            "list_digest": row.list_digest,
            "exceptions": [line.words or row.words for line in exceptions[:200]],
            **counts,
        },
    )
    finish_keys(deed, row.offboarding_id, ["accept"], "Signed by the client.")
