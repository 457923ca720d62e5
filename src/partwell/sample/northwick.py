# SPDX-License-Identifier: AGPL-3.0-or-later
"""Northwick Traders Ltd, in the middle of their departure to Alder Row IT: the story that the sample is about."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.utils import timezone

from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
from partwell.actions.authorisations.call_back import log_call_back
from partwell.actions.authorisations.propose import Scope, propose_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.authorisations.sign import read_authorisation, sign_authorisation
from partwell.actions.clients.add_contact import NewContact
from partwell.actions.clients.add_site import add_site
from partwell.actions.clients.record_agreement import AgreementTerms
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.waiting import let_leave
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.estate.classify_items import ItemFilter, classify_items
from partwell.actions.estate.take_picture import take_picture
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.move_dates import propose_date
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.plan_steps import change_step, finish_step
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.actions.offboardings.read_notice import read_notice
from partwell.rules.actor import Actor
from partwell.rules.terms import Access, Channel, Destination, Reason, RecipientKind, ScopePreset
from partwell.sample import kept, made, northwick_files, northwick_handover, northwick_hours
from partwell.sample.steps import OURS, House, Person, done, file, item, new_client, portal, run_jobs, take_in


@dataclass
class Story:
    """The departing client: rows and the actors outside the MSP."""

    client: Any
    offboarding: Any
    recipient: Any
    mara: Actor
    tom: Actor
    theo: Actor
    sunniva: Actor


def load(house: House) -> Story:
    """Everything, from the file on the client to the answers of the new provider."""
    client_id, people = new_client(
        house, "Northwick Traders", legal_name="Northwick Traders Ltd", registration="Reg. 4471902", domain="northwick.example",
        address="12 Quay Street\nPort Estuary", served_since=date(2017, 5, 1),
        people=[Person("Mara Ellery", "mara@northwick.example", "Managing director", "mara.ellery@post.example", "+44 20 5550 123", signs=True),
                Person("Tom Okafor", "tom@northwick.example", "Head of operations", phone="+44 20 5550 124")],
        terms=AgreementTerms(signed_on=date(2022, 4, 1), included_hours=Decimal(4), hourly_rate=Decimal(120), block_hours=Decimal(2),
                             currency="GBP", notice_days=60, exit_clause="14", renewal="A year at a time, on 1 April",
                             ownership=OURS, extra_entitlement="Floor plans of the warehouse"))  # fmt: skip
    done(add_site(actor=house.ines, client_id=client_id, name="Head office", address="12 Quay Street"))
    done(add_site(actor=house.ines, client_id=client_id, name="Warehouse", address="Dock Road 3"))
    kept.northwick(house, client_id)
    _estate(house, client_id)
    offboarding = _notice(house, client_id, people)
    recipient, theo, sunniva = _consent(house, client_id, people["Mara Ellery"])
    _plan(house, offboarding)
    story = Story(
        offboarding.client, offboarding, recipient, people["Mara Ellery"], people["Tom Okafor"], theo, sunniva
    )
    northwick_handover.hand_over(house, story)
    _talk(house, story)
    northwick_hours.spend(house, story)
    return story


def _estate(house: House, client_id: Any) -> None:
    names = {"client_names": ["Northwick Traders Ltd"]}
    take_in(house.dan, client_id, file("northwick/assets.csv"), file("northwick/licences.csv"), options=names)
    take_in(house.dan, client_id, file("northwick/nw-erp01.json"), file("northwick/scan-2026-03.xml"))
    house.say("Northwick: assets, licences, an agent's inventory and a scan")
    take_in(house.priya, client_id, file("northwick/northwick.kdbx"), password=northwick_files.STORE_WORDS)
    take_in(house.priya, client_id, file("northwick/shared-logins.json"))
    house.say("Northwick: two credential stores")
    take_in(house.dan, client_id, ("Shared folder.zip", northwick_files.documents()))
    house.say("Northwick: documents")

    def classify(words: str, **sets: Any) -> None:
        done_count = classify_items(
            actor=house.dan, client_id=client_id, rule=ItemFilter(words=words), sets=sets
        )
        assert isinstance(done_count, int), done_count

    classify("Harbourline", owner="msp")
    classify("Monitoring probe", owner="msp")
    classify("Colour printer", owner="vendor", custodian="client")
    classify("Plotter", owner="vendor", custodian="client")
    classify("leaver", sensitivity="sensitive")
    classify("Orla", owner="vendor")
    classify("cam-dock", owner="unknown")
    classify("door-controller", owner="unknown")


def _notice(house: House, client_id: Any, people: dict[str, Actor]) -> Any:
    now = timezone.now()
    raw = made.notice_mail(sender=("Mara Ellery", "mara@northwick.example"), to=("Ines Duarte", "ines@harbourline.example"),
                           at=now, subject="Notice of termination, Northwick Traders Ltd", words=northwick_files.NOTICE)  # fmt: skip
    read = done(read_notice(actor=house.ines, raw=raw, name="notice.eml"))
    row = done(open_offboarding(actor=house.ines, client_id=client_id, notice=Notice(
        noticed_at=now, channel=Channel.MAIL, reason=Reason.NEW_PROVIDER, destination=Destination.NEW_MSP,
        end_of_service=timezone.localdate() + timedelta(days=60), text=read.words, clause="14",
        renewal_note="The renewal of 1 April does not happen.", notice_from_id=people["Mara Ellery"].id,
        outside=NewContact("Edda Lindqvist", "edda.lindqvist@post.example", title="Member of the board"),
        pain_points=northwick_files.PAINS, file=raw, file_name="notice.eml", file_from=read.sender)))  # fmt: skip
    done(acknowledge_notice(actor=house.ines, offboarding_id=row.id))
    run_jobs()
    house.say("Northwick: notice received and acknowledged")
    row.refresh_from_db()
    return row


def _consent(house: House, client_id: Any, mara: Actor) -> tuple[Any, Actor, Actor]:
    """Alder Row is authorised: prepared by Ines, signed by Mara, called back by Priya; Theo accepts the terms."""
    recipient = done(add_recipient(actor=house.ines, client_id=client_id, firm="Alder Row IT", kind=RecipientKind.NEW_PROVIDER,
                                   address="8 Alder Row\nPort Estuary"))  # fmt: skip
    theo = done(
        add_person(
            actor=house.ines, recipient_id=recipient.id, name="Theo Brandt", email="theo@alderrow.example"
        )
    )
    sunniva = done(
        add_person(
            actor=house.ines, recipient_id=recipient.id, name="Sunniva Aas", email="sunniva@alderrow.example"
        )
    )
    today = timezone.localdate()
    row = done(propose_authorisation(actor=house.ines, recipient_id=recipient.id, signatory_id=mara.id, scope=Scope(
        starts_on=today, ends_on=today + timedelta(days=90), presets=(ScopePreset.SYSTEMS, ScopePreset.DOCUMENTATION),
        excluded_item_ids=(item(client_id, "Bank file upload").id,), person_ids=(theo.id, sunniva.id),
        purpose="Taking over the operation of Northwick's systems")))  # fmt: skip
    row = done(
        read_authorisation(actor=mara, authorisation_id=row.id, address=mara.address, agent="Sample browser")
    )
    done(sign_authorisation(actor=mara, authorisation_id=row.id, shown_digest=row.text_digest, intent=True, electronic_form=True,
                            agent="Sample browser"))  # fmt: skip
    row = done(log_call_back(actor=house.priya, authorisation_id=row.id, confirmed=True,
                             note="Reached Mara on her mobile; she named Alder Row IT and both persons herself."))  # fmt: skip
    assert row.state == "granted"
    actor = portal("provider", theo.id)
    done(accept_terms(actor=actor, shown_digest=terms_for(recipient)[1], agent="Sample browser"))
    _cabler(house, client_id, mara)
    house.say("Northwick: authorisation signed and called back")
    return recipient, actor, portal("provider", sunniva.id)


def _cabler(house: House, client_id: Any, mara: Actor) -> None:
    """A contractor needs two papers for its work in the warehouse: this waits for Mara's signature."""
    firm = done(add_recipient(actor=house.ines, client_id=client_id, firm="Tidewater Cabling", kind=RecipientKind.CONTRACTOR,
                              address="3 Dock Road\nPort Estuary"))  # fmt: skip
    rhys = done(
        add_person(actor=house.ines, recipient_id=firm.id, name="Rhys Calder", email="rhys@tidewater.example")
    )
    today = timezone.localdate()
    done(propose_authorisation(actor=house.ines, recipient_id=firm.id, signatory_id=mara.id, scope=Scope(
        starts_on=today, ends_on=today + timedelta(days=30), access=Access.READ, person_ids=(rhys.id,),
        item_ids=(item(client_id, "Network diagram").id,), purpose="New cabling in the warehouse")))  # fmt: skip


def _plan(house: House, offboarding: Any) -> None:
    done(propose_plan(actor=house.ines, offboarding_id=offboarding.id))
    steps = {step.key: step for step in offboarding.steps.filter(removed_at=None)}
    for key, actor in (("freeze", house.dan), ("inventory", house.dan), ("backup_keys", house.priya), ("credentials", house.priya),
                       ("documents", house.dan), ("hardware", house.dan), ("client_admin", house.priya), ("agents", house.dan)):  # fmt: skip
        done(change_step(actor=house.ines, step_id=steps[key].id, owner_id=actor.id))
    for key, actor, words in (
        ("freeze", house.dan, "No changes but security updates until the hand-over."),
        (
            "retention_choice",
            house.ines,
            "Asked in the acknowledgement; Mara will answer by the end of the month.",
        ),
        ("inventory", house.dan, "Seven sources taken in; two devices without a known owner remain."),
        ("approve_plan", house.jonah, ""),
        ("recipient_terms", house.ines, "Theo Brandt accepted them."),
        (
            "backup_keys",
            house.priya,
            "Found in the store: nightly set, directory restore mode, recovery codes.",
        ),
    ):
        done(finish_step(actor=actor, step_id=steps[key].id, words=words))
    done(take_picture(actor=house.dan, client_id=offboarding.client_id, subject_kind="step", subject_id=steps["inventory"].id,
                      data=made.screen("Inventory, head office rack", ["NW-1019 nw-fs01", "NW-1020 nw-hv01", "NW-1022 Edge firewall"]),
                      nothing_to_redact=True, caption="The rack as it was counted"))  # fmt: skip
    house.say("Northwick: plan approved, first steps done")


def _talk(house: House, story: Story) -> None:
    """Messages, a call, a date, and a question from a provider that nobody authorised."""
    client = story.client.id
    now = timezone.now()

    def say(actor: Actor, subject: str, text: str, **more: Any) -> Any:
        draft = Draft(subject, text, idempotency=uuid4().hex, **more)
        row = done(write_message(actor=actor, client_id=client, draft=draft))
        if row.waits_until is not None:  # an objection is open: a colleague reads it first
            done(let_leave(actor=house.priya if actor.id != house.priya.id else house.dan, message_id=row.id))
        return row

    first = say(house.ines, "Who does what until the end of service", "Dear Mara,\n\nDan counts and hands over hardware and documents, "
                "Priya the credentials. You see every step in the portal.\n\nInes")  # fmt: skip
    say(
        story.mara,
        "Thank you",
        "That is clear. Tom will be in the warehouse on Thursdays for the hardware.",
        answers=first.id,
    )
    say(house.dan, "Firewall documentation", "Theo, the rule set of the edge firewall is released. The warehouse follows this week.",
        audience="all", recipient_id=story.recipient.id)  # fmt: skip
    say(story.theo, "Warehouse rack", "Thanks. Could we have the rack plan of the warehouse before our visit?", audience="all",
        recipient_id=story.recipient.id)  # fmt: skip
    say(
        house.dan,
        "Old VPN rule",
        "The rule for the former carrier is still in the firewall; take it out before the cut-over.",
        audience="internal",
    )
    say(
        house.jonah,
        "Liability",
        "Question to counsel whether the March backup failure may come up again.",
        audience="privileged",
    )
    done(log_call(actor=house.ines, client_id=client, notes=CallNotes(
        with_whom="Mara Ellery, Theo Brandt", happened_at=now, minutes=25, kind="meeting", recipient_id=story.recipient.id, to_provider=True,
        summary="Joint hand-over meeting. Order: documents first, then credentials, hardware on site. Alder Row asks for two more weeks.",
        promised="a list of all vendor windows", promised_by="Ines Duarte", promised_for=timezone.localdate() + timedelta(days=7),
        internal_note="Mara seems relieved that this goes calmly.")))  # fmt: skip
    done(propose_date(actor=story.theo, offboarding_id=story.offboarding.id, effective_on=story.offboarding.end_of_service + timedelta(days=14),
                      reason="The warehouse line of Uplink Ltd is delivered later than planned."))  # fmt: skip
    other = done(
        add_recipient(
            actor=house.ines, client_id=client, firm="Bellwater Systems", kind=RecipientKind.CONTRACTOR
        )
    )
    nils = done(
        add_person(actor=house.ines, recipient_id=other.id, name="Nils Aker", email="nils@bellwater.example")
    )
    say(portal("provider", nils.id), "Access to the camera recorder", "We look after the dock cameras. Please send us the recorder's password.",
        audience="all", recipient_id=other.id)  # fmt: skip
    house.say("Northwick: messages, a meeting, a date, a question that is held")
