# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1, signing: who may, with which second factor, on which words; and what the letter then holds."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from partwell.actions.authorisations.call_back import log_call_back
from partwell.actions.authorisations.paper import record_paper
from partwell.actions.authorisations.propose import propose_authorisation
from partwell.actions.authorisations.sign import decline_authorisation, read_authorisation, sign_authorisation
from partwell.actions.base import Deed
from partwell.actions.files import read_file
from partwell.actions.people.passkeys import confirm_passkey
from partwell.documents.signing import check_pdf_signature
from partwell.records.authorisations.models import Authorisation, CallBack
from partwell.records.authorisations.queries import to_call
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Disclosure, Entry, LogState
from partwell.records.evidence.queries import Filters, timeline_for
from partwell.records.people.models import Passkey
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Channel
from tests.flows.consent_cast import (
    LONG_AGO,
    ConsentCast,
    actor,
    consent_cast,
    contact_of,
    enrol,
    fresh,
    letters,
    use_passkey,
)

pytestmark = pytest.mark.both_databases


def sign(who: Actor, row: Authorisation, **more: object) -> Authorisation | Refusal:
    given = {"shown_digest": row.text_digest, "intent": True, "electronic_form": True, **more}
    return sign_authorisation(actor=who, authorisation_id=row.id, **given)  # type: ignore[arg-type]


def code(result: object) -> str:
    return result.code if isinstance(result, Refusal) else ""


def entries(kind: str) -> int:
    return Entry.objects.filter(type=kind).count()


def test_a_passkey_from_before_the_notice_signs_at_once() -> None:
    cast = consent_cast()
    device, session = enrol(cast.mara, when=LONG_AGO)
    row = cast.proposed()
    kept = use_passkey(device, session, cast.mara, row.text_digest)
    signed = sign(actor(cast.mara), row, passkey=kept)
    assert not isinstance(signed, Refusal), signed
    row = fresh(row)
    assert (row.state, row.factor) == ("granted", "passkey")
    assert row.signature_event["passkey"]["digest"] == row.text_digest
    assert entries("authorisation.signed") == 1
    # The recipient's people are asked to accept the terms, with the client on the mail.
    invitation = Envelope.objects.get(kind="terms_invitation")
    assert [one["role"] for one in invitation.recipients] == ["client", "provider", "provider"]


def test_a_passkey_on_other_words_is_no_signature() -> None:
    cast = consent_cast()
    device, session = enrol(cast.mara, when=LONG_AGO)
    first = cast.proposed()
    kept = use_passkey(device, session, cast.mara, first.text_digest)
    second = cast.proposed(ends_on=timezone.localdate() + timedelta(days=300))
    assert code(sign(actor(cast.mara), first, passkey=kept)) == "not_proposed"
    assert code(sign(actor(cast.mara), second, passkey=kept)) == "passkey_refused"
    assert fresh(second).state == "proposed"


def test_a_passkey_of_somebody_else_is_no_signature() -> None:
    cast = consent_cast()
    device, session = enrol(cast.leo, when=LONG_AGO)
    row = cast.proposed()
    kept = use_passkey(device, session, cast.leo, row.text_digest)
    assert code(sign(actor(cast.mara), row, passkey=kept)) == "not_found"
    assert fresh(row).state == "proposed"


def test_a_passkey_from_after_the_notice_counts_only_once_a_call_confirmed_it() -> None:
    cast = consent_cast()
    device, session = enrol(cast.mara)
    row = cast.proposed()
    kept = use_passkey(device, session, cast.mara, row.text_digest)
    assert code(sign(actor(cast.mara), row, passkey=kept)) == "passkey_too_young"
    key = Passkey.objects.get()
    assert not isinstance(confirm_passkey(actor=cast.staff.ines, passkey_id=key.id, confirmed=True), Refusal)
    # Ines prepared the authorisation, so her call does not carry it; Dan's does.
    assert code(sign(actor(cast.mara), row, passkey=kept)) == "callback_by_preparer"
    assert not isinstance(confirm_passkey(actor=cast.staff.dan, passkey_id=key.id, confirmed=True), Refusal)
    assert not isinstance(sign(actor(cast.mara), row, passkey=kept), Refusal)
    assert fresh(row).factor == "passkey"


def test_signing_without_a_passkey_waits_for_the_call() -> None:
    cast = consent_cast()
    row = cast.proposed()
    waiting = sign(actor(cast.mara), row)
    assert isinstance(waiting, Authorisation)
    assert waiting.state == "proposed"
    assert waiting.signed_at
    # A second click records nothing new.
    sign(actor(cast.mara), row)
    assert entries("authorisation.awaits_call_back") == 1
    assert row.offboarding_id
    assert to_call(cast.staff.dan, row.offboarding_id) == [row], (
        "the departure names the call as its next step"
    )
    assert (
        code(log_call_back(actor=cast.staff.ines, authorisation_id=row.id, confirmed=True))
        == "callback_by_preparer"
    )
    unreached = log_call_back(
        actor=cast.staff.dan, authorisation_id=row.id, confirmed=False, note="voice mail"
    )
    assert isinstance(unreached, Authorisation)
    assert fresh(row).state == "proposed"
    assert not isinstance(
        log_call_back(actor=cast.staff.dan, authorisation_id=row.id, confirmed=True), Refusal
    )
    row = fresh(row)
    assert (row.state, row.factor) == ("granted", "call_back")
    assert CallBack.objects.count() == 2
    # Dan's call made it act, but it is Mara who authorised: the record says so.
    said = [one.sentence for one in timeline_for(cast.staff.jonah, Filters(subject=row.id)).lines]
    assert "Mara Ellery authorised Alder Row IT for Northwick Traders." in said
    assert not any(one.startswith("Dan Frey authorised") for one in said)
    assert (
        code(log_call_back(actor=cast.staff.priya, authorisation_id=row.id, confirmed=True)) == "not_proposed"
    )


def test_a_number_that_came_after_the_notice_is_not_called() -> None:
    cast = consent_cast()
    with Deed(cast.staff.jonah) as deed:
        deed.lock(cast.client.id)
        deed.save(cast.mara, phone="+49 170 666", phone_on_file_at=deed.now - timedelta(days=1))
        deed.record("contact.changed", subjects=[cast.mara.id], public={"contact": cast.mara.name})
    row = cast.proposed()
    sign(actor(cast.mara), row)
    assert (
        code(log_call_back(actor=cast.staff.dan, authorisation_id=row.id, confirmed=True))
        == "callback_number_not_on_file"
    )
    assert fresh(row).state == "proposed"


def test_a_contractor_needs_no_offboarding_and_the_number_must_precede_the_proposal() -> None:
    cast = consent_cast(departing=False)
    row = cast.proposed()
    assert row.offboarding is None
    sign(actor(cast.mara), row)
    assert not isinstance(
        log_call_back(actor=cast.staff.dan, authorisation_id=row.id, confirmed=True), Refusal
    )
    assert fresh(row).state == "granted"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"shown_digest": "0" * 64}, "shown_other_text"),
        ({"intent": False}, "intent_missing"),
        ({"electronic_form": False}, "intent_missing"),
    ],
)
def test_the_act_must_be_whole(change: dict[str, object], why: str) -> None:
    cast = consent_cast()
    row = cast.proposed()
    assert code(sign(actor(cast.mara), row, **change)) == why
    assert fresh(row).signed_at is None


def test_a_signatory_without_proof_or_second_address_cannot_sign() -> None:
    cast = consent_cast()
    nina = contact_of(cast.staff.jonah, cast.client, "Nina Vale", "signatory", proof=False)
    bare = contact_of(cast.staff.jonah, cast.client, "Bert Low", "signatory", second_email="")
    for contact, why in ((nina, "authority_missing"), (bare, "second_address_missing")):
        row = propose_authorisation(
            actor=cast.staff.ines, recipient_id=cast.alder.id, signatory_id=contact.id, scope=cast.scope()
        )
        assert isinstance(row, Authorisation)
        assert code(sign(actor(contact), row)) == why


def test_only_the_one_named_signs_but_another_signatory_may_decline() -> None:
    cast = consent_cast()
    nina = contact_of(cast.staff.jonah, cast.client, "Nina Vale", "signatory")
    row = cast.proposed()
    assert code(sign(actor(nina), row)) == "other_signatory"
    assert not isinstance(
        decline_authorisation(actor=actor(nina), authorisation_id=row.id, words="Not now."), Refusal
    )
    assert fresh(row).state == "declined"


def test_observer_and_strangers() -> None:
    cast = consent_cast()
    row = cast.proposed()
    assert code(sign(actor(cast.tom), row)) == "not_your_role"
    for action in (
        lambda who: sign(who, row),
        lambda who: read_authorisation(actor=who, authorisation_id=row.id),
        lambda who: decline_authorisation(actor=who, authorisation_id=row.id),
    ):
        for stranger in (actor(cast.leo), actor(cast.theo), cast.staff.jonah):
            assert code(action(stranger)) == "not_found"
    assert (
        code(log_call_back(actor=cast.staff.kerstin, authorisation_id=row.id, confirmed=True))
        == "not_your_role"
    )
    assert code(log_call_back(actor=actor(cast.mara), authorisation_id=row.id, confirmed=True)) == "not_found"
    assert fresh(row).state == "proposed"


def test_reading_is_recorded_once_a_signatory_and_never_for_an_observer() -> None:
    cast = consent_cast()
    row = cast.proposed()
    for who in (cast.tom, cast.mara, cast.tom, cast.mara):
        assert not isinstance(read_authorisation(actor=actor(who), authorisation_id=row.id), Refusal)
    assert entries("authorisation.read") == 1


def test_a_consent_on_paper_acts_after_the_call_back() -> None:
    cast = consent_cast()
    row = record_paper(
        actor=cast.staff.ines, recipient_id=cast.alder.id, signatory_id=cast.mara.id, scope=cast.scope(),
        channel=Channel.LETTER, scan=b"%PDF-1.4 scan", scan_name="scan.pdf", scan_type="application/pdf",
    )  # fmt: skip
    assert isinstance(row, Authorisation)
    assert row.state == "proposed"
    assert row.scan is not None
    assert read_file(row.scan) == b"%PDF-1.4 scan"
    assert (
        code(log_call_back(actor=cast.staff.ines, authorisation_id=row.id, confirmed=True))
        == "callback_by_preparer"
    )
    assert not isinstance(
        log_call_back(actor=cast.staff.priya, authorisation_id=row.id, confirmed=True), Refusal
    )
    assert (fresh(row).state, fresh(row).factor) == ("granted", "call_back")
    assert letters()


def test_the_letter_carries_the_key_and_is_copied_to_both_sides_and_the_second_address() -> None:
    cast = consent_cast()
    row = cast.proposed()
    sign(actor(cast.mara), row)
    log_call_back(actor=cast.staff.dan, authorisation_id=row.id, confirmed=True)
    made = letters()
    assert len(made) == 1
    row = fresh(row)
    assert row.document is not None
    pdf = read_file(row.document)
    assert check_pdf_signature(pdf).ok
    words = _words(pdf)

    assert LogState.objects.get().vkey in words
    assert row.text_digest in words
    assert "MaraEllery" in words
    copy = Envelope.objects.get(kind="authorisation_signed")
    assert [(one["role"], one["address"]) for one in copy.recipients] == [
        ("client", "mara@northwick.example"),
        ("second", "mara@home.example"),
        ("msp", "desk@harbourline.example"),
    ]
    assert all(one["address"] in copy.text for one in copy.recipients)
    told = Entry.objects.get(type="authorisation.letter_filed")
    content = json.loads(bytes(Disclosure.objects.get(entry_uid=told.uid, label="client").content))
    assert content["copies_to"] == [one["address"] for one in copy.recipients]
    assert copy.documents[0]["sha256"] == row.document.sha256
    assert letters() == []


def _words(pdf: bytes) -> str:
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run([reader, "-", "-"], input=pdf, capture_output=True, check=True)
    # Zero-width spaces let long strings break in the typeset page.
    return "".join(done.stdout.decode().replace("\u200b", "").split())


def test_a_re_grant_replaces_and_the_old_one_does_not_come_back() -> None:
    cast = consent_cast()
    first = cast.proposed()
    sign(actor(cast.mara), first)
    log_call_back(actor=cast.staff.dan, authorisation_id=first.id, confirmed=True)
    second = cast.proposed()
    assert (second.version, second.replaces_id) == (2, first.id)
    assert fresh(first).state == "granted"  # the older one stands until the newer is signed
    sign(actor(cast.mara), second)
    log_call_back(actor=cast.staff.dan, authorisation_id=second.id, confirmed=True)
    assert (fresh(first).state, fresh(second).state) == ("replaced", "granted")


def test_a_proposal_needs_a_scope_people_and_days_in_order() -> None:
    cast = consent_cast()

    def propose(**more: object) -> str:
        return code(
            propose_authorisation(
                actor=cast.staff.ines,
                recipient_id=cast.alder.id,
                signatory_id=cast.mara.id,
                scope=cast.scope(**more),
            )
        )

    assert propose(presets=[]) == "scope_empty"
    assert propose(person_ids=[]) == "persons_empty"
    assert propose(ends_on=timezone.localdate() - timedelta(days=1)) == "dates_reversed"
    assert propose(person_ids=[cast.mara.id]) == "not_found"
    assert (
        code(
            propose_authorisation(
                actor=cast.staff.ines,
                recipient_id=cast.alder.id,
                signatory_id=cast.leo.id,
                scope=cast.scope(),
            )
        )
        == "not_found"
    )
    assert (
        code(
            propose_authorisation(
                actor=cast.staff.ines,
                recipient_id=cast.alder.id,
                signatory_id=cast.tom.id,
                scope=cast.scope(),
            )
        )
        == "not_a_signatory"
    )
    assert (
        code(
            propose_authorisation(
                actor=cast.staff.dan,
                recipient_id=cast.alder.id,
                signatory_id=cast.mara.id,
                scope=cast.scope(),
            )
        )
        == "not_your_role"
    )


def test_what_is_shown_is_what_the_rule_resolves_to() -> None:
    cast: ConsentCast = consent_cast()
    row = cast.proposed()
    shown = {cast.items[key].id.hex for key in ("diagram", "process")}
    assert set(row.shown_items) == shown  # neither the MSP's scripts nor what nobody owns
    assert datetime.now(UTC) >= row.proposed_at  # type: ignore[operator]
