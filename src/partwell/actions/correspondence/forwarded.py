# SPDX-License-Identifier: AGPL-3.0-or-later
"""What reached staff privately and was forwarded here: filed under its original sender and date, and never sent on (R1, R2).

The whole forward is kept as it came, for staff; what stood above the original is the staff member's and stays inside (R4).
``InboundMail.auth`` holds the judgement of the original, which only an original attached whole can pass; the forward's own
judgement lies in ``auth["forward"]["carrier"]``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from partwell.actions.base import Deed
from partwell.actions.correspondence.filing import Filing
from partwell.actions.correspondence.sender import known_domains, known_names, match
from partwell.actions.correspondence.tell_staff import page_of, tell_staff
from partwell.actions.facts import zone
from partwell.importers import mail_forward
from partwell.importers.inbound_mail import MailRead
from partwell.importers.mail_forward import ATTACHED
from partwell.records.correspondence.models import Envelope, InboundMail
from partwell.records.people.models import StaffMember
from partwell.rules import roles
from partwell.rules.inbound import MailFacts, Proof, SenderKind, State, warnings
from partwell.rules.inbound_forward import Form, Kind, filed, tell, waits

BY_HAND = "hand"
_AHEAD = timedelta(minutes=10)  # clocks differ
_NOT_PROVABLE = {
    "inline": "It was forwarded in the words of another mail, which keep no signature.",
    BY_HAND: "Whoever forwarded it wrote down its sender and date.",
}


@dataclass(frozen=True)
class Original:
    """The mail inside a forward: who wrote it and when (aware). ``how``: attached, inline, or hand (a person wrote it down)."""

    name: str
    address: str
    written_at: datetime
    subject: str
    how: str


def note(
    mail: InboundMail, read: MailRead, positions: Sequence[int], sha256: str, judged: dict[str, Any] | None
) -> None:
    """Write down beside a staff member's mail what it says of the mail inside it; nothing becomes of that yet.

    ``positions``: of the parts that are the attached original and what came with it; ``sha256`` and ``judged`` are the original's.
    """
    found = read.forward
    if not found.how and not found.marked:
        return
    mail.auth = {**mail.auth, "forward": {
        "how": found.how, "name": found.name, "address": found.address, "written_at": _aware(found.date).isoformat() if found.date else "",
        "subject": found.subject, "text": found.text, "message_id": found.message_id, "in_reply_to": found.in_reply_to,
        "references": list(found.references), "parts": list(positions), "sha256": sha256, "judged": judged,
        "to": [{"name": one.name, "address": one.address} for one in found.to],
        "cc": [{"name": one.name, "address": one.address} for one in found.cc],
    }}  # fmt: skip


def _aware(when: datetime) -> datetime:
    """What names no zone was shown to us in ours."""
    return when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone()))


def proposed(mail: InboundMail) -> Original | None:
    """What the page offers as sender and date of a waiting mail's original; empty where it says nothing. None for mail of others."""
    if mail.sender_kind != "staff":
        return None
    noted = mail.auth.get("forward") or {}
    when = datetime.fromisoformat(noted["written_at"]) if noted.get("written_at") else mail.received_at
    return Original(noted.get("name", ""), noted.get("address", ""), when, noted.get("subject") or mail.subject, noted.get("how") or BY_HAND)  # fmt: skip


def form_of(deed: Deed, mail: InboundMail, read: MailRead, here: bool) -> Form:
    """How the mail looks, for the rule. ``here``: the attached original lies in this conversation already."""
    found = read.forward
    client_id = deed.client.id if deed.client else None
    return Form(
        how=found.how, originals=found.originals, marked=found.marked, replies=found.replies, own_words=found.own, unread=found.unread,
        thread=_thread(client_id, read), sender="@" in found.address,
        dated=found.date is not None and _aware(found.date) <= deed.now + _AHEAD,
        same_subject=bool(found.subject) and mail_forward.bare(found.subject) == mail_forward.bare(read.subject),
        of_staff=match(None, found.address, deed.now).staff is not None,
        here=here or (bool(found.message_id) and _in_conversation(client_id, [found.message_id])),
        to_provider=mail.address is not None and mail.address.purpose == "provider",
    )  # fmt: skip


def _thread(client_id: UUID | None, read: MailRead) -> str:
    if not read.in_reply_to:
        return ""
    return "ours" if _in_conversation(client_id, [read.in_reply_to]) else "other"


def _in_conversation(client_id: UUID | None, ids: list[str]) -> bool:
    came = InboundMail.objects.filter(
        client=client_id, internet_message_id__in=ids, state__in=("filed", "held")
    )
    return Envelope.objects.filter(client=client_id, internet_message_id__in=ids).exists() or came.exists()


def kind_of(deed: Deed, mail: InboundMail, read: MailRead, here: bool) -> tuple[Kind, str]:
    """Answer, forward or unsure, with the reason."""
    return tell(form_of(deed, mail, read, here))


def judged(deed: Deed, filing: Filing, kind: Kind, why: str) -> Filing:
    """The filing of a mail that is surely a staff member's and by its form no answer: under its original sender, or waiting."""
    staff, mail = filing.sender.staff, filing.mail
    original = proposed(mail)
    if staff is None or original is None or not filing.verdict.forward:
        return filing
    if (refusal := roles.may(staff.role, "mail.own")) is not None:
        return replace(
            filing, verdict=replace(filing.verdict, why=refusal.sentence, forward=False), refusal=refusal
        )
    if kind is not Kind.FORWARD:
        return replace(
            filing, verdict=replace(waits(staff.name, why), warnings=filing.verdict.warnings, forward=True)
        )
    return under_original(deed, filing, staff, original)


def under_original(deed: Deed, filing: Filing, staff: StaffMember, original: Original, *, confirmed: bool = False) -> Filing:  # fmt: skip
    """The filing under the original's sender and date; the row is changed and not saved. Where doubts stay it is left as it came."""
    mail, client = filing.mail, deed.client
    assert client is not None  # only what has a client is filed
    noted = dict(mail.auth.get("forward") or {})
    whole = original.how == ATTACHED and noted.get("address", "").casefold() == original.address.casefold()
    proof_of = noted.get("judged") if whole else None
    proof = Proof((proof_of or {}).get("proof", "none"))
    who = match(client.id, original.address, deed.now)
    verdict = filed(who.facts, original.address, proof, staff.name, confirmed=confirmed)
    if verdict.state is State.WAITING:
        return replace(filing, verdict=replace(verdict, warnings=filing.verdict.warnings, forward=True))
    seen = warnings(MailFacts(matched=True, proof=proof, from_address=original.address, from_name=original.name,
                              known_domains=known_domains(client), known_names=known_names(client) if who.facts.kind is SenderKind.UNKNOWN else ()))  # fmt: skip
    words = noted.get("text", "") if original.how in (ATTACHED, "inline") else mail.text
    carrier = {key: value for key, value in mail.auth.items() if key != "forward"}
    how = original.how if whole or original.how != ATTACHED else BY_HAND
    noted.pop("text", None), noted.pop("judged", None)
    noted |= {"how": how, "by": staff.name, "at": (mail.sent_at or mail.received_at).isoformat(), "carrier": carrier,
              "carrier_subject": mail.subject, "carrier_message_id": mail.internet_message_id}  # fmt: skip
    mail.auth = {**(proof_of or _nothing(original, how, deed.now)), "forward": noted}
    mail.from_name, mail.from_address = original.name[:200], original.address[:320]
    mail.sent_at, mail.subject = original.written_at, original.subject[:300]
    mail.others = [{"header": header, **one} for header in ("to", "cc") for one in noted.get(header, [])]
    if whole:  # answers to the original find it; an inline one keeps the thread that its carrier names
        mail.internet_message_id, mail.in_reply_to = noted.get("message_id", ""), noted.get("in_reply_to", "")
        mail.references = list(noted.get("references", []))
    mail.sender_kind, mail.forwarded_by, mail.staff = who.facts.kind.value, staff, None
    if verdict.audience != "all" and who.facts.kind is SenderKind.PROVIDER:
        mail.sender_kind = SenderKind.UNKNOWN.value
    mail.contact, mail.person = who.contact, who.person
    mail.recipient = who.person.recipient if who.person else None
    visible = set(noted.get("parts", [])) if whole else set()
    return replace(filing, sender=who, verdict=replace(verdict, warnings=seen), words=words or "",
                   attachments=filing.attachments if visible else ())  # fmt: skip


def _nothing(original: Original, how: str, now: datetime) -> dict[str, Any]:
    why = _NOT_PROVABLE.get(how, _NOT_PROVABLE[BY_HAND])
    return {"proof": "none", "domain": original.address.rpartition("@")[2][:253], "dkim": {"result": "none", "why": why},
            "spf": {"result": "none", "why": why}, "dns": [], "judged_at": now.isoformat()}  # fmt: skip


def digest_of(mail: InboundMail) -> str:
    """SHA-256 of what proves a forward: of the attached original, else of the whole forward."""
    noted = mail.auth.get("forward") or {}
    return str(noted.get("sha256") or "") if noted.get("how") == ATTACHED else mail.raw_sha256


def tell_filed(deed: Deed, mail: InboundMail, own_words: int) -> None:
    """To whoever forwarded with a remark: it was filed, and what stood above went to nobody."""
    if mail.forwarded_by is not None and own_words and mail.message_id is not None:
        tell_staff(
            deed, mail.forwarded_by, f"{mail.id.hex}:filed", title=f"Filed as forwarded: {mail.subject}", path=page_of(mail),
            what=f"Your mail was filed as what {mail.from_name or mail.from_address} wrote. What you wrote above it stays with us and went to nobody.",
            next_step="If you meant it for the client or the new provider, write it as a message.",
        )  # fmt: skip
