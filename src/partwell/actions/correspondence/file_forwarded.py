# SPDX-License-Identifier: AGPL-3.0-or-later
"""A staff member's word that a waiting mail of theirs is a forward: filed under its original sender and date, sent to nobody (R1, R2)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence import file_mail, forwarded
from partwell.actions.correspondence.filing import Filing
from partwell.actions.correspondence.forwarded import Original
from partwell.actions.correspondence.sender import match
from partwell.actions.correspondence.settle_mail import found, settled
from partwell.importers.mail_forward import person
from partwell.records.correspondence.inbound_queries import parts_of
from partwell.records.correspondence.models import InboundMail
from partwell.rules.actor import Actor
from partwell.rules.inbound import State, Verdict
from partwell.rules.refusals import Refusal, refuse


@dataclass(frozen=True)
class Said:
    """What the staff member says of the original: sender, when it was written (aware), and its subject."""

    name: str
    address: str
    written_at: datetime
    subject: str = ""


def file_as_forwarded(*, actor: Actor, mail_id: UUID, said: Said) -> InboundMail | Refusal:
    """File a waiting mail that is, or says that it is, this staff member's as forwarded by them; only that person may.

    What agrees with the mail attached to it is judged by that mail; what was changed by hand proves nothing. Without consent of
    the client it is held, and nobody is answered.
    """
    peek = found(actor, mail_id, "mail.own")
    if isinstance(peek, Refusal):
        return peek
    if peek.state != "waiting":
        return settled(peek)
    if peek.client_id is None:
        return refuse("mail_unassigned")
    if peek.staff is None or peek.staff.id != actor.id:
        return refuse("mail_not_yours", person=peek.staff.name if peek.staff else "somebody else")
    if (problem := _problem(said)) is not None:
        return problem
    with Deed(actor) as deed:
        deed.lock(peek.client_id)
        mail = InboundMail.objects.select_related("address", "offboarding", "staff").get(pk=mail_id)
        if mail.state != "waiting" or mail.staff is None:
            return deed.refuse(settled(mail), subject=mail.id, verb="mail.own")
        if said.written_at > deed.now:
            return refuse("invalid_input", where="When it was written", problem="it lies ahead")
        if match(None, said.address, deed.now).staff is not None:
            return refuse(
                "invalid_input",
                where="The sender",
                problem="this is one of us; a forward is what somebody else wrote",
            )
        offered = forwarded.proposed(mail)
        same = offered is not None and offered.address.casefold() == said.address.casefold()
        subject = "".join(sign for sign in said.subject or mail.subject if ord(sign) >= 32).strip()
        how = offered.how if offered is not None and same else forwarded.BY_HAND
        original = Original(said.name.strip(), said.address.strip(), said.written_at, subject, how)
        names = tuple(part.name for part in parts_of(mail) if not part.inline)
        start = Filing(
            mail, match(peek.client_id, mail.from_address, deed.now), Verdict(State.WAITING, ""), names
        )
        filing = forwarded.under_original(deed, start, mail.staff, original, confirmed=True)
        mail.state, mail.warnings = filing.verdict.state.value, list(filing.verdict.warnings)
        mail.decision = filing.verdict.why[:300]
        if filing.verdict.state is not State.HELD:
            mail.decided_at, mail.decided_by_name = deed.now, actor.name[:160]
        file_mail.tell(deed, filing, file_mail.file(deed, filing))
        return mail


def _problem(said: Said) -> Refusal | None:
    if not said.address.strip():
        return refuse("required", where="The sender’s address")
    if person(said.address)[1] != said.address.strip():
        return refuse(
            "invalid_input",
            where="The sender’s address",
            problem="it is no address such as name@firm.example",
        )
    if any(ord(sign) < 32 for sign in said.name + said.subject):
        return refuse("header_injection", where="The sender’s name or subject")
    return None
