# SPDX-License-Identifier: AGPL-3.0-or-later
"""What goes with a message: a release of items, one set through the gate. There is no other way to attach anything (R1, R2).

The set is announced by its own one mail and opened in the portal; the message only says that it was released with it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from partwell.actions.base import Deed
from partwell.actions.facts import loop_contacts, terms_accepted
from partwell.actions.releases.gate import Judged, Target, judge, receiver_gone, standing_approvals
from partwell.actions.releases.release_items import Outcome, carry_out, next_number
from partwell.records.authorisations.models import Authorisation, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.estate.models import Item
from partwell.records.releases.models import Release
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.handover import ReleaseWay
from partwell.rules.refusals import Refusal, refuse
from partwell.rules.scopes import scope_missing
from partwell.rules.terms import Party, Verdict

MOST = 200  # items in one message; more go by the release's own page


def may_release(actor: Actor, item_ids: Sequence[UUID], audience: str) -> Refusal | None:
    """Whether this person may release anything with a message that these people read."""
    if not item_ids:
        return None
    if not actor.is_staff:
        return refuse("not_found")
    # A token that may write messages does not release by them (scopes narrow a role).
    refusal = scope_missing(actor.scopes, "releases:write") or roles.may(actor.role, "release.send")
    if refusal is not None:
        return refusal
    if audience not in ("all", "client"):
        return refuse("invalid_input", where="What goes with it", problem="a note goes to nobody, so nothing goes with it")  # fmt: skip
    if len(item_ids) > MOST:
        return refuse("invalid_input", where="What goes with it", problem=f"it is more than {MOST} items")
    return None


def target_of(client: Client, persons: Sequence[RecipientPerson], to: UUID | None) -> Target | Refusal:
    """To whom the set goes: of the people who read the message the one that was chosen, else the signatory, or who accepted the terms."""
    if persons:
        ready = [one for one in persons if to is None and terms_accepted([one.id])] or persons
        person = next((one for one in persons if one.id == to), ready[0] if to is None else None)
        return Target(Party.PROVIDER, person=person) if person else refuse("not_found")
    reached = loop_contacts(client.id)
    if to is not None:
        contact = Contact.objects.filter(pk=to, client=client, left_at=None).first()
    else:
        contact = next((one for one in reached if one.role == "signatory"), reached[0] if reached else None)
    if contact is None:
        return refuse("not_found" if to is not None else "no_working_client_address")
    return Target(Party.CLIENT, contact=contact)


def judged(
    client: Client, target: Target, item_ids: Sequence[UUID], now: datetime
) -> tuple[list[Judged], Authorisation | None] | Refusal:
    """The verdict on each item, and the consent it stands on; the refusal of the first that must stay, for a message speaks of its set as a whole."""
    found = list(
        Item.objects.present()
        .filter(client=client, pk__in=item_ids)
        .select_related("document")
        .order_by("category", "title")
    )
    if len(found) != len(set(item_ids)):
        return refuse("not_found")
    approvals = standing_approvals(client.id, target.person.recipient_id) if target.person else None
    verdicts, consent = judge(client, target, found, now=now, way=ReleaseWay.PORTAL, approvals=approvals)
    stays = next((one for one in verdicts if one.decision.verdict is Verdict.REFUSE), None)
    if stays is not None and stays.decision.refusal is not None:
        return stays.decision.refusal
    return verdicts, consent


def release_with(
    deed: Deed,
    client: Client,
    persons: Sequence[RecipientPerson],
    item_ids: Sequence[UUID],
    *,
    to: UUID | None = None,
    key: str = "",
) -> Outcome | Refusal:
    """Release the set within the deed of its message; nothing of it leaves where one item must stay. The client is locked.

    Call it before the message is added, for it writes entries of its own. Raises ``AnnouncementRefused`` as releases do.
    """
    target = target_of(client, persons, to)
    if isinstance(target, Refusal):
        return target
    if (gone := receiver_gone(target)) is not None:
        return deed.refuse(gone, subject=client.id, verb="release.send")
    found = judged(client, target, item_ids, deed.now)
    if isinstance(found, Refusal):
        if found.code == "not_found":
            return found
        return deed.refuse(found, subject=client.id, verb="release.send")
    verdicts, consent = found
    name = f"with:{key or uuid4().hex}"
    return carry_out(
        deed, client, target, verdicts, consent, idempotency=name, note="", way=ReleaseWay.PORTAL
    )


def said_of(release: Release | None, sent: int) -> list[str]:
    """How the message's mail names its set; nothing where all of it still waits for the client's word."""
    if release is None or not sent:
        return []
    return [said(release.number, sent)]


def said(number: int, sent: int) -> str:
    """One line; titles stand in the set's own mail alone, which the gate may still stop."""
    return f"{number} ({sent})"


def foreseen(client: Client, verdicts: Sequence[Judged]) -> list[str]:
    """The same line before anything is written, for a preview."""
    sent = sum(one.decision.verdict is Verdict.SEND for one in verdicts)
    return [said(next_number(client), sent)] if sent else []
