# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client decides what happens to its backups and archives (R6, R12): asked, signed, receipted, changeable.

Changeable until the end of service and again until a deletion has begun to take things away.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from partwell.actions.authorisations.text import proof_on_file
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.offboardings.common import finish_keys
from partwell.actions.retention.basis import Basis, bases, basis_of
from partwell.actions.retention.keep_dates import PORTAL, redate
from partwell.actions.retention.strong import kept_of, not_strong, reference_of
from partwell.documents.texts import Phrase, phrase
from partwell.records.clients.models import Client, Contact
from partwell.records.correspondence.models import Envelope
from partwell.records.offboardings.models import Offboarding
from partwell.records.people.queries import the_msp
from partwell.records.retention import queries
from partwell.records.retention.models import BackupSet, DataChoice
from partwell.rules import roles
from partwell.rules.actor import SYSTEM, Actor
from partwell.rules.dates import keep_until
from partwell.rules.keeping import Choice, DutyKind
from partwell.rules.refusals import Refusal, refuse, show
from partwell.rules.terms import OffboardingState

LONGEST = 4000


@dataclass(frozen=True)
class Wanted:
    """What the client is asked: of which sets, by which laws its word is needed, and until when it is best said."""

    sets: tuple[BackupSet, ...]
    laws: tuple[str, ...]
    service_ends: date


@dataclass(frozen=True)
class ChoiceText:
    """What is shown and signed, word for word; ``sets``: those it will hold for."""

    text: str
    digest: str
    sets: tuple[BackupSet, ...]


def choice_wanted(client_id: UUID) -> Wanted | None:
    """ "What we need from you": the sets of which the client has not said what shall happen; None when nothing is asked."""
    client = Client.objects.filter(pk=client_id).first()
    return None if client is None else _wanted(basis_of(client))


def _wanted(basis: Basis) -> Wanted | None:
    if basis.departure is None or basis.service_ends is None:
        return None
    rows = [row for row in queries.kept_sets(basis.client.id).order_by("name", "id") if basis.covers(row)]
    begun = queries.has_begun([row.id for row in rows])
    open_ = tuple(row for row in rows if row.id not in begun and basis.choice(row) is None)
    if not open_:
        return None
    laws = tuple(one.article for one in basis.duties if one.kind is DutyKind.INSTRUCTION)
    return Wanted(open_, laws, basis.service_ends)


def instructed(clients: Sequence[Client]) -> dict[UUID, bool]:
    """For the gates: whether each of these clients with sets has said what happens to all of them; ten queries.

    Clients without a set on record are not in it: nobody knows yet what there is to choose.
    """
    found = bases(clients)
    sets: dict[UUID, list[BackupSet]] = {}
    rows = BackupSet.objects.filter(client__in=[one.id for one in clients], removed_at=None, gone_at=None)
    for row in rows.exclude(location=queries.NOWHERE):
        sets.setdefault(row.client_id, []).append(row)
    begun = queries.has_begun([row.id for many in sets.values() for row in many])
    return {
        one.id: all(
            row.id in begun or not found[one.id].covers(row) or found[one.id].choice(row) is not None
            for row in sets[one.id]
        )
        for one in clients
        if one.id in sets
    }


def choice_text(client_id: UUID, choice: Choice, set_id: UUID | None = None) -> ChoiceText | Refusal:
    """The text of one choice, to be shown before it is signed; refuses where there is nothing (more) to choose."""
    client = Client.objects.filter(pk=client_id).first()
    return refuse("not_found") if client is None else _text(basis_of(client), choice, set_id)


def _text(basis: Basis, choice: Choice, set_id: UUID | None) -> ChoiceText | Refusal:
    rows = list(queries.kept_sets(basis.client.id).order_by("name", "id"))
    if set_id is not None:
        rows = [row for row in rows if row.id == set_id]
        if not rows:
            gone = BackupSet.objects.filter(pk=set_id, client=basis.client, removed_at=None).first()
            return refuse("choice_too_late", subject=gone.name) if gone else refuse("not_found")
    elif rows:
        rows = [row for row in rows if row.id not in basis.by_set]
    covered = [row for row in rows if basis.covers(row)]
    if basis.departure is None or basis.service_ends is None or not covered:
        return refuse("nothing_to_choose")
    begun = queries.has_begun([row.id for row in covered])
    left = tuple(row for row in covered if row.id not in begun)
    if not left:
        return refuse("choice_too_late", subject=covered[0].name)
    msp = the_msp()
    ends = basis.service_ends
    lines = [
        f"{basis.client.legal_name} decides what {msp.name if msp else 'the service provider'} does with these data:",
        *(f"- {row.name} ({row.location})" for row in left),
        f"Decision: {choice.label}.",
        _MEANS[choice].format(
            end=show(ends), until=show(keep_until(ends, basis.months)), months=basis.months
        ),
        "This can be changed until their deletion has begun.",
    ]
    text = "\n".join(lines)
    return ChoiceText(text, hashlib.sha256(text.encode()).hexdigest(), left)


_MEANS = {
    Choice.KEEP: "They are kept for {months} calendar months after the end of service on {end}, that is until {until} or a "
    "later day agreed for a set, and then deleted.",
    Choice.DELETE_NOW: "They are deleted after the end of service on {end}, without waiting until {until}. What is deleted "
    "cannot be brought back.",
    Choice.SHIP: "They are returned on a drive, and deleted here only when the drive has arrived and {until} has passed.",
    Choice.DOWNLOAD: "They are returned as a download, and deleted here only when it has been fetched and {until} has passed.",
}


def make_choice(
    *,
    actor: Actor,
    client_id: UUID,
    choice: Choice,
    shown_digest: str,
    intent: bool,
    set_id: UUID | None = None,
    words: str = "",
    agent: str = "",
    passkey: dict[str, Any] | None = None,
) -> DataChoice | Refusal:
    """The signatory decides, of one set or of all that have no choice of their own. Replaces the choice before it.

    ``shown_digest``: of ``choice_text`` as it was on screen; ``intent``: that the signature was meant. Dates move in the
    same deed; a receipt goes to the signatory's addresses and to the office. Refused to others, for foreign sets
    (``not_found``), once a deletion has begun (``choice_too_late``), and for the choice that stands already. To delete
    without waiting needs ``passkey``: what ``verify_passkey_for_document`` gave for exactly this text (strong.py).
    """
    if actor.kind != "client" or actor.client_id != client_id:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "choice.make")) is not None:
        return refusal
    if (
        set_id is not None
        and not BackupSet.objects.filter(pk=set_id, client_id=client_id, removed_at=None).exists()
    ):
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(client_id)
        basis = basis_of(client)
        signer = Contact.objects.get(pk=actor.id)
        found = _text(basis, choice, set_id)
        standing = basis.for_all if set_id is None else basis.by_set.get(set_id)
        problem = found if isinstance(found, Refusal) else _problem(signer, found, shown_digest, intent)
        if problem is None and standing is not None and standing.choice == choice and not words.strip():
            problem = refuse("choice_stands")
        if problem is None and choice.lasting and not isinstance(found, Refusal):
            problem = not_strong(
                signer, found.digest, passkey, reference_of(basis, deed.now), "Deleting without waiting"
            )
        if problem is not None or isinstance(found, Refusal):
            return deed.refuse(
                problem or refuse("not_found"), subject=set_id or client.id, verb="choice.make"
            )
        older = DataChoice.objects.filter(client=client, replaced_at=None, backup_set_id=set_id)
        for one in older:
            deed.save(one, replaced_at=deed.now)
        row = deed.add(
            DataChoice(
                client=client,
                backup_set_id=set_id,
                choice=choice.value,
                words=words.strip()[:LONGEST],
                text=found.text,
                text_sha256=found.digest,
                made_by=signer,
                made_by_name=signer.name,
                strength=actor.strength,
                passkey=kept_of(passkey) if choice.lasting else {},
                address=actor.address[:64],
                agent=agent[:300],
                made_at=deed.now,
            )
        )
        _receipt(deed, row, signer)
        deed.record(
            "choice.made", subjects=[row.id, *(one.id for one in found.sets[:50])],
            public={"choice": choice.label}, to_client=_content(row, found),
        )  # fmt: skip
        if basis.departure is not None and basis.departure.state == OffboardingState.OPEN:
            finish_keys(deed, basis.departure.id, ["retention_choice"], "Decided by the client.")
        redate(deed)
        return row


def _problem(signer: Contact, found: ChoiceText, shown_digest: str, intent: bool) -> Refusal | None:
    if proof_on_file(signer) is None:
        return refuse("authority_missing", person=signer.name)
    if not intent:
        return refuse("intent_missing")
    return None if shown_digest == found.digest else refuse("shown_other_text")


def _content(row: DataChoice, found: ChoiceText) -> dict[str, object]:
    content: dict[str, object] = {
        "text": row.text, "text_digest": row.text_sha256, "strength": row.strength, "words": row.words,
        "address": row.address, "agent": row.agent, "passkey": row.passkey, "set": found.sets[0].name if row.backup_set_id else "",
    }  # fmt: skip
    return {key: value for key, value in content.items() if value}


def _receipt(deed: Deed, row: DataChoice, signer: Contact) -> None:
    values = {
        "choice": phrase(Choice(row.choice).label),
        "text": row.text,
        "words": row.words or None,
        "made_by": row.made_by_name,
        "made_at": row.made_at,
        "portal_url": link(PORTAL),
    }
    post(deed, Post("choice_made", f"choice:{row.id.hex}", values, contact=signer, second=True, house=True))


# --- asking -------------------------------------------------------------------------------------------------


def ask_choice(deed: Deed) -> bool:
    """Within a deed that holds the client, after its own ``record``: ask once a departure, if anything is to be chosen.

    The mail names each set with the day it is kept until. False when nothing is asked, or nobody can be.
    """
    if deed.client is None:
        raise RuntimeError("Lock the client before it is asked.")
    basis = basis_of(deed.client)
    wanted = would_ask(basis)
    if wanted is None or basis.departure is None:
        return False
    dedupe = f"choice:{basis.departure.id.hex}:asked"
    kept = [
        {"title": row.name, "note": phrase("{where}; {until}", where=row.location, until=_until_words(row))}
        for row in wanted.sets
    ]
    values = {
        "service_ends": wanted.service_ends,
        "kept": kept,
        "laws": ", ".join(wanted.laws) or None,
        "portal_url": link(PORTAL),
    }
    if isinstance(post(deed, Post("choice_asked", dedupe, values, house=True)), Refusal):
        return False
    deed.record(
        "choice.asked",
        subjects=[basis.departure.id, *(row.id for row in wanted.sets[:50])],
        to_client={"sets": [row.name for row in wanted.sets]},
    )
    return True


def would_ask(basis: Basis) -> Wanted | None:
    """What the client would be asked now; None where nothing is, or was asked once in this departure."""
    if basis.departure is None or basis.departure.state != OffboardingState.OPEN:
        return None
    if Envelope.objects.filter(dedupe_key=f"choice:{basis.departure.id.hex}:asked").exists():
        return None
    return _wanted(basis)


def _until_words(row: BackupSet) -> Phrase:
    return (
        phrase("kept until {day}", day=row.keep_until)
        if row.keep_until
        else phrase("its day is not known yet")
    )


def void_choices(deed: Deed) -> None:
    """Within a deed: the notice was withdrawn, and what was chosen for that departure chooses nothing for a later one."""
    client = deed.client
    rows = list(DataChoice.objects.filter(client=client, replaced_at=None))
    for row in rows:
        deed.save(row, replaced_at=deed.now)
    if rows:
        deed.record("choice.void", subjects=[row.id for row in rows])


def ask_choices(*, actor: Actor = SYSTEM, now: datetime | None = None) -> int:
    """The calendar's safety net: ask whoever has an open departure and was not asked yet (sets recorded late)."""
    count = 0
    asked = Envelope.objects.filter(
        kind="choice_asked", client=OuterRef("client"), queued_at__gte=OuterRef("opened_at")
    )
    kept = BackupSet.objects.filter(client=OuterRef("client"), removed_at=None, gone_at=None)
    rows = Offboarding.objects.filter(~Exists(asked), Exists(kept), state=OffboardingState.OPEN)
    for row in rows.select_related("client"):
        if choice_wanted(row.client_id) is None:
            continue
        with Deed(actor, now=now) as deed:
            deed.lock(row.client_id)
            count += ask_choice(deed)
    return count
