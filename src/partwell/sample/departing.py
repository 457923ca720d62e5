# SPDX-License-Identifier: AGPL-3.0-or-later
"""Other departures, each at another point: yesterday's notice, one in-house, one that closes down, one paused, one closed."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from partwell.actions.authorisations.propose import Scope, propose_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.authorisations.sign import sign_authorisation
from partwell.actions.clients.add_contact import NewContact
from partwell.actions.clients.record_agreement import AgreementTerms
from partwell.actions.clients.set_pause import set_pause
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.close_offboarding import close_offboarding
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.plan_steps import finish_step
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.actions.offboardings.sign_acceptance import Answers, confirm_acceptance_by_call, sign_acceptance
from partwell.actions.releases.gate import Target
from partwell.actions.releases.receive import confirm_receipt
from partwell.actions.releases.release_items import release_items
from partwell.rules.actor import Actor
from partwell.rules.terms import Category, Channel, Destination, Party, Reason, RecipientKind, ScopePreset
from partwell.sample import kept
from partwell.sample.active import TERMS, paper
from partwell.sample.steps import House, Person, done, items, new_client, run_jobs

HARROW = "Harrow Freight"


def load(house: House) -> None:
    """Castellan, Oakhurst, Brightwater, Pellam, and Harrow up to its last step."""
    _castellan(house)
    _oakhurst(house)
    _brightwater(house)
    _pellam(house)
    _harrow(house)


def _open(house: House, client: Any, reason: Reason, destination: Destination, *, days: int, noticed: timedelta = timedelta(0),
          channel: Channel = Channel.LETTER, **more: Any) -> Any:  # fmt: skip
    now = timezone.now()
    return done(open_offboarding(actor=house.ines, client_id=client, notice=Notice(
        noticed_at=now - noticed, channel=channel, reason=reason, destination=destination,
        end_of_service=timezone.localdate() + timedelta(days=days), **more)))  # fmt: skip


def _castellan(house: House) -> None:
    """Yesterday's notice by telephone: nothing is planned yet. That it was yesterday is what Ines says."""
    client, people = new_client(house, "Castellan Architects", domain="castellan.example", terms=TERMS, served_since=date(2020, 1, 15),
                                people=[Person("Vera Castellan", "vera@castellan.example", "Partner", "vera@studio.example", "+44 20 5550 410", signs=True)])  # fmt: skip
    paper(house, client, "Network diagram", Category.DIAGRAMS)
    _open(house, client, Reason.IN_HOUSE, Destination.CLIENT_STAFF, days=90, noticed=timedelta(days=1), channel=Channel.CALL,
          notice_from_id=people["Vera Castellan"].id, text="Vera called: they will employ somebody of their own from spring.",
          pain_points=["We could not reach anybody on Saturdays."])  # fmt: skip


def _oakhurst(house: House) -> None:
    """Sold: the acquirer's IT takes over; signed by the signatory, and nobody has called back yet."""
    client, people = new_client(house, "Oakhurst Nurseries", domain="oakhurst.example", terms=TERMS, served_since=date(2018, 3, 1),
                                people=[Person("Silas Oak", "silas@oakhurst.example", "Director", "silas.oak@post.example", "+44 20 5550 520", signs=True)])  # fmt: skip
    paper(house, client, "Site plan and cabling diagram", Category.DIAGRAMS)
    row = _open(
        house, client, Reason.SOLD, Destination.ACQUIRER_IT, days=45, notice_from_id=people["Silas Oak"].id
    )
    done(propose_plan(actor=house.ines, offboarding_id=row.id))
    recipient = done(
        add_recipient(
            actor=house.ines, client_id=client, firm="Greenfold Group IT", kind=RecipientKind.NEW_PROVIDER
        )
    )
    person = done(
        add_person(
            actor=house.ines, recipient_id=recipient.id, name="Jana Holt", email="jana@greenfold.example"
        )
    )
    today = timezone.localdate()
    asked = done(propose_authorisation(actor=house.ines, recipient_id=recipient.id, signatory_id=people["Silas Oak"].id, scope=Scope(
        starts_on=today, ends_on=today + timedelta(days=60), presets=(ScopePreset.DOCUMENTATION,), person_ids=(person.id,))))  # fmt: skip
    done(sign_authorisation(actor=people["Silas Oak"], authorisation_id=asked.id, shown_digest=asked.text_digest, intent=True,
                            electronic_form=True))  # fmt: skip


def _brightwater(house: House) -> None:
    """Closes down: nobody takes over, and an attorney speaks for it afterwards."""
    client, people = new_client(house, "Brightwater Charity", domain="brightwater.example", terms=TERMS, served_since=date(2016, 8, 1),
                                people=[Person("Dora Finch", "dora@brightwater.example", "Chair", "dora.finch@post.example", "+44 20 5550 610", signs=True)])  # fmt: skip
    row = _open(house, client, Reason.CLOSES, Destination.NOBODY, days=30, notice_from_id=people["Dora Finch"].id,
                outside=NewContact("Rafe Quill", "rafe@quill-law.example", title="Attorney of the charity"),
                renewal_note="Accounts must be kept for six years.")  # fmt: skip
    done(acknowledge_notice(actor=house.ines, offboarding_id=row.id))
    done(propose_plan(actor=house.ines, offboarding_id=row.id))
    house.say("Brightwater Charity closes down")


def _pellam(house: House) -> None:
    """The MSP ends it; two partners both claim to sign, so releases are paused. That is no question of money (R11)."""
    client, people = new_client(house, "Pellam Legal", legal_name="Pellam Legal LLP", domain="pellam.example", terms=TERMS,
                                people=[Person("Ada Pellam", "ada@pellam.example", "Partner", "ada.pellam@post.example", "+44 20 5550 710", signs=True),
                                        Person("Cosmo Pellam", "cosmo@pellam.example", "Partner", "cosmo@home.example", "+44 20 5550 711", signs=True)])  # fmt: skip
    row = _open(house, client, Reason.MSP_ENDS, Destination.NEW_MSP, days=60, clause="12", notice_from_id=people["Ada Pellam"].id,
                text="Ended by Harbourline IT with sixty days' notice.")  # fmt: skip
    done(propose_plan(actor=house.ines, offboarding_id=row.id))
    done(set_pause(actor=house.jonah, client_id=client, ground="rival_signatories",
                   note="Ada and Cosmo Pellam name different providers; both letters are with counsel."))  # fmt: skip
    kept.pellam(house, client)


def _harrow(house: House) -> None:
    """A same-day departure into the client's own hands, handed over and signed; ``close_harrow`` ends it."""
    terms = AgreementTerms(signed_on=date(2021, 1, 1), included_hours=Decimal(4), hourly_rate=Decimal(110), block_hours=Decimal(2),
                           currency="GBP", notice_days=0, ownership=TERMS.ownership)  # fmt: skip
    client, people = new_client(house, HARROW, legal_name="Harrow Freight Ltd", domain="harrow.example", terms=terms, served_since=date(2021, 1, 1),
                                people=[Person("Uma Harrow", "uma@harrow.example", "Managing director", "uma.harrow@post.example", "+44 20 5550 810", signs=True)])  # fmt: skip
    uma = people["Uma Harrow"]
    for title, category in (
        ("Network diagram", Category.DIAGRAMS),
        ("Despatch procedures", Category.PROCESS_DOCS),
        ("Scan of 2025", Category.AUDIT_REPORTS),
    ):
        paper(house, client, title, category)
    kept.harrow(house, client)
    row = _open(house, client, Reason.IN_HOUSE, Destination.CLIENT_STAFF, days=0, notice_from_id=uma.id,
                pain_points=["You were too small for our three sites."])  # fmt: skip
    done(acknowledge_notice(actor=house.ines, offboarding_id=row.id))
    run_jobs()
    done(propose_plan(actor=house.ines, offboarding_id=row.id))
    contact = row.client.contacts.get(pk=uma.id)
    released = done(release_items(actor=house.dan, client_id=client, target=Target(Party.CLIENT, contact=contact),
                                  item_ids=[one.id for one in items(client)], idempotency="sample-harrow-1")).release  # fmt: skip
    assert released is not None
    done(confirm_receipt(actor=uma, line_ids=[line.id for line in released.lines.all()], words="All there."))
    _sign_off(house, row, uma)
    house.say("Harrow Freight handed over and signed")


def _sign_off(house: House, row: Any, uma: Actor) -> None:
    asked = done(prepare_acceptance(actor=house.dan, offboarding_id=row.id))
    done(sign_acceptance(actor=uma, acceptance_id=asked.id, answers=Answers(rest="accepted"), shown_digest=asked.list_digest, intent=True,
                         electronic_form=True))  # fmt: skip
    done(
        confirm_acceptance_by_call(
            actor=house.priya, acceptance_id=asked.id, confirmed=True, note="Reached Uma at the office."
        )
    )
    waiting = True
    while waiting:
        steps = list(
            row.steps.filter(done_at=None, removed_at=None, blocks_closing=True).exclude(key="accept")
        )
        finished = {step.key for step in row.steps.exclude(done_at=None)} | {
            step.key for step in row.steps.exclude(removed_at=None)
        }
        ready = [step for step in steps if set(step.after) <= finished]
        for step in ready:
            done(finish_step(actor=house.jonah, step_id=step.id, words="Done on the day."))
        waiting = bool(ready)


def close_harrow(house: House, deliver: Callable[[], None]) -> None:
    """Once its mails have left, nothing stops closing."""
    offboarding = _offboarding(house, HARROW)
    deliver()
    done(close_offboarding(actor=house.ines, offboarding_id=offboarding))
    house.say("Harrow Freight closed")


def _offboarding(house: House, name: str) -> Any:
    from partwell.actions.facts import open_offboarding as open_one

    row = open_one(house.clients[name])
    assert row is not None
    return row.id
