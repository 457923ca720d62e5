# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates of destruction, and media that were wiped or shredded (R15, SP 800-88r2)."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Form, Router, UploadedFile
from pydantic import Field

from partwell.actions.retention.certify import certify, label_of
from partwell.actions.retention.media import NewDestruction, record_destruction, validate_destruction
from partwell.entrypoints.api.endpoints.common import (
    LETTER_MOST,
    After,
    Limit,
    actor_of,
    client_here,
    content_of,
    found,
    json_part,
)
from partwell.entrypoints.api.fields import Day, Flag, Given, Line, Name, PathId, Ref, Shown, Text, Title
from partwell.entrypoints.api.operation import operation
from partwell.entrypoints.api.pages import Page, page_of
from partwell.entrypoints.door.files import file_response
from partwell.records.retention import certificates as queries
from partwell.rules.certificate import Method
from partwell.rules.refusals import Refusal, refuse

router = Router()


class FieldShown(Shown):
    """One field of a certificate; ``lines`` is never empty: what is not known says so."""

    label: str
    lines: list[str]


class SectionShown(Shown):
    title: str
    fields: list[FieldShown]


class ExceptionShown(Shown):
    key: str
    version: str
    why: str


class CertificateShown(Shown):
    """``label``: as printed; ``excepted``: how many things it names as not deleted; ``letter_sha256``: of its PDF, once made."""

    id: UUID
    client_id: UUID
    number: int
    label: str
    title: str
    deletion_id: UUID | None
    destruction_id: UUID | None
    issued_at: datetime
    issued_by_name: str
    entry_uid: UUID
    excepted: int
    letter_sha256: str | None


class CertificateWhole(CertificateShown):
    """``attested``: by whom, supported by what; ``exceptions``: at most 5,000, the outcome's file names all."""

    method: str
    attested: str
    sections: list[SectionShown]
    exceptions: list[ExceptionShown]
    except_reason: str
    limits: list[str]


class DestructionShown(Shown):
    id: UUID
    client_id: UUID
    item_id: UUID | None
    manufacturer: str
    model: str
    serial: str
    property_number: str
    media_type: str
    source: str
    confidentiality: str
    after_confidentiality: str
    destination: str
    method: str
    technique: str
    tool: str
    tool_version: str
    validated_module: str
    verification_method: str
    done_by_name: str
    done_by_title: str
    done_by_contact: str
    done_on: date
    done_where: str
    recorded_by_name: str
    recorded_at: datetime
    validated_by_name: str
    validated_at: datetime | None
    rejected_by_name: str
    rejected_at: datetime | None
    rejected_words: str


class DestructionGiven(Given):
    """The fields of SP 800-88r2, 4.6. ``validated_module``: purge is claimed only with one."""

    manufacturer: Name
    model: Name
    serial: Name
    media_type: Annotated[str, Field(min_length=1, max_length=80)]
    source: Title
    confidentiality: Annotated[str, Field(min_length=1, max_length=80)]
    method: Method
    technique: Name
    tool: Name
    verification_method: Name
    done_by_name: Name
    done_by_title: Name
    done_by_contact: Name
    done_on: Day
    done_where: Name
    property_number: Line = ""
    tool_version: Line = ""
    validated_module: Line = ""
    destination: Line = ""
    after_confidentiality: Line = ""
    item: Ref | None = None


class DestructionForm(Given):
    destruction: Annotated[
        str, Field(max_length=20_000, description="JSON: the fields of SP 800-88r2, 4.6, for one medium.")
    ]


class Validation(Given):
    """``accept``: the certificate is issued; otherwise ``words`` say what is wrong. ``where``: where you looked."""

    accept: Flag
    where: Line = ""
    words: Text = ""


class ValidationShown(Shown):
    destruction: DestructionShown
    certificate: CertificateShown | None


def _shown(row: queries.Certificate) -> CertificateShown:
    return CertificateShown(**_plain(row))


def _plain(row: queries.Certificate) -> dict[str, Any]:
    named = {name: getattr(row, name) for name in ("id", "client_id", "number", "title", "deletion_id", "destruction_id", "issued_at",
                                                   "issued_by_name", "entry_uid")}  # fmt: skip
    return {
        **named,
        "label": label_of(row.number),
        "excepted": len(row.fields["exceptions"]) + row.fields["unnamed"],
        "letter_sha256": row.letter.sha256 if row.letter else None,
    }


def _whole(row: queries.Certificate) -> CertificateWhole:
    said = row.fields
    return CertificateWhole(
        **_plain(row),
        method=said["method"],
        attested=said["attested"],
        sections=[SectionShown(title=one["title"], fields=[FieldShown(label=label, lines=lines) for label, lines in one["rows"]])
                  for one in said["sections"]],
        exceptions=[ExceptionShown(**one) for one in said["exceptions"]],
        except_reason=said["except_reason"],
        limits=row.limits,
    )  # fmt: skip


@operation(
    router,
    "GET",
    "/clients/{client_id}/certificates",
    scope="retention:read",
    verb="certificate.read",
    response=Page[CertificateShown],
)
def list_certificates(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[CertificateShown]:
    """Certificates of destruction of a client, the oldest first."""
    client_here(client_id)
    rows = queries.certificates_of(client_id).order_by()
    return page_of(
        rows, _shown, of=f"certificates:{client_id}", cursor=cursor, limit=limit, by=("issued_at", "id")
    )


@operation(
    router,
    "GET",
    "/certificates/{certificate_id}",
    scope="retention:read",
    verb="certificate.read",
    response=CertificateWhole,
)
def get_certificate(request: HttpRequest, certificate_id: PathId) -> CertificateWhole | Refusal:
    """One certificate with every field, its exceptions and its limits, word for word as issued."""
    return _whole(found(queries.certificate_of(certificate_id)))


@operation(
    router,
    "GET",
    "/certificates/{certificate_id}/letter",
    scope="retention:read",
    verb="certificate.read",
    file=True,
)
def get_certificate_letter(request: HttpRequest, certificate_id: PathId) -> HttpResponseBase | Refusal:
    """The certificate as signed PDF/A."""
    row = found(queries.certificate_of(certificate_id))
    return file_response(request, row.letter) if row.letter else refuse("not_found")


@operation(
    router,
    "POST",
    "/deletions/{deletion_id}/certificate",
    scope="retention:write",
    verb="deletion.certify",
    response=CertificateWhole,
    status=201,
)
def post_certificate(request: HttpRequest, deletion_id: PathId) -> CertificateWhole | Refusal:
    """Issue the certificate of a validated deletion that has taken effect; the calendar does the same on that day."""
    made = certify(actor=actor_of(request), deletion_id=deletion_id)
    return made if isinstance(made, Refusal) else _whole(found(queries.certificate_of(made.id)))


@operation(
    router,
    "GET",
    "/clients/{client_id}/destructions",
    scope="retention:read",
    verb="certificate.read",
    response=Page[DestructionShown],
)
def list_destructions(
    request: HttpRequest, client_id: PathId, cursor: After = None, limit: Limit = 50
) -> Page[DestructionShown]:
    """Media of a client that were wiped or shredded, the oldest first."""
    client_here(client_id)
    rows = queries.destructions_of(client_id).order_by()
    return page_of(
        rows,
        DestructionShown.model_validate,
        of=f"destructions:{client_id}",
        cursor=cursor,
        limit=limit,
        by=("recorded_at", "id"),
    )


@operation(
    router,
    "GET",
    "/destructions/{destruction_id}",
    scope="retention:read",
    verb="certificate.read",
    response=DestructionShown,
)
def get_destruction(request: HttpRequest, destruction_id: PathId) -> DestructionShown | Refusal:
    """One medium, as recorded and as the second person found it."""
    return DestructionShown.model_validate(found(queries.destruction_of(destruction_id)))


@operation(
    router,
    "GET",
    "/destructions/{destruction_id}/report",
    scope="retention:read",
    verb="certificate.read",
    file=True,
)
def get_destruction_report(request: HttpRequest, destruction_id: PathId) -> HttpResponseBase | Refusal:
    """The report of the wipe tool or the shredding firm, as it came."""
    row = found(queries.destruction_of(destruction_id))
    return file_response(request, row.report) if row.report else refuse("not_found")


@operation(
    router,
    "POST",
    "/clients/{client_id}/destructions",
    scope="retention:write",
    verb="destruction.record",
    response=DestructionShown,
    status=201,
)
def post_destruction(
    request: HttpRequest, client_id: PathId, form: Form[DestructionForm], report: File[UploadedFile]
) -> DestructionShown | Refusal:
    """Record that a medium was wiped or shredded.

    A multipart form: ``destruction`` is JSON (the fields of SP 800-88r2, 4.6), ``report`` the tool's report or a picture.
    """
    given = json_part(DestructionGiven, form.destruction).model_dump()
    item = given.pop("item")
    made = record_destruction(
        actor=actor_of(request),
        client_id=client_id,
        what=NewDestruction(**given, item_id=item),
        report=content_of(report, LETTER_MOST),
        report_name=report.name or "report",
        report_type=report.content_type or "application/octet-stream",
    )
    return made if isinstance(made, Refusal) else DestructionShown.model_validate(made)


@operation(
    router,
    "POST",
    "/destructions/{destruction_id}/validation",
    scope="retention:write",
    verb="destruction.validate",
    response=ValidationShown,
)
def post_destruction_validation(
    request: HttpRequest, destruction_id: PathId, body: Validation
) -> ValidationShown | Refusal:
    """Say as the second person whether it is as recorded; if so its certificate is issued (R15)."""
    made = validate_destruction(
        actor=actor_of(request),
        destruction_id=destruction_id,
        accept=body.accept,
        where=body.where,
        words=body.words,
    )
    if isinstance(made, Refusal):
        return made
    row = found(queries.destruction_of(destruction_id))
    issued = _shown(made) if isinstance(made, queries.Certificate) else None
    return ValidationShown(destruction=DestructionShown.model_validate(row), certificate=issued)
