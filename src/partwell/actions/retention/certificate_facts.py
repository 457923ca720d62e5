# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is on record of a deletion or a destroyed medium, as the certificate takes it. Gathers; decides nothing."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from partwell.actions.facts import zone
from partwell.records.clients.models import Contact
from partwell.records.evidence.models import Entry, EntrySubject
from partwell.records.people.models import Msp, StaffMember
from partwell.records.people.queries import the_msp
from partwell.records.retention.models import Deletion, HandStep, MediaDestruction
from partwell.rules import certificate
from partwell.rules.actor import SYSTEM
from partwell.rules.consent import day_in
from partwell.rules.deletion_steps import CHECK
from partwell.rules.keeping import Place
from partwell.rules.roles import ROLE_LABELS
from sealed import __version__

TOOL = f"Partwell {__version__}"
# Staff work on a distant storage; where they sat meanwhile is nothing that Partwell records.
REMOTE = "not known; it was done over the network"
_CONTENTS = {
    "": "backups",
    "backup": "backups",
    "archive": "archive data",
    "both": "backups and archive data",
}
_TARGET = (
    ("tenant", "Tenant or account"), ("console", "Console"), ("endpoint", "Endpoint"), ("region", "Region"), ("bucket", "Bucket"),
    ("prefix", "Prefix"), ("path", "Path"), ("description", "Described as"),
)  # fmt: skip
# The fields without which a place is not named, so that a missing one is printed as not known.
_NEEDED = {
    Place.BUCKET: ("endpoint", "region", "bucket", "prefix"),
    Place.FOLDER: ("path",),
    Place.VENDOR: ("tenant", "console"),
    Place.MEDIA: ("description",),
}
_SNAPSHOTS = {
    Place.VAULT: "Partwell makes none; those of the disk below it are not known",
    Place.FOLDER: "not known; those of the share are outside this certificate",
}


def titled(person_id: UUID | None, role: str = "") -> tuple[str, str]:
    """Title and contact of a member of staff or a contact, as on file today; "" for what is not."""
    if person_id is None:
        return "", ""
    if person_id == SYSTEM.id:
        return "the program itself", ""
    staff = StaffMember.objects.select_related("user").filter(pk=person_id).first()
    if staff is not None:
        return staff.title or ROLE_LABELS.get(staff.role, staff.role), _contact(staff.user.email, staff.phone)
    contact = Contact.objects.filter(pk=person_id).first()
    if contact is not None:
        return contact.title or ROLE_LABELS.get(contact.role, contact.role), _contact(
            contact.email, contact.phone
        )
    return ROLE_LABELS.get(role, role), ""


def _contact(*ways: str) -> str:
    return ", ".join(way for way in ways if way)


def _day(moment: datetime | None, zone_name: str) -> date | None:
    return day_in(moment, zone_name) if moment else None


def _house(msp: Msp | None) -> str:
    return (msp.legal_name or msp.name) if msp else ""


def _by(house: str, *names: str) -> str:
    known = list(dict.fromkeys(name for name in names if name))
    return f"{house}, by {' and '.join(known)}" if known else house


def data_facts(row: Deletion) -> certificate.DataFacts:
    """A deletion as its certificate says it; ``row`` with its set, listing, outcome and verification."""
    from django.conf import settings

    kept, zone_name = row.backup_set, zone()
    place = Place(kept.place)
    needed = _NEEDED.get(place, ())
    target = tuple(
        (label, str(kept.whereabouts.get(name) or ""))
        for name, label in _TARGET
        if name in needed or kept.whereabouts.get(name)
    )
    steps = tuple(
        certificate.Proved(
            step.title,
            step.done_by_name,
            _day(step.done_at, zone_name),
            step.words,
            step.proof.sha256 if step.proof else "",
        )
        for step in HandStep.objects.select_related("proof").filter(deletion=row).order_by("position")
    )
    people = _people_of(row, zone_name)
    return certificate.DataFacts(
        set_name=kept.name,
        contents=_CONTENTS.get(kept.contents, kept.contents),
        place=place,
        location=kept.location,
        vendor=kept.vendor,
        target=target,
        snapshots=_snapshots(place, row.findings),
        copies=kept.copies,
        replicas=_replicas(kept.replicas) + _told(row.findings),
        reason=row.reason,
        kept_until=row.until,
        listed_on=_day(row.listed_at, zone_name),
        listed_count=row.listed_count if row.listed_at else None,
        listed_bytes=row.listed_bytes if row.listed_at else None,
        listed_digest=row.listed_digest or (row.listing.sha256 if row.listing else ""),
        deleted_count=None if row.by_hand else row.deleted_count,
        outcome_digest=row.outcome.sha256 if row.outcome else "",
        exceptions=tuple(
            certificate.Named(
                str(one.get("key", "")), str(one.get("version") or ""), str(one.get("why") or "")
            )
            for one in row.exceptions
        ),
        except_reason=row.except_reason,
        tool=TOOL,
        key_destroyed_on=row.key_destroyed_on,
        key_backup_days=settings.PARTWELL_KEY_BACKUP_DAYS,
        verified_on=_day(row.verified_at, zone_name),
        verification_digest=row.verification.sha256 if row.verification else "",
        vendor_confirmed=row.vendor_confirmed,
        steps=steps,
        executed_on=_day(row.executed_at, zone_name),
        effective_on=row.effective_on,
        people=people,
        attested_by=_by(_house(the_msp()), row.executed_by_name, row.validated_by_name),
    )


def _signed(subject: UUID, *types: str) -> dict[str, str]:
    """How each step of ``types`` was signed: its newest entry about the subject, in words; two queries."""
    about = EntrySubject.objects.filter(subject_ref=subject).values("entry_index")
    rows = Entry.objects.filter(index__in=about, type__in=types).order_by("index")
    return {kind: f"signed in to Partwell; entry {index} of the log" for kind, index in rows.values_list("type", "index")}  # fmt: skip


def _people_of(row: Deletion, zone_name: str) -> tuple[certificate.Part, ...]:
    """Who proposed, approved, carried out, verified and validated, each with the entry that says so."""
    said = (
        ("Proposed by", "deletion.proposed", row.proposed_by_ref, row.proposed_by_name, row.proposed_by_role, row.proposed_at, ""),
        ("Approved by", "deletion.approved", row.approved_by_ref, row.approved_by_name, row.approved_by_role, row.approved_at, ""),
        ("Carried out by", "deletion.started", row.executed_by_ref, row.executed_by_name, row.executed_by_role, row.executed_at, ""),
        ("Verified by", "deletion.verified", row.executed_by_ref, row.executed_by_name, row.executed_by_role, row.verified_at, ""),
        ("Validated by a second person", "deletion.validated", row.validated_by_ref, row.validated_by_name, row.validated_by_role,
         row.validated_at, row.validated_words),
    )  # fmt: skip
    signed = _signed(row.id, *(kind for _, kind, *_rest in said))
    out = []
    for what, kind, ref, name, role, at, words in said:
        if what == "Verified by":
            # By hand somebody signs in again and looks; else the program lists the place again.
            look = HandStep.objects.filter(deletion=row, key=CHECK).first() if row.by_hand else None
            ref, name, role = (look.done_by_ref, look.done_by_name, "") if look else (ref, name, role)
            if not row.by_hand:
                ref, name, role = SYSTEM.id, TOOL, ""
        title, contact = titled(ref, role)
        day = day_in(at, zone_name) if at else None
        out.append(certificate.Part(what, name, title, day, REMOTE, contact, words, signed.get(kind, "")))
    return tuple(out)


def _replicas(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """Each replica in one line: what, where, whose, and when its last copy expires."""
    out = []
    for one in rows:
        where = ", ".join(str(one[key]) for key in ("what", "where") if one.get(key))
        firm = f"; sub-processor {one['sub_processor']}" if one.get("sub_processor") else ""
        days = one.get("expires_days")
        expires = f"; expires {days} days after deletion" if days is not None else "; expiry not known"
        out.append(f"{where or certificate.NOT_KNOWN}{firm}{expires}")
    return tuple(out)


def _told(findings: dict[str, Any]) -> tuple[str, ...]:
    """What the storage said of replication, and what it would not say."""
    told = tuple(f"replication by the storage: {one}" for one in findings.get("replication") or ())
    silent = findings.get("unknown") or ()
    return told + ((f"the storage did not say: {', '.join(map(str, silent))}",) if silent else ())


def _snapshots(place: Place, findings: dict[str, Any]) -> str:
    known = findings.get("versioning")
    if place is Place.BUCKET and known not in (None, "", "n/a"):
        return f"versioning was {known}; every version that the storage listed was part of the deletion"
    return _SNAPSHOTS.get(place, "")


def media_facts(row: MediaDestruction) -> certificate.MediaFacts:
    """A destroyed medium as its certificate says it; ``row`` with its item and report."""
    zone_name = zone()
    signed = _signed(row.id, "destruction.recorded")
    people = (
        certificate.Part("Carried out by", row.done_by_name, row.done_by_title, row.done_on, row.done_where, row.done_by_contact, "",
                         "on the attached report, where it carries one"),
        certificate.Part("Recorded by", row.recorded_by_name, titled(row.done_by_ref)[0], _day(row.recorded_at, zone_name), "",
                         titled(row.done_by_ref)[1], "", signed.get("destruction.recorded", "")),
        # Its entry comes into the log together with the certificate's own, just before it.
        certificate.Part("Verified and validated by a second person", row.validated_by_name, row.validated_by_title,
                         _day(row.validated_at, zone_name), row.validated_where, row.validated_by_contact, row.validated_words,
                         "signed in to Partwell; the entry before this certificate’s" if row.validated_at else ""),
    )  # fmt: skip
    return certificate.MediaFacts(
        manufacturer=row.manufacturer,
        model=row.model,
        serial=row.serial,
        media_type=row.media_type,
        source=row.source,
        confidentiality=row.confidentiality,
        method=row.method,
        technique=row.technique,
        tool=row.tool,
        verification_method=row.verification_method,
        property_number=row.property_number,
        tool_version=row.tool_version,
        module=row.validated_module,
        destination=row.destination,
        after_confidentiality=row.after_confidentiality,
        report_name=row.report.name if row.report else "",
        report_digest=row.report.sha256 if row.report else "",
        item_title=row.item.title if row.item else "",
        people=people,
        attested_by=_by(_house(the_msp()), row.done_by_name, row.validated_by_name),
    )
