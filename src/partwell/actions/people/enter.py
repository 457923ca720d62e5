# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ways into the portals: mailed links that only a POST consumes, and sessions bound to one contact.

Tokens are 256 bits, stored as SHA-256 (enough for random tokens), never logged. These rows are sign-in,
not evidence; the entry "person.signed_in" is.
"""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from partwell.actions.base import Deed
from partwell.records.authorisations.models import RecipientPerson
from partwell.records.clients.models import Contact
from partwell.records.people.models import PortalSession, SignInLink
from partwell.rules.actor import Actor, Strength
from partwell.rules.refusals import Refusal, refuse

LINK_LIFE = timedelta(minutes=30)
DEMO_LINK_LIFE = timedelta(days=30)
SESSION_LIFE = timedelta(hours=8)
IDLE = timedelta(hours=1)


def digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(kind: str, person_id: UUID, *, next_path: str = "", demo: bool = False) -> str:
    """A fresh one-use token for a contact ("client"), recipient person ("provider") or, in the demo only, staff."""
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    SignInLink.objects.create(token_hash=digest(token), kind=kind, person_id=person_id, next_path=next_path[:300], demo=demo,
                              created_at=now, expires_at=now + (DEMO_LINK_LIFE if demo else LINK_LIFE))
    return token


def find_link(token: str) -> SignInLink | None:
    """The usable link of a token, or None; consumes nothing (mail scanners follow links)."""
    return SignInLink.objects.filter(token_hash=digest(token), used_at=None, expires_at__gt=timezone.now()).first()


def use_link(token: str, *, address: str, agent: str) -> tuple[SignInLink, str] | Refusal:
    """Consume a link by one conditional UPDATE and open a session; gives the link and the cookie's value.

    A demo link is good for many visits. A person who left gets ``link_expired``, like any stranger.
    """
    link = find_link(token)
    if link is None:
        return refuse("link_expired")
    if not link.demo and SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()) != 1:
        return refuse("link_expired")
    if link.kind == "staff":
        return link, ""
    actor = person_actor(link.kind, link.person_id, strength="link", address=address)
    if actor is None:
        return refuse("link_expired")
    key = secrets.token_urlsafe(32)
    now = timezone.now()
    PortalSession.objects.create(key_hash=digest(key), kind=link.kind, person_id=link.person_id, created_at=now, seen_at=now,
                                 expires_at=now + SESSION_LIFE, address=address[:64], agent=agent[:300])
    with Deed(actor) as deed:
        deed.record("sign_in.succeeded", client=actor.client_id, recipient=actor.recipient_id, subjects=[actor.id],
                    public={"door": actor.door, "strength": "link"}, internal={"address": address[:64], "agent": agent[:300]})
    return link, key


def session_of(key: str, kind: str) -> PortalSession | None:
    """The live session of a cookie: not ended, not expired, not idle for an hour."""
    if not key:
        return None
    now = timezone.now()
    session = PortalSession.objects.filter(key_hash=digest(key), kind=kind, ended_at=None, expires_at__gt=now, seen_at__gt=now - IDLE).first()
    if session and now - session.seen_at > timedelta(minutes=1):
        PortalSession.objects.filter(pk=session.pk).update(seen_at=now)
    return session


def end_session(session: PortalSession) -> None:
    """Sign out."""
    PortalSession.objects.filter(pk=session.pk, ended_at=None).update(ended_at=timezone.now())


def end_sessions_of(person_id: UUID) -> None:
    """Everything of a person who left ends at once: sessions and unused links."""
    PortalSession.objects.filter(person_id=person_id, ended_at=None).update(ended_at=timezone.now())
    SignInLink.objects.filter(person_id=person_id, used_at=None).update(used_at=timezone.now())


def person_actor(kind: str, person_id: UUID, *, strength: Strength, address: str = "") -> Actor | None:
    """The actor of a contact or recipient person who is still there; None otherwise."""
    if kind == "client":
        contact = Contact.objects.filter(pk=person_id, left_at=None).first()
        return None if contact is None else Actor(kind="client", id=contact.id, name=contact.name, role=contact.role, door="client_portal",
                                 strength=strength, client_id=contact.client_id, address=address)
    person = RecipientPerson.objects.select_related("recipient").filter(pk=person_id, left_at=None).first()
    return None if person is None else Actor(kind="provider", id=person.id, name=person.name, role="person", door="provider_portal", strength=strength,
                            client_id=person.recipient.client_id, recipient_id=person.recipient_id, address=address)
