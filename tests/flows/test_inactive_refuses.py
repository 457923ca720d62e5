# SPDX-License-Identifier: AGPL-3.0-or-later
"""An inactive client is read: every verb of staff that writes is tried on one, and what stays possible says why (R4).

The departure is closed here with everything still lying about: a release under way, an open request, a proposal,
a staged import, a pause. Closing proper leaves none of that; the verbs must refuse by themselves all the same.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from partwell.actions.authorisations.call_back import log_call_back
from partwell.actions.authorisations.paper import record_paper
from partwell.actions.authorisations.propose import propose_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient, person_left
from partwell.actions.base import Deed
from partwell.actions.billing.issue import NewLine, issue_invoice
from partwell.actions.billing.law_profiles import set_profile
from partwell.actions.billing.record_payment import Received, record_payment
from partwell.actions.billing.returning import Offer, send_quote, set_step, stop_return
from partwell.actions.billing.shipped_copies import answer_not_shipped, ask_for_copy
from partwell.actions.billing.statement_letter import make_statement
from partwell.actions.clients.add_backup_set import add_backup_set
from partwell.actions.clients.add_contact import NewContact, add_contact
from partwell.actions.clients.add_site import add_site
from partwell.actions.clients.change_client import change_client
from partwell.actions.clients.change_contact import change_contact
from partwell.actions.clients.lift_pause import lift_pause
from partwell.actions.clients.record_agreement import AgreementTerms, record_agreement
from partwell.actions.clients.record_authority import record_authority
from partwell.actions.clients.set_pause import set_pause
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.write_message import CLIENT, INTERNAL, Draft, write_message
from partwell.actions.estate.add_item import add_item
from partwell.actions.estate.attach_document import attach_document
from partwell.actions.estate.change_item import change_item, remove_item
from partwell.actions.estate.classify_items import ItemFilter, classify_items
from partwell.actions.estate.confirm_import import confirm_import
from partwell.actions.estate.record_handover import record_handover
from partwell.actions.estate.secrets import see_secret, store_secret
from partwell.actions.estate.start_import import read_again, start_import
from partwell.actions.estate.take_picture import take_picture
from partwell.actions.estate.try_credential import label_untested, second_credential, try_credential
from partwell.actions.estate.undo_import import undo_import
from partwell.actions.hours.give_leave import give_leave
from partwell.actions.hours.import_time import Choices, import_time
from partwell.actions.hours.record_time import Work, record_time, reverse_time
from partwell.actions.hours.requests import ask_for_work, cancel_request, estimate_request
from partwell.actions.hours.split_time import split_time
from partwell.actions.hours.timers import About, start_timer
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.close_offboarding import close_offboarding
from partwell.actions.offboardings.move_dates import propose_date
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.plan_steps import (
    add_step,
    change_step,
    finish_step,
    move_step,
    remove_step,
    reopen_step,
)
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.actions.offboardings.sign_acceptance import confirm_acceptance_by_call
from partwell.actions.offboardings.withdraw_notice import withdraw_notice
from partwell.actions.people.passkeys import confirm_passkey
from partwell.actions.releases.receive import answer_objection
from partwell.actions.releases.release_items import release_items
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.reveal import allow_reveal
from partwell.connectors.secret import Secret
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.billing.models import OnboardingStep, ReturnQuote, ShippedCopy
from partwell.records.estate.models import Import
from partwell.records.evidence.models import Entry
from partwell.records.offboardings.models import Acceptance, LawfulPause, Offboarding, PlanStep
from partwell.records.people.models import Passkey
from partwell.records.releases.models import ReleaseLine
from partwell.rules import lifecycle, roles
from partwell.rules.dates import TransitionTerm
from partwell.rules.hours import Rest, WorkClass, WorkKind
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Channel, Destination, Party, Reason, RecipientKind
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, propose, scope
from tests.flows.estate_cast import confirmed, staged
from tests.support.worlds import World

# What staff read, and what is about the house rather than a client.
READ = {"search.read", "staff.read", "security.read", "post_office.read", "client.read", "client.export", "agreement.read", "estate.read",
        "note.read", "offboarding.read", "authorisation.read", "release.preview", "release.read", "message.read", "timeline.read",
        "ledger.read", "ledger.check", "erasure.read", "job.read", "time.read", "copy.read", "return.read", "billing.read", "profile.read",
        "retention.read", "certificate.read", "recording.hear"}  # fmt: skip
HOUSE = {"msp.setup", "msp.configure", "staff.invite", "staff.change", "staff.leave", "token.make", "token.revoke", "ledger.checkpoint", "ledger.catch_up",
         "client.add", "series.set", "price.set", "letter.change", "digest.choose", "feed.make"}  # fmt: skip
CSV = b"Asset Tag,Serial,Asset Name\nNT-1,S1,Router\n"
NOT_OFFERED = ("Add one item", "Import files", "Release items", "Change it", "Record a notice",
               "Prepare an authorisation")  # fmt: skip


@dataclass
class Leftovers:
    """The client after closing, with what was still under way."""

    c: Cast
    row: Offboarding
    step: PlanStep
    finished: PlanStep
    staged: Import
    brought: Import
    pause: LawfulPause
    proposal: Any
    acceptance: Acceptance
    credential: ReleaseLine
    passkey: Passkey
    copy: ShippedCopy
    onboarding: OnboardingStep
    asked: Any
    worked: Any

    @property
    def client(self) -> Any:
        return self.c.northwick.id

    def item(self, name: str) -> Any:
        return self.c.items[name].id


@pytest.fixture
def left(db_world: World) -> Leftovers:
    c = cast(signed=True)
    row = Offboarding.objects.get(client=c.northwick)
    done(propose_plan(actor=c.ines, offboarding_id=row.id))
    steps = PlanStep.objects.filter(offboarding=row)
    freeze, inventory = steps.get(key="freeze"), steps.get(key="inventory")
    done(finish_step(actor=c.dan, step_id=freeze.id))
    brought = confirmed(c.dan, staged(c.dan, c.northwick, ("brought.csv", CSV)))
    waits = staged(c.dan, c.northwick, ("waits.csv", CSV.replace(b"NT-1", b"NT-2").replace(b"S1", b"S2")))
    c.release("router")
    pause = done(set_pause(actor=c.jonah, client_id=c.northwick.id, ground="court_order", note="Order 7/26"))
    proposal = propose(c)
    acceptance = done(prepare_acceptance(actor=c.dan, offboarding_id=row.id))
    with Deed(c.mara) as deed:
        deed.lock(c.northwick.id)
        passkey = deed.add(
            Passkey(
                kind="client",
                person_id=c.mara.id,
                label="Her phone",
                credential_id="00",
                public_key="",
                created_at=deed.now,
            )
        )
        deed.record("passkey.added", subjects=[passkey.id], to_client={"label": "Her phone"})
    copy = done(ask_for_copy(actor=c.mara, client_id=c.northwick.id, what="Files", ship_to="1 Quay Street"))
    asked = done(ask_for_work(actor=c.mara, offboarding_id=row.id, title="A diagram"))
    worked = done(record_time(actor=c.dan, client_id=c.northwick.id, work=a_piece()))
    with Deed(c.ines) as deed:  # of an earlier return: its checklist was never gone through
        deed.lock(c.northwick.id)
        quote = deed.add(ReturnQuote(client=c.northwick, normal_fee=1, fee=1, currency="EUR", valid_until=tomorrow(), state="accepted",
                                     sent_by_id=c.ines.id, sent_at=deed.now))  # fmt: skip
        onboarding = deed.add(OnboardingStep(quote=quote, position=1, title="Sign"))
        deed.record("return.letter_filed", subjects=[quote.id], to_client={"digest": ""})
    with Deed(c.ines) as deed:
        client = deed.lock(c.northwick.id)
        deed.save(Offboarding.objects.get(pk=row.id), state="closed", closed_at=deed.now)
        deed.save(client, state="inactive")
        deed.record("client.became", subjects=[row.id], public={"state": "inactive"})
    return Leftovers(c, row, inventory, PlanStep.objects.get(pk=freeze.id), waits, brought, pause, proposal, acceptance,
                     ReleaseLine.objects.get(item=c.items["router"]), passkey, copy, onboarding, asked, worked)  # fmt: skip


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 20), "navy").save(out, "PNG")
    return out.getvalue()


def tomorrow(days: int = 1) -> date:
    return timezone.localdate() + timedelta(days=days)


def a_piece() -> Work:
    return Work(
        15, timezone.now() - timedelta(minutes=20), WorkClass.OFFBOARDING, WorkKind.AS_IS, "Handed over"
    )


def a_notice() -> Notice:
    return Notice(timezone.now(), Channel.CALL, Reason.IN_HOUSE, Destination.CLIENT_STAFF, tomorrow(30))


def a_line() -> NewLine:
    return NewLine("Drive", Decimal(1), Decimal(50))


def a_paper(left: Leftovers) -> Any:
    return done(issue_invoice(actor=left.c.ines, client_id=left.client, kind="invoice", lines=[a_line()])).id


Tries = dict[str, Callable[[Leftovers], list[Callable[[], Any]]]]

# Each verb of staff that writes about a client, done by somebody who may.
REFUSED: Tries = {
    "client.change": lambda a: [
        lambda: change_client(actor=a.c.ines, client_id=a.client, name="Northwick & Sons"),
        lambda: add_backup_set(actor=a.c.ines, client_id=a.client, name="Vault", location="Berlin"),
    ],
    "site.change": lambda a: [lambda: add_site(actor=a.c.ines, client_id=a.client, name="Depot")],
    "authority.record": lambda a: [lambda: record_authority(actor=a.c.ines, contact_id=a.c.mara.id, kind="Minutes")],
    "agreement.record": lambda a: [lambda: record_agreement(actor=a.c.ines, client_id=a.client, terms=AgreementTerms(
        signed_on=date(2024, 1, 1), included_hours=Decimal(4), hourly_rate=Decimal(1), block_hours=Decimal(1), currency="EUR"))],
    "pause.set": lambda a: [lambda: set_pause(actor=a.c.jonah, client_id=a.client, ground="compromise", note="x")],
    "pause.lift": lambda a: [lambda: lift_pause(actor=a.c.jonah, pause_id=a.pause.id, reason="Over")],
    "estate.import": lambda a: [
        lambda: start_import(actor=a.c.dan, client_id=a.client, uploads=[("a.csv", io.BytesIO(CSV))]),
        lambda: confirm_import(actor=a.c.dan, client_id=a.client, import_id=a.staged.id),
        lambda: read_again(actor=a.c.dan, client_id=a.client, import_id=a.staged.id),
    ],
    "estate.undo": lambda a: [lambda: undo_import(actor=a.c.dan, client_id=a.client, import_id=a.brought.id)],
    "item.add": lambda a: [lambda: add_item(actor=a.c.dan, client_id=a.client, title="Late", category="other", kind="document")],
    "item.change": lambda a: [
        lambda: change_item(actor=a.c.dan, client_id=a.client, item_id=a.item("switch"), title="Other"),
        lambda: remove_item(actor=a.c.dan, client_id=a.client, item_id=a.item("switch"), reason="Gone"),
        lambda: record_handover(actor=a.c.dan, client_id=a.client, item_id=a.item("switch"), condition="bad"),
        lambda: attach_document(actor=a.c.dan, client_id=a.client, item_id=a.item("diagram"), name="a.txt", stream=io.BytesIO(b"new")),
    ],
    "item.classify": lambda a: [lambda: classify_items(actor=a.c.dan, client_id=a.client, rule=ItemFilter(owner="unknown"), sets={"owner": "msp"})],
    "picture.add": lambda a: [lambda: take_picture(actor=a.c.dan, client_id=a.client, subject_kind="item", subject_id=a.item("switch"), data=png(),
                                                   nothing_to_redact=True)],
    "credential.change": lambda a: [lambda: store_secret(actor=a.c.dan, client_id=a.client, item_id=a.item("router"), field="password", value=Secret("x"))],
    "credential.see": lambda a: [lambda: see_secret(actor=a.c.dan, client_id=a.client, item_id=a.item("router"), field="password", purpose="Curiosity")],
    "credential.try": lambda a: [
        lambda: try_credential(actor=a.c.dan, client_id=a.client, item_id=a.item("router"), outcome="worked"),
        lambda: label_untested(actor=a.c.dan, client_id=a.client, item_ids=[a.item("router")]),
    ],
    "credential.second": lambda a: [lambda: second_credential(actor=a.c.priya, client_id=a.client, item_id=a.item("router"))],
    "offboarding.open": lambda a: [lambda: open_offboarding(actor=a.c.ines, client_id=a.client, notice=a_notice())],
    "offboarding.acknowledge": lambda a: [lambda: acknowledge_notice(actor=a.c.ines, offboarding_id=a.row.id)],
    "offboarding.withdraw_notice": lambda a: [lambda: withdraw_notice(actor=a.c.ines, offboarding_id=a.row.id)],
    "offboarding.close": lambda a: [lambda: close_offboarding(actor=a.c.ines, offboarding_id=a.row.id)],
    "plan.propose": lambda a: [lambda: propose_plan(actor=a.c.ines, offboarding_id=a.row.id)],
    "plan.change": lambda a: [
        lambda: change_step(actor=a.c.ines, step_id=a.step.id, title="Other"),
        lambda: move_step(actor=a.c.ines, step_id=a.step.id, earlier=True),
        lambda: remove_step(actor=a.c.ines, step_id=a.step.id, reason="No"),
        lambda: add_step(actor=a.c.ines, offboarding_id=a.row.id, title="More", due=tomorrow()),
    ],
    "plan.approve": lambda a: [lambda: finish_step(actor=a.c.jonah, step_id=PlanStep.objects.get(offboarding=a.row, key="approve_plan").id)],
    "plan.step_done": lambda a: [
        lambda: finish_step(actor=a.c.dan, step_id=a.step.id),
        lambda: reopen_step(actor=a.c.dan, step_id=a.finished.id, reason="No"),
    ],
    "date.propose": lambda a: [lambda: propose_date(actor=a.c.ines, offboarding_id=a.row.id, effective_on=tomorrow(70))],
    "term.propose": lambda a: [lambda: propose_date(actor=a.c.ines, offboarding_id=a.row.id, term=TransitionTerm("Mail", Decimal(1), "EUR", tomorrow(99)))],
    "recipient.add": lambda a: [
        lambda: add_recipient(actor=a.c.ines, client_id=a.client, firm="Another Firm", kind=RecipientKind.CONTRACTOR),
        lambda: add_person(actor=a.c.ines, recipient_id=a.c.recipient.id, name="New One", email="new@alderrow.example"),
    ],
    "authorisation.propose": lambda a: [lambda: propose_authorisation(actor=a.c.ines, recipient_id=a.c.recipient.id, signatory_id=a.c.mara.id, scope=scope(a.c))],
    "authorisation.call_back": lambda a: [
        lambda: log_call_back(actor=a.c.priya, authorisation_id=a.proposal.id, confirmed=True),
        lambda: confirm_acceptance_by_call(actor=a.c.priya, acceptance_id=a.acceptance.id, confirmed=True),
    ],
    "authorisation.record_paper": lambda a: [lambda: record_paper(actor=a.c.ines, recipient_id=a.c.recipient.id, signatory_id=a.c.mara.id, scope=scope(a.c),
                                                                  channel=Channel.LETTER, scan=b"%PDF-1.7", scan_name="a.pdf", scan_type="application/pdf")],
    "release.send": lambda a: [
        lambda: release_items(actor=a.c.dan, client_id=a.client, target=a.c.to_provider(), item_ids=a.c.ids("diagram"), idempotency="p"),
        lambda: release_items(actor=a.c.dan, client_id=a.client, target=a.c.to_client(), item_ids=a.c.ids("diagram"), idempotency="c"),
        lambda: allow_reveal(actor=a.c.dan, line_id=a.credential.id, person_id=a.c.theo.id, reason="Again"),
    ],
    "receipt.answer": lambda a: [lambda: answer_objection(actor=a.c.dan, line_id=a.credential.id, words="It is there.")],
    "acceptance.prepare": lambda a: [lambda: prepare_acceptance(actor=a.c.dan, offboarding_id=a.row.id)],
    "return.quote": lambda a: [
        lambda: send_quote(actor=a.c.jonah, client_id=a.client, offer=Offer(tomorrow(9))),
        lambda: stop_return(actor=a.c.ines, client_id=a.client, reason="No"),
    ],
    "onboarding.step": lambda a: [lambda: set_step(actor=a.c.dan, step_id=a.onboarding.id, done=True)],
    "time.record": lambda a: [
        lambda: record_time(actor=a.c.dan, client_id=a.client, work=a_piece()),
        lambda: split_time(actor=a.c.ines, client_id=a.client, work=a_piece()),
        lambda: split_time(actor=a.c.dan, client_id=a.client, work=a_piece(), rest=Rest.ASK),
        lambda: reverse_time(actor=a.c.dan, entry_id=a.worked.id, why="Wrong day"),
        lambda: start_timer(actor=a.c.dan, client_id=a.client, about=About(WorkClass.SERVICE)),
        lambda: import_time(actor=a.c.dan, client_id=a.client, raw=b"Date,Hours,Note\n2026-03-02,1,Call\n", name="a.csv", choices=Choices(WorkClass.SERVICE)),
    ],
    "leave.give": lambda a: [lambda: give_leave(actor=a.c.jonah, client_id=a.client, minutes=60, reason="A flood")],
    "request.ask": lambda a: [lambda: ask_for_work(actor=a.c.ines, offboarding_id=a.row.id, title="More")],
    "request.estimate": lambda a: [lambda: estimate_request(actor=a.c.dan, request_id=a.asked.id, minutes=30, kind=WorkKind.OTHER)],
    "request.finish": lambda a: [lambda: cancel_request(actor=a.c.dan, request_id=a.asked.id, words="Late")],
}  # fmt: skip
# Verbs that no action asks for by itself: what they stand for is asked under the verb beside it.
UNDER = {
    "release.prepare": "release.send",
    "time.allow_goodwill": "time.record",
    "return.exception": "return.quote",
}

ALLOWED: Tries = {
    "passkey.confirm": lambda a: [lambda: confirm_passkey(actor=a.c.priya, passkey_id=a.passkey.id, confirmed=True)],
    "note.write": lambda a: [lambda: write_message(actor=a.c.dan, client_id=a.client, draft=Draft("A claim", "Looked into", INTERNAL))],
    "message.write": lambda a: [lambda: write_message(actor=a.c.ines, client_id=a.client, draft=Draft("Your question", "Here", CLIENT))],
    "call.log": lambda a: [lambda: log_call(actor=a.c.ines, client_id=a.client, notes=CallNotes(with_whom="Mara Ellery", summary="Asked for the record",
                                                                                                happened_at=timezone.now()))],
    "contact.add": lambda a: [lambda: add_contact(actor=a.c.ines, client_id=a.client, contact=NewContact("New Head", "head@northwick.example"))],
    "contact.change": lambda a: [lambda: change_contact(actor=a.c.ines, contact_id=a.c.tom.id, title="Chair")],
    "recipient.change": lambda a: [lambda: person_left(actor=a.c.ines, person_id=RecipientPerson.objects.get(name="Sunniva Aas").id)],
    "bundle.request": lambda a: [lambda: request_bundle(actor=a.c.ines, client_id=a.client, to=Party.CLIENT)],
    "copy.ask": lambda a: [lambda: ask_for_copy(actor=a.c.ines, client_id=a.client, what="Mail archive", ship_to="1 Quay Street", asked_by_id=a.c.mara.id)],
    "copy.quote": lambda a: [lambda: answer_not_shipped(actor=a.c.ines, copy_id=a.copy.id, vendor="Cloudkeep", alternatives="A download")],
    "billing.issue": lambda a: [lambda: issue_invoice(actor=a.c.ines, client_id=a.client, kind="invoice", lines=[a_line()])],
    "statement.make": lambda a: [lambda: make_statement(actor=a.c.ines, client_id=a.client)],
    "payment.record": lambda a: [lambda: record_payment(actor=a.c.ines, invoice_id=a_paper(a), received=Received(Decimal(1), "EUR", date(2026, 1, 1), "TRN 1"))],
    "profile.set": lambda a: [lambda: set_profile(actor=a.c.ines, client_id=a.client, code="gdpr", reason="Personal data")],
}  # fmt: skip
# What stays possible is done elsewhere in the tests: settling a lost mail, purging, stopping, ending consent, fetching.
ELSEWHERE = {
    "mail.settle", "mail.own",  # tests/flows/test_mail_pages.py
    "envelope.settle", "credential.purge", "copy.bill", "copy.ship", "return.welcome", "release.stop", "authorisation.record_withdrawal",
    "bundle.download", "billing.override", "promise.settle", "meeting.plan", "recording.ask", "recording.answer",  # test_meetings.py, test_recordings.py
    "erasure.propose", "erasure.decide", "record.keep_longer",  # tests/flows/test_erasure_content.py, test_record_end.py
    # retention begins when the client has left: tests/flows/test_keeping.py, test_deletion*.py, test_certificates.py
    "set.record", "set.remove", "set.return", "only_copy.settle", "hold.place", "hold.ask_lift", "hold.lift",
    "deletion.propose", "deletion.approve", "deletion.list", "deletion.start", "deletion.stop", "deletion.step", "deletion.except",
    "deletion.cancel", "deletion.validate", "deletion.certify", "destruction.record", "destruction.validate",
}  # fmt: skip


def test_no_verb_of_staff_is_forgotten() -> None:
    staff = {"owner", "account_manager", "technician", "auditor"}
    writes = {verb for verb, who in roles.VERBS.items() if staff & set(who)} - READ - HOUSE
    assert writes == set(REFUSED) | set(UNDER) | set(lifecycle.AFTER_CLOSING)
    assert set(ALLOWED) | ELSEWHERE == set(lifecycle.AFTER_CLOSING)
    assert all(why.endswith(".") for why in lifecycle.AFTER_CLOSING.values())


@pytest.mark.both_databases
def test_every_operational_verb_is_refused(left: Leftovers) -> None:
    before = Entry.objects.exclude(type="refusal.recorded").count()
    passed = []
    for verb, tries in REFUSED.items():
        for number, attempt in enumerate(tries(left)):
            result = attempt()
            if not isinstance(result, Refusal):
                passed.append(f"{verb} {number}: {result!r}")
            elif result.status not in (409, 422) or not result.sentence:
                passed.append(f"{verb} {number}: refused with {result.code}")
    assert not passed, "\n".join(passed)
    assert Entry.objects.exclude(type="refusal.recorded").count() == before, (
        "nothing but refusals is on record"
    )


def test_the_record_is_still_kept(left: Leftovers) -> None:
    for verb, tries in ALLOWED.items():
        for attempt in tries(left):
            result = attempt()
            assert not isinstance(result, Refusal), f"{verb}: {result}"


def test_nothing_goes_to_the_former_new_provider(left: Leftovers) -> None:
    draft = Draft("Hello", "Still here?", "all", recipient_id=left.c.recipient.id)
    assert isinstance(write_message(actor=left.c.ines, client_id=left.client, draft=draft), Refusal)
    bundle = request_bundle(
        actor=left.c.ines, client_id=left.client, to=Party.PROVIDER, recipient_id=left.c.recipient.id
    )
    assert isinstance(bundle, Refusal)


def test_the_pages_of_an_inactive_client_offer_nothing_that_is_refused(left: Leftovers) -> None:
    at = [left.client]
    pages = [
        reverse(f"staff:{name}", args=at)
        for name in ("client", "client_estate", "client_releases", "client_consents", "client_evidence")
    ]
    pages += [reverse(f"staff:{name}", args=[left.row.id]) for name in ("offboarding", "plan", "dates", "closing", "offboarding_estate",
              "offboarding_said", "offboarding_evidence")]  # fmt: skip
    pages.append(reverse("staff:item", args=[left.client, left.item("switch")]))
    pages.append(reverse("staff:item", args=[left.client, left.item("router")]))
    for actor in (left.c.jonah, left.c.ines, left.c.dan):
        browser = browser_of(actor)
        for url in pages:
            answer = browser.get(url)
            assert answer.status_code == 200, url
            main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
            writes = [part for part in main.split("<form")[1:] if 'method="post"' in part.partition(">")[0]]
            writes = [one for one in writes if "/left/" not in one.partition(">")[0]]  # AFTER_CLOSING
            assert not writes, f"{url} offers {writes[0][:200]}"
            for words in NOT_OFFERED:
                assert words not in main, f"{url} offers “{words}”"
