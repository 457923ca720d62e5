# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the recipients answer, and what their silence means (R17)."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.utils import timezone

from partwell.actions.authorisations.accept_terms import accept_terms, terms_for
from partwell.actions.authorisations.end import withdraw_authorisation
from partwell.actions.files import read_file
from partwell.actions.releases.end_windows import end_windows
from partwell.actions.releases.open_line import open_line
from partwell.actions.releases.receive import (
    answer_objection,
    confirm_receipt,
    confirm_rotation,
    object_to_receipt,
)
from partwell.records.correspondence.models import Envelope
from partwell.records.evidence.models import Entry
from partwell.records.releases.models import ReleaseLine
from partwell.workers import calendar
from tests.flows.cast import Cast, cast, done

pytestmark = pytest.mark.both_databases


def lines(c: Cast, *names: str) -> list:
    """The sent lines of these items."""
    return [ReleaseLine.objects.get(item=c.items[name], state="sent").id for name in names]


def later(days: int):
    """Everything that asks for the time is told a later one."""
    return patch("django.utils.timezone.now", return_value=timezone.now() + timedelta(days=days))


def test_a_set_is_confirmed_at_once_and_an_objection_outlives_it() -> None:
    c = cast(signed=True)
    c.release("diagram", "switch", "router")
    done(confirm_receipt(actor=c.theo, line_ids=lines(c, "diagram", "switch", "router")))
    assert confirm_receipt(actor=c.leo, line_ids=lines(c, "diagram")).code == "not_found"
    assert (
        object_to_receipt(actor=c.theo, reasons={lines(c, "switch")[0]: " "}).code == "objection_needs_words"
    )
    done(object_to_receipt(actor=c.sunniva, reasons={lines(c, "switch")[0]: "The power supply is missing."}))
    row = ReleaseLine.objects.get(pk=lines(c, "switch")[0])
    assert (row.answer, row.answered_by_name) == ("objected", "Sunniva Aas")
    assert confirm_receipt(actor=c.theo, line_ids=[row.id]).code == "already_answered"
    mail = Envelope.objects.filter(kind="receipt_answer").order_by("queued_at").last()
    assert [one["role"] for one in mail.recipients] == [
        "client",
        "provider",
        "provider",
    ] and "power supply" in mail.text
    assert answer_objection(actor=c.kerstin, line_id=row.id, words="x").code == "not_your_role"
    done(answer_objection(actor=c.dan, line_id=row.id, words="It follows by courier today."))
    assert "courier" in Envelope.objects.filter(kind="message").get().text
    assert answer_objection(actor=c.dan, line_id=row.id, words="once more").code == "already_answered"


def test_the_window_closes_and_the_providers_silence_binds_nobody() -> None:
    c = cast(signed=True, deemed=True)
    c.release("diagram", "switch")
    done(confirm_receipt(actor=c.theo, line_ids=lines(c, "switch")))
    assert end_windows() == 0
    with later(16):
        assert (
            object_to_receipt(actor=c.theo, reasons={lines(c, "diagram")[0]: "Too late."}).code
            == "window_closed"
        )
        assert calendar.run_due()["receipt windows"] == 1
        assert calendar.run_due()["receipt windows"] == 0
    assert ReleaseLine.objects.get(pk=lines(c, "diagram")[0]).window_outcome == "no_objection"
    assert ReleaseLine.objects.get(pk=lines(c, "switch")[0]).window_outcome == ""
    assert Entry.objects.filter(type="receipt.window_ended").count() == 1


def test_the_clients_silence_is_acceptance_only_after_an_opening_on_record() -> None:
    c = cast(deemed=True)
    c.release("diagram", "runbook", target=c.to_client())
    file = done(open_line(actor=c.mara, line_id=lines(c, "diagram")[0], agent="test"))
    assert read_file(file).startswith(b"What diagram says")
    done(open_line(actor=c.mara, line_id=lines(c, "diagram")[0]))
    assert Entry.objects.filter(type="release.opened").count() == 1
    with later(16):
        assert end_windows() == 2
    outcomes = dict(ReleaseLine.objects.values_list("title", "window_outcome"))
    assert outcomes == {"Network diagram": "deemed_accepted", "Month-end runbook": "no_objection"}


def test_what_was_still_queued_at_the_withdrawal_is_no_title_of_theirs() -> None:
    c = cast(signed=True)
    c.release("diagram", "router")
    done(open_line(actor=c.theo, line_id=lines(c, "diagram")[0]))
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    # It had not been announced yet, although the page could be opened: it is stopped.
    assert not ReleaseLine.objects.filter(state="sent").exists()


def test_what_had_left_before_the_end_is_answered_by_title_and_mailed_to_the_client_alone() -> None:
    c = cast(signed=True)
    c.release("diagram", "router")
    Envelope.objects.get(kind="release_announcement")
    from tests.flows.post_office import delivered

    delivered(c)
    done(withdraw_authorisation(actor=c.mara, authorisation_id=c.authorisation.id))
    diagram, router = lines(c, "diagram", "router")
    assert open_line(actor=c.theo, line_id=diagram).code == "withdrawn"
    done(object_to_receipt(actor=c.theo, reasons={diagram: "We could not open it in time."}))
    assert [one["role"] for one in Envelope.objects.get(kind="receipt_answer").recipients] == ["client"]
    done(confirm_rotation(actor=c.theo, line_ids=[router]))
    with later(16):
        assert confirm_rotation(actor=c.theo, line_ids=[router]).code == "not_found"


def test_a_colleague_fetches_only_when_named_and_after_accepting_the_terms() -> None:
    c = cast(signed=True)
    c.release("diagram")
    diagram = lines(c, "diagram")[0]
    assert open_line(actor=c.sunniva, line_id=diagram).code == "terms_not_accepted"
    digest = terms_for(c.recipient)[1]
    assert accept_terms(actor=c.sunniva, shown_digest="0" * 64).code == "shown_other_text"
    first = done(accept_terms(actor=c.sunniva, shown_digest=digest))
    assert done(accept_terms(actor=c.sunniva, shown_digest=digest)).id == first.id
    done(open_line(actor=c.sunniva, line_id=diagram))
    assert open_line(actor=c.leo, line_id=diagram).code == "not_found"


def test_mara_sees_what_went_to_the_provider_without_opening_it_for_them() -> None:
    c = cast(signed=True)
    c.release("diagram")
    done(open_line(actor=c.mara, line_id=lines(c, "diagram")[0]))
    assert ReleaseLine.objects.get().opened_at is None


def test_rotation_is_confirmed_once_per_credential_and_only_for_credentials() -> None:
    c = cast(signed=True)
    c.release("diagram", "router")
    assert confirm_rotation(actor=c.theo, line_ids=lines(c, "diagram")).code == "not_found"
    done(confirm_rotation(actor=c.theo, line_ids=lines(c, "router"), words="Changed at 14:00."))
    done(confirm_rotation(actor=c.theo, line_ids=lines(c, "router")))
    assert Entry.objects.filter(type="credential.rotated").count() == 1
    c.items["router"].refresh_from_db()
    assert c.items["router"].rotation_confirmed_at is not None
