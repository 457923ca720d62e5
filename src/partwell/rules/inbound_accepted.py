# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a person makes of a mail that waited (R1, R2): where it goes once its client is said, or once it is accepted.

A person's word lifts doubts about the mail, never the gate: a new provider without consent stays held, nobody is
answered, and the words of staff leave only when that person, signed in, says that they are theirs.
"""

from dataclasses import replace

from partwell.rules.inbound import MailFacts, Proof, Sender, SenderKind, State, Verdict, decide

OPEN = (State.WAITING, State.UNMATCHED, State.LOOP, State.HELD)
"""States in which a mail lies before a person; "held" until somebody decided on it."""


def assigned(sender: Sender, proof: Proof, *, automatic: bool, froms: int, address: str) -> Verdict:
    """The verdict once a person said whose conversation it belongs to; what staff wrote waits for them in any case."""
    found = decide(
        MailFacts(
            matched=True, sender=sender, proof=proof, automatic=automatic, froms=froms, from_address=address
        )
    )
    if found.state is State.FILED and sender.kind is SenderKind.STAFF:
        why = f"It says that it is from {sender.name} of our staff; that person says whether it is so."
        return replace(found, state=State.WAITING, why=why, audience="", tell_client=False)
    return replace(found, may_acknowledge=False)


def stays_held(sender: Sender, proof: Proof | None) -> str | None:
    """Why what was held stays so although an authorisation took effect (R1); None where it comes into the conversation.

    ``proof``: of its From domain, None for what somebody wrote signed in. The sender is matched by the very mailbox, so that
    one that merely looks alike is nobody; one whose mail proves nothing is left to a person.
    """
    named = sender.name or "the sender"
    if sender.kind is not SenderKind.PROVIDER or sender.elsewhere or sender.ambiguous or sender.house:
        return "Nobody whom an authorisation names is known to have written it."
    if sender.gone:
        return f"{named} is recorded as having left."
    if not sender.consent:
        return f"No authorisation that stands names {named}."
    if proof in (Proof.NONE, Proof.FAILED):
        return f"Nothing proves that it is from {named}; a person says so."
    return None


def accepted(sender: Sender, by: str) -> Verdict:
    """The verdict once the office let a mail in that waited, as it stands now. Not for staff: see ``accept_mail``."""
    named = sender.name or "somebody unknown"
    sure = not (sender.gone or sender.elsewhere or sender.ambiguous)
    if sender.kind is SenderKind.CLIENT and sure:
        return Verdict(State.FILED, f"{by} took it as {named}'s, though nothing proved it.", "client")
    if sender.kind is SenderKind.PROVIDER and sure and sender.consent:
        return Verdict(State.FILED, f"{by} took it as {named}'s; consent stands.", "all", tell_client=True)
    audience = "all" if sender.kind is SenderKind.PROVIDER and sure else "client"
    return Verdict(
        State.HELD, f"{by} looked at it; without consent nobody answers (R1).", audience, tell_client=True
    )
