# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every refusal can be formatted, says something a person can do, and is reached from its kind alone."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from partwell.rules.refusals import REFUSALS, Refused, refuse
from partwell.rules.terms import Owner

NEEDED = [
    "no_authorisation",
    "not_yet_started",
    "ended",
    "withdrawn",
    "person_not_named",
    "terms_not_accepted",
    "recipient_unknown",
    "narrowed",
    "msp_property",
    "vendor_property",
    "no_working_client_address",
    "out_of_scope",
    "unknown_owner",
    "sensitive",
    "read_never_yields_credential",
    "credential_untested",
    "credential_never_by_mail",
    "msp_internal",
    "client_inactive",
    "not_departing",
    "date_needs_client",
    "second_person_needed",
    "callback_by_preparer",
    "second_factor_missing",
    "second_factor_weak",
    "authority_missing",
    "callback_number_not_on_file",
    "not_your_role",
    "auditor_expired",
    "cannot_close",
    "hostage",
    "preview_stale",
    "import_undone",
    "import_items_released",
    "document_changed",
    "envelope_changed",
    "ledger_not_healthy",
    "mfa_required",
    "idempotency_conflict",
    "not_found",
    "version_conflict",
]


@pytest.mark.parametrize("code", NEEDED)
def test_a_code_that_the_job_names_exists(code):
    assert code in REFUSALS


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_code_formats(code):
    kind = REFUSALS[code]
    refusal = refuse(code, **{name: f"<{name}>" for name in kind.fields})
    text = f"{refusal.sentence} {refusal.next_step}"
    assert (refusal.code, refusal.rule, refusal.status) == (code, kind.rule, kind.status)
    for name in kind.fields:
        assert f"<{name}>" in text
    assert "{" not in text
    assert "}" not in text
    assert refusal.status in {401, 404, 409, 422, 429}
    for part in (kind.sentence, kind.next_step):
        assert part[0].isupper() or part[0] in "“{", part
        assert part[-1] in ".}", part
    assert dict(refusal.data) == {name: f"<{name}>" for name in kind.fields}


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_a_missing_or_undeclared_field_is_an_error(code):
    fields = dict.fromkeys(REFUSALS[code].fields, "x")
    with pytest.raises(TypeError, match="takes the fields"):
        refuse(code, **fields, password="x")
    if fields:
        fields.popitem()
        with pytest.raises(TypeError, match="takes the fields"):
            refuse(code, **fields)


def test_an_unknown_code_is_an_error():
    with pytest.raises(KeyError):
        refuse("no_such_code")


def test_what_a_stranger_gets_tells_nothing():
    hidden = [kind for kind in REFUSALS.values() if kind.status == 404]
    assert {"not_found", "staff_left"} <= {kind.code for kind in hidden}
    for kind in hidden:
        assert kind.sentence == "There is nothing here."
        assert not kind.fields


def test_values_are_shown_in_words_and_kept_as_json():
    ended = refuse("ended", recipient="Northwind IT", end=date(2026, 3, 5))
    assert ended.sentence == "The authorisation for Northwind IT ended on 5 March 2026."
    assert ended.data["end"] == "2026-03-05"
    at = refuse("callback_number_not_on_file", reference=datetime(2026, 3, 5, 9, 7, tzinfo=UTC))
    assert "5 March 2026, 09:07" in at.sentence
    listed = refuse("plan_step_blocked", step="A", waits_for=["B", "C"])
    assert "waits for: B, C." in listed.sentence
    assert listed.data["waits_for"] == ["B", "C"]
    assert refuse("not_proposed", state=Owner.CLIENT).data == {"state": "client"}
    assert refuse("amount_invalid", where=Decimal("1.50")).data == {"where": "1.50"}
    assert refuse("too_many_pain_points", count=6).data == {"count": 6}
    for refusal in (ended, at, listed):
        json.dumps(dict(refusal.data))


def test_the_exception_says_the_sentence():
    refusal = refuse("not_found")
    with pytest.raises(Refused, match="nothing here") as caught:
        raise Refused(refusal)
    assert caught.value.refusal is refusal


def test_braces_in_a_name_stay_a_name():
    assert "{recipient} {0}" in refuse("no_authorisation", recipient="{recipient} {0}").sentence
