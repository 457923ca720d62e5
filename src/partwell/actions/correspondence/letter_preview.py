# SPDX-License-Identifier: AGPL-3.0-or-later
"""A letter as the mail it becomes for one client, with what is really known of that client. Writes nothing.

The fields of a step come from the newest thing of its kind that the client has (its notice, authorisation, set, hours,
kept data); what there is not is shown as "not known yet", never made up.
"""

from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from partwell.actions.authorisations.text import PRESET_LABELS
from partwell.actions.billing.letter import amount
from partwell.actions.correspondence.letter_words import Letter, letter, words_at_step
from partwell.actions.correspondence.post import addressed, common, composed, link
from partwell.actions.correspondence.preview import Preview
from partwell.actions.facts import zone
from partwell.actions.hours.standing import standing
from partwell.actions.releases.release_items import announcement_rows
from partwell.actions.retention.keep_dates import PORTAL
from partwell.documents.german import translate
from partwell.documents.wording_of import words_of
from partwell.records.authorisations.models import Authorisation
from partwell.records.billing.models import ReturnQuote
from partwell.records.clients.models import Client
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.queries import the_msp
from partwell.records.releases.models import Release
from partwell.records.retention.models import BackupSet
from partwell.rules import consent, hours, letters, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.returning import ONBOARDING
from partwell.rules.terms import Category, ScopePreset

NOT_KNOWN = "not known yet"


def preview_letter(
    *, actor: Actor, client_id: UUID, key: str, language: str, subject: str = "", text: str = ""
) -> Preview | Refusal:
    """The letter in force, or these words for it, as this client would get it now; the same refusals as changing it brings."""
    if (refusal := roles.may(actor.role, "letter.change")) is not None:
        return refusal
    client, msp = Client.objects.filter(pk=client_id).first(), the_msp()
    if client is None or key not in letters.LETTERS or language not in letters.LANGUAGES:
        return refuse("not_found")
    if msp is None:
        return refuse("setup_needed")
    found = letter(key, language)
    assert found is not None  # the key was just looked up
    if subject.strip() or text.strip():
        found = Letter(key, language, subject.strip(), text.replace("\r\n", "\n").strip())
    if (problem := letters.check(key, found.subject, found.text)) is not None:
        return problem
    at = addressed(client.id, [], None, False)
    if isinstance(at, Refusal):
        return at
    contact, recipients = at
    kind = letters.KINDS[key]
    values = {**common(msp, client.legal_name, contact.name), **step_values(client, key)}
    if language == "de":
        values = {name: translate(value) if value == NOT_KNOWN else value for name, value in values.items()}
    values |= words_at_step(kind, actor, client, msp, language, values, found=found)
    return Preview(composed(kind, language, values), recipients, "")


def step_values(client: Client, key: str) -> dict[str, Any]:
    """The fields of a step's mail from the newest of its kind that this client has; "not known yet" for what there is not."""
    departure = (
        Offboarding.objects.filter(client=client).select_related("owner").order_by("-opened_at").first()
    )
    return _VALUES[key](client, departure)


def _acknowledgement(client: Client, row: Offboarding | None) -> dict[str, Any]:
    return {
        "received_at": row.noticed_at if row else NOT_KNOWN,
        "channel": words_of("channel", row.channel) if row else NOT_KNOWN,
        "effective_date": row.end_of_service if row else NOT_KNOWN,
        "owner": row.owner.name if row else None,
    }


def _authorisation(client: Client, row: Offboarding | None) -> dict[str, Any]:
    newest = Authorisation.objects.filter(recipient__client=client).select_related("recipient")
    found = newest.order_by("-recipient__added_at", "-version").first()
    if found is None:
        return {"recipient_firm": NOT_KNOWN, "scope": [], "until": NOT_KNOWN, "portal_url": link("/client/")}
    shown = [PRESET_LABELS[ScopePreset(one)] for one in found.presets]
    shown += [Category(one).label for one in found.categories]
    return {
        "recipient_firm": found.recipient.firm,
        "scope": [{"title": line, "note": ""} for line in shown],
        "exclusions": [{"title": Category(one).label, "note": ""} for one in found.excluded_categories],
        "until": found.ends_on,
        "access": found.access,
        "portal_url": link(f"/client/authorisations/{found.id.hex}/"),
    }


def _reminder(client: Client, row: Offboarding | None) -> dict[str, Any]:
    newest = Authorisation.objects.filter(recipient__client=client).select_related("recipient")
    found = newest.order_by("-recipient__added_at", "-version").first()
    return {
        "recipient_firm": found.recipient.firm if found else NOT_KNOWN,
        "since": consent.day_in(found.proposed_at, zone()) if found and found.proposed_at else NOT_KNOWN,
        "until": found.ends_on if found else NOT_KNOWN,
        "portal_url": link(f"/client/authorisations/{found.id.hex}/") if found else link("/client/"),
    }


def _set(client: Client, row: Offboarding | None) -> dict[str, Any]:
    newest = Release.objects.filter(client=client).select_related("recipient", "contact")
    found = newest.order_by("-number").first()
    if found is None:
        return {"number": NOT_KNOWN, "recipient_firm": NOT_KNOWN, "items": [], "portal_url": link("/client/"),
                "window_until": NOT_KNOWN}  # fmt: skip
    lines = list(found.lines.filter(state="sent").order_by("category", "title")[:12])
    return {
        "number": str(found.number),
        "recipient_firm": found.recipient.firm if found.recipient else found.contact.name if found.contact else "",
        "items": announcement_rows(lines),
        "portal_url": link("/provider/" if found.recipient_id else "/client/"),
        "window_until": consent.day_in(found.window_ends_at, zone()),
    }  # fmt: skip


def _hours(client: Client, row: Offboarding | None) -> dict[str, Any]:
    how = standing(client.id)
    if not how.open_departure:
        return {
            **dict.fromkeys(("used_share", "total", "used", "left"), NOT_KNOWN),
            "portal_url": link("/client/hours/"),
        }
    share = how.budget.used * 100 // how.budget.total if how.budget.total else 100
    return {
        "used_share": f"{share} %",
        "total": hours.as_hours(how.budget.total),
        "used": hours.as_hours(how.budget.used),
        "left": hours.as_hours(how.budget.left),
        "portal_url": link("/client/hours/"),
    }  # fmt: skip


def _retention(client: Client, row: Offboarding | None) -> dict[str, Any]:
    kept = list(BackupSet.objects.filter(client=client).exclude(keep_until=None).order_by("keep_until")[:12])
    until: date | str = kept[0].keep_until or NOT_KNOWN if kept else NOT_KNOWN
    return {
        "until": until,
        "kept": [{"title": one.name, "note": one.location} for one in kept if one.keep_until == until],
        "portal_url": link(PORTAL),
    }


def _closing(client: Client, row: Offboarding | None) -> dict[str, Any]:
    return {
        "closed_at": (row.closed_at if row else None) or timezone.now(),
        "end_of_service": row.end_of_service if row else NOT_KNOWN,
        "portal_url": link("/client/"),
    }


def _welcome(client: Client, row: Offboarding | None) -> dict[str, Any]:
    quote = ReturnQuote.objects.filter(client=client).order_by("-sent_at").first()
    fee = amount(quote.fee, quote.currency) if quote else NOT_KNOWN
    return {"fee": fee, "steps": list(ONBOARDING), "portal_url": link("/client/")}


_VALUES = {
    "acknowledgement": _acknowledgement,
    "authorisation_request": _authorisation,
    "reminder": _reminder,
    "release_set": _set,
    "window_ending": _set,
    "hours_running_out": _hours,
    "retention_notice": _retention,
    "goodbye": _closing,
    "welcome_back": _welcome,
}
