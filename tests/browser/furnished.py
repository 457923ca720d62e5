# SPDX-License-Identifier: AGPL-3.0-or-later
"""The cast with at least one of everything that has a page, built through actions: what every page is looked at with."""

import dataclasses
import io
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone

from partwell.actions.authorisations.propose import propose_authorisation
from partwell.actions.authorisations.recipients import add_person, add_recipient
from partwell.actions.clients.add_site import add_site
from partwell.actions.clients.set_pause import set_pause
from partwell.actions.correspondence.digests import choose_digest, unsubscribe_url
from partwell.actions.correspondence.feeds import make_feed
from partwell.actions.correspondence.log_call import CallNotes, log_call
from partwell.actions.correspondence.meetings import Invited, plan_meeting
from partwell.actions.correspondence.waiting import let_leave
from partwell.actions.correspondence.write_message import Draft, write_message
from partwell.actions.erasure.content import propose_erasure
from partwell.actions.estate.run_import import run_now
from partwell.actions.estate.start_import import start_import, work_of
from partwell.actions.estate.take_picture import take_picture
from partwell.actions.offboardings.acknowledge_notice import acknowledge_notice
from partwell.actions.offboardings.move_dates import propose_date
from partwell.actions.offboardings.open_offboarding import Notice, open_offboarding
from partwell.actions.offboardings.prepare_acceptance import prepare_acceptance
from partwell.actions.offboardings.propose_plan import propose_plan
from partwell.actions.offboardings.sign_acceptance import Answers, sign_acceptance
from partwell.actions.people import passkeys
from partwell.actions.people.enter import make_link
from partwell.actions.people.staff import accept_invitation, invite_staff
from partwell.actions.people.tokens import make_token
from partwell.actions.releases.receive import confirm_receipt, object_to_receipt
from partwell.actions.releases.request_bundle import request_bundle
from partwell.actions.releases.request_item import request_item
from partwell.connectors.catcher import Catcher
from partwell.records.authorisations.models import Recipient
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Import
from partwell.records.evidence.models import Checkpoint, Entry
from partwell.records.offboardings.models import Offboarding, PlanStep
from partwell.records.people.models import Passkey as KeyRow
from partwell.records.people.models import StaffInvitation
from partwell.records.releases.models import ApprovalRequest, ReleaseLine
from partwell.rules.dates import TransitionTerm
from partwell.rules.meetings import Appointment
from partwell.rules.terms import Channel, Destination, Party, Reason, RecipientKind, ScopePreset, StaffRole
from partwell.sample import made
from partwell.workers import jobs, relay
from tests.browser.furnished_certificates import certificates
from tests.browser.furnished_data import data
from tests.browser.furnished_hours import hours
from tests.browser.furnished_mail import mail_in
from tests.browser.furnished_money import papers
from tests.browser.furnished_recordings import recordings
from tests.browser.furnished_retention import retention
from tests.browser.furnished_returns import returns
from tests.flows.browser_of import browser_of
from tests.flows.cast import Cast, cast, done, propose, scope
from tests.flows.signing_in import links_in, mails_to, set_up_totp, sign_in
from tests.support.authenticator import Passkey
from tests.support.kept import built_once

JSON = "application/json"
NILS, WORDS = "nils@harbourline.example", "a lighthouse in the fog"


@dataclass
class Furnished:
    """The cast, ids by the name that addresses give them, and signed-in browsers by who sits at them."""

    cast: Cast
    ids: dict[str, str]
    at: dict[str, Browser]


def _mail_everything() -> None:
    catcher = Catcher(Path(settings.PARTWELL_HOME) / "inbox")
    stop = catcher.start("127.0.0.1", 0)
    try:
        server = dataclasses.replace(relay.server(), host=catcher.host, port=catcher.port)
        while relay.deliver_due(server):
            pass
    finally:
        stop()


def _work() -> None:
    while jobs.run_one():
        pass


def _departure(c: Cast) -> dict[str, Any]:
    row = Offboarding.objects.get(client=c.northwick)
    done(acknowledge_notice(actor=c.ines, offboarding_id=row.id))
    done(propose_plan(actor=c.ines, offboarding_id=row.id))
    end = row.end_of_service + timedelta(days=14)
    term = TransitionTerm("Support of the server room", Decimal(900), "EUR", end + timedelta(days=30))
    change = done(
        propose_date(
            actor=c.ines, offboarding_id=row.id, effective_on=end, reason="The line comes late", term=term
        )
    )
    pause = done(
        set_pause(
            actor=c.jonah, client_id=c.quayside.id, ground="rival_signatories", note="Two say they sign."
        )
    )
    return {"offboarding_id": row.id, "change_id": change.id, "pause_id": pause.id}


def _second_departure(c: Cast) -> Any:
    """Quayside parts too, and Leo's signature on what was handed over waits for a call."""
    today = timezone.localdate()
    notice = Notice(noticed_at=timezone.now(), channel=Channel.LETTER, reason=Reason.IN_HOUSE,
                    destination=Destination.CLIENT_STAFF, end_of_service=today + timedelta(days=30))  # fmt: skip
    row = done(open_offboarding(actor=c.ines, client_id=c.quayside.id, notice=notice))
    asked = done(prepare_acceptance(actor=c.dan, offboarding_id=row.id))
    done(
        sign_acceptance(
            actor=c.leo,
            acceptance_id=asked.id,
            answers=Answers(rest="accepted"),
            shown_digest=asked.list_digest,
            intent=True,
            electronic_form=True,
        )
    )
    return row.id


def _estate(c: Cast) -> dict[str, Any]:
    picture = done(
        take_picture(
            actor=c.dan, client_id=c.northwick.id, subject_kind="item", subject_id=c.items["router"].id,
            data=made.screen("Edge router", ["Signed in."]), nothing_to_redact=True, caption="Signed in",
        )
    )  # fmt: skip
    rows = b"Name,Serial,Category,Notes\npc-1,SN1,Laptop,first\npc-2,SN2,Laptop,\npc-2,SN2,Laptop,\n"
    batch = done(
        start_import(actor=c.dan, client_id=c.northwick.id, uploads=[("assets.csv", io.BytesIO(rows))])
    )
    run_now(work_of(batch)[0])
    assert Import.objects.get(pk=batch.id).state == "staged"
    site = done(
        add_site(actor=c.ines, client_id=c.northwick.id, name="Head office", address="12 Quay Street")
    )
    item = c.items["router"]
    return {
        "picture_id": picture.id,
        "import_id": batch.id,
        "site_id": site.id,
        "item_id": item.id,
        "file_id": picture.file_id,
    }


def _releases(c: Cast) -> dict[str, Any]:
    asked = c.release("diagram", "router", "switch", "runbook", "unknown").release
    assert asked is not None
    theirs_too = c.release("diagram", "router", target=c.to_client(), key="k2").release
    _mail_everything()
    lines = {line.title: line for line in ReleaseLine.objects.filter(release=asked)}
    done(confirm_receipt(actor=c.theo, line_ids=[lines["Network diagram"].id], words="Complete."))
    done(object_to_receipt(actor=c.theo, reasons={lines["Core switch"].id: "One fan is broken."}))
    done(request_item(actor=c.theo, wanted="The warranty papers", words="For the switch."))
    bundle = done(request_bundle(actor=c.ines, client_id=c.northwick.id, to=Party.CLIENT))
    theirs = done(
        request_bundle(actor=c.theo, client_id=c.northwick.id, to=Party.PROVIDER, recipient_id=c.recipient.id)
    )
    mine = done(request_bundle(actor=c.mara, client_id=c.northwick.id, to=Party.CLIENT, correspondence=False))
    _work()
    return {
        "release_id": asked.id, "line_id": lines["Edge router login"].id, "request_id": ApprovalRequest.objects.get(release=asked).id,
        "line_id of client": ReleaseLine.objects.get(release=theirs_too, kind="credential").id, "job_id": bundle.id, "job_id of provider": theirs.id, "job_id of client": mine.id,
    }  # fmt: skip


def _said(c: Cast) -> dict[str, Any]:
    written = done(
        write_message(
            actor=c.ines, client_id=c.northwick.id,
            draft=Draft("When the line comes", "The carrier says the 14th.\n\nWe keep you informed.", "all", c.recipient.id),
        )
    )  # fmt: skip
    if written.waits_until is not None:  # an objection is open
        done(let_leave(actor=c.dan, message_id=written.id))
    done(
        write_message(
            actor=c.ines, client_id=c.northwick.id, draft=Draft("Careful", "Counsel called.", "internal")
        )
    )
    call = done(
        log_call(
            actor=c.dan, client_id=c.northwick.id,
            notes=CallNotes("Mara Ellery, Dan Frey", "The move of the server room.", timezone.now(), 10, promised="A plan", promised_by="Dan"),
        )
    )  # fmt: skip
    done(
        take_picture(
            actor=c.dan, client_id=c.northwick.id, subject_kind="message", subject_id=written.id,
            data=made.screen("The carrier's letter", ["The 14th."]), nothing_to_redact=True, caption="The letter",
        )
    )  # fmt: skip
    begins = timezone.now() + timedelta(days=2)
    meeting = done(
        plan_meeting(
            actor=c.ines, client_id=c.northwick.id, what=Appointment("Handover, part 1", begins, begins + timedelta(hours=1), "Room 4", "The keys"),
            invited=Invited(recipient_id=c.recipient.id, staff_ids=[c.ines.id, c.dan.id]),
        )
    )  # fmt: skip
    _mail_everything()
    envelope = Envelope.objects.filter(client=c.northwick, kind="message").latest("queued_at")
    return {
        "call_id": call.id,
        "written": written.id,
        "envelope_id": envelope.id,
        "meeting_id": meeting.id,
        **_habits(c),
    }


def _habits(c: Cast) -> dict[str, Any]:
    """Mara reads a digest on Mondays; she and Jonah have a calendar address."""
    choice = done(choose_digest(actor=c.mara, rhythm="weekly"))
    feed, _ = done(make_feed(actor=c.mara))
    done(make_feed(actor=c.jonah))
    return {"digest": unsubscribe_url(choice.id).strip("/").split("/")[-1], "feed_id": feed.id}


def _people(c: Cast) -> tuple[dict[str, Any], dict[str, Browser]]:
    """An invitation that waits, and Nils, who accepted his and has an authenticator app; browsers at each step."""
    for name, email in (("Nils Berg", NILS), ("Orla Quinn", "orla@harbourline.example")):
        done(invite_staff(actor=c.jonah, name=name, email=email, role=StaffRole.TECHNICIAN))
    tokens = {
        name: links_in(mails_to(f"{name}@harbourline.example")[0]["text"])[0].strip("/").split("/")[-1]
        for name in ("nils", "orla")
    }
    done(accept_invitation(token=tokens["nils"], name="Nils Berg", password=WORDS))
    known, half, forgot = Browser(), Browser(), Browser()
    sign_in(known, NILS, WORDS)
    set_up_totp(known)
    key = Passkey("http://testserver", "testserver")
    options = known.post("/account/2fa/passkeys/add/options/", {}, content_type=JSON)
    assert (
        known.post("/account/2fa/passkeys/add/", key.create(options.content), content_type=JSON).status_code
        == 200
    )
    forgot.post("/account/password/reset/", {"email": NILS})
    sign_in(half, NILS, WORDS)
    token, _ = done(
        make_token(actor=c.jonah, staff_id=c.dan.id, name="nightly export", scopes=["estate:read"], days=30)
    )
    waiting = StaffInvitation.objects.get(email="orla@harbourline.example")
    reset = next(
        link for mail in mails_to(NILS) for link in links_in(mail["text"]) if "/password/reset/key/" in link
    )
    ids = {
        "reset": forgot.get(reset).headers["Location"],
        "pk": Authenticator.objects.get(type="webauthn").pk,
    }
    ids |= {
        "token_id": token.id,
        "invitation_id": waiting.id,
        "staff_id": c.dan.id,
        "invited": tokens["orla"],
    }
    return ids, {"known": known, "half": half, "forgot": forgot}


def _passkey(browser: Browser) -> Any:
    made_key = Passkey(passkeys.origin(), passkeys.rp_id())
    options = browser.post("/client/passkeys/options/", {}, content_type=JSON)
    assert (
        browser.post("/client/passkeys/add/", made_key.create(options.content), content_type=JSON).status_code
        == 200
    )
    return KeyRow.objects.get().id


def _reveal(browser: Browser, address: str) -> str:
    answer = browser.post(address)
    assert answer.status_code == 302, answer.content
    return str(answer.headers["Location"]).strip("/").split("/")[-1]


def furnish() -> Furnished:
    """Have it in this world: built once (eight seconds), then copied. What is seen once is open for ten minutes."""
    return built_once("furnished", _furnish, minutes=4)


def _furnish() -> Furnished:
    c = cast(signed=True)
    ids: dict[str, Any] = {
        "client_id": c.northwick.id,
        "contact_id": c.mara.id,
        "recipient_id": c.recipient.id,
    }
    ids |= {"person_id": c.theo.id, "granted": c.authorisation.id if c.authorisation else ""}
    ids |= _departure(c) | _estate(c) | _releases(c) | _said(c) | recordings(c) | papers(c) | hours(c)
    back, coming = returns(c)
    ids |= back
    ids |= certificates(c)
    ids["erasure_id"] = done(
        propose_erasure(
            actor=c.ines,
            client_id=c.northwick.id,
            basis="Tom Okafor asked for it, Art. 17 GDPR",
            about=c.tom.id,
        )
    ).id
    ids |= data(c)  # a hold lets nothing of the record be erased
    ids["offboarding of quayside"] = _second_departure(c)
    ids["step_id"] = PlanStep.objects.filter(offboarding=ids["offboarding_id"], removed_at=None)[0].id
    ids["acceptance_id"] = done(prepare_acceptance(actor=c.dan, offboarding_id=ids["offboarding_id"])).id
    firm = done(
        add_recipient(
            actor=c.ines, client_id=c.northwick.id, firm="Cable & Sons", kind=RecipientKind.CONTRACTOR
        )
    )
    person = done(add_person(actor=c.ines, recipient_id=firm.id, name="Pat Low", email="pat@cable.example"))
    waits = dataclasses.replace(c, recipient=Recipient.objects.get(pk=firm.id), items=c.items)
    ids["authorisation_id"] = propose(waits, person_ids=(person.id,)).id
    tomorrow = scope(waits, person_ids=(person.id,), presets=(ScopePreset.DOCUMENTATION,))
    ids["draft"] = done(
        propose_authorisation(
            actor=c.ines, recipient_id=firm.id, signatory_id=c.mara.id, scope=tomorrow, draft=True
        )
    ).id
    found, seats = _people(c)
    _mail_everything()
    _work()
    ids |= retention(c) | mail_in(c)
    entry = Entry.objects.filter(
        recipient_ref=c.recipient.id, index__lt=Checkpoint.objects.latest("size").size
    ).latest("index")
    ids |= found | {
        "index": entry.index,
        "uid": entry.uid,
        "subject_id": ids["item_id"],
        "what": "entry",
        "kind": "item",
        "code": "not_your_role",
        "quayside": c.quayside.id,
    }
    caught = Catcher(Path(settings.PARTWELL_HOME) / "inbox").list_messages()
    ids["message_id"] = caught[0].message_id
    ids["token"] = make_link("client", c.tom.id)
    at = {
        name: browser_of(getattr(c, name))
        for name in ("jonah", "ines", "dan", "mara", "theo", "sunniva", "leo")
    }
    at |= {name: browser_of(actor) for name, actor in coming.items()}
    ids["passkey_id"] = _passkey(at["mara"])
    ids["reveal_id"] = _reveal(at["theo"], f"/provider/lines/{ids['line_id']}/reveal/")
    ids["reveal_id of client"] = _reveal(at["mara"], f"/client/lines/{ids['line_id of client']}/reveal/")
    return Furnished(c, {name: str(one) for name, one in ids.items()}, at | seats | {"nobody": Browser()})
