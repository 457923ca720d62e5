# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a certificate may claim, and that no field of SP 800-88r2 is ever left out."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from partwell.rules import certificate as cert
from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal

MODULE = "FIPS 140-3, certificate 4711"
DATA = cert.DataFacts(set_name="Nightly", contents="backups", place=Place.BUCKET, location="Frankfurt")
MEDIA = cert.MediaFacts(
    "WD", "Red", "WX-1", "magnetic disk", "NAS-2", "confidential", "clear", "zeros", "nwipe", "read back"
)
FIELDS = {
    "Manufacturer", "Model", "Serial number", "Property number", "Media type", "Source", "Confidentiality before", "Method",
    "Technique", "Tool", "Version of the tool", "Verification method",
}  # fmt: skip
CLOUD = {
    "Data set", "Location", "Vendor or operator", "Snapshots", "Copies", "Replicas and sub-processors", "Confidentiality before",
    "Why it was deleted", "Kept until", "Method", "Technique", "Tool and version", "Carried out on", "Effective on", "Things listed",
    "Bytes listed", "SHA-256 of that list", "Deleted", "Excepted", "Verification method", "Verified on",
    "SHA-256 of what was found afterwards",
}  # fmt: skip


def rows(wording: cert.Wording) -> dict[str, tuple[str, ...]]:
    return {label: lines for section in wording.sections for label, lines in section.rows}


def code(result: Refusal | None) -> str:
    return result.code if result else ""


@pytest.mark.parametrize(
    ("method", "module", "of_data", "expected"),
    [
        ("clear", "", False, ""), ("clear", "", True, ""), ("clear", MODULE, False, ""), ("clear", MODULE, True, ""),
        ("purge", "", False, "purge_needs_module"), ("purge", " ", False, "purge_needs_module"), ("purge", "", True, "purge_needs_module"),
        ("purge", MODULE, False, ""), ("purge", MODULE, True, ""),
        ("destroy", "", False, ""), ("destroy", MODULE, False, ""), ("destroy", "", True, "invalid_input"), ("destroy", MODULE, True, "invalid_input"),
        ("", "", False, "invalid_input"), ("Purge", MODULE, False, "invalid_input"), ("wipe", MODULE, False, "invalid_input"),
    ],
)  # fmt: skip
def test_what_may_be_claimed(method: str, module: str, of_data: bool, expected: str) -> None:
    assert code(cert.may_claim(method, module, of_data=of_data)) == expected


@pytest.mark.parametrize(("place", "module"), list(product(Place, ("", MODULE))))
def test_data_are_purged_only_in_the_vault_with_a_module(place: Place, module: str) -> None:
    said = rows(cert.of_data(replace(DATA, place=place, module=module)))["Method"][0]
    assert said.startswith("Purge") is (place is Place.VAULT and bool(module))
    assert "Destroy" not in said
    if place is Place.VAULT and not module:
        assert "Purge is not claimed" in said


@pytest.mark.parametrize("place", Place)
def test_of_data_every_field_is_there_and_the_unknown_says_so(place: Place) -> None:
    found = rows(cert.of_data(replace(DATA, place=place)))
    assert found.keys() >= CLOUD
    assert all(lines and all(lines) for lines in found.values())
    for label in (
        "Snapshots",
        "Copies",
        "Why it was deleted",
        "Kept until",
        "Things listed",
        "Verified on",
        "Effective on",
    ):
        assert found[label] == (cert.NOT_KNOWN,), label
    assert found["Replicas and sub-processors"] == ("none on record",) and found["Excepted"] == ("nothing",)


@pytest.mark.parametrize("method", cert.Method)
def test_of_a_medium_every_field_is_there(method: cert.Method) -> None:
    made = cert.of_media(replace(MEDIA, method=method.value))
    found = rows(made)
    assert found.keys() >= FIELDS and all(lines and all(lines) for lines in found.values())
    assert found["Property number"] == (cert.NOT_KNOWN,) and found["Method"] == (method.meaning,)
    assert made.what == "WD Red, serial WX-1"


def test_each_person_has_name_title_date_place_contact_and_signature() -> None:
    full = cert.Part(
        "Carried out by",
        "Dan Frey",
        "Technician",
        date(2026, 11, 1),
        "Hamburg",
        "the desk",
        "As asked.",
        "entry 7 of the log",
    )
    made = cert.of_media(replace(MEDIA, people=(full, cert.Part("Validated by a second person"))))
    did, looked = (rows(made)[role] for role in ("Carried out by", "Validated by a second person"))
    assert did == (
        "Dan Frey", "Title: Technician", "Date: 1 November 2026", "Place: Hamburg", "Contact: the desk", "Signature: entry 7 of the log", "“As asked.”",
    )  # fmt: skip
    assert looked == (
        cert.NOT_KNOWN,
        *(f"{one}: not known" for one in ("Title", "Date", "Place", "Contact", "Signature")),
    )


@pytest.mark.parametrize(
    ("listed", "outcome", "after", "proof", "confirmed"), list(product((False, True), repeat=5))
)  # fmt: skip
def test_attested_by_whom_supported_by_what_there_is(listed: bool, outcome: bool, after: bool, proof: bool, confirmed: bool) -> None:  # fmt: skip
    facts = replace(
        DATA, listed_digest="a" * listed, outcome_digest="b" * outcome, verification_digest="c" * after, vendor_confirmed=confirmed,
        steps=(cert.Proved("Delete", digest="d" * proof),), attested_by="Harbourline IT, by Dan Frey",
    )  # fmt: skip
    said = cert.of_data(facts).attested
    assert said.startswith("Attested by Harbourline IT, by Dan Frey, supported by ") and said.endswith(
        "the check of a second person."
    )
    for there, words in ((listed, "the list made before"), (outcome, "what the storage answered"), (after, "the list made after"),
                         (proof, "the proof of each step"), (confirmed, "the vendor’s written confirmation")):  # fmt: skip
        assert (words in said) is there


def test_exceptions_are_named_up_to_a_limit_and_counted_beyond() -> None:
    many = tuple(cert.Named(f"k{n}", "v", "locked") for n in range(cert.NAMED_MOST + 3))
    made = cert.of_data(replace(DATA, exceptions=many, except_reason="Object Lock"))
    assert len(made.exceptions) == cert.NAMED_MOST and made.unnamed == 3
    assert rows(made)["Excepted"] == (f"{cert.NAMED_MOST + 3:,}",)
    data = made.as_data()
    assert (
        data["exceptions"][0] == {"key": "k0", "version": "v", "why": "locked"}
        and data["except_reason"] == "Object Lock"
    )
    assert cert.of_data(DATA).as_data()["except_reason"] == ""


def test_the_vault_and_the_vendor_say_what_is_theirs() -> None:
    vault = rows(
        cert.of_data(replace(DATA, place=Place.VAULT, key_backup_days=30, key_destroyed_on=date(2026, 5, 1)))
    )
    assert vault["Backups of the key store"] == ("kept for 30 days",) and vault["Validated module"] == (
        cert.NOT_KNOWN,
    )
    assert rows(cert.of_data(replace(DATA, place=Place.VENDOR)))["Vendor’s confirmation"] == (
        "none was given",
    )
    assert "Vendor’s confirmation" not in rows(cert.of_data(DATA))


@pytest.mark.parametrize("method", cert.Method)
def test_limits_of_a_medium(method: cert.Method) -> None:
    said = cert.media_limits(method, module=MODULE)
    assert "cannot be proved" in said[0] and len(said) == 2
    assert (MODULE in said[1]) is (method is cert.Method.PURGE)
