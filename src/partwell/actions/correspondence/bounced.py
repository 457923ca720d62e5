# SPDX-License-Identifier: AGPL-3.0-or-later
"""What other servers report of a mail that left (RFC 3464), and what follows when the client's address is the one that fails (R2).

What comes here is believed: our own session was refused, a report proved that it is one (``report_trust``), or a person said so
(``judge_report``). Then another address of the *client* takes over, mail to the new provider may wait, and the office is told.
"""

from partwell.actions.base import Deed
from partwell.actions.correspondence.takeover import (
    NO_ADDRESS,
    another,
    go_another_way,
    tell_taken_over,
    wait_for_an_address,
)
from partwell.actions.facts import standing_in, working_address
from partwell.actions.retention.office import client_path, tell_office
from partwell.connectors.smtp_values import Delivery
from partwell.records.clients.models import Contact
from partwell.records.correspondence.models import Bounce, Envelope, InboundMail
from partwell.rules.refusals import refuse
from partwell.rules.terms import EnvelopeState

ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
CLIENTS = ("client", "second")
TRIES_OF_A_RECIPIENT, TRIES_OF_THE_SERVER = 24, 130


def note_bounce(
    deed: Deed,
    envelope: Envelope,
    address: str,
    action: str,
    status: str,
    diagnostic: str,
    mail: InboundMail | None = None,
    proof: str = "",
) -> Bounce | None:
    """Write down one recipient's delivery status within the caller's deed, whose client is locked, and act on it.

    ``action`` and ``status`` as RFC 3464 has them ("failed", "5.1.1"); anything else is no report. ``proof``: why it is believed,
    a sentence. The same report twice is one row, and of one mail and address only the first failure is acted upon: a report
    that is sent again later, in other words, says nothing new. None where the address is not on the envelope or belongs to another client's: nobody's address is judged by a mail
    that did not go there. A failed client address marks the contact, tells the office, and the mail goes at once to
    another address of the client.
    """
    client = deed.client
    if client is None or client.id != envelope.client_id:
        raise RuntimeError("Lock the envelope's client before its bounce is noted.")
    wanted, action = address.strip().casefold(), action.strip().lower()
    on_it = next((one for one in envelope.recipients if one["address"].casefold() == wanted), None)
    if on_it is None or action not in ACTIONS:
        return None
    status, diagnostic = status.strip()[:12], " ".join(diagnostic.split())[:600]
    before = list(Bounce.objects.filter(envelope=envelope, address=on_it["address"]))
    known = next((one for one in before if (one.action, one.status) == (action, status)), None)
    if known is not None:
        return known
    row = deed.add(
        Bounce(
            envelope=envelope,
            mail=mail,
            role=on_it["role"],
            address=on_it["address"],
            action=action,
            status=status,
            diagnostic=diagnostic,
            reported_at=deed.now,
        )
    )
    failed = action == "failed"
    deed.record(
        "envelope.bounced" if failed else "envelope.reported",
        subjects=[envelope.id, row.id],
        public={"contact": on_it["name"]} if failed else {"contact": on_it["name"], "what": action},
        to_client={
            "address": row.address,
            "status": status,
            "diagnostic": diagnostic,
            "digest": envelope.digest,
            **({"proof": proof[:200]} if proof else {}),
        },
    )
    if failed and not any(one.action == "failed" for one in before):
        _failed(deed, envelope, on_it, f"{status} {diagnostic}".strip())
    return row


def _failed(deed: Deed, envelope: Envelope, on_it: dict[str, str], answer: str) -> None:
    if on_it["role"] == "provider":
        tell_office(
            deed,
            f"bounce:{envelope.id.hex}:{on_it['address']}",
            title=f"Mail to {on_it['name']} came back",
            what=f"“{envelope.subject}” did not reach {on_it['name']} of the new provider: {answer or 'no reason was given'}.",
            next_step="Ask the client for the right address, and have the authorisation name it.",
            path=f"/mails/{envelope.id}/",
        )
        return
    if on_it["role"] not in CLIENTS:
        return
    contact = Contact.objects.get(pk=envelope.client_contact_id)
    # Also where the address counts as bouncing by now, or is no longer theirs: this mail did not arrive either.
    address_failed(deed, contact, on_it["address"], answer)
    # Who was reached at the other of their own addresses has the mail.
    reached = {one["address"] for one in envelope.recipients if one["role"] in CLIENTS}
    if envelope.state == EnvelopeState.ACCEPTED and working_address(contact) not in reached:
        new = another(deed, envelope, client_alone=True)
        if new is not None:
            tell_taken_over(deed, envelope, new)


def address_failed(deed: Deed, contact: Contact, address: str, answer: str) -> bool:
    """Mark one of a contact's addresses as bouncing, with an entry and the alarm to the office; False where nothing changes.

    An address that is no longer on file is not judged.
    """
    field = {
        contact.email.casefold(): "email_state",
        contact.second_email.casefold(): "second_email_state",
    }.get(address.casefold())
    if not address or field is None or getattr(contact, field) == "bouncing":
        return False
    deed.save(contact, **{field: "bouncing"})
    deed.record(
        "contact.address_failed",
        subjects=[contact.id],
        public={"contact": contact.name},
        to_client={"address": address, "answer": answer[:200], **_instead(contact)},
    )
    _alarm(deed, contact, address, answer)
    return True


def _instead(contact: Contact) -> dict[str, str]:
    """Who is on every message from now on, for the entry; nothing while that is whom they are for anyway."""
    instead = standing_in(contact.client_id)
    return {"instead": f"{instead.name} <{instead.at}>" if instead.name else "nobody"} if instead else {}


def _alarm(deed: Deed, contact: Contact, address: str, answer: str) -> None:
    """To the office: the client is not in the loop there, who takes over, and what is to be done."""
    instead = standing_in(contact.client_id)
    now = f" {instead.sentence}" if instead else ""
    tell_office(
        deed,
        f"bounce:{contact.id.hex}:{contact.row_version}",
        title=f"Mail to {contact.name} of {contact.client.name} comes back",
        what=f"{address} refuses mail ({answer or 'no reason was given'}).{now}",
        next_step="Call the client on the number on file, and write down the address that works.",
        path=client_path(contact.client_id),
    )


def gives_up(envelope: Envelope, delivery: Delivery) -> bool:
    """Whether an attempt that may be tried again is the last one.

    One that stands for a recipient's refusal is tried for about fifteen hours, one of which the server itself is the
    reason for about five days: a mail server that is down over a weekend loses no message.
    """
    of_one = any(reply.code >= 400 for reply in delivery.per_recipient.values())
    tries = TRIES_OF_A_RECIPIENT if of_one else TRIES_OF_THE_SERVER
    return envelope.attempts > 0 and envelope.attempts % tries == 0


def not_delivered(deed: Deed, envelope: Envelope, delivery: Delivery) -> None:
    """What follows when nothing has left and nothing is tried again by itself; the entry "failed" is written.

    Where an address of the client was refused (5xx, or 4xx until the last attempt), it counts as bouncing: all of the mail
    goes to another address of the client, and where none works it waits for one (R2). Else the office is told.
    """
    contact = Contact.objects.get(pk=envelope.client_contact_id)
    refused = False
    for one in envelope.recipients:
        reply = delivery.per_recipient.get(one["address"]) if one["role"] in CLIENTS else None
        if reply is not None and 400 <= reply.code < 600:
            refused = True
            address_failed(deed, contact, one["address"], f"{reply.code} {reply.text}")
    if refused:
        if go_another_way(deed, envelope) is None:
            wait_for_an_address(deed, envelope, refuse(NO_ADDRESS))
        return
    tell_office(
        deed,
        f"failed:{envelope.client_id.hex}:{deed.now:%Y%m%d}",
        title=f"Mail about {contact.client.name} could not be sent",
        what=f"“{envelope.subject}” did not leave, and perhaps more: {delivery.code or ''} {delivery.text}".strip()[
            :500
        ],
        next_step="Read what the server said, mend it, and send it again from the page of the mail.",
        path=f"/mails/{envelope.id}/",
    )
