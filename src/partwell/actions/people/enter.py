# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ways into the portals: mailed links that only a POST consumes, and sessions bound to one contact.

Tokens are 256 bits, stored as SHA-256 (enough for random tokens), never logged. These rows are sign-in,
not evidence; the entry "person.signed_in" is.
"""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from partwell.actions.base import Deed
from partwell.actions.correspondence.post import composed
from partwell.actions.facts import loop_contacts
from partwell.actions.people import account_mail
from partwell.records.authorisations.models import Authorisation, RecipientPerson
from partwell.records.clients.models import Contact
from partwell.records.people.models import PortalSession, SignInLink
from partwell.records.people.queries import staff_member, the_msp
from partwell.rules.actor import Actor, Strength
from partwell.rules.letters import FALLBACK
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
    SignInLink.objects.create(
        token_hash=digest(token),
        kind=kind,
        person_id=person_id,
        next_path=next_path[:300],
        demo=demo,
        created_at=now,
        expires_at=now + (DEMO_LINK_LIFE if demo else LINK_LIFE),
    )
    return token


def ask_for_link(kind: str, email: str, *, address: str, next_path: str = "") -> int:
    """Mail a sign-in link to everybody of this door who has this address; gives how many, for tests alone.

    A recipient's person gets one only after an authorisation that names them was granted: before consent
    nobody tells them even whether somebody is a client (R1). The caller's answer must not depend on it.
    """
    msp = the_msp()
    if msp is None:
        return 0
    found = _contacts(email) if kind == "client" else _persons(email) if kind == "provider" else []
    for person_id, name, client, to, tongue in found:
        token = make_link(kind, person_id, next_path=next_path)
        mail = composed(
            "sign_in",
            tongue,
            {
                "msp_name": msp.name,
                "to_name": name,
                "client": client,
                "zone": msp.time_zone,
                "colour": msp.colour,
                "link": f"{settings.PARTWELL_URL}/in/{token}/",
                "valid_until": timezone.now() + LINK_LIFE,
                "asked_from": address or None,
            },
        )
        account_mail.queue(to, mail.subject, mail.text, mail.html, life=LINK_LIFE)
    return len(found)


def _contacts(email: str) -> list[tuple[UUID, str, str, str, str]]:
    rows = Contact.objects.select_related("client").filter(email__iexact=email, left_at=None)[:20]
    return [(row.id, row.name, row.client.legal_name, row.email, row.language) for row in rows]


def _persons(email: str) -> list[tuple[UUID, str, str, str, str]]:
    """Whoever receives for a client is written to in the language of the mails that it has with that client."""
    rows = list(
        RecipientPerson.objects.select_related("recipient__client").filter(email__iexact=email, left_at=None)[
            :20
        ]
    )
    return [
        (row.id, row.name, row.recipient.client.legal_name, row.email, _tongue(row.recipient.client_id))
        for row in rows
        if was_consented(row)
    ]


def _tongue(client_id: UUID) -> str:
    return next((one.language for one in loop_contacts(client_id)), FALLBACK)


def was_consented(person: RecipientPerson) -> bool:
    """Whether an authorisation that names this person was ever granted; its end closes what is shown, not the door (R17)."""
    granted = Authorisation.objects.filter(recipient_id=person.recipient_id).exclude(granted_at=None)
    return any(person.id.hex in ids for ids in granted.values_list("person_ids", flat=True))


def find_link(token: str) -> SignInLink | None:
    """The usable link of a token, or None; consumes nothing (mail scanners follow links)."""
    return SignInLink.objects.filter(
        token_hash=digest(token), used_at=None, expires_at__gt=timezone.now()
    ).first()


def use_link(token: str, *, address: str, agent: str) -> tuple[SignInLink, str] | Refusal:
    """Consume a link by one conditional UPDATE and open a session; gives the link and the cookie's value.

    A demo link is good for many visits. A person who left gets ``link_expired``, like any stranger.
    """
    link = find_link(token)
    if link is None or (link.demo and not settings.PARTWELL_DEMO):
        return refuse("link_expired")
    if (
        not link.demo
        and SignInLink.objects.filter(pk=link.pk, used_at=None).update(used_at=timezone.now()) != 1
    ):
        return refuse("link_expired")
    if link.kind == "staff":
        staff = staff_member(link.person_id)
        if not settings.PARTWELL_DEMO or staff is None or staff.left_at:
            return refuse("link_expired")
        return link, ""
    actor = person_actor(link.kind, link.person_id, strength="link", address=address)
    if actor is None:
        return refuse("link_expired")
    key = secrets.token_urlsafe(32)
    now = timezone.now()
    PortalSession.objects.create(
        key_hash=digest(key),
        kind=link.kind,
        person_id=link.person_id,
        created_at=now,
        seen_at=now,
        expires_at=now + SESSION_LIFE,
        address=address[:64],
        agent=agent[:300],
    )
    with Deed(actor) as deed:
        deed.record(
            "sign_in.succeeded",
            client=actor.client_id,
            recipient=actor.recipient_id,
            subjects=[actor.id],
            public={"door": actor.door, "strength": "link"},
            internal={"address": address[:64], "agent": agent[:300]},
        )
    return link, key


def session_of(key: str, kind: str) -> PortalSession | None:
    """The live session of a cookie: not ended, not expired, not idle for an hour."""
    if not key:
        return None
    now = timezone.now()
    session = PortalSession.objects.filter(
        key_hash=digest(key), kind=kind, ended_at=None, expires_at__gt=now, seen_at__gt=now - IDLE
    ).first()
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
        return (
            None
            if contact is None
            else Actor(
                kind="client",
                id=contact.id,
                name=contact.name,
                role=contact.role,
                door="client_portal",
                strength=strength,
                client_id=contact.client_id,
                address=address,
            )
        )
    person = RecipientPerson.objects.select_related("recipient").filter(pk=person_id, left_at=None).first()
    return (
        None
        if person is None
        else Actor(
            kind="provider",
            id=person.id,
            name=person.name,
            role="person",
            door="provider_portal",
            strength=strength,
            client_id=person.recipient.client_id,
            recipient_id=person.recipient_id,
            address=address,
        )
    )
