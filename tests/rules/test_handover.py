# SPDX-License-Identifier: AGPL-3.0-or-later
"""R3 and R16: what each kind needs on record, and by which way it may leave."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from partwell.rules.handover import (
    CredentialFacts,
    HandoverFacts,
    ReleaseWay,
    looks_critical,
    missing_for_handover,
    way_allowed,
)
from partwell.rules.pauses import PauseReason, may_pause
from partwell.rules.terms import ItemKind

NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)  # already 11 March in Warsaw
YES_NO = (False, True)


def missing(kind, **facts):
    return [
        found.code
        for found in missing_for_handover(HandoverFacts("Thing", kind, NOW, zone="Europe/Warsaw", **facts))
    ]


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        (ItemKind.HARDWARE, {"serial": ("SN1", "serial_missing"), "condition": ("good", "condition_missing")}),
        (ItemKind.LICENCE, {"licence_key": (True, "licence_key_missing"),
                            "transfer_confirmed": (True, "transfer_unconfirmed")}),
        (ItemKind.DATA, {"location": ("NAS 1", "location_missing"), "manifest": (True, "manifest_missing"),
                         "in_place_confirmed": (True, "in_place_unconfirmed")}),
        (ItemKind.DOCUMENT, {"file": (True, "document_missing")}),
    ],
)  # fmt: skip
def test_each_kind_as_a_whole_table(kind, needs):
    for present in product(YES_NO, repeat=len(needs)):
        facts = {
            name: value for (name, (value, _)), there in zip(needs.items(), present, strict=True) if there
        }
        expected = [code for (_, code), there in zip(needs.values(), present, strict=True) if not there]
        assert missing(kind, **facts) == expected


def test_blank_is_not_recorded_and_a_licence_may_have_no_key():
    assert missing(ItemKind.HARDWARE, serial=" ", condition="ok") == ["serial_missing"]
    assert missing(ItemKind.LICENCE, has_no_key=True, transfer_confirmed=True) == []
    assert missing(ItemKind.OTHER) == ["location_missing"]
    assert missing(ItemKind.OTHER, file=True) == missing(ItemKind.OTHER, location="shelf") == []


TRIED = {
    "never": None,
    "today": NOW - timedelta(minutes=10),
    "yesterday there, today in UTC": NOW - timedelta(hours=2),
    "tomorrow": NOW + timedelta(hours=1),
}


def test_credentials_as_a_whole_table():
    for tried, critical, proof, reason, second, label, admin, named in product(
        TRIED, YES_NO, YES_NO, YES_NO, ("", "s1", "s2"), YES_NO, YES_NO, YES_NO
    ):
        credential = CredentialFacts(
            account="root", privilege="administrator", critical=critical, admin_access=admin,
            clients_account=named, tried_at=TRIED[tried], proof=proof,
            untestable_reason="vendor is closed" if reason else "", tried_by_id="s1", second_person_id=second,
            labelled_untested=label,
        )  # fmt: skip
        expected = ["account_not_clients"] if admin and not named else []
        if tried == "today":
            expected += [] if proof else ["credential_proof_missing"]
        elif critical:
            if not reason:
                expected += ["credential_untested"]
            elif second != "s2":
                expected += ["second_person_needed"]
        elif not label:
            expected += ["untested_label_missing"]
        assert missing(ItemKind.CREDENTIAL, credential=credential) == expected


def test_a_credential_nobody_described_is_critical():
    assert missing(ItemKind.CREDENTIAL) == ["account_missing", "privilege_missing", "credential_untested"]


def test_the_way_as_a_whole_table():
    for kind, way, encrypted in product(ItemKind, ReleaseWay, YES_NO):
        refusal = way_allowed("Thing", kind, way, encrypted)
        if kind is not ItemKind.CREDENTIAL or way is ReleaseWay.PORTAL:
            expected = None
        elif way is ReleaseWay.MAIL:
            expected = "credential_never_by_mail"
        elif way is ReleaseWay.BUNDLE and encrypted:
            expected = None
        else:
            expected = "credential_needs_encryption"
        assert (refusal.code if refusal else None) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [(("Domain Admin",), True), (("NAS", "Backup encryption key"), True), (("MFA recovery codes",), True),
     (("Newsletter tool", "editor"), False)],
)  # fmt: skip
def test_critical_words(words, expected):
    assert looks_critical(*words) is expected


@pytest.mark.parametrize("reason", [reason.value for reason in PauseReason])
def test_a_lawful_pause_needs_a_ground(reason):
    assert may_pause(reason, "letter of 3 March") is None
    refusal = may_pause(reason, "  ")
    assert refusal is not None
    assert refusal.code == "pause_unnamed"


@pytest.mark.parametrize(
    ("reason", "ground", "code"),
    [("unpaid_invoices", "", "hostage"), ("other", "client owes 8,000", "hostage"), ("mood", "", "pause_unnamed"),
     ("", "", "pause_unnamed"), ("other", "They have not paid for June", "hostage"), ("other", "Two bills are outstanding", "hostage"),
     ("non_payment", "", "hostage"), ("other", "I feel uneasy about Bilbao", "pause_unnamed")],
)  # fmt: skip
def test_a_debt_is_no_reason(reason, ground, code):
    refusal = may_pause(reason, ground)
    assert refusal is not None
    assert refusal.code == code
