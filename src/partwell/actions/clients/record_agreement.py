# SPDX-License-Identifier: AGPL-3.0-or-later
"""The service agreement's terms as data, with the signed document. A new version replaces, never edits, an old one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, BinaryIO
from uuid import UUID

from django.db.models import Max

from partwell.actions import files
from partwell.actions.base import Deed
from partwell.records.clients.models import Agreement, Client
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.hours import UNITS, Rounding, UnusedRule
from partwell.rules.money import TaxTreatment
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Category, Owner


@dataclass(frozen=True)
class AgreementTerms:
    """What was agreed. Money in ``currency``; ``ownership``: what is whose, per category (R3).

    ``retention_months`` counts from the end of service (R6); ``objection_days`` is R17's window. Of time and tax (R5):
    the unit and way of rounding, what becomes of unused prepaid time, the tax rate in per cent and its treatment;
    an empty one stands for the usual term (15 minutes, up, refund, no tax, standard).
    """

    signed_on: date
    included_hours: Decimal
    hourly_rate: Decimal
    block_hours: Decimal
    currency: str
    title: str = "Service agreement"
    runs_until: date | None = None
    renewal: str = ""
    exit_clause: str = ""
    notice_days: int = 90
    retention_months: int = 6
    objection_days: int = 14
    deemed_acceptance: bool = False
    ownership: Mapping[Category, Owner] = field(default_factory=dict)
    extra_entitlement: str = ""
    rounding_minutes: int = 0
    rounding: str = ""
    unused_time: str = ""
    tax_rate: Decimal | None = None
    tax_treatment: str = ""


def terms_problem(terms: AgreementTerms) -> Refusal | None:
    """What cannot be an agreement's terms."""
    for where, amount in (
        ("Included hours", terms.included_hours),
        ("The hourly rate", terms.hourly_rate),
        ("The hours of a block", terms.block_hours),
    ):
        if not amount.is_finite() or amount < 0:
            return refuse("amount_invalid", where=where)
    if terms.rounding_minutes and terms.rounding_minutes not in UNITS:
        units = ", ".join(map(str, UNITS))
        return refuse("invalid_input", where="The rounding unit", problem=f"one of {units} minutes")
    for where, value, known in (
        ("The way of rounding", terms.rounding, Rounding),
        ("The rule for unused time", terms.unused_time, UnusedRule),
        ("The tax treatment", terms.tax_treatment, TaxTreatment),
    ):
        if value and value not in set(known):
            return refuse("invalid_input", where=where, problem="one of " + ", ".join(known))
    if terms.tax_rate is not None and not (terms.tax_rate.is_finite() and 0 <= terms.tax_rate <= 100):
        return refuse("invalid_input", where="The tax rate", problem="between 0 and 100 per cent")
    if len(terms.currency) != 3 or not (terms.currency.isascii() and terms.currency.isupper()):
        return refuse("invalid_input", where="The currency", problem="three capital letters such as EUR")
    if terms.runs_until is not None and terms.runs_until < terms.signed_on:
        return refuse(
            "invalid_input", where="The end of the term", problem="it lies before the day of signing"
        )
    return None


def as_data(terms: AgreementTerms) -> dict[str, Any]:
    """The terms as plain JSON values, for the evidence."""
    out: dict[str, Any] = {}
    for name, value in asdict(terms).items():
        if isinstance(value, date | Decimal):
            value = value.isoformat() if isinstance(value, date) else str(value)
        out[name] = {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else value
    return out


def record_agreement(
    *,
    actor: Actor,
    client_id: UUID,
    terms: AgreementTerms,
    document: BinaryIO | bytes | None = None,
    document_name: str = "",
    document_type: str = "application/pdf",
) -> Agreement | Refusal:
    """Record a version of the agreement; the one before is replaced and stays readable.

    Without a new ``document`` the signed one of the version before stays with it.
    """
    if (refusal := roles.may(actor.role, "agreement.record")) is not None:
        return refusal
    if not Client.objects.filter(pk=client_id).exists():
        return refuse("not_found")
    if (problem := terms_problem(terms)) is not None:
        return problem
    stored = None
    if document is not None:
        stored = files.store(
            actor, document, client_id=client_id, name=document_name, media_type=document_type
        )
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        if client.state == "inactive":
            return deed.refuse(
                refuse("client_inactive", client=client.name), subject=client.id, verb="agreement.record"
            )
        older = Agreement.objects.filter(client=client, replaced_at=None).order_by("-version").first()
        last = Agreement.objects.filter(client=client).aggregate(last=Max("version"))["last"] or 0
        if stored is not None:
            deed.add(stored)
        if older is not None:
            deed.save(older, replaced_at=deed.now)
        values = {**asdict(terms), "ownership": {str(k): str(v) for k, v in terms.ownership.items()}}
        row = deed.add(
            Agreement(
                client=client,
                version=last + 1,
                document=stored or (older.document if older else None),
                recorded_at=deed.now,
                **values,
            )
        )
        data = as_data(terms)
        file = {"digest": stored.sha256, "file": stored.id.hex} if stored else {}
        if older is None:
            deed.record("agreement.recorded", subjects=[row.id], to_client={"terms": data, **file})
        else:
            before = {
                name: str(getattr(older, name))
                for name in data
                if name != "ownership" and str(getattr(older, name)) != str(getattr(row, name))
            }
            deed.record(
                "agreement.changed",
                subjects=[row.id, older.id],
                to_client={"before": {"version": older.version, **before}, "after": {**data, **file}},
            )
        return row
