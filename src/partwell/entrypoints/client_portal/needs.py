# SPDX-License-Identifier: AGPL-3.0-or-later
"""*What we need from you*: derived from what is open, never kept. The first is the main one; the others stand below it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partwell.actions.billing.shipped_copies_bill import settling_of
from partwell.actions.hours.standing import today
from partwell.actions.retention.choices import choice_wanted
from partwell.actions.retention.second_person import waiting_for
from partwell.entrypoints.client_portal.frame import client_id_of, maybe
from partwell.entrypoints.theme.formats import duration_words, when_words
from partwell.records.authorisations import queries as consents
from partwell.records.billing import copies, returns
from partwell.records.correspondence.inbound_queries import asked_to_authorise
from partwell.records.correspondence.queries import held_open
from partwell.records.correspondence.recording_queries import unanswered
from partwell.records.hours.lists import to_answer
from partwell.records.offboardings import lists
from partwell.records.offboardings import queries as departures
from partwell.records.releases.queries import open_requests
from partwell.rules.actor import Actor
from partwell.rules.copies import Settling
from partwell.rules.returning import QuoteState, lapsed
from partwell.rules.roles import may
from partwell.rules.terms import ContactRole


@dataclass(frozen=True)
class Need:
    """One thing that is the client's to decide. ``short``: as a line below the main one; ``by``: a last day."""

    title: str
    text: str
    short: str
    label: str
    url: str
    by: date | None = None


def _signatures(actor: Actor) -> list[Need]:
    found = []
    for row in consents.to_sign(actor):
        if row.signed_at or row.channel != "portal":
            continue  # it waits for us, not for them
        firm = {"firm": row.recipient.firm}
        found.append(Need(
            _("One signature, so that %(firm)s may receive what is yours.") % firm,
            _("Without your word we send nothing. Reading it takes about three minutes, and you can take it back at any time."),
            _("Read and sign the authorisation for %(firm)s.") % firm, _("Read and sign"), reverse("client:authorisation", args=[row.id]),
        ))  # fmt: skip
    return found


def _approvals(actor: Actor) -> list[Need]:
    found = []
    for request in open_requests(client_id_of(actor)):
        count = len(request.release.open_lines)  # type: ignore[attr-defined]  # prefetched by the query
        firm = {"firm": request.release.recipient.firm if request.release.recipient else "", "n": count}
        title = (
            ngettext("May %(firm)s receive one more thing?", "May %(firm)s receive %(n)s more things?", count)
            % firm
        )
        url = maybe("client:approval", request.id)
        found.append(Need(title, _("It is sensitive, or outside what you authorised. Say yes or no to each; until then it stays here."),
                          title, _("Decide"), url))  # fmt: skip
    return found


def _dates(actor: Actor, departure: Any) -> list[Need]:
    found = []
    for change in departures.date_history(departure.id):
        if change.state != "proposed" or change.asked_by_kind == "client":
            continue
        title = _("%(who)s asks to move the end of our service.") % {"who": change.asked_by}
        if list(change.terms.all()) and change.old_end == change.new_end:
            title = _("We propose to serve you beyond the end date.")
        found.append(Need(title, _("Every date that would move with it stands there, before and after. Nothing moves until you agree."),
                          title, _("Look at the dates"), reverse("client:dates")))  # fmt: skip
    return found


def _work(actor: Actor) -> list[Need]:
    found = []
    for row in to_answer(client_id_of(actor)):
        what = {"title": row.title, "time": duration_words(row.estimate)}
        title = _("Shall we do “%(title)s”? It would take %(time)s.") % what
        found.append(Need(title, _("It was asked for by %(who)s. Nothing of it begins before you have approved it.") % {"who": row.asked_by_name},
                          title, _("Look at it and decide"), reverse("client:request", args=[row.id])))  # fmt: skip
    return found


def _acceptance(departure: Any) -> list[Need]:
    row = next((one for one in reversed(acceptances(departure)) if one.state == "requested"), None)
    if row is None or row.signature_event.get("awaits_call_back"):
        return []
    title = _("Go through what was handed over, and accept or object.")
    return [Need(title, _("Each thing with where it stands. You may make exceptions, and you may object to the whole."), title,
                 _("Look it all over"), reverse("client:acceptance", args=[row.id]), row.deadline)]  # fmt: skip


def acceptances(departure: Any) -> list[Any]:
    """The lists of a departure that count, oldest first."""
    return [one for one in lists.acceptances(departure.id).order_by("version") if one.state != "replaced"]


def _held_one(row: Any, number: int) -> Need:
    """A question or mail that came before consent, with the page of its two answers; ``number`` of that sender, so that nobody fills the page."""
    firm, mail = row.recipient.firm if row.recipient else row.author_name, getattr(row, "inbound", None)
    title = _("%(firm)s asked us something, and we did not answer.") % {"firm": firm}
    url = reverse("client:question", args=[row.id])
    if mail is not None:
        firm = mail.recipient.firm if mail.recipient else mail.from_name or mail.from_address
        title = _("%(firm)s wrote to us about you, and we did not answer.") % {"firm": firm}
        url = reverse("client:mail_in", args=[mail.id])
    if number > 1:
        title = f"{title} {_('There are %(number)s of these.') % {'number': number}}"
    text = _("They wrote before you said that they may receive anything. Authorise them, or tell us that this is not yours.")  # fmt: skip
    return Need(title, text, title, _("Decide"), url)


def _held(actor: Actor) -> list[Need]:
    questions = held_open(client_id_of(actor))
    granted = {
        row.recipient_id for row in consents.versions_for_client(actor, client_id_of(actor)) if row.granted_at
    }
    waiting = [one for one in questions if one.recipient_id not in granted]
    if not waiting:
        return []
    asked = asked_to_authorise([getattr(one, "inbound", None) or one for one in waiting])
    senders: dict[str, list[Any]] = {}
    for one in waiting:
        mail = getattr(one, "inbound", None)
        if (mail or one).id not in asked:
            senders.setdefault(mail.from_address.casefold() if mail else str(one.recipient_id), []).append(
                one
            )
    return [_held_one(rows[0], len(rows)) for rows in senders.values()][:5]


def _copies(actor: Actor) -> list[Need]:
    found = []
    for row in copies.to_answer(client_id_of(actor)):
        url, what = reverse("client:copy", args=[row.id]), {"what": row.what}
        if row.state == "quoted":
            title = _("A copy of %(what)s on a drive: what the vendor asks.") % what
            text = _(
                "You pay what the vendor charges, without a markup. Nothing is ordered before you approve exactly this."
            )
            found.append(Need(title, text, title, _("Look at the quote"), url))
            continue
        if settling_of(row) is Settling.ASKED:
            title = _("The copy of %(what)s cost more than was quoted.") % what
            text = _("Approve the difference, or decline it: then we bear it.")
            found.append(Need(title, text, title, _("Decide"), url))
        if row.state == "shipped":
            title = _("Has the drive with %(what)s arrived?") % what
            text = _("Compare the serial and confirm it; the key reaches you another way.")
            found.append(Need(title, text, title, _("Confirm the arrival"), url))
    return found


def _return(actor: Actor) -> list[Need]:
    row = returns.open_quote(client_id_of(actor))
    if row is None or lapsed(QuoteState(row.state), row.valid_until, today(timezone.now())):
        return []
    title = _("Welcome back: our quote waits for your word.")
    text = _("With our answer to each point that you left us with. Your sign-in is enough to accept it.")
    url = reverse("client:return_quote", args=[row.id])
    return [Need(title, text, title, _("Read and decide"), url, row.valid_until)]


def _data(actor: Actor) -> list[Need]:
    """What shall happen to backups; and where the provider is one person, its second person's word."""
    found, client_id = [], client_id_of(actor)
    wanted = choice_wanted(client_id)
    if wanted is not None:
        title = ngettext("What shall happen to one set of your data?", "What shall happen to your data? There are %(n)s sets of it.",
                         len(wanted.sets)) % {"n": len(wanted.sets)}  # fmt: skip
        text = _(
            "Have it returned, have it deleted, or let us keep it as agreed. You can change your mind until the deletion has begun."
        )
        if wanted.laws:
            text = _("%(text)s By law this is for you to say.") % {"text": text}
        found.append(Need(title, text, title, _("Read and decide"), reverse("client:choice")))
    waits = waiting_for(client_id)
    for row in (*waits.approvals, *waits.outcomes):
        name = {"name": row.backup_set.name}
        title = (
            _("Shall “%(name)s” be deleted?") % name
            if row.approved_at is None
            else _("Is “%(name)s” gone, as far as you can see?") % name
        )
        found.append(Need(title, _("Your provider works alone, and nobody approves their own. Your word is the second."), title, _("Look at it"),
                          reverse("client:deletion", args=[row.id])))  # fmt: skip
    for hold in waits.lifts:
        title = _("May the hold “%(name)s” be lifted?") % {"name": hold.title}
        found.append(Need(title, _("Your provider works alone, and lifting a hold takes two. Your word is the second."), title, _("Look at it"),
                          f"{reverse('client:retention')}#hold-{hold.id}"))  # fmt: skip
    return found


def _recordings(actor: Actor) -> list[Need]:
    """Whether a conversation may be recorded: this person's own word is asked for."""
    found = []
    for voice in unanswered(actor):
        title = _("May we record “%(what)s”?") % {"what": voice.ask.title}
        text = _("Only if everybody who is heard agrees before. A no has no consequence for you.")
        found.append(Need(title, text, title, _("Answer"), reverse("client:recording", args=[voice.ask_id])))
    return found


def after_needs(actor: Actor) -> list[Need]:
    """What may wait for the client after it has left: its data, its copies of backups, and our quote for coming back."""
    return [*_return(actor), *_data(actor), *_copies(actor)]


def needs_of(actor: Actor, departure: Any | None) -> list[Need]:
    """Everything open for the client, the most pressing first. The same for an observer, who sees it without buttons."""
    found = [*_signatures(actor), *_approvals(actor)]
    if departure is not None and departure.state == "open":
        found += [*_dates(actor, departure), *_work(actor), *_acceptance(departure)]
    return [*found, *after_needs(actor), *_recordings(actor), *_held(actor)]


def ask_of(actor: Actor, needs: list[Need]) -> dict[str, Any] | None:
    """The needs as the card takes them; an observer's card has words and no buttons."""
    if not needs:
        return None
    main, *rest = needs
    signs = actor.role == ContactRole.SIGNATORY and may(actor.role, "authorisation.sign") is None
    text = main.text if signs else _("%(text)s It waits for a signatory of yours.") % {"text": main.text}
    question = f"{there}?ask#ask" if (there := maybe("client:messages")) else ""
    return {
        "title": main.title, "text": text, "main": {"label": main.label, "url": main.url} if signs and main.url else None,
        "other": {"label": _("I have a question first"), "url": question} if signs and question else None,
        "more": [{"text": one.short, "by": when_words(one.by), "label": one.label, "url": one.url} for one in rest if signs and one.url],
        "waits": [] if signs else [one.short for one in rest],
    }  # fmt: skip
