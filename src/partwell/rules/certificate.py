# SPDX-License-Identifier: AGPL-3.0-or-later
"""The certificate of destruction: the fields of NIST SP 800-88r2, 4.6, and what may be said in them.

A certificate attests; it does not prove absence. What is not known is printed as "not known" and never left out,
and a method is named no stronger than what supports it. Values are made here and stored word for word with the
certificate, so that the letter, the pages and the API say the same for as long as the record stands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from partwell.rules.keeping import Place
from partwell.rules.refusals import Refusal, refuse, show

NOT_KNOWN = "not known"
# A certificate names so many exceptions itself; the outcome file, whose digest is on it, names all.
NAMED_MOST = 5000


class Method(StrEnum):
    """The three words of SP 800-88r2 for what was done to a medium or to data."""

    CLEAR = "clear"
    PURGE = "purge"
    DESTROY = "destroy"

    @property
    def meaning(self) -> str:
        """The word with what it claims, for people who do not know the publication."""
        return _METHODS[self]


_METHODS = {
    Method.CLEAR: "Clear: recovery by ordinary means, through the interface of the storage, is prevented",
    Method.PURGE: "Purge: recovery by the means of a laboratory is prevented",
    Method.DESTROY: "Destroy: recovery by the means of a laboratory is prevented, and the medium cannot be used any more",
}


def may_claim(method: str, module: str, *, of_data: bool = False) -> Refusal | None:
    """Whether ``method`` may be claimed. SP 800-88r2: Purge only with a validated module, which is named.

    ``module``: the validated cryptographic or sanitisation module with its certificate's number. ``of_data``: data
    in a place, not a medium in hand, cannot be destroyed in the publication's sense.
    """
    try:
        named = Method(method)
    except ValueError:
        return refuse("invalid_input", where="The method", problem="clear, purge or destroy")
    if named is Method.PURGE and not module.strip():
        return refuse("purge_needs_module")
    if named is Method.DESTROY and of_data:
        return refuse(
            "invalid_input", where="The method", problem="data is cleared or purged; a medium is destroyed"
        )
    return None


@dataclass(frozen=True, slots=True)
class Part:
    """What one person did: name, title, day, place, contact and signature, as 4.6 asks of each who did and who verified.

    ``signature``: how they signed, in words; in Partwell people sign by what they do while signed in.
    """

    role: str
    name: str = ""
    title: str = ""
    day: date | None = None
    place: str = ""
    contact: str = ""
    words: str = ""
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    """One exception: what was not deleted, and why."""

    key: str
    version: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Proved:
    """One step by hand: what was done, by whom, and the digest of its proof."""

    title: str
    who: str = ""
    day: date | None = None
    words: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What is on record of a deletion that was carried out. Days in the MSP's zone; None or "": not known.

    ``target``: label and value of where exactly it lay (tenant, bucket, prefix, path); ``snapshots``: what is known of
    them; ``copies``: how many the client was told of; ``replicas``: with sub-processor and expiry, in words.
    """

    set_name: str
    contents: str
    place: Place
    location: str
    vendor: str = ""
    target: tuple[tuple[str, str], ...] = ()
    snapshots: str = ""
    copies: int | None = None
    replicas: tuple[str, ...] = ()
    confidentiality: str = ""
    reason: str = ""
    kept_until: date | None = None
    listed_on: date | None = None
    listed_count: int | None = None
    listed_bytes: int | None = None
    listed_digest: str = ""
    deleted_count: int | None = None
    outcome_digest: str = ""
    exceptions: tuple[Named, ...] = ()
    except_reason: str = ""
    tool: str = ""
    module: str = ""
    key_destroyed_on: date | None = None
    key_backup_days: int = 0
    verified_on: date | None = None
    verification_digest: str = ""
    vendor_confirmed: bool = False
    steps: tuple[Proved, ...] = ()
    executed_on: date | None = None
    effective_on: date | None = None
    people: tuple[Part, ...] = ()
    attested_by: str = ""


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What is on record of a medium that was wiped or shredded. ``report_digest``: of the attached report, as it came."""

    manufacturer: str
    model: str
    serial: str
    media_type: str
    source: str
    confidentiality: str
    method: str
    technique: str
    tool: str
    verification_method: str
    property_number: str = ""
    tool_version: str = ""
    module: str = ""
    destination: str = ""
    after_confidentiality: str = ""
    report_name: str = ""
    report_digest: str = ""
    item_title: str = ""
    people: tuple[Part, ...] = ()
    attested_by: str = ""

    @property
    def name(self) -> str:
        """The medium in one line: maker, model and serial."""
        return f"{self.manufacturer} {self.model}, serial {self.serial}"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its fields; each field is a label and lines of text, never without one."""

    title: str
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """A certificate word for word; ``as_data`` is what is stored with it."""

    what: str
    method: str
    sections: tuple[Section, ...]
    attested: str
    exceptions: tuple[Named, ...] = ()
    unnamed: int = 0
    except_reason: str = ""
    parts: tuple[Part, ...] = field(default_factory=tuple)

    def as_data(self) -> dict[str, Any]:
        """As JSON holds it; lists, strings and numbers only."""
        return {
            "what": self.what,
            "method": self.method,
            "sections": [
                {"title": one.title, "rows": [[label, list(lines)] for label, lines in one.rows]} for one in self.sections
            ],
            "attested": self.attested,
            "exceptions": [asdict(one) for one in self.exceptions],
            "unnamed": self.unnamed,
            "except_reason": self.except_reason,
        }  # fmt: skip


def _row(label: str, *values: object) -> tuple[str, tuple[str, ...]]:
    """A field; what is not known says so."""
    lines = tuple(show(one) for one in values if one is not None and one != "")
    return label, lines or (NOT_KNOWN,)


def _people(parts: Sequence[Part]) -> Section:
    rows = []
    for one in parts:
        lines = [one.name or NOT_KNOWN, f"Title: {one.title or NOT_KNOWN}", f"Date: {show(one.day) if one.day else NOT_KNOWN}",
                 f"Place: {one.place or NOT_KNOWN}", f"Contact: {one.contact or NOT_KNOWN}", f"Signature: {one.signature or NOT_KNOWN}"]  # fmt: skip
        if one.words:
            lines.append(f"“{one.words}”")
        rows.append((one.role, tuple(lines)))
    return Section("Who did, verified and approved it", tuple(rows))


def attested(by: str, supports: Sequence[str]) -> str:
    """PROOF.md's wording: attested by whom, supported by what; nothing beyond it."""
    known = [one for one in supports if one]
    return f"Attested by {by or NOT_KNOWN}, supported by {_joined(known) if known else 'nothing that is on file'}."


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


# What was done and how it was looked at afterwards, by where the data lay.
_TECHNIQUE: Mapping[Place, str] = {
    Place.VAULT: "Cryptographic erase: the only key that opens this data was removed from its key store, then the encrypted files",
    Place.BUCKET: "Every version, delete marker and incomplete upload under the prefix was deleted through the storage’s interface",
    Place.FOLDER: "Every file and folder below the path was unlinked",
    Place.VENDOR: "Emptied by hand in the vendor’s console, step by step as listed below",
    Place.MEDIA: "By hand, step by step as listed below; a medium whose wiping or shredding was recorded has a certificate of its own",
    Place.UNKNOWN: "By hand, step by step as listed below",
}
_VERIFIED: Mapping[Place, str] = {
    Place.VAULT: "The key store was asked for the key again, and the vault for each file: neither was found",
    Place.BUCKET: "Listed again afterwards with every version, marker and upload; the answers of the storage are kept as they came",
    Place.FOLDER: "Listed again afterwards; what was found is kept as it came",
    Place.VENDOR: "A second person looked at the proof of each step",
    Place.MEDIA: "A second person looked at the proof of each step",
    Place.UNKNOWN: "A second person looked at the proof of each step",
}


def _method_of(place: Place, module: str) -> str:
    """What is claimed of data that lay at ``place``: Purge only where a validated module is named, else Clear."""
    if place is Place.MEDIA:
        return "As recorded for each medium; nothing is claimed here beyond the steps listed below"
    if place is Place.VAULT and may_claim(Method.PURGE, module) is None:
        return Method.PURGE.meaning
    if place is Place.VAULT:
        return f"{Method.CLEAR.meaning}. Purge is not claimed: no validated module is named"
    return Method.CLEAR.meaning


def of_data(facts: DataFacts) -> Wording:
    """The certificate of a deletion. What it excepted is named one by one, up to ``NAMED_MOST``."""
    replicas: tuple[str, ...] = facts.replicas
    target = [_row(label, value) for label, value in facts.target]
    excepted = len(facts.exceptions)
    where = Section("What, and where it lay", (
        _row("Data set", facts.set_name),
        _row("Contents", facts.contents),
        _row("Kind of place", facts.place.label if facts.place is not Place.UNKNOWN else ""),
        _row("Location", facts.location),
        _row("Vendor or operator", facts.vendor or ("the service provider itself" if facts.place is Place.VAULT else "")),
        *target,
        _row("Snapshots", facts.snapshots),
        _row("Copies", facts.copies),
        _row("Replicas and sub-processors", *(replicas or ("none on record",))),
        _row("Confidentiality before", facts.confidentiality),
        _row("Why it was deleted", facts.reason),
        _row("Kept until", facts.kept_until),
    ))  # fmt: skip
    how = Section("What was done", (
        _row("Method", _method_of(facts.place, facts.module)),
        _row("Technique", _TECHNIQUE[facts.place]),
        _row("Tool and version", facts.tool if not facts.place.by_hand else (facts.tool and f"the console of the place; guided and recorded by {facts.tool}")),
        *((_row("Validated module", facts.module),) if facts.place is Place.VAULT else ()),
        *((_row("Key removed from its store on", facts.key_destroyed_on), _row("Backups of the key store", f"kept for {facts.key_backup_days} days" if facts.key_backup_days else "none are kept")) if facts.place is Place.VAULT else ()),
        *((_row("Vendor’s confirmation", "in writing, attached to the record" if facts.vendor_confirmed else "none was given"),) if facts.place is Place.VENDOR else ()),
        _row("Carried out on", facts.executed_on),
        _row("Effective on", facts.effective_on),
    ))  # fmt: skip
    proof = Section("What was found before and after", (
        _row("Listed before, on", facts.listed_on),
        _row("Things listed", _number(facts.listed_count)),
        _row("Bytes listed", _number(facts.listed_bytes)),
        _row("SHA-256 of that list", facts.listed_digest),
        _row("Deleted", _number(facts.deleted_count)),
        _row("Excepted", _number(excepted) if excepted else "nothing"),
        _row("SHA-256 of what the storage answered", facts.outcome_digest),
        _row("Verification method", _VERIFIED[facts.place]),
        _row("Verified on", facts.verified_on),
        _row("SHA-256 of what was found afterwards", facts.verification_digest),
    ))  # fmt: skip
    sections = [where, how, proof]
    if facts.steps:
        sections.append(Section("Steps by hand", tuple(
            _row(one.title, f"{one.who or NOT_KNOWN}, {show(one.day) if one.day else NOT_KNOWN}", one.words,
                 f"Proof, SHA-256 {one.digest}" if one.digest else "no proof was asked for") for one in facts.steps
        )))  # fmt: skip
    sections.append(_people(facts.people))
    supports = [
        "the list made before it" if facts.listed_digest else "",
        "what the storage answered" if facts.outcome_digest else "",
        "the list made after it" if facts.verification_digest else "",
        "the proof of each step by hand" if any(one.digest for one in facts.steps) else "",
        "the vendor’s written confirmation" if facts.vendor_confirmed else "",
        "the check of a second person",
    ]
    return Wording(
        facts.set_name,
        _method_of(facts.place, facts.module),
        tuple(sections),
        attested(facts.attested_by, supports),
        facts.exceptions[:NAMED_MOST],
        max(0, excepted - NAMED_MOST),
        facts.except_reason if excepted else "",
        facts.people,
    )


def of_media(facts: MediaFacts) -> Wording:
    """The certificate of a medium: every field of 4.6, whether it is known or not."""
    medium = Section("The medium", (
        _row("Manufacturer", facts.manufacturer),
        _row("Model", facts.model),
        _row("Serial number", facts.serial),
        _row("Property number", facts.property_number),
        _row("Media type", facts.media_type),
        _row("Source", facts.source),
        _row("Item of the estate", facts.item_title or "none"),
        _row("Confidentiality before", facts.confidentiality),
        _row("Confidentiality after", facts.after_confidentiality),
        _row("Where it went", facts.destination),
    ))  # fmt: skip
    how = Section("What was done", (
        _row("Method", Method(facts.method).meaning),
        _row("Technique", facts.technique),
        _row("Tool", facts.tool),
        _row("Version of the tool", facts.tool_version),
        _row("Validated module", facts.module),
        _row("Verification method", facts.verification_method),
        _row("Report", facts.report_name, f"SHA-256 {facts.report_digest}" if facts.report_digest else ""),
    ))  # fmt: skip
    supports = ["the attached report" if facts.report_digest else "", "the check of a second person"]
    return Wording(
        facts.name,
        Method(facts.method).meaning,
        (medium, how, _people(facts.people)),
        attested(facts.attested_by, supports),
        parts=facts.people,
    )


def media_limits(method: str, *, module: str) -> tuple[str, ...]:
    """What the certificate of a medium does not claim."""
    named = Method(method)
    out = [
        "This certificate speaks of this one medium. That no copy of its data exists anywhere cannot be proved, and is not claimed."
    ]
    if named is Method.CLEAR:
        out.append(
            "Clear does not reach areas that a drive hides from its interface, such as worn or reserved blocks."
        )
    if named is Method.PURGE:
        out.append(
            f"Purge rests on the validated module {module.strip()} and on the report; nobody opened the medium to look."
        )
    if named is Method.DESTROY:
        out.append(
            "That the shredded pieces are those of this medium rests on the serial number read before, and on the report."
        )
    return tuple(out)
