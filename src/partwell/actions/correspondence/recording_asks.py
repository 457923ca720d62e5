# SPDX-License-Identifier: AGPL-3.0-or-later
"""Asking everybody who will be heard whether it may be recorded, and their answers (R2).

Whoever has a door here answers behind it. For anybody else staff write down who said what, how and when, and it is
marked as staff's word. A consent taken back ends the recordings at once (``recordings.end``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from partwell.actions.base import Deed
from partwell.actions.correspondence import recordings
from partwell.actions.correspondence.parties import may_write_to
from partwell.actions.correspondence.post import Post, link, post
from partwell.actions.correspondence.write_message import NotInTheLoop
from partwell.actions.facts import loop_contacts
from partwell.actions.releases.standing import standing_of
from partwell.records.authorisations.models import Recipient, RecipientPerson
from partwell.records.clients.models import Client, Contact
from partwell.records.correspondence.models import Meeting, RecordingAsk, RecordingVoice
from partwell.records.people.models import StaffMember
from partwell.rules import lifecycle, roles
from partwell.rules.actor import Actor
from partwell.rules.recordings import Answer, Voice, after, may_word
from partwell.rules.refusals import Refusal, refuse

ASK, ANSWER = "recording.ask", "recording.answer"
MOST_VOICES = 40
SAID = {Answer.GIVEN: "agreed to", Answer.REFUSED: "refused", Answer.WITHDRAWN: "took back the consent to"}


@dataclass(frozen=True)
class Heard:
    """Who will be heard. ``others``: names of people who have no door here. ``recipient_id`` with ``person_ids``: one firm's."""

    contact_ids: Sequence[UUID] = ()
    recipient_id: UUID | None = None
    person_ids: Sequence[UUID] = ()
    staff_ids: Sequence[UUID] = ()
    others: Sequence[str] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked. ``meeting_id``: its guests are heard and ``heard`` may add more. ``agreed_how``: everybody but us said
    yes just now, and how; then nobody is mailed, and whoever asks agrees themselves."""

    title: str
    heard: Heard = field(default_factory=Heard)
    meeting_id: UUID | None = None
    agreed_how: str = ""


def rule_voice(row: RecordingVoice) -> Voice:
    """The row as the rule reads it."""
    return Voice(
        row.name,
        Answer(row.answer),
        row.answered_at,
        own=bool(row.answer) and not row.word_of,
        staff=row.role == "staff",
    )


def _by_meeting(row: Meeting, heard: Heard) -> Heard:
    ids = {role: [UUID(hex=one["id"]) for one in row.attendees if one["role"] == role] for role in ("client", "provider", "staff")}  # fmt: skip
    return Heard(
        [*ids["client"], *heard.contact_ids],
        row.recipient_id if ids["provider"] else heard.recipient_id,
        [*ids["provider"], *heard.person_ids],
        [*ids["staff"], *heard.staff_ids],
        heard.others,
    )


def _voices(
    client: Client, heard: Heard, actor: Actor, now: datetime
) -> tuple[list[RecordingVoice], list[Contact], list[RecipientPerson], Recipient | None] | Refusal:
    """Everybody who will be heard, the asker among them; and whom of them a mail may ask."""
    reachable = loop_contacts(client.id)
    wanted = set(heard.contact_ids)
    contacts = list(Contact.objects.filter(client=client, pk__in=wanted).order_by("name"))
    if len(contacts) != len(wanted):
        return refuse("not_found")
    persons: list[RecipientPerson] = []
    recipient = None
    if heard.recipient_id is not None and heard.person_ids:
        recipient = Recipient.objects.filter(pk=heard.recipient_id, client=client).first()
        if recipient is None:
            return refuse("not_found")
        found = may_write_to(recipient.id, now)
        if isinstance(found, Refusal):
            return found
        persons = [one for one in found if one.id in set(heard.person_ids)]
        if len(persons) != len(set(heard.person_ids)):
            return refuse("person_not_named", person="A person chosen here", recipient=recipient.firm)
    ours = StaffMember.objects.filter(pk__in={actor.id, *heard.staff_ids}, left_at=None).order_by("name")
    rows = [
        *(RecordingVoice(role="client", name=one.name, firm=client.name[:160], person=one.id) for one in contacts),
        *(RecordingVoice(role="provider", name=one.name, firm=one.recipient.firm[:160], person=one.id) for one in persons),
        *(RecordingVoice(role="staff", name=one.name, person=one.id) for one in ours),
    ]  # fmt: skip
    for name in dict.fromkeys(" ".join(one.split())[:160] for one in heard.others):
        if name:
            rows.append(RecordingVoice(role="other", name=name))
    if len(rows) < 2:
        return refuse("required", where="Who will be heard")
    if len(rows) > MOST_VOICES:
        return refuse(
            "invalid_input", where="Who will be heard", problem=f"these are more than {MOST_VOICES}"
        )
    return rows, [one for one in contacts if one in reachable] or reachable[:1], persons, recipient


def _may(actor: Actor, client: Client | None) -> Refusal | None:
    if not actor.is_staff or client is None:
        return refuse("not_found")
    return roles.may(actor.role, ASK) or lifecycle.may_work_on(client.state, client.name, ASK)


def ask_recording(*, actor: Actor, client_id: UUID, what: Asked) -> RecordingAsk | Refusal:
    """Ask everybody who will be heard, by mail and on their pages; the client is on the mail (R2).

    A meeting is asked about once: asking again gives the same question. A new provider's people only while consent stands (R1).
    NotInTheLoop where the client cannot be addressed: nothing is kept then.
    """
    client = Client.objects.filter(pk=client_id).first()
    if (refusal := _may(actor, client)) is not None or client is None:
        return refusal or refuse("not_found")
    title, how = " ".join(what.title.split())[:200], " ".join(what.agreed_how.split())[:300]
    with Deed(actor) as deed:
        deed.lock(client_id)
        heard, meeting = what.heard, None
        if what.meeting_id is not None:
            meeting = Meeting.objects.filter(pk=what.meeting_id, client=client).first()
            if meeting is None:
                return refuse("not_found")
            if (earlier := RecordingAsk.objects.filter(meeting=meeting).first()) is not None:
                return earlier
            heard, title = _by_meeting(meeting, heard), title or meeting.title
        if not title:
            return refuse("required", where="What it is about")
        found = _voices(client, heard, actor, deed.now)
        if isinstance(found, Refusal):
            return deed.refuse(found, subject=heard.recipient_id or client.id, verb=ASK)
        voices, contacts, persons, recipient = found
        row = deed.add(
            RecordingAsk(client=client, meeting=meeting, recipient=recipient, title=title, asked_by_name=actor.name, asked_at=deed.now)
        )  # fmt: skip
        for place, one in enumerate(voices):
            one.ask, one.place = row, place
            if how:
                _agreed(one, actor, how, deed.now)
            deed.add(one)
        if not how:
            _mail(deed, row, voices, contacts, persons)
        deed.record(
            "recording.asked",
            recipient=recipient.id if recipient and persons else None,
            subjects=[row.id, *([meeting.id] if meeting else [])],
            public={"others": [one.name for one in voices if one.person != actor.id], "what": title},
            to_client={"by_mail": not how},
        )
        if how:
            agreed = [one.name for one in voices if one.role != "staff"]
            if agreed:
                _worded(deed, row, ", ".join(agreed), Answer.GIVEN, how, deed.now)
            _answered(deed, row, Answer.GIVEN)
        return row


def _agreed(voice: RecordingVoice, actor: Actor, how: str, now: datetime) -> None:
    """Everybody said yes just now: whoever asks for themselves, the others by staff's word; our own people answer themselves."""
    if voice.role != "staff":
        voice.answer, voice.answered_at, voice.word_of, voice.how, voice.said_at = (
            Answer.GIVEN,
            now,
            actor.name,
            how,
            now,
        )
    elif voice.person == actor.id:
        voice.answer, voice.answered_at = Answer.GIVEN, now


def _mail(
    deed: Deed,
    row: RecordingAsk,
    voices: list[RecordingVoice],
    contacts: list[Contact],
    persons: list[RecipientPerson],
) -> None:
    """One envelope with the client and the new provider's people; one more for each further contact."""
    authorisation = None
    if persons and row.recipient_id is not None:
        authorisation = standing_of(row.recipient_id, None, deed.now).authorisation
    values = {
        "what": row.title,
        "begins": row.meeting.starts_at if row.meeting else None,
        "voices": [{"title": one.name, "note": one.firm} for one in voices],
        "asked_by": deed.actor.name,
        "portal_url": link(f"/client/recordings/{row.id}/"),
        "provider_url": link("/provider/recordings/") if persons else None,
    }
    for number, contact in enumerate(contacts):
        found = post(
            deed,
            Post(
                kind="recording_asked",
                dedupe=f"recording:{row.id.hex}:{contact.id.hex}",
                values=values,
                contact=contact,
                persons=persons if number == 0 else (),
                authorisation=authorisation if number == 0 else None,
            ),
        )
        if isinstance(found, Refusal):
            raise NotInTheLoop(found)


def _answered(deed: Deed, row: RecordingAsk, answer: Answer) -> None:
    deed.record("recording.answered", subjects=[row.id], public={"answer": SAID[answer], "what": row.title})


def _worded(deed: Deed, row: RecordingAsk, person: str, answer: Answer, how: str, said_at: datetime) -> None:
    deed.record(
        "recording.worded",
        subjects=[row.id],
        public={"person": person, "answer": SAID[answer], "what": row.title},
        to_client={"how": how, "said_at": said_at.isoformat()},
    )


def answer_recording(*, actor: Actor, ask_id: UUID, given: bool) -> RecordingVoice | Refusal:
    """One's own answer, at any time and changed at any time; a no after a yes ends the recordings at once.

    Only for whom it asks; a stranger gets not_found. Saying the same twice changes nothing.
    """
    peek = (
        RecordingVoice.objects.select_related("ask")
        .filter(ask=ask_id, person=actor.id, role=actor.kind)
        .first()
    )
    if peek is None:
        return refuse("not_found")
    if (refusal := roles.may(actor.role, ANSWER)) is not None:
        return refusal
    with Deed(actor) as deed:
        deed.lock(peek.ask.client_id)
        voice = RecordingVoice.objects.select_related("ask", "ask__client").get(pk=peek.pk)
        answer = after(Answer(voice.answer), given)
        if answer == voice.answer and not voice.word_of:
            return voice
        deed.save(voice, answer=answer, answered_at=deed.now, word_of="", how="", said_at=None)
        _answered(deed, voice.ask, answer)
        ended = recordings.stop(deed, voice) if answer == Answer.WITHDRAWN else []
    recordings.destroy(ended)
    return voice


def word_for(
    *, actor: Actor, voice_id: UUID, given: bool, how: str, said_at: datetime | None = None
) -> RecordingVoice | Refusal:
    """Write down what somebody said who does not answer here: who, how, when; marked as the word of whoever writes it."""
    peek = RecordingVoice.objects.select_related("ask__client").filter(pk=voice_id).first()
    if (refusal := _may(actor, peek.ask.client if peek else None)) is not None or peek is None:
        return refusal or refuse("not_found")
    words = " ".join(how.split())[:300]
    with Deed(actor) as deed:
        deed.lock(peek.ask.client_id)
        voice = RecordingVoice.objects.select_related("ask", "ask__client").get(pk=voice_id)
        moment = said_at or deed.now
        if (no := may_word(rule_voice(voice), given, words, moment, deed.now)) is not None:
            return deed.refuse(no, subject=voice.id, verb=ASK) if no.status == 409 else no
        answer = after(Answer(voice.answer), given)
        if (voice.answer, voice.word_of, voice.how, voice.said_at) == (answer, actor.name, words, moment):
            return voice
        deed.save(voice, answer=answer, answered_at=deed.now, word_of=actor.name, how=words, said_at=moment)
        _worded(deed, voice.ask, voice.name, answer, words, moment)
        ended = recordings.stop(deed, voice) if answer == Answer.WITHDRAWN else []
    recordings.destroy(ended)
    return voice
