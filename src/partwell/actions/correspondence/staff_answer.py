# SPDX-License-Identifier: AGPL-3.0-or-later
"""What staff answer from their own mail program: written as on the page, or waiting with the reason, which they are told (R1, R2).

The page's questions are asked here too: role, words, consent, the client in the loop, and the wait while something is open.
Its attachments are kept and go to nobody: files leave only as releases of items.
"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from partwell.actions.base import Deed
from partwell.actions.correspondence import write_message as writing
from partwell.actions.correspondence.filing import Filing, answered
from partwell.actions.correspondence.parties import may_write_to
from partwell.actions.correspondence.post import addressed
from partwell.actions.correspondence.tell_staff import page_of, tell_staff
from partwell.actions.facts import zone
from partwell.actions.retention.office import tell_office
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client
from partwell.records.correspondence.models import InboundMail, Message
from partwell.records.people.models import StaffMember
from partwell.rules import roles
from partwell.rules.actor import Actor
from partwell.rules.inbound import State
from partwell.rules.refusals import Refusal, refuse


def actor_of(staff: StaffMember) -> Actor:
    """The staff member as author of what a mail of theirs says."""
    return Actor(kind="staff", id=staff.id, name=staff.name, role=staff.role, door="mailbox")


def draft_of(mail: InboundMail, recipient: Recipient | None, earlier: Message | None) -> writing.Draft:
    """The message that a staff member's mail is, word for word."""
    subject = "".join(sign for sign in mail.subject if ord(sign) >= 32).strip()
    return writing.Draft(
        subject[:200] or "(no subject)", mail.text.strip(), writing.ALL if recipient else writing.CLIENT,
        recipient.id if recipient else None, earlier.id if earlier else None, f"inbound:{mail.id.hex}",
    )  # fmt: skip


def is_answer(filing: Filing) -> bool:
    """Whether a filing is what staff wrote to people outside."""
    return (
        filing.verdict.state is State.FILED and filing.sender.staff is not None and filing.verdict.tell_client
    )


def checked(filing: Filing, deed: Deed) -> Filing:
    """The same after the questions of the page. What a page would refuse waits, with the refusal's sentence; nothing leaves."""
    mail, staff = filing.mail, filing.sender.staff
    if not is_answer(filing) or staff is None or deed.client is None:
        return filing
    recipient = mail.address.recipient if mail.address else None
    earlier = answered(deed.client.id, mail, recipient, writing.ALL if recipient else writing.CLIENT)
    persons: list[RecipientPerson] = []
    refusal = roles.may(staff.role, "message.write") or writing.problem_of(draft_of(mail, recipient, earlier))
    if refusal is None and recipient is not None:
        found = may_write_to(recipient.id, deed.now)
        if isinstance(found, Refusal):
            held = earlier is not None and earlier.waits_for_consent
            refusal = refuse("provider_not_authorised_to_ask") if held else found
        else:
            persons = found
    if refusal is None:
        reached = addressed(deed.client.id, persons, None, False)
        refusal = reached if isinstance(reached, Refusal) else None
    if refusal is not None:
        verdict = replace(
            filing.verdict, state=State.WAITING, why=refusal.sentence, audience="", tell_client=False
        )
        return replace(filing, verdict=verdict, refusal=refusal)
    return replace(
        filing,
        verdict=replace(filing.verdict, audience=writing.ALL if recipient else filing.verdict.audience),
    )


def send(deed: Deed, client: Client, filing: Filing, row: Message) -> None:
    """Post it as the page does, at once or when its wait is over, and tell the author what did not go."""
    mail, staff = filing.mail, filing.sender.staff
    assert staff is not None  # asked by is_answer
    persons: list[RecipientPerson] = []
    if row.recipient is not None:
        found = may_write_to(row.recipient.id, deed.now)
        if isinstance(found, Refusal):
            raise writing.NotInTheLoop(found)  # asked a moment ago under the same lock
        persons = found
    came: dict[str, object] = {"mail": mail.raw_sha256, "dkim": str(mail.auth.get("proof", "none"))}
    if filing.past_us:
        came["past_us"] = list(filing.past_us)
    sent = writing.send(
        deed, client, row, row.recipient, persons, key=f"message:{client.id.hex}:inbound:{mail.id.hex}", author=actor_of(staff), came=came
    )  # fmt: skip
    if isinstance(sent, Refusal):
        raise writing.NotInTheLoop(sent)
    _say_what_did_not_go(deed, mail, staff, row, filing.files)
    say_what_went_past_us(deed, filing, f"/messages/{row.id}/")


def say_what_went_past_us(deed: Deed, filing: Filing, path: str) -> None:
    """To its author and to the office: a new provider has it by the author's own mail program, and nobody here was asked (R1, R2)."""
    staff, names = filing.sender.staff, ", ".join(filing.past_us[:5])
    if not names or staff is None or staff.left_at is not None:
        return
    subject, key = filing.mail.subject or "a mail without a subject", f"{filing.mail.id.hex}:past"
    what = (
        f"names {names} as a reader. Their mail program sent that copy itself: consent was not asked, it is no release, "
        "and the client has it only if that mail names them too."
    )
    step = "Answer to the address in Reply-To alone: by it your words reach everybody whom they may reach."
    tell_staff(deed, staff, key, title=f"A copy of your mail went past Partwell: {subject}", path=path, next_step=step,
               what=f"Your mail {what.replace('Their mail program', 'Your mail program')}")  # fmt: skip
    tell_office(deed, key, title=f"A mail of {staff.name} went past Partwell: {subject}", path=path, what=f"A mail of {staff.name} {what}",
                next_step="Say to the client what was told to whom, if it should not have been.")  # fmt: skip


def _say_what_did_not_go(deed: Deed, mail: InboundMail, staff: StaffMember, row: Message, files: tuple[str, ...]) -> None:  # fmt: skip
    path = f"/messages/{row.id}/"
    if files:
        tell_staff(
            deed, staff, f"{mail.id.hex}:files", title=f"Sent without what was attached: {row.subject}", path=path,
            what=f"Your words were taken as your message; {', '.join(files[:10])} went to nobody. Files leave only as releases of items. "
            "They are kept with your mail.",
            next_step="Add what they should have as an item of the estate and release it; then it leaves with a receipt.",
        )  # fmt: skip
    if row.waits_until is not None:
        tell_staff(
            deed, staff, f"{mail.id.hex}:waits", title=f"Your message has not left yet: {row.subject}", path=path,
            what=f"{row.waits_why} It leaves at {_time(row.waits_until)}, or when a colleague has read it.",
            next_step="Ask a colleague to read it, or stop it, on its page.",
        )  # fmt: skip


def _time(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(zone())).strftime("%H:%M")


def tell_why_it_waits(deed: Deed, filing: Filing) -> None:
    """To the person a waiting mail is from, or says it is from: why, and what to do. Unproved ones at most once an hour."""
    mail, staff, refusal = filing.mail, filing.sender.staff, filing.refusal
    if staff is None or staff.left_at is not None or deed.client is None or mail.automatic:
        return
    subject = mail.subject or "a mail without a subject"
    if refusal is not None or mail.auth.get("proof") != "none":  # else somebody else may have written it
        say_what_went_past_us(deed, filing, page_of(mail))
    if refusal is not None:
        tell_staff(
            deed, staff, f"{mail.id.hex}:refused", title=f"Your mail did not leave: {subject}", path=page_of(mail),
            what=f"{refusal.sentence} Nothing of it went on from here; it is kept.",
            next_step=f"{refusal.next_step} Then open it and say “This was me”: it goes through the same questions again.",
        )  # fmt: skip
    elif filing.verdict.forward:
        tell_staff(
            deed, staff, f"{mail.id.hex}:unsure", title=f"Is this an answer or a forward? {subject}", path=page_of(mail),
            what=f"{filing.verdict.why} Until then nothing of it goes to anybody.",
            next_step="Open it, and either send it as yours or file it as forwarded under its original sender and date.",
        )  # fmt: skip
    elif mail.auth.get("proof") == "none":
        tell_staff(
            deed, staff, f"{staff.id.hex}:{deed.client.id.hex}:{deed.now:%Y%m%d%H}", path=page_of(mail),
            title="A mail says that it is from you, and nothing proves it",
            what=f"{filing.verdict.why} It waits, and nothing of it went on from here.",
            next_step="If it is yours, open it and say so. If not, tell the office: somebody writes in your name.",
        )  # fmt: skip
