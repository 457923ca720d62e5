# SPDX-License-Identifier: AGPL-3.0-or-later
"""Withdrawing and narrowing act at once, on what is queued too (R1). What had begun to leave is listed to the client."""

from uuid import UUID

from django.db.models import Max, Q

from partwell.actions.authorisations.propose import Scope, disclosed_scope, scope_values
from partwell.actions.authorisations.text import fix_text
from partwell.actions.base import Deed
from partwell.actions.correspondence.post import Post, link, post, title_of
from partwell.actions.correspondence.stop_queued import lapse_requests, stop_queued
from partwell.actions.facts import authorisation_facts, item_facts, zone
from partwell.records.authorisations.models import Authorisation
from partwell.records.correspondence.models import Envelope
from partwell.records.estate.models import Item
from partwell.records.releases.models import ReleaseLine
from partwell.rules import consent, roles
from partwell.rules.actor import Actor
from partwell.rules.lifecycle import authorisation_after
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.terms import AuthorisationState, Channel


def _granted(authorisation_id: UUID, actor: Actor) -> Authorisation | None:
    row = (
        Authorisation.objects.select_related("client", "recipient", "signatory", "offboarding")
        .filter(pk=authorisation_id)
        .first()
    )
    if (
        row is None
        or (actor.kind == "client" and row.client_id != actor.client_id)
        or actor.kind not in ("client", "staff")
    ):
        return None
    return row


def _listed(envelopes: list[Envelope]) -> list[str]:
    return [title_of(envelope) for envelope in envelopes]


# Handed over in person or by transfer, an item is gone without having been opened in the portal.
_GONE_AT_ONCE = ("on_site", "transfer", "in_place", "role", "mail")


def already_left(recipient_id: UUID) -> list[ReleaseLine]:
    """Lines that a recipient has: opened, answered, or handed over outside the portal. They cannot be called back."""
    lines = ReleaseLine.objects.filter(release__recipient_id=recipient_id, state="sent").filter(
        Q(opened_at__isnull=False) | ~Q(answer="") | Q(method__in=_GONE_AT_ONCE)
    )
    return list(lines.order_by("sent_at", "title"))


def withdraw(deed: Deed, row: Authorisation, words: str) -> tuple[list[Envelope], list[Envelope]]:
    """Within a deed that locked the client: end the consent and stop what is queued; gives (stopped, already leaving).

    Taking back what was only proposed stops nothing: another authorisation of the same recipient may stand.
    """
    stood = row.state == AuthorisationState.GRANTED
    deed.save(
        row,
        state=AuthorisationState.WITHDRAWN,
        withdrawn_at=deed.now,
        ended_by_name=deed.actor.name,
        ended_reason=words,
    )
    refusal = consent.standing(
        authorisation_facts(row, zone(), terms=True), deed.now, row.recipient.firm
    ) or refuse("withdrawn", recipient=row.recipient.firm, withdrawn=deed.now)
    deed.record(
        "authorisation.withdrawn",
        recipient=row.recipient_id if stood else None,
        subjects=[row.id, row.recipient_id],
        public={"recipient": row.recipient.firm},
        to_client={"words": words},
    )
    if not stood:
        return [], []
    return stop_queued(deed, row.recipient_id, refusal)


def withdraw_authorisation(
    *, actor: Actor, authorisation_id: UUID, words: str = ""
) -> Authorisation | Refusal:
    """The signatory withdraws; staff may record a withdrawal that reached them otherwise. It acts at once."""
    row = _granted(authorisation_id, actor)
    if row is None:
        return refuse("not_found")
    verb = "authorisation.withdraw" if actor.kind == "client" else "authorisation.record_withdrawal"
    if (refusal := roles.may(actor.role, verb)) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        after = authorisation_after(AuthorisationState(row.state), "withdraw")
        if isinstance(after, Refusal):
            return deed.refuse(after, subject=row.id, version=row.version, verb=verb)
        stood = row.state == AuthorisationState.GRANTED
        stopped, leaving = withdraw(deed, row, words)
        tell(deed, row, "withdrawn", stopped, leaving, removed=[], letter=stood)
        return row


def tell(
    deed: Deed,
    row: Authorisation,
    act: str,
    stopped: list[Envelope],
    leaving: list[Envelope],
    removed: list[str],
    *,
    letter: bool = True,
) -> None:
    """The client's receipt of the change (``act``: withdrawn, narrowed or ended by its date), to the second address too; and the letter.

    It lists what was stopped, and what the recipient already has or is just being sent.
    """
    left = [*_listed(leaving), *(line.title for line in already_left(row.recipient_id))] if letter else []
    post(
        deed,
        Post(
            kind="authorisation_changed",
            dedupe=f"authorisation:{row.id.hex}:{act}",
            contact=row.signatory,
            authorisation=row,
            second=True,
            values={
                "act": act,
                "number": str(row.version),
                "recipient_firm": row.recipient.firm,
                "said_by": deed.actor.name,
                "at": deed.now,
                "until": row.ends_on if act == "ended" else None,
                "removed": [{"title": one, "note": ""} for one in removed],
                "stopped": [{"title": one, "note": ""} for one in _listed(stopped)],
                "already_left": [{"title": one, "note": ""} for one in left],
                "portal_url": link("/client/"),
            },
        ),
    )
    told = deed.record(
        "authorisation.change_told",
        subjects=[row.id],
        public={"recipient": row.recipient.firm},
        to_client={"act": act, "stopped_messages": _listed(stopped), "already_leaving": left},
    )
    if letter and act != "ended":  # a date that everybody signed needs no letter of its own
        deed.job(
            "letter.authorisation",
            f"authorisation-letter:{row.id.hex}:{act}",
            client=row.client_id,
            authorisation=row.id.hex,
            entry=told.hex,
            act=act,
            by=deed.actor.name,
            at=deed.now.isoformat(),
            recorded=deed.actor.is_staff,
            words=row.ended_reason,
            removed=removed,
            stopped=_listed(stopped),
        )


def narrow_authorisation(*, actor: Actor, authorisation_id: UUID, scope: Scope) -> Authorisation | Refusal:
    """The signatory narrows what stands (or what is proposed, before signing): a new version, at once, without staff.

    Anything wider is refused with ``would_widen``: that needs a new authorisation and a new signature.
    """
    row = _granted(authorisation_id, actor)
    if row is None or actor.kind != "client":
        return refuse("not_found")
    if (refusal := roles.may(actor.role, "authorisation.narrow")) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(row.client_id)
        row.refresh_from_db()
        after = authorisation_after(AuthorisationState(row.state), "narrow")
        if isinstance(after, Refusal):
            return deed.refuse(after, subject=row.id, version=row.version, verb="authorisation.narrow")
        if (problem := _unknown_parts(row, scope)) is not None:
            return deed.refuse(problem, subject=row.id, version=row.version, verb="authorisation.narrow")
        return _narrow(deed, row, scope)


def _unknown_parts(row: Authorisation, scope: Scope) -> Refusal | None:
    """Items of others, persons of other firms. What the standing text names already is known, even if it is gone since."""
    items = {one.hex for one in (*scope.item_ids, *scope.excluded_item_ids)}
    items -= {*row.item_ids, *row.excluded_item_ids}
    theirs = Item.objects.present().filter(client_id=row.client_id, pk__in=[UUID(hex=one) for one in items])
    if theirs.count() != len(items):
        return refuse("not_found")
    return (
        None
        if {one.hex for one in scope.person_ids} <= set(row.person_ids)
        else refuse("would_widen", what="more persons")
    )


def _narrow(deed: Deed, row: Authorisation, scope: Scope) -> Authorisation | Refusal:
    zone_name = zone()
    standing = row.state == AuthorisationState.GRANTED
    last = (
        Authorisation.objects.filter(recipient_id=row.recipient_id).aggregate(last=Max("version"))["last"]
        or row.version
    )
    new = Authorisation(
        client_id=row.client_id,
        recipient=row.recipient,
        offboarding=row.offboarding,
        version=last + 1,
        replaces=row,
        signatory=row.signatory,
        prepared_by_id=row.prepared_by_id,
        language=row.language,
        # A scan carries the text that was on the paper; a narrowed proposal is signed anew, in the portal.
        channel=row.channel if standing else Channel.PORTAL,
        scan_id=row.scan_id if standing else None,
        state=row.state,
        proposed_at=row.proposed_at,
        **scope_values(scope),
    )
    if standing:
        new.signed_at = new.granted_at = deed.now
        new.factor = row.factor
        new.signature_event = {
            **row.signature_event,
            "narrowed_by": deed.actor.name,
            "narrowed_at": deed.now.isoformat(),
            "narrowed_from": row.version,
        }
    old_facts, new_facts = (authorisation_facts(one, zone_name, terms=True) for one in (row, new))
    items = [item_facts(item) for item in Item.objects.present().filter(client_id=row.client_id)]
    refusal = consent.narrowing_only(old_facts, new_facts, items) or consent.may_propose(new_facts)
    if refusal is not None:
        return deed.refuse(refusal, subject=row.id, version=row.version, verb="authorisation.narrow")
    before = set(consent.resolve_scope(old_facts, items).item_ids)
    gone = before - set(consent.resolve_scope(new_facts, items).item_ids)
    fix_text(new)
    deed.save(row, state=AuthorisationState.REPLACED)
    deed.add(new)
    narrowed = deed.record(
        "authorisation.narrowed",
        recipient=row.recipient_id if standing else None,
        subjects=[new.id, row.id],
        public={"recipient": row.recipient.firm},
        to_client={**disclosed_scope(new), "digest": new.text_digest},
    )
    if standing:
        # A request to the client was bound to the older version; whoever still wants it asks again.
        lapse_requests(deed, row.recipient_id, refuse("replaced", recipient=row.recipient.firm))
        stopped, leaving = stop_queued(deed, row.recipient_id, None)
        titles = [item.title for item in items if item.id in gone]
        tell(deed, new, "narrowed", stopped, leaving, removed=titles)
        deed.job(
            "letter.authorisation",
            f"authorisation-letter:{new.id.hex}",
            client=new.client_id,
            authorisation=new.id.hex,
            entry=narrowed.hex,
        )
    return new
