# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may do what (DOMAIN.md) as one table: verb → roles. What is not in the table is refused.

This is the role's floor only: whose client, whose item and which state are asked elsewhere. Nobody
in this table may edit evidence, and no leaf of the ledger is ever erased: there is no verb for it. Personal
content beside the leaves goes by ``erasure.*`` alone, with two people and an entry that says so.
"""

from collections.abc import Mapping
from datetime import date

from partwell.rules.refusals import Refusal, refuse
from partwell.rules.verb_words import VERB_WORDS

OWNER, MANAGER, TECHNICIAN, AUDITOR = "owner", "account_manager", "technician", "auditor"
SIGNATORY, OBSERVER, PROVIDER, SYSTEM = "signatory", "observer", "person", "system"

ROLES = (OWNER, MANAGER, TECHNICIAN, AUDITOR, SIGNATORY, OBSERVER, PROVIDER, SYSTEM)

ROLE_LABELS: Mapping[str, str] = {
    OWNER: "owner",
    MANAGER: "account manager",
    TECHNICIAN: "technician",
    AUDITOR: "auditor",
    SIGNATORY: "client signatory",
    OBSERVER: "client observer",
    PROVIDER: "new provider",
    SYSTEM: "Partwell itself",
}

_OWNER = (OWNER,)
_OFFICE = (OWNER, MANAGER)
_WORK = (OWNER, MANAGER, TECHNICIAN)
_HANDS = (OWNER, TECHNICIAN)
_STAFF = (*_WORK, AUDITOR)
_CLIENT = (SIGNATORY, OBSERVER)
_RECIPIENTS = (SIGNATORY, PROVIDER)
_ALL = (*_STAFF, *_CLIENT, PROVIDER)

VERBS: Mapping[str, tuple[str, ...]] = {
    # the MSP and its people
    "msp.setup": _OWNER,
    "msp.configure": _OWNER,
    "staff.invite": _OWNER,
    "staff.change": _OWNER,
    "staff.leave": _OWNER,
    "staff.read": _STAFF,
    "token.make": _OWNER,
    "token.revoke": _OWNER,
    "security.read": _OWNER,
    "post_office.read": _OWNER,
    "search.read": _STAFF,
    "passkey.own": _CLIENT,
    "passkey.confirm": _WORK,
    # clients and agreements
    "client.add": _OFFICE,
    "client.change": _OFFICE,
    "client.read": (*_STAFF, *_CLIENT),
    "client.export": _OFFICE,
    "site.change": _OFFICE,
    "contact.add": _OFFICE,
    "contact.change": _OFFICE,
    "contact.own": _CLIENT,
    "authority.record": _OFFICE,
    "agreement.record": _OFFICE,
    "agreement.read": (*_STAFF, *_CLIENT),
    "pause.set": _OWNER,
    "pause.lift": _OWNER,
    # estate
    "estate.read": (*_STAFF, *_CLIENT),
    "estate.import": _WORK,
    "estate.undo": _WORK,
    "item.add": _WORK,
    "item.change": _WORK,
    "item.classify": _WORK,
    "item.waive": (SIGNATORY,),
    "picture.add": _WORK,
    "note.write": _WORK,
    "note.read": _STAFF,
    # offboarding
    "offboarding.open": _OFFICE,
    "offboarding.read": (*_STAFF, *_CLIENT),
    "offboarding.acknowledge": _OFFICE,
    "offboarding.withdraw_notice": (OWNER, MANAGER, SIGNATORY),
    "offboarding.close": _OFFICE,
    "plan.propose": _OFFICE,
    "plan.change": _OFFICE,
    "plan.approve": _OWNER,
    "plan.step_done": _WORK,
    "date.propose": (OWNER, MANAGER, SIGNATORY, PROVIDER),
    "date.agree": (SIGNATORY,),
    "date.decline": (SIGNATORY,),
    "term.propose": _OFFICE,
    "term.agree": (SIGNATORY,),
    # consent
    "recipient.add": _OFFICE,
    "recipient.change": _OFFICE,
    "authorisation.propose": _OFFICE,
    "authorisation.read": (*_STAFF, *_CLIENT, PROVIDER),
    "authorisation.sign": (SIGNATORY,),
    "authorisation.decline": (SIGNATORY,),
    "authorisation.narrow": (SIGNATORY,),
    "authorisation.withdraw": (SIGNATORY,),
    "authorisation.record_withdrawal": _OFFICE,
    "authorisation.call_back": _WORK,
    "authorisation.record_paper": _OFFICE,
    "terms.accept": (PROVIDER,),
    # releases and receipts
    "release.preview": _STAFF,
    "release.prepare": _WORK,
    "release.send": _WORK,
    "release.stop": _WORK,
    "release.read": _ALL,
    "release.approve": (SIGNATORY,),
    "release.decline": (SIGNATORY,),
    "receipt.confirm": _RECIPIENTS,
    "receipt.object": _RECIPIENTS,
    "receipt.answer": _WORK,
    "receipt.end_window": (SYSTEM,),
    "rotation.confirm": _RECIPIENTS,
    # credentials
    "credential.see": _HANDS,
    "credential.change": _HANDS,
    "credential.try": _HANDS,
    "credential.second": _HANDS,
    "credential.receive": _RECIPIENTS,
    "credential.purge": _HANDS,
    # correspondence
    "message.write": (*_WORK, SIGNATORY, PROVIDER),
    "message.read": _ALL,
    "message.receive": (SYSTEM,),
    "mail.settle": _OFFICE,
    "mail.own": _WORK,
    "mail.disown": (SIGNATORY,),
    "letter.change": _OFFICE,
    "call.log": _WORK,
    "call.correct": (SIGNATORY,),
    "promise.settle": _WORK,
    "meeting.plan": _WORK,
    "recording.ask": _WORK,
    "recording.answer": _ALL,
    "recording.hear": (*_STAFF, *_CLIENT),
    "digest.choose": (*_STAFF, *_CLIENT),
    "feed.make": (*_STAFF, *_CLIENT),
    "envelope.claim": (SYSTEM,),
    "envelope.settle": _OFFICE,
    # time and prepaid hours (R5)
    "time.read": (*_STAFF, *_CLIENT),
    "time.record": _WORK,
    "time.allow_goodwill": _OFFICE,
    "leave.give": _OWNER,
    "request.ask": (*_WORK, SIGNATORY, PROVIDER),
    "request.estimate": _WORK,
    "request.answer": (SIGNATORY,),
    "request.finish": _WORK,
    "billing.read": (OWNER, MANAGER, AUDITOR, *_CLIENT),
    "billing.issue": _OFFICE,
    "billing.override": _OWNER,
    "statement.make": _OFFICE,
    "payment.record": _OFFICE,
    "series.set": _OWNER,
    "profile.read": _STAFF,
    "profile.set": _OFFICE,
    # copies that a vendor ships (R7), the price list, clients who come back (R9)
    "copy.read": (*_STAFF, *_CLIENT),
    "copy.ask": (*_WORK, SIGNATORY),
    "copy.quote": _OFFICE,
    "copy.answer": (SIGNATORY,),
    "copy.bill": _OFFICE,
    "copy.ship": _WORK,
    "copy.arrive": (SIGNATORY,),
    "price.set": _OWNER,
    "return.read": (*_STAFF, *_CLIENT),
    "return.welcome": _OFFICE,
    "return.quote": _OFFICE,
    "return.exception": _OWNER,
    "return.answer": (SIGNATORY,),
    "return.lapse": (SYSTEM,),
    "onboarding.step": _WORK,
    # backup sets, holds, deletion and its proof (R6, R13, R15)
    "retention.read": (*_STAFF, *_CLIENT),
    "set.record": _WORK,
    "set.remove": _OFFICE,
    "set.return": _WORK,
    "only_copy.settle": _WORK,
    "only_copy.waive": (SIGNATORY,),
    "choice.make": (SIGNATORY,),
    "hold.place": _OFFICE,
    "hold.ask_lift": _OFFICE,
    "hold.lift": (OWNER, MANAGER, SIGNATORY),
    "deletion.propose": _WORK,
    "deletion.approve": (*_WORK, SIGNATORY),
    "deletion.list": _WORK,
    "deletion.start": _WORK,
    "deletion.except": _OWNER,
    "deletion.cancel": _OFFICE,
    "deletion.stop": _WORK,
    "deletion.object": (SIGNATORY,),
    "deletion.step": _WORK,
    "deletion.validate": (*_WORK, SIGNATORY),
    "deletion.certify": (*_OFFICE, SYSTEM),
    "destruction.record": _WORK,
    "destruction.validate": (*_WORK, SIGNATORY),
    "certificate.read": (*_STAFF, *_CLIENT),
    "retention.calendar": (SYSTEM,),
    # what stays and what goes of the record: content on request, the whole at its end, by two people (R4, R15)
    "erasure.read": (OWNER, MANAGER, AUDITOR, *_CLIENT),
    "erasure.propose": _OFFICE,
    "erasure.decide": (OWNER, MANAGER, SIGNATORY),
    "record.keep_longer": _OFFICE,
    "record.end": (SYSTEM,),
    "key.destroy": (SYSTEM,),
    # bundles, acceptance, ledger
    "bundle.request": (*_WORK, SIGNATORY, PROVIDER),
    "bundle.build": (SYSTEM,),
    "bundle.download": (*_WORK, SIGNATORY, PROVIDER),
    "acceptance.prepare": _WORK,
    "acceptance.sign": (SIGNATORY,),
    "timeline.read": _ALL,
    "ledger.read": (*_STAFF, *_CLIENT, PROVIDER),
    "ledger.check": (OWNER, AUDITOR, SYSTEM),
    "ledger.checkpoint": (OWNER, SYSTEM),
    "ledger.catch_up": _OWNER,
    "job.read": _STAFF,
    "job.run": (SYSTEM,),
}


def who_may(verb: str) -> tuple[str, ...]:
    """The roles that may do ``verb``; empty for a verb nobody wrote down."""
    return VERBS.get(verb, ())


def may(role: str, verb: str) -> Refusal | None:
    """None when ``role`` (StaffRole, ContactRole, "person" or "system") may do ``verb``, else why not.

    Fails closed: an unknown verb is ``rule_missing``, an unknown role is a stranger and gets 404.
    """
    allowed = VERBS.get(verb)
    if allowed is None:
        return refuse("rule_missing", what=verb)
    if role not in ROLE_LABELS:
        return refuse("not_found")
    if role in allowed:
        return None
    who = " or ".join(_one(ROLE_LABELS[one]) for one in allowed)
    return refuse("not_your_role", role=ROLE_LABELS[role], what=VERB_WORDS.get(verb, "do this"), who=who)


def _one(label: str) -> str:
    if label == ROLE_LABELS[SYSTEM]:
        return label
    return f"{'an' if label[0] in 'aeiou' else 'a'} {label}"


def auditor_stands(until: date | None, today: date) -> Refusal | None:
    """An auditor reads for a time; without an end on record the access has ended (fail closed)."""
    if until is None:
        return refuse("auditor_expired", end="record")
    return refuse("auditor_expired", end=until) if today > until else None


def second_person(first_id: str, second_id: str, second_name: str, what: str) -> Refusal | None:
    """R15: nobody approves their own."""
    if not second_id or first_id == second_id:
        return refuse("second_person_needed", person=second_name or "One person", what=what)
    return None
