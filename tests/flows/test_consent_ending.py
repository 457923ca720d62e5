# SPDX-License-Identifier: AGPL-3.0-or-later
"""R1, ending: narrowing never widens, withdrawal acts at once and on what is queued, silence releases to the client alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from partwell.actions.authorisations.call_back import log_call_back
from partwell.actions.authorisations.end import narrow_authorisation, withdraw_authorisation
from partwell.actions.authorisations.propose import Scope
from partwell.actions.authorisations.sign import decline_authorisation, sign_authorisation
from partwell.actions.base import Deed
from partwell.actions.correspondence import deliver
from partwell.actions.releases.gate import Target
from partwell.actions.releases.release_items import Outcome, release_items
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.releases.models import ApprovalRequest, ReleaseLine
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Access, Category, Party, ScopePreset
from tests.flows.consent_cast import ConsentCast, accepted_terms, actor, consent_cast, fresh, letters

pytestmark = pytest.mark.both_databases


def code(result: object) -> str:
    return result.code if isinstance(result, Refusal) else ""


def granted(cast: ConsentCast, **more: Any) -> Authorisation:
    """A consent that stands, by Mara and a call."""
    row = cast.proposed(**more)
    done = sign_authorisation(
        actor=actor(cast.mara),
        authorisation_id=row.id,
        shown_digest=row.text_digest,
        intent=True,
        electronic_form=True,
    )
    assert not isinstance(done, Refusal), done
    done = log_call_back(actor=cast.staff.dan, authorisation_id=row.id, confirmed=True)
    assert not isinstance(done, Refusal), done
    return fresh(row)


def release(cast: ConsentCast, *keys: str, to: str = "theo", key: str = "") -> Outcome | Refusal:
    target = (
        Target(Party.CLIENT, contact=cast.mara)
        if to == "mara"
        else Target(Party.PROVIDER, person=getattr(cast, to))
    )
    return release_items(
        actor=cast.staff.dan, client_id=cast.client.id, target=target,
        item_ids=[cast.items[one].id for one in keys], idempotency=key or f"{to}:{'-'.join(keys)}",
    )  # fmt: skip


def scope_like(row: Authorisation, cast: ConsentCast, **more: Any) -> Scope:
    given: dict[str, Any] = {
        "starts_on": row.starts_on, "ends_on": row.ends_on, "presets": [ScopePreset(one) for one in row.presets],
        "categories": [Category(one) for one in row.categories], "person_ids": [cast.theo.id, cast.sunniva.id],
        "access": Access(row.access), **more,
    }  # fmt: skip
    return Scope(**given)


def test_terms_come_before_the_first_release() -> None:
    cast = consent_cast()
    granted(cast)
    refused = release(cast, "diagram")
    assert code(refused) == "terms_not_accepted"
    accepted_terms(cast.theo)
    sent = release(cast, "diagram", key="again")
    assert isinstance(sent, Outcome)
    assert [one.title for one in sent.sent] == [cast.items["diagram"].title]
    # Sunniva is named too, but has not accepted for herself.
    assert code(release(cast, "process", to="sunniva")) == "terms_not_accepted"


def test_a_silent_signatory_means_release_to_the_client_alone() -> None:
    cast = consent_cast()
    cast.proposed()
    accepted_terms(cast.theo)
    assert code(release(cast, "diagram")) == "not_signed"
    sent = release(cast, "diagram", to="mara")
    assert isinstance(sent, Outcome)
    assert sent.sent
    assert not Envelope.objects.filter(to_provider=True).exists()


def test_withdrawal_stops_what_is_queued_and_tells_the_client_at_both_addresses() -> None:
    cast = consent_cast()
    row = granted(cast)
    accepted_terms(cast.theo)
    assert isinstance(release(cast, "diagram", "process"), Outcome)
    queued = Envelope.objects.get(kind="release_announcement")
    assert queued.state == "queued"
    done = withdraw_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id, words="We changed our mind."
    )
    assert not isinstance(done, Refusal), done
    queued.refresh_from_db()
    assert (queued.state, queued.stop_code) == ("stopped", "withdrawn")
    assert {line.state for line in ReleaseLine.objects.all()} == {"stopped"}
    assert isinstance(deliver.claim(queued.id), Refusal)
    assert code(release(cast, "diagram", key="later")) == "withdrawn"
    told = Envelope.objects.get(kind="authorisation_changed")
    assert [one["role"] for one in told.recipients] == ["client", "second"]
    assert queued.subject in told.text
    # Once more changes nothing.
    assert code(withdraw_authorisation(actor=actor(cast.mara), authorisation_id=row.id)) == "no_such_step"
    letters()
    assert fresh(row).change_document_id is not None
    # Re-grant: a new version, signed anew.
    again = granted(cast)
    assert (again.version, again.state) == (2, "granted")
    assert isinstance(release(cast, "diagram", key="anew"), Outcome)


def test_what_the_recipient_has_is_listed_as_left() -> None:
    cast = consent_cast()
    row = granted(cast)
    accepted_terms(cast.theo)
    release(cast, "diagram")
    line = ReleaseLine.objects.get()
    with Deed(cast.staff.jonah) as deed:
        deed.lock(cast.client.id)
        deed.save(line, opened_at=deed.now)
        deed.record("item.changed", subjects=[line.id], public={"item": line.title})
    envelope = deliver.claim(Envelope.objects.get(kind="release_announcement").id)
    assert isinstance(envelope, Envelope)
    assert envelope.claim is not None
    assert deliver.start_data(envelope.id, envelope.claim)
    withdraw_authorisation(actor=actor(cast.mara), authorisation_id=row.id)
    told = Envelope.objects.get(kind="authorisation_changed")
    assert "Already left" in told.text
    assert cast.items["diagram"].title in told.text
    letters()


def test_staff_record_a_withdrawal_that_reached_them_and_a_technician_does_not() -> None:
    cast = consent_cast()
    row = granted(cast)
    assert code(withdraw_authorisation(actor=cast.staff.dan, authorisation_id=row.id)) == "not_your_role"
    assert code(withdraw_authorisation(actor=actor(cast.tom), authorisation_id=row.id)) == "not_your_role"
    for stranger in (actor(cast.leo), actor(cast.theo)):
        assert code(withdraw_authorisation(actor=stranger, authorisation_id=row.id)) == "not_found"
    done = withdraw_authorisation(actor=cast.staff.ines, authorisation_id=row.id, words="By letter of today")
    assert not isinstance(done, Refusal)
    assert fresh(row).state == "withdrawn"


def test_taking_back_a_proposal_leaves_the_standing_one_alone() -> None:
    cast = consent_cast()
    stands = granted(cast)
    accepted_terms(cast.theo)
    release(cast, "diagram")
    newer = cast.proposed(categories=[Category.HARDWARE])
    assert not isinstance(withdraw_authorisation(actor=cast.staff.ines, authorisation_id=newer.id), Refusal)
    assert (fresh(stands).state, fresh(newer).state) == ("granted", "withdrawn")
    assert Envelope.objects.get(kind="release_announcement").state == "queued"
    third = cast.proposed()
    decline_authorisation(actor=actor(cast.mara), authorisation_id=third.id, words="no")
    assert fresh(stands).state == "granted"


def test_narrowing_acts_at_once_and_stops_only_what_fell_out() -> None:
    cast = consent_cast()
    row = granted(cast)
    accepted_terms(cast.theo)
    release(cast, "diagram", "process")
    new = narrow_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id,
        scope=scope_like(row, cast, excluded_item_ids=[cast.items["process"].id]),
    )  # fmt: skip
    assert isinstance(new, Authorisation), new
    assert (new.version, new.state, new.factor, fresh(row).state) == (2, "granted", "call_back", "replaced")
    states = {line.item_id: line.state for line in ReleaseLine.objects.all()}
    assert states[cast.items["process"].id] == "stopped"
    assert states[cast.items["diagram"].id] == "sent"
    kinds = list(
        Envelope.objects.filter(kind="release_announcement")
        .order_by("queued_at")
        .values_list("state", flat=True)
    )
    assert kinds == ["stopped", "queued"]
    assert cast.items["process"].title in Envelope.objects.get(kind="authorisation_changed").text
    outcome = release(cast, "process", key="once more")
    assert isinstance(outcome, Outcome)
    assert [one.title for one in outcome.asked] == [cast.items["process"].title]
    assert len(letters()) == 3  # of the first, of the narrowed text, and of the change


@pytest.mark.parametrize(
    "wider",
    [
        {"presets": [ScopePreset.DOCUMENTATION, ScopePreset.SYSTEMS]},
        {"categories": [Category.HARDWARE]},
        {"ends": 1},
        {"starts": -1},
        {"items": ["laptop"]},
        {"exclusions_lifted": True},
        {"stranger": True},
    ],
    ids=str,
)
def test_narrowing_never_widens(wider: dict[str, Any]) -> None:
    cast = consent_cast()
    row = granted(cast, excluded_item_ids=[cast.items["process"].id])
    more: dict[str, Any] = {"excluded_item_ids": [cast.items["process"].id]}
    if "ends" in wider:
        more["ends_on"] = row.ends_on + timedelta(days=1)
    elif "starts" in wider:
        more["starts_on"] = row.starts_on - timedelta(days=1)
    elif "items" in wider:
        more["item_ids"] = [cast.items["laptop"].id]
    elif "exclusions_lifted" in wider:
        more["excluded_item_ids"] = []
    elif "stranger" in wider:
        more["person_ids"] = [cast.theo.id, cast.mara.id]
    else:
        more.update(wider)
    result = narrow_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id, scope=scope_like(row, cast, **more)
    )
    assert code(result) == "would_widen"
    assert fresh(row).state == "granted"


def test_read_does_not_become_full_and_full_becomes_read() -> None:
    cast = consent_cast()
    row = granted(cast, access=Access.READ)
    wide = narrow_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id, scope=scope_like(row, cast, access=Access.FULL)
    )
    assert code(wide) == "would_widen"


def test_narrowing_before_signing_needs_a_signature_of_the_new_words() -> None:
    cast = consent_cast()
    row = cast.proposed(presets=[ScopePreset.DOCUMENTATION, ScopePreset.SYSTEMS])
    new = narrow_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id,
        scope=scope_like(row, cast, presets=[], categories=[Category.DIAGRAMS], person_ids=[cast.theo.id]),
    )  # fmt: skip
    assert isinstance(new, Authorisation), new
    assert (new.state, new.signed_at, fresh(row).state) == ("proposed", None, "replaced")
    assert new.text_digest != row.text_digest
    old_words = sign_authorisation(
        actor=actor(cast.mara),
        authorisation_id=new.id,
        shown_digest=row.text_digest,
        intent=True,
        electronic_form=True,
    )
    assert code(old_words) == "shown_other_text"
    assert new.shown_items == [cast.items["diagram"].id.hex]


def test_narrowing_to_nothing_is_no_narrowing() -> None:
    cast = consent_cast()
    row = granted(cast)
    nothing = narrow_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id, scope=scope_like(row, cast, presets=[])
    )
    assert code(nothing) == "scope_empty"
    nobody = narrow_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id, scope=scope_like(row, cast, person_ids=[])
    )
    assert code(nobody) == "persons_empty"
    for who in (cast.leo, cast.theo):
        assert (
            code(narrow_authorisation(actor=actor(who), authorisation_id=row.id, scope=scope_like(row, cast)))
            == "not_found"
        )
    assert (
        code(
            narrow_authorisation(actor=actor(cast.tom), authorisation_id=row.id, scope=scope_like(row, cast))
        )
        == "not_your_role"
    )
    assert (
        code(
            narrow_authorisation(actor=cast.staff.ines, authorisation_id=row.id, scope=scope_like(row, cast))
        )
        == "not_found"
    )


def test_what_was_being_asked_lapses_when_the_consent_changes() -> None:
    cast = consent_cast()
    row = granted(cast)
    accepted_terms(cast.theo)
    outcome = release(cast, "nobody")
    assert isinstance(outcome, Outcome)
    assert outcome.asked
    narrow_authorisation(
        actor=actor(cast.mara), authorisation_id=row.id,
        scope=scope_like(row, cast, ends_on=timezone.localdate() + timedelta(days=5)),
    )  # fmt: skip
    assert ApprovalRequest.objects.get().state == "lapsed"
    assert ReleaseLine.objects.get().state == "stopped"


def test_every_refusal_of_a_signed_in_person_is_evidence_once_an_hour() -> None:
    cast = consent_cast()
    row = granted(cast)
    for _ in range(3):
        narrow_authorisation(
            actor=actor(cast.mara), authorisation_id=row.id,
            scope=scope_like(row, cast, ends_on=row.ends_on + timedelta(days=9)),
        )  # fmt: skip
    assert Entry.objects.filter(type="refusal.recorded").count() == 1
