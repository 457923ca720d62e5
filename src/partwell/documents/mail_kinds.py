# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each mail says: what happened, what is asked, by when. Values come in as text; see ``mails.compose``.

Each kind stands in ``KINDS`` with the fields it must and may have. Lists are of text, or of rows with
``title`` and ``note``.
"""

from typing import Any

from partwell.documents.mail_kinds_certificate import CERTIFICATE
from partwell.documents.mail_kinds_deletion import DELETION
from partwell.documents.mail_kinds_digest import DIGEST
from partwell.documents.mail_kinds_held import HELD
from partwell.documents.mail_kinds_meeting import MEETING
from partwell.documents.mail_kinds_money import MONEY
from partwell.documents.mail_kinds_more import MORE
from partwell.documents.mail_kinds_people import PEOPLE
from partwell.documents.mail_kinds_reminder import REMINDER
from partwell.documents.mail_kinds_retention import RETENTION
from partwell.documents.mail_kinds_return import RETURN
from partwell.documents.mail_kinds_window import WINDOW
from partwell.documents.mail_layout import Body
from partwell.documents.mail_parts import Kind, facts, fill, rows, some, spoken
from partwell.documents.texts import _

Values = dict[str, Any]


def notice_acknowledgement(v: Values) -> Body:
    return Body(
        subject=fill(_("We have your notice, {client}"), v),
        title=_("We have your notice"),
        happened=(
            fill(
                _(
                    "{msp_name} has received the notice by which {client} ends our work together. The letter that says what we understood is attached."
                ),
                v,
            ),
        ),
        facts=facts(
            v | {"channel": _(v["channel"])},
            (_("Received"), "received_at"),
            (_("It reached us by"), "channel"),
            (_("Effective"), "effective_date"),
            (_("Your person here"), "owner"),
        ),
        lists=some((_("What happens next"), rows(spoken(v["next_steps"], titles=False)))),
        asked=_(
            "Tell us if anything in the letter is wrong, and give us an address outside the domain that will move, so that we do not lose you on the way."
        ),
        button=_("See where things stand"),
        link=v["portal_url"] or "",
        after=(_("Nothing goes to a new provider before your signatory has said so in writing."),),
    )


def authorisation_request(v: Values) -> Body:
    return Body(
        subject=fill(_("Please read and sign: may {recipient_firm} receive access? ({client})"), v),
        title=fill(_("May {recipient_firm} receive access?"), v),
        happened=(
            fill(
                _(
                    "{msp_name} prepared an authorisation for {client}. Until you sign it, {recipient_firm} receives nothing from us, not even an answer."
                ),
                v,
            ),
        ),
        facts=facts(
            v | {"access": _(v["access"]) if v["access"] else ""},
            (_("Recipient"), "recipient_firm"),
            (_("Persons"), "persons"),
            (_("Access"), "access"),
            (_("Ends"), "until"),
        ),
        lists=some(
            (_("What they would receive"), rows(spoken(v["scope"]))),
            (_("What they would not receive"), rows(spoken(v["exclusions"]))),
        ),
        asked=_(
            "Read it, then sign, narrow or decline it. You need the passkey that you registered, or we call you back on the number we had on file before the notice."
        ),
        by=v["by"] or "",
        button=_("Read and sign"),
        link=v["portal_url"],
        after=(_("You may narrow or withdraw it at any time. If you do nothing, we release to you alone."),),
    )


def authorisation_signed(v: Values) -> Body:
    return Body(
        subject=fill(_("Your copy: {client} authorised {recipient_firm}"), v),
        title=_("Your copy of the signed authorisation"),
        happened=(
            fill(
                _(
                    "{signed_by} signed for {client} that {recipient_firm} may receive what the attached letter lists. A copy goes to you, to us and to the second address that we have on file."
                ),
                v,
            ),
        ),
        facts=facts(
            v,
            (_("Authorisation"), "number"),
            (_("Signed"), "signed_at"),
            (_("Ends"), "until"),
            (_("Digest of the text"), "digest"),
            (_("Copies went to"), "copies"),
        ),
        asked=_(
            "Nothing, if this is right. If you did not expect it, withdraw it in the portal or call us at once; it acts at once."
        ),
        button=_("See or withdraw it"),
        link=v["portal_url"] or "",
        after=(_("The log's verifier key is printed in the attached letter. Keep the letter."),),
    )


def authorisation_changed(v: Values) -> Body:
    if v["act"] == "ended":
        return _ended_by_date(v)
    withdrawn = v["act"] == "withdrawn"
    subject = (
        _("Withdrawn: {recipient_firm} receives nothing more from {client}")
        if withdrawn
        else _("Narrowed: what {recipient_firm} receives from {client}")
    )
    words = (
        _(
            "{said_by} withdrew authorisation {number} for {client}. Nothing more leaves to {recipient_firm}, not even what was already queued."
        )
        if withdrawn
        else _(
            "{said_by} narrowed authorisation {number} for {client}. What was taken out does not leave to {recipient_firm} any more, not even what was already queued."
        )
    )
    return Body(
        subject=fill(subject, v),
        title=_("The authorisation is withdrawn") if withdrawn else _("The authorisation is narrowed"),
        happened=(fill(words, v),),
        facts=facts(v, (_("Acts from"), "at")),
        lists=some(
            (_("Taken out"), rows(v["removed"])),
            (_("Stopped before it left"), rows(v["stopped"])),
            (_("Already left, cannot be called back"), rows(v["already_left"])),
        ),
        asked=_("Rotate the credentials among what has already left.") if v["already_left"] else "",
        button=_("See where things stand"),
        link=v["portal_url"] or "",
    )


def _ended_by_date(v: Values) -> Body:
    return Body(
        subject=fill(_("Ended by its date: {recipient_firm} receives nothing more from {client}"), v),
        title=_("The authorisation ended by its date"),
        happened=(
            fill(
                _(
                    "Authorisation {number} of {client} passed its last day. Nothing more leaves to {recipient_firm}, not even what was already queued. What they have, they may still answer until its window closes."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("Last day"), "until")),
        lists=some(
            (_("Stopped before it left"), rows(v["stopped"])),
            (_("Already left, cannot be called back"), rows(v["already_left"])),
        ),
        asked=_("If they should receive more, tell us and we prepare a new authorisation for you to sign."),
        button=_("See where things stand"),
        link=v["portal_url"] or "",
    )


def terms_invitation(v: Values) -> Body:
    return Body(
        subject=fill(_("{client} names you as recipient: please read the terms"), v),
        title=fill(_("{client} wants you to receive their systems"), v),
        happened=(
            fill(
                _(
                    "{client} authorised {recipient_firm} to receive what {msp_name} hands over. Before the first release you accept terms of confidentiality and use."
                ),
                v,
            ),
        ),
        facts=facts(v, (_("For"), "client"), (_("Ends"), "until")),
        asked=_("Open the page, read the terms and accept them in your own name."),
        by=v["by"] or "",
        button=_("Read the terms"),
        link=v["portal_url"],
        after=(fill(_("{client} is on every message between us."), v),),
    )


def release_announcement(v: Values) -> Body:
    return Body(
        subject=fill(_("Release {number} for {client}: {count} to fetch"), v | {"count": len(v["items"])}),
        title=fill(_("Release {number} is ready"), v),
        happened=(
            fill(
                _(
                    "{msp_name} released the following to {recipient_firm} for {client}. This one message covers the whole set, and {client} has it too."
                ),
                v,
            ),
        ),
        facts=facts(
            v, (_("Released"), "released_at"), (_("Under"), "consent"), (_("How to fetch it"), "how")
        ),
        lists=some((_("What was released"), rows(spoken(v["items"], titles=False)))),
        asked=_("Sign in, fetch what is listed, and confirm or object to each item with your reason."),
        by=v["window_until"] or "",
        button=_("Fetch and answer"),
        link=v["portal_url"],
        after=(
            _(
                "No password or other secret is ever in a mail. Credentials are shown once, after you have signed in."
            ),
        ),
    )


def ask_client(v: Values) -> Body:
    return Body(
        subject=fill(
            _("Your decision, {client}: may {recipient_firm} receive {count} more?"),
            v | {"count": len(v["items"])},
        ),
        title=fill(_("May {recipient_firm} receive these too?"), v),
        happened=(
            fill(
                _(
                    "{client} has a valid authorisation for {recipient_firm}, but these need a yes of their own: they are outside it, sensitive, or it is not known whose they are. They stay here until you answer."
                ),
                v,
            ),
        ),
        lists=some((_("What is asked for"), rows(v["items"]))),
        facts=facts(v, (_("Asked for by"), "asked_by")),
        asked=_("Say yes or no to each of them on one page."),
        by=v["by"] or "",
        button=_("Decide"),
        link=v["portal_url"],
    )


_f = frozenset
KINDS: dict[str, Kind] = {
    "notice_acknowledgement": (
        notice_acknowledgement,
        _f({"received_at", "channel", "effective_date"}),
        _f({"owner", "next_steps"}),
    ),
    "authorisation_request": (
        authorisation_request,
        _f({"recipient_firm", "scope", "until", "portal_url"}),
        _f({"persons", "access", "exclusions", "by"}),
    ),
    "authorisation_signed": (
        authorisation_signed,
        _f({"recipient_firm", "signed_by", "signed_at", "until"}),
        _f({"number", "digest", "copies"}),
    ),
    "authorisation_changed": (
        authorisation_changed,
        _f({"act", "number", "recipient_firm", "said_by", "at"}),
        _f({"removed", "stopped", "already_left", "until"}),
    ),
    "terms_invitation": (terms_invitation, _f({"recipient_firm", "portal_url"}), _f({"by", "until"})),
    "release_announcement": (
        release_announcement,
        _f({"number", "recipient_firm", "items", "portal_url"}),
        _f({"released_at", "consent", "how", "window_until"}),
    ),
    "ask_client": (ask_client, _f({"recipient_firm", "items", "portal_url"}), _f({"asked_by", "by"})),
    **HELD,
    **MORE,
    **PEOPLE,
    **MONEY,
    **RETURN,
    **REMINDER,
    **RETENTION,
    **WINDOW,
    **CERTIFICATE,
    **DELETION,
    **MEETING,
    **DIGEST,
}
