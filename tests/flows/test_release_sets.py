# SPDX-License-Identifier: AGPL-3.0-or-later
"""Dan releases sets: what is sent, asked and refused; approval, stopping, narrowing, withdrawal (R1, R2, R3)."""

from datetime import timedelta

import pytest

from partwell.actions.authorisations.end import narrow_authorisation, withdraw_authorisation
from partwell.actions.correspondence import deliver
from partwell.actions.releases.approve import approve_release
from partwell.actions.releases.release_items import preview, release_items
from partwell.actions.releases.stop_release import stop_release
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.releases.models import ApprovalRequest, Release, ReleaseLine
from partwell.rules.refusals import Refusal
from partwell.rules.terms import Verdict
from tests.flows.cast import cast, done, scope, sign

pytestmark = pytest.mark.both_databases


def announcements(release: Release) -> list[Envelope]:
    """The release's announcements, oldest first."""
    return list(
        Envelope.objects.filter(release=release, kind="release_announcement").order_by(
            "queued_at", "dedupe_key"
        )
    )


def states(release: Release) -> dict[str, str]:
    """Title → state of each line."""
    return dict(ReleaseLine.objects.filter(release=release).values_list("title", "state"))


def test_a_mixed_set_sends_asks_and_refuses_each_by_its_own_reason() -> None:
    c = cast(signed=True)
    shown = {
        one.item.title: one.decision.verdict
        for one in preview(c.northwick, c.to_provider(), [c.items[n] for n in c.items if n != "foreign"])
    }
    assert shown["Network diagram"] is Verdict.SEND and shown["Month-end runbook"] is Verdict.ASK_CLIENT
    out = c.release("diagram", "runbook", "router", "switch", "unknown", "script", "note")
    assert {item.title for item in out.sent} == {"Network diagram", "Edge router login", "Core switch"}
    assert {item.title for item in out.asked} == {"Month-end runbook", "Old camera plan"}
    assert {refusal.code for _, refusal in out.refused} == {"msp_property", "msp_internal"}
    # One message for the set, one question for the rest (R2), and every refusal is an entry.
    assert Envelope.objects.filter(release=out.release).count() == 2
    assert announcements(out.release)[0].recipients[0]["role"] == "client"
    assert Entry.objects.filter(type="refusal.recorded").count() == 2


def test_without_a_signature_nothing_goes_to_the_provider_and_all_of_theirs_to_the_client() -> None:
    c = cast()
    out = c.release("diagram", "switch")
    assert out.release is None and {refusal.code for _, refusal in out.refused} == {"no_authorisation"}
    assert not Envelope.objects.filter(to_provider=True).exists()
    out = c.release("diagram", "runbook", "router", "switch", target=c.to_client(), key="mara")
    assert len(out.sent) == 4 and not out.refused


def test_terms_come_before_the_first_release() -> None:
    c = cast()
    sign(c, terms=False)
    assert {refusal.code for _, refusal in c.release("diagram", "switch").refused} == {"terms_not_accepted"}


def test_mara_answers_one_request_line_by_line_and_only_once() -> None:
    c = cast(signed=True)
    release = c.release("runbook", "unknown").release
    request = ApprovalRequest.objects.get(release=release)
    yes = ReleaseLine.objects.get(release=release, title="Month-end runbook")
    assert isinstance(approve_release(actor=c.tom, request_id=request.id, yes=[yes.id]), Refusal)
    assert approve_release(actor=c.leo, request_id=request.id, yes=[yes.id]).code == "not_found"
    done(approve_release(actor=c.mara, request_id=request.id, yes=[yes.id], words="Not the cameras."))
    assert states(release) == {"Month-end runbook": "sent", "Old camera plan": "declined"}
    assert len(announcements(release)) == 1
    assert approve_release(actor=c.mara, request_id=request.id, yes=[]).code == "already_decided"
    # A second set need not ask for the same again.
    assert [item.title for item in c.release("runbook", key="again").sent] == ["Month-end runbook"]


def test_an_approval_speaks_only_for_what_was_asked() -> None:
    """The diagram was sent beside what was asked; a later "sensitive" is not covered by Mara's yes."""
    from partwell.actions.estate.change_item import change_item

    c = cast(signed=True)
    release = c.release("diagram", "runbook").release
    request = ApprovalRequest.objects.get(release=release)
    done(
        approve_release(
            actor=c.mara,
            request_id=request.id,
            yes=list(ReleaseLine.objects.filter(release=release, state="asked").values_list("id", flat=True)),
        )
    )
    done(
        change_item(
            actor=c.dan, client_id=c.northwick.id, item_id=c.items["diagram"].id, sensitivity="sensitive"
        )
    )
    assert [item.title for item in c.release("diagram", key="later").asked] == ["Network diagram"]


def test_withdrawal_stops_queued_asked_and_claimed_and_lists_what_was_leaving() -> None:
    c = cast(signed=True)
    first = c.release("diagram", key="1").release
    second = c.release("switch", "runbook", key="2").release
    claimed = deliver.claim(announcements(second)[0].id)
    assert not isinstance(claimed, Refusal)
    leaving = c.release("router", key="3").release
    taken = deliver.claim(announcements(leaving)[0].id)
    assert deliver.start_data(taken.id, taken.claim)
    done(
        withdraw_authorisation(
            actor=c.mara, authorisation_id=c.authorisation.id, words="We changed our mind."
        )
    )
    assert states(first) == {"Network diagram": "stopped"}
    assert states(second) == {"Core switch": "stopped", "Month-end runbook": "stopped"}
    assert states(leaving) == {"Edge router login": "sent"}
    assert ApprovalRequest.objects.get(release=second).state == "lapsed"
    assert not deliver.start_data(claimed.id, claimed.claim)
    told = Envelope.objects.get(kind="authorisation_changed")
    assert "Release 3" in told.text and not told.to_provider


def test_narrowing_stops_the_failed_lines_and_announces_the_rest_anew() -> None:
    c = cast(signed=True)
    release = c.release("diagram", "switch", "router").release
    done(
        narrow_authorisation(
            actor=c.mara,
            authorisation_id=c.authorisation.id,
            scope=scope(c, excluded_item_ids=(c.items["switch"].id,)),
        )
    )
    assert states(release) == {
        "Network diagram": "sent",
        "Core switch": "stopped",
        "Edge router login": "sent",
    }
    old, new = sorted(announcements(release), key=lambda one: one.state != "stopped")
    assert (old.state, new.state) == ("stopped", "queued")
    assert "Core switch" in old.text and "Core switch" not in new.text and "Network diagram" in new.text
    assert not isinstance(deliver.claim(new.id), Refusal)


def test_staff_stop_a_release_before_it_left_and_not_after() -> None:
    c = cast(signed=True)
    release = c.release("diagram", "runbook").release
    assert stop_release(actor=c.kerstin, release_id=release.id, reason="no").code == "not_your_role"
    assert stop_release(actor=c.dan, release_id=release.id, reason=" ").code == "required"
    done(stop_release(actor=c.dan, release_id=release.id, reason="Wrong version of the diagram."))
    assert set(states(release).values()) == {"stopped"}
    assert {one.state for one in Envelope.objects.filter(release=release)} == {"stopped"}
    assert stop_release(actor=c.dan, release_id=release.id, reason="again").code == "already_leaving"


def test_a_credential_tried_yesterday_may_leave_today_when_it_was_released_yesterday() -> None:
    """R16 asks for the day of release; a mail server that was down overnight is no reason to stop it."""
    c = cast(signed=True)
    release = c.release("router").release
    tomorrow = announcements(release)[0].queued_at + timedelta(days=1)
    assert not isinstance(deliver.claim(announcements(release)[0].id, now=tomorrow), Refusal)


def test_roles_and_keys_are_asked_in_the_action_too() -> None:
    c = cast(signed=True)
    ids = c.ids("diagram")
    for actor in (c.kerstin, c.mara, c.theo):
        refused = release_items(
            actor=actor, client_id=c.northwick.id, target=c.to_provider(), item_ids=ids, idempotency="x"
        )
        assert isinstance(refused, Refusal)
    assert c.release("diagram", key="one").release == c.release("diagram", key="one").release
    assert Release.objects.count() == 1
    other = release_items(
        actor=c.dan,
        client_id=c.quayside.id,
        target=c.to_provider(),
        item_ids=c.ids("foreign"),
        idempotency="one",
    )
    assert other.code == "idempotency_conflict"
