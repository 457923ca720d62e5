# SPDX-License-Identifier: AGPL-3.0-or-later
"""A credential is shown once (R16): a page by GET, the secret by POST only, decided again at that moment.

The token of a reveal is HMAC-SHA-256 over its id under the portal session's key: 256 bits that belong to one
session of one person, stored as a hash, and never in an address, a page, a mail or a log.
"""

import hashlib
import hmac
import secrets as random
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.keys import open_unit
from partwell.actions.releases.open_line import line_for, still_passes
from partwell.connectors.secret import Secret
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Contact
from partwell.records.releases.models import ReleaseLine, Reveal
from partwell.records.vault.models import SealedValue
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import Party

LIFE = timedelta(minutes=10)
ALLOWED_FOR = timedelta(days=7)
ORDER = ("password", "otp", "key", "notes")


@dataclass(frozen=True)
class Shown:
    """What goes into one answer and nowhere else. Field name → secret; repr shows nothing of it."""

    line: ReleaseLine
    account: str
    values: dict[str, Secret] = field(repr=False)


def token_for(reveal_id: UUID, session_key: str) -> str:
    """The reveal's token for one portal session (hexadecimal)."""
    return hmac.new(session_key.encode(), b"partwell reveal " + reveal_id.bytes, hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _own(actor: Actor, line_id: UUID) -> ReleaseLine | None:
    line = line_for(actor, line_id)
    theirs = line is not None and (actor.kind == "client") == (line.release.party == Party.CLIENT)
    return line if line is not None and theirs and line.method == "reveal" else None


def make_reveal(*, actor: Actor, line_id: UUID, session_key: str, agent: str = "") -> Reveal | Refusal:
    """Open the one-time page for the recipient: a fresh token bound to this person and session, good for ten minutes.

    As often as nothing was shown; after that ``reveal_used`` until staff allow another, with a reason.
    """
    peek = _own(actor, line_id)
    if peek is None or not session_key:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "credential.receive")) is not None:
        return refusal
    with Deed(actor) as deed:
        client = deed.lock(peek.release.client_id)
        line = _own(actor, line_id)
        if line is None:
            return refuse("not_found")
        refusal = still_passes(client, line, actor, deed.now) or _purged(line)
        if refusal is None:
            earlier = list(Reveal.objects.filter(line=line).order_by("made_at"))
            mine = next((one for one in earlier if one.person_id == actor.id and _open(one)), None)
            # Once per line, whoever of the recipient's people it was: a second showing is staff's to allow.
            if mine is None and any(one.claimed_at is not None for one in earlier):
                refusal = refuse("reveal_used")
        if refusal is not None:
            return deed.refuse(refusal, subject=line.item_id, verb="credential.receive")
        row = mine or Reveal(line=line, kind=actor.kind, person_id=actor.id, made_at=deed.now)
        row.token_hash = _hash(token_for(row.id, session_key))
        row.expires_at = deed.now + LIFE
        if mine is None:
            deed.add(row)
        else:
            deed.save(row)
        deed.record(
            "credential.reveal_opened",
            recipient=line.release.recipient_id,
            subjects=[line.item_id, line.id],
            public={"item": line.title},
            to_client={"address": actor.address[:64], "agent": agent[:200]},
        )
        return row


def _open(row: Reveal) -> bool:
    return row.claimed_at is None and row.revoked_at is None


def _purged(line: ReleaseLine) -> Refusal | None:
    there = SealedValue.objects.filter(subject_id=line.item_id).exclude(ciphertext=None).exists()
    return None if there else refuse("secret_purged")


def find_reveal(*, actor: Actor, reveal_id: UUID) -> Reveal | None:
    """The actor's own reveal, for the page that GET shows; claims nothing."""
    row = (
        Reveal.objects.select_related("line__release")
        .filter(pk=reveal_id, person_id=actor.id, kind=actor.kind)
        .first()
    )
    return row if row is not None and row.line.release.client_id == actor.client_id else None


def claim_reveal(*, actor: Actor, reveal_id: UUID, session_key: str, agent: str = "") -> Shown | Refusal:
    """Show the secret, once: claimed by one conditional UPDATE, after deciding again (consent withdrawn: refused).

    ``reveal_used`` the second time; ``reveal_not_yours`` for another session or after ten minutes. The entry
    holds no secret. What it returns must go into exactly one answer, not to be stored.
    """
    peek = find_reveal(actor=actor, reveal_id=reveal_id)
    if peek is None or not session_key:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "credential.receive")) is not None:
        return refusal
    rows = list(
        SealedValue.objects.select_related("unit")
        .filter(subject_id=peek.line.item_id)
        .exclude(ciphertext=None)
    )
    with Deed(actor) as deed:
        client = deed.lock(peek.line.release.client_id)
        line = _own(actor, peek.line_id)
        if line is None:
            return refuse("not_found")
        refusal = still_passes(client, line, actor, deed.now) or _purged(line)
        row = Reveal.objects.get(pk=reveal_id)
        # A colleague may have opened the page at the same time: whoever was shown it first was shown it.
        others = Reveal.objects.filter(line=line, claimed_at__gte=row.made_at).exclude(pk=reveal_id)
        if refusal is None and (row.claimed_at is not None or others.exists()):
            refusal = refuse("reveal_used")
        if refusal is None:
            claimed = Reveal.objects.filter(
                pk=reveal_id,
                token_hash=_hash(token_for(reveal_id, session_key)),
                claimed_at=None,
                revoked_at=None,
                expires_at__gt=deed.now,
            ).update(claimed_at=deed.now)
            refusal = refuse("reveal_not_yours") if claimed != 1 else None
        if refusal is not None:
            return deed.refuse(refusal, subject=line.item_id, verb="credential.receive")
        deed.save(row, claimed_at=deed.now)
        if line.opened_at is None:
            deed.save(line, opened_at=deed.now)
        account = str(line.handover.get("account") or line.handover.get("username") or "")
        deed.record(
            "credential.revealed",
            recipient=line.release.recipient_id,
            subjects=[line.item_id, line.id, line.release_id],
            public={"item": line.title, "recipient": actor.name},
            to_client={"address": actor.address[:64], "agent": agent[:200], "account": account},
        )
        # Opened inside the deed: a key that is missing rolls the claim back, so that nothing counts as shown.
        found = {
            value.field: Secret(
                open_unit(value.unit)
                .open("vault.SealedValue", value.subject_id, value.field, bytes(value.ciphertext or b""))
                .decode("utf-8", "replace")
            )
            for value in rows
        }
    ordered = sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    return Shown(line, account, {name: found[name] for name in ordered})


def allow_reveal(*, actor: Actor, line_id: UUID, person_id: UUID, reason: str) -> Reveal | Refusal:
    """Staff allow one more showing of a credential to a person of its recipient, with the reason on record."""
    line = (
        ReleaseLine.objects.select_related("release__recipient", "release__contact")
        .filter(pk=line_id, state="sent", method="reveal")
        .first()
    )
    if not actor.is_staff or line is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "release.send")) is not None:
        return refusal
    if not reason.strip():
        return refuse("sensitive_purpose_missing")
    release = line.release
    if release.party == Party.CLIENT:
        contact = Contact.objects.filter(pk=person_id, client_id=release.client_id, left_at=None).first()
        kind, name = "client", contact.name if contact else ""
    else:
        person = RecipientPerson.objects.filter(
            pk=person_id, recipient=release.recipient_id, left_at=None
        ).first()
        kind, name = "provider", person.name if person else ""
    if not name:
        return refuse("not_found")
    with Deed(actor) as deed:
        client = deed.lock(release.client_id)
        if (gone := lifecycle.may_work_on(client.state, client.name, "release.send")) is not None:
            return deed.refuse(gone, subject=line.id, verb="release.send")
        if any(_open(one) for one in Reveal.objects.filter(line=line, person_id=person_id)):
            return refuse("duplicate", what="A reveal that nobody used yet")
        # The hash of a number that nobody knows: the recipient's own session gives the row its token.
        row = deed.add(
            Reveal(
                line=line,
                kind=kind,
                person_id=person_id,
                token_hash=_hash(random.token_hex(32)),
                made_at=deed.now,
                expires_at=deed.now + ALLOWED_FOR,
            )
        )
        deed.record(
            "credential.reveal_allowed",
            recipient=release.recipient_id,
            subjects=[line.item_id, line.id],
            public={"item": line.title, "recipient": name},
            to_client={"reason": reason.strip()[:600]},
        )
        return row
